//! What lapses at the members, for operators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use jiff::{SignedDuration, Timestamp};
use policy::Lead;
use program::due::{Due, due};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::wire::Length,
    app::App,
    auth::Reader,
    problem::{Problem, Refused},
};

/// How far ahead nobody says otherwise.
const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far to look ahead.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Within {
    /// A length of time; 30 days when it is absent.
    #[param(value_type = Option<Length>)]
    within: Option<Lead>,
}

/// Something that lapses.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueLine {
    /// At which member.
    member: String,
    /// What: an agreement, a fact, a key, a signing key, the criteria sheet or the screening.
    what: String,
    /// When.
    at: Timestamp,
    /// Whole days from now, rounded down; below zero once it has lapsed.
    days_left: i64,
    /// How soon: `lapsed`, `in a day`, `in 7 days`, `in 30 days` or `later`.
    urgency: &'static str,
    /// What the policies in force make of it, and what to do.
    then: String,
}

/// List what lapses soon at the members, and what has lapsed, oldest first
#[utoipa::path(get, path = "/api/v1/due", tag = "operator", params(Within), responses(
    (status = 200, body = Vec<DueLine>),
    (status = 400, description = "not to be read", body = Problem, content_type = "application/problem+json"),
    Refused,
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Reader,
    asked: Result<Query<Within>, QueryRejection>,
) -> Result<Json<Vec<DueLine>>, Problem> {
    let Query(Within { within }) = asked.map_err(|error| Problem::bad_request(error.body_text()))?;
    let now = app.engine.clock().now();
    let program = app.engine.program().await;
    let line = |due: Due| DueLine {
        days_left: due.days_left(now),
        urgency: due.urgency(now),
        what: due.what.to_string(),
        member: due.member.to_string(),
        at: due.at,
        then: due.then,
    };
    let found = due(&program, program.policies(), now, within.map_or(AHEAD, Lead::duration));
    Ok(Json(found.into_iter().map(line).collect()))
}
