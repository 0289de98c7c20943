//! The growing Merkle tree over the log's leaves.

use thiserror::Error;
use tlog_tiles::{HashReader, node_hash, prove_record, prove_tree, split_stored_hash_index, tree_hash};

use crate::{Checkpoint, ConsistencyError, Hash, LeafHash};

/// Merkle tree that keeps the hash of every complete subtree: about 64 bytes for each leaf.
///
/// It is rebuilt from the leaf hashes at start and grows by [`Tree::push`]; every earlier size stays
/// readable. **Source:** RFC 6962 section 2.1.
#[derive(Clone, Default)]
pub struct Tree {
    /// `levels[l][n]` covers the leaves from `n << l` to `(n + 1) << l`; only complete subtrees are here.
    levels: Vec<Vec<tlog_tiles::Hash>>,
}

/// A size or an index that the tree does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// The size lies beyond the newest leaf.
    #[error("the log has {len} entries, not {size}: ask for a size up to {len}")]
    Size {
        /// Size that was asked for.
        size: u64,
        /// Size of the tree.
        len: u64,
    },
    /// The index lies beyond the size.
    #[error("a log of {size} entries has no entry {index}: entries are numbered from 0")]
    Index {
        /// Index that was asked for, counted from 0.
        index: u64,
        /// Size in which it was sought.
        size: u64,
    },
    /// A consistency proof was asked for backwards.
    #[error("no proof leads from {old} entries back to {new}: the old size must not be above the new one")]
    Order {
        /// Old size that was asked for.
        old: u64,
        /// New size that was asked for.
        new: u64,
    },
}

impl Tree {
    /// Starts an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf; its index is the length before the call.
    pub fn push(&mut self, leaf: LeafHash) {
        let mut hash = leaf.into();
        for nodes in &mut self.levels {
            nodes.push(hash);
            match nodes.as_slice() {
                [.., left, right] if nodes.len() % 2 == 0 => hash = node_hash(*left, *right),
                _ => return,
            }
        }
        self.levels.push(vec![hash]);
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Tells whether there is no leaf yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the leaf at an index, counted from 0.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<LeafHash> {
        self.node(0, index).map(|hash| LeafHash::from_bytes(hash.0))
    }

    /// Returns the root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        // Every node below `len` is stored, so the lookup cannot miss.
        tree_hash(self.len(), self).unwrap_or(tlog_tiles::EMPTY_HASH).into()
    }

    /// Returns the root over the first `size` leaves.
    ///
    /// # Errors
    ///
    /// [`TreeError::Size`] when the tree is shorter.
    pub fn root_at(&self, size: u64) -> Result<Hash, TreeError> {
        self.within(size)?;
        tree_hash(size, self).map(Hash::from).map_err(|_| self.beyond(size))
    }

    /// Proves that the leaf at `index` is in the tree of the first `size` leaves: the siblings from the leaf
    /// up to the root.
    ///
    /// **Source:** RFC 6962 section 2.1.1.
    ///
    /// # Errors
    ///
    /// [`TreeError::Size`] when the tree is shorter, [`TreeError::Index`] when `index` is not below `size`.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        self.within(size)?;
        if index >= size {
            return Err(TreeError::Index { index, size });
        }
        let path = prove_record(size, index, self).map_err(|_| self.beyond(size))?;
        Ok(path.into_iter().map(Hash::from).collect())
    }

    /// Proves that the tree of `old` leaves is a prefix of the tree of `new` leaves; empty when `old` is 0 or
    /// equals `new`.
    ///
    /// **Source:** RFC 6962 section 2.1.2.
    ///
    /// # Errors
    ///
    /// [`TreeError::Size`] when the tree is shorter than `new`, [`TreeError::Order`] when `old` is above `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
        self.within(new)?;
        if old > new {
            return Err(TreeError::Order { old, new });
        }
        if old == 0 {
            return Ok(Vec::new());
        }
        let path = prove_tree(new, old, self).map_err(|_| self.beyond(new))?;
        Ok(path.into_iter().map(Hash::from).collect())
    }

    /// Checks that the tree contains what a checkpoint promised.
    ///
    /// A store runs this at start against the newest checkpoint that is kept elsewhere.
    ///
    /// # Errors
    ///
    /// [`ConsistencyError::RolledBack`] when the tree is shorter than the checkpoint (a restored backup),
    /// [`ConsistencyError::Forked`] when its prefix has another root.
    pub fn extends(&self, checkpoint: &Checkpoint) -> Result<(), ConsistencyError> {
        let known = checkpoint.size();
        match self.root_at(known) {
            Err(_) => Err(ConsistencyError::RolledBack { known, found: self.len() }),
            Ok(root) if root != checkpoint.root() => Err(ConsistencyError::Forked { size: known }),
            Ok(_) => Ok(()),
        }
    }

    pub(crate) fn node(&self, level: u8, n: u64) -> Option<tlog_tiles::Hash> {
        self.levels.get(usize::from(level))?.get(usize::try_from(n).ok()?).copied()
    }

    pub(crate) fn within(&self, size: u64) -> Result<(), TreeError> {
        if size > self.len() { Err(self.beyond(size)) } else { Ok(()) }
    }

    fn beyond(&self, size: u64) -> TreeError {
        TreeError::Size { size, len: self.len() }
    }
}

impl Extend<LeafHash> for Tree {
    fn extend<I: IntoIterator<Item = LeafHash>>(&mut self, leaves: I) {
        for leaf in leaves {
            self.push(leaf);
        }
    }
}

impl FromIterator<LeafHash> for Tree {
    fn from_iter<I: IntoIterator<Item = LeafHash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        tree.extend(leaves);
        tree
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree").field("len", &self.len()).field("root", &self.root()).finish()
    }
}

impl HashReader for Tree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        indexes
            .iter()
            .map(|&index| {
                let (level, n) = split_stored_hash_index(index);
                self.node(level, n).ok_or(tlog_tiles::Error::IndexesNotInTree)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
