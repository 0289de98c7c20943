//! Why a decision is what it is, and what would change it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::{Answer, Decision, Effect, rounded};
use crate::entities::{Pair, is_duty};
use crate::facts::{DutySubject, Fact, KeyState, Restriction, Standing, Tier};
use crate::instant::down;
use crate::request::{Action, Subject, Thing};
use crate::says;
use crate::set::{PolicySet, Rule};

/// Holds a decision with its reasons and the single changes that would turn it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The decision that is explained.
    pub decision: Decision,
    /// One sentence for each policy that decided.
    pub because: Vec<String>,
    /// The changes that would turn it, cheapest first; each was found by deciding again.
    pub changes: Vec<Change>,
}

/// Holds one change and what the policies answer then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What would have to be different.
    pub what: String,
    /// What would follow.
    pub then: String,
}

impl PolicySet {
    /// Explains whether the member may fetch the item at `at`, and finds what would turn the answer.
    ///
    /// Of a refusal: waiting, then single changes of what is on record (one of `tiers` included), and where
    /// none suffices the smallest found combination. Of a permit: the instant it ends.
    pub fn explain(
        &self,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        at: Timestamp,
        tiers: &[Tier],
    ) -> Explanation {
        let (thing, at) = (&rounded(thing), down(at));
        let decision = self.decide(Action::Fetch, subject, thing, at);
        let because = match self.pair(Action::Fetch, subject, thing).map(|pair| self.rules_at(&pair, at)) {
            Ok(rules) if !rules.is_empty() => says::sentences(rules, subject, thing),
            _ => vec![decision.says.clone()],
        };
        let mut changes: Vec<_> = self.wait(subject, thing, at, decision.effect).into_iter().collect();
        if decision.effect == Effect::Deny {
            changes.extend(self.repairs(subject, thing, at, tiers));
        }
        Explanation { decision, because, changes }
    }

    fn rules_at(&self, pair: &Pair, at: Timestamp) -> Vec<&Rule> {
        match self.ask(pair, at) {
            Answer::Permit(rules) | Answer::Deny(rules) | Answer::Error(rules) => rules,
            Answer::Unformed(_) => Vec::new(),
        }
    }

    /// Finds the next instant at which time alone turns the answer.
    fn wait(&self, subject: &Subject<'_>, thing: &Thing<'_>, at: Timestamp, now: Effect) -> Option<Change> {
        let points = self.turning_points(subject, thing);
        let later = points.range(at..).filter(|point| **point > at);
        let mut turned = later.map(|point| (point, self.decide(Action::Fetch, subject, thing, *point)));
        let (point, then) = turned.find(|(_, decision)| decision.effect != now)?;
        let what = match now {
            Effect::Deny => format!("wait until {point}"),
            Effect::Permit => format!("ask from {point} on"),
        };
        Some(Change { what, then: then.says })
    }

    fn repairs(
        &self,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        at: Timestamp,
        tiers: &[Tier],
    ) -> Vec<Change> {
        let record = Record::of(subject);
        let decide = |record: &Record| self.decide(Action::Fetch, &record.subject(subject.member), thing, at);
        let permits = |record: &Record| decide(record).effect == Effect::Permit;
        let repairs = Repair::candidates(subject, at, tiers);
        let mut changes: Vec<(Vec<&Repair>, Record)> = Vec::new();
        for repair in &repairs {
            // A weaker change of the same thing that already turns it makes the stronger one idle.
            let idle = changes.iter().any(|(done, _)| done.iter().any(|done| done.same_thing(repair)));
            let changed = record.with(repair);
            if !idle && permits(&changed) {
                changes.push((vec![repair], changed));
            }
        }
        if changes.is_empty() {
            changes.extend(smallest(&record, &repairs, permits));
        }
        let worded = changes.iter().map(|(repairs, changed)| Change {
            what: repairs.iter().map(|repair| repair.to_string()).collect::<Vec<_>>().join(", and "),
            then: decide(changed).says,
        });
        worded.collect()
    }
}

/// Finds a combination of repairs that turns the answer and from which none can be left out.
fn smallest<'r>(
    record: &Record,
    repairs: &'r [Repair],
    permits: impl Fn(&Record) -> bool,
) -> Option<(Vec<&'r Repair>, Record)> {
    let apply = |chosen: &[&Repair]| chosen.iter().fold(record.clone(), |record, repair| record.with(repair));
    let mut chosen: Vec<_> = repairs.iter().collect();
    if !permits(&apply(&chosen)) {
        return None;
    }
    // The dearest are tried first, so that the cheapest stay.
    for repair in repairs.iter().rev() {
        let fewer: Vec<_> = chosen.iter().copied().filter(|kept| !std::ptr::eq(*kept, repair)).collect();
        if permits(&apply(&fewer)) {
            chosen = fewer;
        }
    }
    let changed = apply(&chosen);
    Some((chosen, changed))
}

