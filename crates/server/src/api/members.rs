//! Members, for operators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::Timestamp;
use program::{
    Command,
    id::MemberId,
    member::{Member, MemberCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::{Actor, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// A member, as an operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberLine {
    /// Its id.
    member: String,
    /// Its name.
    name: String,
    /// Its standing.
    standing: String,
    /// Its tier.
    tier: Option<String>,
    /// When its agreement ends.
    agreement_until: Option<Timestamp>,
    /// Fingerprint of its confirmed key.
    key: Option<String>,
}

/// Why something is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words; it is logged.
    pub(super) reason: String,
}

/// List members
#[utoipa::path(get, path = "/api/v1/members", tag = "operator", responses(
    (status = 200, body = Vec<MemberLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<MemberLine>> {
    Json(app.engine.program().await.members().map(line).collect())
}

/// Describe a member
#[utoipa::path(get, path = "/api/v1/members/{member}", tag = "operator",
    params(("member" = String, Path)),
    responses(
        (status = 200, body = MemberLine),
        Refused,
        Unknown,
))]
pub(crate) async fn member(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<MemberLine>, Problem> {
    let id: MemberId = id.parse().map_err(|_| Problem::not_found())?;
    let program = app.engine.program().await;
    program.member(&id).map(|member| Json(line(member))).map_err(|refusal| Problem::of_refusal(&refusal))
}

/// Suspend a member, at once
#[utoipa::path(post, path = "/api/v1/members/{member}/suspend", tag = "operator",
    params(("member" = String, Path)), request_body = Reason,
    responses(
        (status = 200, body = MemberLine),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn suspend(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(id): Path<String>,
    crate::api::Body(Reason { reason }): crate::api::Body<Reason>,
) -> Result<Json<MemberLine>, Problem> {
    let id: MemberId = id.parse().map_err(|_| Problem::not_found())?;
    let command = MemberCommand::Move { to: policy::Standing::Suspended, reason };
    app.engine
        .execute(&actor, Command::Member(id.clone(), command))
        .await
        .map_err(|error| Problem::of_step(&error.into()))?;
    let program = app.engine.program().await;
    program.member(&id).map(|member| Json(line(member))).map_err(|refusal| Problem::of_refusal(&refusal))
}

fn line(member: &Member) -> MemberLine {
    MemberLine {
        member: member.id.to_string(),
        name: member.name.clone(),
        standing: member.standing.to_string(),
        tier: member.tier.as_ref().map(ToString::to_string),
        agreement_until: member.agreement.as_ref().map(|agreement| agreement.until),
        key: member.confirmed_key().map(|key| key.fingerprint.clone()),
    }
}
