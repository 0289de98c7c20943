//! A scenario file: members, items and an instant, to see what a policy set would do with them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::facts::{Class, DutySubject, Fact, FactKind, KeyState, Standing, Tier, Trigger};
use crate::lead::Lead;
use crate::outlook::Prospect;
use crate::request::{Subject, Thing};
use crate::set::PolicySet;

/// Holds a scenario as read from TOML; every identifier is unique and every tier that is named exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    now: Timestamp,
    public: Option<Timestamp>,
    tiers: Vec<Tier>,
    members: Vec<Member>,
    items: Vec<Item>,
}

/// Holds what one member gets of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The member's identifier.
    pub member: String,
    /// The item's identifier.
    pub item: String,
    /// `release` with `at`, or `withhold` with `until`, which is null where it is never released.
    #[serde(flatten)]
    pub effect: Prospect,
    /// The ids of the policies that decided.
    pub reasons: Vec<String>,
    /// What those policies read.
    pub facts: Vec<String>,
    /// The same for a person.
    pub says: String,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] for text that is not TOML, an unknown or missing field, an instant without an
    /// offset, an identifier used twice, or a tier that is not defined.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let read: File =
            toml::from_str(text).map_err(|error| ScenarioError::Form { why: error.to_string() })?;
        unique("tier", read.tier.iter().map(|tier| tier.id.as_str()))?;
        unique("member", read.member.iter().map(|member| member.id.as_str()))?;
        unique("item", read.item.iter().map(|item| item.id.as_str()))?;
        for member in &read.member {
            if !read.tier.iter().any(|tier| tier.id == member.tier) {
                return Err(ScenarioError::Tier { member: member.id.clone(), tier: member.tier.clone() });
            }
        }
        let public = read.public.map(|public| public.0);
        Ok(Self { now: read.now.0, public, tiers: read.tier, members: read.member, items: read.item })
    }

    /// Finds what every member gets of every item, in the order of the file: members, then items.
    pub fn run(&self, policies: &PolicySet) -> Vec<Row> {
        let rows = self.members.iter().flat_map(|member| {
            let facts: Vec<_> = member.fact.iter().map(FileFact::fact).collect();
            let tier = self.tiers.iter().find(|tier| tier.id == member.tier);
            let subject = tier.map(|tier| (tier, facts));
            self.items.iter().filter_map(move |item| {
                let (tier, facts) = subject.as_ref()?;
                Some(self.row(policies, &member.subject(tier, facts), item))
            })
        });
        rows.collect()
    }

    fn row(&self, policies: &PolicySet, subject: &Subject<'_>, item: &Item) -> Row {
        let thing = Thing { item: &item.id, class: item.class, public: self.public };
        let outlook = policies.outlook(subject, &thing, self.now);
        Row {
            member: subject.member.to_owned(),
            item: item.id.clone(),
            effect: outlook.effect,
            reasons: outlook.policies,
            facts: outlook.facts,
            says: outlook.says,
        }
    }
}

/// Says why a scenario was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// The text does not have the form of a scenario.
    #[error("{why}")]
    Form {
        /// The place and the mistake.
        why: String,
    },
    /// An identifier is used twice.
    #[error("the {kind} `{id}` is there twice; give each {kind} its own id")]
    Twice {
        /// What it identifies.
        kind: &'static str,
        /// The identifier.
        id: String,
    },
    /// A member is in a tier that is not defined.
    #[error("the member `{member}` is in tier `{tier}`, which is not defined; add a [[tier]] with that id")]
    Tier {
        /// The member.
        member: String,
        /// The tier it names.
        tier: String,
    },
}

fn unique<'a>(kind: &'static str, ids: impl Iterator<Item = &'a str>) -> Result<(), ScenarioError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(ScenarioError::Twice { kind, id: id.to_owned() });
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    now: Instant,
    public: Option<Instant>,
    #[serde(default)]
    tier: Vec<Tier>,
    #[serde(default)]
    member: Vec<Member>,
    #[serde(default)]
    item: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    id: String,
    tier: String,
    standing: Standing,
    agreement_until: Option<Instant>,
    key: KeyState,
    #[serde(default)]
    fact: Vec<FileFact>,
}

impl Member {
    fn subject<'a>(&'a self, tier: &'a Tier, facts: &'a [Fact]) -> Subject<'a> {
        Subject {
            member: &self.id,
            tier,
            standing: self.standing,
            agreement_until: self.agreement_until.as_ref().map(|until| until.0),
            key: self.key,
            facts,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFact {
    kind: FactKind,
    subject: Option<DutySubject>,
    trigger: Option<Trigger>,
    deadline: Option<Lead>,
    says: Option<String>,
    until: Option<Instant>,
}

impl FileFact {
    fn fact(&self) -> Fact {
        Fact {
            kind: self.kind,
            subject: self.subject,
            trigger: self.trigger,
            deadline: self.deadline,
            says: self.says.clone(),
            until: self.until.as_ref().map(|until| until.0),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    class: Class,
}

/// Reads TOML's offset date-time and refuses the local ones, which name no instant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Instant(Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = toml::value::Datetime::deserialize(deserializer)?;
        let refused = |why: &str| serde::de::Error::custom(format!("`{read}` {why}"));
        if read.date.is_none() || read.time.is_none() || read.offset.is_none() {
            return Err(refused(
                "is no instant; write date, time and offset, for example `2026-12-08T18:00:00Z`",
            ));
        }
        read.to_string().parse().map(Self).map_err(|_| refused("is not an instant on the calendar"))
    }
}

#[cfg(test)]
mod tests;
