//! A member's tool enrols: it brings an invitation's code and its keys, and gets its token.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use package::EnrolmentRequest;
use program::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Body,
    app::App,
    problem::{Problem, Undone},
};

/// What a member's tool brings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The invitation's code.
    code: String,
    /// The key that copies are to be sealed to, `age1…`.
    recipient: String,
    /// The key that the member signs with, `forewarn-sign1…`.
    key: String,
    /// Its signature over code and keys, base64.
    signature: String,
}

/// What it gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct Enrolled {
    /// The member's id.
    member: String,
    /// The token; it is shown this once.
    token: String,
    /// From when on the token is good for nothing.
    token_until: Timestamp,
    /// The log's verifier key, to be pinned.
    vkey: String,
}

/// Accept an invitation
///
/// The keys count once an operator has compared their fingerprints over a second channel. A code that is unknown,
/// used, over or replaced is refused with the same bytes.
#[utoipa::path(post, path = "/api/v1/enrol", tag = "member", security(()), request_body = Enrolment, responses(
    (status = 200, body = Enrolled),
    (status = 403, description = "no code that is good now", body = Problem, content_type = "application/problem+json"),
    Undone,
))]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    Body(body): Body<Enrolment>,
) -> Result<Json<Enrolled>, Problem> {
    let request = read(body).map_err(Problem::refused)?;
    // What another process suspended or replaced a moment ago counts.
    app.engine.refresh().await.map_err(|error| Problem::of_member_step(&error.into()))?;
    let accepted = app.engine.accept(&request).await.map_err(|error| {
        if matches!(error.refusal(), Some(Refusal::NoInvitation)) {
            app.metrics.refused_tokens.inc();
        }
        Problem::of_member_act(&error)
    })?;
    Ok(Json(Enrolled {
        member: accepted.member.to_string(),
        token: accepted.token.reveal().to_owned(),
        token_until: accepted.until,
        vkey: app.engine.vkey(),
    }))
}

fn read(body: Enrolment) -> Result<EnrolmentRequest, String> {
    let Enrolment { code, recipient, key, signature } = body;
    Ok(EnrolmentRequest {
        code,
        recipient: recipient.parse().map_err(|error| format!("{error}"))?,
        key: key.parse().map_err(|error| format!("{error}"))?,
        signature: signature.parse().map_err(|error| format!("{error}"))?,
    })
}
