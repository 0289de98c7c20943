//! Copies a program into a folder while it is at work, in one shape whatever keeps the log: entries first, then the
//! blobs they name, then a manifest of every file's hash, without which a backup is none.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use package::MemberKey;
use program::id::Sha256;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    blobs::{BlobError, Blobs},
    checkpoint::{CheckpointPlaceError, sign, write_durably},
    engine::Engine,
    folder::Folder,
    hash::sha256,
    keys::FILES,
    ledger::Ledger,
    places::Place,
    progress::Progress,
    store::{self, Address, Store, StoreError},
    writer::{WriteError, replay},
};

/// Name of the manifest, which is written last.
pub const MANIFEST: &str = "backup.json";
/// Name of the sealed keys.
pub const KEYS: &str = "keys.age";
/// Version of a backup's shape.
pub const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the shape.
    pub version: u32,
    /// The log's origin.
    pub origin: String,
    /// When it was made.
    pub made: Timestamp,
    /// How many entries the log had.
    pub entries: u64,
    /// The root over them.
    pub root: Sha256,
    /// Whether the keys are in it, sealed.
    pub keys: bool,
    /// Every file but this one, with its hash.
    pub files: BTreeMap<String, Sha256>,
}

/// A backup that was not made.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Something is there.
    #[error("`{0}` is not empty: give a new folder for every backup")]
    NotEmpty(PathBuf),
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is not what it should be.
    #[error(transparent)]
    Log(#[from] WriteError),
    /// The log cannot be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointPlaceError),
    /// A blob cannot be copied.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The copy is not of the log it was made from.
    #[error(
        "the copied entries are not the ones that were read: nothing in `{0}` is of use; run `forewarn verify`"
    )]
    Differs(PathBuf),
    /// The keys cannot be sealed.
    #[error("the keys cannot be sealed: {0}")]
    Seal(String),
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

impl Engine {
    /// Copies the program into a folder that is empty or not there; with a key to seal to, its keys too.
    ///
    /// # Errors
    /// [`BackupError`]; what was written until then has no manifest.
    pub async fn backup(
        &self,
        to: &Path,
        keys_to: Option<&MemberKey>,
        progress: &dyn Progress,
    ) -> Result<Manifest, BackupError> {
        check_new(to)?;
        make(to)?;
        let database = to.join("forewarn.db");
        let before = self.ledger().await.head();
        if !self.store.copy_into(&database).await? {
            self.copy_entries(&database, progress).await?;
        }
        let ledger = folded(&database).await?;
        if ledger.len() < before.size || ledger.tree().root_at(before.size).ok() != Some(before.root) {
            return Err(BackupError::Differs(to.to_owned()));
        }
        let note = sign(ledger.tree(), &self.keys.log)?;
        write(&to.join("checkpoint"), note.as_bytes())?;
        write(&to.join("vkey"), format!("{}\n", self.vkey()).as_bytes())?;
        self.copy_blobs(&to.join("blobs"), progress).await?;
        copy_files(&self.folder.public(), &to.join("public"))?;
        if let Some(recipient) = keys_to {
            write(&to.join(KEYS), &sealed_keys(&self.folder, recipient)?)?;
        }
        let manifest = Manifest {
            version: VERSION,
            origin: self.keys.log.name().to_owned(),
            made: self.clock.now(),
            entries: ledger.len(),
            root: Sha256(*ledger.tree().root().as_bytes()),
            keys: keys_to.is_some(),
            files: hashes(to, progress)?,
        };
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|error| BackupError::Seal(error.to_string()))?;
        write(&to.join(MANIFEST), &text)?;
        Ok(manifest)
    }

    /// Reads a server's log into a file: a backup has one shape.
    async fn copy_entries(&self, database: &Path, progress: &dyn Progress) -> Result<(), BackupError> {
        let copy = store::open(database, true).await?;
        let copied = pour(&self.store, &copy, self.ledger().await.len(), progress).await;
        copy.close().await;
        copied
    }

    async fn copy_blobs(&self, to: &Path, progress: &dyn Progress) -> Result<(), BackupError> {
        make(to)?;
        let there = Blobs::open(&Place::Path(to.to_owned()))?;
        let names = self.blobs.list().await?;
        progress.begin("copying blobs", names.len() as u64);
        for name in names {
            let name = name.map_err(BlobError::Strange)?;
            there.put_sealed(name, self.blobs.get_sealed(name).await?).await?;
            progress.step(1);
        }
        progress.end();
        Ok(())
    }
}

/// Copies every entry of one store into another that has none.
///
/// # Errors
/// What either store says.
pub(crate) async fn pour(
    from: &Store,
    to: &Store,
    entries: u64,
    progress: &dyn Progress,
) -> Result<(), BackupError> {
    progress.begin("copying entries", entries);
    let mut last = None;
    loop {
        let page = from.tail(last).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.seq);
        let mut append = to.append().await?;
        for entry in &page {
            append.push(entry).await?;
        }
        append.commit().await?;
        progress.step(page.len() as u64);
    }
    progress.end();
    Ok(())
}

/// Folds the log in a file as it lies, every entry checked.
pub(crate) async fn folded(database: &Path) -> Result<Ledger, BackupError> {
    let store = store::look(&Address::File(database.to_owned())).await?;
    let ledger = replay(&store).await;
    store.close().await;
    Ok(ledger?)
}

/// Hashes every file of a folder but the manifest, by its path in it.
pub(crate) fn hashes(
    folder: &Path,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, Sha256>, BackupError> {
    let mut found = BTreeMap::new();
    progress.begin("hashing files", 0);
    for path in files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if name != MANIFEST {
            found.insert(name, sha256(&fs::read(&path).map_err(at(&path))?));
            progress.step(1);
        }
    }
    progress.end();
    Ok(found)
}

/// Copies every file below a folder, if there is one.
pub(crate) fn copy_files(from: &Path, to: &Path) -> Result<(), BackupError> {
    make(to)?;
    if !from.exists() {
        return Ok(());
    }
    for path in files(from)? {
        let target = to.join(path.strip_prefix(from).unwrap_or(&path));
        if let Some(parent) = target.parent() {
            make(parent)?;
        }
        write(&target, &fs::read(&path).map_err(at(&path))?)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn sealed_keys(folder: &Folder, recipient: &MemberKey) -> Result<Vec<u8>, BackupError> {
    let mut texts = BTreeMap::new();
    for name in FILES {
        let path = folder.keys().join(name);
        texts.insert(name, Zeroizing::new(fs::read_to_string(&path).map_err(at(&path))?));
    }
    let plain: BTreeMap<&str, &str> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let plain = serde_json::to_vec(&plain).map_err(|error| BackupError::Seal(error.to_string()))?;
    package::seal(&Zeroizing::new(plain), recipient).map_err(|error| BackupError::Seal(error.to_string()))
}

fn check_new(to: &Path) -> Result<(), BackupError> {
    match fs::read_dir(to).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(BackupError::NotEmpty(to.to_owned())),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(at(to)(source)),
    }
}

/// Makes a folder that only its owner can enter.
fn make(folder: &Path) -> Result<(), BackupError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    write_durably(path, bytes).map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { path: path.clone(), source }
}
