//! What is claimed of a set: the theorems, and what each forbid may do.

use std::str::FromStr;

use cedar_policy::{Effect, Policy, PolicySet};

use crate::{
    solver::{ProveError, Question},
    world::in_order,
};

const MEMBERS: &str = include_str!("../theorems/members.cedar");
const OPERATORS: &str = include_str!("../theorems/operators.cedar");

/// Says which promises a set is held to: those of one of the shipped sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kept {
    /// A duty to report bars whatever its deadline.
    #[default]
    Default,
    /// A duty bars where it falls due before the public instant.
    DeadlineAware,
}

impl Kept {
    /// Returns the name of the shipped set.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::DeadlineAware => "deadline-aware",
        }
    }
}

/// Holds one claim about a set.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(crate) id: String,
    pub(crate) says: String,
    pub(crate) question: Question,
}

impl Claim {
    /// Returns the claims about a set on members: the theorems it is held to, then what holds of each policy.
    pub(crate) fn on_members(live: &PolicySet, kept: Kept) -> Result<Vec<Self>, ProveError> {
        let theorems = parse(MEMBERS)?;
        let holds = |policy: &Policy| policy.annotation("sets").is_none_or(|set| set == kept.as_str());
        let situations = in_order(&theorems).into_iter().filter(|(_, policy)| holds(policy));
        let mut claims = Self::never(situations)?;
        claims.extend(Self::of_each(live)?);
        Ok(claims)
    }

    /// The same of a set on operators.
    pub(crate) fn on_operators(live: &PolicySet) -> Result<Vec<Self>, ProveError> {
        let mut claims = Self::never(in_order(&parse(OPERATORS)?))?;
        claims.extend(Self::of_each(live)?);
        Ok(claims)
    }

    /// Returns the claim that a set permits no more than this one.
    pub(crate) fn no_more(than: &PolicySet) -> Self {
        Self {
            id: String::from("permits-no-more"),
            says: String::from(
                "with the added policies nothing is permitted that was not permitted without them",
            ),
            question: Question::Implies(than.clone()),
        }
    }

    fn never<'p>(
        situations: impl IntoIterator<Item = (String, &'p Policy)>,
    ) -> Result<Vec<Self>, ProveError> {
        let claim = |(id, policy): (String, &Policy)| {
            let says = policy.annotation("says").unwrap_or_default().to_owned();
            let situation = PolicySet::from_policies([policy.clone()]).map_err(defect)?;
            Ok(Self { id, says, question: Question::Disjoint(situation) })
        };
        situations.into_iter().map(claim).collect()
    }

    /// Each forbid takes and never gives; each policy can always be evaluated.
    fn of_each(live: &PolicySet) -> Result<Vec<Self>, ProveError> {
        let mut policies: Vec<&Policy> = live.policies().collect();
        policies.sort_by_key(|policy| policy.id().to_string());
        let mut claims = Vec::new();
        for policy in policies.iter().filter(|policy| policy.effect() == Effect::Forbid) {
            let mut without = live.clone();
            without.remove_static(policy.id().clone()).map_err(defect)?;
            claims.push(Self {
                id: format!("only-takes/{}", policy.id()),
                says: format!("adding the forbid `{}` permits nothing new", policy.id()),
                question: Question::Implies(without),
            });
        }
        claims.extend(policies.into_iter().map(|policy| Self {
            id: format!("never-fails/{}", policy.id()),
            says: format!("policy `{}` can be evaluated for every request", policy.id()),
            question: Question::NeverFails(Box::new(policy.clone())),
        }));
        Ok(claims)
    }
}

fn parse(text: &str) -> Result<PolicySet, ProveError> {
    PolicySet::from_str(text).map_err(defect)
}

fn defect(error: impl std::fmt::Display) -> ProveError {
    ProveError::Theorem { why: error.to_string() }
}
