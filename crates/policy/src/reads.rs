//! What a policy reads, found in its syntax tree: attributes for the reasons, times for the outlook.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Functions that turn a time into a number or a date, whose changes no breakpoint would catch.
const OPAQUE: [&str; 7] =
    ["toDate", "toTime", "toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"];

/// Arithmetic, which fails where it overflows; no attribute is a number.
const NUMBERS: [&str; 4] = ["+", "-", "*", "neg"];

/// Longest length of time a policy may write out: that of a tier's lead, so that no shift leaves Cedar's range.
const LONGEST: SignedDuration = SignedDuration::from_secs(u32::MAX as i64);

/// Functions that shift an instant.
const SHIFTS: [&str; 2] = ["offset", "durationSince"];

/// Holds what a policy's conditions mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Dotted paths from a variable, each also with all its prefixes: `resource.public`.
    pub(crate) paths: BTreeSet<String>,
    /// The values of `datetime("…")`.
    pub(crate) instants: BTreeSet<Timestamp>,
    /// The values of `duration("…")`.
    pub(crate) durations: BTreeSet<SignedDuration>,
    /// What the outlook could not follow, as a sentence; empty for a policy to be accepted.
    pub(crate) untraceable: Option<String>,
}

impl Reads {
    /// Reads a policy in Cedar's JSON form.
    ///
    /// An effect changes only where a comparison of instants turns. With at most one shift in a comparison,
    /// every such instant is a known instant moved by one known length of time; more would be missed.
    pub(crate) fn of(policy: &Value) -> Self {
        let mut reads = Self::default();
        for condition in policy.get("conditions").and_then(Value::as_array).into_iter().flatten() {
            if let Some(body) = condition.get("body") {
                reads.walk(body, false);
            }
        }
        reads
    }

    /// Tells whether the policy reads this path or one below it.
    pub(crate) fn path(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    fn walk(&mut self, expression: &Value, compared: bool) {
        for (operator, operands) in expression.as_object().into_iter().flatten() {
            match operator.as_str() {
                "Value" | "Var" | "Slot" => {}
                "." | "has" => {
                    if let Some(path) = path(operator, operands) {
                        self.add(&path);
                    } else if let Some(left) = operands.get("left") {
                        self.walk(left, compared);
                    }
                }
                "datetime" | "duration" => self.literal(operator, operands),
                "<" | "<=" | ">" | ">=" => {
                    if shifts(operands) > 1 {
                        self.refuse("compares two shifted instants; shift only one side, and only once");
                    }
                    self.walk_all(operands, true);
                }
                name if OPAQUE.contains(&name) => self.refuse(&format!(
                    "uses `{name}`; compare instants with `<` or `>=` and shift them with `offset`"
                )),
                name if NUMBERS.contains(&name) => {
                    self.refuse("computes with numbers, which can fail; write the result out");
                }
                name if SHIFTS.contains(&name) && !compared => {
                    self.refuse(&format!("uses `{name}` outside a comparison; write `a.offset(b) <= c`"));
                }
                _ => self.walk_all(operands, compared),
            }
        }
    }

    fn walk_all(&mut self, operands: &Value, compared: bool) {
        match operands {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, compared)),
            Value::Object(fields) => fields.values().for_each(|field| self.walk(field, compared)),
            _ => {}
        }
    }

    fn literal(&mut self, function: &str, operands: &Value) {
        let text = operands.pointer("/0/Value").and_then(Value::as_str);
        let read = match function {
            "datetime" => text.and_then(instant).map(|at| self.instants.insert(at)),
            _ => text.and_then(duration).map(|length| {
                if length.abs() > LONGEST {
                    self.refuse("has a duration longer than 136 years, by which a shift can fail");
                }
                self.durations.insert(length)
            }),
        };
        if read.is_none() {
            self.refuse(&format!("has a {function} that is not a plain text; write it out in the policy"));
        }
    }

    fn add(&mut self, path: &str) {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        self.paths.extend(ends.filter_map(|end| path.get(..end)).map(str::to_owned));
    }

    fn refuse(&mut self, why: &str) {
        self.untraceable.get_or_insert_with(|| why.to_owned());
    }
}

/// Returns `principal.tier.lead` for the tree of `principal.tier.lead` or `principal.tier has lead`.
fn path(operator: &str, operands: &Value) -> Option<String> {
    let left = operands.get("left")?;
    let base = match left.get("Var").and_then(Value::as_str) {
        Some(variable) => variable.to_owned(),
        None => path(".", left.get(".")?)?,
    };
    let attribute = match operands.get("attr").or_else(|| operands.get("attrs"))? {
        Value::String(one) => one.clone(),
        Value::Array(many) if operator == "has" => {
            many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".")
        }
        _ => return None,
    };
    Some(format!("{base}.{attribute}"))
}

/// Reads Cedar's `datetime`: a date, or a date and time with an offset.
fn instant(text: &str) -> Option<Timestamp> {
    let midnight = if text.contains('T') { "" } else { "T00:00:00Z" };
    format!("{text}{midnight}").parse().ok()
}

/// Reads Cedar's `duration`: `-1d2h3m4s50ms`, every part optional.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut millis: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let factor = match unit {
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        millis = number.parse::<i64>().ok()?.checked_mul(factor).and_then(|part| millis.checked_add(part))?;
        rest = tail;
    }
    Some(SignedDuration::from_millis(if negative { -millis } else { millis }))
}

/// Counts the shifts anywhere in a tree.
fn shifts(tree: &Value) -> usize {
    match tree {
        Value::Array(items) => items.iter().map(shifts).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| usize::from(SHIFTS.contains(&key.as_str())) + shifts(field))
            .sum(),
        _ => 0,
    }
}
