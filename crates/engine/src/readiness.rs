//! Whether the program can do its work now: what a server is asked before it is sent anybody.

use crate::{blobs::BlobError, checkpoint::CheckpointPlaceError, engine::Engine, store::StoreError};

impl Engine {
    /// Checks that the log takes entries; writes none.
    ///
    /// # Errors
    /// [`StoreError`] says what the database lacks.
    pub async fn writable(&self) -> Result<(), StoreError> {
        self.store.writable().await
    }

    /// Checks that the checkpoint outside the database fits the log.
    ///
    /// # Errors
    /// [`CheckpointPlaceError`] says what does not fit.
    pub async fn checkpoint_fits(&self) -> Result<(), CheckpointPlaceError> {
        // The log is taken after the checkpoint was read: it holds at least what that was signed for, unless
        // another replica wrote both, and then a refresh is all that is missing.
        let known = self.checkpoint.read(&self.keys.log.verifier()).await?;
        let ledger = self.ledger().await;
        if known.as_ref().is_some_and(|known| known.size() > ledger.len()) {
            return Ok(());
        }
        self.checkpoint.compare(known.as_ref(), ledger.tree())
    }

    /// Checks that the blobs can be asked for.
    ///
    /// # Errors
    /// [`BlobError`] says what the store said.
    pub async fn blobs_reachable(&self) -> Result<(), BlobError> {
        self.blobs.reachable().await
    }
}
