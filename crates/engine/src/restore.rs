//! Restores a program from a backup, and lets it go on only when two people have seen what is lost.
//!
//! A backup is older than the program was. What came after it is not in it, and members may hold copies that the
//! restored log knows nothing of; so a restored folder does not start by itself.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use package::Identity;
use program::{
    Command, Context, Refusal,
    id::{Sha256, UserId},
    restore::{Head, Loss},
};
use serde::Serialize;
use thiserror::Error;
use tlog::Checkpoint;
use zeroize::Zeroizing;

use crate::{
    backup::{BackupError, KEYS, MANIFEST, Manifest, VERSION, copy_files, folded, hashes, pour},
    blobs::{BlobError, Blobs},
    checkpoint::{CheckpointPlace, CheckpointPlaceError, write_durably},
    clock::Clock,
    entropy::Entropy,
    folder::{Folder, FolderError},
    keys::{FILES, KeyFileError, Keys, write_private, write_secret},
    places::{Place, Places, Wanted},
    progress::Progress,
    store::{self, Address, StoreError},
    writer::{WriteError, append_alone, replay},
};

/// Where the keys of a backup come from.
pub enum KeySource {
    /// From the backup, opened with this.
    Sealed(Identity),
    /// From a folder of key files that was kept elsewhere.
    Folder(PathBuf),
}

/// What is restored, and where to.
pub struct Request<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// The data folder to make.
    pub root: &'a Path,
    /// Its keys.
    pub keys: &'a KeySource,
    /// Where the log and the blobs go.
    pub wanted: &'a Wanted,
    /// The newest checkpoint that is known, from outside.
    pub newest: Option<&'a Path>,
}

/// What a restore came to.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// When the backup was made.
    pub made: Timestamp,
    /// How many entries it brought.
    pub entries: u64,
    /// How many there were by the newest checkpoint that is known.
    pub known: u64,
    /// How many are lost for certain.
    pub lost: u64,
    /// How many blobs it brought.
    pub blobs: u64,
}

/// What one person's word came to.
#[derive(Clone, Debug, Serialize)]
pub struct Accepted {
    /// Whether two people have said it, so that the program starts again.
    pub done: bool,
    /// What was restored, and what was known.
    pub loss: Loss,
}

