//! The timer: releases what two people approved, at its instant, whoever else does the same.
//!
//! It holds nothing that matters. What is due follows from the log, a second attempt decides on nothing, and a
//! process that dies leaves a prefix that the next one goes on from.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use program::{
    Program, embargo,
    id::{CaseId, UserId, WaveId},
    plan::{Fate, plan},
    wave::APPROVALS,
};

use crate::{
    clock::trust::Doubt, engine::Engine, error::StepError, progress::Unwatched, release::Released,
    writer::WriteError,
};

/// How long a release that failed is left alone.
const RETRY: SignedDuration = SignedDuration::from_secs(60);

type Key = (CaseId, WaveId);

/// What is due next, as far as this process has looked.
#[derive(Debug, Default)]
pub struct Timer {
    /// What was decisive when everything was looked at, see [`Program::decisive`].
    seen: Option<u64>,
    /// When something becomes due with no new entry.
    next: Option<Timestamp>,
    /// When what failed is tried again.
    retry: BTreeMap<Key, Timestamp>,
}

/// What one look at the clock came to.
#[derive(Debug, Default)]
pub struct Tick {
    /// Waves that were released, or given what had become due of them.
    pub released: Vec<Done>,
    /// Waves that could not be.
    pub failed: Vec<(CaseId, WaveId, StepError)>,
    /// Why nothing was tried although something was due.
    pub held: Option<Doubt>,
}

/// A wave that was released.
#[derive(Debug)]
pub struct Done {
    /// Which case.
    pub case: CaseId,
    /// Which wave.
    pub wave: WaveId,
    /// What it came to.
    pub released: Released,
    /// How late it was.
    pub lag: SignedDuration,
}

/// A wave that is due, and since when.
struct Due {
    key: Key,
    at: Timestamp,
}

impl Timer {
    /// Looks at the clock and the log, and releases what is due.
    ///
    /// # Errors
    /// [`WriteError`] when the log cannot be read; a release that fails is in the [`Tick`].
    pub async fn tick(&mut self, engine: &Engine) -> Result<Tick, WriteError> {
        engine.refresh().await?;
        let now = engine.clock().now();
        // Of the ten thousand fetches after a release none makes anything due.
        let decisive = engine.program().await.decisive();
        if self.seen == Some(decisive) && self.next.is_none_or(|next| now < next) {
            return Ok(Tick::default());
        }
        self.next = None;
        let due = self.due(engine, now).await;
        let mut tick = Tick::default();
        if !due.is_empty()
            && let Err(doubt) = trusted(engine).await
        {
            // Looked at again with the next tick: a clock that was set right is trusted at once.
            self.seen = None;
            tick.held = Some(doubt);
            return Ok(tick);
        }
        for Due { key, at } in due {
            let (case, wave) = key.clone();
            match engine.release(&UserId::timer(), &case, &wave, &Unwatched).await {
                Ok(released) => {
                    self.retry.remove(&key);
                    tick.released.push(Done { case, wave, released, lag: now.duration_since(at) });
                }
                Err(error) => {
                    let again = now.checked_add(RETRY).unwrap_or(Timestamp::MAX);
                    self.wait_until(again);
                    self.retry.insert(key, again);
                    tick.failed.push((case, wave, error));
                }
            }
        }
        // What was appended beside this is looked at with the next tick.
        self.seen = (tick.released.is_empty()).then_some(decisive);
        Ok(tick)
    }

    /// Returns when something becomes due with no new entry, as far as it has looked.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.next
    }

    async fn due(&mut self, engine: &Engine, now: Timestamp) -> Vec<Due> {
        let program = engine.program().await;
        let mut due = Vec::new();
        for (key, at) in waves(&program) {
            if now < at {
                self.wait_until(at);
                continue;
            }
            if let Some(again) = self.retry.get(&key).copied().filter(|again| now < *again) {
                self.wait_until(again);
                continue;
            }
            let released = program.case(&key.0).and_then(|case| case.wave(&key.1)).map(|wave| wave.released);
            if released == Ok(None) || self.more_of(&program, &key, now) {
                due.push(Due { key, at });
            }
        }
        due
    }

    /// Tells whether more of a released wave is due now, and remembers when there will be.
    fn more_of(&mut self, program: &Program, key: &Key, now: Timestamp) -> bool {
        let Ok(plan) = plan(program, program.policies(), &key.0, &key.1, now) else { return false };
        for row in &plan.rows {
            if let Fate::Later { at } | Fate::Withheld { until: Some(at) } = row.fate
                && at > now
            {
                self.wait_until(at);
            }
        }
        plan.due().next().is_some()
    }

    fn wait_until(&mut self, at: Timestamp) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

/// Tells whether the clock may be followed, by itself or because two people have looked at it just now.
pub(crate) async fn trusted(engine: &Engine) -> Result<(), Doubt> {
    let Err(doubt) = engine.clock().trusted() else { return Ok(()) };
    let confirmed = engine.program().await.clock().confirmed();
    if !confirmed.is_some_and(|at| engine.clock().accept(at)) {
        return Err(doubt);
    }
    if let Some(anchor) = engine.clock().anchor() {
        // Kept for the next process; one that cannot read it asks two people again.
        let _ = anchor.keep(&engine.folder().clock());
    }
    Ok(())
}

/// Lists waves that are due for longer than a while and were never released, with how long.
#[must_use]
pub fn overdue(
    program: &Program,
    now: Timestamp,
    after: SignedDuration,
) -> Vec<(CaseId, WaveId, SignedDuration)> {
    waves(program)
        .filter(|((case, wave), _)| {
            let known = program.case(case).and_then(|case| case.wave(wave));
            known.is_ok_and(|wave| wave.released.is_none())
        })
        .map(|((case, wave), at)| (case, wave, now.duration_since(at)))
        .filter(|(_, _, late)| *late > after)
        .collect()
}

/// Lists waves that two people approved and that will be due within a while, with their instants.
#[must_use]
pub fn upcoming(
    program: &Program,
    now: Timestamp,
    within: SignedDuration,
) -> Vec<(CaseId, WaveId, Timestamp)> {
    let soon = |at: Timestamp| at > now && at.duration_since(now) <= within;
    waves(program).filter(|(_, at)| soon(*at)).map(|((case, wave), at)| (case, wave, at)).collect()
}

/// Lists the waves that two people approved, of cases that are not closed, with their instants.
fn waves(program: &Program) -> impl Iterator<Item = (Key, Timestamp)> + '_ {
    program.cases().filter(|case| case.closed().is_none()).flat_map(|case| {
        let public = case.embargo().public();
        case.waves().filter(|wave| wave.approvals.len() >= APPROVALS).filter_map(move |wave| {
            Some(((case.id().clone(), wave.wave.clone()), embargo::before(public?, wave.lead)))
        })
    })
}
