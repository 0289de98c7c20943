//! Heartbeats: entries at a fixed cadence, and what the public is shown of the log between two of them.

use policy::Lead;
use program::{Command, Context, id::UserId};

use crate::{engine::Engine, timer, writer::WriteError};

/// After how many stretches without a heartbeat the public is shown the log as it is: a log that seems to stand still
/// is worse than one whose growth is seen.
const MISSED: i64 = 3;

impl Engine {
    /// Logs a heartbeat unless this stretch of the cadence has one, whoever logged it; tells whether it did.
    ///
    /// A clock that is not trusted beats not: an entry from the future would hold everything until then.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be written.
    pub async fn heartbeat(&self, cadence: Lead) -> Result<bool, WriteError> {
        let (actor, command) = (UserId::timer(), Command::Heartbeat(cadence));
        let beaten = {
            // Whoever writes may hold the program: what the clock says before that is of the past after it.
            let program = self.program().await;
            program.decide(&Context { now: self.clock.now(), actor: &actor }, command.clone())?.is_empty()
        };
        if beaten || timer::trusted(self).await.is_err() {
            return Ok(false);
        }
        Ok(!self.execute(&actor, command).await?.is_empty())
    }

    /// Returns how many entries the public is shown: those up to the last heartbeat, so that what happens between two of
    /// them is seen together.
    pub async fn shown(&self, cadence: Option<Lead>) -> u64 {
        let ledger = self.ledger().await;
        let last = ledger.program().heartbeat().zip(cadence).filter(|(last, cadence)| {
            let late = self.clock.now().duration_since(last.at).as_secs();
            late < i64::from(cadence.seconds()).saturating_mul(MISSED)
        });
        last.map_or(ledger.len(), |(last, _)| last.entries.min(ledger.len()))
    }
}
