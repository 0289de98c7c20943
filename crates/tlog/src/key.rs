//! The log's signing key and the verifier key that members pin.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use ed25519_dalek::{SECRET_KEY_LENGTH, Signer as _, SigningKey, VerifyingKey};
use signed_note::{is_key_name_valid, key_id};
use thiserror::Error;
use zeroize::Zeroizing;

/// First byte of an encoded key. **Source:** C2SP signed-note, signature type Ed25519.
const ED25519: u8 = 1;

/// How a signing key's text starts, so that nobody takes it for a verifier key.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// A key text that cannot be used. It never quotes the text, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The name breaks the rules of signed notes.
    #[error(
        "a log's name must not be empty nor hold spaces, control characters or `+`: use its host and path"
    )]
    Name,
    /// A signing key where a verifier key belongs.
    #[error(
        "this is the log's secret signing key: keep it where it is, and give out its verifier key instead"
    )]
    Secret,
    /// A verifier key where a signing key belongs.
    #[error("this is no signing key: its text starts with `PRIVATE+KEY+`")]
    NotSecret,
    /// The parts are missing or not encoded as they should be.
    #[error("not a verifier key: write `name+id+key` on one line, as the log publishes it")]
    Shape,
    /// The parts of a signing key are missing or not encoded as they should be.
    #[error("the signing key is damaged: restore its file from the backup of the keys")]
    SecretShape,
    /// A signature type other than Ed25519.
    #[error("the key has signature type {0}, only 1 (Ed25519) is supported: update this tool")]
    Algorithm(u8),
    /// The id belongs to another name or key.
    #[error("the key's id does not belong to its name and key: a character was changed, copy it again")]
    Id,
    /// The bytes are no usable public key.
    #[error("the key is not a usable Ed25519 public key: get the log's verifier key again")]
    Point,
}

/// The log's signing key. It has no `Debug` and leaves memory when it is dropped.
pub struct LogSigner {
    name: String,
    key: SigningKey,
}

impl LogSigner {
    /// Makes the signer from a log's name, which is the checkpoints' origin, and a 32-byte random seed.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] when the name cannot stand in a signed note.
    pub fn from_seed(name: &str, seed: &[u8; SECRET_KEY_LENGTH]) -> Result<Self, KeyError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    /// Reads the text that [`LogSigner::to_secret_text`] wrote; white space around it is ignored.
    ///
    /// # Errors
    ///
    /// Says what is wrong without quoting the text.
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().strip_prefix(SECRET_PREFIX).ok_or(KeyError::NotSecret)?;
        let (name, id, key) = parts(text).ok_or(KeyError::SecretShape)?;
        check_name(name)?;
        // Room for the longest decoding, so that no half-filled buffer is left behind by growing.
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(key.len())]);
        let len = BASE64_STANDARD.decode_slice(key, &mut bytes).map_err(|_| KeyError::SecretShape)?;
        bytes.truncate(len);
        let (kind, seed) = bytes.split_first().ok_or(KeyError::SecretShape)?;
        if *kind != ED25519 {
            return Err(KeyError::Algorithm(*kind));
        }
        let seed: &[u8; SECRET_KEY_LENGTH] = seed.try_into().map_err(|_| KeyError::SecretShape)?;
        let signer = Self::from_seed(name, seed)?;
        if id != id_text(signer.id()) {
            return Err(KeyError::Id);
        }
        Ok(signer)
    }

    /// Writes the one line for a key file: `PRIVATE+KEY+name+id+key`, as Go's `note` package reads it.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([ED25519; 1 + SECRET_KEY_LENGTH]);
        for (to, from) in bytes.iter_mut().skip(1).zip(self.key.as_bytes()) {
            *to = *from;
        }
        let key = Zeroizing::new(BASE64_STANDARD.encode(*bytes));
        Zeroizing::new(format!("{SECRET_PREFIX}{}+{}+{}", self.name, id_text(self.id()), *key))
    }

    /// Returns the log's name, the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the verifier key that belongs to this signer.
    #[must_use]
    pub fn verifier(&self) -> LogVerifier {
        LogVerifier { name: self.name.clone(), key: self.key.verifying_key() }
    }

    fn id(&self) -> u32 {
        id_of(&self.name, &self.key.verifying_key())
    }
}

impl signed_note::Signer for LogSigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id()
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.key.try_sign(text)?.to_vec())
    }
}

/// The log's verifier key, which a member pins: `name+id+key`.
///
/// **Source:** C2SP signed-note, "Verifier keys"; Ed25519, checked strictly (RFC 8032 without small-order keys).
#[derive(Clone, PartialEq, Eq)]
pub struct LogVerifier {
    name: String,
    key: VerifyingKey,
}

impl LogVerifier {
    /// Returns the log's name, the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn short(&self) -> String {
        format!("{}+{}", self.name, id_text(id_of(&self.name, &self.key)))
    }
}

impl FromStr for LogVerifier {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with(SECRET_PREFIX) {
            return Err(KeyError::Secret);
        }
        let (name, id, key) = parts(text).ok_or(KeyError::Shape)?;
        check_name(name)?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| KeyError::Shape)?;
        if id != id_text(key_id(name, &bytes)) {
            return Err(KeyError::Id);
        }
        let (kind, point) = bytes.split_first().ok_or(KeyError::Shape)?;
        if *kind != ED25519 {
            return Err(KeyError::Algorithm(*kind));
        }
        let point = point.try_into().map_err(|_| KeyError::Shape)?;
        let key = VerifyingKey::from_bytes(point).map_err(|_| KeyError::Point)?;
        // Under a small-order key one signature fits many texts.
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { name: name.to_owned(), key })
    }
}

