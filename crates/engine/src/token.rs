//! Tokens' texts: made here, shown once, known to the log by their hash alone.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::Timestamp;
use program::{
    Command, Event,
    id::{Sha256, TokenId, UserId},
    token::{Holder, Scope, TokenCommand, TokenEvent},
};

use crate::{
    engine::Engine,
    secret_text::{Purpose, SecretText},
    writer::WriteError,
};

/// A token's text.
pub type TokenText = SecretText<OfToken>;

/// What a token's text is marked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfToken;

impl Purpose for OfToken {
    const PREFIX: &str = "forewarn_";
}

impl Engine {
    /// Issues a token; its text is nowhere but in what this returns.
    ///
    /// # Errors
    /// [`WriteError`] when the program refuses it or the log cannot be written.
    pub async fn issue_token(
        &self,
        actor: &UserId,
        holder: Holder,
        scopes: BTreeSet<Scope>,
        until: Timestamp,
        from: Vec<IpNet>,
    ) -> Result<(TokenId, TokenText), WriteError> {
        self.issue_bound_token(actor, holder, scopes, until, (from, None)).await
    }

    /// Issues a token that is good from some networks, or with one client certificate, alone.
    ///
    /// # Errors
    /// As [`Engine::issue_token`].
    pub async fn issue_bound_token(
        &self,
        actor: &UserId,
        holder: Holder,
        scopes: BTreeSet<Scope>,
        until: Timestamp,
        (from, certificate): (Vec<IpNet>, Option<Sha256>),
    ) -> Result<(TokenId, TokenText), WriteError> {
        let text = TokenText::of(&self.entropy.bytes());
        let sha256 = text.sha256();
        let command = TokenCommand::Issue { sha256, holder, scopes, until, from, certificate };
        let entries = self.execute(actor, Command::Token(command)).await?;
        let issued = entries.into_iter().find_map(|entry| match entry.event {
            Event::Token(TokenEvent::Issued { token, .. }) => Some(token),
            _ => None,
        });
        issued.map(|token| (token, text)).ok_or(WriteError::Stopped)
    }
}
