//! One replica among several on one log: what others appended is taken in, and whoever waits is woken.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, watch};

use crate::{engine::Engine, store::StoreError, writer::WriteError};

/// One look at the database serves all who asked before it began: ten thousand may ask at once.
#[derive(Default)]
pub(crate) struct Looks {
    turn: Mutex<()>,
    /// How many looks have begun.
    begun: AtomicU64,
    /// Number of the last look that came to its end, from 1.
    done: AtomicU64,
}

impl Engine {
    /// Takes in what other processes appended before this was asked; tells whether this look found anything.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be read, or is not the one that was read before.
    pub async fn refresh(&self) -> Result<bool, WriteError> {
        let before = self.looks.begun.load(Ordering::SeqCst);
        let _turn = self.looks.turn.lock().await;
        // That look began after this was asked, so it saw all that was there by then.
        if self.looks.done.load(Ordering::SeqCst) > before {
            return Ok(false);
        }
        let number = self.looks.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let news = self.look().await?;
        self.looks.done.store(number, Ordering::SeqCst);
        Ok(news)
    }

    async fn look(&self) -> Result<bool, WriteError> {
        let mut news = false;
        loop {
            let last = self.ledger().await.last();
            // The last known entry comes along: a database that was replaced shows there.
            let page = self.store.tail(last.and_then(|last| last.checked_sub(1))).await?;
            let newer = page.get(usize::from(last.is_some())..).unwrap_or_default();
            if newer.is_empty() {
                let ledger = self.ledger().await;
                if ledger.last() != last {
                    continue;
                }
                ledger.recognise(page.first())?;
                return Ok(news);
            }
            let mut ledger = self.ledger_mut().await;
            if ledger.last() != last {
                continue;
            }
            if last.is_some() {
                ledger.recognise(page.first())?;
            }
            let taken = ledger.take(newer);
            self.tell(ledger.len());
            taken?;
            news = true;
        }
    }

    /// Checks that the log still lives in this database, and was not moved to another one under this process.
    ///
    /// # Errors
    /// [`StoreError::Moved`], or what the database says.
    pub async fn still_here(&self) -> Result<(), StoreError> {
        match self.store.moved().await? {
            Some(target) => Err(StoreError::Moved(Some(target))),
            None => Ok(()),
        }
    }

    /// Returns what tells how long the log is, each time it grows.
    #[must_use]
    pub fn growth(&self) -> watch::Receiver<u64> {
        self.growth.subscribe()
    }

    /// Returns what changes when another replica says that it appended, where the database passes that on.
    #[must_use]
    pub fn stirs(&self) -> watch::Receiver<()> {
        self.stirs.subscribe()
    }

    fn tell(&self, entries: u64) {
        self.growth.send_replace(entries);
    }
}