impl fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.short(), BASE64_STANDARD.encode(encoded(&self.key)))
    }
}

impl fmt::Debug for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogVerifier({self})")
    }
}

impl signed_note::Verifier for LogVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        id_of(&self.name, &self.key)
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text, &signature).is_ok())
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    if is_key_name_valid(name) && !name.contains(char::is_control) { Ok(()) } else { Err(KeyError::Name) }
}

fn parts(text: &str) -> Option<(&str, &str, &str)> {
    // The key comes last and may hold `+` itself.
    let mut parts = text.splitn(3, '+');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

fn id_of(name: &str, key: &VerifyingKey) -> u32 {
    key_id(name, &encoded(key))
}

fn id_text(id: u32) -> String {
    format!("{id:08x}")
}

fn encoded(key: &VerifyingKey) -> Vec<u8> {
    [&[ED25519], key.as_bytes().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // From the documentation of C2SP's reference implementation, package golang.org/x/mod/sumdb/note.
    const PETER_SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    fn refused(text: &str) -> KeyError {
        LogSigner::from_secret_text(text).err().unwrap()
    }

    #[test]
    fn a_key_with_one_changed_byte_is_refused() {
        for at in 0..PETER.len() {
            for flip in [0x01, 0x10, 0x20, 0x40] {
                let mut bytes = PETER.as_bytes().to_vec();
                bytes[at] ^= flip;
                if let Ok(text) = String::from_utf8(bytes) {
                    assert!(text.parse::<LogVerifier>().is_err(), "{text}");
                }
            }
        }
        for at in 0..PETER_SECRET.len() {
            let mut bytes = PETER_SECRET.as_bytes().to_vec();
            bytes[at] ^= 1;
            let text = String::from_utf8(bytes).unwrap();
            assert!(LogSigner::from_secret_text(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn mixed_up_keys_are_named() {
        assert_eq!(PETER_SECRET.parse::<LogVerifier>(), Err(KeyError::Secret));
        assert_eq!(refused(PETER), KeyError::NotSecret);
        assert_eq!(refused("PRIVATE+KEY+a"), KeyError::SecretShape);
        assert_eq!("".parse::<LogVerifier>(), Err(KeyError::Shape));
        assert_eq!("a+b".parse::<LogVerifier>(), Err(KeyError::Shape));
        for name in ["", "two words", "a+b", "line\nbreak", "bell\u{7}"] {
            assert_eq!(LogSigner::from_seed(name, &[1; 32]).err(), Some(KeyError::Name), "{name:?}");
        }
    }

    #[test]
    fn another_signature_type_and_a_weak_key_are_refused() {
        let with = |key: &[u8]| {
            format!("a.example+{}+{}", id_text(key_id("a.example", key)), BASE64_STANDARD.encode(key))
        };
        let mut bytes = encoded(&LogSigner::from_seed("a.example", &[1; 32]).unwrap().verifier().key);
        assert!(with(&bytes).parse::<LogVerifier>().is_ok());
        bytes[0] = 4;
        assert_eq!(with(&bytes).parse::<LogVerifier>(), Err(KeyError::Algorithm(4)));
        // The neutral element: order 1.
        let mut weak = [0; 33];
        weak[..2].copy_from_slice(&[1, 1]);
        assert_eq!(with(&weak).parse::<LogVerifier>(), Err(KeyError::Point));
        assert_eq!(with(&bytes[..32]).parse::<LogVerifier>(), Err(KeyError::Algorithm(4)));
    }

    #[test]
    fn errors_never_quote_the_secret() {
        let secret = PETER_SECRET.rsplit('+').next().unwrap();
        for cut in 1..PETER_SECRET.len() {
            if let Err(error) = LogSigner::from_secret_text(PETER_SECRET.split_at(cut).0) {
                assert!(!error.to_string().contains(secret.split_at(6).0));
            }
        }
    }

    #[test]
    fn known_answer() {
        let signer = LogSigner::from_secret_text(&format!(" {PETER_SECRET}\n")).unwrap();
        assert_eq!(*signer.to_secret_text(), PETER_SECRET);
        assert_eq!(signer.verifier().to_string(), PETER);
        assert_eq!(PETER.parse::<LogVerifier>().unwrap(), signer.verifier());
    }

    proptest! {
        #[test]
        fn texts_round_trip(seed: [u8; 32], name in "[a-z0-9./:-]{1,40}") {
            let signer = LogSigner::from_seed(&name, &seed).unwrap();
            let again = LogSigner::from_secret_text(&signer.to_secret_text()).unwrap();
            prop_assert_eq!(again.verifier(), signer.verifier());
            let vkey = signer.verifier().to_string();
            prop_assert_eq!(vkey.parse::<LogVerifier>().unwrap(), signer.verifier());
        }

        #[test]
        fn no_text_panics(text in "(PRIVATE\\+KEY\\+)?\\PC{0,20}(\\+\\PC{0,12}){0,3}") {
            let _ = text.parse::<LogVerifier>();
            let _ = LogSigner::from_secret_text(&text);
        }
    }
}
