//! Waves, for operators: who would get what, approval, release.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use engine::progress::Unwatched;
use jiff::Timestamp;
use policy::Lead;
use program::{
    Command,
    id::{CaseId, ItemId, Sha256, TierId, WaveId},
    wave::{WaveCommand, lead_to},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        Body,
        act::{Done, carry_out, refused},
        wire::{Length, Name},
    },
    app::App,
    auth::{Actor, Approver, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// What is scheduled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// How long before the embargo's end.
    #[serde(default)]
    #[schema(value_type = Option<Length>)]
    lead: Option<Lead>,
    /// The instant in the place of a lead; it moves with the embargo's end from then on.
    #[serde(default)]
    at: Option<Timestamp>,
    /// To whom.
    #[schema(value_type = Vec<Name>)]
    tiers: Vec<TierId>,
    /// Of what; none stands for every item of the case.
    #[serde(default)]
    #[schema(value_type = Vec<Name>)]
    items: Vec<ItemId>,
}

/// When a plan is made for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct At {
    /// An instant with its offset; now when it is absent.
    at: Option<Timestamp>,
}

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Hash of the plan as the approving person saw it; another plan is not approved.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    plan: String,
}

/// How many have approved by now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Approved {
    /// Who.
    approved_by: Vec<String>,
}

/// What a release came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Release {
    /// Copies granted now.
    granted: usize,
    /// Members that got one now.
    members: usize,
    /// Pairs of member and item that are withheld.
    withheld: usize,
}

/// Schedule a wave relative to the embargo's end, or schedule it anew; approvals start over
#[utoipa::path(post, path = "/api/v1/cases/{case}/waves/{wave}/schedule", tag = "operator",
    params(("case" = String, Path), ("wave" = String, Path)), request_body = Schedule,
    responses(
        (status = 200, body = Done),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn schedule(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(named): Path<(String, String)>,
    Body(Schedule { lead, at, tiers, items }): Body<Schedule>,
) -> Result<Json<Done>, Problem> {
    let (case, wave) = names(named)?;
    let lead = match (lead, at) {
        (Some(lead), None) => lead,
        (None, Some(at)) => lead_to(&*app.engine.program().await, &case, &wave, at)
            .map_err(|refusal| Problem::of_refusal(&refusal))?,
        _ => return Err(refused("a wave is due by a lead or at an instant: give one of `lead` and `at`")),
    };
    let (tiers, items) = (tiers.into_iter().collect(), items.into_iter().collect());
    carry_out(&app, &actor, Command::Wave(case, wave, WaveCommand::Schedule { lead, tiers, items })).await
}

/// Decide for every member and item of a wave, and release nothing
#[utoipa::path(get, path = "/api/v1/cases/{case}/waves/{wave}/plan", tag = "operator",
    params(("case" = String, Path), ("wave" = String, Path), At),
    responses(
        (status = 200, description = "the plan with its hash, a row for each member and item", body = serde_json::Value),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn plan(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(named): Path<(String, String)>,
    at: Result<Query<At>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<program::plan::Plan>, Problem> {
    let Query(At { at }) = at.map_err(|error| Problem::bad_request(error.body_text()))?;
    let (case, wave) = names(named)?;
    app.engine.plan(&case, &wave, at).await.map(Json).map_err(|error| Problem::of_step(&error))
}

/// Approve a wave; two different people must
#[utoipa::path(post, path = "/api/v1/cases/{case}/waves/{wave}/approve", tag = "operator",
    params(("case" = String, Path), ("wave" = String, Path)), request_body = Approval,
    responses(
        (status = 200, body = Approved),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path(named): Path<(String, String)>,
    Body(Approval { plan }): Body<Approval>,
) -> Result<Json<Approved>, Problem> {
    let (case, wave) = names(named)?;
    let plan: Sha256 =
        plan.parse().map_err(|error: program::id::BadHash| Problem::bad_request(error.to_string()))?;
    let command = WaveCommand::Approve { plan: Some(plan) };
    app.engine
        .execute(&actor, Command::Wave(case.clone(), wave.clone(), command))
        .await
        .map_err(|error| Problem::of_step(&error.into()))?;
    let program = app.engine.program().await;
    let wave = program.case(&case).and_then(|case| case.wave(&wave));
    let approved_by = wave.map_err(|refusal| Problem::of_refusal(&refusal))?.approvals.keys();
    Ok(Json(Approved { approved_by: approved_by.map(ToString::to_string).collect() }))
}

/// Release what is due of a wave; asked again, it goes on where it stopped
#[utoipa::path(post, path = "/api/v1/cases/{case}/waves/{wave}/release", tag = "operator",
    params(("case" = String, Path), ("wave" = String, Path)),
    responses(
        (status = 200, body = Release),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(named): Path<(String, String)>,
) -> Result<Json<Release>, Problem> {
    let (case, wave) = names(named)?;
    let released = app.engine.release(&actor, &case, &wave, &Unwatched).await;
    let released = released.map_err(|error| Problem::of_step(&error))?;
    let (granted, members) = (released.granted, released.members);
    Ok(Json(Release { granted, members, withheld: released.withheld }))
}

fn names((case, wave): (String, String)) -> Result<(CaseId, WaveId), Problem> {
    let (Ok(case), Ok(wave)) = (case.parse(), wave.parse()) else { return Err(Problem::not_found()) };
    Ok((case, wave))
}
