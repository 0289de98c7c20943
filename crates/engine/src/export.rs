//! The public log as files: checkpoint, verifier key and tiles, as C2SP tlog-tiles asks.

use std::{fs, path::Path};

use tlog::Commitment;

use crate::{engine::Engine, error::StepError, public_log::record, store::Stored};

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// How many entries.
    pub entries: u64,
    /// How many tile files.
    pub tiles: usize,
}

impl Engine {
    /// Writes the public log into a folder that is empty or not there.
    ///
    /// # Errors
    /// [`StepError`] when the folder holds something, or cannot be written.
    pub async fn export_log(&self, out: &Path) -> Result<Exported, StepError> {
        new_folder(out)?;
        let ledger = self.ledger().await;
        let mut records = self.commitments().await?;
        // Another process may have appended since this one last looked.
        records.truncate(usize::try_from(ledger.len()).unwrap_or(usize::MAX));
        let (tree, signer) = (ledger.tree(), &self.keys.log);
        let fail = |says: String| StepError::Proof { seq: tree.len(), says };
        let files = tlog::tiles(tree, &records, 0, tree.len()).map_err(|error| fail(error.to_string()))?;
        let mut tiles = 0;
        for file in files {
            write(&out.join(file.path.to_string()), &file.bytes)?;
            tiles += 1;
        }
        let note = self.signed(tree)?;
        write(&out.join("vkey"), format!("{}\n", signer.verifier()).as_bytes())?;
        // The checkpoint comes last: whoever sees it finds every tile it promises.
        write(&out.join("checkpoint"), note.as_bytes())?;
        Ok(Exported { entries: tree.len(), tiles })
    }

    async fn commitments(&self) -> Result<Vec<Commitment>, StepError> {
        let mut records = Vec::new();
        let mut last = None;
        loop {
            let page = self.store.tail(last).await?;
            let Some(end) = page.last() else { return Ok(records) };
            last = Some(end.seq);
            for Stored { seq, salt, body, .. } in &page {
                records.push(record(*seq, salt, body)?);
            }
        }
    }
}

/// Makes a folder for an export; what is in one already is never mixed with it.
///
/// # Errors
/// [`StepError::Io`] when something is there or the file system refuses.
pub fn new_folder(path: &Path) -> Result<(), StepError> {
    let io = |source| StepError::Io { path: path.to_owned(), source };
    fs::create_dir_all(path).map_err(io)?;
    if fs::read_dir(path).map_err(io)?.next().is_some() {
        let source = std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "the folder is not empty; give a new one, so that old and new are not mixed",
        );
        return Err(StepError::Io { path: path.to_owned(), source });
    }
    Ok(())
}

/// Writes a file and the folders above it.
///
/// # Errors
/// [`StepError::Io`] when the file system refuses.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), StepError> {
    let io = |source| StepError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    fs::write(path, bytes).map_err(io)
}
