//! What lapses soon at which member, and what the policies make of that.

use std::{collections::BTreeSet, fmt};

use jiff::{SignedDuration, Timestamp};
use policy::{Action, Class, Effect, FactKind, PolicySet, Standing, Thing};

use crate::{id::MemberId, judge::Dossier, member::Member, plan::Plan, program::Program, vetting::due_again};

/// What lapses, or is due to be looked at again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The agreement ends.
    Agreement,
    /// A fact no longer holds; by its key, see [`crate::member::fact_key`].
    Fact(String),
    /// A fact was never confirmed.
    Unconfirmed(String),
    /// The key's fingerprint is compared again; by fingerprint.
    Key(String),
    /// The fingerprint of the key that the member's fetches must be signed with is compared again; by fingerprint.
    SigningKey(String),
    /// The member is attested again: the oldest assessment on its sheet is too old.
    Sheet,
    /// The member's name is compared with the lists again.
    Screening,
}

/// Something that lapses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// At which member.
    pub member: MemberId,
    /// What.
    pub what: What,
    /// When.
    pub at: Timestamp,
    /// What happens then, as the policies have it.
    pub then: String,
}

impl Due {
    /// Returns the whole days from now, rounded down; below zero once it has lapsed.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        const DAY: i128 = 86_400_000_000_000;
        let left = self.at.as_nanosecond().saturating_sub(now.as_nanosecond()).div_euclid(DAY);
        i64::try_from(left).unwrap_or(i64::MAX)
    }

    /// Says how soon it lapses.
    #[must_use]
    pub fn urgency(&self, now: Timestamp) -> &'static str {
        match self.days_left(now) {
            _ if self.at <= now => "lapsed",
            ..1 => "in a day",
            1..7 => "in 7 days",
            7..30 => "in 30 days",
            _ => "later",
        }
    }
}

/// Returns what lapses within a time from now, and what has lapsed, oldest first.
#[must_use]
pub fn due(program: &Program, policy: &PolicySet, now: Timestamp, within: SignedDuration) -> Vec<Due> {
    let until = now.checked_add(within).unwrap_or(Timestamp::MAX);
    let mut found: Vec<Due> = program
        .members()
        .filter(|member| watched(member.standing))
        .flat_map(|member| lapses(program, member).into_iter().map(move |(what, at)| (member, what, at)))
        .filter(|(_, _, at)| *at <= until)
        .map(|(member, what, at)| {
            let then = consequence(program, policy, member, &what, at);
            Due { member: member.id.clone(), what, at, then }
        })
        .collect();
    found.sort_by(|a, b| (a.at, &a.member, &a.what).cmp(&(b.at, &b.member, &b.what)));
    found
}

/// Returns what has lapsed at the members a plan is about, oldest first: no policy need read it, and somebody must.
#[must_use]
pub fn overdue(program: &Program, plan: &Plan) -> Vec<Due> {
    let reached: BTreeSet<&MemberId> = plan.rows.iter().map(|row| &row.member).collect();
    let mut lapsed = due(program, program.policies(), plan.now, SignedDuration::ZERO);
    lapsed.retain(|due| reached.contains(&due.member));
    lapsed
}

/// Who is on the way in or a member; nothing is kept fresh about the others.
pub(crate) fn watched(standing: Standing) -> bool {
    matches!(standing, Standing::Vetting | Standing::Active | Standing::Restricted | Standing::Suspended)
}

pub(crate) fn lapses(program: &Program, member: &Member) -> Vec<(What, Timestamp)> {
    let rules = program.rules();
    let again = |found: Timestamp| due_again(rules, found).unwrap_or(Timestamp::MAX);
    let agreement = member.agreement.iter().map(|agreement| (What::Agreement, agreement.until));
    let facts = member.facts.iter().map(|(key, recorded)| match recorded.fact.until {
        Some(until) => (What::Fact(key.clone()), until),
        None => (What::Unconfirmed(key.clone()), recorded.at),
    });
    let key = member
        .confirmed_key()
        .and_then(|key| Some((What::Key(key.fingerprint.clone()), again(key.confirmed_at?))));
    let signing = member.signing_key().filter(|_| member.signature_required).and_then(|key| {
        let (_, at) = key.confirmed.as_ref()?;
        Some((What::SigningKey(key.fingerprint.clone()), again(*at)))
    });
    let assessed = rules.criteria.iter().filter_map(|criterion| member.sheet.assessments.get(&criterion.id));
    let sheet = assessed.map(|found| found.at).min().map(|oldest| (What::Sheet, again(oldest)));
    let screening = member.sheet.screening.iter().map(|recorded| (What::Screening, again(recorded.at)));
    agreement.chain(facts).chain(key).chain(signing).chain(sheet).chain(screening).collect()
}

