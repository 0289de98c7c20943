//! From when on a member may have an item.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Says from when on the member may have the item, as things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Prospect {
    /// The member may have it from `at` on, and nothing delays it past what tier and class give.
    Release {
        /// The first instant; it may lie in the past.
        at: Timestamp,
    },
    /// A bar delays it, or nothing ever gives it.
    Withhold {
        /// The first instant at which the member may have it; absent where there is none.
        until: Option<Timestamp>,
    },
}

/// Holds a prospect, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// From when on.
    #[serde(flatten)]
    pub effect: Prospect,
    /// The ids of the policies that decided, in the order of the policy text.
    pub policies: Vec<String>,
    /// What those policies read.
    pub facts: Vec<String>,
    /// The same for a person.
    pub says: String,
}
