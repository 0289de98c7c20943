//! From when on a member may have an item.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::decide::{Answer, rounded};
use crate::entities::Pair;
use crate::instant::down;
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
        let (thing, now) = (&rounded(thing), down(now));
        let pair = match self.pair(Action::Fetch, subject, thing) {
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
                Answer::Permit(rules) if bars.first.is_none() => {
                    return self.release((at, rules), now, subject, thing);
                }
                Answer::Permit(_) => return self.withhold(Some(at), &bars, subject, thing),
                Answer::Deny(rules) if self.grants_at(&pair, at) => bars.hold(at, rules),
                Answer::Deny(_) | Answer::Unformed(_) => {}
                Answer::Error(rules) => bars.hold(at, rules),
            }
        }
        if bars.first.is_none()
            && let Answer::Deny(rules) = self.ask(&pair, now)
        {
            bars.hold(now, rules);
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
        let instants = thing
            .public
            .into_iter()
            .chain(subject.agreement_until.map(down).filter(|_| reads("principal.agreement_until")))
            .chain(expiries.map(down).filter(|_| reads("principal.duty_confirmed_until")))
            .chain(self.rules().iter().flat_map(|rule| rule.reads.instants.iter().copied()));
        let shifts: BTreeSet<_> = std::iter::once(SignedDuration::ZERO)
            .chain(Some(subject.tier.lead.duration()).filter(|_| reads("principal.tier.lead")))
            .chain(deadlines.filter(|_| reads("principal.duties")))
            .chain(self.rules().iter().flat_map(|rule| rule.reads.durations.iter().copied()))
            .flat_map(|shift| [shift, -shift])
            .collect();
        let tick = SignedDuration::from_millis(1);
        instants
            .flat_map(|instant| shifts.iter().filter_map(move |shift| instant.checked_add(*shift).ok()))
            .flat_map(|at| [Some(at), at.checked_add(tick).ok()])
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
        // Of what is never given, only the bar that never ends is the reason.
        let named: Vec<_> = match until {
            Some(_) => {
                self.rules().iter().filter(|rule| bars.rules.iter().any(|bar| bar.id == rule.id)).collect()
            }
            None => bars.last.clone(),
        };
        let at = if until.is_some() { bars.first } else { bars.latest };
        outlook(effect, &start, &named, at.unwrap_or(Timestamp::MIN), subject, thing)
    }
}

/// Holds the bars met on the way to the first permitted instant.
#[derive(Default)]
struct Bars<'p> {
    first: Option<Timestamp>,
    latest: Option<Timestamp>,
    rules: Vec<&'p Rule>,
    last: Vec<&'p Rule>,
}

impl<'p> Bars<'p> {
    fn hold(&mut self, at: Timestamp, rules: Vec<&'p Rule>) {
        self.first.get_or_insert(at);
        self.latest = Some(at);
        self.rules.extend(&rules);
        self.last = rules;
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
