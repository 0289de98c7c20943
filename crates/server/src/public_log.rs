//! The public log, in the paths and bytes of C2SP tlog-tiles. Nobody has to say who asks.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use tlog::TilePath;

use crate::{app::App, problem::Problem};

/// A tile never changes; a checkpoint does every moment.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// Answers with the checkpoint of the last heartbeat.
pub async fn checkpoint(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let shown = app.engine.shown(app.config.cadence()).await;
    let text = app.engine.checkpoint_at(shown).await.map_err(|error| Problem::of_step(&error))?;
    Ok((headers("text/plain; charset=utf-8", BRIEFLY), text).into_response())
}

/// Answers with the log's verifier key.
pub async fn vkey(State(app): State<Arc<App>>) -> Response {
    let text = format!("{}\n", app.engine.vkey());
    (headers("text/plain; charset=utf-8", BRIEFLY), text).into_response()
}

/// Answers with a tile.
pub async fn tile(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<Response, Problem> {
    let path: TilePath = format!("tile/{path}").parse().map_err(|_| Problem::not_found())?;
    // A tile of what happened since would tell what the checkpoint does not.
    let shown = app.engine.shown(app.config.cadence()).await;
    if path.reach().is_none_or(|reach| reach > shown) {
        return Err(Problem::not_found());
    }
    let bytes = app.engine.tile(&path).await.map_err(|error| Problem::of_step(&error))?;
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    Ok((headers("application/octet-stream", FOREVER), bytes).into_response())
}

fn headers(kind: &'static str, keep: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, keep)]
}
