//! Who calls: a machine by its bearer token, or a person by the cookie of a session. Both are looked up by their hash;
//! whether they are good is decided of the log as it is now, for every request.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use engine::{WriteError, session::Session, token::TokenText};
use jiff::Timestamp;
use program::{
    by::By,
    id::{MemberId, TokenId, UserId},
    passkey::User,
    token::{Holder, Scope, Token},
};

use crate::{app::App, client_certificate, identity, limits, problem::Problem};

/// A member that may fetch, and what was shown.
#[derive(Clone, Debug)]
pub struct Fetcher(pub MemberId, pub Shown);

/// A member that may acknowledge, and what was shown.
#[derive(Clone, Debug)]
pub struct Acknowledger(pub MemberId, pub Shown);

/// A member that may report, and what was shown.
#[derive(Clone, Debug)]
pub struct Reporter(pub MemberId, pub Shown);

/// Whoever may see the whole program, without texts.
#[derive(Clone, Copy, Debug)]
pub struct Reader;

/// An operator in whose name a command is carried out.
#[derive(Clone, Debug)]
pub struct Actor(pub UserId);

/// An operator in whose name something is carried out that takes a person: with a session only shortly after a step-up,
/// with a token unless the configuration asks for passkeys.
#[derive(Clone, Debug)]
pub struct Approver(pub UserId);

/// A person that is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Session);

/// What a member's machine or somebody there showed.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A token.
    Token(TokenId),
    /// The cookie of a session.
    Session(Session),
}

impl Shown {
    /// Returns by what the log says that it was done.
    ///
    /// # Errors
    /// [`Problem::unauthorized`] for a session without a passkey, which nobody at a member has.
    pub fn by(&self) -> Result<By, Problem> {
        match self {
            Self::Token(token) => Ok(By::Token(*token)),
            Self::Session(session) => session.passkey.map(By::Passkey).ok_or_else(Problem::unauthorized),
        }
    }

    /// Tells whether what takes a person's presence may be done: machines have none, and need none.
    #[must_use]
    pub fn is_present(&self, now: Timestamp) -> bool {
        match self {
            Self::Token(_) => true,
            Self::Session(session) => session.stepped_up(now),
        }
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A machine.
    Token(Token),
    /// A person.
    Session(Session),
}

impl Caller {
    /// Tells whether a caller may do what a scope stands for; a session does what a token of the same holder with
    /// every fitting scope does.
    fn has(&self, scope: Scope) -> bool {
        match self {
            Self::Token(token) => token.scopes.contains(&scope),
            Self::Session(session) => match session.user {
                User::Operator(_) => matches!(scope, Scope::Read | Scope::Act),
                User::AtMember { .. } => matches!(scope, Scope::Fetch | Scope::Acknowledge | Scope::Report),
            },
        }
    }

    /// Checks that a caller may do what a scope stands for.
    ///
    /// # Errors
    /// [`Problem::forbidden`].
    pub(crate) fn check(&self, scope: Scope) -> Result<(), Problem> {
        if self.has(scope) { Ok(()) } else { Err(Problem::forbidden(scope)) }
    }

    /// Returns the member that calls; nothing for an operator or an observer.
    pub(crate) fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Token(Token { holder: Holder::Member(member), .. })
            | Self::Session(Session { user: User::AtMember { member, .. }, .. }) => Some(member),
            Self::Token(_) | Self::Session(_) => None,
        }
    }

    fn operator(&self) -> Option<&UserId> {
        match self {
            Self::Token(Token { holder: Holder::Operator(user), .. })
            | Self::Session(Session { user: User::Operator(user), .. }) => Some(user),
            Self::Token(_) | Self::Session(_) => None,
        }
    }
}

impl FromRequestParts<Arc<App>> for Fetcher {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Fetch).await.map(|(member, shown)| Self(member, shown))
    }
}

impl FromRequestParts<Arc<App>> for Acknowledger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Acknowledge).await.map(|(member, shown)| Self(member, shown))
    }
}

