//! Tokens: what a machine shows to act for a member or an operator. The log knows their hashes alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    str::FromStr,
};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use policy::Standing;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Event,
    context::Context,
    id::{MemberId, Sha256, TokenId, UserId},
    program::Program,
    refusal::Refusal,
};

/// The longest a token may last; one that is forgotten goes away by itself.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// Who acts by a token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A member's machines.
    Member(MemberId),
    /// An operator's machines.
    Operator(UserId),
    /// Nobody: whoever holds it may look as an operator may, and act as nobody.
    Observer,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A member's list, copies and receipts.
    Fetch,
    /// A member's acknowledgements.
    Acknowledge,
    /// A member's reports: sightings, coverage, its own mistakes.
    Report,
    /// The whole program, without texts.
    Read,
    /// Commands in the operator's name.
    Act,
}

/// A token as the program knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// Who acts by it.
    pub holder: Holder,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// When it was issued.
    pub issued: Timestamp,
    /// By whom.
    pub by: UserId,
    /// From when on it is good for nothing.
    pub until: Timestamp,
    /// Networks it may come from; none stands for every one.
    pub from: Vec<IpNet>,
    /// SHA-256 of the client certificate that it must come with, as DER; none stands for any, and for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sha256>,
    /// When and why it was revoked.
    pub revoked: Option<(Timestamp, String)>,
}

/// What a person asks of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenCommand {
    /// Issues one.
    Issue {
        /// SHA-256 of its text, which whoever issues it shows once and keeps nowhere.
        sha256: Sha256,
        /// Who acts by it.
        holder: Holder,
        /// What it is good for.
        scopes: BTreeSet<Scope>,
        /// From when on it is good for nothing.
        until: Timestamp,
        /// Networks it may come from; none stands for every one.
        from: Vec<IpNet>,
        /// SHA-256 of the client certificate that it must come with.
        certificate: Option<Sha256>,
    },
    /// Revokes one, at once and for good.
    Revoke {
        /// Which one.
        token: TokenId,
        /// Why.
        reason: String,
    },
}

/// What happened to a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEvent {
    /// It was issued.
    Issued {
        /// Its number.
        token: TokenId,
        /// SHA-256 of its text.
        sha256: Sha256,
        /// Who acts by it.
        holder: Holder,
        /// What it is good for.
        scopes: BTreeSet<Scope>,
        /// From when on it is good for nothing.
        until: Timestamp,
        /// Networks it may come from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        from: Vec<IpNet>,
        /// SHA-256 of the client certificate that it must come with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Sha256>,
    },
    /// It was revoked.
    Revoked {
        /// Its number.
        token: TokenId,
        /// Why.
        reason: String,
    },
}

/// Every token of a program, found by number and by what is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    known: BTreeMap<TokenId, Token>,
    by_hash: BTreeMap<Sha256, TokenId>,
}

impl Tokens {
    /// Returns the tokens, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Token> {
        self.known.values()
    }

    /// Returns the token whose text has this hash.
    #[must_use]
    pub fn by_hash(&self, sha256: &Sha256) -> Option<&Token> {
        self.known.get(self.by_hash.get(sha256)?)
    }
}

impl Token {
    /// Tells whether the token is good at an instant, shown from an address and over a connection with this client
    /// certificate, if any.
    ///
    /// A member's is good while the member is active or restricted: a suspension ends it at once, and the end of
    /// the suspension brings it back. An operator's is good while the operator is one.
    #[must_use]
    pub fn good(
        &self,
        program: &Program,
        now: Timestamp,
        from: IpAddr,
        certificate: Option<&Sha256>,
    ) -> bool {
        // An IPv4 address may come in the clothes of an IPv6 one.
        let from = from.to_canonical();
        let near = self.from.is_empty() || self.from.iter().any(|net| net.contains(&from));
        let bound = self.certificate.as_ref().is_none_or(|bound| certificate == Some(bound));
        near && bound && self.in_force(program, now)
    }

    /// Tells whether the token is good at an instant, wherever it is shown from.
    fn in_force(&self, program: &Program, now: Timestamp) -> bool {
        let holder = match &self.holder {
            Holder::Member(id) => program
                .member(id)
                .is_ok_and(|member| matches!(member.standing, Standing::Active | Standing::Restricted)),
            Holder::Operator(id) => program.operators().any(|operator| operator == id),
            Holder::Observer => true,
        };
        holder && self.revoked.is_none() && now < self.until
    }
}

