//! The public log as it is served: checkpoint, tiles, and proofs that the log only grew.

use tlog::{Commitment, Hash, SALT_SIZE, TileKind, TilePath, commitment};

use crate::{engine::Engine, error::StepError};

impl Engine {
    /// Returns a signed checkpoint of the log as this process knows it, all of it durable.
    ///
    /// # Errors
    /// [`StepError::Proof`] when it cannot be signed.
    pub async fn checkpoint(&self) -> Result<String, StepError> {
        let ledger = self.ledger().await;
        self.signed(ledger.tree())
    }

    /// Returns a signed checkpoint of the log as it was at a size that it has had.
    ///
    /// # Errors
    /// [`StepError::Proof`] when it was never that long, or cannot be signed.
    pub async fn checkpoint_at(&self, size: u64) -> Result<String, StepError> {
        let fail = |says: String| StepError::Proof { seq: size, says };
        let root = self.ledger().await.tree().root_at(size).map_err(|error| fail(error.to_string()))?;
        tlog::Checkpoint::new(self.keys.log.name(), size, root)
            .and_then(|checkpoint| checkpoint.sign(&self.keys.log))
            .map_err(|error| fail(error.to_string()))
    }

    pub(crate) fn signed(&self, tree: &tlog::Tree) -> Result<String, StepError> {
        tlog::Checkpoint::new(self.keys.log.name(), tree.len(), tree.root())
            .and_then(|checkpoint| checkpoint.sign(&self.keys.log))
            .map_err(|error| StepError::Proof { seq: tree.len(), says: error.to_string() })
    }

    /// Returns the log's verifier key.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.keys.log.verifier().to_string()
    }

    /// Returns a tile, or nothing when the log does not reach that far.
    ///
    /// # Errors
    /// [`StepError`] when the log cannot be read.
    pub async fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, StepError> {
        if path.kind() == TileKind::Entries {
            let Some(range) = path.records() else { return Ok(None) };
            if range.end > self.ledger().await.len() {
                return Ok(None);
            }
            let mut records = Vec::with_capacity(256);
            for stored in self.store.tail(range.start.checked_sub(1)).await? {
                if stored.seq >= range.end {
                    break;
                }
                records.push(record(stored.seq, &stored.salt, &stored.body)?);
            }
            return Ok(Some(tlog::bundle(&records)));
        }
        Ok(tlog::read_tile(self.ledger().await.tree(), &[], path))
    }

    /// Returns the proof that the log of one size continues the log of a smaller one; nothing when it is not
    /// that long.
    pub async fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        self.ledger().await.tree().consistency(old, new).ok()
    }
}

pub(crate) fn record(seq: u64, salt: &[u8], body: &[u8]) -> Result<Commitment, StepError> {
    let salt = <[u8; SALT_SIZE]>::try_from(salt)
        .map_err(|_| StepError::Proof { seq, says: String::from("its salt was changed") })?;
    Ok(commitment(&salt, body))
}
