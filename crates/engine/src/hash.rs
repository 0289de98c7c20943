//! SHA-256 of bytes, as the program's type.

use program::id::Sha256;
use sha2::Digest;

/// Returns the SHA-256 hash of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(bytes).into())
}
