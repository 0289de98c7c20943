//! The log as this replica holds it: the folded state and the Merkle tree over the same entries.

use jiff::Timestamp;
use program::{Entry, Event, Program, event::BodyError, id::UserId};
use thiserror::Error;
use tlog::{LeafHash, SALT_SIZE, Tree, commitment, leaf_hash};

use crate::store::Stored;

/// The state and the tree, always of the same length.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    program: Program,
    tree: Tree,
}

/// How long a log is, and its root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LedgerHead {
    pub(crate) size: u64,
    pub(crate) root: tlog::Hash,
}

/// The next entry, before the store has it.
#[derive(Debug)]
pub struct Draft {
    /// What the store is to take.
    pub stored: Stored,
    entry: Entry,
    leaf: LeafHash,
}

/// An entry that is not what was logged.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// A place is missing.
    #[error("entry {expected} is missing: the database jumps to {found}; restore it from the backup")]
    Gap {
        /// The place that comes next.
        expected: u64,
        /// The place that was found.
        found: u64,
    },
    /// Body and salt do not hash to the leaf.
    #[error("entry {0} was changed: its body and salt do not hash to its leaf; restore the database")]
    Changed(u64),
    /// The column and the body disagree about the instant.
    #[error("entry {0} was changed: its instant is not the one in its body; restore the database")]
    Instant(u64),
    /// The database under this process was replaced.
    #[error(
        "entry {0} is not in the database any more as this process read it: the database was replaced or restored underneath; stop every process, run `forewarn verify`, restore the newest database"
    )]
    Replaced(u64),
    /// The body is no entry.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Everything there is to check about one stored entry alone.
///
/// # Errors
/// [`LedgerError`] says what does not fit.
pub fn check(stored: &Stored) -> Result<(Entry, LeafHash), LedgerError> {
    let changed = || LedgerError::Changed(stored.seq);
    let salt = <[u8; SALT_SIZE]>::try_from(stored.salt.as_slice()).map_err(|_| changed())?;
    let leaf = leaf_hash(&commitment(&salt, &stored.body));
    if leaf.as_bytes().as_slice() != stored.leaf {
        return Err(changed());
    }
    let entry = Entry::from_body(stored.seq, &stored.body)?;
    if entry.at != stored.at {
        return Err(LedgerError::Instant(stored.seq));
    }
    Ok((entry, leaf))
}

/// Checks entries on as many threads as there are cores, once there are enough of them to be worth it.
fn check_all(entries: &[Stored]) -> Vec<Result<(Entry, LeafHash), LedgerError>> {
    /// Entries a thread should have at least; starting one costs about as much as checking ten.
    const SHARE: usize = 512;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = entries.len().div_ceil(cores).max(SHARE);
    if entries.len() <= share {
        return entries.iter().map(check).collect();
    }
    std::thread::scope(|scope| {
        let shares: Vec<_> = entries
            .chunks(share)
            .map(|chunk| (chunk, scope.spawn(|| chunk.iter().map(check).collect::<Vec<_>>())))
            .collect();
        // A thread that died is no verdict: its entries are checked again here.
        let done = |(chunk, thread): (&[Stored], std::thread::ScopedJoinHandle<'_, Vec<_>>)| {
            thread.join().unwrap_or_else(|_| chunk.iter().map(check).collect())
        };
        shares.into_iter().flat_map(done).collect()
    })
}

impl Ledger {
    /// Returns the folded state.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Returns the tree over the entries.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Returns how many entries are in.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Returns how long the log is, and its root.
    #[must_use]
    pub(crate) fn head(&self) -> LedgerHead {
        LedgerHead { size: self.tree.len(), root: self.tree.root() }
    }

    /// Tells whether nothing is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Returns the place of the last entry.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.len().checked_sub(1)
    }

    /// Checks that the store still holds the last entry as it was taken in.
    ///
    /// # Errors
    /// [`LedgerError::Replaced`] when it holds another one, or none.
    pub fn recognise(&self, stored: Option<&Stored>) -> Result<(), LedgerError> {
        let Some(last) = self.last() else { return Ok(()) };
        let known = self.tree.leaf(last);
        let same = stored.is_some_and(|stored| {
            stored.seq == last && known.is_some_and(|leaf| leaf.as_bytes().as_slice() == stored.leaf)
        });
        if same { Ok(()) } else { Err(LedgerError::Replaced(last)) }
    }

    /// Takes in entries from the store, checked one by one.
    ///
    /// # Errors
    /// [`LedgerError`] at the first that does not fit; those before it are in.
    pub fn take(&mut self, entries: &[Stored]) -> Result<(), LedgerError> {
        // Hashing and reading is most of the work and each entry's own; folding is in order.
        for (stored, checked) in entries.iter().zip(check_all(entries)) {
            if stored.seq != self.len() {
                return Err(LedgerError::Gap { expected: self.len(), found: stored.seq });
            }
            let (entry, leaf) = checked?;
            self.take_in(&entry, leaf);
        }
        Ok(())
    }

    /// Writes an event down as the next entry; the store is told by the caller, and then it is taken in.
    ///
    /// # Errors
    /// [`BodyError`] when the event cannot be written.
    pub fn draft(
        &self,
        at: Timestamp,
        actor: &UserId,
        event: Event,
        salt: [u8; SALT_SIZE],
    ) -> Result<Draft, BodyError> {
        let entry = Entry { seq: self.len(), at, actor: actor.clone(), event };
        let body = entry.to_body()?;
        let leaf = leaf_hash(&commitment(&salt, &body));
        let stored = Stored { seq: entry.seq, at, salt: salt.to_vec(), body, leaf: leaf.as_bytes().to_vec() };
        Ok(Draft { entry, stored, leaf })
    }

    /// Takes in a draft that the store has taken.
    pub fn take_draft(&mut self, draft: Draft) -> Entry {
        self.take_in(&draft.entry, draft.leaf);
        draft.entry
    }

    fn take_in(&mut self, entry: &Entry, leaf: LeafHash) {
        self.program.apply(entry);
        self.tree.push(leaf);
    }
}
