//! The host's clock, for operators: what it says, and people's word that it is right.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use program::Command;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::act::{Done, carry_out},
    app::App,
    auth::{Approver, Reader},
    problem::{Problem, Refused, Undone},
};

/// The clock that releases go by.
#[derive(Debug, Serialize, ToSchema)]
pub struct HostClock {
    /// What it says.
    now: Timestamp,
    /// Why it is not followed; absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
}

/// Show what the host's clock says, and whether releases follow it
#[utoipa::path(get, path = "/api/v1/clock", tag = "operator", responses(
    (status = 200, body = HostClock),
    Refused,
))]
pub(crate) async fn show(State(app): State<Arc<App>>, _: Reader) -> Json<HostClock> {
    let clock = app.engine.clock();
    Json(HostClock { now: clock.now(), doubt: clock.trusted().err().map(|doubt| doubt.to_string()) })
}

/// Say that the host's clock is right; a second person's word within a quarter of an hour counts
///
/// Nothing is released after the host's clock was set by two minutes or more. Whoever says so has compared what it shows
/// with another source: what is released early stays released.
#[utoipa::path(post, path = "/api/v1/clock/confirm", tag = "operator", responses(
    (status = 200, description = "done, or noted until a second person says the same", body = Done),
    Refused,
    Undone,
))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
) -> Result<Json<Done>, Problem> {
    carry_out(&app, &actor, Command::ConfirmClock).await
}
