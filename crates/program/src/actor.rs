//! Who acts where no person does, and what they may do: nothing that takes a judgement.

use crate::{id::UserId, program::Command, wave::WaveCommand};

/// Releases what two people approved, at its instant.
pub const TIMER: &str = "timer";

/// Whoever holds the data folder, with every key in it, and gives no name.
pub const CONSOLE: &str = "console";

/// Tells whether a name stands for no person; no operator may have it.
#[must_use]
pub fn is_reserved(user: &UserId) -> bool {
    matches!(user.as_str(), TIMER | CONSOLE)
}

/// Tells whether a command is one that this actor gives without being an operator.
pub(crate) fn may(actor: &UserId, command: &Command) -> bool {
    match actor.as_str() {
        TIMER => matches!(
            command,
            Command::CommitMarks(..) | Command::RecordCopies(..) | Command::Wave(_, _, WaveCommand::Finish)
        ),
        CONSOLE => matches!(command, Command::Token(_)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_user_ids() {
        assert_eq!(TIMER.parse(), Ok(UserId::timer()));
        assert_eq!(CONSOLE.parse(), Ok(UserId::console()));
        assert!(is_reserved(&UserId::timer()) && is_reserved(&UserId::console()));
    }
}