/// A backup that cannot be restored, or a restored program that cannot go on.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// There is no manifest.
    #[error("`{0}` is no backup: it has no `backup.json`, which is written last; use an older one that has")]
    NoManifest(PathBuf),
    /// The manifest does not read.
    #[error("`{path}` is damaged: {says}; use another backup")]
    Manifest {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        says: String,
    },
    /// A file is not what the manifest says.
    #[error("backup `{backup}` is damaged: `{file}` is {says}; use another backup; nothing was restored")]
    Damaged {
        /// Which backup.
        backup: PathBuf,
        /// Which file.
        file: String,
        /// What is wrong with it.
        says: &'static str,
    },
    /// Its keys are elsewhere.
    #[error("the backup holds no keys: give the folder they are kept in, with `--keys`")]
    NoKeys,
    /// Keys of another log.
    #[error(
        "the keys belong to the log `{keys}`, the backup is of `{backup}`: give the keys of that program"
    )]
    OtherKeys {
        /// Whose.
        keys: String,
        /// The backup's.
        backup: String,
    },
    /// A backup does not hold together.
    #[error("backup `{path}`: its log does not fit its checkpoint or manifest: {says}; use another backup")]
    Unfit {
        /// Which one.
        path: PathBuf,
        /// What does not fit.
        says: String,
    },
    /// The keys in it cannot be opened.
    #[error("the keys of the backup cannot be opened: {0}")]
    Sealed(String),
    /// A text is not in it.
    #[error("the backup lacks a text that its log names: {0}; nothing was restored")]
    Lacks(BlobError),
    /// Nothing is lost.
    #[error("there is nothing to accept: the log fits its newest checkpoint")]
    NothingLost,
    /// No checkpoint says what was.
    #[error("there is no checkpoint beside the restored log: restore again")]
    NoCheckpoint,
    /// The program says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A backup's part cannot be read or written.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A key file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// A database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is not what it should be.
    #[error(transparent)]
    Log(#[from] WriteError),
    /// A checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointPlaceError),
    /// A blob cannot be kept.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// Makes a data folder from a backup; everything is checked before anything is made.
///
/// # Errors
/// [`RestoreError`] says what does not fit.
pub async fn restore(
    request: &Request<'_>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Restored, RestoreError> {
    let (backup, folder) = (request.backup, Folder::at(request.root));
    let manifest = check(backup, progress)?;
    folder.check_new()?;
    let texts = key_texts(request, &manifest)?;
    let keys = Keys::parse(&texts).map_err(RestoreError::Sealed)?;
    if keys.log.name() != manifest.origin {
        let keys = keys.log.name().to_owned();
        return Err(RestoreError::OtherKeys { keys, backup: manifest.origin });
    }
    let unfit = |says: String| RestoreError::Unfit { path: backup.to_owned(), says };
    let database = backup.join("forewarn.db");
    let ledger = folded(&database).await?;
    let root = Sha256(*ledger.tree().root().as_bytes());
    if (ledger.len(), root) != (manifest.entries, manifest.root) {
        return Err(unfit(String::from("another number of entries, or another root")));
    }
    let own = read_checkpoint(&backup.join("checkpoint"), &keys)?;
    let fits = CheckpointPlace::at(&Place::Path(backup.join("checkpoint")))?;
    fits.compare(Some(&own), ledger.tree()).map_err(|error| unfit(error.to_string()))?;
    let given = request.newest.map(|path| read_checkpoint(path, &keys)).transpose()?;
    let from = Blobs::open(&Place::Path(backup.join("blobs")))?;
    for blob in ledger.program().blobs() {
        from.get(blob, &keys.blob).await.map_err(RestoreError::Lacks)?;
    }

    if let Some(server) = &request.wanted.database {
        check_empty(&Address::Server(server.clone())).await?;
    }
    folder.create(&manifest.origin, request.wanted)?;
    let mut description = folder.describe()?;
    description.restored = Some(now);
    folder.write(&description)?;
    for (name, text) in &texts {
        write_secret(&folder.keys().join(name), text.trim_end())?;
    }
    let vkey = format!("{}\n", keys.log.verifier());
    write_durably(&folder.vkey(), vkey.as_bytes()).map_err(at(&folder.vkey()))?;
    let places = Places::of(&folder, &description)?;
    bring_log(&database, &places.database, manifest.entries, progress).await?;
    let blobs = bring_blobs(&from, &places.blobs, progress).await?;
    copy_files(&backup.join("public"), &folder.public())?;

    let place = CheckpointPlace::at(&places.checkpoint)?;
    let there = place.read(&keys.log.verifier()).await?;
    let newest = [Some(own), given, there.clone()].into_iter().flatten().max_by_key(Checkpoint::size);
    let known = newest.as_ref().map_or(0, Checkpoint::size);
    if let Some(newest) = newest.filter(|newest| there.as_ref() != Some(newest)) {
        place.put(&newest, &keys.log).await?;
    }
    let (made, entries) = (manifest.made, manifest.entries);
    Ok(Restored { made, entries, known, lost: known.saturating_sub(entries), blobs })
}

/// Checks every file of a backup against its manifest.
///
/// # Errors
/// [`RestoreError`] names the first that does not fit.
pub fn check(backup: &Path, progress: &dyn Progress) -> Result<Manifest, RestoreError> {
    let path = backup.join(MANIFEST);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RestoreError::NoManifest(backup.to_owned()));
        }
        Err(source) => return Err(at(&path)(source)),
    };
    let wrong = |says: String| RestoreError::Manifest { path: path.clone(), says };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    if manifest.version > VERSION {
        return Err(wrong(String::from("a newer forewarn wrote it")));
    }
    let found = hashes(backup, progress)?;
    let damaged =
        |file: &str, says| RestoreError::Damaged { backup: backup.to_owned(), file: file.to_owned(), says };
    for (file, hash) in &manifest.files {
        match found.get(file) {
            None => return Err(damaged(file, "missing")),
            Some(other) if other != hash => return Err(damaged(file, "not what was backed up")),
            Some(_) => {}
        }
    }
    match found.keys().find(|file| !manifest.files.contains_key(*file)) {
        Some(strange) => Err(damaged(strange, "not of the backup")),
        None => Ok(manifest),
    }
}

