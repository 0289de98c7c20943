//! Instants in whole milliseconds, which is all that Cedar compares.

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};

/// The shortest time in which an answer can change.
pub const TICK: SignedDuration = SignedDuration::from_millis(1);

/// Rounds towards the past: for the clock, and for the end of what holds.
pub(crate) fn down(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor))
        .unwrap_or(Timestamp::MIN)
}

/// Rounds towards the future: for the instant an item becomes public, so that nothing is early.
pub fn up(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil))
        .unwrap_or(Timestamp::MAX)
}
