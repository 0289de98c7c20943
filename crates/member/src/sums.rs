//! The list of everything in the folder, as `sha256sum -c` reads it: nothing is missing, added or changed.

use std::{collections::BTreeMap, str::FromStr};

use anyhow::{Context as _, ensure};
use package::Digest;

/// Hashes by path below the folder, in the paths' order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(pub(crate) BTreeMap<String, Digest>);

impl Sums {
    pub(crate) fn to_text(&self) -> String {
        self.0.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect()
    }
}

impl FromStr for Sums {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut sums = Self::default();
        for line in text.lines() {
            let (digest, path) = line.split_once("  ").context("a line of the list of files is damaged")?;
            sums.0.insert(path.to_owned(), digest.parse()?);
        }
        // One order, one spelling: a list that was changed does not read as itself.
        ensure!(sums.to_text() == text, "the list of files was changed");
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_as_written_and_no_other_way() {
        let mut sums = Sums::default();
        for path in ["b/x", "a/y.receipt.json", "a/y"] {
            sums.0.insert(path.to_owned(), Digest::of(path.as_bytes()));
        }
        let text = sums.to_text();
        assert_eq!(text.parse::<Sums>().unwrap(), sums);
        let lines: Vec<&str> = text.lines().rev().collect();
        assert!(format!("{}\n", lines.join("\n")).parse::<Sums>().is_err(), "another order");
        assert!(text.trim_end().parse::<Sums>().is_err(), "no last line feed");
        assert!(text.to_uppercase().parse::<Sums>().is_err());
        assert!(format!("{text}{text}").parse::<Sums>().is_err());
    }
}
