//! A running program: its folder opened, its log folded, its one writer at work.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use policy::Tier;
use program::{
    Command, Context, Entry, Program, Refusal,
    id::{Sha256, TierId, UserId},
    program::Rules,
    restore::Head,
};
use thiserror::Error;
use tlog::Tree;
use tokio::{
    sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    blobs::{BlobError, Blobs},
    checkpoint::{CheckpointPlace, CheckpointPlaceError},
    clock::Clock,
    counters::Tidied,
    entropy::Entropy,
    folder::{Description, Folder, FolderError},
    keys::{KeyFileError, Keys},
    ledger::{self, Ledger},
    master::Shelf,
    places::{Place, Places, Wanted},
    ready::Ready,
    replica::Looks,
    store::{self, Store, StoreError},
    writer::{Job, WriteError, Writer, replay},
};

/// Commands that may wait for the writer before callers wait in turn.
const QUEUE: usize = 4096;

/// A running program.
pub struct Engine {
    pub(crate) folder: Folder,
    pub(crate) keys: Arc<Secrets>,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) checkpoint: CheckpointPlace,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) growth: watch::Sender<u64>,
    pub(crate) shelf: Shelf,
    pub(crate) ready: Ready,
    pub(crate) looks: Looks,
    pub(crate) tidied: Tidied,
    pub(crate) stirs: watch::Sender<u64>,
    pub(crate) doubt: watch::Receiver<bool>,
    listening: Option<Listening>,
    ledger: Arc<RwLock<Ledger>>,
    jobs: mpsc::Sender<Job>,
    writer: JoinHandle<()>,
}

/// The task that hears of other replicas' entries; it ends with the engine.
struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The secrets behind one pointer each, since the writer signs too.
pub(crate) struct Secrets {
    pub(crate) log: Arc<tlog::LogSigner>,
    pub(crate) blob: package::Identity,
    pub(crate) mark: crate::keys::MarkKey,
}

/// What a new program starts with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Its name.
    pub name: String,
    /// The log's origin: a host and path of one's own, first line of every checkpoint.
    pub origin: String,
    /// Its rules.
    pub rules: Rules,
    /// Its operators.
    pub operators: BTreeSet<UserId>,
    /// Its tiers.
    pub tiers: Vec<(TierId, Tier)>,
}

/// A program that cannot be started.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A key file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is not what it should be.
    #[error(transparent)]
    Log(#[from] WriteError),
    /// The checkpoint and the log do not fit.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointPlaceError),
    /// The blobs cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// It was restored, and nobody has said that it may go on.
    #[error(
        "`{root}` was restored from a backup at {at}: what came after the backup is not in it; two people say that it goes on, with `forewarn restore --accept --data {root} --reason … --as USER`"
    )]
    Restored {
        /// Which folder.
        root: PathBuf,
        /// When.
        at: Timestamp,
    },
    /// Something is where a new program's blobs were to go.
    #[error("`{0}` is not empty: give another prefix, which nobody else uses")]
    BlobsInUse(String),
    /// The folder and its log key name different logs.
    #[error(
        "`forewarn.toml` names the log `{described}`, the log key belongs to `{signed}`: restore the right file"
    )]
    Origin {
        /// The origin in the folder's description.
        described: String,
        /// The origin in the key.
        signed: String,
    },
}

