//! Whether the server lives, whether it can serve, and its numbers; on a listener of their own.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use tokio::time::timeout;

use crate::{app::App, notices, timer};

/// How long one thing that must be in order may take to say so.
const PATIENCE: Duration = Duration::from_secs(8);

/// Builds the routes of the admin listener.
pub fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Says that the process lives.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// One thing that must be in order.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
}

/// Says whether the server can do all of its work, and what it lacks.
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let checks = [
        check("store", async { words(app.engine.writable().await) }).await,
        check("checkpoint", async { words(app.engine.checkpoint_fits().await) }).await,
        check("blobs", async { words(app.engine.blobs_reachable().await) }).await,
        check("clock", async { words(app.engine.clock().trusted()) }).await,
        check("timer", timer::on_time(&app)).await,
        check("notices", notices::leaving(&app)).await,
    ];
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(checks)).into_response()
}

/// Waits for an answer, and not for one that a database or store which went away keeps back.
async fn check(name: &'static str, asked: impl Future<Output = Result<(), String>>) -> Check {
    let found = timeout(PATIENCE, asked).await;
    let found = found.unwrap_or_else(|_| Err(format!("no answer within {} seconds", PATIENCE.as_secs())));
    Check { name, ok: found.is_ok(), says: found.err() }
}

fn words<E: ToString>(found: Result<(), E>) -> Result<(), String> {
    found.map_err(|error| error.to_string())
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let entries = app.engine.ledger().await.len();
    app.metrics.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
    app.metrics.clock_trusted.set(i64::from(app.engine.clock().trusted().is_ok()));
    let dead: usize = app.engine.program().await.notifications().map(|known| known.dead().count()).sum();
    app.metrics.dead_notices.set(i64::try_from(dead).unwrap_or(i64::MAX));
    if let Ok((waiting, oldest)) = app.engine.outbox_age().await {
        let now = app.engine.clock().now();
        app.metrics.waiting_notices.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let age = oldest.map_or(0.0, |since| now.duration_since(since).as_secs_f64());
        app.metrics.outbox_age_seconds.set(age);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}
