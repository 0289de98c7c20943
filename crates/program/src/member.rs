//! Members: who they are, what they signed, what is known of them, which key is theirs.

mod decide;

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use policy::{Fact, FactKind, KeyState, Standing};
use serde::{Deserialize, Serialize};

use crate::{
    id::{MemberId, TierId, UserId},
    refusal::Refusal,
    vetting::{Contact, ContactRole, Sheet},
};

pub(crate) use decide::decide;

/// An organisation admitted to the program, or on its way in or out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// How many had applied before it; never changes.
    pub place: u32,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why it stands there, as last said.
    pub reason: String,
    /// Who moved it there.
    pub moved_by: UserId,
    /// Its tier, once admitted.
    pub tier: Option<TierId>,
    /// The agreement it signed, once admitted.
    pub agreement: Option<Agreement>,
    /// What is known of it, by [`fact_key`].
    pub facts: BTreeMap<String, RecordedFact>,
    /// Its keys, oldest first.
    pub keys: Vec<Key>,
    /// How it was vetted.
    pub sheet: Sheet,
    /// Whom to reach there.
    pub contacts: BTreeMap<ContactRole, Contact>,
}

/// The NDA a member signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Which text.
    pub version: String,
    /// Until when it binds; afterwards nothing is released to the member.
    pub until: Timestamp,
}

/// A fact with its provenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedFact {
    /// What is stated.
    pub fact: Fact,
    /// What it rests on: a document, a register, a statement.
    pub evidence: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who recorded it.
    pub by: UserId,
}

/// A member's sealing key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// The age recipient.
    pub recipient: String,
    /// What is read out over a second channel.
    pub fingerprint: String,
    /// Who confirmed it, once somebody did.
    pub confirmed_by: Option<UserId>,
    /// When it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
}

impl Member {
    /// Returns the key that copies are sealed to: the one confirmed last.
    #[must_use]
    pub fn confirmed_key(&self) -> Option<&Key> {
        self.keys.iter().rev().find(|key| key.confirmed_by.is_some())
    }

    /// Returns what the policies are told about the member's key.
    #[must_use]
    pub fn key_state(&self) -> KeyState {
        match (self.confirmed_key(), self.keys.is_empty()) {
            (Some(_), _) => KeyState::Confirmed,
            (None, false) => KeyState::Unconfirmed,
            (None, true) => KeyState::None,
        }
    }
}

/// Returns the key a fact is kept under: its kind, and for a duty its subject, trigger and deadline.
///
/// Recording a fact again under the same key replaces it, which is how it is renewed. Two different duties,
/// or a duty and the statement that there is none, stand side by side until one is withdrawn, and the
/// stricter one decides: a second law never hides the first.
#[must_use]
pub fn fact_key(fact: &Fact) -> String {
    let kind = wire_name(&fact.kind);
    match (&fact.kind, &fact.subject) {
        (FactKind::DisclosureDuty, Some(subject)) => {
            let trigger = fact.trigger.map(|trigger| format!("/{}", wire_name(&trigger)));
            let deadline = fact.deadline.map(|deadline| format!("/{deadline}"));
            let of = |part: Option<String>| part.unwrap_or_default();
            format!("{kind}/{}{}{}", wire_name(subject), of(trigger), of(deadline))
        }
        _ => kind,
    }
}

fn wire_name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::from("other"),
    }
}

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
    /// Moves the member to another standing.
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
        /// Which one, see [`fact_key`].
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
    /// Confirms a key after its fingerprint was compared over a second channel.
    ConfirmKey {
        /// The fingerprint as compared.
        fingerprint: String,
    },
    /// Confirms the key in use once more, which is due from time to time.
    ReconfirmKey {
        /// The fingerprint as compared.
        fingerprint: String,
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
    /// The key in use was confirmed once more.
    KeyReconfirmed {
        /// Whose.
        member: MemberId,
        /// Its fingerprint.
        fingerprint: String,
    },
}

/// Returns where a member may go from a standing; removed is for good.
#[must_use]
pub fn ways_from(from: Standing) -> &'static [Standing] {
    use Standing as S;
    match from {
        S::Applied => &[S::Vetting, S::Declined],
        S::Vetting => &[S::Active, S::Declined],
        S::Active => &[S::Restricted, S::Suspended, S::Removed],
        S::Restricted => &[S::Active, S::Suspended, S::Removed],
        S::Suspended => &[S::Active, S::Restricted, S::Removed],
        S::Declined => &[S::Applied],
        S::Removed => &[],
    }
}

