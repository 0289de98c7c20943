//! Sightings, for operators: what was seen outside, and what members saw.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use program::{
    Command,
    id::CaseId,
    report::ReportCommand,
    sighting::{Sighting, SightingKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{Done, act, name, refused},
        reports::{File, Kind, found},
        wire,
    },
    app::App,
    auth::{Actor, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// A sighting, without what was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SightingLine {
    /// Its number.
    sighting: String,
    /// Of which case.
    case: String,
    /// What was seen.
    #[schema(value_type = Kind)]
    kind: SightingKind,
    /// When it was seen.
    seen: Timestamp,
    /// Hashes of what was found.
    exhibits: Vec<String>,
}

/// A sighting that is recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSighting {
    /// Of which case.
    #[schema(value_type = wire::Name)]
    case: CaseId,
    /// What was seen.
    #[schema(value_type = Kind)]
    kind: SightingKind,
    /// When it was seen out there.
    seen: Timestamp,
    /// Where, by whom, how.
    #[serde(default)]
    note: String,
    /// What was found.
    #[serde(default)]
    files: Vec<File>,
}

/// List sightings, without what was found
#[utoipa::path(get, path = "/api/v1/sightings", tag = "operator", responses(
    (status = 200, body = Vec<SightingLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<SightingLine>> {
    let line = |sighting: &Sighting| SightingLine {
        sighting: sighting.id.to_string(),
        case: sighting.case.to_string(),
        kind: sighting.kind,
        seen: sighting.seen,
        exhibits: sighting.exhibits.iter().map(|exhibit| exhibit.sha256.to_string()).collect(),
    };
    Json(app.engine.program().await.sightings().map(line).collect())
}

/// Record a sighting, with what was found
#[utoipa::path(post, path = "/api/v1/sightings", tag = "operator", request_body = NewSighting, responses(
    (status = 200, body = Done),
    Refused,
    Unknown,
    Undone,
))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Body(NewSighting { case, kind, seen, note, files }): Body<NewSighting>,
) -> Result<Json<Done>, Problem> {
    let files = found(&files).map_err(refused)?;
    let entries = app.engine.add_sighting(&actor, &case, kind, seen, note, files).await;
    Done::of(&entries.map_err(|error| Problem::of_step(&error))?)
}

act! {
    /// Make a sighting of a member's report, with all that follows from one
    adopt "/api/v1/reports/{report}/adopt" ("report"; String) =>
    |report| Ok(Command::Report(ReportCommand::Adopt { report: name(&report)? }))
}
