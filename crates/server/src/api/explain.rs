//! Decisions explained, for operators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use engine::explain::Explained;
use jiff::Timestamp;
use program::id::MemberId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{act::name, wire::Name},
    app::App,
    auth::Reader,
    problem::{Problem, Refused, Unknown},
};

/// Whose decision, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Which member.
    #[param(value_type = Name)]
    member: MemberId,
    /// An instant with its offset; now when it is absent.
    at: Option<Timestamp>,
}

/// Say why a member may or may not have an item, at any instant
///
/// An instant in the past is answered from the log as it stood then, which is read from its beginning: whoever asks
/// for one while another is read waits.
#[utoipa::path(get, path = "/api/v1/cases/{case}/items/{item}/explain", tag = "operator",
    params(("case" = String, Path), ("item" = String, Path), Asked),
    responses(
        (status = 200, description = "the decision, the policies and facts that made it, what would change it, the waves that would bring the item, and how many entries of the log the answer rests on", body = serde_json::Value),
        (status = 400, description = "not to be read", body = Problem, content_type = "application/problem+json"),
        Refused,
        Unknown,
))]
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    _: Reader,
    Path((case, item)): Path<(String, String)>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Explained>, Problem> {
    let Query(Asked { member, at }) = asked.map_err(|error| Problem::bad_request(error.body_text()))?;
    let (case, item) = (name(&case)?, name(&item)?);
    let past = at.is_some_and(|at| at < app.engine.clock().now());
    let _alone = match past {
        true => Some(app.replaying.acquire().await.map_err(|_| Problem::unavailable())?),
        false => None,
    };
    let explained = app.engine.explain(&case, &item, &member, at).await;
    explained.map(Json).map_err(|error| Problem::of_step(&error))
}
