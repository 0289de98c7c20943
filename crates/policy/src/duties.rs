//! From recorded facts to the duties that follow from them, by a dated pack of laws.
//!
//! The pack is data, and not legal advice. Nothing here decides on an item: what follows is shown to a person, who
//! records it as a fact or does not.

mod derive;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    facts::{DutySubject, Fact, FactKind, Trigger},
    lead::Lead,
};

pub use derive::{Finding, Verdict};

/// What is shipped.
const SHIPPED: &str = include_str!("../../../data/duties.toml");

/// The word for "nothing of that kind" in a fact.
pub const NONE: &str = "none";

/// The kinds of fact whose values are places.
const PLACES: [FactKind; 4] =
    [FactKind::Jurisdiction, FactKind::Ownership, FactKind::StaffLocation, FactKind::DataLocation];

/// Holds a dated pack of duties; every value an entry asks for is one that a fact can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// The day it is of.
    pub version: Date,
    /// What it is not.
    pub notice: String,
    regions: BTreeMap<String, BTreeSet<String>>,
    codes: BTreeMap<FactKind, BTreeMap<String, String>>,
    duty: Vec<Duty>,
}

/// What an entry rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The legal text or its translation.
    Text,
    /// A commentary.
    Secondary,
    /// Neither: a question for counsel.
    Unverified,
}

/// Holds one duty of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Its name.
    pub id: String,
    /// The law.
    pub law: String,
    /// Where in it.
    pub article: String,
    /// The day from which it is in force.
    pub since: Date,
    /// Where to read it.
    pub source: String,
    /// What the entry rests on.
    pub confidence: Confidence,
    /// What must be told.
    pub subject: DutySubject,
    /// What starts it.
    pub trigger: Trigger,
    /// How long it leaves, at the shortest; absent where it is open-ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Lead>,
    /// Who is told.
    pub recipient: String,
    /// The alternatives under which it applies: of each kind of fact, one of these values.
    when: Vec<BTreeMap<FactKind, Vec<String>>>,
}

/// A pack, or a value of a fact, that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// Not the form of a pack.
    #[error("the pack of duties cannot be read: {why}")]
    Form {
        /// What is wrong with it.
        why: String,
    },
    /// An entry that cannot be relied on.
    #[error("the duty `{id}` {why}: correct the pack")]
    Entry {
        /// Which one.
        id: String,
        /// What is wrong with it.
        why: String,
    },
    /// A value that no entry could ever read.
    #[error("`{value}` is nothing a {kind} fact can say: {say}")]
    Value {
        /// The value.
        value: String,
        /// The kind of fact.
        kind: FactKind,
        /// What to say instead.
        say: String,
    },
}

impl Pack {
    /// Returns the pack that is shipped.
    ///
    /// # Errors
    /// [`PackError`], which the tests rule out.
    pub fn shipped() -> Result<Self, PackError> {
        Self::parse(SHIPPED)
    }

    /// Reads a pack.
    ///
    /// # Errors
    /// [`PackError`] for text that is not TOML, an unknown or missing field, an entry without a source, in force only
    /// after the pack's own day, or asking for a value that no fact can say.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let pack: Self = toml::from_str(text).map_err(|error| PackError::Form { why: error.to_string() })?;
        let mut named = BTreeSet::new();
        for duty in &pack.duty {
            let wrong = |why: &str| PackError::Entry { id: duty.id.clone(), why: why.to_owned() };
            if !named.insert(&duty.id) {
                return Err(wrong("is there twice"));
            }
            if [&duty.id, &duty.law, &duty.article, &duty.recipient].iter().any(|text| text.trim().is_empty())
            {
                return Err(wrong("lacks its name, law, article or recipient"));
            }
            if duty.source.strip_prefix("https://").is_none_or(|rest| rest.trim().is_empty()) {
                return Err(wrong("has no source to read it at"));
            }
            if duty.since > pack.version {
                return Err(wrong("is in force only after the day of the pack"));
            }
            if duty.subject == DutySubject::None || duty.deadline == Some(Lead::ZERO) {
                return Err(wrong("asks for nothing, or leaves no time at all"));
            }
            if duty.when.is_empty()
                || duty.when.iter().any(|all| all.values().any(Vec::is_empty) || all.is_empty())
            {
                return Err(wrong("does not say when it applies"));
            }
            for (kind, values) in duty.when.iter().flatten() {
                for value in values.iter().filter(|value| !pack.regions.contains_key(*value)) {
                    pack.check(*kind, value).map_err(|error| wrong(&error.to_string()))?;
                }
            }
        }
        Ok(pack)
    }

    /// Returns the duties of the pack.
    pub fn duties(&self) -> impl Iterator<Item = &Duty> {
        self.duty.iter()
    }

    /// Returns what a fact says that lists these values, after checking each.
    ///
    /// # Errors
    /// [`PackError::Value`] for a value that no entry could read, and for `none` beside another.
    pub fn says(&self, kind: FactKind, values: &[String]) -> Result<String, PackError> {
        for value in values {
            if value == NONE && values.len() > 1 {
                let say = String::from("`none` stands alone");
                return Err(PackError::Value { value: value.clone(), kind, say });
            }
            if self.regions.contains_key(value) {
                let say = String::from("name the places, not the region");
                return Err(PackError::Value { value: value.clone(), kind, say });
            }
            if value != NONE {
                self.check(kind, value)?;
            }
        }
        Ok(values.join(", "))
    }

    fn check(&self, kind: FactKind, value: &str) -> Result<(), PackError> {
        let wrong = |say: String| PackError::Value { value: value.to_owned(), kind, say };
        if PLACES.contains(&kind) {
            let place = value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase());
            return if place {
                Ok(())
            } else {
                Err(wrong(String::from("write two capital letters, as in `AT`")))
            };
        }
        match self.codes.get(&kind) {
            None => Err(wrong(String::from("such facts are for people; use `--says`"))),
            Some(codes) if codes.contains_key(value) => Ok(()),
            Some(codes) => {
                let known: Vec<&str> = codes.keys().map(String::as_str).collect();
                Err(wrong(format!("write {} or {NONE}", known.join(", "))))
            }
        }
    }
}

impl Duty {
    /// Returns the fact that says a member is under this duty; without `until` it counts as never confirmed.
    #[must_use]
    pub fn fact(&self, until: Option<Timestamp>) -> Fact {
        Fact {
            kind: FactKind::DisclosureDuty,
            subject: Some(self.subject),
            trigger: Some(self.trigger),
            deadline: self.deadline,
            says: Some(format!("{}, article {}; to {}", self.law, self.article, self.recipient)),
            until,
        }
    }
}

#[cfg(test)]
mod tests;
