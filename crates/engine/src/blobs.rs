//! Blobs: the texts and exhibits of a program, encrypted, named by the hash of their ciphertext.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    local::LocalFileSystem, path::Path as Key,
};
use package::{Identity, MemberKey};
use program::id::Sha256;
use thiserror::Error;

use crate::{hash::sha256, places::Place};

/// The blobs of a program.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
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
    /// Something lies among the blobs that is none.
    #[error("`{0}` is no blob: move it away from the blobs")]
    Strange(String),
    /// The store said no.
    #[error("the blob store failed: {0}")]
    Store(#[from] StoreError),
}

impl Blobs {
    /// Opens the blobs where they are; a folder must exist.
    ///
    /// # Errors
    /// What the store says.
    pub fn open(place: &Place) -> Result<Self, BlobError> {
        Ok(match place {
            Place::Path(folder) => {
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Self { store: Arc::new(store), prefix: Key::ROOT }
            }
            Place::Bucket(bucket) => Self { store: bucket.open()?, prefix: bucket.prefix().clone() },
        })
    }

    /// Encrypts and keeps a text; durable when this returns.
    ///
    /// # Errors
    /// [`BlobError`] when it cannot be encrypted or kept.
    pub async fn put(&self, plaintext: &[u8], key: &MemberKey) -> Result<Sha256, BlobError> {
        let sealed = package::seal(plaintext, key).map_err(|error| BlobError::Encrypt(error.to_string()))?;
        let name = sha256(&sealed);
        self.put_sealed(name, sealed).await?;
        Ok(name)
    }

    /// Keeps a ciphertext under its name; one that is there already stays as it is.
    ///
    /// # Errors
    /// [`BlobError`] when it is not what its name says, or cannot be kept.
    pub async fn put_sealed(&self, name: Sha256, sealed: Vec<u8>) -> Result<(), BlobError> {
        if sha256(&sealed) != name {
            return Err(BlobError::Changed(name));
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.place(name), PutPayload::from(sealed), options).await {
            Ok(_) | Err(StoreError::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks that the store answers.
    ///
    /// # Errors
    /// What the store says.
    pub async fn reachable(&self) -> Result<(), BlobError> {
        let mut first = self.store.list(Some(&self.prefix));
        first.next().await.transpose()?;
        Ok(())
    }

    /// Gives a text back, checked against its name.
    ///
    /// # Errors
    /// [`BlobError`] when it is missing, changed, or sealed to another key.
    pub async fn get(&self, name: Sha256, identity: &Identity) -> Result<Vec<u8>, BlobError> {
        package::open(&self.get_sealed(name).await?, identity)
            .map_err(|error| BlobError::Sealed { blob: name, says: error.to_string() })
    }

    /// Gives a ciphertext back, checked against its name.
    ///
    /// # Errors
    /// [`BlobError`] when it is missing or changed.
    pub async fn get_sealed(&self, name: Sha256) -> Result<Vec<u8>, BlobError> {
        let sealed = match self.store.get(&self.place(name)).await {
            Ok(found) => found.bytes().await?,
            Err(StoreError::NotFound { .. }) => return Err(BlobError::Missing(name)),
            Err(error) => return Err(error.into()),
        };
        if sha256(&sealed) != name {
            return Err(BlobError::Changed(name));
        }
        Ok(sealed.to_vec())
    }

    /// Lists every blob by name, in order, and what lies among them and is none.
    ///
    /// # Errors
    /// What the store says.
    pub async fn list(&self) -> Result<Vec<Result<Sha256, String>>, BlobError> {
        let found: Vec<_> = self.store.list(Some(&self.prefix)).try_collect().await?;
        let own = |location: &Key| -> Option<String> {
            Some(location.prefix_match(&self.prefix)?.map(|part| part.as_ref().to_owned()).collect())
        };
        let named = found.iter().filter_map(|meta| Some((own(&meta.location)?, &meta.location)));
        // The newest checkpoint may lie beside the blobs.
        let blobs = named.filter(|(name, _)| name != "checkpoint");
        let mut all: Vec<_> = blobs.map(|(name, at)| name.parse().map_err(|_| at.to_string())).collect();
        all.sort();
        Ok(all)
    }

    /// Two digits of the name make a folder, so that no folder grows without bound.
    fn place(&self, name: Sha256) -> Key {
        let hex = name.to_string();
        let (folder, rest) = hex.split_at_checked(2).unwrap_or(("", &hex));
        let above = self.prefix.parts().map(|part| part.as_ref().to_owned());
        Key::from_iter(above.chain([folder.to_owned(), rest.to_owned()]))
    }
}

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3Builder;

    use super::*;
    use crate::bucket::Bucket;

    /// Blobs in a folder, and in S3 where that can be had.
    fn everywhere(dir: &std::path::Path) -> (Vec<Blobs>, Option<testbed::s3::Bucket>) {
        let mut all = vec![Blobs::open(&Place::Path(dir.to_owned())).unwrap()];
        let there = testbed::s3::bucket();
        if let Some(there) = &there {
            let bucket: Bucket = format!("s3://{}/some/prefix", there.name).parse().unwrap();
            let builder = AmazonS3Builder::new()
                .with_endpoint(&there.endpoint)
                .with_allow_http(true)
                .with_access_key_id("test")
                .with_secret_access_key("test");
            let store = bucket.open_with(builder).unwrap();
            all.push(Blobs { store, prefix: bucket.prefix().clone() });
        }
        (all, there)
    }

    #[tokio::test]
    async fn a_blob_is_never_written_over_and_comes_back_or_is_missed() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::from_random(&[7; 32]).unwrap();
        let (all, _there) = everywhere(dir.path());
        for blobs in all {
            blobs.reachable().await.unwrap();
            let absent = Sha256([3; 32]);
            assert!(
                matches!(blobs.get(absent, &identity).await, Err(BlobError::Missing(name)) if name == absent)
            );
            let refused = blobs.put_sealed(absent, b"something else".to_vec()).await;
            assert!(matches!(refused, Err(BlobError::Changed(_))), "{refused:?}");
            let name = blobs.put(b"a text", &identity.to_public()).await.unwrap();
            let sealed = blobs.get_sealed(name).await.unwrap();
            blobs.put_sealed(name, sealed).await.unwrap();
            assert_eq!(blobs.get(name, &identity).await.unwrap(), b"a text");
            // Whoever writes the same name by another way is refused by the store itself.
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            let again =
                blobs.store.put_opts(&blobs.place(name), PutPayload::from_static(b"x"), options).await;
            assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");
            blobs.store.put(&blobs.place(name), PutPayload::from_static(b"changed")).await.unwrap();
            assert!(matches!(blobs.get(name, &identity).await, Err(BlobError::Changed(_))));
            let stray = Key::from_iter(
                blobs.prefix.parts().map(|part| part.as_ref().to_owned()).chain(["notes".to_owned()]),
            );
            blobs.store.put(&stray, PutPayload::from_static(b"mine")).await.unwrap();
            assert_eq!(blobs.list().await.unwrap(), [Ok(name), Err(stray.to_string())]);
        }
    }
}