impl Scope {
    const ALL: [Self; 5] = [Self::Fetch, Self::Acknowledge, Self::Report, Self::Read, Self::Act];

    fn fits(self, holder: &Holder) -> bool {
        match holder {
            Holder::Member(_) => matches!(self, Self::Fetch | Self::Acknowledge | Self::Report),
            Holder::Operator(_) => matches!(self, Self::Read | Self::Act),
            Holder::Observer => self == Self::Read,
        }
    }
}

/// A text that names no scope.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no scope: write fetch, acknowledge, report, read or act")]
pub struct BadScope(String);

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch => "fetch",
            Self::Acknowledge => "acknowledge",
            Self::Report => "report",
            Self::Read => "read",
            Self::Act => "act",
        })
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        let named = Self::ALL.into_iter().find(|scope| scope.to_string() == text);
        named.ok_or_else(|| BadScope(text.escape_debug().to_string()))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(id) => write!(f, "member {id}"),
            Self::Operator(id) => write!(f, "operator {id}"),
            Self::Observer => f.write_str("observer"),
        }
    }
}

/// Checks again, when a command is decided, that a member's token is good for it: much may have happened since it was
/// shown.
pub(crate) fn check(
    program: &Program,
    ctx: &Context<'_>,
    id: TokenId,
    member: &MemberId,
    scope: Scope,
) -> Result<(), Refusal> {
    let good = |token: &&Token| {
        token.holder == Holder::Member(member.clone())
            && token.scopes.contains(&scope)
            && token.in_force(program, ctx.now)
    };
    program.tokens().known.get(&id).filter(good).map(|_| ()).ok_or(Refusal::TokenNotGood)
}

/// Decides on a token; a second revocation decides on nothing.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: TokenCommand,
) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        TokenCommand::Issue { sha256, holder, scopes, until, from, certificate } => {
            match &holder {
                Holder::Member(id) => program.member(id).map(|_| ())?,
                Holder::Operator(id) if program.operators().any(|operator| operator == id) => {}
                Holder::Operator(id) => return Err(Refusal::NotAnOperator(id.clone())),
                Holder::Observer => {}
            }
            if scopes.is_empty() {
                return Err(Refusal::Empty("what the token is good for"));
            }
            if let Some(scope) = scopes.iter().find(|scope| !scope.fits(&holder)) {
                return Err(Refusal::ScopeUnfit { scope: *scope, holder });
            }
            let longest = ctx.now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
            if until <= ctx.now || until > longest {
                return Err(Refusal::TokenEnd { until, now: ctx.now, longest });
            }
            if program.tokens().by_hash(&sha256).is_some() {
                return Err(Refusal::Exists { what: "token", id: sha256.to_string() });
            }
            let token = program.tokens().next();
            TokenEvent::Issued { token, sha256, holder, scopes, until, from, certificate }
        }
        TokenCommand::Revoke { token, reason } => {
            let known = program.tokens().known.get(&token).ok_or(Refusal::UnknownToken(token))?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            if known.revoked.is_some() {
                return Ok(Vec::new());
            }
            TokenEvent::Revoked { token, reason }
        }
    };
    Ok(vec![Event::Token(event)])
}

pub(crate) fn apply(tokens: &mut Tokens, event: &TokenEvent, at: Timestamp, actor: &UserId) {
    match event {
        TokenEvent::Issued { token: id, sha256, holder, scopes, until, from, certificate } => {
            let token = Token {
                id: *id,
                holder: holder.clone(),
                scopes: scopes.clone(),
                issued: at,
                by: actor.clone(),
                until: *until,
                from: from.clone(),
                certificate: *certificate,
                revoked: None,
            };
            tokens.by_hash.insert(*sha256, *id);
            tokens.known.insert(*id, token);
        }
        TokenEvent::Revoked { token, reason } => {
            if let Some(token) = tokens.known.get_mut(token) {
                token.revoked = Some((at, reason.clone()));
            }
        }
    }
}

impl Tokens {
    pub(crate) fn next(&self) -> TokenId {
        TokenId(self.known.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1))
    }
}
