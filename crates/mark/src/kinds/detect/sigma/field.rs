//! One field of a selection, and what its value has to be.

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::yaml::Value;

pub(super) struct Field {
    name: String,
    tests: Vec<Test>,
    /// Whether all tests must hold, or any.
    all: bool,
}

enum Test {
    /// A text, or a number as it is written.
    Pattern(Regex),
    Number(f64),
    Bool(bool),
    Null,
    Exists(bool),
    Compares(fn(f64, f64) -> bool, f64),
    /// The value of another field.
    SameAs(String),
}

/// How a text is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Whole,
    Contains,
    Starts,
    Ends,
    Pattern,
}

/// Makes a pattern of a keyword, which may stand anywhere in a value.
pub(super) fn keyword(value: &Value) -> Option<Regex> {
    match value {
        Value::Text(text) | Value::Number(_, text) => pattern(text, How::Contains, false),
        _ => None,
    }
}

/// Tells whether any value of an event shows a pattern.
pub(super) fn anywhere(event: &Json, pattern: &Regex) -> bool {
    match event {
        Json::Object(fields) => fields.values().any(|value| anywhere(value, pattern)),
        Json::Array(items) => items.iter().any(|item| anywhere(item, pattern)),
        Json::Null => false,
        value => pattern.is_match(&written(value)),
    }
}

impl Field {
    /// Compiles a field; nothing when a modifier or a value is not understood.
    pub(super) fn of(name: &str, value: &Value) -> Option<Self> {
        let mut parts = name.split('|');
        let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
        let (mut how, mut all, mut cased) = (How::Whole, false, false);
        let mut make: Option<fn(&Value) -> Option<Test>> = None;
        for modifier in parts {
            let placed = match modifier {
                "all" => {
                    all = true;
                    continue;
                }
                "cased" => {
                    cased = true;
                    continue;
                }
                "contains" => Some(How::Contains),
                "startswith" => Some(How::Starts),
                "endswith" => Some(How::Ends),
                "re" => Some(How::Pattern),
                _ => None,
            };
            // Two ways of looking for one value are not understood.
            if how != How::Whole || make.is_some() {
                return None;
            }
            match placed {
                Some(placed) => how = placed,
                None => make = Some(special(modifier)?),
            }
        }
        let test = |value: &Value| match make {
            Some(make) => make(value),
            None => plain(value, how, cased),
        };
        let tests = match value {
            Value::List(items) if !items.is_empty() => items.iter().map(test).collect::<Option<_>>()?,
            Value::List(_) => return None,
            value => vec![test(value)?],
        };
        Some(Self { name, tests, all })
    }

    pub(super) fn matches(&self, event: &Json) -> bool {
        let found = lookup(event, &self.name);
        let holds = |test: &Test| test.holds(found, event);
        if self.all { self.tests.iter().all(holds) } else { self.tests.iter().any(holds) }
    }
}

/// Finds the test of a modifier that is not about texts.
fn special(modifier: &str) -> Option<fn(&Value) -> Option<Test>> {
    fn number(value: &Value, compares: fn(f64, f64) -> bool) -> Option<Test> {
        match value {
            Value::Number(number, _) => Some(Test::Compares(compares, *number)),
            _ => None,
        }
    }
    Some(match modifier {
        "gt" => |value| number(value, |seen, bound| seen > bound),
        "gte" => |value| number(value, |seen, bound| seen >= bound),
        "lt" => |value| number(value, |seen, bound| seen < bound),
        "lte" => |value| number(value, |seen, bound| seen <= bound),
        "exists" => |value| match value {
            Value::Bool(exists) => Some(Test::Exists(*exists)),
            _ => None,
        },
        "fieldref" => |value| match value {
            Value::Text(other) => Some(Test::SameAs(other.clone())),
            _ => None,
        },
        _ => return None,
    })
}

fn plain(value: &Value, how: How, cased: bool) -> Option<Test> {
    match value {
        Value::Text(text) => pattern(text, how, cased).map(Test::Pattern),
        Value::Number(number, _) if how == How::Whole => Some(Test::Number(*number)),
        Value::Number(_, text) => pattern(text, how, cased).map(Test::Pattern),
        Value::Bool(value) if how == How::Whole => Some(Test::Bool(*value)),
        Value::Null if how == How::Whole => Some(Test::Null),
        _ => None,
    }
}

/// Makes a pattern of a text with the wildcards `*` and `?`, which a backslash takes literally.
fn pattern(text: &str, how: How, cased: bool) -> Option<Regex> {
    if how == How::Pattern {
        return Regex::new(text).ok();
    }
    let mut pattern = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' => pattern += ".*",
            '?' => pattern.push('.'),
            _ => {
                let literal =
                    if c == '\\' { rest.next_if(|next| matches!(next, '*' | '?' | '\\')) } else { None };
                pattern += &regex::escape(literal.unwrap_or(c).encode_utf8(&mut [0; 4]));
            }
        }
    }
    let start = if matches!(how, How::Whole | How::Starts) { "^" } else { "" };
    let end = if matches!(how, How::Whole | How::Ends) { "$" } else { "" };
    RegexBuilder::new(&format!("{start}(?:{pattern}){end}"))
        .case_insensitive(!cased)
        .dot_matches_new_line(true)
        .build()
        .ok()
}

impl Test {
    fn holds(&self, found: Option<&Json>, event: &Json) -> bool {
        match (self, found) {
            (Self::Null, found) => found.is_none_or(Json::is_null),
            (Self::Exists(exists), found) => *exists == found.is_some(),
            (_, None | Some(Json::Null)) => false,
            (_, Some(Json::Array(items))) => items.iter().any(|item| self.holds(Some(item), event)),
            (Self::Pattern(pattern), Some(seen)) => pattern.is_match(&written(seen)),
            (Self::Number(number), Some(seen)) => as_number(seen) == Some(*number),
            (Self::Compares(compares, bound), Some(seen)) => {
                as_number(seen).is_some_and(|seen| compares(seen, *bound))
            }
            (Self::Bool(value), Some(seen)) => {
                seen.as_bool() == Some(*value) || written(seen).eq_ignore_ascii_case(&value.to_string())
            }
            (Self::SameAs(other), Some(seen)) => lookup(event, other)
                .is_some_and(|other| written(seen).to_lowercase() == written(other).to_lowercase()),
        }
    }
}

/// Finds a field by its whole name, else along the dots in it.
fn lookup<'e>(event: &'e Json, name: &str) -> Option<&'e Json> {
    event.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        lookup(event.get(first)?, rest)
    })
}

/// Takes a number, or a text that is one.
fn as_number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn written(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
