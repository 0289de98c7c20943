//! What a person that is signed in sees and does of its own: the session, the step-up, its passkeys.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::session::{STEPPED, Session};
use jiff::Timestamp;
use program::{
    Command,
    passkey::{PasskeyCommand, User},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{Done, name},
        copies::PRIVATE,
        members::Reason,
        passkeys::PasskeyLine,
        sign_in::{Answer, Challenge, private},
    },
    app::App,
    auth::SignedIn,
    identity::{ceremony, cookie},
    problem::{Problem, Refused, Undone, Unknown, Unset},
};

/// A session, as its person sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Who is signed in.
    pub(crate) user: String,
    /// The operator, of an operator's session.
    pub(crate) operator: Option<String>,
    /// The member, of a session of somebody there.
    pub(crate) member: Option<String>,
    /// By which passkey.
    pub(crate) passkey: Option<String>,
    /// Since when.
    pub(crate) since: Timestamp,
    /// When it ends at the latest.
    pub(crate) ends: Timestamp,
    /// Until when what takes a step-up is done without another one; absent when one is needed.
    pub(crate) stepped_up_until: Option<Timestamp>,
    /// The person's sessions, this one among them.
    pub(crate) sessions: Vec<SessionLine>,
    /// The person's passkeys, those that were revoked too.
    pub(crate) passkeys: Vec<PasskeyLine>,
}

/// One of a person's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionLine {
    /// Whether it is the one that asks.
    pub(crate) this: bool,
    /// By which passkey.
    pub(crate) passkey: Option<String>,
    /// Since when.
    pub(crate) since: Timestamp,
    /// When it was used last, to the minute.
    pub(crate) seen: Timestamp,
}

/// What ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ended {
    /// How many sessions.
    ended: u64,
}

/// Show the session: who is signed in, since when, where else
#[utoipa::path(get, path = "/api/v1/session", tag = "people", security(("session" = [])), responses(
    (status = 200, body = SessionView),
    Refused,
    Unset,
))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
) -> Result<Response, Problem> {
    Ok(private(StatusCode::OK, &view(&app, &session).await?))
}

/// Begin a step-up: any passkey of the person answers
#[utoipa::path(post, path = "/api/v1/step-up/begin", tag = "people", security(("session" = [])), responses(
    (status = 200, body = Challenge),
    Refused,
    Unset,
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn begin_step_up(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
) -> Result<Response, Problem> {
    Ok(Challenge::of(ceremony::begin_step_up(&app, &session).await?, None))
}

/// Step up: for five minutes, what takes a person's presence is done
#[utoipa::path(post, path = "/api/v1/step-up/finish", tag = "people", security(("session" = [])), request_body = Answer,
    responses((status = 204), Refused, Unset, Undone))]
pub(crate) async fn finish_step_up(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
    Body(Answer { ceremony, credential }): Body<Answer>,
) -> Result<StatusCode, Problem> {
    ceremony::finish_step_up(&app, &session, &ceremony, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out
#[utoipa::path(post, path = "/api/v1/session/sign-out", tag = "people", security(("session" = [])), responses(
    (status = 204),
    Refused,
    Unset,
))]
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
) -> Result<Response, Problem> {
    app.engine.end_session(&session).await.map_err(|error| Problem::of_store(&error))?;
    let cookie = cookie::closed().ok_or_else(Problem::internal)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, PRIVATE)])
        .into_response())
}

/// Sign out everywhere else
#[utoipa::path(post, path = "/api/v1/session/sign-out-others", tag = "people", security(("session" = [])), responses(
    (status = 200, body = Ended),
    Refused,
    Unset,
))]
pub(crate) async fn sign_out_others(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
) -> Result<axum::Json<Ended>, Problem> {
    let ended = app.engine.end_other_sessions(&session).await;
    Ok(axum::Json(Ended { ended: ended.map_err(|error| Problem::of_store(&error))? }))
}

/// Revoke a passkey of one's own, at once and for good; the sessions that it opened end with it
#[utoipa::path(post, path = "/api/v1/session/passkeys/{passkey}/revoke", tag = "people", security(("session" = [])),
    params(("passkey" = String, Path)), request_body = Reason,
    responses((status = 200, body = Done), Refused, Unset, Unknown, Undone))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
    Path(passkey): Path<String>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<axum::Json<Done>, Problem> {
    let passkey = name(&passkey)?;
    let own = app.engine.program().await.passkeys().get(passkey).is_some_and(|it| it.user == session.user);
    if !own {
        return Err(Problem::not_found());
    }
    let command = PasskeyCommand::Revoke { passkey, reason, by: session.passkey };
    let entries = app.engine.execute(&session.user.actor(), Command::Passkey(command)).await;
    Done::of(&entries.map_err(|error| Problem::of_step(&error.into()))?)
}

/// Describes a session to its person.
///
/// # Errors
/// As [`Problem::of_store`].
pub(crate) async fn view(app: &App, session: &Session) -> Result<SessionView, Problem> {
    let lifetime = app.identity()?.lifetime();
    let sessions = app.engine.sessions_of(&session.user, lifetime).await;
    let sessions = sessions.map_err(|error| Problem::of_store(&error))?;
    let line = |other: &Session| SessionLine {
        this: other.sha256 == session.sha256,
        passkey: other.passkey.map(|id| id.to_string()),
        since: other.created,
        seen: other.seen,
    };
    let now = app.engine.clock().now();
    let until = session.stepped.filter(|_| session.stepped_up(now));
    let program = app.engine.program().await;
    let (operator, member) = match &session.user {
        User::Operator(id) => (Some(id.to_string()), None),
        User::AtMember { member, .. } => (None, Some(member.to_string())),
    };
    Ok(SessionView {
        user: session.user.to_string(),
        operator,
        member,
        passkey: session.passkey.map(|id| id.to_string()),
        since: session.created,
        ends: session.ends,
        stepped_up_until: until.and_then(|at| at.checked_add(STEPPED).ok()),
        sessions: sessions.iter().map(line).collect(),
        passkeys: program
            .passkeys()
            .of(&session.user)
            .map(|known| PasskeyLine::of(known, &program))
            .collect(),
    })
}
