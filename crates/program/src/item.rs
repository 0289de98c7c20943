//! Items: the files of a case, as their author wrote them.

use std::{collections::BTreeSet, fmt};

use policy::Class;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    id::{CaseId, ItemId, Sha256},
    program::Program,
    refusal::Refusal,
};

/// A Traffic Light Protocol 2.0 label.
///
/// **Source:** FIRST, TLP version 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tlp {
    /// For the eyes of the people it is sent to.
    #[serde(rename = "RED")]
    Red,
    /// For the member's organisation only.
    #[serde(rename = "AMBER+STRICT")]
    AmberStrict,
    /// For the member's organisation and its clients.
    #[serde(rename = "AMBER")]
    Amber,
    /// For the community.
    #[serde(rename = "GREEN")]
    Green,
    /// For everybody.
    #[serde(rename = "CLEAR")]
    Clear,
}

impl Tlp {
    /// Every label, strictest first.
    pub const ALL: [Self; 5] = [Self::Red, Self::AmberStrict, Self::Amber, Self::Green, Self::Clear];

    /// Returns the label without its `TLP:` prefix.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "RED",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Amber => "AMBER",
            Self::Green => "GREEN",
            Self::Clear => "CLEAR",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.as_str())
    }
}

/// One file of a case with its class and label; the text itself is an encrypted blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id, which is its file name.
    pub item: ItemId,
    /// What kind of artifact it is.
    pub class: Class,
    /// How far a reader may pass it on.
    pub tlp: Tlp,
    /// Name of the blob that holds the author's text: SHA-256 of the ciphertext.
    pub blob: Sha256,
    /// SHA-256 of the author's text.
    pub text: Sha256,
    /// Length of the author's text in bytes.
    pub size: u64,
}

/// What happened to a case's items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemEvent {
    /// Items were added, or replaced before anybody had them; the package has a new version.
    Added {
        /// Which case.
        case: CaseId,
        /// The package's version from here on, counted from 1.
        package: u32,
        /// The items.
        items: Vec<Item>,
    },
}

impl ItemEvent {
    /// Returns the case it belongs to.
    #[must_use]
    pub fn case(&self) -> &CaseId {
        match self {
            Self::Added { case, .. } => case,
        }
    }
}

/// Decides on adding items; what a member already has is never replaced under it.
///
/// An item that stands there already, word for word, is not added again.
pub(crate) fn decide(program: &Program, id: &CaseId, items: Vec<Item>) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    case.check_open()?;
    if items.is_empty() {
        return Err(Refusal::Empty("the list of items"));
    }
    if items.iter().any(|item| item.size == 0) {
        return Err(Refusal::Empty("the text of an item"));
    }
    let mut named = BTreeSet::new();
    if let Some(twice) = items.iter().find(|item| !named.insert(&item.item)) {
        return Err(Refusal::Exists { what: "item", id: twice.item.to_string() });
    }
    let items: Vec<Item> = items.into_iter().filter(|new| case.item(&new.item).ok() != Some(new)).collect();
    if items.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(item) = items.iter().find(|new| case.grants_of(&new.item).next().is_some()) {
        return Err(Refusal::ItemReleased { item: item.item.clone() });
    }
    let package = case.package().saturating_add(1);
    Ok(vec![Event::Item(ItemEvent::Added { case: id.clone(), package, items })])
}
