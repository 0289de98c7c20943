//! Who acts where no person does, and what they may do: nothing that takes a judgement.

use crate::{
    id::UserId, invitation::InvitationCommand, notification::NotificationCommand, passkey::PasskeyCommand,
    program::Command, report::ReportCommand, wave::WaveCommand,
};

/// Releases what two people approved, at its instant.
pub const TIMER: &str = "timer";

/// Whoever holds the data folder, with every key in it, and gives no name.
pub const CONSOLE: &str = "console";

/// A member's tool or somebody there, with a token, a passkey, an invitation or a link; the event says whose.
pub const MEMBER: &str = "member";

/// Sends notices and says what came of them, and what lapses soon.
pub const NOTIFIER: &str = "notifier";

/// Tells whether a name stands for no person; no operator may have it.
#[must_use]
pub fn is_reserved(user: &UserId) -> bool {
    matches!(user.as_str(), TIMER | CONSOLE | MEMBER | NOTIFIER)
}

/// Tells whether a command is one that this actor gives without being an operator.
pub(crate) fn may(actor: &UserId, command: &Command) -> bool {
    match actor.as_str() {
        TIMER => matches!(
            command,
            Command::CommitMarks(..)
                | Command::RecordCopies(..)
                | Command::Wave(_, _, WaveCommand::Finish)
                | Command::Heartbeat(_)
        ),
        MEMBER => matches!(
            command,
            Command::Delivery(_)
                | Command::Report(ReportCommand::File { .. })
                | Command::Invitation(InvitationCommand::Accept(_))
                | Command::Passkey(PasskeyCommand::Register(_) | PasskeyCommand::Revoke { .. })
        ),
        NOTIFIER => matches!(
            command,
            Command::Notification(NotificationCommand::RecordDelivery { .. } | NotificationCommand::Warn)
        ),
        CONSOLE => matches!(
            command,
            Command::Token(_)
                | Command::Subject(_)
                | Command::Passkey(PasskeyCommand::Invite { .. } | PasskeyCommand::Revoke { .. })
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_user_ids() {
        assert_eq!(TIMER.parse(), Ok(UserId::timer()));
        assert_eq!(CONSOLE.parse(), Ok(UserId::console()));
        assert_eq!(MEMBER.parse(), Ok(UserId::member()));
        assert_eq!(NOTIFIER.parse(), Ok(UserId::notifier()));
        for name in [UserId::timer(), UserId::console(), UserId::member(), UserId::notifier()] {
            assert!(is_reserved(&name));
        }
    }
}
