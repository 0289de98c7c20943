//! From the program's state to a question for the policies, and back.

use jiff::Timestamp;
use policy::{
    Action, Anyone, Decision, DutySubject, Explanation, Fact, FactKind, Lead, Outlook, PolicySet,
    Restriction, Subject, Thing, Tier,
};

use crate::{case::Case, item::Item, member::Member, program::Program};

/// What the policies are told of a member, owned for as long as they are asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dossier {
    tier: Tier,
    standing: policy::Standing,
    agreement_until: Option<Timestamp>,
    key: policy::KeyState,
    facts: Vec<Fact>,
    restriction: Option<Restriction>,
}

impl Dossier {
    /// Collects what is on record about a member, as it is at an instant.
    ///
    /// A member that was never asked about disclosure duties is told to the policies as one with an
    /// unanswered duty: not knowing restricts. A member without a tier gets a tier that has nothing early.
    #[must_use]
    pub fn of(program: &Program, member: &Member, now: Timestamp) -> Self {
        let nothing_early = || Tier { id: String::from("none"), lead: Lead::ZERO, classes: [].into() };
        let tier = member.tier.as_ref().and_then(|id| program.tier(id).ok()).cloned();
        let mut facts: Vec<Fact> = member.facts.values().map(|recorded| recorded.fact.clone()).collect();
        if !facts.iter().any(|fact| fact.kind == FactKind::DisclosureDuty) {
            facts.push(unanswered());
        }
        Self {
            tier: tier.unwrap_or_else(nothing_early),
            standing: member.standing,
            agreement_until: member.agreement.as_ref().map(|agreement| agreement.until),
            key: member.key_state(program.rules(), now),
            facts,
            restriction: program.restriction(&member.id).cloned(),
        }
    }

    /// Returns the question's subject.
    #[must_use]
    pub fn subject<'a>(&'a self, member: &'a Member) -> Subject<'a> {
        Subject {
            member: member.id.as_str(),
            tier: &self.tier,
            standing: self.standing,
            agreement_until: self.agreement_until,
            key: self.key,
            facts: &self.facts,
            restriction: self.restriction.as_ref(),
        }
    }
}

/// The duty of a member that nobody asked yet.
fn unanswered() -> Fact {
    Fact {
        kind: FactKind::DisclosureDuty,
        subject: None::<DutySubject>,
        trigger: None,
        deadline: None,
        says: Some(String::from("never asked")),
        until: None,
    }
}

/// Returns what the policies may know of an item.
#[must_use]
pub fn thing<'a>(case: &Case, item: &'a Item) -> Thing<'a> {
    Thing { item: item.item.as_str(), class: item.class, public: case.embargo().public() }
}

/// Asks whether a member may do something with an item at an instant.
#[must_use]
pub fn judge(
    program: &Program,
    policy: &PolicySet,
    case: &Case,
    item: &Item,
    member: &Member,
    action: Action,
    now: Timestamp,
) -> Decision {
    policy.decide(action, &Dossier::of(program, member, now).subject(member), &thing(case, item), now)
}

/// Asks what takes as long as any other question, about an item that nobody has.
#[must_use]
pub fn nothing(program: &Program, policy: &PolicySet, member: &Member, now: Timestamp) -> Decision {
    let thing = Thing { item: "nothing", class: policy::Class::Reproduction, public: None };
    policy.decide(Action::Fetch, &Dossier::of(program, member, now).subject(member), &thing, now)
}

/// Asks from when a member may do something with an item.
#[must_use]
pub fn outlook(
    policy: &PolicySet,
    case: &Case,
    item: &Item,
    member: &Member,
    dossier: &Dossier,
    action: Action,
    now: Timestamp,
) -> Outlook {
    policy.outlook_of(action, &dossier.subject(member), &thing(case, item), now)
}

/// Asks from when whoever has this record may have any item of a class; nothing where a policy names somebody.
#[must_use]
pub fn outlook_of_anyone(
    policy: &PolicySet,
    case: &Case,
    item: &Item,
    member: &Member,
    dossier: &Dossier,
    now: Timestamp,
) -> Option<Anyone> {
    policy.outlook_of_anyone(&dossier.subject(member), &thing(case, item), now)
}

/// Asks why a member may or may not have an item at an instant, and what would change it.
#[must_use]
pub fn explain(
    program: &Program,
    policy: &PolicySet,
    case: &Case,
    item: &Item,
    member: &Member,
    at: Timestamp,
) -> Explanation {
    let tiers: Vec<Tier> = program.tiers().cloned().collect();
    policy.explain(&Dossier::of(program, member, at).subject(member), &thing(case, item), at, &tiers)
}
