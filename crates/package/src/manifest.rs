//! What a folder of exported copies holds, so that it can be checked without the program.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Digest;

/// Version that is written and read.
const VERSION: u32 = 1;

/// Longest file name, in bytes.
const LONGEST_NAME: usize = 200;

/// List of the copies in an exported folder.
///
/// It is not signed: it finds damage and missing files. Whether a copy is the granted one says its receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    v: u32,
    copies: Vec<CopyEntry>,
}

/// One copy in an exported folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyEntry {
    /// Case of the item.
    pub case: String,
    /// Item of which this is a copy.
    pub item: String,
    /// Artifact class of the item.
    pub class: String,
    /// Label of the item.
    pub tlp: Tlp,
    /// Name of the opened copy below the folder, segments separated by `/`.
    pub file: String,
    /// SHA-256 of the opened copy.
    pub sha256: Digest,
    /// Size of the opened copy, in bytes.
    pub size: u64,
    /// Name of the sealed copy below the folder.
    pub sealed_file: String,
    /// SHA-256 of the sealed copy.
    pub sealed_sha256: Digest,
    /// Size of the sealed copy, in bytes.
    pub sealed_size: u64,
    /// Name of the receipt below the folder, when the folder holds one.
    pub receipt_file: Option<String>,
}

/// Who may be told. **Source:** FIRST, Traffic Light Protocol 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tlp {
    /// Everybody.
    #[serde(rename = "TLP:CLEAR")]
    Clear,
    /// The community.
    #[serde(rename = "TLP:GREEN")]
    Green,
    /// The organisation and its clients, as far as they need to know.
    #[serde(rename = "TLP:AMBER")]
    Amber,
    /// The organisation only.
    #[serde(rename = "TLP:AMBER+STRICT")]
    AmberStrict,
    /// The named recipients only.
    #[serde(rename = "TLP:RED")]
    Red,
}

/// A manifest that does not read, or a folder that does not fit its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The JSON does not read.
    #[error("the manifest is damaged: {0}; export the folder again")]
    Json(String),
    /// Another version of the format.
    #[error("the manifest has version {found}, this tool reads 1: update the tool")]
    Version {
        /// Version that was found.
        found: u32,
    },
    /// A name that could lead out of the folder or that some file system cannot hold.
    #[error(
        "`{name}` cannot be a file of an exported folder: use letters, digits, `.`, `_`, `+` and `-`, each segment \
         starting with a letter or digit, 200 bytes at most"
    )]
    Name {
        /// Name at fault.
        name: String,
    },
    /// Two files under one name.
    #[error("two files of the manifest are named `{name}` (upper and lower case count as equal): rename one")]
    Twice {
        /// Name at fault.
        name: String,
    },
    /// A text that is no TLP 2.0 label.
    #[error(
        "`{given}` is no TLP 2.0 label: write TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT or TLP:RED"
    )]
    Tlp {
        /// Text that was given.
        given: String,
    },
    /// A file that the manifest does not name.
    #[error("`{name}` is not in the manifest: it does not belong to this export")]
    Unlisted {
        /// Name of the file.
        name: String,
    },
    /// A file with another size.
    #[error(
        "`{name}` has {found} bytes, the manifest says {listed}: it was changed or cut off, export it again"
    )]
    Size {
        /// Name of the file.
        name: String,
        /// Size found.
        found: u64,
        /// Size in the manifest.
        listed: u64,
    },
    /// A file with another hash.
    #[error("`{name}` was changed: its SHA-256 is {found}, the manifest says {listed}; export it again")]
    Changed {
        /// Name of the file.
        name: String,
        /// SHA-256 found.
        found: Digest,
        /// SHA-256 in the manifest.
        listed: Digest,
    },
}

impl Manifest {
    /// Makes the manifest of some copies.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Name`] and [`ManifestError::Twice`] for names that a folder cannot hold.
    pub fn new(copies: Vec<CopyEntry>) -> Result<Self, ManifestError> {
        let mut names = BTreeSet::new();
        for name in copies.iter().flat_map(CopyEntry::files) {
            if !is_name(name) {
                return Err(ManifestError::Name { name: shown(name) });
            }
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(ManifestError::Twice { name: name.to_owned() });
            }
        }
        Ok(Self { v: VERSION, copies })
    }

    /// Returns the copies, in the manifest's order.
    #[must_use]
    pub fn copies(&self) -> &[CopyEntry] {
        &self.copies
    }

    /// Checks a copy of the folder, sealed or opened, by its name below the folder.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Unlisted`], [`ManifestError::Size`] or [`ManifestError::Changed`].
    pub fn check(&self, name: &str, bytes: &[u8]) -> Result<&CopyEntry, ManifestError> {
        let (entry, listed_size, listed) = self
            .copies
            .iter()
            .find_map(|entry| match name {
                _ if entry.sealed_file == name => Some((entry, entry.sealed_size, entry.sealed_sha256)),
                _ if entry.file == name => Some((entry, entry.size, entry.sha256)),
                _ => None,
            })
            .ok_or_else(|| ManifestError::Unlisted { name: shown(name) })?;
        let found_size = bytes.len() as u64;
        if found_size != listed_size {
            return Err(ManifestError::Size { name: shown(name), found: found_size, listed: listed_size });
        }
        let found = Digest::of(bytes);
        if found != listed {
            return Err(ManifestError::Changed { name: shown(name), found, listed });
        }
        Ok(entry)
    }

    /// Returns the sealed copies and receipts that the manifest names and `present` does not.
    ///
    /// Opened copies may be absent: a folder is complete without them.
    #[must_use]
    pub fn missing<'a>(&'a self, present: &BTreeSet<String>) -> Vec<&'a str> {
        self.copies
            .iter()
            .flat_map(|entry| [Some(entry.sealed_file.as_str()), entry.receipt_file.as_deref()])
            .flatten()
            .filter(|name| !present.contains(*name))
            .collect()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Version`], [`ManifestError::Json`], and the refusals of [`Manifest::new`].
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let damaged = |error: serde_json::Error| ManifestError::Json(error.to_string());
        let Version { v } = serde_json::from_slice(json).map_err(damaged)?;
        if v != VERSION {
            return Err(ManifestError::Version { found: v });
        }
        let manifest: Self = serde_json::from_slice(json).map_err(damaged)?;
        Self::new(manifest.copies)
    }

    /// Writes the manifest as indented JSON with a final line feed.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Json`] never happens for the fields a manifest has.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        let mut json =
            serde_json::to_string_pretty(self).map_err(|error| ManifestError::Json(error.to_string()))?;
        json.push('\n');
        Ok(json)
    }
}

impl CopyEntry {
    fn files(&self) -> impl Iterator<Item = &str> {
        [Some(self.file.as_str()), Some(self.sealed_file.as_str()), self.receipt_file.as_deref()]
            .into_iter()
            .flatten()
    }
}

impl Tlp {
    /// Every label, from the widest circle to the narrowest.
    pub const ALL: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        })
    }
}

impl FromStr for Tlp {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        Self::ALL
            .into_iter()
            .find(|label| label.to_string() == text)
            .ok_or_else(|| ManifestError::Tlp { given: shown(text) })
    }
}

/// A relative path that stays below its folder on every file system.
fn is_name(name: &str) -> bool {
    let segment = |segment: &str| {
        segment.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !segment.ends_with('.')
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-'))
    };
    name.len() <= LONGEST_NAME && name.split('/').all(segment)
}

fn shown(text: &str) -> String {
    text.chars().take(LONGEST_NAME).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
