//! What operator and member read to each other over a second channel.

use sha2::{Digest, Sha256};

/// Hexadecimal digits of a fingerprint: 64 bits, few enough to read over the telephone.
const DIGITS: usize = 16;

/// Returns the first 64 bits of SHA-256 of a key's text, as four groups of four hexadecimal digits.
pub(crate) fn fingerprint(text: &str) -> String {
    let digits = hex::encode(Sha256::digest(text));
    let mut groups = String::with_capacity(DIGITS + 3);
    for (at, digit) in digits.chars().take(DIGITS).enumerate() {
        if at > 0 && at % 4 == 0 {
            groups.push(' ');
        }
        groups.push(digit);
    }
    groups
}
