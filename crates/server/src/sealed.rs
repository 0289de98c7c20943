//! Sealed copies kept for a while, so that a fetch that broke off goes on where it stopped.
//!
//! Sealing draws a fresh key each time: bytes of two sealings do not fit together. What is kept is ciphertext,
//! and whether it may be handed out is decided anew for every request.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use axum::body::Bytes;

/// Names one sealing: the grant's entry, and the fingerprint of the key.
pub type Name = (u64, String);

/// The newest sealed copies, up to a number of bytes.
pub struct SealedCopies {
    kept: Mutex<Kept>,
    room: usize,
}

#[derive(Default)]
struct Kept {
    copies: VecDeque<(Name, Bytes)>,
    bytes: usize,
}

impl SealedCopies {
    /// Makes room for so many bytes.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { kept: Mutex::default(), room }
    }

    /// Returns a copy that is kept, and keeps it longer.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.copies.iter().position(|(known, _)| known == name)?;
        let found = kept.copies.remove(at)?;
        let copy = found.1.clone();
        kept.copies.push_back(found);
        Some(copy)
    }

    /// Keeps a copy; those that nobody asked for the longest go first. Whoever was faster is kept instead.
    pub fn put(&self, name: Name, sealed: Vec<u8>) -> Bytes {
        if let Some(known) = self.get(&name) {
            return known;
        }
        let sealed = Bytes::from(sealed);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = kept.bytes.saturating_add(sealed.len());
        kept.copies.push_back((name, sealed.clone()));
        while kept.bytes > self.room {
            let Some((_, gone)) = kept.copies.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(gone.len());
        }
        sealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(seq: u64) -> Name {
        (seq, String::from("key"))
    }

    #[test]
    fn what_nobody_asked_for_the_longest_goes_first_and_room_is_kept_to() {
        let copies = SealedCopies::new(30);
        for seq in 0..3 {
            copies.put(name(seq), vec![seq as u8; 10]);
        }
        assert!(copies.get(&name(0)).is_some());
        copies.put(name(3), vec![3; 10]);
        let kept: Vec<bool> = (0..4).map(|seq| copies.get(&name(seq)).is_some()).collect();
        assert_eq!(kept, [true, false, true, true]);
        let large = copies.put(name(4), vec![4; 31]);
        assert_eq!(large.len(), 31, "it is handed out all the same");
        assert!(copies.get(&name(4)).is_none());
    }

    #[test]
    fn a_second_sealing_of_the_same_copy_is_not_mixed_in() {
        let copies = SealedCopies::new(30);
        copies.put(name(1), vec![1; 10]);
        assert_eq!(copies.put(name(1), vec![2; 10])[0], 1);
        assert!(copies.get(&(1, String::from("another key"))).is_none());
    }
}
