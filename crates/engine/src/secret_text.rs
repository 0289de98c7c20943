//! Texts that are good for whoever shows them: made here, shown once, known to the log by their hash alone.

use std::{fmt, marker::PhantomData};

use program::id::Sha256;
use zeroize::Zeroizing;

use crate::hash::sha256;

/// Digits that carry the secret: 256 bits.
const SECRET: usize = 64;
/// Digits that show a slip of the pen before anybody is asked.
const CHECK: usize = 8;

/// What a text is good for, so that none is taken for another.
pub trait Purpose {
    /// How every such text begins, so that whoever scans for secrets finds one.
    const PREFIX: &str;
}

/// A text that is good for whoever shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText<P>(Zeroizing<String>, PhantomData<P>);

impl<P: Purpose> SecretText<P> {
    /// Writes 32 random bytes as such a text, with digits that check them.
    #[must_use]
    pub fn of(secret: &[u8; 32]) -> Self {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let check = check_digits(&digits);
        Self(Zeroizing::new(format!("{}{digits}{check}", P::PREFIX)), PhantomData)
    }

    /// Reads such a text; nothing for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, check) = text.strip_prefix(P::PREFIX)?.split_at_checked(SECRET)?;
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let good = digits.chars().all(hex) && check == check_digits(digits);
        good.then(|| Self(Zeroizing::new(text.to_owned()), PhantomData))
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

impl<P: Purpose> fmt::Debug for SecretText<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", P::PREFIX)
    }
}

fn check_digits(digits: &str) -> String {
    sha256(digits.as_bytes()).to_string().chars().take(CHECK).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{invitation::InvitationCode, token::TokenText};

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

    #[test]
    fn a_code_is_no_token_and_a_token_no_code() {
        assert_eq!(TokenText::parse(InvitationCode::of(&[7; 32]).reveal()), None);
        assert_eq!(InvitationCode::parse(TokenText::of(&[7; 32]).reveal()), None);
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
