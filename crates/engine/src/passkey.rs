//! Links that register passkeys, and what came of them.

use jiff::Timestamp;
use program::{
    Command, Event,
    id::{LinkId, PasskeyId, Sha256, UserId},
    passkey::{PasskeyCommand, PasskeyEvent, Registering, User},
};

use crate::{
    engine::Engine,
    hash::sha256,
    secret_text::{Purpose, SecretText},
    writer::WriteError,
};

/// The code of a link that registers a passkey.
pub type LinkCode = SecretText<OfLink>;

/// What a link's code is marked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfLink;

impl Purpose for OfLink {
    const PREFIX: &str = "forewarn_passkey_";
}

/// What asking for a link came to.
#[derive(Debug)]
pub enum Invited {
    /// A second operator must ask for the same.
    Waits,
    /// The link's number and its code, which is nowhere else.
    Made(LinkId, LinkCode),
}

impl Engine {
    /// Asks for a link by which a person registers a passkey.
    ///
    /// # Errors
    /// [`WriteError`] when the program refuses it or the log cannot be written.
    pub async fn invite_user(
        &self,
        actor: &UserId,
        user: User,
        until: Timestamp,
    ) -> Result<Invited, WriteError> {
        let code = LinkCode::of(&self.entropy.bytes());
        let command = PasskeyCommand::Invite { user, sha256: code.sha256(), until };
        let entries = self.execute(actor, Command::Passkey(command)).await?;
        let made = entries.into_iter().find_map(|entry| match entry.event {
            Event::Passkey(PasskeyEvent::LinkMade { link, .. }) => Some(link),
            _ => None,
        });
        Ok(made.map_or(Invited::Waits, |link| Invited::Made(link, code)))
    }

    /// Registers a passkey for whom a link is.
    ///
    /// # Errors
    /// [`WriteError`] when the link is not good any more, the credential is known, or the log cannot be written.
    pub async fn register_passkey(
        &self,
        user: &User,
        registering: Registering,
    ) -> Result<PasskeyId, WriteError> {
        let command = Command::Passkey(PasskeyCommand::Register(registering));
        let entries = self.execute(&user.actor(), command).await?;
        let registered = entries.into_iter().find_map(|entry| match entry.event {
            Event::Passkey(PasskeyEvent::Registered { passkey, .. }) => Some(passkey),
            _ => None,
        });
        registered.ok_or(WriteError::Stopped)
    }

    /// Returns the handle that authenticators keep for a person: the same for all of its passkeys, and no name.
    #[must_use]
    pub fn user_handle(&self, user: &User) -> [u8; 16] {
        let Sha256(hash) =
            sha256(format!("forewarn user handle v1\0{}\0{user}", self.keys.log.name()).as_bytes());
        let mut handle = [0; 16];
        for (to, from) in handle.iter_mut().zip(hash) {
            *to = from;
        }
        handle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{invitation::InvitationCode, token::TokenText};

    #[test]
    fn a_code_is_neither_a_token_nor_an_invitation() {
        let code = LinkCode::of(&[7; 32]);
        assert_eq!(LinkCode::parse(code.reveal()).unwrap().sha256(), code.sha256());
        assert_eq!(TokenText::parse(code.reveal()), None);
        assert_eq!(InvitationCode::parse(code.reveal()), None);
        assert_eq!(LinkCode::parse(InvitationCode::of(&[7; 32]).reveal()), None);
    }
}
