//! Why a decision is what it is, and what would change it.

use serde::{Deserialize, Serialize};

use crate::decide::Decision;

/// Holds a decision with its reasons and the single changes that would turn it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The decision that is explained.
    pub decision: Decision,
    /// One sentence for each policy that decided.
    pub because: Vec<String>,
    /// The single changes that would turn it, cheapest first; each was found by deciding again.
    pub changes: Vec<Change>,
}

/// Holds one change and what the policies answer then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What would have to be different.
    pub what: String,
    /// What would follow.
    pub then: String,
}
