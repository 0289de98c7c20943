//! The one writer of a replica: decides commands in order and commits what waits together.

use std::{sync::Arc, time::Duration};

use program::{Command, Context, Entry, Event, Refusal, id::UserId};
use thiserror::Error;
use tlog::LogSigner;
use tokio::{
    sync::{RwLock, mpsc, oneshot, watch},
    time::sleep,
};

use crate::{
    checkpoint::{CheckpointPlace, CheckpointPlaceError},
    clock::Clock,
    entropy::Entropy,
    ledger::{Ledger, LedgerError},
    store::{Append, Store, StoreError},
};

/// How many commands one commit may carry.
const GROUP: usize = 512;

/// How long a group waits for more while callers come in numbers; a caller alone is not kept waiting.
const GATHER: Duration = Duration::from_millis(2);

/// How often a command is decided again because other replicas appended first.
const ATTEMPTS: u32 = 100;

/// How long a database that went away is left alone.
const AGAIN: Duration = Duration::from_millis(250);

/// A command with its author and where the answer goes.
pub(crate) struct Job {
    pub(crate) actor: UserId,
    pub(crate) command: Command,
    pub(crate) answer: oneshot::Sender<Result<Vec<Entry>, WriteError>>,
}

/// Why a command was not carried out.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The program refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log is not what it should be.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The checkpoint is not what it should be.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointPlaceError),
    /// The log was written, and its checkpoint was not.
    #[error(
        "what was asked is in the log, but the log's checkpoint could not be written: {0}; mend that and do the same again, nothing is done twice"
    )]
    Unsigned(CheckpointPlaceError),
    /// Something failed for a whole group of commands; the first of them says what.
    #[error("{0}")]
    Together(String),
    /// The writer has stopped.
    #[error("the log's writer has stopped: start again")]
    Stopped,
}

pub(crate) struct Writer {
    pub(crate) store: Store,
    pub(crate) ledger: Arc<RwLock<Ledger>>,
    pub(crate) checkpoint: CheckpointPlace,
    pub(crate) signer: Arc<LogSigner>,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) growth: watch::Sender<u64>,
    /// Whether the state may be ahead of the log and nobody reads it.
    pub(crate) doubt: watch::Sender<bool>,
}

/// What became of one command of a group, until the group is durable.
type Outcome = Result<Vec<Entry>, WriteError>;

impl Writer {
    /// Works until every sender is gone.
    pub(crate) async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        let mut crowded = false;
        while let Some(first) = jobs.recv().await {
            let mut group = vec![first];
            gather(&mut jobs, &mut group, crowded).await;
            crowded = group.len() > 1;
            self.commit(group, &jobs).await;
        }
    }

    /// Decides and commits a group. Readers wait, so that nobody sees what is not durable.
    async fn commit(&self, group: Vec<Job>, jobs: &mpsc::Receiver<Job>) {
        let mut ledger = self.ledger.write().await;
        let before = ledger.len();
        let (commands, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| ((job.actor, job.command), job.answer)).unzip();
        let (outcomes, ahead) = match self.attempt(&mut ledger, &commands).await {
            Ok(outcomes) => (outcomes, false),
            Err(error) => {
                let says = error.to_string();
                let mut failed = vec![Err(error)];
                failed.resize_with(answers.len(), || Err(WriteError::Together(says.clone())));
                (failed, ledger.len() != before)
            }
        };
        if ahead {
            // The state may be ahead of the log now: it is thrown away, and nobody reads it meanwhile.
            tell(answers, outcomes);
            self.doubt.send_replace(true);
            *ledger = self.fold_again(jobs).await;
            self.doubt.send_replace(false);
            self.growth.send_replace(ledger.len());
            return;
        }
        self.growth.send_replace(ledger.len());
        drop(ledger);
        tell(answers, outcomes);
    }

    /// Folds the whole log, once its database can be read again.
    async fn fold_again(&self, jobs: &mpsc::Receiver<Job>) -> Ledger {
        loop {
            match replay(&self.store).await {
                Ok(ledger) => return ledger,
                Err(WriteError::Store(StoreError::Unreachable(_) | StoreError::Busy))
                    if !jobs.is_closed() =>
                {
                    sleep(AGAIN).await;
                }
                // Nothing is known then, so nobody may do or have anything.
                Err(_) => return Ledger::default(),
            }
        }
    }

    async fn attempt(
        &self,
        ledger: &mut Ledger,
        commands: &[(UserId, Command)],
    ) -> Result<Vec<Outcome>, WriteError> {
        let mut tries = 0;
        loop {
            match self.once(ledger, commands).await {
                // Another replica was faster, and nothing was taken in but what it wrote: decide again on that.
                Err(Attempt::Overtaken) if tries < ATTEMPTS => tries += 1,
                Err(Attempt::Overtaken) => return Err(StoreError::Conflict.into()),
                Err(Attempt::Failed(error)) => return Err(error),
                Ok(outcomes) => return Ok(outcomes),
            }
        }
    }

    async fn once(
        &self,
        ledger: &mut Ledger,
        commands: &[(UserId, Command)],
    ) -> Result<Vec<Outcome>, Attempt> {
        // The log that is read after this holds all that this checkpoint was signed for; if it does not, an older
        // database was put in place under this writer, and nothing is built on it.
        let known = self.checkpoint.read(&self.signer.verifier()).await.map_err(WriteError::from)?;
        let mut append = self.store.append().await.map_err(WriteError::from)?;
        catch_up(ledger, &mut append).await?;
        self.checkpoint.compare(known.as_ref(), ledger.tree()).map_err(WriteError::from)?;
        if let Some(mark) = ledger.program().high_water() {
            self.clock.reach(mark).await;
        }
        let mut outcomes = Vec::with_capacity(commands.len());
        let mut pushed = None;
        let mut more = Vec::new();
        for (actor, command) in commands {
            let now = self.clock.now();
            let decided = ledger.program().decide(&Context { now, actor }, command.clone());
            let events: Vec<Event> = match decided {
                Ok(events) => events,
                Err(refusal) => {
                    outcomes.push(Err(refusal.into()));
                    continue;
                }
            };
            let mut done = Vec::with_capacity(events.len());
            for event in events {
                let draft = ledger
                    .draft(now, actor, event, self.entropy.bytes())
                    .map_err(|error| WriteError::Ledger(error.into()))?;
                if pushed.is_some() {
                    more.push(draft.stored.clone());
                } else {
                    // Whose first entry is in has the log to itself until the end of the transaction.
                    match append.push(&draft.stored).await {
                        Ok(()) => pushed = Some(draft.stored.seq),
                        Err(StoreError::Conflict) => return Err(Attempt::Overtaken),
                        Err(error) => return Err(WriteError::from(error).into()),
                    }
                }
                done.push(ledger.take_draft(draft));
            }
            outcomes.push(Ok(done));
        }
        if let Some(first) = pushed {
            append.push_more(first, &more).await.map_err(WriteError::from)?;
            append.commit().await.map_err(WriteError::from)?;
        }
        if ledger.len() > known.map_or(0, |known| known.size()) {
            self.checkpoint.advance(ledger.tree(), &self.signer).await.map_err(WriteError::Unsigned)?;
        }
        Ok(outcomes)
    }
}

