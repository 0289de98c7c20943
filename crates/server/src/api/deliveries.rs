//! How far each member's copies have come, for operators.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::Timestamp;
use program::{
    delivery::{Row, deliveries},
    id::CaseId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Reader,
    problem::{Problem, Refused, Unknown},
};

/// One member's copy of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryLine {
    /// Which item.
    item: String,
    /// Who.
    member: String,
    /// How far it has come: not granted, granted, fetched, acknowledged.
    delivery: String,
    /// When it was granted.
    granted: Option<Timestamp>,
    /// When it was fetched first.
    fetched: Option<Timestamp>,
    /// The signing key of the request, if it was signed.
    fetched_key: Option<String>,
    /// When the member acknowledged it.
    acknowledged: Option<Timestamp>,
    /// The signing key of the acknowledgement.
    key: Option<String>,
}

/// Tell how far every copy of a case has come
#[utoipa::path(get, path = "/api/v1/cases/{case}/deliveries", tag = "operator",
    params(("case" = String, Path)),
    responses(
        (status = 200, body = Vec<DeliveryLine>),
        Refused,
        Unknown,
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(case): Path<String>,
) -> Result<Json<Vec<DeliveryLine>>, Problem> {
    let case: CaseId = case.parse().map_err(|_| Problem::not_found())?;
    let program = app.engine.program().await;
    let case = program.case(&case).map_err(|refusal| Problem::of_refusal(&refusal))?;
    Ok(Json(deliveries(&program, case).iter().map(line).collect()))
}

fn line(row: &Row<'_>) -> DeliveryLine {
    let fetched = row.granted.and_then(|granted| granted.fetched.as_ref());
    let acknowledged = row.granted.and_then(|granted| granted.acknowledged.as_ref());
    DeliveryLine {
        item: row.item.to_string(),
        member: row.member.to_string(),
        delivery: row.state(),
        granted: row.granted.map(|granted| granted.at),
        fetched: fetched.map(|fetched| fetched.at),
        fetched_key: fetched.and_then(|fetched| fetched.signed.as_ref()).map(|signed| signed.key.clone()),
        acknowledged: row.granted.and_then(|granted| granted.acknowledged_at()),
        key: acknowledged.map(|found| found.key.clone()),
    }
}
