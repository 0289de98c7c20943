//! What replicas count together: requests that were seen before, and how often somebody came.

use jiff::{SignedDuration, Timestamp};

use crate::{engine::Engine, hash::sha256, store::StoreError};

/// How often counters that ended are removed, in seconds.
const TIDY: i64 = 60;

impl Engine {
    /// Takes note of something that is to happen once before an instant; tells whether it did not yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn once(&self, what: &str, until: Timestamp) -> Result<bool, StoreError> {
        self.tidy().await?;
        Ok(self.store.count(&named(what), until).await? == 1)
    }

    /// Counts one more of something within the present stretch of time; returns how many there were, and when the next
    /// stretch begins.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tally(&self, what: &str, stretch: SignedDuration) -> Result<(u64, Timestamp), StoreError> {
        self.tidy().await?;
        let (name, ends) = self.stretch(what, stretch);
        Ok((self.store.count(&name, ends).await?, ends))
    }

    /// Returns how many there were of something within the present stretch of time, and when the next begins.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tallied(&self, what: &str, stretch: SignedDuration) -> Result<(u64, Timestamp), StoreError> {
        let (name, ends) = self.stretch(what, stretch);
        Ok((self.store.counted(&name).await?, ends))
    }

    /// Names a counter by its stretch, so that the next one begins at 0 on every replica at once.
    fn stretch(&self, what: &str, stretch: SignedDuration) -> (String, Timestamp) {
        let (now, length) = (self.clock.now().as_second(), stretch.as_secs().max(1));
        let number = now.div_euclid(length);
        let ends = number.saturating_add(1).saturating_mul(length);
        (
            named(&format!("{what}\n{length}\n{number}")),
            Timestamp::from_second(ends).unwrap_or(Timestamp::MAX),
        )
    }

    async fn tidy(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.tidied.due(now.as_second()) {
            self.store.forget_counters(now).await?;
        }
        Ok(())
    }
}

/// When counters were last tidied up by this process, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Tidied(std::sync::atomic::AtomicI64);

impl Tidied {
    fn due(&self, now: i64) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        let last = self.0.load(Relaxed);
        now.saturating_sub(last) >= TIDY && self.0.compare_exchange(last, now, Relaxed, Relaxed).is_ok()
    }
}

/// Names a counter without members and addresses in plain sight.
fn named(what: &str) -> String {
    sha256(what.as_bytes()).to_string()
}
