//! The answer of the policies at one instant.

use serde::{Deserialize, Serialize};

/// Says whether the member may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It may.
    Permit,
    /// It may not.
    Deny,
}

/// Holds an answer, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether the member may.
    pub effect: Effect,
    /// The ids of the policies that decided, in the order of the policy text; empty where none applied.
    pub policies: Vec<String>,
    /// What those policies read, for example `standing: suspended`.
    pub facts: Vec<String>,
    /// The same for a person.
    pub says: String,
}
