//! Moves a program's log from a file to a server, and its blobs to S3, and proves that both logs are one.
//!
//! The file stays as it was, but for a mark in it that ends its log: from then on the database itself refuses every
//! entry, whichever process asks and from whichever copy of the folder it was started, so that a program never goes on
//! in two places. The mark is written while nobody else can append, once everything was copied and compared.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;
use tlog::{LeafHash, Tree};

use crate::{
    blobs::{BlobError, Blobs},
    checkpoint::{CheckpointPlace, CheckpointPlaceError},
    folder::{Description, Folder, FolderError},
    keys::{KeyFileError, Keys},
    ledger::Ledger,
    places::{Engine, Place, Places, Wanted},
    progress::Progress,
    store::{self, Address, Append, Store, StoreError, Stored},
    writer::{WriteError, replay},
};

/// What a move came to.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    /// Where the log was.
    pub from: String,
    /// Where it is, without a password.
    pub to: String,
    /// How many entries were compared, each with its copy.
    pub entries: u64,
    /// The root over them, the same on both sides.
    pub root: String,
    /// How many entries an interrupted move had brought there before.
    pub found: u64,
    /// How many blobs were copied; nothing when they stay.
    pub blobs: Option<u64>,
}

/// A program that was not moved; the source is as it was unless it says otherwise.
#[derive(Debug, Error)]
pub enum MoveError {
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
    /// A checkpoint does not fit.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointPlaceError),
    /// A blob cannot be copied.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The log is on a server already.
    #[error("the log of `{0}` is on a server already: move a server's database with PostgreSQL's own means")]
    OnServer(String),
    /// The file was moved somewhere else.
    #[error(
        "the log was moved to `{0}` before: name that database to finish the move, or use the folder that was moved"
    )]
    MovedElsewhere(String),
    /// Nowhere is named.
    #[error("where to? name a PostgreSQL database with `--to postgres://…` or DATABASE_URL")]
    Nowhere,
    /// Something else is there.
    #[error(
        "`{to}` holds another log: entry {seq} there is not this program's; nothing was changed; give an empty database"
    )]
    Another {
        /// Where.
        to: String,
        /// The first entry that differs.
        seq: u64,
    },
    /// More of the same is there.
    #[error(
        "`{to}` holds this program's log and {more} entries more: it goes on there already; nothing was changed"
    )]
    Ahead {
        /// Where.
        to: String,
        /// How many.
        more: u64,
    },
    /// The copy is not what was copied.
    #[error(
        "the copy in `{to}` differs at entry {seq}: nothing was moved; empty that database and begin again"
    )]
    Differs {
        /// Where.
        to: String,
        /// The first entry that differs.
        seq: u64,
    },
}

