//! Blobs: the texts and exhibits of a program, encrypted, named by the hash of their ciphertext.

use std::path::Path;

use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    local::LocalFileSystem, path::Path as Key,
};
use package::{Identity, MemberKey};
use program::id::Sha256;
use thiserror::Error;

use crate::hash::sha256;

/// The blobs of a program.
#[derive(Debug)]
pub struct Blobs {
    store: LocalFileSystem,
}

/// A blob that cannot be kept or given back.
#[derive(Debug, Error)]
pub enum BlobError {
    /// It is not there.
    #[error("blob `{0}` is missing: restore it from the backup")]
    Missing(Sha256),
    /// It is not what its name says.
    #[error("blob `{0}` was changed: its bytes do not hash to its name; restore it from the backup")]
    Changed(Sha256),
    /// The key does not open it.
    #[error("blob `{blob}` cannot be opened: {says}")]
    Sealed {
        /// Which blob.
        blob: Sha256,
        /// Why.
        says: String,
    },
    /// It could not be encrypted.
    #[error("cannot encrypt a blob: {0}")]
    Encrypt(String),
    /// The store said no.
    #[error("the blob store failed: {0}")]
    Store(#[from] StoreError),
}

impl Blobs {
    /// Opens the blobs in a folder, which must exist.
    ///
    /// # Errors
    /// What the store says.
    pub fn open(folder: &Path) -> Result<Self, BlobError> {
        Ok(Self { store: LocalFileSystem::new_with_prefix(folder)?.with_fsync(true) })
    }

    /// Encrypts and keeps a text; durable when this returns.
    ///
    /// # Errors
    /// [`BlobError`] when it cannot be encrypted or kept.
    pub async fn put(&self, plaintext: &[u8], key: &MemberKey) -> Result<Sha256, BlobError> {
        let sealed = package::seal(plaintext, key).map_err(|error| BlobError::Encrypt(error.to_string()))?;
        let name = sha256(&sealed);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&place(name), PutPayload::from(sealed), options).await {
            Ok(_) | Err(StoreError::AlreadyExists { .. }) => Ok(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that the store answers.
    ///
    /// # Errors
    /// What the store says.
    pub async fn reachable(&self) -> Result<(), BlobError> {
        self.store.list_with_delimiter(None).await?;
        Ok(())
    }

    /// Gives a text back, checked against its name.
    ///
    /// # Errors
    /// [`BlobError`] when it is missing, changed, or sealed to another key.
    pub async fn get(&self, name: Sha256, identity: &Identity) -> Result<Vec<u8>, BlobError> {
        let sealed = match self.store.get(&place(name)).await {
            Ok(found) => found.bytes().await?,
            Err(StoreError::NotFound { .. }) => return Err(BlobError::Missing(name)),
            Err(error) => return Err(error.into()),
        };
        if sha256(&sealed) != name {
            return Err(BlobError::Changed(name));
        }
        package::open(&sealed, identity)
            .map_err(|error| BlobError::Sealed { blob: name, says: error.to_string() })
    }
}

/// Two digits of the name make a folder, so that no folder grows without bound.
fn place(name: Sha256) -> Key {
    let hex = name.to_string();
    let (folder, rest) = hex.split_at_checked(2).unwrap_or(("", &hex));
    Key::from_iter([folder, rest])
}
