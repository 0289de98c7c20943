//! Maps by hashes of words.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map by hashes of the master's words, which are mixed already.
///
/// Only a master's: who writes a leak could choose words that crowd one corner of the map.
pub(super) type HashedMap<T> = HashMap<u64, T, BuildHasherDefault<Mixed>>;

/// A set of the same.
pub(super) type HashedSet<T = u64> = HashSet<T, BuildHasherDefault<Mixed>>;

/// Takes a key for its own hash.
#[derive(Default)]
pub(super) struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = self.0.rotate_left(8) ^ value;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
