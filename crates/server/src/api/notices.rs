//! What members must be told: for the member itself, and for operators, with the endpoints that are told over HTTP.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use jiff::Timestamp;
use program::{
    Command, Event, Program,
    endpoint::{Endpoint, EndpointCommand},
    id::{EndpointId, MemberId, NotificationId},
    notification::{Notification, NotificationCommand, NotificationEvent},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, name},
        wire::Name,
    },
    app::App,
    auth::{Actor, Fetcher, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// Something the caller must be told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Told {
    /// Its number.
    notification: String,
    /// Since when.
    due: Timestamp,
    /// What.
    text: String,
}

/// What a member must be told, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationLine {
    /// Its number.
    notification: String,
    /// Since when it is due.
    due: Timestamp,
    /// What the members must be told.
    text: String,
    /// Who was not told yet.
    untold: Vec<String>,
    /// What came of its notices.
    notices: Vec<NoticeLine>,
}

/// What came of a notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeLine {
    /// Whose, and where it went.
    to: String,
    /// When that was recorded.
    at: Timestamp,
    /// Why it was given up; absent for one that was sent.
    given_up: Option<String>,
}

/// Where a member's machines are told.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointLine {
    /// Its number.
    endpoint: String,
    /// Whose.
    member: String,
    /// Where.
    url: String,
    /// Since when.
    added: Timestamp,
}

/// A new endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewEndpoint {
    /// Its number.
    endpoint: String,
    /// What notices are signed with, as Standard Webhooks writes it; shown this once.
    secret: String,
}

/// An endpoint that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Where: `https`.
    url: String,
}

/// Who was told, by what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToldThem {
    /// Members; none stands for everybody that the notification names.
    #[serde(default)]
    #[schema(value_type = Vec<Name>)]
    members: Vec<MemberId>,
    /// By which channel, and to whom.
    how: String,
}

/// Whom something is sent to again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Members; none stands for all.
    #[serde(default)]
    #[schema(value_type = Vec<Name>)]
    members: BTreeSet<MemberId>,
}

/// List what the caller must be told, newest first
#[utoipa::path(get, path = "/api/v1/notices", tag = "member", responses(
    (status = 200, body = Vec<Told>),
    Refused,
))]
pub(crate) async fn mine(State(app): State<Arc<App>>, Fetcher(member, _): Fetcher) -> Json<Vec<Told>> {
    let program = app.engine.program().await;
    let own = program.notifications().rev().filter(|known| known.members.contains_key(&member));
    Json(
        own.map(|known| Told {
            notification: known.id.to_string(),
            due: known.due,
            text: known.text.clone(),
        })
        .collect(),
    )
}

