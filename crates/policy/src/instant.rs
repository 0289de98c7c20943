//! Instants in whole milliseconds, which is all that Cedar compares.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// Rounds towards the past: for the clock, and for the end of what holds.
pub(crate) fn down(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor))
        .unwrap_or(Timestamp::MIN)
}

/// Rounds towards the future: for the instant an item becomes public, so that nothing is early.
pub(crate) fn up(at: Timestamp) -> Timestamp {
    at.round(TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil))
        .unwrap_or(Timestamp::MAX)
}
