//! Invitations' codes: made here, shown once, known to the log by their hash alone.

use jiff::Timestamp;
use package::EnrolmentRequest;
use program::{
    Command, Event, Refusal,
    id::{InvitationId, MemberId, UserId},
    invitation::{Accepting, InvitationCommand, InvitationEvent},
    token::{Holder, TokenEvent},
};

use crate::{
    engine::Engine,
    error::StepError,
    secret_text::{Purpose, SecretText},
    token::TokenText,
    writer::WriteError,
};

/// An invitation's code.
pub type InvitationCode = SecretText<OfInvitation>;

/// What a code's text is marked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfInvitation;

impl Purpose for OfInvitation {
    const PREFIX: &str = "forewarn_enrol_";
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
