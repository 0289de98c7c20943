//! Whether a newer checkpoint continues an older one.

use thiserror::Error;
use tlog_tiles::check_tree;

use crate::{Checkpoint, Hash};

/// A log that does not continue what it promised before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConsistencyError {
    /// The two checkpoints are from different logs.
    #[error("the two checkpoints are from different logs: compare checkpoints of one origin")]
    Origin,
    /// The log became shorter.
    #[error(
        "the log was rolled back: {known} entries are promised by a checkpoint, {found} are here; \
         do not append, restore the missing entries or run the two-person restore"
    )]
    RolledBack {
        /// Size that an earlier checkpoint promised.
        known: u64,
        /// Size found now.
        found: u64,
    },
    /// Two different trees of one size.
    #[error("the log was rewritten: its first {size} entries have another root than a checkpoint promised")]
    Forked {
        /// Size at which the roots differ.
        size: u64,
    },
    /// The proof does not lead from the old root to the new one.
    #[error(
        "no proof that the log of {new} entries continues the log of {old}: fetch the proof for exactly \
         these sizes again, and keep both checkpoints as evidence when it fails again"
    )]
    Unproven {
        /// Size of the older checkpoint.
        old: u64,
        /// Size of the newer checkpoint.
        new: u64,
    },
}

/// Longest possible proof, in hashes, for sizes below 2^64.
const LONGEST: usize = 65;

/// Checks that `new` contains everything `old` promised, by a proof from [`Tree::consistency`].
///
/// Both checkpoints must have been verified before.
///
/// **Source:** RFC 6962 section 2.1.2.
///
/// # Errors
///
/// Says whether the log was rolled back, rewritten, or only not proven.
///
/// [`Tree::consistency`]: crate::Tree::consistency
pub fn check_consistency(old: &Checkpoint, new: &Checkpoint, proof: &[Hash]) -> Result<(), ConsistencyError> {
    let unproven = ConsistencyError::Unproven { old: old.size(), new: new.size() };
    if old.origin() != new.origin() {
        return Err(ConsistencyError::Origin);
    }
    if new.size() < old.size() {
        return Err(ConsistencyError::RolledBack { known: old.size(), found: new.size() });
    }
    if new.size() == old.size() && new.root() != old.root() {
        return Err(ConsistencyError::Forked { size: old.size() });
    }
    if old.size() == 0 {
        // Everything continues nothing.
        return if proof.is_empty() { Ok(()) } else { Err(unproven) };
    }
    if proof.len() > LONGEST {
        return Err(unproven);
    }
    let proof = proof.iter().map(|&hash| hash.into()).collect();
    check_tree(&proof, new.size(), new.root().into(), old.size(), old.root().into()).map_err(|_| unproven)
}

// The tests of whole trees, `tree/tests.rs`, check every pair of sizes and every damage.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_happened() {
        let at = |origin, size, byte| Checkpoint::new(origin, size, Hash::from_bytes([byte; 32])).unwrap();
        let old = at("a.example", 7, 1);
        assert_eq!(check_consistency(&old, &at("b.example", 7, 1), &[]), Err(ConsistencyError::Origin));
        assert_eq!(
            check_consistency(&old, &at("a.example", 6, 1), &[]),
            Err(ConsistencyError::RolledBack { known: 7, found: 6 }),
        );
        assert_eq!(
            check_consistency(&old, &at("a.example", 7, 2), &[]),
            Err(ConsistencyError::Forked { size: 7 }),
        );
        let unproven = Err(ConsistencyError::Unproven { old: 7, new: 8 });
        assert_eq!(check_consistency(&old, &at("a.example", 8, 2), &[]), unproven);
        let endless = vec![Hash::from_bytes([3; 32]); 100_000];
        assert_eq!(check_consistency(&old, &at("a.example", 8, 2), &endless), unproven);
    }
}
