//! Invitations: a code, good once, by which a member's tool registers its keys and gets its token.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use policy::Standing;
use serde::{Deserialize, Serialize};

use crate::{
    Event, actor,
    context::Context,
    id::{InvitationId, MemberId, Sha256, TokenId, UserId},
    member::{MemberEvent, check_key, check_signing_key},
    program::Program,
    refusal::Refusal,
    token::{self, Holder, Scope, TokenCommand},
};

/// The longest an invitation may last.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long the token of an accepted invitation lasts.
pub const TOKEN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// An invitation as the program knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invitation {
    /// Its number.
    pub id: InvitationId,
    /// Whom it invites.
    pub member: MemberId,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub by: UserId,
    /// From when on it is good for nothing.
    pub until: Timestamp,
    /// When it was accepted, and with which token.
    pub accepted: Option<(Timestamp, TokenId)>,
}

/// What is asked of invitations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationCommand {
    /// Invites a member's tool; an earlier invitation of the same member that waits ends.
    Invite {
        /// Whom.
        member: MemberId,
        /// SHA-256 of the code.
        sha256: Sha256,
        /// From when on it is good for nothing.
        until: Timestamp,
    },
    /// Accepts an invitation: registers keys, still to be confirmed, and issues a token.
    Accept(Accepting),
}

/// What a member's tool brings to an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepting {
    /// SHA-256 of the code.
    pub sha256: Sha256,
    /// Recipient and fingerprint of the key that copies are sealed to.
    pub sealing: (String, String),
    /// The signing key and its fingerprint.
    pub signing: (String, String),
    /// SHA-256 of the token's text.
    pub token: Sha256,
}

/// What happened to an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEvent {
    /// It was made.
    Made {
        /// Its number.
        invitation: InvitationId,
        /// Whom it invites.
        member: MemberId,
        /// SHA-256 of the code.
        sha256: Sha256,
        /// From when on it is good for nothing.
        until: Timestamp,
    },
    /// It was accepted, and is good for nothing any more.
    Accepted {
        /// Which one.
        invitation: InvitationId,
        /// The token that was issued.
        token: TokenId,
    },
}

/// Every invitation of a program, found by number and by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitations {
    known: BTreeMap<InvitationId, Invitation>,
    by_hash: BTreeMap<Sha256, InvitationId>,
}

impl Invitations {
    /// Returns the invitations, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Invitation> {
        self.known.values()
    }

    /// Finds the invitation that a code is good for at an instant; nothing for a code that is unknown, used, ended or
    /// replaced by a later one, so that nobody is told which of these it is.
    fn open(&self, program: &Program, sha256: &Sha256, now: Timestamp) -> Option<&Invitation> {
        let found = self.known.get(self.by_hash.get(sha256)?)?;
        let newest = self.known.values().rfind(|other| other.member == found.member)?;
        let welcome = program.member(&found.member).is_ok_and(|member| invited(member.standing));
        (found.id == newest.id && found.accepted.is_none() && now < found.until && welcome).then_some(found)
    }

    fn next(&self) -> InvitationId {
        InvitationId(self.known.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1))
    }
}

/// Whose keys may be registered: whoever is a member, or on the way in.
fn invited(standing: Standing) -> bool {
    matches!(standing, Standing::Vetting | Standing::Active | Standing::Restricted)
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: InvitationCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        InvitationCommand::Invite { member, sha256, until } => {
            let standing = program.member(&member)?.standing;
            if !invited(standing) {
                return Err(Refusal::NotInvited { member, standing });
            }
            let longest = ctx.now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
            if until <= ctx.now || until > longest {
                return Err(Refusal::InvitationEnd { until, now: ctx.now, longest });
            }
            if program.invitations().by_hash.contains_key(&sha256) {
                return Err(Refusal::Exists { what: "invitation", id: sha256.to_string() });
            }
            let invitation = program.invitations().next();
            Ok(vec![Event::Invitation(InvitationEvent::Made { invitation, member, sha256, until })])
        }
        InvitationCommand::Accept(accepting) => accept(program, ctx, accepting),
    }
}

fn accept(program: &Program, ctx: &Context<'_>, accepting: Accepting) -> Result<Vec<Event>, Refusal> {
    if ctx.actor.as_str() != actor::MEMBER {
        return Err(Refusal::ByMemberAlone);
    }
    let Accepting { sha256, sealing, signing, token } = accepting;
    let found = program.invitations().open(program, &sha256, ctx.now).ok_or(Refusal::NoInvitation)?;
    let (id, member) = (found.id, program.member(&found.member)?);
    let mut events = Vec::new();
    // A member that comes again with keys it has registered keeps them as they are.
    let (recipient, fingerprint) = sealing;
    if !member.keys.iter().any(|key| key.recipient == recipient) {
        check_key(program, &recipient, &fingerprint)?;
        let member = member.id.clone();
        events.push(Event::Member(MemberEvent::KeyAdded { member, recipient, fingerprint }));
    }
    let (key, fingerprint) = signing;
    if !member.signing_keys.iter().any(|known| known.key == key) {
        check_signing_key(program, &key, &fingerprint)?;
        let member = member.id.clone();
        events.push(Event::Member(MemberEvent::SigningKeyAdded { member, key, fingerprint }));
    }
    let issue = TokenCommand::Issue {
        sha256: token,
        holder: Holder::Member(member.id.clone()),
        scopes: BTreeSet::from([Scope::Fetch, Scope::Acknowledge, Scope::Report]),
        until: ctx.now.checked_add(TOKEN).unwrap_or(Timestamp::MAX),
        from: Vec::new(),
        certificate: None,
    };
    let token = program.tokens().next();
    events.extend(token::decide(program, ctx, issue)?);
    events.push(Event::Invitation(InvitationEvent::Accepted { invitation: id, token }));
    Ok(events)
}

pub(crate) fn apply(invitations: &mut Invitations, event: &InvitationEvent, at: Timestamp, actor: &UserId) {
    match event {
        InvitationEvent::Made { invitation: id, member, sha256, until } => {
            let (id, member, by) = (*id, member.clone(), actor.clone());
            let made = Invitation { id, member, made: at, by, until: *until, accepted: None };
            invitations.by_hash.insert(*sha256, id);
            invitations.known.insert(id, made);
        }
        InvitationEvent::Accepted { invitation, token } => {
            if let Some(known) = invitations.known.get_mut(invitation) {
                known.accepted = Some((at, *token));
            }
        }
    }
}
