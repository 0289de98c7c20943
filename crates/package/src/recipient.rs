//! The key a member's copies are sealed to.

use std::{fmt, str::FromStr};

use bech32::{FromBase32, Variant};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{fingerprint::fingerprint, hybrid::HybridRecipient};

/// Human-readable part of an X25519 recipient. **Source:** C2SP age.
const X25519_PREFIX: &str = "age";

/// A member's public key: an age recipient, X25519 (`age1…`) or the post-quantum hybrid (`age1pq1…`).
///
/// A copy has one recipient, so kinds never mix in one file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberKey(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    X25519(age::x25519::Recipient),
    Hybrid(Box<HybridRecipient>),
}

/// A text that cannot be a member's key. It never quotes the text, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MemberKeyError {
    /// Nothing was given.
    #[error(
        "no key given: send the line that starts with `age1`, which `age-keygen` prints as the public key"
    )]
    Empty,
    /// A secret key where a public one belongs.
    #[error(
        "this is a secret key and must not leave its owner: send the public key, which starts with `age1`; \
         when the secret key has already been sent, make a new pair with `age-keygen`"
    )]
    Secret,
    /// An SSH key.
    #[error(
        "SSH keys are not accepted: make a key with `age-keygen` and send its line that starts with `age1`"
    )]
    Ssh,
    /// An OpenPGP key or certificate.
    #[error(
        "OpenPGP keys are not accepted: make a key with `age-keygen` and send its line that starts with `age1`"
    )]
    OpenPgp,
    /// A recipient that needs a plugin.
    #[error("keys of the age plugin `{name}` are not accepted: send a key made with `age-keygen`")]
    Plugin {
        /// Name of the plugin.
        name: String,
    },
    /// More than one word.
    #[error("more than one word given: send exactly one key, on one line, without a comment")]
    Several,
    /// The checksum or the length does not fit.
    #[error(
        "the key is mistyped or cut off: its checksum does not fit; copy the whole line that starts with `age1`"
    )]
    Mistyped,
    /// A point that everybody can open, or an encoding that its owner could not open.
    #[error("the key is not a safe key: no honest tool makes it; make a new one with `age-keygen`")]
    Unsafe,
    /// Anything else.
    #[error(
        "not an age key: send the line that starts with `age1`, which `age-keygen` prints as the public key"
    )]
    NotAge,
}

impl MemberKey {
    /// Returns the first 64 bits of SHA-256 of the key's text, as four groups of four hexadecimal digits.
    ///
    /// Operator and member read it to each other over a second channel.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.to_string())
    }

    pub(crate) fn recipient(&self) -> &dyn age::Recipient {
        match &self.0 {
            Kind::X25519(recipient) => recipient,
            Kind::Hybrid(recipient) => recipient.as_ref(),
        }
    }
}

impl From<HybridRecipient> for MemberKey {
    fn from(recipient: HybridRecipient) -> Self {
        Self(Kind::Hybrid(Box::new(recipient)))
    }
}

impl From<age::x25519::Recipient> for MemberKey {
    fn from(recipient: age::x25519::Recipient) -> Self {
        Self(Kind::X25519(recipient))
    }
}

impl FromStr for MemberKey {
    type Err = MemberKeyError;

    fn from_str(text: &str) -> Result<Self, MemberKeyError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if text.is_empty() {
            return Err(MemberKeyError::Empty);
        }
        // Anywhere in the text and slightly damaged too: a secret must never pass as "some mistake".
        if ["secret-key", "secret key", "private key", "private+key", "age-plugin-"]
            .iter()
            .any(|s| lower.contains(s))
        {
            return Err(MemberKeyError::Secret);
        }
        if lower.contains("pgp ") {
            return Err(MemberKeyError::OpenPgp);
        }
        if lower.starts_with("ssh-") || lower.starts_with("ecdsa-") || lower.starts_with("sk-") {
            return Err(MemberKeyError::Ssh);
        }
        if text.contains(char::is_whitespace) {
            return Err(MemberKeyError::Several);
        }
        let rest = lower.strip_prefix("age1").ok_or(MemberKeyError::NotAge)?;
        if let Some((name, _)) = rest.rsplit_once('1') {
            // A second `1` ends a longer prefix: the digit is not in the alphabet of the data part.
            if name == "pq" {
                return hybrid(text);
            }
            return Err(match name {
                _ if is_plugin_name(name) => MemberKeyError::Plugin { name: name.to_owned() },
                _ => MemberKeyError::Mistyped,
            });
        }
        check_point(text)?;
        text.parse::<age::x25519::Recipient>().map(Self::from).map_err(|_| MemberKeyError::Mistyped)
    }
}

