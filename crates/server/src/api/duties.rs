//! Which legal duties follow from what is recorded about a member, for operators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::Timestamp;
use policy::duties::Pack;
use program::{
    Command,
    duties::{Confirmed, duties, to_record},
    id::MemberId,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{Done, name},
    },
    app::App,
    auth::{Actor, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// How the duties that follow are recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// A person's word that they hold; without it they are recorded as never confirmed, which restricts the member
    /// until somebody confirms them, and what is on record already stays as it is.
    #[serde(default)]
    confirmed: Option<Confirmation>,
}

/// A person's word that duties hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Until when.
    until: Timestamp,
    /// What it rests on.
    evidence: String,
}

/// Say which legal duties follow from the facts about a member, and why; not legal advice
#[utoipa::path(get, path = "/api/v1/members/{member}/duties", tag = "operator",
    params(("member" = String, Path)),
    responses(
        (status = 200, description = "the pack of laws with its day, every duty of it with its verdict (`follows`, `ask-counsel`, `unknown` or `no`) and the reasons, and what on record does not go together", body = serde_json::Value),
        Refused,
        Unknown,
))]
pub(crate) async fn derive(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, Problem> {
    let id: MemberId = name(&id)?;
    let pack = pack()?;
    let now = app.engine.clock().now();
    let program = app.engine.program().await;
    let member = program.member(&id).map_err(|refusal| Problem::of_refusal(&refusal))?;
    serde_json::to_value(duties(&pack, member, now)).map(Json).map_err(|_| Problem::internal())
}

/// Record the duties that follow from the facts about a member
#[utoipa::path(post, path = "/api/v1/members/{member}/duties", tag = "operator",
    params(("member" = String, Path)), request_body = Recording,
    responses(
        (status = 200, description = "an entry for each duty; asked again, it goes on where it stopped", body = Done),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn record(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(id): Path<String>,
    Body(Recording { confirmed }): Body<Recording>,
) -> Result<Json<Done>, Problem> {
    let id: MemberId = name(&id)?;
    let confirmed = confirmed.map(|Confirmation { until, evidence }| Confirmed { until, evidence });
    let commands = {
        let program = app.engine.program().await;
        let member = program.member(&id).map_err(|refusal| Problem::of_refusal(&refusal))?;
        to_record(&pack()?, member, app.engine.clock().now(), confirmed.as_ref())
    };
    let mut entries = Vec::new();
    for command in commands {
        let done = app.engine.execute(&actor, Command::Member(id.clone(), command)).await;
        entries.extend(done.map_err(|error| Problem::of_step(&error.into()))?);
    }
    Done::of(&entries)
}

/// Reads the pack that is shipped.
pub(super) fn pack() -> Result<Pack, Problem> {
    Pack::shipped().map_err(|error| {
        tracing::error!(error = %error, "the pack of duties cannot be read");
        Problem::internal()
    })
}
