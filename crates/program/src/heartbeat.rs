//! Heartbeats: entries that say nothing, at a fixed cadence, so that a log that grows says little.

use jiff::Timestamp;
use policy::Lead;

use crate::{Event, actor, context::Context, program::Program, program::ProgramEvent, refusal::Refusal};

/// The last heartbeat: what the public is shown of the log ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was.
    pub at: Timestamp,
    /// How many entries the log had with it.
    pub entries: u64,
}

/// Decides on one heartbeat for each stretch of the cadence, counted from 1970: whichever replica comes second finds it
/// there.
pub(crate) fn decide(program: &Program, ctx: &Context<'_>, cadence: Lead) -> Result<Vec<Event>, Refusal> {
    if ctx.actor.as_str() != actor::TIMER {
        return Err(Refusal::NotAnOperator(ctx.actor.clone()));
    }
    let every = i64::from(cadence.seconds()).max(1);
    let stretch = |at: Timestamp| at.as_second().div_euclid(every);
    if program.heartbeat().is_some_and(|last| stretch(last.at) >= stretch(ctx.now)) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Program(ProgramEvent::Heartbeat {})])
}
