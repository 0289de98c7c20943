//! A scenario file: members, items and an instant, to see what a policy set would do with them.
//!
//! A refuted proof hands its counterexample over in this form, so that it can be tried.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::facts::{Class, DutySubject, Fact, FactKind, KeyState, Restriction, Standing, Tier, Trigger};
use crate::lead::Lead;
use crate::outlook::Prospect;
use crate::request::{Action, Subject, Thing};
use crate::set::PolicySet;

/// Holds a scenario as read from TOML; every identifier is unique and every tier that is named exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario(File);

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
        Ok(Self(read))
    }

    /// Makes the scenario of one question.
    pub fn of(action: Action, subject: &Subject<'_>, thing: &Thing<'_>, now: Timestamp) -> Self {
        let member = Member {
            id: subject.member.to_owned(),
            tier: subject.tier.id.clone(),
            standing: subject.standing,
            agreement_until: subject.agreement_until.map(Instant),
            key: subject.key,
            restricted_classes: subject.restriction.map(|of| of.classes.clone()).unwrap_or_default(),
            restricted_until: subject.restriction.and_then(|of| of.until).map(Instant),
            fact: subject.facts.iter().map(FileFact::of).collect(),
        };
        Self(File {
            action,
            now: Instant(now),
            public: thing.public.map(Instant),
            tier: vec![subject.tier.clone()],
            member: vec![member],
            item: vec![Item { id: thing.item.to_owned(), class: thing.class }],
        })
    }

    /// Returns the instant that the scenario asks about.
    pub fn now(&self) -> Timestamp {
        self.0.now.0
    }

    /// Writes the scenario as [`Scenario::parse`] reads it.
    ///
    /// # Errors
    /// [`ScenarioError::Form`] where an instant lies outside of what TOML can write.
    pub fn to_toml(&self) -> Result<String, ScenarioError> {
        toml::to_string(&self.0).map_err(|error| ScenarioError::Form { why: error.to_string() })
    }

    /// Returns how many decisions the scenario asks for.
    pub fn decisions(&self) -> usize {
        self.0.member.len().saturating_mul(self.0.item.len())
    }

    /// Finds what every member gets of every item, in the order of the file: members, then items.
    ///
    /// Of a scenario with `action = "list"`, when the member may see that the item exists.
    pub fn run(&self, policies: &PolicySet) -> Vec<Row> {
        let rows = self.0.member.iter().flat_map(|member| {
            let facts: Vec<_> = member.fact.iter().map(FileFact::fact).collect();
            let tier = self.0.tier.iter().find(|tier| tier.id == member.tier);
            let subject = tier.map(|tier| (tier, facts, member.restriction()));
            self.0.item.iter().filter_map(move |item| {
                let (tier, facts, restriction) = subject.as_ref()?;
                Some(self.row(policies, &member.subject(tier, facts, restriction.as_ref()), item))
            })
        });
        rows.collect()
    }

    fn row(&self, policies: &PolicySet, subject: &Subject<'_>, item: &Item) -> Row {
        let thing =
            Thing { item: &item.id, class: item.class, public: self.0.public.as_ref().map(|at| at.0) };
        let outlook = policies.outlook_of(self.0.action, subject, &thing, self.0.now.0);
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "fetch", skip_serializing_if = "is_fetch")]
    action: Action,
    now: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<Instant>,
    #[serde(default)]
    tier: Vec<Tier>,
    #[serde(default)]
    member: Vec<Member>,
    #[serde(default)]
    item: Vec<Item>,
}

fn fetch() -> Action {
    Action::Fetch
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_fetch(action: &Action) -> bool {
    *action == Action::Fetch
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    id: String,
    tier: String,
    standing: Standing,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement_until: Option<Instant>,
    key: KeyState,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    restricted_classes: BTreeSet<Class>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restricted_until: Option<Instant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fact: Vec<FileFact>,
}

impl Member {
    fn restriction(&self) -> Option<Restriction> {
        let until = self.restricted_until.as_ref().map(|until| until.0);
        (!self.restricted_classes.is_empty())
            .then(|| Restriction { classes: self.restricted_classes.clone(), until })
    }

    fn subject<'a>(
        &'a self,
        tier: &'a Tier,
        facts: &'a [Fact],
        restriction: Option<&'a Restriction>,
    ) -> Subject<'a> {
        Subject {
            member: &self.id,
            tier,
            standing: self.standing,
            agreement_until: self.agreement_until.as_ref().map(|until| until.0),
            key: self.key,
            facts,
            restriction,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFact {
    kind: FactKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<DutySubject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Lead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
}

impl FileFact {
    fn of(fact: &Fact) -> Self {
        Self {
            kind: fact.kind,
            subject: fact.subject,
            trigger: fact.trigger,
            deadline: fact.deadline,
            says: fact.says.clone(),
            until: fact.until.map(Instant),
        }
    }

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    class: Class,
}

/// Reads TOML's offset date-time and refuses the local ones, which name no instant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = self.0.to_string().parse::<toml::value::Datetime>();
        let refused = |_| serde::ser::Error::custom(format!("TOML cannot write the instant `{}`", self.0));
        written.map_err(refused)?.serialize(serializer)
    }
}

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
