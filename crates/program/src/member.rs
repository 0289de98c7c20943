//! Members: who they are, what they signed, what is known of them, which key is theirs.

mod apply;
mod command;
mod decide;
mod event;

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use policy::{Fact, FactKind, KeyState, Standing};
use serde::{Deserialize, Serialize};

use crate::{
    id::{MemberId, TierId, UserId},
    refusal::Refusal,
    rules::Rules,
    vetting::{Contact, ContactRole, Sheet, due_again},
};

pub use command::{Enrolment, MemberCommand};
pub use event::MemberEvent;

pub(crate) use apply::apply;
pub(crate) use decide::{check_key, check_signing_key, decide};

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
    /// A move that waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_move: Option<ProposedMove>,
    /// Its tier, once admitted.
    pub tier: Option<TierId>,
    /// The agreement it signed, once admitted.
    pub agreement: Option<Agreement>,
    /// What is known of it, by [`fact_key`].
    pub facts: BTreeMap<String, RecordedFact>,
    /// Its keys, oldest first.
    pub keys: Vec<Key>,
    /// The keys it signs with, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signing_keys: Vec<SigningKey>,
    /// Whether its fetches must be signed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signature_required: bool,
    /// How it was vetted.
    pub sheet: Sheet,
    /// Whom to reach there.
    pub contacts: BTreeMap<ContactRole, Contact>,
}

/// A move to another standing that one person asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProposedMove {
    /// Where to.
    pub to: Standing,
    /// Why.
    pub reason: String,
    /// Who asked first.
    pub by: UserId,
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

/// A key that a member signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SigningKey {
    /// The public key.
    pub key: String,
    /// What is read out over a second channel.
    pub fingerprint: String,
    /// Who confirmed it and when, once somebody did.
    pub confirmed: Option<(UserId, Timestamp)>,
}

impl Member {
    /// Returns the key that the member's signatures are checked with: the one confirmed last.
    #[must_use]
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.signing_keys.iter().rev().find(|key| key.confirmed.is_some())
    }

    /// Returns the key that signatures of the member's fetches are checked with at an instant: the one confirmed last,
    /// unless it was to be compared again by then.
    #[must_use]
    pub fn fetch_key(&self, rules: &Rules, now: Timestamp) -> Option<&SigningKey> {
        self.signing_key().filter(|key| {
            let confirmed = key.confirmed.as_ref().map(|(_, at)| *at);
            confirmed.and_then(|at| due_again(rules, at)).is_none_or(|ends| now < ends)
        })
    }

    /// Returns the fingerprints of keys of either kind that nobody has compared yet.
    pub fn unconfirmed(&self) -> impl Iterator<Item = &str> {
        let sealing = self.keys.iter().filter(|key| key.confirmed_by.is_none()).map(|key| &key.fingerprint);
        let signing =
            self.signing_keys.iter().filter(|key| key.confirmed.is_none()).map(|key| &key.fingerprint);
        sealing.chain(signing).map(String::as_str)
    }

    /// Returns the key that copies are sealed to: the one confirmed last.
    #[must_use]
    pub fn confirmed_key(&self) -> Option<&Key> {
        self.keys.iter().rev().find(|key| key.confirmed_by.is_some())
    }

    /// Returns what the policies are told about the member's key at an instant: one that nobody confirmed again in
    /// time has expired, since it may be somebody else's by now.
    #[must_use]
    pub fn key_state(&self, rules: &Rules, now: Timestamp) -> KeyState {
        let ends = |key: &Key| due_again(rules, key.confirmed_at?);
        match (self.confirmed_key(), self.keys.is_empty()) {
            (Some(key), _) if ends(key).is_some_and(|ends| ends <= now) => KeyState::Expired,
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

/// Tells whether a move to a standing takes two people: whatever gives or takes for longer than a suspension.
#[must_use]
pub fn takes_two(to: Standing) -> bool {
    matches!(to, Standing::Active | Standing::Restricted | Standing::Removed)
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

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.confirmed_by.is_some() { "confirmed" } else { "unconfirmed" };
        write!(f, "{} ({state})", self.fingerprint)
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.confirmed.is_some() { "confirmed" } else { "unconfirmed" };
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
