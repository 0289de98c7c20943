//! The newest signed checkpoint, kept outside the database: the memory that a restored backup lacks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use thiserror::Error;
use tlog::{Checkpoint, CheckpointError, LogSigner, LogVerifier, Tree};

/// A checkpoint file that does not fit the log.
#[derive(Debug, Error)]
pub enum CheckpointFileError {
    /// It was changed, or signed by another key.
    #[error("checkpoint `{path}`: {source}; restore the file from its backup")]
    Untrusted {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// There are entries, and no checkpoint.
    #[error(
        "checkpoint `{path}` is missing although the log has {entries} entries: restore the file; without it a rolled-back database could not be told from a whole one"
    )]
    Missing {
        /// Which file.
        path: PathBuf,
        /// How many entries there are.
        entries: u64,
    },
    /// The database has lost entries.
    #[error(
        "the database has {have} entries, its checkpoint `{path}` has {signed}: the database is older than the checkpoint, {lost} entries are lost; restore the newest database, never the checkpoint"
    )]
    Behind {
        /// Which file.
        path: PathBuf,
        /// Entries in the database.
        have: u64,
        /// Entries in the checkpoint.
        signed: u64,
        /// The difference.
        lost: u64,
    },
    /// The database has other entries than were signed.
    #[error(
        "the first {signed} entries of the database are not the ones that checkpoint `{path}` was signed for: the log was changed; run `forewarn verify` and restore the database"
    )]
    Forked {
        /// Which file.
        path: PathBuf,
        /// Entries in the checkpoint.
        signed: u64,
    },
    /// The file system said no.
    #[error("checkpoint `{path}`: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The log could not be signed.
    #[error("cannot sign a checkpoint: {0}")]
    Sign(CheckpointError),
}

/// The file that holds the newest checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    path: PathBuf,
}

impl CheckpointFile {
    /// Names a file; nothing is read.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads the checkpoint's text, if there is one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn text(&self) -> Result<Option<Vec<u8>>, CheckpointFileError> {
        match fs::read(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io(source)),
        }
    }

    /// Reads the checkpoint, if there is one, and checks who signed it.
    ///
    /// Read it before the log it is compared with: entries come first and the checkpoint follows, so a log
    /// read later holds at least what the checkpoint was signed for, however much is written meanwhile.
    ///
    /// # Errors
    /// [`CheckpointFileError`] when it cannot be read or another key signed it.
    pub fn read(&self, verifier: &LogVerifier) -> Result<Option<Checkpoint>, CheckpointFileError> {
        let Some(text) = self.text()? else { return Ok(None) };
        Checkpoint::open(&text, verifier)
            .map(Some)
            .map_err(|source| CheckpointFileError::Untrusted { path: self.path.clone(), source })
    }

    /// Checks that the log holds at least what a checkpoint that was read from here is for, unchanged.
    ///
    /// # Errors
    /// [`CheckpointFileError`] says what does not fit.
    pub fn compare(&self, known: Option<&Checkpoint>, tree: &Tree) -> Result<(), CheckpointFileError> {
        let Some(known) = known else {
            return match tree.len() {
                0 => Ok(()),
                entries => Err(CheckpointFileError::Missing { path: self.path.clone(), entries }),
            };
        };
        if known.size() > tree.len() {
            return Err(CheckpointFileError::Behind {
                path: self.path.clone(),
                have: tree.len(),
                signed: known.size(),
                lost: known.size() - tree.len(),
            });
        }
        match tree.root_at(known.size()) {
            Ok(root) if root == known.root() => Ok(()),
            _ => Err(CheckpointFileError::Forked { path: self.path.clone(), signed: known.size() }),
        }
    }

    /// Replaces the checkpoint by one for the whole tree, under a lock and only forwards.
    ///
    /// A replica that was faster leaves a newer checkpoint, which stays.
    ///
    /// # Errors
    /// [`CheckpointFileError`] when the file does not fit the log or cannot be written.
    pub fn advance(&self, tree: &Tree, signer: &LogSigner) -> Result<(), CheckpointFileError> {
        let lock = File::create(self.path.with_extension("lock")).map_err(|source| self.io(source))?;
        lock.lock().map_err(|source| self.io(source))?;
        if let Some(known) = self.read(&signer.verifier())? {
            if known.size() >= tree.len() {
                return Ok(());
            }
            self.compare(Some(&known), tree)?;
        }
        let note = Checkpoint::new(signer.name(), tree.len(), tree.root())
            .and_then(|checkpoint| checkpoint.sign(signer))
            .map_err(CheckpointFileError::Sign)?;
        write_durably(&self.path, note.as_bytes()).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> CheckpointFileError {
        CheckpointFileError::Io { path: self.path.clone(), source }
    }
}

/// Replaces a file so that after a crash it is the old one or the new one, whole.
///
/// # Errors
/// What the file system says.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
