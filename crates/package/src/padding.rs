//! How long a sealed copy is: in steps, so that its length does not tell which item it is.
//!
//! age has no padding, and a byte behind its content is an error to every implementation. What readers must skip is a
//! stanza that they do not know: one is added whose argument is as long as the step asks for. `age -d` opens such a
//! file to exactly the copy's bytes.

use std::collections::HashSet;

use age::EncryptError;
use age_core::format::{FileKey, Stanza};

/// Bytes of content in a chunk, and of the tag behind each. **Source:** C2SP age.
const CHUNK: (usize, usize) = (64 * 1024, 16);

/// What every content up to this size is padded to, in bytes.
const SMALLEST: usize = 4096;

/// Name of the stanza that fills up.
const TAG: &str = "forewarn-filler";

/// A recipient whose stanza is followed by one that only takes room.
pub(crate) struct Padded<'a> {
    recipient: &'a dyn age::Recipient,
    room: usize,
}

impl<'a> Padded<'a> {
    /// Fills up for a plaintext of so many bytes.
    pub(crate) fn new(recipient: &'a dyn age::Recipient, plaintext: usize) -> Self {
        let content = content(plaintext);
        Self { recipient, room: padme(content).max(SMALLEST).saturating_sub(content) }
    }

    /// Returns how many bytes are filled.
    pub(crate) fn room(&self) -> usize {
        self.room
    }
}

impl age::Recipient for Padded<'_> {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (mut stanzas, labels) = self.recipient.wrap_file_key(key)?;
        // One argument at least: the stanza is there even when nothing is to be filled.
        let args = vec!["x".repeat(self.room + 1)];
        stanzas.push(Stanza { tag: TAG.to_owned(), args, body: Vec::new() });
        Ok((stanzas, labels))
    }
}

/// Returns the size of the encrypted content of a plaintext, in bytes.
fn content(plaintext: usize) -> usize {
    let (chunk, tag) = CHUNK;
    plaintext.saturating_add(plaintext.div_ceil(chunk).max(1).saturating_mul(tag))
}

/// Rounds a length up so that it tells no more than O(log log) of its bits: at most 12 % more, less the longer it is.
///
/// **Source:** Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019, PADMÉ.
fn padme(length: usize) -> usize {
    let Some(exponent) = length.checked_ilog2() else { return length };
    let Some(digits) = exponent.checked_ilog2() else { return length };
    let free = exponent.saturating_sub(digits + 1);
    let mask = (1_usize << free) - 1;
    length.checked_add(mask).map_or(length, |sum| sum & !mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_lengths() {
        // Computed by hand: 9 has exponent 3, of which 2 binary digits are kept; 1,000,000 keeps 5 of 19.
        for (length, padded) in
            [(0, 0), (1, 1), (2, 2), (8, 8), (9, 10), (1_000_000, 1_015_808), (1 << 20, 1 << 20)]
        {
            assert_eq!(padme(length), padded, "{length}");
        }
        assert_eq!(padme(usize::MAX), usize::MAX);
    }

    proptest! {
        #[test]
        fn lengths_grow_by_an_eighth_at_most_and_keep_their_order(a in 0..1_usize << 40, b in 0..1_usize << 40) {
            let (small, large) = (a.min(b), a.max(b));
            prop_assert!(padme(small) <= padme(large));
            prop_assert!(padme(small) >= small && padme(small) - small <= small / 8);
            prop_assert_eq!(padme(padme(small)), padme(small));
        }
    }
}