/// Why a group was not committed.
enum Attempt {
    /// Another replica appended first; nothing was taken in but what it wrote.
    Overtaken,
    /// Something failed.
    Failed(WriteError),
}

impl From<WriteError> for Attempt {
    fn from(error: WriteError) -> Self {
        Self::Failed(error)
    }
}

/// Collects what waits, and while callers come in numbers what arrives within a moment.
async fn gather(jobs: &mut mpsc::Receiver<Job>, group: &mut Vec<Job>, crowded: bool) {
    let moment = sleep(GATHER);
    tokio::pin!(moment);
    loop {
        while group.len() < GROUP {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        if !crowded || group.len() == GROUP {
            return;
        }
        tokio::select! {
            job = jobs.recv() => match job {
                Some(job) => group.push(job),
                None => return,
            },
            () = &mut moment => return,
        }
    }
}

fn tell(answers: Vec<oneshot::Sender<Outcome>>, outcomes: Vec<Outcome>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Whoever asked may have gone; the entry is in the log all the same.
        let _ = answer.send(outcome);
    }
}

async fn catch_up(ledger: &mut Ledger, append: &mut Append) -> Result<(), WriteError> {
    if let Some(last) = ledger.last() {
        ledger.recognise(append.tail(last.checked_sub(1)).await?.first())?;
    }
    loop {
        let newer = append.tail(ledger.last()).await?;
        if newer.is_empty() {
            return Ok(());
        }
        ledger.take(&newer)?;
    }
}

/// Appends what one command comes to with no writer and no checkpoint: for a log that does not fit its checkpoint yet.
///
/// # Errors
/// [`WriteError`]; nothing is in the log then, unless it says so.
pub(crate) async fn append_alone(
    store: &Store,
    ledger: &mut Ledger,
    actor: &UserId,
    command: Command,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(), WriteError> {
    let mut append = store.append().await?;
    catch_up(ledger, &mut append).await?;
    let now = clock.now();
    for event in ledger.program().decide(&Context { now, actor }, command)? {
        let draft = ledger
            .draft(now, actor, event, entropy.bytes())
            .map_err(|error| WriteError::Ledger(error.into()))?;
        append.push(&draft.stored).await?;
        ledger.take_draft(draft);
    }
    Ok(append.commit().await?)
}

/// Folds the whole log.
///
/// # Errors
/// [`WriteError`] when the store fails or an entry is not what was logged.
pub(crate) async fn replay(store: &Store) -> Result<Ledger, WriteError> {
    let mut ledger = Ledger::default();
    let mut page = store.tail(None).await?;
    while let Some(last) = page.last() {
        // The next page is read while this one is folded.
        let (after, store) = (last.seq, store.clone());
        let reading = tokio::spawn(async move { store.tail(Some(after)).await });
        ledger.take(&page)?;
        page = reading.await.map_err(|_| WriteError::Stopped)??;
    }
    Ok(ledger)
}
