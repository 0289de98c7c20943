//! Tokens and invitations, for operators: issued, shown once, revoked.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use program::{
    Command,
    id::{MemberId, UserId},
    token::{Holder, Scope, Token, TokenCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{act, name, refused},
        copies::PRIVATE,
        members::Reason,
        wire,
    },
    app::App,
    auth::{Approver, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// A token, without its text, which nobody has.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenLine {
    /// Its number.
    token: String,
    /// Whose.
    holder: String,
    /// What it is good for.
    scopes: Vec<String>,
    /// From when on it is good for nothing.
    until: Timestamp,
    /// Networks it may come from; none stands for every one.
    from: Vec<String>,
    /// SHA-256 of the client certificate that it must come with.
    certificate: Option<String>,
    /// Who issued it.
    by: String,
    /// When it was revoked.
    revoked: Option<Timestamp>,
}

/// Whose a token is to be.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// A member's machines.
    Member,
    /// The caller's own machines.
    Operator,
    /// Nobody's: it looks, and acts as nobody.
    Observer,
}

/// A token that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Whose it is to be.
    holder: For,
    /// Which member's; of the other holders nothing.
    #[serde(default)]
    #[schema(value_type = Option<wire::Name>)]
    member: Option<MemberId>,
    /// What it is good for: `fetch`, `acknowledge`, `report` for a member, `read`, `act` for an operator.
    #[schema(value_type = Vec<wire::TokenScope>)]
    scopes: BTreeSet<Scope>,
    /// From when on it is good for nothing; a year ahead at most.
    until: Timestamp,
    /// Networks it may come from, as in `192.0.2.0/24`; none stands for every one.
    #[serde(default)]
    from: Vec<String>,
    /// SHA-256 of the client certificate, as DER, that it must come with; any connection will do without.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    certificate: Option<String>,
}

/// A token that was issued.
#[derive(Serialize, ToSchema)]
pub struct Issued {
    /// Its number.
    token: String,
    /// What is shown as the bearer token; here this once, and nowhere else.
    text: String,
}

/// An invitation that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Until when it is good; 30 days ahead at most.
    until: Timestamp,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub struct Invited {
    /// Its number.
    invitation: String,
    /// What stands behind `/enrol#` in the link to send; here this once, and nowhere else.
    code: String,
}

/// List tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "operator", responses(
    (status = 200, body = Vec<TokenLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<TokenLine>> {
    Json(app.engine.program().await.tokens().iter().map(line).collect())
}

/// Issue a token and show it, once; an operator's is the caller's own
#[utoipa::path(post, path = "/api/v1/tokens", tag = "operator", request_body = NewToken, responses(
    (status = 201, body = Issued),
    Refused,
    Unknown,
    Undone,
))]
pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Body(NewToken { holder, member, scopes, until, from, certificate }): Body<NewToken>,
) -> Result<Response, Problem> {
    let holder = holder_of(holder, member, &actor)?;
    let from = from.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let from = from.map_err(|_| refused("a network is written as in `192.0.2.0/24`"))?;
    let certificate = certificate.map(|text| text.parse()).transpose();
    let certificate = certificate.map_err(|_| refused("a certificate is named by 64 hexadecimal digits"))?;
    let (token, text) = app
        .engine
        .issue_bound_token(&actor, holder, scopes, until, (from, certificate))
        .await
        .map_err(|error| Problem::of_step(&error.into()))?;
    Ok(once(&Issued { token: token.to_string(), text: text.reveal().to_owned() }))
}

/// Invite a member's tool: a code, good once, by which it registers its keys and gets its token
#[utoipa::path(post, path = "/api/v1/members/{member}/invite", tag = "operator",
    params(("member" = String, Path)), request_body = NewInvitation,
    responses(
        (status = 201, body = Invited),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path(member): Path<String>,
    Body(NewInvitation { until }): Body<NewInvitation>,
) -> Result<Response, Problem> {
    let invited = app.engine.invite(&actor, name(&member)?, until).await;
    let (invitation, code) = invited.map_err(|error| Problem::of_step(&error.into()))?;
    Ok(once(&Invited { invitation: invitation.to_string(), code: code.reveal().to_owned() }))
}

act! {
    /// Revoke a token, at once and for good
    revoke "/api/v1/tokens/{token}/revoke" ("token"; String) takes Reason =>
    |token, Reason { reason }| Ok(Command::Token(TokenCommand::Revoke { token: name(&token)?, reason }))
}

/// Says whose a token is. Whoever could have one in another operator's name would be two people alone.
fn holder_of(holder: For, member: Option<MemberId>, actor: &UserId) -> Result<Holder, Problem> {
    match (holder, member) {
        (For::Member, Some(member)) => Ok(Holder::Member(member)),
        (For::Member, None) => Err(refused("name the `member` whose token it is to be")),
        (_, Some(_)) => Err(refused("only a member's token names a `member`")),
        (For::Operator, None) => Ok(Holder::Operator(actor.clone())),
        (For::Observer, None) => Ok(Holder::Observer),
    }
}

/// Answers with what is shown once, and kept by nobody on the way.
fn once(shown: &impl Serialize) -> Response {
    (StatusCode::CREATED, [(header::CACHE_CONTROL, PRIVATE)], Json(shown)).into_response()
}

fn line(token: &Token) -> TokenLine {
    TokenLine {
        token: token.id.to_string(),
        holder: token.holder.to_string(),
        scopes: token.scopes.iter().map(ToString::to_string).collect(),
        until: token.until,
        from: token.from.iter().map(ToString::to_string).collect(),
        certificate: token.certificate.as_ref().map(ToString::to_string),
        by: token.by.to_string(),
        revoked: token.revoked.as_ref().map(|(at, _)| *at),
    }
}
