//! The one writer of a replica: decides commands in order and commits what waits together.

use std::sync::Arc;

use program::{Command, Context, Entry, Event, Refusal, id::UserId};
use thiserror::Error;
use tlog::LogSigner;
use tokio::sync::{RwLock, mpsc, oneshot, watch};

use crate::{
    checkpoint::{CheckpointFile, CheckpointFileError},
    clock::Clock,
    entropy::Entropy,
    ledger::{Ledger, LedgerError},
    store::{Append, Store, StoreError, Stored},
};

/// How many commands one commit may carry.
const GROUP: usize = 512;

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
    Checkpoint(#[from] CheckpointFileError),
    /// The log was written, and its checkpoint was not.
    #[error(
        "what was asked is in the log, but the log's checkpoint could not be written: {0}; mend that and do the same again, nothing is done twice"
    )]
    Unsigned(CheckpointFileError),
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
    pub(crate) checkpoint: CheckpointFile,
    pub(crate) signer: Arc<LogSigner>,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) growth: watch::Sender<u64>,
}

/// What became of one command of a group, until the group is durable.
type Outcome = Result<Vec<Entry>, WriteError>;

impl Writer {
    /// Works until every sender is gone.
    pub(crate) async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.recv().await {
            // What arrived while the last group was committed goes into one transaction.
            let mut group = vec![first];
            while group.len() < GROUP {
                match jobs.try_recv() {
                    Ok(job) => group.push(job),
                    Err(_) => break,
                }
            }
            self.commit(group).await;
        }
    }

    /// Decides and commits a group. Readers wait, so that nobody sees what is not durable.
    async fn commit(&self, group: Vec<Job>) {
        let mut ledger = self.ledger.write().await;
        let before = ledger.len();
        let (commands, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| ((job.actor, job.command), job.answer)).unzip();
        let outcomes = match self.attempt(&mut ledger, commands).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                if ledger.len() != before {
                    // The state may be ahead of the log now: throw it away and fold the log again.
                    *ledger = replay(&self.store).await.unwrap_or_default();
                }
                let says = error.to_string();
                let mut failed = vec![Err(error)];
                failed.resize_with(answers.len(), || Err(WriteError::Together(says.clone())));
                failed
            }
        };
        self.growth.send_replace(ledger.len());
        drop(ledger);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone; the entry is in the log all the same.
            let _ = answer.send(outcome);
        }
    }

    async fn attempt(
        &self,
        ledger: &mut Ledger,
        commands: Vec<(UserId, Command)>,
    ) -> Result<Vec<Outcome>, WriteError> {
        let mut append = self.store.append().await?;
        catch_up(ledger, &mut append).await?;
        // Nobody else can append now, so the log holds all that any checkpoint was ever signed for; if it does
        // not, an older database was put in place under this writer, and nothing is built on it.
        let known = self.checkpoint.read(&self.signer.verifier())?;
        self.checkpoint.compare(known.as_ref(), ledger.tree())?;
        let mut outcomes = Vec::with_capacity(commands.len());
        for (actor, command) in commands {
            let (outcome, entries) = self.decide(ledger, &actor, command)?;
            for entry in &entries {
                append.push(entry).await?;
            }
            outcomes.push(outcome);
        }
        append.commit().await?;
        if ledger.len() > known.map_or(0, |known| known.size()) {
            self.checkpoint.advance(ledger.tree(), &self.signer).map_err(WriteError::Unsigned)?;
        }
        Ok(outcomes)
    }

    /// Decides one command on the state as it is, and takes its events in.
    fn decide(
        &self,
        ledger: &mut Ledger,
        actor: &UserId,
        command: Command,
    ) -> Result<(Outcome, Vec<Stored>), WriteError> {
        let now = self.clock.now();
        let ctx = Context { now, actor };
        let events: Vec<Event> = match ledger.program().decide(&ctx, command) {
            Ok(events) => events,
            Err(refusal) => return Ok((Err(refusal.into()), Vec::new())),
        };
        let mut done = Vec::with_capacity(events.len());
        let mut stored = Vec::with_capacity(events.len());
        for event in events {
            let seq = ledger.len();
            let entry = ledger
                .write(now, actor, event.clone(), self.entropy.bytes())
                .map_err(|error| WriteError::Ledger(error.into()))?;
            stored.push(entry);
            done.push(Entry { seq, at: now, actor: actor.clone(), event });
        }
        Ok((Ok(done), stored))
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
