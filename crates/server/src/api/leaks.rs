//! Leak cases, for operators: opened, traced, read.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use engine::{leaks::LeakLedger, trace::TraceReport};
use jiff::Timestamp;
use program::{
    Command,
    id::{LeakId, SightingId},
    leak::{LeakCase, LeakCommand},
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, blocking, name},
        wire,
    },
    app::App,
    auth::{Actor, Reader},
    problem::{Problem, Refused, Unknown},
};

/// A leak case in a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeakLine {
    /// Its number.
    leak: String,
    /// What was sighted.
    sighting: String,
    /// The case it leaked from.
    case: String,
    /// When it was opened.
    opened: Timestamp,
    /// What the trace concluded: `attributed`, `inconclusive` or `not derived`; nothing before there is one.
    verdict: Option<&'static str>,
    /// Whose copy it was, strongest first.
    accused: Vec<String>,
}

/// A leak case that is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeak {
    /// The sighting that it follows, as in `S2`; one with an exhibit.
    #[schema(value_type = wire::SightingNumber)]
    sighting: SightingId,
}

/// List leak cases
#[utoipa::path(get, path = "/api/v1/leaks", tag = "operator", responses(
    (status = 200, body = Vec<LeakLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<LeakLine>> {
    let line = |leak: &LeakCase| {
        let accused = leak.trace.iter().flat_map(|trace| &trace.accused);
        LeakLine {
            leak: leak.id.to_string(),
            sighting: leak.sighting.to_string(),
            case: leak.case.to_string(),
            opened: leak.opened,
            verdict: leak.trace.as_ref().map(|trace| trace.verdict.as_str()),
            accused: accused.map(|accused| accused.member.to_string()).collect(),
        }
    };
    Json(app.engine.program().await.leaks().map(line).collect())
}

/// Describe a leak case: its reading, its trace and everybody's evidence, as the log has them
#[utoipa::path(get, path = "/api/v1/leaks/{leak}", tag = "operator",
    params(("leak" = String, Path)),
    responses(
        (status = 200, body = serde_json::Value),
        Refused,
        Unknown,
))]
pub(crate) async fn leak(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<LeakCase>, Problem> {
    let program = app.engine.program().await;
    program.leak(name(&id)?).map(|leak| Json(leak.clone())).map_err(|refusal| Problem::of_refusal(&refusal))
}

act! {
    /// Open a leak case on a sighting; who had a copy by then is who is weighed
    open "/api/v1/leaks" takes NewLeak =>
    |NewLeak { sighting }| Ok(Command::Leak(LeakCommand::Open { sighting }))
}

/// Trace a leak case to the copies it derives from; asked again, it says the same
///
/// The reading of the exhibits is logged before the codebook is opened. `inconclusive` is a normal answer: nobody is
/// named without the bound. One is traced at a time. A trace that takes longer than an answer may goes on all the same,
/// and then the leak case has it.
#[utoipa::path(post, path = "/api/v1/leaks/{leak}/trace", tag = "operator",
    params(("leak" = String, Path)),
    responses(
        (status = 200, description = "the verdict with its bound, everybody's evidence, what timing alone says, and where to look next", body = serde_json::Value),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(id): Path<String>,
) -> Result<Json<TraceReport>, Problem> {
    let leak: LeakId = name(&id)?;
    let sighting = {
        let program = app.engine.program().await;
        program.leak(leak).map_err(|refusal| Problem::of_refusal(&refusal))?.sighting
    };
    let alone = app.one_trace.begin()?;
    let (engine, here) = (Arc::clone(&app.engine), Handle::current());
    let traced = blocking(move || {
        let _alone = alone;
        here.block_on(engine.trace(&actor, sighting))
    });
    traced.await?.map(Json).map_err(|error| Problem::of_step(&error))
}

/// Add up the evidence of every trace, over all cases; it has a bound of its own
#[utoipa::path(get, path = "/api/v1/ledger", tag = "operator", responses(
    (status = 200, description = "everybody's evidence, strongest first, and the bound on ever accusing any innocent member", body = serde_json::Value),
    Refused,
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn ledger(State(app): State<Arc<App>>, _: Reader) -> Result<Json<LeakLedger>, Problem> {
    app.engine.leak_ledger().await.map(Json).map_err(|error| Problem::of_step(&error))
}
