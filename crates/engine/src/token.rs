//! Tokens' texts: made here, shown once, known to the log by their hash alone.

use std::{collections::BTreeSet, fmt};

use ipnet::IpNet;
use jiff::Timestamp;
use program::{
    Command, Event,
    id::{Sha256, TokenId, UserId},
    token::{Holder, Scope, TokenCommand, TokenEvent},
};
use zeroize::Zeroizing;

use crate::{engine::Engine, hash::sha256, writer::WriteError};

/// How every token begins, so that whoever scans for secrets finds one.
const PREFIX: &str = "forewarn_";
/// Digits that carry the secret: 256 bits.
const SECRET: usize = 64;
/// Digits that show a slip of the pen before anybody is asked.
const CHECK: usize = 8;

/// A token's text.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(Zeroizing<String>);

impl TokenText {
    /// Writes 32 random bytes as a token.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(Zeroizing::new(written(PREFIX, secret)))
    }

    /// Reads a token; nothing for what is none.
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

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

/// Writes 32 random bytes behind a prefix, with digits that check them.
pub(crate) fn written(prefix: &str, secret: &[u8; 32]) -> String {
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}{digits}{}", check_digits(&digits))
}

/// Tells whether a text is what [`written`] writes.
pub(crate) fn is_written(prefix: &str, text: &str) -> bool {
    let Some((digits, check)) = text.strip_prefix(prefix).and_then(|rest| rest.split_at_checked(SECRET))
    else {
        return false;
    };
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digits.chars().all(hex) && check == check_digits(digits)
}

fn check_digits(digits: &str) -> String {
    sha256(digits.as_bytes()).to_string().chars().take(CHECK).collect()
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
        let text = TokenText::of(&self.entropy.bytes());
        let command = TokenCommand::Issue { sha256: text.sha256(), holder, scopes, until, from };
        let entries = self.execute(actor, Command::Token(command)).await?;
        let issued = entries.into_iter().find_map(|entry| match entry.event {
            Event::Token(TokenEvent::Issued { token, .. }) => Some(token),
            _ => None,
        });
        issued.map(|token| (token, text)).ok_or(WriteError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_other_text_is_a_token() {
        let text = TokenText::of(&[7; 32]);
        let good = text.reveal();
        for at in 0..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(TokenText::parse(&String::from_utf8(bytes).unwrap()), None, "{at}");
            assert_eq!(TokenText::parse(good.split_at(at).0), None);
        }
        assert_eq!(TokenText::parse(&format!("{good}0")), None);
        assert_eq!(TokenText::parse(&good.to_uppercase()), None);
        assert!(!format!("{text:?}").contains("07"));
    }

    proptest! {
        #[test]
        fn tokens_round_trip(secret: [u8; 32]) {
            let text = TokenText::of(&secret);
            let again = TokenText::parse(text.reveal()).unwrap();
            prop_assert_eq!(again.sha256(), text.sha256());
        }

        #[test]
        fn no_text_panics(text in "(forewarn_)?\\PC{0,80}") {
            prop_assert_eq!(TokenText::parse(&text), None);
        }
    }
}
