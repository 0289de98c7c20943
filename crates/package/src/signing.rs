//! The key a member signs with: what it acknowledges, and that an enrolment is its own.

use std::{fmt, str::FromStr};

use age::secrecy::SecretString;
use base64::{Engine, prelude::BASE64_STANDARD};
use bech32::{FromBase32, ToBase32, Variant};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::fingerprint::fingerprint;

/// Human-readable part of a public signing key.
const PUBLIC_PREFIX: &str = "forewarn-sign";

/// Human-readable part of a secret signing key; lower case, the whole text is made upper case afterwards.
const SECRET_PREFIX: &str = "forewarn-sign-secret-key-";

/// How the text of a secret signing key begins.
const SECRET_START: &str = "FOREWARN-SIGN-SECRET-KEY-1";

/// A member's public signing key, `forewarn-sign1…`: Ed25519 in Bech32, whose checksum finds slips of the pen.
///
/// **Source:** RFC 8032; BIP 173 for the text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberVerifier(VerifyingKey);

/// A member's secret signing key, `FOREWARN-SIGN-SECRET-KEY-1…`. It has no `Debug` and no `Display`.
pub struct MemberSigner(SigningKey);

/// A signature of 64 bytes; base64 in text and JSON, in one spelling alone.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 64]);

/// A text that cannot be a signing key. It never quotes the text, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SigningKeyError {
    /// A secret key where a public one belongs.
    #[error(
        "this is a secret signing key and must not leave its owner: send the public one, which starts with \
         `forewarn-sign1`; when the secret one has already been sent, make a new pair with `forewarn-member keygen`"
    )]
    Secret,
    /// A public key where a secret one belongs.
    #[error(
        "this is a public key: give the file with the line that starts with `FOREWARN-SIGN-SECRET-KEY-1`"
    )]
    Public,
    /// The checksum or the length does not fit.
    #[error("the signing key is mistyped or cut off: its checksum does not fit; copy the whole line")]
    Mistyped,
    /// A point under which one signature fits many texts.
    #[error("the signing key is not a safe Ed25519 key: no honest tool makes it; make a new one")]
    Unsafe,
    /// Anything else.
    #[error(
        "not a signing key: its line starts with `forewarn-sign1`, as `forewarn-member keygen` prints it"
    )]
    Other,
}

/// A text that is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a signature: write its 64 bytes in base64")]
pub struct BadSignature;

impl MemberVerifier {
    /// Returns the first 64 bits of SHA-256 of the key's text, as four groups of four hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.to_string())
    }

    #[cfg(test)]
    pub(crate) fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Tells whether the key's owner signed a message; small-order keys and second encodings never pass.
    pub(crate) fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).is_ok()
    }
}

impl Signature {
    /// Takes its 64 bytes; nothing for any other number.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl MemberSigner {
    /// Makes a key from 32 bytes, which must come fresh from the operating system.
    #[must_use]
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// Reads the text that [`MemberSigner::to_key_file`] wrote: one key, comments behind `#`.
    ///
    /// # Errors
    ///
    /// Says what the text is instead, without quoting it.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(SigningKeyError::Other) };
        if line.starts_with("forewarn-sign1") || line.starts_with("age1") {
            return Err(SigningKeyError::Public);
        }
        if !line.starts_with(SECRET_START) {
            return Err(SigningKeyError::Other);
        }
        let seed = Zeroizing::new(decoded(line, SECRET_PREFIX)?);
        Ok(Self::from_random(&seed))
    }

    /// Writes the text of a key file: the public key as a comment, then the secret one.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Other`] never happens for 32 bytes.
    pub fn to_key_file(&self) -> Result<SecretString, SigningKeyError> {
        let secret = bech32::encode(SECRET_PREFIX, self.0.as_bytes().to_base32(), Variant::Bech32);
        let secret = Zeroizing::new(secret.map_err(|_| SigningKeyError::Other)?);
        let upper = Zeroizing::new(secret.to_ascii_uppercase());
        let text = Zeroizing::new(format!("# public signing key: {}\n{}\n", self.verifier(), *upper));
        Ok(SecretString::from(text.as_str()))
    }

    /// Returns the public key that belongs to this secret one.
    #[must_use]
    pub fn verifier(&self) -> MemberVerifier {
        MemberVerifier(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

fn decoded(text: &str, expected: &str) -> Result<[u8; 32], SigningKeyError> {
    let (prefix, data, variant) = bech32::decode(text).map_err(|_| SigningKeyError::Mistyped)?;
    if prefix != expected || variant != Variant::Bech32 {
        return Err(SigningKeyError::Mistyped);
    }
    let bytes = Zeroizing::new(Vec::<u8>::from_base32(&data).map_err(|_| SigningKeyError::Mistyped)?);
    bytes.as_slice().try_into().map_err(|_| SigningKeyError::Mistyped)
}

impl FromStr for MemberVerifier {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, SigningKeyError> {
        let text = text.trim();
        if text.to_ascii_lowercase().contains("secret-key") {
            return Err(SigningKeyError::Secret);
        }
        if !text.starts_with("forewarn-sign1") {
            return Err(SigningKeyError::Other);
        }
        let point = decoded(text, PUBLIC_PREFIX)?;
        let key = VerifyingKey::from_bytes(&point).map_err(|_| SigningKeyError::Unsafe)?;
        // A second encoding of a point would be a second key with the same owner.
        if key.is_weak() || key.to_edwards().compress().to_bytes() != point {
            return Err(SigningKeyError::Unsafe);
        }
        Ok(Self(key))
    }
}

impl TryFrom<String> for MemberVerifier {
    type Error = SigningKeyError;

    fn try_from(text: String) -> Result<Self, SigningKeyError> {
        text.parse()
    }
}

impl From<MemberVerifier> for String {
    fn from(key: MemberVerifier) -> Self {
        key.to_string()
    }
}

impl fmt::Display for MemberVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode(PUBLIC_PREFIX, self.0.as_bytes().to_base32(), Variant::Bech32);
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for MemberVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberVerifier({self})")
    }
}

