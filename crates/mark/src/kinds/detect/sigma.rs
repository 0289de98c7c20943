//! What a Sigma rule matches in a sample.
//!
//! Events are what JSON there is: the objects of a JSON file, or of its outermost list, and in any other file
//! every line that is a JSON object. Evaluated are selections of fields and lists of them, keywords, the modifiers
//! `contains`, `startswith`, `endswith`, `all`, `re`, `cased`, `exists`, `gt`, `gte`, `lt`, `lte` and `fieldref`,
//! wildcards, and conditions of `and`, `or`, `not`, `1 of` and `all of`. A rule with anything else, an alias, a
//! `timeframe` or an aggregation among it, is unknown as a whole. Log sources are not looked at.
//!
//! **Source:** Sigma specification 2.0, "Sigma Rules Specification" and "Sigma Modifiers".

mod condition;
mod field;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Sample;
use crate::kinds::FileKind;
use condition::Condition;
use field::{Field, keyword};
use yaml::Value;

/// Bytes and events of a sample from which on it is not looked at.
const MOST_BYTES: usize = 1 << 20;
const MOST_EVENTS: usize = 1000;

/// A rule, ready to run.
pub(crate) struct Rule {
    /// Its title, or its place in the file.
    pub(crate) name: String,
    /// Nothing when something in it is not understood.
    detection: Option<Detection>,
}

struct Detection {
    selections: BTreeMap<String, Selection>,
    condition: Condition,
}

/// What an event has to be.
enum Selection {
    /// Any of these, each with all of its fields.
    Fields(Vec<Vec<Field>>),
    /// Any of these in any value.
    Keywords(Vec<regex::Regex>),
}

/// Compiles the Sigma rules of a YAML file; what is no Sigma rule is left out.
pub(crate) fn compile(text: &str) -> Vec<Rule> {
    let (mut rules, mut names) = (Vec::new(), BTreeSet::new());
    for (number, document) in yaml::documents(text).iter().enumerate() {
        let Value::Map(top) = document else { continue };
        let get = |name: &str| top.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let Some(detection) = get("detection") else { continue };
        let mut name = match get("title") {
            Some(Value::Text(title)) => title.clone(),
            _ => format!("rule {}", number + 1),
        };
        while !names.insert(name.clone()) {
            name.push('\'');
        }
        // A rule that collects others' events has no detection of its own to run.
        let plain = get("correlation").is_none() && get("action").is_none();
        rules.push(Rule { name, detection: Detection::of(detection).filter(|_| plain) });
    }
    rules
}

/// Finds a sample's events; nothing when there are too many to look at.
pub(crate) fn events(sample: &Sample<'_>) -> Option<Vec<Json>> {
    if sample.text.len() > MOST_BYTES {
        return None;
    }
    let events: Vec<Json> = if sample.kind == FileKind::Json {
        match serde_json::from_str(sample.text) {
            Ok(Json::Array(events)) => events,
            Ok(event) => vec![event],
            Err(_) => Vec::new(),
        }
    } else {
        let objects = sample.text.lines().map(str::trim).filter(|line| line.starts_with('{'));
        objects.filter_map(|line| serde_json::from_str(line).ok()).take(MOST_EVENTS + 1).collect()
    };
    let events: Vec<Json> = events.into_iter().filter(Json::is_object).collect();
    (events.len() <= MOST_EVENTS).then_some(events)
}

impl Rule {
    /// Tells whether any of the events matches; `None` when that is unknown.
    pub(crate) fn matches(&self, events: Option<&Vec<Json>>) -> Option<bool> {
        let detection = self.detection.as_ref()?;
        Some(events?.iter().any(|event| detection.matches(event)))
    }
}

impl Detection {
    fn of(value: &Value) -> Option<Self> {
        let Value::Map(parts) = value else { return None };
        let (mut selections, mut condition) = (BTreeMap::new(), None);
        for (name, value) in parts {
            match (name.as_str(), value) {
                ("condition", Value::Text(text)) => condition = Some(text),
                ("condition" | "timeframe", _) => return None,
                _ => {
                    selections.insert(name.clone(), Selection::of(value)?);
                }
            }
        }
        let names: Vec<&str> = selections.keys().map(String::as_str).collect();
        let condition = Condition::parse(condition?, &names)?;
        Some(Self { selections, condition })
    }

    fn matches(&self, event: &Json) -> bool {
        self.condition.holds(&|name| self.selections.get(name).is_some_and(|found| found.matches(event)))
    }
}

impl Selection {
    fn of(value: &Value) -> Option<Self> {
        let fields = |value: &Value| match value {
            Value::Map(fields) if !fields.is_empty() => {
                fields.iter().map(|(name, value)| Field::of(name, value)).collect::<Option<Vec<Field>>>()
            }
            _ => None,
        };
        match value {
            Value::Map(_) => Some(Self::Fields(vec![fields(value)?])),
            Value::List(items) if items.iter().all(|item| matches!(item, Value::Map(_))) => {
                (!items.is_empty()).then_some(())?;
                Some(Self::Fields(items.iter().map(fields).collect::<Option<_>>()?))
            }
            Value::List(items) => Some(Self::Keywords(items.iter().map(keyword).collect::<Option<_>>()?)),
            _ => None,
        }
    }

    fn matches(&self, event: &Json) -> bool {
        match self {
            Self::Fields(any) => any.iter().any(|all| all.iter().all(|field| field.matches(event))),
            Self::Keywords(any) => any.iter().any(|keyword| field::anywhere(event, keyword)),
        }
    }
}

#[cfg(test)]
mod tests;
