//! The newest signed checkpoint, kept outside the database: the memory that a restored backup lacks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{
    Error as ObjectError, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
    path::Path as Key,
};
use thiserror::Error;
use tlog::{Checkpoint, CheckpointError, LogSigner, LogVerifier, Tree};

use crate::places::Place;

/// A checkpoint that does not fit the log.
#[derive(Debug, Error)]
pub enum CheckpointPlaceError {
    /// It was changed, or signed by another key.
    #[error("checkpoint `{place}`: {source}; restore it from its backup")]
    Untrusted {
        /// Which one.
        place: String,
        /// Why.
        source: CheckpointError,
    },
    /// There are entries, and no checkpoint.
    #[error(
        "checkpoint `{place}` is missing although the log has {entries} entries: restore it; without it a rolled-back database could not be told from a whole one"
    )]
    Missing {
        /// Which one.
        place: String,
        /// How many entries there are.
        entries: u64,
    },
    /// The database has lost entries.
    #[error(
        "the database has {have} entries, its checkpoint `{place}` has {signed}: the database is older than the checkpoint, {lost} entries are lost; restore the newest database, never the checkpoint; if they are lost for good, two people say so with `forewarn restore --accept`"
    )]
    Behind {
        /// Which one.
        place: String,
        /// Entries in the database.
        have: u64,
        /// Entries in the checkpoint.
        signed: u64,
        /// The difference.
        lost: u64,
    },
    /// The database has other entries than were signed.
    #[error(
        "the first {signed} entries of the database are not the ones that checkpoint `{place}` was signed for: the log was changed; run `forewarn verify` and restore the database"
    )]
    Forked {
        /// Which one.
        place: String,
        /// Entries in the checkpoint.
        signed: u64,
    },
    /// The file system said no.
    #[error("checkpoint `{place}`: {source}")]
    Io {
        /// Which one.
        place: String,
        /// What it said.
        source: io::Error,
    },
    /// The object store said no.
    #[error("checkpoint `{place}`: {source}")]
    Object {
        /// Which one.
        place: String,
        /// What it said.
        source: ObjectError,
    },
    /// Others kept replacing it.
    #[error("checkpoint `{0}` is replaced by others all the time: do the same again, nothing is done twice")]
    Contended(String),
    /// It is not the one that was to be replaced.
    #[error("checkpoint `{0}` is not the one that was looked at any more: look again")]
    Replaced(String),
    /// The log could not be signed.
    #[error("cannot sign a checkpoint: {0}")]
    Sign(CheckpointError),
}

/// How often a replica tries to put its newer checkpoint where others put theirs.
const ATTEMPTS: u32 = 20;

/// Where the newest checkpoint is kept.
#[derive(Clone, Debug)]
pub struct CheckpointPlace {
    place: String,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    File(PathBuf),
    Object(Arc<dyn ObjectStore>, Key),
}

/// A checkpoint's text with what tells whether it is still the same one.
struct Found {
    text: Vec<u8>,
    version: Option<UpdateVersion>,
}

impl CheckpointPlace {
    /// Names a place; nothing is read.
    ///
    /// # Errors
    /// [`CheckpointPlaceError::Object`] when S3 cannot be asked with what the environment says.
    pub fn at(place: &Place) -> Result<Self, CheckpointPlaceError> {
        Ok(match place {
            Place::Path(path) => Self { place: path.display().to_string(), kept: Kept::File(path.clone()) },
            Place::Bucket(bucket) => {
                let place = bucket.to_string();
                let store = bucket
                    .open()
                    .map_err(|source| CheckpointPlaceError::Object { place: place.clone(), source })?;
                Self { place, kept: Kept::Object(store, bucket.prefix().clone()) }
            }
        })
    }

    /// Reads the checkpoint's text, if there is one.
    ///
    /// # Errors
    /// What the file system or the object store says.
    pub async fn text(&self) -> Result<Option<Vec<u8>>, CheckpointPlaceError> {
        Ok(self.find().await?.map(|found| found.text))
    }

    /// Reads the checkpoint, if there is one, and checks who signed it.
    ///
    /// Read it before the log it is compared with: entries come first and the checkpoint follows, so a log
    /// read later holds at least what the checkpoint was signed for, however much is written meanwhile.
    ///
    /// # Errors
    /// [`CheckpointPlaceError`] when it cannot be read or another key signed it.
    pub async fn read(&self, verifier: &LogVerifier) -> Result<Option<Checkpoint>, CheckpointPlaceError> {
        let Some(text) = self.text().await? else { return Ok(None) };
        self.opened(&text, verifier).map(Some)
    }

