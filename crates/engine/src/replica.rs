//! One replica among several on one log: what others appended is taken in, and whoever waits is woken.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use crate::{engine::Engine, store::StoreError, writer::WriteError};

/// How long somebody waits for a state that was in doubt to be read anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// One look at the database serves all who asked before it began: ten thousand may ask at once.
#[derive(Default)]
pub(crate) struct Looks {
    turn: Mutex<()>,
    /// How many looks have begun.
    begun: AtomicU64,
    /// Number of the last look that came to its end, from 1.
    done: AtomicU64,
}

impl Looks {
    /// Looks, unless a look that began after this was asked came to its end; then what that found is known, and
    /// the answer is what there is to tell of nothing. A look that fails serves nobody but who made it.
    async fn share<T: Default, E>(&self, look: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E> {
        let before = self.begun.load(Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        if self.done.load(Ordering::SeqCst) > before {
            return Ok(T::default());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let found = look().await?;
        self.done.store(number, Ordering::SeqCst);
        Ok(found)
    }
}

impl Engine {
    /// Takes in what other processes appended before this was asked; tells whether this look found anything.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be read, or is not the one that was read before.
    pub async fn refresh(&self) -> Result<bool, WriteError> {
        tokio::select! {
            biased;
            () = self.in_doubt() => {
                let says = "it broke while entries were made durable, and the log is read anew once it is back";
                Err(StoreError::Unreachable(says.to_owned()).into())
            }
            looked = self.looks.share(async || self.look().await) => looked,
        }
    }

    /// Comes to an end once nobody has been able to read the state for longer than anybody is kept waiting.
    async fn in_doubt(&self) {
        let mut doubt = self.doubt.clone();
        while doubt.wait_for(|doubt| *doubt).await.is_ok() {
            if timeout(PATIENCE, doubt.wait_for(|doubt| !*doubt)).await.is_err() {
                return;
            }
        }
        // The writer has stopped; whoever reads is told so by something else.
        std::future::pending().await
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

    /// Returns what counts how often another replica said that it appended, where the database passes that on; the
    /// first time is when this one begins to listen.
    #[must_use]
    pub fn stirs(&self) -> watch::Receiver<u64> {
        self.stirs.subscribe()
    }

    fn tell(&self, entries: u64) {
        self.growth.send_replace(entries);
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::Semaphore, task::JoinSet};

    use super::*;

    /// Looks that wait to be let through, counted; those of `failing` numbers fail.
    struct Watched {
        looks: Looks,
        made: AtomicU64,
        gate: Semaphore,
        failing: std::ops::Range<u64>,
    }

    impl Watched {
        fn new(failing: std::ops::Range<u64>) -> std::sync::Arc<Self> {
            let (looks, made, gate) = (Looks::default(), AtomicU64::new(0), Semaphore::new(0));
            std::sync::Arc::new(Self { looks, made, gate, failing })
        }

        async fn ask(&self) -> Result<bool, u64> {
            let look = async || {
                let number = self.made.fetch_add(1, Ordering::SeqCst);
                self.gate.acquire().await.unwrap().forget();
                if self.failing.contains(&number) { Err(number) } else { Ok(true) }
            };
            self.looks.share(look).await
        }

        /// Has this many ask, and lets through what they need once all have asked.
        async fn crowd(self: &std::sync::Arc<Self>, asking: usize) -> Vec<Result<bool, u64>> {
            let mut all = JoinSet::new();
            for _ in 0..asking {
                let watched = self.clone();
                all.spawn(async move { watched.ask().await });
            }
            // On one thread, every task runs until it waits before this goes on.
            tokio::task::yield_now().await;
            self.gate.add_permits(asking);
            all.join_all().await
        }
    }

    #[tokio::test]
    async fn a_look_does_not_serve_whoever_asks_while_it_is_made() {
        let watched = Watched::new(0..0);
        // The first begins at once; the others ask while it is under way, and share the second.
        let answers = watched.crowd(1000).await;
        assert_eq!(watched.made.load(Ordering::SeqCst), 2);
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(true)).count(), 2);
        assert!(answers.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn whoever_asks_later_looks_again() {
        let watched = Watched::new(0..0);
        for made in 1..=3 {
            assert_eq!(watched.crowd(1).await, [Ok(true)]);
            assert_eq!(watched.made.load(Ordering::SeqCst), made);
        }
    }

    #[tokio::test]
    async fn a_look_that_fails_serves_nobody() {
        let watched = Watched::new(0..3);
        let mut answers = watched.crowd(10).await;
        answers.sort_unstable();
        // Three were told so, the fourth looked again, and only then was the rest served.
        assert_eq!(watched.made.load(Ordering::SeqCst), 4);
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 3);
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(true)).count(), 1);
    }

    #[tokio::test]
    async fn a_look_that_is_given_up_leaves_the_turn_to_others() {
        let watched = Watched::new(0..0);
        {
            let given_up = watched.ask();
            tokio::pin!(given_up);
            assert!(is_waiting(given_up).await);
        }
        assert_eq!(watched.crowd(1).await, [Ok(true)]);
    }

    /// Polls a future once and drops it; tells whether it was waiting.
    async fn is_waiting<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending()))
            .await
    }
}
