//! Invitations' codes: made here, shown once, known to the log by their hash alone.

use std::fmt;

use jiff::Timestamp;
use package::EnrolmentRequest;
use program::{
    Command, Event, Refusal,
    id::{InvitationId, MemberId, Sha256, UserId},
    invitation::{Accepting, InvitationCommand, InvitationEvent},
    token::{Holder, TokenEvent},
};
use zeroize::Zeroizing;

use crate::{
    engine::Engine,
    error::StepError,
    hash::sha256,
    token::{TokenText, is_written, written},
    writer::WriteError,
};

/// How every code begins, so that whoever scans for secrets finds one.
const PREFIX: &str = "forewarn_enrol_";

/// An invitation's code.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode(Zeroizing<String>);

impl InvitationCode {
    /// Writes 32 random bytes as a code.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(Zeroizing::new(written(PREFIX, secret)))
    }

    /// Reads a code; nothing for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_written(PREFIX, text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the hash that the log knows.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        sha256(self.0.as_bytes())
    }

    /// Returns the text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode(…)")
    }
}

/// What an accepted invitation gave.
#[derive(Debug)]
pub struct Accepted {
    /// Who was invited.
    pub member: MemberId,
    /// The token's text, which is nowhere else.
    pub token: TokenText,
    /// From when on the token is good for nothing.
    pub until: Timestamp,
}

impl Engine {
    /// Invites a member's tool; the code is nowhere but in what this returns.
    ///
    /// # Errors
    /// [`WriteError`] when the program refuses it or the log cannot be written.
    pub async fn invite(
        &self,
        actor: &UserId,
        member: MemberId,
        until: Timestamp,
    ) -> Result<(InvitationId, InvitationCode), WriteError> {
        let code = InvitationCode::of(&self.entropy.bytes());
        let command = InvitationCommand::Invite { member, sha256: code.sha256(), until };
        let entries = self.execute(actor, Command::Invitation(command)).await?;
        let made = entries.into_iter().find_map(|entry| match entry.event {
            Event::Invitation(InvitationEvent::Made { invitation, .. }) => Some(invitation),
            _ => None,
        });
        made.map(|made| (made, code)).ok_or(WriteError::Stopped)
    }

    /// Accepts an invitation with a member's keys; they count once somebody compared their fingerprints.
    ///
    /// # Errors
    /// [`Refusal::NoInvitation`] for any code that is not good now, whatever the reason; other refusals for keys that
    /// cannot be registered.
    pub async fn accept(&self, request: &EnrolmentRequest) -> Result<Accepted, StepError> {
        let code = InvitationCode::parse(&request.code).filter(|_| request.is_signed());
        let code = code.ok_or(Refusal::NoInvitation)?;
        let token = TokenText::of(&self.entropy.bytes());
        let command = InvitationCommand::Accept(Accepting {
            sha256: code.sha256(),
            sealing: (request.recipient.to_string(), request.recipient.fingerprint()),
            signing: (request.key.to_string(), request.key.fingerprint()),
            token: token.sha256(),
        });
        let entries = self.execute(&UserId::member(), Command::Invitation(command)).await?;
        let issued = entries.into_iter().find_map(|entry| match entry.event {
            Event::Token(TokenEvent::Issued { holder: Holder::Member(member), until, .. }) => {
                Some((member, until))
            }
            _ => None,
        });
        let (member, until) = issued.ok_or(WriteError::Stopped)?;
        Ok(Accepted { member, token, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_text_is_a_code_and_a_code_is_no_token() {
        let code = InvitationCode::of(&[7; 32]);
        let good = code.reveal();
        assert_eq!(InvitationCode::parse(good).unwrap().sha256(), code.sha256());
        for at in 0..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(InvitationCode::parse(&String::from_utf8(bytes).unwrap()), None, "{at}");
        }
        assert_eq!(TokenText::parse(good), None);
        assert_eq!(InvitationCode::parse(TokenText::of(&[7; 32]).reveal()), None);
        assert!(!format!("{code:?}").contains("07"));
    }
}
