//! People sign in: a passkey is registered by a link, and answers challenges from then on.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use engine::passkey::LinkCode;
use program::{id::PasskeyId, passkey::User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{Body, copies::PRIVATE},
    app::App,
    auth::source,
    identity::{
        self,
        ceremony::{self, Begun},
    },
    limits,
    problem::{Problem, Undone, Unset},
};

/// A challenge for an authenticator, good for five minutes and one answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// Names the ceremony; the answer names it again.
    ceremony: String,
    /// What a browser passes to `navigator.credentials`; binary values are base64url.
    #[schema(value_type = Object)]
    options: serde_json::Value,
    /// Whose passkey it will be; only where one is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
}

impl Challenge {
    /// Shows what was begun.
    pub(crate) fn of(begun: Begun, user: Option<&User>) -> Response {
        let Begun { ceremony, options } = begun;
        private(StatusCode::OK, &Self { ceremony, options, user: user.map(ToString::to_string) })
    }
}

/// What an authenticator made of a challenge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The ceremony's name.
    pub(crate) ceremony: String,
    /// What `navigator.credentials` returned, binary values as base64url.
    #[schema(value_type = Object)]
    pub(crate) credential: serde_json::Value,
}

/// A link that somebody has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkCodeBody {
    /// Its code, which stands behind `#` in the link.
    code: String,
}

/// A passkey that is registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// The ceremony's name.
    ceremony: String,
    /// What its holder calls it, as in `blue key`.
    label: String,
    /// What `navigator.credentials.create` returned, binary values as base64url.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

/// Who is signed in now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entered {
    /// Who.
    user: String,
    /// By which passkey.
    passkey: String,
}

/// Checks that people can sign in here, and that a page of this server asks: whoever sets a browser's cookie decides as
/// whom it acts.
pub(crate) struct FromHere(Option<IpAddr>);

impl FromHere {
    /// Counts a ceremony that is begun.
    async fn begins(&self, app: &App) -> Result<(), Problem> {
        match self.0 {
            Some(from) => limits::begun(app, from).await,
            None => Ok(()),
        }
    }

    /// Counts a try that was not good.
    async fn tried<T>(&self, app: &App, tried: Result<T, Problem>) -> Result<T, Problem> {
        let Err(problem) = tried else { return tried };
        app.metrics.refused_tokens.inc();
        let limited = match self.0.filter(|_| problem.is_forbidden()) {
            Some(from) => limits::bad_try(app, from).await,
            None => None,
        };
        Err(limited.unwrap_or(problem))
    }
}

impl FromRequestParts<Arc<App>> for FromHere {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        app.identity()?.check_site(&parts.method, &parts.headers)?;
        Ok(Self(source(parts, app)))
    }
}

/// Begin to register a passkey by a link
///
/// A code that is unknown, used, over or replaced is refused with the same bytes.
#[utoipa::path(post, path = "/api/v1/passkeys/enrol/begin", tag = "people", security(()), request_body = LinkCodeBody,
    responses((status = 200, body = Challenge), Unset, Undone))]
pub(crate) async fn begin_enrolment(
    State(app): State<Arc<App>>,
    here: FromHere,
    Body(LinkCodeBody { code }): Body<LinkCodeBody>,
) -> Result<Response, Problem> {
    here.begins(&app).await?;
    let begun = match LinkCode::parse(code.trim()) {
        Some(code) => ceremony::begin_enrolment(&app, &code.sha256()).await,
        None => Err(Problem::no_link()),
    };
    let (user, begun) = here.tried(&app, begun).await?;
    Ok(Challenge::of(begun, Some(&user)))
}

/// Register a passkey, and be signed in with it
#[utoipa::path(post, path = "/api/v1/passkeys/enrol/finish", tag = "people", security(()), request_body = NewPasskey,
    responses(
        (status = 201, description = "registered; the answer sets the session's cookie", body = Entered),
        Unset,
        Undone,
))]
pub(crate) async fn finish_enrolment(
    State(app): State<Arc<App>>,
    here: FromHere,
    Body(NewPasskey { ceremony, label, credential }): Body<NewPasskey>,
) -> Result<Response, Problem> {
    let finished = ceremony::finish_enrolment(&app, &ceremony, &label, credential).await;
    let (user, passkey) = here.tried(&app, finished).await?;
    enter(&app, StatusCode::CREATED, &user, passkey).await
}

/// Begin to sign in; nobody says who that is
#[utoipa::path(post, path = "/api/v1/sign-in/begin", tag = "people", security(()),
    responses((status = 200, body = Challenge), Unset))]
pub(crate) async fn begin(State(app): State<Arc<App>>, here: FromHere) -> Result<Response, Problem> {
    here.begins(&app).await?;
    Ok(Challenge::of(ceremony::begin_sign_in(&app).await?, None))
}

/// Sign in
///
/// Whatever is wrong (an unknown or revoked passkey, a holder who may not act now, a ceremony that is over or was answered
/// already, another site's answer) is refused with the same bytes.
#[utoipa::path(post, path = "/api/v1/sign-in/finish", tag = "people", security(()), request_body = Answer,
    responses(
        (status = 200, description = "signed in; the answer sets the session's cookie", body = Entered),
        Unset,
        Undone,
))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    here: FromHere,
    Body(Answer { ceremony, credential }): Body<Answer>,
) -> Result<Response, Problem> {
    let finished = ceremony::finish_sign_in(&app, &ceremony, credential).await;
    let (user, passkey) = here.tried(&app, finished).await?;
    enter(&app, StatusCode::OK, &user, passkey).await
}

async fn enter(app: &App, status: StatusCode, user: &User, passkey: PasskeyId) -> Result<Response, Problem> {
    let cookie: HeaderValue = identity::open_session(app, user, Some(passkey)).await?;
    let mut response = private(status, &Entered { user: user.to_string(), passkey: passkey.to_string() });
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Answers with what nobody on the way may keep.
pub(crate) fn private(status: StatusCode, shown: &impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, PRIVATE)], Json(shown)).into_response()
}
