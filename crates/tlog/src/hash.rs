//! The 32-byte values of the log, kept apart by type.

use thiserror::Error;

/// Size of SHA-256 output, in bytes.
pub(crate) const HASH_SIZE: usize = 32;

/// A text that is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a SHA-256 value: write 64 lower-case hexadecimal digits")]
pub struct BadHash;

/// Defines a 32-byte value that reads and writes as 64 lower-case hexadecimal digits, and as nothing else:
/// two spellings of one value would let a changed byte pass unnoticed.
macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, std::hash::Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $crate::hash::HASH_SIZE]);

        impl $name {
            /// Wraps the 32 bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $crate::hash::HASH_SIZE]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $crate::hash::HASH_SIZE] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::hash::BadHash;
            fn from_str(text: &str) -> Result<Self, $crate::hash::BadHash> {
                $crate::hash::parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::hash::BadHash;
            fn try_from(text: String) -> Result<Self, $crate::hash::BadHash> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
pub(crate) use bytes32;

bytes32!(
    /// Hash of a subtree; the hash of the whole tree is its root.
    ///
    /// **Source:** RFC 6962 section 2.1, `SHA-256(0x01 ‖ left ‖ right)`; of no leaves, `SHA-256("")`.
    Hash
);

bytes32!(
    /// Hash of one record, with the prefix that keeps leaves and nodes apart.
    ///
    /// **Source:** RFC 6962 section 2.1, `SHA-256(0x00 ‖ record)`.
    LeafHash
);

/// Root of the tree without leaves.
pub(crate) const EMPTY_ROOT: Hash = Hash::from_bytes(tlog_tiles::EMPTY_HASH.0);

pub(crate) fn parse(text: &str) -> Result<[u8; HASH_SIZE], BadHash> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(BadHash);
    }
    let mut bytes = [0; HASH_SIZE];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| BadHash)?;
    Ok(bytes)
}

impl From<tlog_tiles::Hash> for Hash {
    fn from(hash: tlog_tiles::Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Hash> for tlog_tiles::Hash {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<LeafHash> for tlog_tiles::Hash {
    fn from(hash: LeafHash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_spellings_are_refused() {
        let good = "0123456789abcdef".repeat(4);
        assert!(good.parse::<Hash>().is_ok());
        for bad in [
            String::new(),
            good.to_uppercase(),
            format!("{good} "),
            format!("{good}00"),
            good.split_at(2).1.to_owned(),
            good.replace('0', "g"),
        ] {
            assert_eq!(bad.parse::<Hash>(), Err(BadHash), "{bad}");
            assert!(serde_json::from_value::<LeafHash>(bad.into()).is_err());
        }
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(bytes: [u8; 32]) {
            let hash = Hash::from_bytes(bytes);
            prop_assert_eq!(hash.to_string().parse::<Hash>().unwrap(), hash);
            let json = serde_json::to_string(&hash).unwrap();
            prop_assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), hash);
        }
    }
}
