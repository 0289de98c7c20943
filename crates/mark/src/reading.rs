//! What a leak shows at each site, found without the codebook.

use serde::{Deserialize, Serialize};

use crate::master::SiteId;

/// A leak as read against a master; a pure function of the two.
///
/// It names no member and was made without the codebook, so its hash can be logged before the
/// codebook is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Version of the reader that made it.
    pub reader: String,
    /// SHA-256 of the leak's files, in the order given.
    pub leak_sha256: String,
    /// One observation a site, in the order of the master's sites.
    pub sites: Vec<SiteReading>,
    /// Share of the leak's word tokens that were aligned to the master, 0 to 1.
    pub aligned: f64,
    /// Whether enough of the leak aligns with the master to say that it comes from this package.
    pub derived: bool,
    /// Channels that a tool flattened, whose sites were erased; a function of the master and what was read, and
    /// so no part of what is hashed and logged.
    #[serde(skip)]
    pub erased_channels: Vec<ErasedChannel>,
}

/// A channel that shows what a tool did to the leak, and not whose copy it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErasedChannel {
    /// What kind of sites.
    pub channel: String,
    /// The package's file it was flattened in; none for the whole package.
    pub file: Option<String>,
    /// The sites.
    pub sites: Vec<SiteId>,
    /// Why, in words.
    pub reason: String,
}

/// What was seen at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteReading {
    /// Which site.
    pub site: SiteId,
    /// What was seen.
    pub seen: Seen,
}

/// An observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing that could be read with a margin.
    Erased,
    /// The branch or arrangement the leak took.
    Index(u32),
    /// Every distinct token of a constant's shape in the leak, sorted; members' values are not known here.
    Tokens(Vec<String>),
}
