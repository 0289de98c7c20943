//! Pages for people: signing in, registering a passkey, one's own account. Whatever they do, they do by the interface
//! that `api` describes.

use std::{borrow::Borrow, sync::Arc};

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use jiff::Timestamp;

use crate::{
    api::{
        copies::PRIVATE,
        session::{SessionView, view},
    },
    app::App,
    auth::{Caller, caller},
    problem::Problem,
};

/// Everything comes from here, nothing is written into the page, and no other page shows it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What the pages load, by name: kind and content.
const STATIC: [(&str, &str, &str); 3] = [
    ("people.js", "text/javascript; charset=utf-8", include_str!("../static/people.js")),
    ("page.css", "text/css; charset=utf-8", include_str!("../static/page.css")),
    ("icon.svg", "image/svg+xml", include_str!("../static/icon.svg")),
];

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    program: String,
    provider: bool,
}

#[derive(Template)]
#[template(path = "enrol.html")]
struct Enrol {
    program: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    program: String,
    session: SessionView,
}

/// Builds the routes of the pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/sign-in", get(sign_in))
        .route("/enrol-passkey", get(enrol))
        .route("/account", get(account))
        .route("/static/{name}", get(file))
}

async fn sign_in(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let provider = app.identity()?.provider().is_some();
    page(&SignIn { program: named(&app).await?, provider })
}

async fn enrol(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    page(&Enrol { program: named(&app).await? })
}

async fn account(State(app): State<Arc<App>>, parts: Parts) -> Result<Response, Problem> {
    let program = named(&app).await?;
    match caller(&parts, &app).await {
        Ok(Caller::Session(session)) => page(&Account { program, session: view(&app, &session).await? }),
        Ok(Caller::Token(_)) => Err(Problem::no_session()),
        Err(problem) if problem.is_unauthorized() => Ok(Redirect::to("/sign-in").into_response()),
        Err(problem) => Err(problem),
    }
}

async fn file(axum::extract::Path(name): axum::extract::Path<String>) -> Result<Response, Problem> {
    let found = STATIC.iter().find(|(known, ..)| *known == name);
    let (_, kind, content) = found.ok_or_else(Problem::not_found)?;
    let kept = HeaderValue::from_static("public, max-age=300");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, kept)], *content)
        .into_response())
}

/// Returns the program's name, where people sign in.
async fn named(app: &App) -> Result<String, Problem> {
    app.identity()?;
    Ok(app.engine.program().await.name().to_owned())
}

/// Writes an instant for people, to the minute.
fn utc(at: impl Borrow<Timestamp>) -> String {
    at.borrow().strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn page(template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(error = %error, "a page cannot be written");
        Problem::internal()
    })?;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, PRIVATE),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((StatusCode::OK, headers, html).into_response())
}
