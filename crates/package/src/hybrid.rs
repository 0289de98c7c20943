//! The post-quantum hybrid of age: ML-KEM-768 with X25519, `age1pq1…` and `AGE-SECRET-KEY-PQ-1…`.
//!
//! **Source:** C2SP age, "The mlkem768x25519 recipient type"; HPKE with the KEM MLKEM768-X25519 (0x647a), HKDF-SHA256 and
//! ChaCha20Poly1305 (draft-ietf-hpke-pq).

use std::{collections::HashSet, fmt, io};

use age::{DecryptError, EncryptError, secrecy::ExposeSecret};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use bech32::{FromBase32, ToBase32, Variant};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::XWing, single_shot_open, single_shot_seal,
};
use zeroize::Zeroizing;

use crate::MemberKeyError;

/// Name of the stanza.
const TAG: &str = "mlkem768x25519";

/// What the sealed file key is bound to.
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";

/// Human-readable part of a recipient.
const PUBLIC_PREFIX: &str = "age1pq";

/// Human-readable part of an identity; lower case, the whole text is made upper case afterwards.
const SECRET_PREFIX: &str = "age-secret-key-pq-";

/// Bytes of a public key: ML-KEM-768's and an X25519 point.
const PUBLIC: usize = 1216;

/// Bytes of an encapsulated key: ML-KEM-768's ciphertext and an X25519 point.
const ENCAPSULATED: usize = 1120;

/// Bytes of the sealed file key: the key and a tag.
const SEALED: usize = FILE_KEY_BYTES + 16;

/// Label that keeps a post-quantum recipient out of a file with a classical one. **Source:** C2SP age.
const LABEL: &str = "postquantum";

type PublicKey = <XWing as hpke::Kem>::PublicKey;
type PrivateKey = <XWing as hpke::Kem>::PrivateKey;

/// A hybrid recipient.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HybridRecipient(PublicKey);

/// A hybrid identity, with the 32 bytes that it is made from. It has no `Debug`.
pub(crate) struct HybridIdentity {
    seed: Zeroizing<[u8; 32]>,
    key: PrivateKey,
}

impl HybridRecipient {
    /// Reads a recipient.
    pub(crate) fn parse(text: &str) -> Result<Self, MemberKeyError> {
        let bytes = decoded(text, PUBLIC_PREFIX).ok_or(MemberKeyError::Mistyped)?;
        if bytes.len() != PUBLIC {
            return Err(MemberKeyError::Mistyped);
        }
        PublicKey::from_bytes(&bytes).map(Self).map_err(|_| MemberKeyError::Unsafe)
    }

    /// Returns the X25519 half, the last 32 bytes.
    pub(crate) fn point(&self) -> [u8; 32] {
        self.0.to_bytes().as_slice().last_chunk::<32>().copied().unwrap_or_default()
    }
}

impl HybridIdentity {
    /// Makes an identity from 32 bytes; nothing when the library refuses what the specification allows.
    pub(crate) fn from_random(bytes: &[u8; 32]) -> Option<Self> {
        let key = PrivateKey::from_bytes(bytes).ok()?;
        Some(Self { seed: Zeroizing::new(*bytes), key })
    }

    /// Reads an identity; nothing for what is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(decoded(text, SECRET_PREFIX)?);
        Self::from_random(bytes.as_slice().try_into().ok()?)
    }

    pub(crate) fn to_public(&self) -> HybridRecipient {
        HybridRecipient(XWing::sk_to_pk(&self.key))
    }

    /// Writes the identity, as `age-keygen -pq` does.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        // Only a prefix that is none could be refused.
        let text = bech32::encode(SECRET_PREFIX, self.seed.to_base32(), Variant::Bech32).unwrap_or_default();
        let text = Zeroizing::new(text);
        Zeroizing::new(text.to_ascii_uppercase())
    }
}

fn decoded(text: &str, expected: &str) -> Option<Vec<u8>> {
    let (prefix, data, variant) = bech32::decode(text).ok()?;
    if prefix != expected || variant != Variant::Bech32 {
        return None;
    }
    Vec::<u8>::from_base32(&data).ok()
}

impl fmt::Display for HybridRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = bech32::encode(PUBLIC_PREFIX, self.0.to_bytes().to_base32(), Variant::Bech32);
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl age::Recipient for HybridRecipient {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let sealed = single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.0,
            INFO,
            key.expose_secret(),
            b"",
        );
        let (encapsulated, body) =
            sealed.map_err(|error| EncryptError::Io(io::Error::other(error.to_string())))?;
        let args = vec![BASE64_STANDARD_NO_PAD.encode(encapsulated.to_bytes())];
        Ok((vec![Stanza { tag: TAG.to_owned(), args, body }], HashSet::from([LABEL.to_owned()])))
    }
}

