//! People's word that the host's clock is right, after it was set: two of them, who looked at the same time.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Event,
    context::Context,
    embargo::second_person,
    id::UserId,
    program::{Program, ProgramEvent},
    refusal::Refusal,
};

/// How long a look at a clock says something of it.
pub const FRESH: SignedDuration = SignedDuration::from_mins(15);

/// What people said of the clock last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    looked: Option<(UserId, Timestamp)>,
    confirmed: Option<Timestamp>,
}

impl Word {
    /// Returns when a second person confirmed the clock last.
    #[must_use]
    pub fn confirmed(&self) -> Option<Timestamp> {
        self.confirmed
    }
}

/// Decides on one person's look; the second one within the time confirms the clock.
pub(crate) fn decide(program: &Program, ctx: &Context<'_>) -> Result<Vec<Event>, Refusal> {
    let looked = program.clock().looked.as_ref();
    let looked = looked.filter(|(_, at)| ctx.now.duration_since(*at) < FRESH).map(|(first, _)| first);
    let event = match program.first(looked) {
        None => ProgramEvent::ClockLookedAt {},
        Some(first) => {
            second_person(program, first, ctx.actor, "confirm the clock")?;
            ProgramEvent::ClockConfirmed {}
        }
    };
    Ok(vec![Event::Program(event)])
}

impl Word {
    pub(crate) fn look(&mut self, actor: &UserId, at: Timestamp) {
        self.looked = Some((actor.clone(), at));
    }

    pub(crate) fn confirm(&mut self, at: Timestamp) {
        *self = Self { looked: None, confirmed: Some(at) };
    }
}
