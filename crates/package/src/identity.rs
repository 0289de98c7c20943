//! The secret key that opens a member's copies.

use age::secrecy::{ExposeSecret, SecretString};
use bech32::{ToBase32, Variant};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{MemberKey, hybrid::HybridIdentity};

/// Human-readable part of an X25519 identity; lower case, the whole text is made upper case afterwards.
/// **Source:** C2SP age.
const X25519_PREFIX: &str = "age-secret-key-";

/// A member's secret key: an age identity, `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`. It has no `Debug` and no `Display`.
pub struct Identity(Kind);

enum Kind {
    X25519(age::x25519::Identity),
    Hybrid(Box<HybridIdentity>),
}

/// A text that is no usable identity. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// No line but comments.
    #[error("the key file holds no key: it needs a line that starts with `AGE-SECRET-KEY-1`")]
    Empty,
    /// A public key where a secret one belongs.
    #[error("this is a public key: give the file with the line that starts with `AGE-SECRET-KEY-1`")]
    Public,
    /// An identity file under a passphrase.
    #[error("the key file is encrypted: decrypt it with `age -d` first and give the result")]
    Encrypted,
    /// An identity that needs a plugin.
    #[error("keys of age plugins are not supported: open the copy with `age -d -i` and the plugin")]
    Plugin,
    /// More than one identity.
    #[error("the key file holds more than one key: give a file with exactly one")]
    Several,
    /// The checksum or the length does not fit.
    #[error(
        "the secret key is mistyped or cut off: its checksum does not fit; restore the file from its backup"
    )]
    Damaged,
    /// Anything else.
    #[error(
        "not an age key file: it needs a line that starts with `AGE-SECRET-KEY-1`, as `age-keygen` writes it"
    )]
    NotAge,
}

impl Identity {
    /// Makes an identity from 32 bytes, which must come fresh from the operating system.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Damaged`] would mean that `age` refuses what the specification allows; 32 bytes always fit.
    pub fn from_random(bytes: &[u8; 32]) -> Result<Self, IdentityError> {
        let text = bech32::encode(X25519_PREFIX, bytes.to_base32(), Variant::Bech32);
        let text = Zeroizing::new(text.map_err(|_| IdentityError::Damaged)?);
        Self::x25519(&text)
    }

    /// Makes a post-quantum identity from 32 bytes, which must come fresh from the operating system.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Damaged`] would mean that the library refuses what the specification allows.
    pub fn hybrid_from_random(bytes: &[u8; 32]) -> Result<Self, IdentityError> {
        let identity = HybridIdentity::from_random(bytes).ok_or(IdentityError::Damaged)?;
        Ok(Self(Kind::Hybrid(Box::new(identity))))
    }

    /// Reads a key file as `age-keygen` writes it, or the bare key: one identity, comments behind `#`.
    ///
    /// # Errors
    ///
    /// Says what the text is instead, without quoting it.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        if text.contains("-----BEGIN AGE ENCRYPTED FILE-----") || text.starts_with("age-encryption.org/") {
            return Err(IdentityError::Encrypted);
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let line = lines.next().ok_or(IdentityError::Empty)?;
        if lines.next().is_some() {
            return Err(IdentityError::Several);
        }
        let starts =
            |prefix: &str| line.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        if starts("AGE-SECRET-KEY-PQ-") {
            let identity = HybridIdentity::parse(line).ok_or(IdentityError::Damaged)?;
            Ok(Self(Kind::Hybrid(Box::new(identity))))
        } else if starts("AGE-PLUGIN-") {
            Err(IdentityError::Plugin)
        } else if starts("age1") {
            Err(IdentityError::Public)
        } else if starts("AGE-SECRET-KEY-1") {
            Self::x25519(line)
        } else {
            Err(IdentityError::NotAge)
        }
    }

    /// Returns the public key that belongs to this secret one.
    #[must_use]
    pub fn to_public(&self) -> MemberKey {
        match &self.0 {
            Kind::X25519(identity) => identity.to_public().into(),
            Kind::Hybrid(identity) => identity.to_public().into(),
        }
    }

    /// Writes the text of a key file that `age -d -i` reads: the public key as a comment, then the secret one.
    #[must_use]
    pub fn to_key_file(&self) -> SecretString {
        let secret = match &self.0 {
            Kind::X25519(identity) => Zeroizing::new(identity.to_string().expose_secret().to_owned()),
            Kind::Hybrid(identity) => identity.to_text(),
        };
        let text = Zeroizing::new(format!("# public key: {}\n{}\n", self.to_public(), *secret));
        SecretString::from(text.as_str())
    }

    pub(crate) fn identity(&self) -> &dyn age::Identity {
        match &self.0 {
            Kind::X25519(identity) => identity,
            Kind::Hybrid(identity) => identity.as_ref(),
        }
    }

    fn x25519(text: &str) -> Result<Self, IdentityError> {
        text.parse().map(|identity| Self(Kind::X25519(identity))).map_err(|_| IdentityError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The pair of age's own tests.
    const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    const KEY: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

    fn refused(text: &str) -> IdentityError {
        Identity::parse(text).err().unwrap()
    }

    #[test]
    fn what_is_no_identity_is_named() {
        assert_eq!(refused(""), IdentityError::Empty);
        assert_eq!(refused("# public key: age1…\n\n"), IdentityError::Empty);
        assert_eq!(refused(KEY), IdentityError::Public);
        assert_eq!(refused("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"), IdentityError::Encrypted);
        assert_eq!(refused("age-encryption.org/v1\n-> scrypt"), IdentityError::Encrypted);
        assert_eq!(refused("AGE-SECRET-KEY-PQ-1QQQ"), IdentityError::Damaged);
        assert_eq!(refused("AGE-PLUGIN-YUBIKEY-1QYQ"), IdentityError::Plugin);
        assert_eq!(refused(&format!("{SECRET}\n{SECRET}\n")), IdentityError::Several);
        assert_eq!(refused("-----BEGIN OPENSSH PRIVATE KEY-----"), IdentityError::NotAge);
    }

    #[test]
    fn a_damaged_secret_is_refused_and_never_quoted() {
        for at in 0..SECRET.len() {
            let mut bytes = SECRET.as_bytes().to_vec();
            bytes[at] ^= 1;
            let text = String::from_utf8(bytes).unwrap();
            let error = refused(&text);
            assert!(!error.to_string().contains("GQ9778"));
            assert!(Identity::parse(SECRET.split_at(at).0).is_err());
        }
    }

    #[test]
    fn known_answer() {
        let identity = Identity::parse(&format!("# mine\n\n {SECRET} \n")).unwrap();
        assert_eq!(identity.to_public().to_string(), KEY);
        assert_eq!(identity.to_key_file().expose_secret(), format!("# public key: {KEY}\n{SECRET}\n"));
    }

    proptest! {
        #[test]
        fn key_files_round_trip(bytes: [u8; 32]) {
            let identity = Identity::from_random(&bytes).unwrap();
            let again = Identity::parse(identity.to_key_file().expose_secret()).unwrap();
            prop_assert_eq!(again.to_public(), identity.to_public());
            // RFC 7748: the public key is the scalar times the base point.
            let point = x25519_dalek::x25519(bytes, x25519_dalek::X25519_BASEPOINT_BYTES);
            let expected = bech32::encode("age", point.to_base32(), Variant::Bech32).unwrap();
            prop_assert_eq!(identity.to_public().to_string(), expected);
        }

        #[test]
        fn no_text_panics(text in "(AGE-SECRET-KEY-1|age1)?\\PC{0,80}") {
            let _ = Identity::parse(&text);
        }
    }
}
