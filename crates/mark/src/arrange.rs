//! Arrangements: `keep` of `items` things in some order, and their rank.
//!
//! Ranks count the arrangements in lexicographic order of the items' authored indices, from 0.

/// Counts the arrangements of `keep` of `items` things; `None` when `keep > items` or beyond 64 bits.
pub fn arrangements(items: u32, keep: u32) -> Option<u64> {
    let last = items.checked_sub(keep)?;
    (last..items).try_fold(1_u64, |count, n| count.checked_mul(u64::from(n) + 1))
}

/// Gives the arrangement of a rank: authored indices in the order a copy shows them.
///
/// A rank beyond the last counts on from the first; `keep > items` keeps all.
pub fn arrangement(rank: u32, items: u32, keep: u32) -> Vec<usize> {
    let keep = keep.min(items);
    let mut left: Vec<usize> = (0..items).filter_map(|item| usize::try_from(item).ok()).collect();
    let mut rest = u64::from(rank) % arrangements(items, keep).unwrap_or(u64::MAX).max(1);
    let mut order = Vec::with_capacity(left.len());
    for place in 0..keep {
        // Arrangements of what follows this place: each choice here stands for that many ranks.
        let (items_after, keep_after) = (items - place - 1, keep - place - 1);
        let each = arrangements(items_after, keep_after).unwrap_or(u64::MAX).max(1);
        let chosen = usize::try_from(rest / each).unwrap_or(0).min(left.len().saturating_sub(1));
        rest %= each;
        if !left.is_empty() {
            order.push(left.remove(chosen));
        }
    }
    order
}

/// Gives the rank of an arrangement, the inverse of [`arrangement`].
///
/// `None` when an index is twice in `order` or not below `items`, or the rank exceeds 32 bits.
pub fn rank_of(order: &[usize], items: u32) -> Option<u32> {
    let keep = u32::try_from(order.len()).ok()?;
    let mut left: Vec<usize> = (0..items).filter_map(|item| usize::try_from(item).ok()).collect();
    let mut rank = 0_u64;
    for (place, item) in (0..keep).zip(order) {
        let chosen = left.iter().position(|candidate| candidate == item)?;
        left.remove(chosen);
        let each = arrangements((items - place).checked_sub(1)?, keep - place - 1)?;
        rank = rank.checked_add(u64::try_from(chosen).ok()?.checked_mul(each)?)?;
    }
    u32::try_from(rank).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn what_is_no_arrangement_has_no_rank() {
        assert_eq!(rank_of(&[0, 0], 3), None);
        assert_eq!(rank_of(&[3], 3), None);
        assert_eq!(rank_of(&[0, 1, 2], 2), None);
        assert_eq!(arrangements(2, 3), None);
        assert_eq!(arrangements(30, 30), None);
    }

    #[test]
    fn ranks_run_through_the_arrangements_in_lexicographic_order() {
        let all: Vec<Vec<usize>> = (0..12).map(|rank| arrangement(rank, 4, 2)).collect();
        let mut sorted = all.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(all, sorted);
        assert_eq!(all.first(), Some(&vec![0, 1]));
        assert_eq!(all.last(), Some(&vec![3, 2]));
        assert_eq!(arrangements(4, 2), Some(12));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rank_and_arrangement_are_inverse((items, keep, rank) in (1_u32..9)
            .prop_flat_map(|items| (Just(items), 1..=items))
            .prop_flat_map(|(items, keep)| {
                let count = arrangements(items, keep).unwrap() as u32;
                (Just(items), Just(keep), 0..count)
            }))
        {
            let order = arrangement(rank, items, keep);
            prop_assert_eq!(order.len(), keep as usize);
            prop_assert_eq!(rank_of(&order, items), Some(rank));
        }

        #[test]
        fn no_input_panics(rank: u32, items in 0_u32..40, keep in 0_u32..50) {
            let order = arrangement(rank, items, keep);
            prop_assert_eq!(order.len(), keep.min(items) as usize);
        }
    }
}