impl TryFrom<String> for MemberKey {
    type Error = MemberKeyError;

    fn try_from(text: String) -> Result<Self, MemberKeyError> {
        text.parse()
    }
}

impl From<MemberKey> for String {
    fn from(key: MemberKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::X25519(recipient) => recipient.fmt(f),
            Kind::Hybrid(recipient) => recipient.fmt(f),
        }
    }
}

impl fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberKey({self})")
    }
}

/// Refuses what `age` accepts when it reads a key and regrets when it seals.
///
/// With a point of small order the shared secret is zero and `age` panics in the middle of a release; with a
/// second encoding of a point the owner derives another key and cannot open the copy.
/// **Source:** RFC 7748 sections 5 and 6.1.
fn check_point(text: &str) -> Result<(), MemberKeyError> {
    let (prefix, data, variant) = bech32::decode(text).map_err(|_| MemberKeyError::Mistyped)?;
    if prefix != X25519_PREFIX || variant != Variant::Bech32 {
        return Err(MemberKeyError::Mistyped);
    }
    let bytes = Vec::<u8>::from_base32(&data).map_err(|_| MemberKeyError::Mistyped)?;
    let point: [u8; 32] = bytes.try_into().map_err(|_| MemberKeyError::Mistyped)?;
    safe(point)
}

/// Reads a hybrid recipient; its X25519 half must be as safe as one that stands alone.
fn hybrid(text: &str) -> Result<MemberKey, MemberKeyError> {
    let recipient = HybridRecipient::parse(text)?;
    safe(recipient.point())?;
    Ok(recipient.into())
}

fn safe(point: [u8; 32]) -> Result<(), MemberKeyError> {
    // Any scalar will do: clamping makes it a multiple of the cofactor and of no other subgroup's order.
    let shared = x25519_dalek::x25519([1; 32], point);
    if shared == [0; 32] || !is_canonical(&point) { Err(MemberKeyError::Unsafe) } else { Ok(()) }
}

/// Tells whether the little-endian coordinate is below 2^255 - 19.
fn is_canonical(point: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = point;
    *last < 0x7f || (*last == 0x7f && (middle.iter().any(|&b| b != 0xff) || *first < 0xed))
}

fn is_plugin_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))
}

#[cfg(test)]
mod tests {
    use bech32::ToBase32;
    use proptest::prelude::*;

    use super::*;

    // The pair of age's own tests.
    const SECRET: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    const KEY: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

    fn refused(text: &str) -> MemberKeyError {
        text.parse::<MemberKey>().unwrap_err()
    }

    fn encode(prefix: &str, bytes: &[u8]) -> String {
        bech32::encode(prefix, bytes.to_base32(), Variant::Bech32).unwrap()
    }

    #[test]
    fn a_secret_key_is_refused_and_never_quoted() {
        let whole_file = format!("# created: 2026-01-01T00:00:00Z\n# public key: {KEY}\n{SECRET}\n");
        let clipped = SECRET.split_at(1).1;
        let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----";
        let pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
        for text in
            [SECRET, &SECRET.to_lowercase(), &whole_file, clipped, pem, pgp, "AGE-PLUGIN-YUBIKEY-1QYQ"]
        {
            let error = refused(text);
            assert_eq!(error, MemberKeyError::Secret, "{text}");
            assert!(!error.to_string().contains("GQ9778"));
            assert!(!format!("{error:?}").contains("GQ9778"));
        }
    }

