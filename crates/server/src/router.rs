//! All routes, and what every answer shares.

use std::{any::Any, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

use crate::{api, app::App, health, oidc, problem::Problem, public_log, web};

/// Builds the routes of the main listener.
pub fn routes(app: Arc<App>) -> Router {
    let limits = app.config.limits;
    let (api, _) = api::routes();
    let header = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    api.merge(web::routes())
        .merge(oidc::routes())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/log/checkpoint", get(public_log::checkpoint))
        .route("/log/vkey", get(public_log::vkey))
        .route("/log/tile/{*path}", get(public_log::tile))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "this is not done that way")
        })
        .with_state(app)
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(limits.answer_seconds),
        ))
        .layer(RequestBodyLimitLayer::new(limits.body))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        // Pages say their own.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ))
}

/// A panic is a mistake of ours: it is written down, and whoever asked is told nothing of it.
fn panicked(cause: Box<dyn Any + Send + 'static>) -> Response<axum::body::Body> {
    let says = cause.downcast_ref::<String>().map(String::as_str);
    let says = says.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("without a message");
    tracing::error!(says, "a handler panicked");
    Problem::internal().into_response()
}
