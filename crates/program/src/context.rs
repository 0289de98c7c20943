//! Everything a decision needs beside the state: who asks, and when.

use jiff::Timestamp;

use crate::id::UserId;

/// What a command is decided with; the core reads no clock of its own.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The program's instant, from the one clock.
    pub now: Timestamp,
    /// Who asks.
    pub actor: &'a UserId,
}
