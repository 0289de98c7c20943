//! A member's tool enrols: it brings an invitation's code and its keys, and gets its token.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::HeaderMap,
};
use jiff::Timestamp;
use package::EnrolmentRequest;
use program::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Body,
    app::App,
    limits,
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
/// used, over or replaced is refused with the same bytes; after too many of them from one network it is told to wait,
/// and whoever has a good one is not.
#[utoipa::path(post, path = "/api/v1/enrol", tag = "member", security(()), request_body = Enrolment, responses(
    (status = 200, body = Enrolled),
    (status = 403, description = "no code that is good now", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "too many tries from this network", body = Problem, content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "seconds to wait"))),
    Undone,
))]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(body): Body<Enrolment>,
) -> Result<Json<Enrolled>, Problem> {
    let request = read(body).map_err(Problem::refused)?;
    let from = limits::source(&headers, peer.ip(), &app.config.proxies);
    // What another process suspended or replaced a moment ago counts.
    app.engine.refresh().await.map_err(|error| Problem::of_member_step(&error.into()))?;
    let accepted = match app.engine.accept(&request).await {
        Ok(accepted) => accepted,
        Err(error) if matches!(error.refusal(), Some(Refusal::NoInvitation)) => {
            app.metrics.refused_tokens.inc();
            let limited = limits::bad_try(&app, from).await;
            return Err(limited.unwrap_or_else(|| Problem::of_member_act(&error)));
        }
        Err(error) => return Err(Problem::of_member_act(&error)),
    };
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
