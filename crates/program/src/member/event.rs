//! What happens to a member's record.

use policy::{Fact, Standing};
use serde::{Deserialize, Serialize};

use super::Agreement;
use crate::id::{MemberId, TierId};

/// What happened to a member's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberEvent {
    /// It applied.
    Applied {
        /// Who.
        member: MemberId,
        /// Its name.
        name: String,
    },
    /// It moved to another standing.
    Moved {
        /// Who.
        member: MemberId,
        /// Where to.
        to: Standing,
        /// Why.
        reason: String,
    },
    /// A move that takes two people was asked for by the first.
    MoveProposed {
        /// Who.
        member: MemberId,
        /// Where to.
        to: Standing,
        /// Why.
        reason: String,
    },
    /// It is in a tier.
    Tiered {
        /// Who.
        member: MemberId,
        /// Which tier.
        tier: TierId,
    },
    /// It signed an agreement.
    Signed {
        /// Who.
        member: MemberId,
        /// Which agreement.
        agreement: Agreement,
    },
    /// A fact was recorded.
    FactRecorded {
        /// About whom.
        member: MemberId,
        /// What is stated.
        fact: Fact,
        /// What it rests on.
        evidence: String,
    },
    /// A fact was taken back.
    FactWithdrawn {
        /// About whom.
        member: MemberId,
        /// Which one.
        key: String,
        /// Why.
        reason: String,
    },
    /// A key was added.
    KeyAdded {
        /// Whose.
        member: MemberId,
        /// The age recipient.
        recipient: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// A key was confirmed.
    KeyConfirmed {
        /// Whose.
        member: MemberId,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// A key that it signs with was added.
    SigningKeyAdded {
        /// Whose.
        member: MemberId,
        /// The public key.
        key: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// A key that it signs with was confirmed, for the first time or once more.
    SigningKeyConfirmed {
        /// Whose.
        member: MemberId,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The key in use was confirmed once more.
    KeyReconfirmed {
        /// Whose.
        member: MemberId,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// Its fetches must be signed from now on, or need not be any more.
    SignatureRequired {
        /// Whose.
        member: MemberId,
        /// Whether they must.
        required: bool,
    },
}

impl MemberEvent {
    /// Returns the member it is about.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        match self {
            Self::Applied { member, .. }
            | Self::Moved { member, .. }
            | Self::MoveProposed { member, .. }
            | Self::Tiered { member, .. }
            | Self::Signed { member, .. }
            | Self::FactRecorded { member, .. }
            | Self::FactWithdrawn { member, .. }
            | Self::KeyAdded { member, .. }
            | Self::KeyConfirmed { member, .. }
            | Self::SigningKeyAdded { member, .. }
            | Self::SigningKeyConfirmed { member, .. }
            | Self::KeyReconfirmed { member, .. }
            | Self::SignatureRequired { member, .. } => member,
        }
    }
}
