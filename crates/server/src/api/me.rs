//! What the program has on record of the caller.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Fetcher,
    problem::{Problem, Refused},
};

/// A member, as it may see itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Its id.
    member: String,
    /// Its name.
    name: String,
    /// Its standing.
    standing: String,
    /// Its tier.
    tier: Option<String>,
    /// Fingerprint of the confirmed key that copies are sealed to.
    key: Option<String>,
    /// Fingerprint of the confirmed key that the member signs with.
    signing_key: Option<String>,
    /// Fingerprint of the key that signatures of fetches are checked with now; none while it is to be compared again.
    fetch_key: Option<String>,
    /// Whether the member's fetches must be signed.
    signature_required: bool,
    /// Fingerprints of newer keys that wait to be compared over a second channel.
    unconfirmed: Vec<String>,
    /// When its agreement ends.
    agreement_until: Option<Timestamp>,
}

/// Tell who the caller is
#[utoipa::path(get, path = "/api/v1/me", tag = "member", responses(
    (status = 200, body = Me),
    Refused,
))]
pub(crate) async fn me(State(app): State<Arc<App>>, Fetcher(id, _): Fetcher) -> Result<Json<Me>, Problem> {
    let now = app.engine.clock().now();
    let program = app.engine.program().await;
    let member = program.member(&id).map_err(|_| Problem::not_found())?;
    Ok(Json(Me {
        member: id.to_string(),
        name: member.name.clone(),
        standing: member.standing.to_string(),
        tier: member.tier.as_ref().map(ToString::to_string),
        key: member.confirmed_key().map(|key| key.fingerprint.clone()),
        signing_key: member.signing_key().map(|key| key.fingerprint.clone()),
        fetch_key: member.fetch_key(program.rules(), now).map(|key| key.fingerprint.clone()),
        signature_required: member.signature_required,
        unconfirmed: member.unconfirmed().map(str::to_owned).collect(),
        agreement_until: member.agreement.as_ref().map(|agreement| agreement.until),
    }))
}
