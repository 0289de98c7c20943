//! Proofs about the public log that are not files of it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{app::App, auth, problem::Problem};

/// Two sizes of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sizes {
    /// The smaller one, that somebody has a checkpoint of.
    old: u64,
    /// The larger one.
    new: u64,
}

/// A proof that the log only grew between two checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consistency {
    /// The smaller size.
    old: u64,
    /// The larger size.
    new: u64,
    /// Hashes as RFC 6962 has them, in hexadecimal.
    hashes: Vec<String>,
}

/// Prove that the log of one size continues the log of a smaller one
#[utoipa::path(get, path = "/api/v1/log/consistency", tag = "log", params(Sizes), security(()),
    responses(
        (status = 200, body = Consistency),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "the log is not that long", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn consistency(
    State(app): State<Arc<App>>,
    parts: Parts,
    sizes: Result<Query<Sizes>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Consistency>, Problem> {
    let Query(Sizes { old, new }) = sizes.map_err(|error| Problem::bad_request(error.body_text()))?;
    // Receipts rest on checkpoints that the public is not shown yet; whoever has a receipt has a token or is signed in.
    let shown = app.engine.shown(app.config.cadence()).await;
    if new > shown && auth::caller(&parts, &app).await.is_err() {
        return Err(Problem::not_found());
    }
    let hashes = app.engine.consistency(old, new).await.ok_or_else(Problem::not_found)?;
    Ok(Json(Consistency { old, new, hashes: hashes.iter().map(ToString::to_string).collect() }))
}