/// Holds one thing on record that could be different, in rising order of cost.
#[derive(Clone, Debug)]
enum Repair {
    ConfirmKey,
    RenewAgreement(Timestamp),
    /// The statement is confirmed anew as it stands.
    ConfirmFact(usize, Fact),
    /// The statement is found to be that there is no duty.
    ConfirmNone(usize, Fact),
    Lift,
    Activate,
    Move(Tier),
}

impl Repair {
    fn candidates(subject: &Subject<'_>, at: Timestamp, tiers: &[Tier]) -> Vec<Self> {
        // Any instant after `at` does; a year keeps clear of every deadline on record.
        let later = at.checked_add(SignedDuration::from_hours(24 * 365)).unwrap_or(Timestamp::MAX);
        let mut repairs = Vec::new();
        if subject.key != KeyState::Confirmed {
            repairs.push(Self::ConfirmKey);
        }
        if subject.agreement_until.is_none_or(|until| until <= at) {
            repairs.push(Self::RenewAgreement(later));
        }
        let duties = || subject.facts.iter().enumerate().filter(|(_, fact)| is_duty(fact));
        let anew = |(place, fact): (usize, &Fact)| {
            Self::ConfirmFact(place, Fact { until: Some(later), ..fact.clone() })
        };
        repairs.extend(duties().map(anew));
        let none = |(place, fact): (usize, &Fact)| {
            let subject = Some(DutySubject::None);
            Self::ConfirmNone(
                place,
                Fact { subject, trigger: None, deadline: None, until: Some(later), ..fact.clone() },
            )
        };
        repairs.extend(duties().map(none));
        if subject.restriction.is_some() {
            repairs.push(Self::Lift);
        }
        if subject.standing != Standing::Active {
            repairs.push(Self::Activate);
        }
        let mut longer: Vec<_> = tiers.iter().filter(|tier| *tier != subject.tier).collect();
        longer.sort_by_key(|tier| (tier.lead, tier.classes.len()));
        repairs.extend(longer.into_iter().cloned().map(Self::Move));
        repairs
    }

    fn same_thing(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::ConfirmFact(one, _), Self::ConfirmNone(two, _)) => one == two,
            (Self::Move(_), Self::Move(_)) => true,
            _ => false,
        }
    }
}

impl std::fmt::Display for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ConfirmKey => f.write_str("confirm its key"),
            Self::RenewAgreement(_) => f.write_str("renew its agreement"),
            Self::ConfirmFact(_, fact) => {
                let subject = fact.subject.map_or("not known", DutySubject::as_str);
                write!(f, "confirm its statement about disclosure duties anew (subject {subject})")
            }
            Self::ConfirmNone(..) => f.write_str("confirm that it is under no such duty"),
            Self::Lift => f.write_str("lift its restriction"),
            Self::Activate => f.write_str("make it active"),
            Self::Move(tier) => write!(f, "move it to tier `{}`", tier.id),
        }
    }
}

/// Holds a copy of what is on record, to be changed and asked about.
#[derive(Clone, Debug)]
struct Record {
    tier: Tier,
    standing: Standing,
    agreement_until: Option<Timestamp>,
    key: KeyState,
    facts: Vec<Fact>,
    restriction: Option<Restriction>,
}

impl Record {
    fn of(subject: &Subject<'_>) -> Self {
        Self {
            tier: subject.tier.clone(),
            standing: subject.standing,
            agreement_until: subject.agreement_until,
            key: subject.key,
            facts: subject.facts.to_vec(),
            restriction: subject.restriction.cloned(),
        }
    }

    fn with(&self, repair: &Repair) -> Self {
        let mut changed = self.clone();
        match repair {
            Repair::ConfirmKey => changed.key = KeyState::Confirmed,
            Repair::RenewAgreement(until) => changed.agreement_until = Some(*until),
            Repair::ConfirmFact(place, fact) | Repair::ConfirmNone(place, fact) => {
                if let Some(kept) = changed.facts.get_mut(*place) {
                    kept.clone_from(fact);
                }
            }
            Repair::Lift => changed.restriction = None,
            Repair::Activate => changed.standing = Standing::Active,
            Repair::Move(tier) => changed.tier.clone_from(tier),
        }
        changed
    }

    fn subject<'a>(&'a self, member: &'a str) -> Subject<'a> {
        Subject {
            member,
            tier: &self.tier,
            standing: self.standing,
            agreement_until: self.agreement_until,
            key: self.key,
            facts: &self.facts,
            restriction: self.restriction.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests;