/// Says what the member no longer has from an instant, by asking the policies just before and at it.
fn consequence(program: &Program, policy: &PolicySet, member: &Member, what: &What, at: Timestamp) -> String {
    const MOMENT: SignedDuration = SignedDuration::from_millis(1);
    /// Well within every lead time but none.
    const AHEAD: SignedDuration = SignedDuration::from_secs(1);
    if matches!(what, What::SigningKey(_)) {
        return format!("no fetch, since its fetches must be signed: {}", advice(what));
    }
    if !read_by_policies(member, what) {
        return format!("no policy reads it: {}", advice(what));
    }
    let ask = |class: Class, now: Timestamp| {
        let public = at.checked_add(AHEAD).ok();
        let thing = Thing { item: class.as_str(), class, public };
        policy.decide(Action::Fetch, &Dossier::of(program, member, now).subject(member), &thing, now)
    };
    let before = at.checked_sub(MOMENT).unwrap_or(at);
    let asked: Vec<_> =
        Class::ALL.iter().map(|class| (class, ask(*class, before), ask(*class, at))).collect();
    let lost =
        || asked.iter().filter(|(_, was, is)| (was.effect, is.effect) == (Effect::Permit, Effect::Deny));
    if let Some((_, _, why)) = lost().next() {
        let classes: Vec<&str> = lost().map(|(class, ..)| class.as_str()).collect();
        let (classes, says) = (classes.join(", "), &why.says);
        return format!("nothing of class {classes} before it is public: {says}; {}", advice(what));
    }
    match asked.iter().find(|(_, _, is)| is.effect == Effect::Deny) {
        Some((_, _, why)) => format!("nothing more than already: {}; {}", why.says, advice(what)),
        None => format!("nothing, by the policies in force: {}", advice(what)),
    }
}

/// Policies are told of agreements, of keys and of disclosure duties, and of nothing else here.
fn read_by_policies(member: &Member, what: &What) -> bool {
    match what {
        What::Agreement | What::Key(_) => true,
        What::Fact(key) | What::Unconfirmed(key) => {
            member.facts.get(key).is_some_and(|recorded| recorded.fact.kind == FactKind::DisclosureDuty)
        }
        What::SigningKey(_) | What::Sheet | What::Screening => false,
    }
}

pub(crate) fn advice(what: &What) -> &'static str {
    match what {
        What::Agreement => "have a new agreement signed",
        What::Fact(_) | What::Unconfirmed(_) => "ask again and record it anew",
        What::Key(_) | What::SigningKey(_) => "compare its fingerprint over a second channel again",
        What::Sheet => "assess the criteria again, and let two people sign",
        What::Screening => "screen the member against a newer list",
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agreement => f.write_str("agreement"),
            Self::Fact(key) => write!(f, "fact {key}"),
            Self::Unconfirmed(key) => write!(f, "fact {key}, never confirmed"),
            Self::Key(fingerprint) => write!(f, "key {fingerprint}"),
            Self::SigningKey(fingerprint) => write!(f, "signing key {fingerprint}"),
            Self::Sheet => f.write_str("criteria sheet"),
            Self::Screening => f.write_str("screening"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_what_has_lapsed_says_so() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let told = |at: &str| {
            let (member, then) = ("acme".parse().unwrap(), String::new());
            let due = Due { member, what: What::Agreement, at: at.parse().unwrap(), then };
            (due.days_left(now), due.urgency(now))
        };
        assert_eq!(told("2026-06-01T12:00:00Z"), (0, "lapsed"));
        assert_eq!(told("2026-05-31T13:00:00Z"), (-1, "lapsed"));
        assert_eq!(told("2026-06-01T12:00:01Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T11:59:59Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T11:59:59.999Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T12:00:00Z"), (1, "in 7 days"));
        assert_eq!(told("2026-06-08T12:00:00Z"), (7, "in 30 days"));
        assert_eq!(told("2026-07-01T12:00:00Z"), (30, "later"));
    }
}
