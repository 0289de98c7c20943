//! What may be asked of a member's record.

use policy::{Fact, Standing};

use super::Agreement;
use crate::id::TierId;

/// What a person asks of a member's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberCommand {
    /// Takes an application.
    Apply {
        /// Its name.
        name: String,
    },
    /// Takes an organisation in at once: application, vetting, admission and what is known so far.
    Enrol(Box<Enrolment>),
    /// Begins to vet an applicant.
    Vet,
    /// Admits an applicant into a tier under an agreement.
    Admit {
        /// Into which tier.
        tier: TierId,
        /// Under which agreement.
        agreement: Agreement,
    },
    /// Moves the member to another standing; takes effect when a second person asks for the same, except for a
    /// suspension, which must not wait.
    Move {
        /// Where to.
        to: Standing,
        /// Why.
        reason: String,
    },
    /// Puts the member into another tier.
    ChangeTier {
        /// Which one.
        tier: TierId,
    },
    /// Records that it signed an agreement.
    SignAgreement {
        /// Which one.
        agreement: Agreement,
    },
    /// Records a fact.
    RecordFact {
        /// What is stated.
        fact: Fact,
        /// What it rests on.
        evidence: String,
    },
    /// Takes a fact back.
    WithdrawFact {
        /// Which one, see [`crate::member::fact_key`].
        key: String,
        /// Why.
        reason: String,
    },
    /// Adds a key, unconfirmed.
    AddKey {
        /// The age recipient.
        recipient: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// Adds a key that the member signs with, unconfirmed.
    AddSigningKey {
        /// The public key.
        key: String,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// Confirms a key of either kind after its fingerprint was compared over a second channel.
    ConfirmKey {
        /// The fingerprint as compared.
        fingerprint: String,
    },
    /// Confirms the key in use, of either kind, once more, which is due from time to time.
    ReconfirmKey {
        /// The fingerprint as compared.
        fingerprint: String,
    },
    /// Says whether the member's fetches must be signed with its signing key.
    RequireSignature {
        /// Whether they must.
        required: bool,
    },
}

/// What a member is enrolled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Its name.
    pub name: String,
    /// Its tier.
    pub tier: TierId,
    /// The agreement it signed.
    pub agreement: Agreement,
    /// Facts with their evidence.
    pub facts: Vec<(Fact, String)>,
    /// Recipient and fingerprint of its key, still to be confirmed.
    pub key: Option<(String, String)>,
}
