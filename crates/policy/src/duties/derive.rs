//! Which duties follow from what is recorded, which do not, and which nobody can tell yet.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Confidence, Duty, NONE, Pack};
use crate::facts::{Fact, FactKind};

/// Whether a duty follows from the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does.
    Follows,
    /// It would, were the entry verified: counsel decides.
    AskCounsel,
    /// The facts that it asks for are missing, lapsed, not readable or at odds.
    Unknown,
    /// It does not.
    No,
}

/// What the facts make of one duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding<'a> {
    /// Which duty.
    pub duty: &'a Duty,
    /// Whether it follows.
    pub verdict: Verdict,
    /// Why, in words: the facts that were read, and what they lack.
    pub because: Vec<String>,
}

/// What the facts of one kind say.
enum Said {
    Known(BTreeSet<String>),
    Unknown(String),
}

impl Pack {
    /// Works out what the facts on record make of every duty of the pack, as of an instant.
    ///
    /// Not knowing never comes out as "no": a kind of fact that was never recorded, has lapsed, says something that is
    /// no value of the pack, or is stated in two ways that disagree leaves the duty open.
    #[must_use]
    pub fn derive(&self, facts: &[&Fact], now: Timestamp) -> Vec<Finding<'_>> {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.duty
            .iter()
            .map(|duty| {
                if duty.since > today {
                    let because = vec![format!("in force only from {}", duty.since)];
                    return Finding { duty, verdict: Verdict::No, because };
                }
                let (verdict, because) = self.of(duty, facts, now);
                let ask = verdict == Verdict::Follows && duty.confidence == Confidence::Unverified;
                Finding { duty, verdict: if ask { Verdict::AskCounsel } else { verdict }, because }
            })
            .collect()
    }

    /// One alternative is enough; where none holds, one that nobody can rule out leaves it open.
    fn of(&self, duty: &Duty, facts: &[&Fact], now: Timestamp) -> (Verdict, Vec<String>) {
        let (mut open, mut against) = (Vec::new(), Vec::new());
        for all in &duty.when {
            let (mut yes, mut no, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
            for (kind, wanted) in all {
                match self.said(*kind, facts, now) {
                    Said::Unknown(why) => unknown.push(why),
                    Said::Known(values) => match values.iter().find(|value| self.meets(wanted, value)) {
                        Some(value) => yes.push(format!("{kind}: {value}")),
                        None => no.push(format!("{kind}: {}", listed(&values))),
                    },
                }
            }
            match (no.is_empty(), unknown.is_empty()) {
                (true, true) => return (Verdict::Follows, yes),
                (true, false) => open.extend(unknown),
                (false, _) => against.extend(no),
            }
        }
        if open.is_empty() { (Verdict::No, against) } else { (Verdict::Unknown, open) }
    }

    fn meets(&self, wanted: &[String], value: &str) -> bool {
        wanted
            .iter()
            .any(|one| one == value || self.regions.get(one).is_some_and(|places| places.contains(value)))
    }

    fn said(&self, kind: FactKind, facts: &[&Fact], now: Timestamp) -> Said {
        let mut known: Option<BTreeSet<String>> = None;
        for fact in facts.iter().filter(|fact| fact.kind == kind) {
            let values = match self.values(fact, now) {
                Ok(values) => values,
                Err(why) => return Said::Unknown(format!("{kind}: {why}")),
            };
            if known.as_ref().is_some_and(|before| *before != values) {
                return Said::Unknown(format!("{kind}: two facts disagree"));
            }
            known = Some(values);
        }
        known.map_or_else(|| Said::Unknown(format!("{kind}: never asked")), Said::Known)
    }

    fn values(&self, fact: &Fact, now: Timestamp) -> Result<BTreeSet<String>, String> {
        match fact.until {
            None => return Err(String::from("never confirmed")),
            Some(until) if until <= now => return Err(format!("lapsed at {until}")),
            Some(_) => {}
        }
        let says = fact.says.as_deref().unwrap_or_default();
        let values: Vec<String> = says.split(',').map(|value| value.trim().to_owned()).collect();
        if self.says(fact.kind, &values).is_err() {
            return Err(format!("says `{says}`, which is no list of codes; record it again with `--value`"));
        }
        Ok(values.into_iter().filter(|value| value != NONE).collect())
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    if values.is_empty() {
        return String::from(NONE);
    }
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
