//! The folder of a member's opened copies.
//!
//! ```text
//! CASE/ITEM                the copy, opened
//! CASE/ITEM.receipt.json   its receipt
//! CASE/ITEM.tlog-proof     the receipt's proof, as C2SP tlog-proof has it
//! SHA256SUMS               every file but itself
//! .forewarn/vkey           the log's verifier key, pinned
//! .forewarn/history.json   every checkpoint that was ever seen
//! .forewarn/part/          sealed copies that are not whole yet
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use package::Digest;

use crate::{history::History, sums::Sums};

/// Where the pinned key is, below the folder.
pub(crate) const VKEY: &str = ".forewarn/vkey";
/// Where the checkpoints are, below the folder.
pub(crate) const HISTORY: &str = ".forewarn/history.json";
/// Where copies are that are not whole yet, below the folder.
pub(crate) const PART: &str = ".forewarn/part";
/// The list of everything.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// A folder of opened copies.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    root: PathBuf,
}

/// Names of a copy's files below the folder.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) copy: String,
    pub(crate) receipt: String,
    pub(crate) proof: String,
}

impl Names {
    pub(crate) fn of(case: &str, item: &str) -> Self {
        let copy = format!("{case}/{item}");
        Self { receipt: format!("{copy}.receipt.json"), proof: format!("{copy}.tlog-proof"), copy }
    }
}

impl Out {
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.path(name);
        fs::read(&path).with_context(|| format!("`{}`", path.display()))
    }

    /// Reads a file that may not be there yet.
    pub(crate) fn maybe(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("`{}`", self.path(name).display())),
        }
    }

    /// Replaces a file: after a crash it is the old one or the new one, whole. Only its owner reads it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        write(&path, bytes).with_context(|| format!("`{}`", path.display()))
    }

    pub(crate) fn history(&self) -> anyhow::Result<History> {
        match self.maybe(HISTORY)? {
            Some(json) => History::from_json(&json),
            None => Ok(History::default()),
        }
    }

    pub(crate) fn sums(&self) -> anyhow::Result<Sums> {
        match self.maybe(SUMS)? {
            Some(text) => String::from_utf8(text).context("the list of files is damaged")?.parse(),
            None => Ok(Sums::default()),
        }
    }

    /// Tells whether a file is as it was listed.
    pub(crate) fn fits(&self, sums: &Sums, name: &str) -> bool {
        let found = fs::read(self.path(name)).map(|bytes| Digest::of(&bytes));
        sums.0.get(name).is_some_and(|listed| found.is_ok_and(|found| found == *listed))
    }

    /// Names the file that a sealed copy is gathered in.
    pub(crate) fn part(&self, case: &str, item: &str) -> anyhow::Result<PathBuf> {
        let folder = self.path(PART).join(case);
        private_folder(&folder).with_context(|| format!("`{}`", folder.display()))?;
        Ok(folder.join(format!("{item}.age")))
    }

    /// Makes the folder, which only its owner may enter.
    pub(crate) fn create(&self) -> anyhow::Result<()> {
        let made = private_folder(&self.path(PART));
        made.with_context(|| format!("`{}`", self.root.display()))
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}