/// Checks that a member may go from one standing to another.
///
/// # Errors
/// [`Refusal::IllegalStanding`], which lists the ways there are.
pub fn check_move(from: Standing, to: Standing) -> Result<(), Refusal> {
    if ways_from(from).contains(&to) {
        return Ok(());
    }
    let ways = match ways_from(from) {
        [] => String::from("nothing else"),
        ways => ways.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
    };
    Err(Refusal::IllegalStanding { from, to, ways })
}

/// Checks a change of standing outside of an admission, which alone gives a tier and an agreement.
pub(crate) fn check_change(member: &Member, to: Standing) -> Result<(), Refusal> {
    check_move(member.standing, to)?;
    if (member.standing, to) == (Standing::Vetting, Standing::Active) {
        return Err(Refusal::AdmitInstead { member: member.id.clone() });
    }
    Ok(())
}

pub(crate) fn apply(
    members: &mut BTreeMap<MemberId, Member>,
    event: &MemberEvent,
    at: Timestamp,
    actor: &UserId,
) {
    if let MemberEvent::Applied { member, name } = event {
        let place = u32::try_from(members.len()).unwrap_or(u32::MAX);
        members.insert(member.clone(), applicant(member, place, name, actor));
        return;
    }
    let Some(member) = members.get_mut(event.member()) else { return };
    match event {
        MemberEvent::Applied { .. } => {}
        MemberEvent::Moved { to, reason, .. } => {
            member.standing = *to;
            member.reason.clone_from(reason);
            member.moved_by = actor.clone();
        }
        MemberEvent::Tiered { tier, .. } => member.tier = Some(tier.clone()),
        MemberEvent::Signed { agreement, .. } => member.agreement = Some(agreement.clone()),
        MemberEvent::FactRecorded { fact, evidence, .. } => {
            let recorded =
                RecordedFact { fact: fact.clone(), evidence: evidence.clone(), at, by: actor.clone() };
            member.facts.insert(fact_key(fact), recorded);
        }
        MemberEvent::FactWithdrawn { key, .. } => {
            member.facts.remove(key);
        }
        MemberEvent::KeyAdded { recipient, fingerprint, .. } => member.keys.push(Key {
            recipient: recipient.clone(),
            fingerprint: fingerprint.clone(),
            confirmed_by: None,
            confirmed_at: None,
        }),
        MemberEvent::KeyConfirmed { fingerprint, .. } => {
            if let Some(place) = member.keys.iter().position(|key| key.fingerprint == *fingerprint) {
                let mut key = member.keys.remove(place);
                key.confirmed_by = Some(actor.clone());
                key.confirmed_at = Some(at);
                member.keys.push(key);
            }
        }
        MemberEvent::KeyReconfirmed { fingerprint, .. } => {
            if let Some(key) = member.keys.iter_mut().find(|key| key.fingerprint == *fingerprint) {
                key.confirmed_by = Some(actor.clone());
                key.confirmed_at = Some(at);
            }
        }
    }
}

fn applicant(id: &MemberId, place: u32, name: &str, actor: &UserId) -> Member {
    Member {
        id: id.clone(),
        place,
        name: name.to_owned(),
        standing: Standing::Applied,
        reason: String::from("applied"),
        moved_by: actor.clone(),
        tier: None,
        agreement: None,
        facts: BTreeMap::new(),
        keys: Vec::new(),
        sheet: Sheet::default(),
        contacts: BTreeMap::new(),
    }
}

impl MemberEvent {
    /// Returns the member it is about.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        match self {
            Self::Applied { member, .. }
            | Self::Moved { member, .. }
            | Self::Tiered { member, .. }
            | Self::Signed { member, .. }
            | Self::FactRecorded { member, .. }
            | Self::FactWithdrawn { member, .. }
            | Self::KeyAdded { member, .. }
            | Self::KeyConfirmed { member, .. }
            | Self::KeyReconfirmed { member, .. } => member,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.confirmed_by.is_some() { "confirmed" } else { "unconfirmed" };
        write!(f, "{} ({state})", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_has_these_edges_and_no_other() {
        use Standing as S;
        let all = [S::Applied, S::Vetting, S::Active, S::Restricted, S::Suspended, S::Removed, S::Declined];
        let edges: Vec<String> = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| check_move(*from, *to).is_ok())
            .map(|(from, to)| format!("{from}>{to}"))
            .collect();
        assert_eq!(
            edges.join(" "),
            "applied>vetting applied>declined vetting>active vetting>declined active>restricted \
             active>suspended active>removed restricted>active restricted>suspended restricted>removed \
             suspended>active suspended>restricted suspended>removed declined>applied"
        );
    }

    #[test]
    fn a_refused_move_lists_the_ways_there_are() {
        let said = check_move(Standing::Removed, Standing::Active).unwrap_err().to_string();
        assert_eq!(
            said,
            "a member that is removed cannot become active: from removed it can become nothing else"
        );
    }
}