impl FromRequestParts<Arc<App>> for Reporter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        of_member(parts, app, Scope::Report).await.map(|(member, shown)| Self(member, shown))
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
        let caller = with_scope(parts, app, Scope::Act).await?;
        caller.operator().cloned().map(Self).ok_or_else(|| Problem::forbidden(Scope::Act))
    }
}

impl FromRequestParts<Arc<App>> for Approver {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = with_scope(parts, app, Scope::Act).await?;
        match &caller {
            Caller::Token(_) if app.config.takes_passkeys() => return Err(Problem::passkey_needed()),
            Caller::Session(session) if !session.stepped_up(app.engine.clock().now()) => {
                return Err(Problem::step_up_needed());
            }
            Caller::Token(_) | Caller::Session(_) => {}
        }
        caller.operator().cloned().map(Self).ok_or_else(|| Problem::forbidden(Scope::Act))
    }
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        app.identity()?;
        match caller(parts, app).await? {
            Caller::Session(session) => Ok(Self(session)),
            Caller::Token(_) => Err(Problem::no_session()),
        }
    }
}

async fn of_member(parts: &Parts, app: &App, scope: Scope) -> Result<(MemberId, Shown), Problem> {
    let caller = with_scope(parts, app, scope).await?;
    let member = caller.member().cloned().ok_or_else(|| Problem::forbidden(scope))?;
    let shown = match caller {
        Caller::Token(token) => Shown::Token(token.id),
        Caller::Session(session) => Shown::Session(session),
    };
    Ok((member, shown))
}

/// Finds the caller, good for a scope.
///
/// # Errors
/// As [`caller`], and [`Problem::forbidden`] for another scope.
pub(crate) async fn with_scope(parts: &Parts, app: &App, scope: Scope) -> Result<Caller, Problem> {
    let caller = caller(parts, app).await?;
    caller.check(scope)?;
    Ok(caller)
}

/// Finds the caller, in the log as it is now: what another process suspended or issued a moment ago counts for this
/// request. A token goes before a cookie.
///
/// # Errors
/// [`Problem::unauthorized`] without anything good, [`Problem::cross_site`] for a cookie that another site's page sends,
/// [`Problem::unavailable`] or [`Problem::internal`] when the log cannot be read.
pub(crate) async fn caller(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let found = if parts.headers.contains_key(AUTHORIZATION) {
        token(parts, app).await?.map(Caller::Token)
    } else {
        session(parts, app).await?.map(Caller::Session)
    };
    match found {
        Some(caller) => Ok(caller),
        None => Err(refused(parts, app).await),
    }
}

async fn token(parts: &Parts, app: &App) -> Result<Option<Token>, Problem> {
    let Some((text, from)) = shown(parts, app) else { return Ok(None) };
    refresh(app).await?;
    let now = app.engine.clock().now();
    let certificate = client_certificate::Shown::of(&parts.extensions);
    let program = app.engine.program().await;
    // What is compared is the hash of 256 random bits: how long that takes tells nothing of any token.
    let token = program.tokens().by_hash(&text.sha256());
    Ok(token.filter(|token| token.good(&program, now, from, certificate.as_ref())).cloned())
}

async fn session(parts: &Parts, app: &App) -> Result<Option<Session>, Problem> {
    let Some(identity) = &app.identity else { return Ok(None) };
    let Some(text) = identity::cookie::read(&parts.headers) else { return Ok(None) };
    identity.check_site(&parts.method, &parts.headers)?;
    refresh(app).await?;
    let session = app.engine.session(&text, identity.lifetime()).await;
    session.map_err(|error| Problem::of_store(&error))
}

/// Takes in what other processes appended.
pub(crate) async fn refresh(app: &App) -> Result<(), Problem> {
    app.engine.refresh().await.map(drop).map_err(|error| match error {
        WriteError::Store(error) => Problem::of_store(&error),
        error => {
            tracing::error!(error = %error, "the log cannot be read");
            Problem::internal()
        }
    })
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
pub(crate) fn source(parts: &Parts, app: &App) -> Option<IpAddr> {
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