    /// Checks that the log holds at least what a checkpoint that was read from here is for, unchanged.
    ///
    /// # Errors
    /// [`CheckpointPlaceError`] says what does not fit.
    pub fn compare(&self, known: Option<&Checkpoint>, tree: &Tree) -> Result<(), CheckpointPlaceError> {
        let place = || self.place.clone();
        let Some(known) = known else {
            return match tree.len() {
                0 => Ok(()),
                entries => Err(CheckpointPlaceError::Missing { place: place(), entries }),
            };
        };
        if known.size() > tree.len() {
            return Err(CheckpointPlaceError::Behind {
                place: place(),
                have: tree.len(),
                signed: known.size(),
                lost: known.size() - tree.len(),
            });
        }
        match tree.root_at(known.size()) {
            Ok(root) if root == known.root() => Ok(()),
            _ => Err(CheckpointPlaceError::Forked { place: place(), signed: known.size() }),
        }
    }

    /// Replaces the checkpoint by one for the whole tree, only forwards, by compare and swap.
    ///
    /// A replica that was faster leaves a newer checkpoint, which stays.
    ///
    /// # Errors
    /// [`CheckpointPlaceError`] when it does not fit the log or cannot be written.
    pub async fn advance(&self, tree: &Tree, signer: &LogSigner) -> Result<(), CheckpointPlaceError> {
        let note = sign(tree, signer)?;
        for _ in 0..ATTEMPTS {
            let _lock = self.lock()?;
            let found = self.find().await?;
            if let Some(found) = &found {
                let known = self.opened(&found.text, &signer.verifier())?;
                if known.size() >= tree.len() {
                    return Ok(());
                }
                self.compare(Some(&known), tree)?;
            }
            if self.swap(found, &note).await? {
                return Ok(());
            }
        }
        Err(CheckpointPlaceError::Contended(self.place.clone()))
    }

    /// Replaces one checkpoint, and no other, by one for a tree that may lack what the first was signed for: what two
    /// people decided after entries were lost.
    ///
    /// # Errors
    /// [`CheckpointPlaceError::Replaced`] when another one is there, or what the place says.
    pub async fn replace(
        &self,
        lost: &Checkpoint,
        tree: &Tree,
        signer: &LogSigner,
    ) -> Result<(), CheckpointPlaceError> {
        let note = sign(tree, signer)?;
        let replaced = || CheckpointPlaceError::Replaced(self.place.clone());
        let _lock = self.lock()?;
        let found = self.find().await?.ok_or_else(replaced)?;
        let known = self.opened(&found.text, &signer.verifier())?;
        if (known.size(), known.root()) != (lost.size(), lost.root()) {
            return Err(replaced());
        }
        if self.swap(Some(found), &note).await? { Ok(()) } else { Err(replaced()) }
    }

    /// Puts a checkpoint that was signed before where none is, or an older one: the newest one that is known of a log
    /// that was restored.
    ///
    /// # Errors
    /// [`CheckpointPlaceError::Replaced`] when a newer one is there, or what the place says.
    pub async fn put(&self, newest: &Checkpoint, signer: &LogSigner) -> Result<(), CheckpointPlaceError> {
        let note = newest.sign(signer).map_err(CheckpointPlaceError::Sign)?;
        let replaced = || CheckpointPlaceError::Replaced(self.place.clone());
        let _lock = self.lock()?;
        let found = self.find().await?;
        if let Some(found) = &found
            && self.opened(&found.text, &signer.verifier())?.size() > newest.size()
        {
            return Err(replaced());
        }
        if self.swap(found, &note).await? { Ok(()) } else { Err(replaced()) }
    }

    fn opened(&self, text: &[u8], verifier: &LogVerifier) -> Result<Checkpoint, CheckpointPlaceError> {
        Checkpoint::open(text, verifier)
            .map_err(|source| CheckpointPlaceError::Untrusted { place: self.place.clone(), source })
    }

    async fn find(&self) -> Result<Option<Found>, CheckpointPlaceError> {
        match &self.kept {
            Kept::File(path) => match fs::read(path) {
                Ok(text) => Ok(Some(Found { text, version: None })),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(self.io(source)),
            },
            Kept::Object(store, key) => {
                let object = match store.get(key).await {
                    Ok(object) => object,
                    Err(ObjectError::NotFound { .. }) => return Ok(None),
                    Err(source) => return Err(self.object(source)),
                };
                let version =
                    UpdateVersion { e_tag: object.meta.e_tag.clone(), version: object.meta.version.clone() };
                let text = object.bytes().await.map_err(|source| self.object(source))?;
                Ok(Some(Found { text: text.to_vec(), version: Some(version) }))
            }
        }
    }

    /// Puts a text in the place of what was found; tells whether that was still there.
    async fn swap(&self, found: Option<Found>, note: &str) -> Result<bool, CheckpointPlaceError> {
        match &self.kept {
            // The lock is held: nobody came between.
            Kept::File(path) => {
                write_durably(path, note.as_bytes()).map(|()| true).map_err(|source| self.io(source))
            }
            Kept::Object(store, key) => {
                let mode = match found.and_then(|found| found.version) {
                    Some(version) => PutMode::Update(version),
                    None => PutMode::Create,
                };
                let options = PutOptions { mode, ..PutOptions::default() };
                match store.put_opts(key, PutPayload::from(note.as_bytes().to_vec()), options).await {
                    Ok(_) => Ok(true),
                    Err(ObjectError::Precondition { .. } | ObjectError::AlreadyExists { .. }) => Ok(false),
                    Err(source) => Err(self.object(source)),
                }
            }
        }
    }

