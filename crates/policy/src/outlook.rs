//! From when on a member may have an item.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::{Answer, rounded};
use crate::entities::Pair;
use crate::instant::{TICK, down, up};
use crate::lead::Lead;
use crate::request::{Action, Subject, Thing};
use crate::says;
use crate::set::{PolicySet, Rule};

/// Says from when on the member may have the item, as things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Prospect {
    /// The member may have it from `at` on, and nothing delays it past what tier and class give.
    ///
    /// A class outside the tier is released at the public instant: that is no delay.
    Release {
        /// The first instant of the stretch; it lies in the past where the member may have it now.
        at: Timestamp,
    },
    /// The member may not have it now, and a bar delays it past what tier and class give, or nothing gives it.
    Withhold {
        /// The first instant at which the member may have it; absent where there is none.
        until: Option<Timestamp>,
    },
}

/// Holds a prospect, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// From when on.
    #[serde(flatten)]
    pub effect: Prospect,
    /// The ids of the policies that decided, in the order of the policy text.
    pub policies: Vec<String>,
    /// What those policies read.
    pub facts: Vec<String>,
    /// The same for a person.
    pub says: String,
}

impl PolicySet {
    /// Finds the first stretch of time, not over at `now`, in which the member may fetch the item.
    ///
    /// The policies are asked at every instant at which an answer can change, so the outlook is what
    /// [`PolicySet::decide`] will answer as long as no fact changes.
    pub fn outlook(&self, subject: &Subject<'_>, thing: &Thing<'_>, now: Timestamp) -> Outlook {
        self.outlook_of(Action::Fetch, subject, thing, now)
    }

    /// Finds the same for either action.
    pub fn outlook_of(
        &self,
        action: Action,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        now: Timestamp,
    ) -> Outlook {
        let (thing, now) = (&rounded(thing), down(now));
        let pair = match self.pair(action, subject, thing) {
            Ok(pair) => pair,
            Err(why) => {
                let says = format!("withheld: the question could not be put to the policies ({why})");
                let effect = Prospect::Withhold { until: None };
                return Outlook { effect, policies: Vec::new(), facts: Vec::new(), says };
            }
        };
        let points = self.turning_points(subject, thing);
        if let Answer::Permit(rules) = self.ask(&pair, now) {
            return self.release(self.stretch_start(&pair, &points, now, rules), now, subject, thing);
        }
        let mut bars = Bars::default();
        for at in std::iter::once(now).chain(points.range(now..).copied().filter(|at| *at > now)) {
            match self.ask(&pair, at) {
                Answer::Permit(rules) if bars.0.is_empty() => {
                    return self.release((at, rules), now, subject, thing);
                }
                Answer::Permit(_) => return self.withhold(Some(at), &bars, subject, thing),
                Answer::Deny(rules) if self.grants_at(&pair, at) => bars.0.push((at, rules)),
                Answer::Deny(_) | Answer::Unformed(_) => {}
                Answer::Error(rules) => bars.0.push((at, rules)),
            }
        }
        if bars.0.is_empty()
            && let Answer::Deny(rules) = self.ask(&pair, now)
        {
            bars.0.push((now, rules));
        }
        self.withhold(None, &bars, subject, thing)
    }

