//! From an entry to the public log's record and its leaf.

use sha2::{Digest, Sha256};

use crate::hash::{LeafHash, bytes32};

/// Size of an entry's salt, in bytes: 128 bits make guessing a body from its commitment hopeless.
pub const SALT_SIZE: usize = 16;

bytes32!(
    /// The public log's record of one entry: binds the salt and the body, tells neither.
    Commitment
);

/// Commits to an entry's stored body bytes under its salt: `SHA-256(salt ‖ body)`.
///
/// The salt's fixed size makes the concatenation unambiguous. The salt must be uniformly random and secret
/// until the entry is opened; otherwise a short body can be guessed.
#[must_use]
pub fn commitment(salt: &[u8; SALT_SIZE], body: &[u8]) -> Commitment {
    Commitment::from_bytes(Sha256::new().chain_update(salt).chain_update(body).finalize().into())
}

/// Hashes a record into its leaf.
///
/// **Source:** RFC 6962 section 2.1, `SHA-256(0x00 ‖ record)`.
#[must_use]
pub fn leaf_hash(record: &Commitment) -> LeafHash {
    LeafHash::from_bytes(tlog_tiles::record_hash(record.as_bytes()).0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn another_salt_or_body_is_another_commitment() {
        let base = commitment(&[7; 16], b"body");
        assert_ne!(base, commitment(&[8; 16], b"body"));
        assert_ne!(base, commitment(&[7; 16], b"bodz"));
        assert_ne!(base, commitment(&[7; 16], b"body\0"));
        assert_ne!(base, commitment(&[7; 16], b""));
    }

    // Computed with coreutils: `{ printf '0123456789abcdef'; printf '{"v":1}'; } | sha256sum`, and the leaf
    // with a zero byte before those 32 bytes.
    #[test]
    fn known_answer() {
        let record = commitment(b"0123456789abcdef", br#"{"v":1}"#);
        assert_eq!(record.to_string(), "67dfb5d28ece72972b2b258a0fafe61923ca93e559a9354a0724fe9a340899d8");
        assert_eq!(
            leaf_hash(&record).to_string(),
            "1b6d2914e5a5aa7183032b3e7b0a0f30fd8e426da42b4046e63e7120fcb362c4"
        );
    }

    proptest! {
        #[test]
        fn a_leaf_is_never_its_record(salt: [u8; 16], body: Vec<u8>) {
            let record = commitment(&salt, &body);
            prop_assert_ne!(*leaf_hash(&record).as_bytes(), *record.as_bytes());
        }
    }
}
