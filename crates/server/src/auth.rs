//! Who calls: a bearer token, looked up by its hash, good at this instant and from this address.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use engine::{WriteError, token::TokenText};
use program::{
    id::{MemberId, TokenId, UserId},
    token::{Holder, Scope, Token},
};

use crate::{app::App, client_certificate, limits, problem::Problem};

/// A member whose token may fetch, and which token that is.
#[derive(Clone, Debug)]
pub struct Fetcher(pub MemberId, pub TokenId);

/// A member whose token may acknowledge.
#[derive(Clone, Debug)]
pub struct Acknowledger(pub MemberId, pub TokenId);

/// A member whose token may report.
#[derive(Clone, Debug)]
pub struct Reporter(pub MemberId, pub TokenId);

/// Whoever may see the whole program, without texts.
#[derive(Clone, Copy, Debug)]
pub struct Reader;

/// An operator in whose name a command is carried out.
#[derive(Clone, Debug)]
pub struct Actor(pub UserId);

impl FromRequestParts<Arc<App>> for Fetcher {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Fetch).await.map(|(member, token)| Self(member, token))
    }
}

impl FromRequestParts<Arc<App>> for Acknowledger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Acknowledge).await.map(|(member, token)| Self(member, token))
    }
}

impl FromRequestParts<Arc<App>> for Reporter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Report).await.map(|(member, token)| Self(member, token))
    }
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        with_scope(parts, app, Scope::Read).await.map(|_| Self)
    }
}

impl FromRequestParts<Arc<App>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        match with_scope(parts, app, Scope::Act).await?.holder {
            Holder::Operator(user) => Ok(Self(user)),
            Holder::Member(_) | Holder::Observer => Err(Problem::forbidden(Scope::Act)),
        }
    }
}

async fn of_member(parts: &Parts, app: &App, scope: Scope) -> Result<(MemberId, TokenId), Problem> {
    let Token { id, holder, .. } = with_scope(parts, app, scope).await?;
    match holder {
        Holder::Member(member) => Ok((member, id)),
        Holder::Operator(_) | Holder::Observer => Err(Problem::forbidden(scope)),
    }
}

/// Finds the caller's token, good for a scope.
///
/// # Errors
/// [`Problem::unauthorized`] without a good one, [`Problem::forbidden`] for another scope.
pub async fn with_scope(parts: &Parts, app: &App, scope: Scope) -> Result<Token, Problem> {
    let token = token(parts, app).await?;
    if token.scopes.contains(&scope) { Ok(token) } else { Err(Problem::forbidden(scope)) }
}

/// Finds the caller's token, in the log as it is now: what another process suspended or issued a moment ago
/// counts for this request.
///
/// # Errors
/// [`Problem::unauthorized`] without a good one, [`Problem::unavailable`] or [`Problem::internal`] when the log cannot be
/// read.
pub(crate) async fn token(parts: &Parts, app: &App) -> Result<Token, Problem> {
    let Some((text, from)) = shown(parts, app) else { return Err(refused(parts, app).await) };
    app.engine.refresh().await.map_err(|error| match error {
        WriteError::Store(error) => Problem::of_store(&error),
        error => {
            tracing::error!(error = %error, "the log cannot be read");
            Problem::internal()
        }
    })?;
    let now = app.engine.clock().now();
    let certificate = client_certificate::Shown::of(&parts.extensions);
    let program = app.engine.program().await;
    // What is compared is the hash of 256 random bits: how long that takes tells nothing of any token.
    let token = program
        .tokens()
        .by_hash(&text.sha256())
        .filter(|token| token.good(&program, now, from, certificate.as_ref()));
    let token = token.cloned();
    drop(program);
    match token {
        Some(token) => Ok(token),
        None => Err(refused(parts, app).await),
    }
}

/// Refuses what is not good; whoever shows nothing tries nothing.
async fn refused(parts: &Parts, app: &App) -> Problem {
    app.metrics.refused_tokens.inc();
    let from = source(parts, app).filter(|_| parts.headers.contains_key(AUTHORIZATION));
    let limited = match from {
        Some(from) => limits::bad_try(app, from).await,
        None => None,
    };
    limited.unwrap_or_else(Problem::unauthorized)
}

/// Says where a request comes from.
fn source(parts: &Parts, app: &App) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(limits::source(&parts.headers, peer.ip(), &app.config.proxies))
}

/// Reads what the caller shows, and from where.
fn shown(parts: &Parts, app: &App) -> Option<(TokenText, IpAddr)> {
    Some((bearer(&parts.headers)?, source(parts, app)?))
}

/// Reads the token that a request shows.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<TokenText> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let text = TokenText::parse(text.trim())?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text)
}