    /// Returns every instant at which an answer about this pair can change, in whole milliseconds.
    ///
    /// Accepted policies compare instants with at most one shift, so an answer turns only at a known instant
    /// moved by at most one known length of time, or one millisecond after it (`>` instead of `>=`).
    pub(crate) fn turning_points(&self, subject: &Subject<'_>, thing: &Thing<'_>) -> BTreeSet<Timestamp> {
        let reads = |path: &str| self.rules().iter().any(|rule| rule.reads.path(path));
        let expiries = subject.facts.iter().filter_map(|fact| fact.until);
        let deadlines = subject.facts.iter().filter_map(|fact| fact.deadline).map(Lead::duration);
        let lifted = subject.restriction.and_then(|restriction| restriction.until);
        let instants = thing
            .public
            .into_iter()
            .chain(subject.agreement_until.map(down).filter(|_| reads("principal.agreement_until")))
            .chain(expiries.map(down).filter(|_| reads("principal.duty_confirmed_until")))
            .chain(lifted.map(up).filter(|_| reads("principal.restricted_until")))
            .chain(self.rules().iter().flat_map(|rule| rule.reads.instants.iter().copied()));
        let shifts: BTreeSet<_> = std::iter::once(SignedDuration::ZERO)
            .chain(Some(subject.tier.lead.duration()).filter(|_| reads("principal.tier.lead")))
            .chain(deadlines.filter(|_| reads("principal.duties")))
            .chain(self.rules().iter().flat_map(|rule| rule.reads.durations.iter().copied()))
            .flat_map(|shift| [shift, -shift])
            .collect();
        instants
            .flat_map(|instant| shifts.iter().filter_map(move |shift| instant.checked_add(*shift).ok()))
            .flat_map(|at| [Some(at), at.checked_add(TICK).ok()])
            .flatten()
            .collect()
    }

    /// Walks back from `now`, at which the member may have it, to where that began.
    fn stretch_start<'p>(
        &'p self,
        pair: &Pair,
        points: &BTreeSet<Timestamp>,
        now: Timestamp,
        rules: Vec<&'p Rule>,
    ) -> (Timestamp, Vec<&'p Rule>) {
        let mut start = (now, rules);
        for at in points.range(..=now).rev() {
            match self.ask(pair, *at) {
                Answer::Permit(rules) => start = (*at, rules),
                _ => break,
            }
        }
        start
    }

    fn release(
        &self,
        (at, rules): (Timestamp, Vec<&Rule>),
        now: Timestamp,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
    ) -> Outlook {
        let when = if at > now { "from" } else { "since" };
        let start = format!("released {when} {at}");
        let effect = Prospect::Release { at };
        outlook(effect, &start, &rules, at, subject, thing)
    }

    fn withhold(
        &self,
        until: Option<Timestamp>,
        bars: &Bars<'_>,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
    ) -> Outlook {
        let effect = Prospect::Withhold { until };
        let start = until.map_or("never released".to_owned(), |until| format!("withheld until {until}"));
        let (at, named) = bars.reasons(self.rules(), until.is_some());
        outlook(effect, &start, &named, at, subject, thing)
    }
}

/// Holds the bars met on the way to the first permitted instant, each with its instant.
#[derive(Default)]
struct Bars<'p>(Vec<(Timestamp, Vec<&'p Rule>)>);

impl<'p> Bars<'p> {
    /// Returns the policies to name, and the instant to tell their facts at.
    ///
    /// Of a delay every bar met; of what is never given those that hold throughout, or else the last.
    fn reasons(&self, rules: &'p [Rule], ends: bool) -> (Timestamp, Vec<&'p Rule>) {
        let first = self.0.first().map_or(Timestamp::MIN, |(at, _)| *at);
        let holds = |rule: &Rule, bar: &[&Rule]| bar.iter().any(|bar| bar.id == rule.id);
        let any = rules.iter().filter(|rule| self.0.iter().any(|(_, bar)| holds(rule, bar)));
        if ends {
            return (first, any.collect());
        }
        let throughout: Vec<_> = any.filter(|rule| self.0.iter().all(|(_, bar)| holds(rule, bar))).collect();
        match self.0.last() {
            Some((at, last)) if throughout.is_empty() => (*at, last.clone()),
            _ => (first, throughout),
        }
    }
}

fn outlook(
    effect: Prospect,
    start: &str,
    rules: &[&Rule],
    at: Timestamp,
    subject: &Subject<'_>,
    thing: &Thing<'_>,
) -> Outlook {
    let because = if rules.is_empty() {
        format!("no policy gives `{}` to `{}`", thing.item, subject.member)
    } else {
        says::sentences(rules.iter().copied(), subject, thing).join("; ")
    };
    Outlook {
        effect,
        policies: rules.iter().map(|rule| rule.id.clone()).collect(),
        facts: says::facts(rules, subject, thing, at),
        says: format!("{start}: {because}"),
    }
}

#[cfg(test)]
mod tests;