/// Moves the program in a folder to where it is wanted. Whatever interrupts it, the same command goes on from there.
///
/// # Errors
/// [`MoveError`]; until the last step the program goes on where it is.
pub async fn move_to(
    root: &Path,
    wanted: &Wanted,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Moved, MoveError> {
    let folder = Folder::at(root);
    let description = folder.describe()?;
    if description.database != Engine::Sqlite {
        return Err(MoveError::OnServer(root.display().to_string()));
    }
    let server = wanted.database.clone().ok_or(MoveError::Nowhere)?;
    let keys = Keys::read(&folder)?;
    let from = Address::File(folder.database());
    let to = Address::Server(server);
    let source = store::open_at(&from, false).await?;
    let moved = relocate(&folder, &description, &keys, (&source, &to), wanted, now, progress).await;
    source.close().await;
    moved
}

async fn relocate(
    folder: &Folder,
    description: &Description,
    keys: &Keys,
    (source, to): (&Store, &Address),
    wanted: &Wanted,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Moved, MoveError> {
    let shown = to.shown();
    let before = source.moved().await?;
    if let Some(elsewhere) = before.as_ref().filter(|target| **target != shown) {
        return Err(MoveError::MovedElsewhere(elsewhere.clone()));
    }
    let (blobs_from, checkpoint_from) = Places::files(folder, description)?;
    let known = CheckpointPlace::at(&checkpoint_from)?.read(&keys.log.verifier()).await?;
    let ledger = replay(source).await?;
    CheckpointPlace::at(&checkpoint_from)?.compare(known.as_ref(), ledger.tree())?;

    let target = store::open_at(to, true).await?;
    let mut copy = Copy { source, target: &target, shown: &shown, tree: Tree::new(), last: None };
    let done = async {
        let found = copy.recognise(&ledger, progress).await?;
        copy.bring(&ledger, progress).await?;
        let next = next_description(description, wanted);
        let (blobs_to, checkpoint_to) = Places::files(folder, &next)?;
        let blobs = copy_blobs(&blobs_from, &blobs_to, progress).await?;

        // From here on nobody else appends to the source, until the mark is in it.
        let mut held = if before.is_none() { Some(source.append().await?) } else { None };
        let blobs = copy_rest(blobs, &blobs_from, &blobs_to, progress).await?;
        copy.finish(held.as_mut(), progress).await?;
        CheckpointPlace::at(&checkpoint_to)?.advance(&copy.tree, &keys.log).await?;
        if let Some(mut held) = held {
            held.end(now, &shown).await?;
            held.commit().await?;
        }
        folder.write_address(wanted)?;
        folder.write(&next)?;
        Ok(Moved {
            from: folder.database().display().to_string(),
            to: shown.clone(),
            entries: copy.tree.len(),
            root: copy.tree.root().to_string(),
            found,
            blobs,
        })
    };
    let done = done.await;
    target.close().await;
    done
}

fn next_description(description: &Description, wanted: &Wanted) -> Description {
    let next = Description::of(&description.origin, wanted);
    Description {
        blobs: next.blobs.or_else(|| description.blobs.clone()),
        checkpoint: next.checkpoint.or_else(|| description.checkpoint.clone()),
        restored: description.restored,
        ..next
    }
}

/// A log that is being copied, as far as the copy was compared.
struct Copy<'a> {
    source: &'a Store,
    target: &'a Store,
    shown: &'a str,
    /// Over what is in the target, as it was read back.
    tree: Tree,
    last: Option<u64>,
}

impl Copy<'_> {
    /// Compares what is there already, which only an interrupted move may have brought; returns how much it is.
    async fn recognise(&mut self, ledger: &Ledger, progress: &dyn Progress) -> Result<u64, MoveError> {
        progress.begin("comparing what is there", 0);
        loop {
            let there = self.target.tail(self.last).await?;
            let Some(end) = there.last() else { break };
            if end.seq >= ledger.len() {
                let another = there.iter().find(|entry| !same(ledger, entry) && entry.seq < ledger.len());
                return Err(match another {
                    Some(entry) => self.another(entry.seq),
                    None => MoveError::Ahead { to: self.shown.to_owned(), more: end.seq + 1 - ledger.len() },
                });
            }
            let here = self.source.tail(self.last).await?;
            // An interrupted move brought a part.
            let here = here.get(..there.len()).unwrap_or(&here);
            if let Some(seq) = differing(here, &there) {
                return Err(self.another(seq));
            }
            self.take(&there);
            progress.step(there.len() as u64);
        }
        progress.end();
        Ok(self.tree.len())
    }

    fn another(&self, seq: u64) -> MoveError {
        MoveError::Another { to: self.shown.to_owned(), seq }
    }

    /// Copies what is missing in the target while others still append to the source, and reads it back.
    async fn bring(&mut self, ledger: &Ledger, progress: &dyn Progress) -> Result<(), MoveError> {
        progress.begin("copying entries", ledger.len().saturating_sub(self.tree.len()));
        loop {
            let here = self.source.tail(self.last).await?;
            if here.is_empty() {
                break;
            }
            self.copy(&here).await?;
            progress.step(here.len() as u64);
        }
        progress.end();
        Ok(())
    }

    /// Copies what came meanwhile, with the source held, and compares everything once more, entry by entry.
    async fn finish(
        &mut self,
        mut held: Option<&mut Append>,
        progress: &dyn Progress,
    ) -> Result<(), MoveError> {
        loop {
            let here = match &mut held {
                Some(held) => held.tail(self.last).await?,
                None => self.source.tail(self.last).await?,
            };
            if here.is_empty() {
                break;
            }
            self.copy(&here).await?;
        }
        progress.begin("comparing both logs", self.tree.len());
        let (mut last, mut tree) = (None, Tree::new());
        loop {
            let (here, there) = (self.source.tail(last).await?, self.target.tail(last).await?);
            if let Some(seq) = differing(&here, &there) {
                return Err(MoveError::Differs { to: self.shown.to_owned(), seq });
            }
            let Some(end) = there.last() else { break };
            last = Some(end.seq);
            there.iter().for_each(|entry| tree.push(leaf(entry)));
            progress.step(there.len() as u64);
        }
        progress.end();
        if tree.root() != self.tree.root() || tree.len() != self.tree.len() {
            return Err(MoveError::Differs { to: self.shown.to_owned(), seq: tree.len() });
        }
        Ok(())
    }

    async fn copy(&mut self, entries: &[Stored]) -> Result<(), MoveError> {
        let mut append = self.target.append().await?;
        for entry in entries {
            append.push(entry).await?;
        }
        append.commit().await?;
        let there = self.target.tail(self.last).await?;
        if let Some(seq) = differing(entries, &there) {
            return Err(MoveError::Differs { to: self.shown.to_owned(), seq });
        }
        self.take(&there);
        Ok(())
    }

    fn take(&mut self, entries: &[Stored]) {
        entries.iter().for_each(|entry| self.tree.push(leaf(entry)));
        self.last = entries.last().map(|entry| entry.seq).or(self.last);
    }
}

