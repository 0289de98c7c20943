//! What proofs take for granted, and how a counterexample should look if it can.

use std::str::FromStr;

use cedar_policy::{Policy, PolicyId, PolicySet};
use serde_json::{Value, json};

use crate::solver::ProveError;

/// What every question of the program keeps to.
pub(crate) const WORLD: &str = include_str!("../theorems/world.cedar");

/// What makes a counterexample readable, most wanted first.
const WISHES: &str = include_str!("../theorems/wishes.cedar");

/// Holds fences: policies that forbid every request outside of what is assumed or wished for.
#[derive(Clone, Debug)]
pub(crate) struct Fences(Vec<Policy>);

impl Fences {
    /// Returns the fences around what a program can ask.
    pub(crate) fn world() -> Result<Self, ProveError> {
        Self::parse("world", WORLD)
    }

    /// Returns the wishes, in order.
    pub(crate) fn wishes() -> Result<Self, ProveError> {
        Self::parse("wish", WISHES)
    }

    /// Returns no fences: nothing is assumed.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Returns the first half and the second; nothing where there is only one.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let (first, second) = self.0.split_at_checked(self.0.len() / 2)?;
        (!first.is_empty()).then(|| (Self(first.to_vec()), Self(second.to_vec())))
    }

    /// Returns these fences and those.
    pub(crate) fn and(&self, those: &Self) -> Self {
        Self(self.0.iter().chain(&those.0).cloned().collect())
    }

    /// Returns a set that permits what `live` permits inside the fences.
    pub(crate) fn around(&self, live: &PolicySet) -> Result<PolicySet, ProveError> {
        PolicySet::from_policies(live.policies().chain(&self.0).cloned())
            .map_err(|error| ProveError::Theorem { why: error.to_string() })
    }

    /// Returns a policy that applies, and may fail, inside the fences only.
    pub(crate) fn inside(&self, policy: &Policy) -> Result<Policy, ProveError> {
        let broken = |why: String| ProveError::Theorem { why };
        let mut tree = policy.to_json().map_err(|error| broken(error.to_string()))?;
        let outside: Result<Vec<Value>, ProveError> = self.0.iter().map(applies).collect();
        let outside = outside?.into_iter().map(|body| json!({ "kind": "unless", "body": body }));
        let conditions = tree.get_mut("conditions").and_then(Value::as_array_mut);
        let conditions = conditions.ok_or_else(|| broken(String::from("a policy without conditions")))?;
        // In front, so that nothing of the policy is evaluated outside.
        conditions.splice(0..0, outside);
        Policy::from_json(Some(policy.id().clone()), tree).map_err(|error| broken(error.to_string()))
    }

    fn parse(kind: &str, text: &str) -> Result<Self, ProveError> {
        let set =
            PolicySet::from_str(text).map_err(|error| ProveError::Theorem { why: error.to_string() })?;
        Ok(Self(in_order(&set).into_iter().map(|(id, policy)| policy.new_id(named(kind, &id))).collect()))
    }
}

/// Returns the policies in the order of the text, each with its `@id`.
pub(crate) fn in_order(set: &PolicySet) -> Vec<(String, &Policy)> {
    // Cedar names them policy0, policy1 … in the order of the text.
    let place = |policy: &Policy| {
        let id: &str = policy.id().as_ref();
        id.trim_start_matches("policy").parse::<usize>().ok()
    };
    let mut policies: Vec<_> = set.policies().collect();
    policies.sort_by_key(|policy| place(policy));
    policies
        .into_iter()
        .map(|policy| (policy.annotation("id").unwrap_or_default().to_owned(), policy))
        .collect()
}

/// Ids of a checked set hold no colon, so that these never meet one.
fn named(kind: &str, id: &str) -> PolicyId {
    PolicyId::new(format!("{kind}:{id}"))
}

/// Returns the expression that is true where all conditions of a policy hold.
fn applies(policy: &Policy) -> Result<Value, ProveError> {
    let tree = policy.to_json().map_err(|error| ProveError::Theorem { why: error.to_string() })?;
    let conditions = tree.get("conditions").and_then(Value::as_array).into_iter().flatten();
    let bodies = conditions.filter_map(|condition| {
        let body = condition.get("body")?.clone();
        let negated = condition.get("kind").and_then(Value::as_str) == Some("unless");
        Some(if negated { json!({ "!": { "arg": body } }) } else { body })
    });
    let both = |left: Value, right: Value| json!({ "&&": { "left": left, "right": right } });
    Ok(bodies.reduce(both).unwrap_or_else(|| json!({ "Value": true })))
}
