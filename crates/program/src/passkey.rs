//! Passkeys: what a person signs in with, registered by a link that is good once.

mod decide;

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp};
use policy::Standing;
use serde::{Deserialize, Serialize};

use crate::{
    id::{LinkId, MemberId, PasskeyId, Sha256, UserId},
    program::Program,
};

pub(crate) use decide::{apply, check, decide, note_move};

/// The longest a link may last.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A person that signs in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum User {
    /// An operator.
    Operator(UserId),
    /// Somebody at a member.
    AtMember {
        /// Which member.
        member: MemberId,
        /// Who there.
        name: String,
    },
}

/// A passkey as the program knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passkey {
    /// Its number.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: User,
    /// The credential's id, base64url without padding.
    pub credential: String,
    /// The public credential, as the library that checks assertions writes it.
    pub public: serde_json::Value,
    /// What its holder calls it.
    pub label: String,
    /// When it was registered.
    pub registered: Timestamp,
    /// Who made the link that registered it.
    pub by: UserId,
    /// When and why it was revoked.
    pub revoked: Option<(Timestamp, String)>,
}

/// A link that registers a passkey, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its number.
    pub id: LinkId,
    /// For whom.
    pub user: User,
    /// When it was made.
    pub made: Timestamp,
    /// By whom.
    pub by: UserId,
    /// From when on it is good for nothing.
    pub until: Timestamp,
    /// When it was used, and for which passkey.
    pub used: Option<(Timestamp, PasskeyId)>,
}

/// What is asked of passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasskeyCommand {
    /// Makes a link; an earlier one for the same person that waits ends.
    ///
    /// For an operator two operators must ask, since who could sign in as another would be two people alone; the one
    /// it is for may be one of them, and is enough once it has a good passkey. So is the console.
    Invite {
        /// For whom.
        user: User,
        /// SHA-256 of the link's code.
        sha256: Sha256,
        /// From when on it is good for nothing.
        until: Timestamp,
    },
    /// Registers a passkey by a link, in the name of whom the link is for.
    Register(Registering),
    /// Revokes a passkey, at once and for good.
    Revoke {
        /// Which one.
        passkey: PasskeyId,
        /// Why.
        reason: String,
        /// The passkey by which somebody at a member says so; an operator says so in its own name.
        by: Option<PasskeyId>,
    },
}

/// What a link is answered with; whoever makes the command has checked that the credential answers the ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registering {
    /// SHA-256 of the link's code.
    pub sha256: Sha256,
    /// The credential's id, base64url without padding.
    pub credential: String,
    /// The public credential.
    pub public: serde_json::Value,
    /// What its holder calls it.
    pub label: String,
}

/// What happened to passkeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasskeyEvent {
    /// One person asked for a link for an operator.
    LinkProposed {
        /// For whom.
        operator: UserId,
    },
    /// A link was made.
    LinkMade {
        /// Its number.
        link: LinkId,
        /// For whom.
        user: User,
        /// SHA-256 of its code.
        sha256: Sha256,
        /// From when on it is good for nothing.
        until: Timestamp,
    },
    /// A passkey was registered, and its link is good for nothing any more.
    Registered {
        /// The link.
        link: LinkId,
        /// The passkey's number.
        passkey: PasskeyId,
        /// The credential's id.
        credential: String,
        /// The public credential.
        public: serde_json::Value,
        /// What its holder calls it.
        label: String,
    },
    /// It was revoked.
    Revoked {
        /// Its number.
        passkey: PasskeyId,
        /// Why.
        reason: String,
        /// The passkey by which somebody at a member said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PasskeyId>,
    },
}

/// Every passkey and link of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passkeys {
    known: BTreeMap<PasskeyId, Passkey>,
    by_credential: BTreeMap<String, PasskeyId>,
    links: BTreeMap<LinkId, Link>,
    by_hash: BTreeMap<Sha256, LinkId>,
    /// For which operators one person asked, and who.
    proposed: BTreeMap<UserId, UserId>,
    /// When a member was last suspended, removed or declined.
    barred: BTreeMap<MemberId, Timestamp>,
}

impl Passkeys {
    /// Returns the passkeys, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Passkey> {
        self.known.values()
    }

    /// Returns the links, oldest first, those that ended too.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Returns the passkeys of a person, oldest first, those that were revoked too.
    pub fn of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Passkey> {
        self.known.values().filter(move |passkey| passkey.user == *user)
    }

    /// Returns a passkey by its number.
    #[must_use]
    pub fn get(&self, id: PasskeyId) -> Option<&Passkey> {
        self.known.get(&id)
    }

    /// Returns the passkey with a credential's id, base64url without padding.
    #[must_use]
    pub fn by_credential(&self, credential: &str) -> Option<&Passkey> {
        self.known.get(self.by_credential.get(credential)?)
    }

    /// Finds the link that a code is good for at an instant; nothing for one that is unknown, used, over or replaced by
    /// a later one, so that nobody is told which of these it is.
    #[must_use]
    pub fn open(&self, program: &Program, sha256: &Sha256, now: Timestamp) -> Option<&Link> {
        let found = self.links.get(self.by_hash.get(sha256)?)?;
        self.is_open(program, found, now).then_some(found)
    }

    /// Tells whether a link is good at an instant.
    #[must_use]
    pub fn is_open(&self, program: &Program, link: &Link, now: Timestamp) -> bool {
        let newest = self.links.values().rfind(|other| other.user == link.user);
        let replaced = newest.is_none_or(|newest| newest.id != link.id);
        !replaced && link.used.is_none() && now < link.until && link.user.welcome(program)
    }

    /// Returns when a person's sessions ended last, whatever made them: none that began before is good again, even if
    /// the member came back since.
    #[must_use]
    pub fn barred(&self, user: &User) -> Option<Timestamp> {
        match user {
            User::Operator(_) => None,
            User::AtMember { member, .. } => self.barred.get(member).copied(),
        }
    }
}

impl Passkey {
    /// Tells whether the passkey is good now: not revoked, and its holder may act.
    #[must_use]
    pub fn good(&self, program: &Program) -> bool {
        self.revoked.is_none() && self.user.may_act(program)
    }
}

impl User {
    /// Tells whether the person may act now: an operator while it is one, somebody at a member while the member is
    /// active or restricted.
    #[must_use]
    pub fn may_act(&self, program: &Program) -> bool {
        match self {
            Self::Operator(id) => program.operators().any(|operator| operator == id),
            Self::AtMember { member, .. } => program
                .member(member)
                .is_ok_and(|member| matches!(member.standing, Standing::Active | Standing::Restricted)),
        }
    }

    /// Returns in whose name the log has what the person does: an operator's own, or that of members.
    #[must_use]
    pub fn actor(&self) -> UserId {
        match self {
            Self::Operator(id) => id.clone(),
            Self::AtMember { .. } => UserId::member(),
        }
    }

    /// Tells whether a passkey may be registered for the person: people of a member in vetting get theirs beforehand.
    fn welcome(&self, program: &Program) -> bool {
        match self {
            Self::Operator(_) => self.may_act(program),
            Self::AtMember { member, .. } => program.member(member).is_ok_and(|member| {
                matches!(member.standing, Standing::Vetting | Standing::Active | Standing::Restricted)
            }),
        }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(id) => write!(f, "operator {id}"),
            Self::AtMember { member, name } => write!(f, "{name} of member {member}"),
        }
    }
}