/// List what members must be told, newest first
#[utoipa::path(get, path = "/api/v1/notifications", tag = "operator", responses(
    (status = 200, body = Vec<NotificationLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<NotificationLine>> {
    Json(app.engine.program().await.notifications().rev().map(line).collect())
}

act! {
    /// Record that members were told
    told "/api/v1/notifications/{notification}/told" ("notification"; String) takes ToldThem =>
    |id, ToldThem { members, how }| {
        let (notification, members) = (name(&id)?, members.into_iter().collect());
        Ok(Command::Notification(NotificationCommand::Told { notification, members, how }))
    }
}

/// Send again what was given up
#[utoipa::path(post, path = "/api/v1/notifications/{notification}/retry", tag = "operator",
    params(("notification" = String, Path)), request_body = Again,
    responses(
        (status = 200, body = NotificationLine),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(id): Path<String>,
    crate::api::Body(Again { members }): crate::api::Body<Again>,
) -> Result<Json<NotificationLine>, Problem> {
    let notification: NotificationId = id.parse().map_err(|_| Problem::not_found())?;
    let command = Command::Notification(NotificationCommand::Retry { notification, members });
    app.engine.execute(&actor, command).await.map_err(|error| Problem::of_step(&error.into()))?;
    shown(&*app.engine.program().await, notification)
}

/// Try whether notices arrive at a member
#[utoipa::path(post, path = "/api/v1/members/{member}/notices/test", tag = "operator",
    params(("member" = String, Path)),
    responses(
        (status = 200, body = NotificationLine),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(member): Path<String>,
) -> Result<Json<NotificationLine>, Problem> {
    let member: MemberId = member.parse().map_err(|_| Problem::not_found())?;
    let command = Command::Notification(NotificationCommand::Test { member });
    let entries =
        app.engine.execute(&actor, command).await.map_err(|error| Problem::of_step(&error.into()))?;
    let due = entries.iter().find_map(|entry| match &entry.event {
        Event::Notification(NotificationEvent::Due { notification, .. }) => Some(*notification),
        _ => None,
    });
    shown(&*app.engine.program().await, due.ok_or_else(Problem::internal)?)
}

/// List a member's endpoints
#[utoipa::path(get, path = "/api/v1/members/{member}/endpoints", tag = "operator",
    params(("member" = String, Path)),
    responses(
        (status = 200, body = Vec<EndpointLine>),
        Refused,
        Unknown,
))]
pub(crate) async fn endpoints(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(member): Path<String>,
) -> Result<Json<Vec<EndpointLine>>, Problem> {
    let member: MemberId = member.parse().map_err(|_| Problem::not_found())?;
    let program = app.engine.program().await;
    program.member(&member).map_err(|refusal| Problem::of_refusal(&refusal))?;
    Ok(Json(program.endpoints().of(&member).map(endpoint_line).collect()))
}

/// Add an endpoint to a member
#[utoipa::path(post, path = "/api/v1/members/{member}/endpoints", tag = "operator",
    params(("member" = String, Path)), request_body = Wanted,
    responses(
        (status = 201, body = NewEndpoint),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(member): Path<String>,
    crate::api::Body(Wanted { url }): crate::api::Body<Wanted>,
) -> Result<(StatusCode, Json<NewEndpoint>), Problem> {
    let member: MemberId = member.parse().map_err(|_| Problem::not_found())?;
    let added = app.engine.add_endpoint(&actor, member, url).await;
    let (endpoint, secret) = added.map_err(|error| Problem::of_step(&error.into()))?;
    let secret = notify::signature::secret_text(secret.bytes());
    Ok((StatusCode::CREATED, Json(NewEndpoint { endpoint: endpoint.to_string(), secret })))
}

/// Remove an endpoint
#[utoipa::path(delete, path = "/api/v1/endpoints/{endpoint}", tag = "operator",
    params(("endpoint" = String, Path)),
    responses(
        (status = 204, description = "nothing more is sent there"),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(endpoint): Path<String>,
) -> Result<StatusCode, Problem> {
    let endpoint: EndpointId = endpoint.parse().map_err(|_| Problem::not_found())?;
    let command = Command::Endpoint(EndpointCommand::Remove { endpoint });
    app.engine.execute(&actor, command).await.map_err(|error| Problem::of_step(&error.into()))?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(program: &Program, id: NotificationId) -> Result<Json<NotificationLine>, Problem> {
    program.notification(id).map(|known| Json(line(known))).map_err(|refusal| Problem::of_refusal(&refusal))
}

fn line(known: &Notification) -> NotificationLine {
    NotificationLine {
        notification: known.id.to_string(),
        due: known.due,
        text: known.text.clone(),
        untold: known.untold().map(ToString::to_string).collect(),
        notices: known
            .notices
            .iter()
            .map(|(to, notice)| NoticeLine {
                to: to.to_string(),
                at: notice.at,
                given_up: notice.given_up.clone(),
            })
            .collect(),
    }
}

fn endpoint_line(endpoint: &Endpoint) -> EndpointLine {
    EndpointLine {
        endpoint: endpoint.id.to_string(),
        member: endpoint.member.to_string(),
        url: endpoint.url.clone(),
        added: endpoint.added,
    }
}