    #[test]
    fn other_keys_are_named() {
        assert_eq!(refused(""), MemberKeyError::Empty);
        assert_eq!(refused(" \n\t"), MemberKeyError::Empty);
        assert_eq!(refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@host"), MemberKeyError::Ssh);
        assert_eq!(refused("ecdsa-sha2-nistp256 AAAA"), MemberKeyError::Ssh);
        assert_eq!(refused("-----BEGIN PGP PUBLIC KEY BLOCK-----"), MemberKeyError::OpenPgp);
        assert_eq!(refused(&encode("age1pq", &[7; 1215])), MemberKeyError::Mistyped);
        // Coefficients beyond ML-KEM's modulus, and an X25519 half that everybody can open.
        assert_eq!(refused(&encode("age1pq", &[0xff; 1216])), MemberKeyError::Unsafe);
        assert_eq!(refused(&encode("age1pq", &[0; 1216])), MemberKeyError::Unsafe);
        let yubikey = encode("age1yubikey", &[2; 33]);
        assert_eq!(refused(&yubikey), MemberKeyError::Plugin { name: "yubikey".into() });
        assert_eq!(refused(&format!("{KEY} {KEY}")), MemberKeyError::Several);
        assert_eq!(refused(&format!("{KEY} # acme")), MemberKeyError::Several);
        assert_eq!(refused("hello"), MemberKeyError::NotAge);
        assert_eq!(refused("age1"), MemberKeyError::Mistyped);
        assert_eq!(refused(&encode("age", &[9; 31])), MemberKeyError::Mistyped);
        let data = [9; 32].to_base32();
        assert_eq!(
            refused(&bech32::encode("age", data, Variant::Bech32m).unwrap()),
            MemberKeyError::Mistyped
        );
    }

    #[test]
    fn every_changed_character_is_refused() {
        for at in 0..KEY.len() {
            for flip in 1..=127 {
                let mut bytes = KEY.as_bytes().to_vec();
                bytes[at] ^= flip;
                let text = String::from_utf8(bytes).unwrap();
                // White space around a key is no change of the key.
                if text.trim().len() == KEY.len() {
                    assert!(text.parse::<MemberKey>().is_err(), "{text}");
                }
            }
        }
    }

    #[test]
    fn keys_that_nobody_or_everybody_can_open_are_refused() {
        // The points of small order and their second encodings. Source: Bernstein, "Curve25519: new
        // Diffie-Hellman speed records", section on contributory behaviour; cr.yp.to/ecdh.html.
        let order_8 = [
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        ];
        let p = |low: u8| {
            let mut bytes = [0xff; 32];
            bytes[0] = low;
            bytes[31] = 0x7f;
            bytes
        };
        let mut bad = vec![[0; 32], p(0xec), p(0xed), p(0xee), p(0xf5), p(0xff), [0xff; 32]];
        let mut one = [0; 32];
        one[0] = 1;
        bad.push(one);
        bad.extend(order_8.map(|text| crate::digest::lower_hex(text).unwrap()));
        let mut high = *b"any point with its highest bit..";
        high[31] |= 0x80;
        bad.push(high);
        for point in bad {
            assert_eq!(refused(&encode("age", &point)), MemberKeyError::Unsafe, "{point:02x?}");
        }
        assert!(encode("age", &p(0xe0)).parse::<MemberKey>().is_ok());
    }

    #[test]
    fn known_answer() {
        let key: MemberKey = format!("  {KEY}\n").parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        assert_eq!(KEY.to_uppercase().parse::<MemberKey>().unwrap(), key);
        // printf %s age1t7r… | sha256sum
        assert_eq!(key.fingerprint(), "e669 ae85 e318 5682");
    }

    proptest! {
        #[test]
        fn texts_round_trip(secret: [u8; 32]) {
            let point = x25519_dalek::x25519(secret, x25519_dalek::X25519_BASEPOINT_BYTES);
            let text = encode("age", &point);
            let key: MemberKey = text.parse().unwrap();
            prop_assert_eq!(key.to_string(), text.clone());
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(&json, &format!("\"{text}\""));
            prop_assert_eq!(serde_json::from_str::<MemberKey>(&json).unwrap(), key);
        }

        #[test]
        fn no_text_panics(text in "(age1|AGE1|ssh-)?\\PC{0,80}") {
            let _ = text.parse::<MemberKey>();
        }
    }
}