impl Engine {
    /// Makes a new program in a folder that is empty or not there, with everything in that folder.
    ///
    /// # Errors
    /// As [`Engine::create_in`].
    pub async fn create(
        root: &Path,
        founding: Founding,
        by: &UserId,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, OpenError> {
        Self::create_in(root, &Wanted::default(), founding, by, clock, entropy).await
    }

    /// Makes a new program, with its folder where nothing is or it is empty, and the log and the blobs where they are
    /// wanted.
    ///
    /// # Errors
    /// [`OpenError`]; nothing is made for a founding that is refused, nor on a server that cannot be used. What was
    /// made of the folder before the file system failed is left for a look.
    pub async fn create_in(
        root: &Path,
        wanted: &Wanted,
        founding: Founding,
        by: &UserId,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, OpenError> {
        let folder = Folder::at(root);
        folder.check_new()?;
        let Founding { name, origin, rules, operators, tiers } = founding;
        let found = Command::Found { name, rules, operators, tiers };
        // A founding that will be refused leaves nothing behind.
        let ctx = Context { now: clock.now(), actor: by };
        Program::default().decide(&ctx, found.clone()).map_err(WriteError::from)?;
        Keys::check_origin(&origin)?;
        check_unused(&folder, wanted, &origin).await?;
        folder.create(&origin, wanted)?;
        let keys = Keys::create(&folder, &origin, &entropy)?;
        let vkey = format!("{}\n", keys.log.verifier());
        fs::write(folder.vkey(), vkey).map_err(|source| FolderError::Io { path: folder.vkey(), source })?;
        let places = Places::of(&folder, &folder.describe()?)?;
        let store = store::open_at(&places.database, true).await?;
        // From here on a missing checkpoint is a lost one, even if a crash follows the first entry.
        CheckpointPlace::at(&places.checkpoint)?.advance(&Tree::new(), &keys.log).await?;
        let engine = Self::start(folder, &places, keys, store, clock, entropy).await?;
        engine.execute(by, found).await?;
        Ok(engine)
    }

    /// Opens the program in a folder.
    ///
    /// # Errors
    /// [`OpenError`] when anything is missing, exposed, damaged, newer, or behind its checkpoint.
    pub async fn open(root: &Path, clock: Clock, entropy: Entropy) -> Result<Self, OpenError> {
        let folder = Folder::at(root);
        let description = folder.describe()?;
        if let Some(at) = description.restored {
            return Err(OpenError::Restored { root: root.to_owned(), at });
        }
        let keys = Keys::read(&folder)?;
        if keys.log.name() != description.origin {
            let signed = keys.log.name().to_owned();
            return Err(OpenError::Origin { described: description.origin, signed });
        }
        let places = Places::of(&folder, &description)?;
        let store = store::open_at(&places.database, false).await?;
        let started = Self::start(folder, &places, keys, store.clone(), clock, entropy).await;
        if started.is_err() {
            store.close().await;
        }
        started
    }

    async fn start(
        folder: Folder,
        places: &Places,
        keys: Keys,
        store: Store,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Self, OpenError> {
        if let Some(target) = store.moved().await? {
            return Err(StoreError::Moved(Some(target)).into());
        }
        let blobs = Blobs::open(&places.blobs)?;
        let checkpoint = CheckpointPlace::at(&places.checkpoint)?;
        let known = checkpoint.read(&keys.log.verifier()).await?;
        let ledger = replay(&store).await?;
        if let Err(error) = checkpoint.compare(known.as_ref(), ledger.tree()) {
            // What two people accepted as lost is not missed again, on this host as on the others.
            let accepted = known.as_ref().filter(|known| {
                let newest = Head { size: known.size(), root: Sha256(*known.root().as_bytes()) };
                ledger.program().restore().accepts(&newest)
            });
            let Some(lost) = accepted else { return Err(error.into()) };
            checkpoint.replace(lost, ledger.tree(), &keys.log).await?;
        } else if known.is_some_and(|known| known.size() < ledger.len()) {
            // A crash fell between the commit and the signature; the entries are durable and checked.
            checkpoint.advance(ledger.tree(), &keys.log).await?;
        }
        let keys = Secrets { log: Arc::new(keys.log), blob: keys.blob, mark: keys.mark };
        let growth = watch::Sender::new(ledger.len());
        let ledger = Arc::new(RwLock::new(ledger));
        let (doubt, doubted) = watch::channel(false);
        let writer = Writer {
            store: store.clone(),
            ledger: ledger.clone(),
            checkpoint: checkpoint.clone(),
            signer: keys.log.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            growth: growth.clone(),
            doubt,
        };
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = tokio::spawn(writer.run(queue));
        let keys = Arc::new(keys);
        let (shelf, ready, looks) = (Shelf::default(), Ready::default(), Looks::default());
        let stirs = watch::Sender::new(0);
        let listening = store.wakes().map(|wakes| {
            let stirs = stirs.clone();
            Listening(tokio::spawn(wakes.follow(move || stirs.send_modify(|stirs| *stirs += 1))))
        });
        Ok(Self {
            folder,
            keys,
            store,
            blobs,
            checkpoint,
            clock,
            entropy,
            growth,
            shelf,
            ready,
            looks,
            tidied: Tidied::default(),
            stirs,
            doubt: doubted,
            listening,
            ledger,
            jobs,
            writer,
        })
    }

    /// Carries a command out; returns the entries it came to once they are durable.
    ///
    /// # Errors
    /// [`WriteError`] when it is refused or the log cannot be written; nothing changed then.
    pub async fn execute(&self, actor: &UserId, command: Command) -> Result<Vec<Entry>, WriteError> {
        self.submit(actor, command).await?.await.map_err(|_| WriteError::Stopped)?
    }

    /// Carries commands out in order, in as few commits as there can be; one that is refused does not
    /// stop the others.
    pub async fn execute_all(
        &self,
        actor: &UserId,
        commands: impl IntoIterator<Item = Command>,
    ) -> Vec<Result<Vec<Entry>, WriteError>> {
        let mut outcomes = Vec::new();
        let mut waiting = Vec::new();
        for command in commands {
            if waiting.len() == QUEUE {
                collect(&mut waiting, &mut outcomes).await;
            }
            match self.submit(actor, command).await {
                Ok(answer) => waiting.push(answer),
                Err(error) => outcomes.push(Err(error)),
            }
        }
        collect(&mut waiting, &mut outcomes).await;
        outcomes
    }

    /// Decides on a command without carrying it out, so that nothing is prepared for one that is refused.
    ///
    /// # Errors
    /// [`Refusal`], as [`Engine::execute`] would say now.
    pub(crate) async fn check(&self, actor: &UserId, command: Command) -> Result<(), Refusal> {
        // The program first: while it is waited for, the log may pass what the clock said before.
        let program = self.program().await;
        program.decide(&Context { now: self.clock.now(), actor }, command).map(|_| ())
    }

    async fn submit(
        &self,
        actor: &UserId,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Vec<Entry>, WriteError>>, WriteError> {
        let (answer, outcome) = oneshot::channel();
        let job = Job { actor: actor.clone(), command, answer };
        self.jobs.send(job).await.map_err(|_| WriteError::Stopped)?;
        Ok(outcome)
    }

    /// Returns the newest entries, oldest of them first.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be read or an entry is not what was logged.
    pub async fn newest(&self, count: u64) -> Result<Vec<Entry>, WriteError> {
        let mut last = self.ledger().await.len().checked_sub(count.saturating_add(1));
        let mut entries = Vec::new();
        loop {
            let page = self.store.tail(last).await?;
            let Some(end) = page.last() else { return Ok(entries) };
            last = Some(end.seq);
            for stored in &page {
                entries.push(ledger::check(stored)?.0);
            }
        }
    }

    /// Returns the log as it is now; while the guard lives, nothing is written.
    pub async fn ledger(&self) -> OwnedRwLockReadGuard<Ledger> {
        self.ledger.clone().read_owned().await
    }

    pub(crate) async fn ledger_mut(&self) -> OwnedRwLockWriteGuard<Ledger> {
        self.ledger.clone().write_owned().await
    }

    /// Returns the state as it is now; while the guard lives, nothing is written.
    pub async fn program(&self) -> OwnedRwLockReadGuard<Ledger, Program> {
        OwnedRwLockReadGuard::map(self.ledger().await, Ledger::program)
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the data folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Stops the writer and closes the database.
    pub async fn close(self) {
        drop(self.jobs);
        drop(self.listening);
        // A writer that panicked has nothing more to write; the database is closed either way.
        let _ = self.writer.await;
        self.store.close().await;
    }
}

/// Checks that nothing is yet where a new program is to keep its log and its blobs.
async fn check_unused(folder: &Folder, wanted: &Wanted, origin: &str) -> Result<(), OpenError> {
    if let Some(server) = &wanted.database {
        let address = store::Address::Server(server.clone());
        // Making the tables is the one way to learn whether they can be made; a founding that fails later may be
        // repeated on them, since they are empty.
        let store = store::open_at(&address, true).await?;
        let found = store.tail(None).await;
        store.close().await;
        if !found?.is_empty() {
            return Err(StoreError::InUse(address.shown()).into());
        }
    }
    let (blobs, checkpoint) = Places::files(folder, &Description::of(origin, wanted))?;
    if let Place::Bucket(_) = &blobs
        && !Blobs::open(&blobs)?.list().await?.is_empty()
    {
        return Err(OpenError::BlobsInUse(
            wanted.blobs.as_ref().map(ToString::to_string).unwrap_or_default(),
        ));
    }
    if let Place::Bucket(bucket) = &checkpoint
        && CheckpointPlace::at(&checkpoint)?.text().await?.is_some()
    {
        return Err(OpenError::BlobsInUse(bucket.to_string()));
    }
    Ok(())
}

async fn collect(
    waiting: &mut Vec<oneshot::Receiver<Result<Vec<Entry>, WriteError>>>,
    outcomes: &mut Vec<Result<Vec<Entry>, WriteError>>,
) {
    for answer in waiting.drain(..) {
        outcomes.push(answer.await.unwrap_or(Err(WriteError::Stopped)));
    }
}