impl age::Identity for HybridIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        // Counts and lengths first: what is not of this shape is a damaged header, whoever it is for.
        let [argument] = stanza.args.as_slice() else { return Some(Err(DecryptError::InvalidHeader)) };
        let encapsulated = BASE64_STANDARD_NO_PAD.decode(argument).ok();
        let encapsulated = encapsulated.filter(|bytes| bytes.len() == ENCAPSULATED);
        let encapsulated =
            encapsulated.and_then(|bytes| <XWing as hpke::Kem>::EncappedKey::from_bytes(&bytes).ok());
        let (Some(encapsulated), SEALED) = (encapsulated, stanza.body.len()) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        // Not for this key, or not authentic; the two cannot be told apart.
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.key,
            &encapsulated,
            INFO,
            &stanza.body,
            b"",
        );
        let opened = Zeroizing::new(opened.ok()?);
        let key: [u8; FILE_KEY_BYTES] = opened.as_slice().try_into().ok()?;
        Some(Ok(FileKey::new(Box::new(key))))
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;
    use proptest::prelude::*;

    use crate::{Identity, MemberKey, MemberKeyError, OpenError, open, seal};

    fn mine() -> Identity {
        Identity::hybrid_from_random(&[1; 32]).unwrap()
    }

    #[test]
    fn neither_kind_opens_what_is_sealed_to_the_other() {
        // The same 32 bytes, as keys of either kind.
        let (classical, hybrid) = (Identity::from_random(&[1; 32]).unwrap(), mine());
        let sealed = seal(b"inert", &hybrid.to_public()).unwrap();
        assert_eq!(open(&sealed, &hybrid).unwrap(), b"inert");
        assert!(matches!(open(&sealed, &classical), Err(OpenError::OtherKey)));
        let other = Identity::hybrid_from_random(&[2; 32]).unwrap();
        assert!(matches!(open(&sealed, &other), Err(OpenError::OtherKey)));
        let sealed = seal(b"inert", &classical.to_public()).unwrap();
        assert!(matches!(open(&sealed, &hybrid), Err(OpenError::OtherKey)));
    }

    #[test]
    fn a_flipped_suite_or_a_damaged_share_fails() {
        let sealed = seal(b"inert", &mine().to_public()).unwrap();
        let at = sealed.windows(14).position(|window| window == b"mlkem768x25519").unwrap();
        let renamed = |name: &[u8]| {
            let mut changed = sealed.clone();
            changed.splice(at..at + 14, name.iter().copied());
            changed
        };
        for name in [&b"mlkem768x25518"[..], b"X25519", b"mlkem768p256tag", b"MLKEM768X25519"] {
            assert!(open(&renamed(name), &mine()).is_err());
        }
        // Every byte of the stanza and of the share in it.
        for offset in (0..1_560).step_by(7) {
            let mut changed = sealed.clone();
            changed[at + offset] ^= 1;
            assert!(open(&changed, &mine()).is_err(), "{offset}");
        }
    }

    #[test]
    fn texts_have_the_lengths_of_the_specification() {
        let public = mine().to_public().to_string();
        assert!(public.starts_with("age1pq1") && public.len() == 1_959, "{}", public.len());
        let file = mine().to_key_file();
        let secret = file.expose_secret().lines().last().unwrap().to_owned();
        assert!(secret.starts_with("AGE-SECRET-KEY-PQ-1"), "{}", secret.len());
        assert_eq!(secret.parse::<MemberKey>(), Err(MemberKeyError::Secret));
        assert_eq!(Identity::parse(&secret).unwrap().to_public(), mine().to_public());
        for at in (0..public.len()).step_by(13) {
            let mut bytes = public.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(String::from_utf8(bytes).unwrap().parse::<MemberKey>().is_err(), "{at}");
        }
        let truncated = public.split_at(public.len() - 1).0;
        assert!(truncated.parse::<MemberKey>().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_sealed_opens(seed: [u8; 32], plaintext: Vec<u8>) {
            let identity = Identity::hybrid_from_random(&seed).unwrap();
            let key: MemberKey = identity.to_public().to_string().parse().unwrap();
            prop_assert_eq!(&key, &identity.to_public());
            prop_assert_eq!(open(&seal(&plaintext, &key).unwrap(), &identity).unwrap(), plaintext);
        }
    }
}
