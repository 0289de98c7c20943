//! How a case becomes public, for operators: what the world was seen to know, early exit, publication.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use engine::{
    exit::{Asked, Exit},
    progress::Unwatched,
};
use jiff::Timestamp;
use program::{
    Command,
    case::{CaseCommand, Observation},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{act, name},
        wire::Observed,
    },
    app::App,
    auth::{Actor, Approver},
    problem::{Problem, Refused, Undone, Unknown},
};

/// What the world was seen to know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sight {
    /// What.
    #[schema(value_type = Observed)]
    what: Observation,
    /// Since when.
    at: Timestamp,
}

/// An early exit that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// Why; it is logged.
    reason: String,
    /// Approve every wave that lacks approvals too, in the caller's name.
    #[serde(default)]
    approve_waves: bool,
    /// Publish the advisory too.
    #[serde(default)]
    publish: bool,
}

/// A public file.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicFile {
    /// Its name below the folder of what was published.
    file: String,
    /// How many bytes it has.
    size: usize,
}

act! {
    /// Report what the world knows: public knowledge ends the embargo, attacks ask for a decision
    present observe "/api/v1/cases/{case}/observe" ("case"; String) takes Sight =>
    |case, Sight { what, at }| Ok(Command::Case(name(&case)?, CaseCommand::Observe { what, at }))
}

/// End the embargo early and release all that waits for it; takes effect when a second person says so
#[utoipa::path(post, path = "/api/v1/cases/{case}/break-embargo", tag = "operator",
    params(("case" = String, Path)), request_body = Break,
    responses(
        (status = 200, description = "since when it is `over`, what became of the waves, whom to tell", body = serde_json::Value),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn break_embargo(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path(case): Path<String>,
    Body(Break { reason, approve_waves, publish }): Body<Break>,
) -> Result<Json<Exit>, Problem> {
    let asked = Asked { approve: approve_waves, publish };
    let exit = app.engine.break_embargo(&actor, &name(&case)?, &reason, asked, &Unwatched).await;
    exit.map(Json).map_err(|error| Problem::of_step(&error))
}

/// Publish a case's advisory, at or after the end of its embargo
#[utoipa::path(post, path = "/api/v1/cases/{case}/publish", tag = "operator",
    params(("case" = String, Path)),
    responses(
        (status = 200, description = "what is public; asked again, the same", body = Vec<PublicFile>),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn publish(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(case): Path<String>,
) -> Result<Json<Vec<PublicFile>>, Problem> {
    let files = app.engine.publish(&actor, &name(&case)?).await;
    let files = files.map_err(|error| Problem::of_step(&error))?.into_iter();
    Ok(Json(files.map(|file| PublicFile { file: file.name, size: file.bytes.len() }).collect()))
}
