//! Heartbeats: entries that say nothing, at a fixed cadence, so that a log that grows says little.

use policy::Lead;

use crate::{Event, actor, context::Context, program::Program, program::ProgramEvent, refusal::Refusal};

/// Decides on one heartbeat for each stretch of the cadence, counted from 1970: whichever replica comes second finds it
/// there.
pub(crate) fn decide(program: &Program, ctx: &Context<'_>, cadence: Lead) -> Result<Vec<Event>, Refusal> {
    if ctx.actor.as_str() != actor::TIMER {
        return Err(Refusal::NotAnOperator(ctx.actor.clone()));
    }
    let every = i64::from(cadence.seconds()).max(1);
    let stretch = |at: jiff::Timestamp| at.as_second().div_euclid(every);
    if program.heartbeat().is_some_and(|last| stretch(last) >= stretch(ctx.now)) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Program(ProgramEvent::Heartbeat {})])
}