    /// Keeps other processes of this host from a file until it is dropped.
    fn lock(&self) -> Result<Option<File>, CheckpointPlaceError> {
        let Kept::File(path) = &self.kept else { return Ok(None) };
        let lock = File::create(path.with_extension("lock")).map_err(|source| self.io(source))?;
        lock.lock().map_err(|source| self.io(source))?;
        Ok(Some(lock))
    }

    fn io(&self, source: io::Error) -> CheckpointPlaceError {
        CheckpointPlaceError::Io { place: self.place.clone(), source }
    }

    fn object(&self, source: ObjectError) -> CheckpointPlaceError {
        CheckpointPlaceError::Object { place: self.place.clone(), source }
    }
}

/// Signs a checkpoint for a whole tree.
pub(crate) fn sign(tree: &Tree, signer: &LogSigner) -> Result<String, CheckpointPlaceError> {
    Checkpoint::new(signer.name(), tree.len(), tree.root())
        .and_then(|checkpoint| checkpoint.sign(signer))
        .map_err(CheckpointPlaceError::Sign)
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

#[cfg(test)]
mod tests {
    use object_store::aws::AmazonS3Builder;
    use tlog::leaf_hash;

    use super::*;
    use crate::bucket::Bucket;

    fn signer() -> LogSigner {
        LogSigner::from_seed("acme.example/log", &[1; 32]).unwrap()
    }

    fn tree(leaves: u8) -> Tree {
        let mut tree = Tree::new();
        (0..leaves).for_each(|leaf| tree.push(leaf_hash(&tlog::commitment(&[leaf; 16], b"body"))));
        tree
    }

    /// A place in a folder, and one in S3 where that can be had.
    fn everywhere(dir: &Path) -> (Vec<CheckpointPlace>, Option<testbed::s3::Bucket>) {
        let mut all = vec![CheckpointPlace::at(&Place::Path(dir.join("checkpoint"))).unwrap()];
        let there = testbed::s3::bucket();
        if let Some(there) = &there {
            let bucket: Bucket = format!("s3://{}/warn/checkpoint", there.name).parse().unwrap();
            let builder = AmazonS3Builder::new()
                .with_endpoint(&there.endpoint)
                .with_allow_http(true)
                .with_access_key_id("test")
                .with_secret_access_key("test");
            let store = bucket.open_with(builder).unwrap();
            let kept = Kept::Object(store, bucket.prefix().clone());
            all.push(CheckpointPlace { place: bucket.to_string(), kept });
        }
        (all, there)
    }

    #[tokio::test]
    async fn it_only_goes_forwards_and_only_along_one_log() {
        let dir = tempfile::tempdir().unwrap();
        let signer = signer();
        let (all, _there) = everywhere(dir.path());
        for place in all {
            assert_eq!(place.text().await.unwrap(), None);
            assert!(matches!(
                place.compare(None, &tree(2)),
                Err(CheckpointPlaceError::Missing { entries: 2, .. })
            ));
            let size = async || place.read(&signer.verifier()).await.unwrap().unwrap().size();
            place.advance(&tree(2), &signer).await.unwrap();
            place.advance(&tree(5), &signer).await.unwrap();
            place.advance(&tree(3), &signer).await.unwrap();
            assert_eq!(size().await, 5, "a slower replica leaves the newer one");
            let mut fork = tree(4);
            (0..3).for_each(|leaf| fork.push(leaf_hash(&tlog::commitment(&[leaf; 16], b"other"))));
            let forked = place.advance(&fork, &signer).await;
            assert!(matches!(forked, Err(CheckpointPlaceError::Forked { signed: 5, .. })), "{forked:?}");
            let other = LogSigner::from_seed("acme.example/log", &[2; 32]).unwrap();
            assert!(matches!(
                place.advance(&tree(9), &other).await,
                Err(CheckpointPlaceError::Untrusted { .. })
            ));
            let (old, lost) = (
                Checkpoint::new(signer.name(), 2, tree(2).root()).unwrap(),
                place.read(&signer.verifier()).await.unwrap().unwrap(),
            );
            let refused = place.replace(&old, &tree(3), &signer).await;
            assert!(matches!(refused, Err(CheckpointPlaceError::Replaced(_))), "{refused:?}");
            place.replace(&lost, &tree(3), &signer).await.unwrap();
            assert_eq!(size().await, 3);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_many_replicas_at_once_the_newest_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (all, _there) = everywhere(dir.path());
        for place in all {
            let replicas: Vec<_> = (1..=12)
                .map(|leaves| {
                    let place = place.clone();
                    tokio::spawn(async move { place.advance(&tree(leaves), &signer()).await })
                })
                .collect();
            for replica in replicas {
                replica.await.unwrap().unwrap();
            }
            assert_eq!(place.read(&signer().verifier()).await.unwrap().unwrap().size(), 12);
        }
    }
}