/// Returns the first place at which two pages differ.
fn differing(here: &[Stored], there: &[Stored]) -> Option<u64> {
    let differs = here.iter().zip(there).find(|(here, there)| here != there);
    let beyond = there.get(here.len()).or_else(|| here.get(there.len()));
    differs.map(|(here, _)| here).or(beyond).map(|entry| entry.seq)
}

fn same(ledger: &Ledger, entry: &Stored) -> bool {
    ledger.tree().leaf(entry.seq).is_some_and(|leaf| leaf.as_bytes().as_slice() == entry.leaf)
}

fn leaf(entry: &Stored) -> LeafHash {
    LeafHash::from_bytes(<[u8; 32]>::try_from(entry.leaf.as_slice()).unwrap_or([0; 32]))
}

/// Copies every blob that is not there yet; nothing when they stay where they are.
async fn copy_blobs(from: &Place, to: &Place, progress: &dyn Progress) -> Result<Option<u64>, MoveError> {
    if from == to {
        return Ok(None);
    }
    let (from, to) = (Blobs::open(from)?, Blobs::open(to)?);
    let there = to.list().await?;
    let names = from.list().await?;
    progress.begin("copying blobs", names.len() as u64);
    let mut copied = 0;
    for name in names {
        let name = name.map_err(BlobError::Strange)?;
        if there.binary_search(&Ok(name)).is_err() {
            to.put_sealed(name, from.get_sealed(name).await?).await?;
            copied += 1;
        }
        progress.step(1);
    }
    progress.end();
    Ok(Some(copied))
}

/// Copies the blobs that came while the first ones were copied.
async fn copy_rest(
    before: Option<u64>,
    from: &Place,
    to: &Place,
    progress: &dyn Progress,
) -> Result<Option<u64>, MoveError> {
    let Some(before) = before else { return Ok(None) };
    Ok(copy_blobs(from, to, progress).await?.map(|more| more + before))
}