/// Says as one person that a program goes on without what its newest checkpoint was signed for; the second person's word
/// lets it start again.
///
/// # Errors
/// [`RestoreError`]; before the second word nothing but the first is written.
pub async fn accept(
    root: &Path,
    actor: &UserId,
    reason: String,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Accepted, RestoreError> {
    let folder = Folder::at(root);
    let mut description = folder.describe()?;
    let keys = Keys::read(&folder)?;
    let places = Places::of(&folder, &description)?;
    let place = CheckpointPlace::at(&places.checkpoint)?;
    let known = place.read(&keys.log.verifier()).await?.ok_or(RestoreError::NoCheckpoint)?;
    let store = store::open_at(&places.database, false).await?;
    let done = async {
        let mut ledger = replay(&store).await?;
        let fits = place.compare(Some(&known), ledger.tree()).is_ok();
        if fits && description.restored.is_none() {
            return Err(RestoreError::NothingLost);
        }
        let have = Head { size: ledger.len(), root: Sha256(*ledger.tree().root().as_bytes()) };
        let newest = Head { size: known.size(), root: Sha256(*known.root().as_bytes()) };
        let loss = Loss { have, newest, reason };
        // A refusal is said before anything is written.
        let ctx = Context { now: clock.now(), actor };
        ledger.program().decide(&ctx, Command::AcceptLoss(loss.clone()))?;
        append_alone(&store, &mut ledger, actor, Command::AcceptLoss(loss.clone()), clock, entropy).await?;
        let word = ledger.program().restore();
        let loss = word
            .accepted()
            .iter()
            .find(|accepted| accepted.newest == newest)
            .or(word.proposed().map(|(_, proposed)| proposed))
            .cloned()
            .unwrap_or(loss);
        let done = word.accepts(&newest);
        if done {
            if fits {
                place.advance(ledger.tree(), &keys.log).await?;
            } else {
                place.replace(&known, ledger.tree(), &keys.log).await?;
            }
            description.restored = None;
            folder.write(&description)?;
        }
        Ok(Accepted { done, loss })
    };
    let done = done.await;
    store.close().await;
    done
}

fn key_texts(
    request: &Request<'_>,
    manifest: &Manifest,
) -> Result<BTreeMap<String, Zeroizing<String>>, RestoreError> {
    match request.keys {
        KeySource::Sealed(identity) => {
            if !manifest.keys {
                return Err(RestoreError::NoKeys);
            }
            let path = request.backup.join(KEYS);
            let sealed = fs::read(&path).map_err(at(&path))?;
            let plain =
                package::open(&sealed, identity).map_err(|error| RestoreError::Sealed(error.to_string()))?;
            let plain = Zeroizing::new(plain);
            let texts: BTreeMap<String, String> =
                serde_json::from_slice(&plain).map_err(|error| RestoreError::Sealed(error.to_string()))?;
            Ok(texts
                .into_iter()
                .filter(|(name, _)| FILES.contains(&name.as_str()))
                .map(|(name, text)| (name, Zeroizing::new(text)))
                .collect())
        }
        KeySource::Folder(folder) => FILES
            .iter()
            .map(|name| {
                let path = folder.join(name);
                let text = fs::read_to_string(&path).map_err(at(&path))?;
                Ok(((*name).to_owned(), Zeroizing::new(text)))
            })
            .collect(),
    }
}

fn read_checkpoint(path: &Path, keys: &Keys) -> Result<Checkpoint, RestoreError> {
    let text = fs::read(path).map_err(at(path))?;
    let place = path.display().to_string();
    Ok(Checkpoint::open(&text, &keys.log.verifier())
        .map_err(|source| CheckpointPlaceError::Untrusted { place, source })?)
}

async fn bring_log(
    from: &Path,
    to: &Address,
    entries: u64,
    progress: &dyn Progress,
) -> Result<(), RestoreError> {
    if let Address::File(path) = to {
        write_private(path, "").map_err(at(path))?;
        fs::copy(from, path).and_then(|_| fs::File::open(path)?.sync_all()).map_err(at(path))?;
        // Brought to the present shape now, so that whoever looks finds it so.
        store::open_at(to, false).await?.close().await;
        return Ok(());
    }
    let source = store::look(&Address::File(from.to_owned())).await?;
    let target = store::open_at(to, true).await?;
    let poured = pour(&source, &target, entries, progress).await;
    source.close().await;
    target.close().await;
    Ok(poured?)
}

async fn check_empty(place: &Address) -> Result<(), RestoreError> {
    let store = store::open_at(place, true).await?;
    let found = store.tail(None).await;
    store.close().await;
    if found?.is_empty() { Ok(()) } else { Err(StoreError::InUse(place.shown()).into()) }
}

async fn bring_blobs(from: &Blobs, to: &Place, progress: &dyn Progress) -> Result<u64, RestoreError> {
    let to = Blobs::open(to)?;
    let names = from.list().await?;
    progress.begin("copying blobs", names.len() as u64);
    let mut count = 0;
    for name in names {
        let name = name.map_err(BlobError::Strange)?;
        to.put_sealed(name, from.get_sealed(name).await?).await?;
        count += 1;
        progress.step(1);
    }
    progress.end();
    Ok(count)
}

fn at(path: &Path) -> impl Fn(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::Io { path: path.clone(), source }
}
