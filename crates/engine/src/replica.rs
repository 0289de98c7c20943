//! One replica among several on one log: what others appended is taken in, and whoever waits is woken.

use tokio::sync::watch;

use crate::{engine::Engine, store::StoreError, writer::WriteError};

impl Engine {
    /// Takes in what other processes appended; tells whether there was anything.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be read, or is not the one that was read before.
    pub async fn refresh(&self) -> Result<bool, WriteError> {
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
