use sha2::{Digest, Sha256};

use super::*;
use crate::{Commitment, check_consistency, commitment, leaf_hash};

const ORIGIN: &str = "log.example/program";
/// Past the first tile's quarter and around every power of two below it.
const SIZES: u64 = 70;

fn record(index: u64) -> Commitment {
    commitment(&[9; 16], &index.to_be_bytes())
}

fn tree(size: u64) -> Tree {
    (0..size).map(|i| leaf_hash(&record(i))).collect()
}

fn head(size: u64, root: Hash) -> Checkpoint {
    Checkpoint::new(ORIGIN, size, root).unwrap()
}

/// The definition of RFC 6962 section 2.1, word for word and slow: the oracle.
fn oracle(records: &[Commitment]) -> [u8; 32] {
    match records {
        [] => Sha256::digest(b"").into(),
        [one] => Sha256::new().chain_update([0]).chain_update(one.as_bytes()).finalize().into(),
        many => {
            let k = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(k);
            Sha256::new()
                .chain_update([1])
                .chain_update(oracle(left))
                .chain_update(oracle(right))
                .finalize()
                .into()
        }
    }
}

fn included(path: &[Hash], size: u64, root: Hash, index: u64, leaf: LeafHash) -> bool {
    let path = path.iter().map(|&h| h.into()).collect();
    tlog_tiles::check_record(&path, size, root.into(), index, leaf.into()).is_ok()
}

#[test]
fn what_is_not_there_is_refused() {
    let tree = tree(5);
    assert_eq!(tree.root_at(6), Err(TreeError::Size { size: 6, len: 5 }));
    assert_eq!(tree.root_at(u64::MAX), Err(TreeError::Size { size: u64::MAX, len: 5 }));
    assert_eq!(tree.inclusion(0, 6), Err(TreeError::Size { size: 6, len: 5 }));
    assert_eq!(tree.inclusion(5, 5), Err(TreeError::Index { index: 5, size: 5 }));
    assert_eq!(tree.inclusion(0, 0), Err(TreeError::Index { index: 0, size: 0 }));
    assert_eq!(tree.consistency(4, 6), Err(TreeError::Size { size: 6, len: 5 }));
    assert_eq!(tree.consistency(4, 3), Err(TreeError::Order { old: 4, new: 3 }));
    assert_eq!(tree.leaf(5), None);
}

#[test]
fn a_forged_leaf_changes_every_root_that_holds_it() {
    let honest = tree(SIZES);
    for forged in 0..SIZES {
        let tree: Tree =
            (0..SIZES).map(|i| leaf_hash(&record(if i == forged { 1_000 } else { i }))).collect();
        for size in 0..=SIZES {
            let same = tree.root_at(size).unwrap() == honest.root_at(size).unwrap();
            assert_eq!(same, size <= forged, "size {size}, forged {forged}");
        }
        assert_eq!(tree.extends(&head(SIZES, honest.root())), Err(ConsistencyError::Forked { size: SIZES }),);
    }
}

#[test]
fn a_dropped_leaf_is_a_fork() {
    let honest = tree(SIZES);
    for dropped in 0..SIZES {
        let tree: Tree = (0..=SIZES).filter(|&i| i != dropped).map(|i| leaf_hash(&record(i))).collect();
        assert_eq!(tree.len(), SIZES);
        assert_eq!(tree.extends(&head(SIZES, honest.root())), Err(ConsistencyError::Forked { size: SIZES }),);
    }
}

#[test]
fn a_rolled_back_tree_is_refused() {
    let honest = tree(SIZES);
    let newest = head(SIZES, honest.root());
    for size in 0..SIZES {
        let expected = ConsistencyError::RolledBack { known: SIZES, found: size };
        assert_eq!(tree(size).extends(&newest), Err(expected));
        let back = head(size, honest.root_at(size).unwrap());
        assert_eq!(check_consistency(&newest, &back, &[]), Err(expected));
    }
}

#[test]
fn roots_follow_the_definition() {
    let records: Vec<_> = (0..SIZES).map(record).collect();
    let tree = tree(SIZES);
    for size in 0..=SIZES {
        let expected = Hash::from_bytes(oracle(&records[..size as usize]));
        assert_eq!(tree.root_at(size).unwrap(), expected, "size {size}");
        assert_eq!(super::tests::tree(size).root(), expected, "size {size}");
    }
    assert_eq!(tree.leaf(3), Some(leaf_hash(&record(3))));
}

#[test]
fn inclusion_holds_for_its_own_index_leaf_and_size_only() {
    let tree = tree(SIZES);
    for size in 1..=SIZES {
        let root = tree.root_at(size).unwrap();
        for index in 0..size {
            let path = tree.inclusion(index, size).unwrap();
            let leaf = leaf_hash(&record(index));
            assert!(included(&path, size, root, index, leaf));
            assert!(!included(&path, size, root, index, leaf_hash(&record(1_000))));
            for other in (0..size).filter(|&other| other != index) {
                assert!(!included(&path, size, root, other, leaf), "{index} passes as {other} of {size}");
            }
            let other = tree.root_at(size - 1).unwrap();
            assert!(!included(&path, size, other, index, leaf));
            for cut in 0..path.len() {
                let mut short = path.clone();
                short.remove(cut);
                assert!(!included(&short, size, root, index, leaf));
                let mut changed = path.clone();
                let mut bytes = *changed[cut].as_bytes();
                bytes[cut % 32] ^= 1;
                changed[cut] = Hash::from_bytes(bytes);
                assert!(!included(&changed, size, root, index, leaf));
            }
        }
    }
}

#[test]
fn consistency_holds_for_true_prefixes_only() {
    let tree = tree(SIZES);
    let at = |size| head(size, tree.root_at(size).unwrap());
    for new in 0..=SIZES {
        for old in 0..=new {
            let path = tree.consistency(old, new).unwrap();
            assert_eq!(check_consistency(&at(old), &at(new), &path), Ok(()), "{old} to {new}");
            if old > 0 {
                let forged = head(new, Hash::from_bytes([1; 32]));
                assert!(check_consistency(&at(old), &forged, &path).is_err());
                let forged = head(old, Hash::from_bytes([1; 32]));
                assert!(check_consistency(&forged, &at(new), &path).is_err());
            }
            let mut long = path.clone();
            long.push(tree.root());
            assert!(check_consistency(&at(old), &at(new), &long).is_err());
            for cut in 0..path.len() {
                let mut short = path.clone();
                short.remove(cut);
                assert!(check_consistency(&at(old), &at(new), &short).is_err());
            }
        }
    }
}

#[test]
fn pushing_equals_rebuilding_across_a_tile() {
    let mut grown = Tree::new();
    for i in 0..600 {
        grown.push(leaf_hash(&record(i)));
    }
    assert_eq!(grown.len(), 600);
    assert_eq!(grown.root(), tree(600).root());
    assert_eq!(grown.extends(&head(257, tree(257).root())), Ok(()));
}
