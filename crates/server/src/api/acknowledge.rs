//! A member's word that it opened its copy, signed.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use package::SignedAcknowledgement;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        copies::{find, receipt_of},
        sign_in::{Answer, Challenge},
        wire,
    },
    app::App,
    auth::{Acknowledger, SignedIn},
    identity::acknowledgement::{begin_acknowledgement, finish_acknowledgement},
    problem::{Problem, Refused, Undone, Unknown},
};

/// An acknowledgement: what the member saw, and its signature over that and over the ids of the path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The grant's entry in the log.
    #[serde(deserialize_with = "wire::whole")]
    seq: u64,
    /// SHA-256 of the opened copy.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// Size of the log that the receipt was checked against.
    #[serde(deserialize_with = "wire::whole")]
    tree_size: u64,
    /// Its root.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    root: String,
    /// The member's signing key, `forewarn-sign1…`.
    key: String,
    /// Its Ed25519 signature, base64.
    signature: String,
}

/// Acknowledge a copy that was opened
///
/// The receipt that is returned holds the signature and its place in the log. Sent again, it is logged once.
#[utoipa::path(post, path = "/api/v1/cases/{case}/items/{item}/acknowledge", tag = "member",
    params(("case" = String, Path), ("item" = String, Path)), request_body = Acknowledgement,
    responses(
        (status = 200, description = "the receipt, with the acknowledgement", body = serde_json::Value),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Acknowledger(member, shown): Acknowledger,
    Path((case, item)): Path<(String, String)>,
    Body(body): Body<Acknowledgement>,
) -> Result<Response, Problem> {
    let signed = read(body).ok_or_else(|| {
        Problem::refused("an acknowledgement has two hashes, a signing key and a signature: update the tool")
    })?;
    let found = find(&app, &member, &case, &item).await?;
    let receipt = app.engine.acknowledge(&member, shown.by()?, &found, signed).await;
    receipt_of(receipt.map_err(|error| Problem::of_member_act(&error))?)
}

/// What a person saw of a copy and of the log.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The grant's entry in the log.
    #[serde(deserialize_with = "wire::whole")]
    seq: u64,
    /// SHA-256 of the opened copy.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// Size of the log that the receipt was checked against.
    #[serde(deserialize_with = "wire::whole")]
    tree_size: u64,
    /// Its root.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    root: String,
}

/// Begin to acknowledge a copy with a passkey: the challenge is SHA-256 of what a signing key would sign
#[utoipa::path(post, path = "/api/v1/cases/{case}/items/{item}/acknowledge/begin", tag = "people",
    params(("case" = String, Path), ("item" = String, Path)), security(("session" = [])), request_body = Seen,
    responses((status = 200, body = Challenge), Refused, Unknown, Undone))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
    Acknowledger(member, _): Acknowledger,
    Path((case, item)): Path<(String, String)>,
    Body(body): Body<Seen>,
) -> Result<Response, Problem> {
    let Seen { seq, sha256, tree_size, root } = body;
    let (Ok(sha256), Ok(root)) = (sha256.parse(), root.parse()) else {
        return Err(Problem::refused("an acknowledgement has two hashes: of the copy, and the log's root"));
    };
    let seen = engine::assertion::Seen { seq, sha256, tree_size, root };
    let found = find(&app, &member, &case, &item).await?;
    let begun = begin_acknowledgement(&app, &session, &member, &found, seen).await?;
    Ok(Challenge::of(begun, None))
}

/// Acknowledge a copy with a passkey; the log holds the assertion whole
#[utoipa::path(post, path = "/api/v1/cases/{case}/items/{item}/acknowledge/finish", tag = "people",
    params(("case" = String, Path), ("item" = String, Path)), security(("session" = [])), request_body = Answer,
    responses((status = 204), Refused, Unknown, Undone))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    SignedIn(session): SignedIn,
    Acknowledger(member, _): Acknowledger,
    Path((case, item)): Path<(String, String)>,
    Body(Answer { ceremony, credential }): Body<Answer>,
) -> Result<StatusCode, Problem> {
    let found = find(&app, &member, &case, &item).await?;
    finish_acknowledgement(&app, &session, &member, &found, &ceremony, credential).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read(body: Acknowledgement) -> Option<SignedAcknowledgement> {
    let Acknowledgement { seq, sha256, tree_size, root, key, signature } = body;
    let (sha256, root) = (sha256.parse().ok()?, root.parse().ok()?);
    let (key, signature) = (key.parse().ok()?, signature.parse().ok()?);
    Some(SignedAcknowledgement { seq, sha256, tree_size, root, key, signature })
}