impl FromStr for Signature {
    type Err = BadSignature;

    fn from_str(text: &str) -> Result<Self, BadSignature> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| BadSignature)?;
        bytes.try_into().map(Self).map_err(|_| BadSignature)
    }
}

impl TryFrom<String> for Signature {
    type Error = BadSignature;

    fn try_from(text: String) -> Result<Self, BadSignature> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;
    use proptest::prelude::*;

    use super::*;

    fn signer() -> MemberSigner {
        MemberSigner::from_random(&[7; 32])
    }

    #[test]
    fn a_secret_key_is_refused_and_never_quoted() {
        let file = signer().to_key_file().unwrap();
        let line = file.expose_secret().lines().last().unwrap().to_owned();
        for text in [file.expose_secret(), line.as_str(), &line.to_lowercase()] {
            let error = text.parse::<MemberVerifier>().unwrap_err();
            assert_eq!(error, SigningKeyError::Secret);
            assert!(!error.to_string().contains(line.split_at(30).1));
        }
        assert!(matches!(
            MemberSigner::parse(&signer().verifier().to_string()),
            Err(SigningKeyError::Public)
        ));
        assert!(matches!(MemberSigner::parse(&format!("{line}\n{line}")), Err(SigningKeyError::Other)));
        assert!(matches!(MemberSigner::parse(""), Err(SigningKeyError::Other)));
    }

    #[test]
    fn weak_and_doubly_encoded_points_are_refused() {
        let encode =
            |bytes: [u8; 32]| bech32::encode(PUBLIC_PREFIX, bytes.to_base32(), Variant::Bech32).unwrap();
        let mut identity = [0; 32];
        identity[0] = 1;
        // y = p + 1, a second encoding of the identity. Source: RFC 8032, section 5.1.3.
        let mut second = [0xff; 32];
        (second[0], second[31]) = (0xee, 0x7f);
        for point in [[0; 32], identity, second] {
            assert_eq!(encode(point).parse::<MemberVerifier>(), Err(SigningKeyError::Unsafe), "{point:02x?}");
        }
    }

    #[test]
    fn every_changed_character_of_either_key_is_refused() {
        let public = signer().verifier().to_string();
        let secret = signer().to_key_file().unwrap();
        let secret = secret.expose_secret().lines().last().unwrap();
        for at in 0..public.len() {
            let mut bytes = public.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(String::from_utf8(bytes).unwrap().parse::<MemberVerifier>().is_err());
        }
        for at in 0..secret.len() {
            let mut bytes = secret.to_owned().into_bytes();
            bytes[at] ^= 1;
            assert!(MemberSigner::parse(&String::from_utf8(bytes).unwrap()).is_err());
        }
    }

    #[test]
    fn known_answer() {
        // RFC 8032, section 7.1, test 2: the secret key, its public key, and the signature of one byte.
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let signer = MemberSigner::from_random(&crate::digest::lower_hex(seed).unwrap());
        let signature = signer.sign(&[0x72]);
        assert_eq!(
            hex::encode(signature.0),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(signer.verifier().signed(&[0x72], &signature));
        assert!(!signer.verifier().signed(&[0x73], &signature));
    }

    proptest! {
        #[test]
        fn texts_round_trip(seed: [u8; 32], message: Vec<u8>) {
            let signer = MemberSigner::from_random(&seed);
            let again = MemberSigner::parse(signer.to_key_file().unwrap().expose_secret()).unwrap();
            let key: MemberVerifier = signer.verifier().to_string().parse().unwrap();
            prop_assert_eq!(&key, &again.verifier());
            let signature = signer.sign(&message);
            let read: Signature = signature.to_string().parse().unwrap();
            prop_assert!(key.signed(&message, &read));
        }

        #[test]
        fn no_text_panics(text in "(forewarn-sign1|FOREWARN-SIGN-SECRET-KEY-1)?\\PC{0,80}") {
            prop_assert!(text.parse::<MemberVerifier>().is_err());
            prop_assert!(MemberSigner::parse(&text).is_err());
            prop_assert!(text.parse::<Signature>().is_err());
        }
    }
}
