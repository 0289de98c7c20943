//! A question to the policies: who wants what, and when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::{Class, Fact, KeyState, Restriction, Standing, Tier};

/// Says what the member wants to do.
///
/// Listing is asked on its own, since the existence of an item is told no earlier than the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// See that the item exists.
    List,
    /// Get the item.
    Fetch,
}

impl Action {
    /// Every value, in the order of declaration.
    pub const ALL: &'static [Self] = &[Self::List, Self::Fetch];

    /// Returns the name used in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Fetch => "fetch",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Holds everything a policy may know of the member that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The member's identifier.
    pub member: &'a str,
    /// The tier the member is in.
    pub tier: &'a Tier,
    /// Where it stands.
    pub standing: Standing,
    /// The instant its agreement ends, exclusive; absent where it has none.
    pub agreement_until: Option<Timestamp>,
    /// What is known of its key.
    pub key: KeyState,
    /// The facts on record that stand.
    pub facts: &'a [Fact],
    /// What a review took from it; absent where none did.
    pub restriction: Option<&'a Restriction>,
}

/// Holds everything a policy may know of the item that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thing<'a> {
    /// The item's identifier.
    pub item: &'a str,
    /// What kind of artifact it is.
    pub class: Class,
    /// The instant it becomes public; absent while no embargo is in force, and then nobody gets it.
    pub public: Option<Timestamp>,
}
