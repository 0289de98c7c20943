//! More anchors for a chain: what stands beside the anchors it has, also behind a site that the leak shows in one
//! of its forms to the letter, and what is unique between two of them.
//!
//! A text that repeats itself has few runs of words that tell where a block stands; once that is known, far
//! fewer words have to be told apart.

use std::collections::HashMap;
use std::ops::Range;

use super::align::exact;
use super::hashed::HashedSet;
use super::lattice::{Block, SEED_WORDS};
use super::normalise::Text;
use super::seed::Chain;

/// Longest gap that is filled, in words of the block and of the leak.
const GAP: usize = 2000;

/// Adds a chain's missing anchors, rising in both texts.
pub(super) fn fill(chain: &mut Chain, block: &Block, leak: &Text, in_branches: &HashedSet) {
    let mut pairs: Vec<(usize, usize)> = Vec::with_capacity(block.words.len());
    let mut old = std::mem::take(&mut chain.pairs).into_iter();
    let Some(first) = old.next() else { return };
    let mut head = Vec::new();
    let mut at = first;
    while let Some(before) = next_to(block, leak, at, false, in_branches) {
        head.push(before);
        at = before;
    }
    pairs.extend(head.into_iter().rev());
    pairs.push(first);
    for next in old {
        between(&mut pairs, next, block, leak, in_branches);
    }
    while let Some(after) = pairs.last().and_then(|last| next_to(block, leak, *last, true, in_branches)) {
        pairs.push(after);
    }
    let (from, to) = chain.span;
    let start = pairs.first().map_or(from, |pair| pair.1.min(from));
    let end = pairs.last().map_or(to, |pair| to.max(pair.1 + 1));
    chain.span = (start, end);
    chain.pairs = pairs;
}

/// The pair before or after, if nothing but invariant text lies between and the words are the same.
fn beside(block: &Block, leak: &Text, (word, there): (usize, usize), after: bool) -> Option<(usize, usize)> {
    let (next, next_there) =
        if after { (word + 1, there + 1) } else { (word.checked_sub(1)?, there.checked_sub(1)?) };
    let joined = block.words.get(if after { next } else { word })?.joined;
    let same = block.words.get(next)?.hash == leak.words.get(next_there)?.hash;
    (joined && same).then_some((next, next_there))
}

/// The pair before or after, beside or behind a site.
fn next_to(
    block: &Block,
    leak: &Text,
    pair: (usize, usize),
    after: bool,
    in_branches: &HashedSet,
) -> Option<(usize, usize)> {
    beside(block, leak, pair, after).or_else(|| behind_site(block, leak, pair, after, in_branches))
}

/// The pair behind the site next to a pair, if one and only one branch and the text around it stand in the leak
/// glyph by glyph, and as many words as make a seed follow.
///
/// Fewer words would not do: where the leak's own branch was changed, another that is a part of it may seem to
/// stand there.
fn behind_site(
    block: &Block,
    leak: &Text,
    (word, there): (usize, usize),
    after: bool,
    in_branches: &HashedSet,
) -> Option<(usize, usize)> {
    let next = if after { word + 1 } else { word.checked_sub(1)? };
    let run = if after { next } else { (next + 1).checked_sub(SEED_WORDS)? };
    let seed = block.seed(run).filter(|seed| !in_branches.contains(seed))?;
    let (from, to) = (block.words.get(word.min(next))?.end, block.words.get(word.max(next))?.start);
    let own = *leak.words.get(there)?;
    let mut found = None;
    for branch in exact::spellings(block, from, to)? {
        let length: usize = branch.iter().map(|part| part.len()).sum();
        let start = if after { own.end } else { own.start.checked_sub(length)? };
        let glyphs = leak.glyphs.get(start..start + length).unwrap_or_default();
        let nodes = branch.iter().flat_map(|part| part.iter());
        if glyphs.len() != length || !nodes.zip(glyphs).all(|(node, glyph)| node.glyph == *glyph) {
            continue;
        }
        let first = if after {
            leak.words.partition_point(|word| word.start < start + length)
        } else {
            leak.words.partition_point(|word| word.end <= start).checked_sub(SEED_WORDS)?
        };
        let words = leak.words.get(first..first + SEED_WORDS).unwrap_or_default();
        let touches = if after {
            words.first().is_some_and(|word| word.start == start + length)
        } else {
            words.last().is_some_and(|word| word.end == start)
        };
        if touches && super::lattice::seed(words.iter().map(|word| word.hash)) == seed {
            let pair = if after { first } else { first + SEED_WORDS - 1 };
            if found.replace(pair).is_some() {
                return None;
            }
        }
    }
    found.map(|there| (next, there))
}

/// Adds what lies between the last pair and the next, and the next itself.
fn between(
    pairs: &mut Vec<(usize, usize)>,
    next: (usize, usize),
    block: &Block,
    leak: &Text,
    in_branches: &HashedSet,
) {
    let is_free = |pair: (usize, usize)| pair.0 < next.0 && pair.1 < next.1;
    while let Some(after) =
        pairs.last().and_then(|last| beside(block, leak, *last, true)).filter(|p| is_free(*p))
    {
        pairs.push(after);
    }
    let Some(&last) = pairs.last() else { return };
    let mut tail = vec![next];
    let mut at = next;
    while let Some(before) =
        beside(block, leak, at, false).filter(|before| before.0 > last.0 && before.1 > last.1)
    {
        tail.push(before);
        at = before;
    }
    let (words, there) = (last.0 + 1..at.0, last.1 + 1..at.1);
    if words.len() >= SEED_WORDS && there.len() >= SEED_WORDS && words.len().max(there.len()) <= GAP {
        for (word, there) in unique(block, leak, words, there, in_branches) {
            for step in 0..SEED_WORDS {
                let pair = (word + step, there + step);
                if pairs.last().is_none_or(|last| last.0 < pair.0 && last.1 < pair.1) {
                    pairs.push(pair);
                }
            }
        }
    }
    pairs.extend(tail.into_iter().rev());
}

/// Runs of words that stand once in a stretch of the block and once in one of the leak; rising in both, with
/// whatever crosses left out.
fn unique(
    block: &Block,
    leak: &Text,
    words: Range<usize>,
    there: Range<usize>,
    in_branches: &HashedSet,
) -> Vec<(usize, usize)> {
    let mut runs: HashMap<u64, (usize, Option<usize>, usize)> = HashMap::new();
    for word in words.start..(words.end + 1).saturating_sub(SEED_WORDS) {
        if let Some(hash) = block.seed(word).filter(|hash| !in_branches.contains(hash)) {
            let run = runs.entry(hash).or_insert((0, None, word));
            run.0 += 1;
        }
    }
    let stretch = leak.words.get(there.clone()).unwrap_or_default();
    for (at, run) in stretch.windows(SEED_WORDS).enumerate() {
        let hash = super::lattice::seed(run.iter().map(|word| word.hash));
        if let Some(run) = runs.get_mut(&hash) {
            // Twice in the leak counts as twice in the block.
            run.0 += usize::from(run.1.is_some());
            run.1 = Some(there.start + at);
        }
    }
    let mut found: Vec<(usize, usize)> = runs
        .into_values()
        .filter(|(count, ..)| *count == 1)
        .filter_map(|(_, there, word)| Some((word, there?)))
        .collect();
    found.sort_unstable();
    // Two that cross: neither is certain.
    let crosses = |at: usize, pair: &(usize, usize)| {
        let before = at.checked_sub(1).and_then(|before| found.get(before));
        before.is_some_and(|before| before.1 >= pair.1)
            || found.get(at + 1).is_some_and(|after| after.1 <= pair.1)
    };
    let kept: Vec<(usize, usize)> =
        found.iter().enumerate().filter(|(at, pair)| !crosses(*at, pair)).map(|(_, pair)| *pair).collect();
    let rises = kept.iter().zip(kept.iter().skip(1)).all(|(one, next)| one.1 < next.1);
    if rises { kept } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::lattice::Lattice;
    use super::super::seed::chains;
    use super::*;
    use crate::read::tests::{choice, master, text};

    #[test]
    fn repeated_words_between_two_anchors_are_found() {
        let mut nodes = Vec::new();
        for at in 0..12 {
            nodes.push(text(&format!("number {at}{at} of round {at}9 ")));
            nodes.push(choice(at, &["waits patiently", "stands by"]));
            nodes.push(text(" and the log of the queue says so. "));
        }
        let lattice = Lattice::of(&master(nodes));
        let leak: String = (0..12)
            .map(|at| format!("number {at}{at} of round {at}9 stands by and the log of the queue says so. "))
            .collect();
        let leak = Text::of([leak.as_str()]);
        let chains = chains(&lattice, &leak);
        assert_eq!(chains.len(), 1);
        let expected = leak.words.len() - 2 * 12;
        assert!(chains[0].pairs.len() * 10 >= expected * 9, "{} of {expected}", chains[0].pairs.len());
        assert!(chains[0].pairs.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
    }

    #[test]
    fn what_crosses_or_repeats_is_no_anchor() {
        let lattice = Lattice::of(&master(vec![text("one two three four five six seven eight nine ten")]));
        let find = |leak: &str| {
            let text = Text::of([leak]);
            unique(&lattice.blocks[0], &text, 0..10, 0..text.words.len(), &HashedSet::default())
        };
        assert_eq!(find("one two three x eight nine ten"), [(0, 0), (7, 4)]);
        assert!(find("eight nine ten x one two three").is_empty());
        assert_eq!(find("one two three x one two three y eight nine ten"), [(7, 8)]);
    }

    #[test]
    fn a_site_leads_on_in_one_form_to_the_letter_alone() {
        let lattice = Lattice::of(&master(vec![
            text("one two three "),
            choice(0, &["fast", "fast and big"]),
            text(" and loud it was that day "),
            choice(1, &["again", "once more"]),
        ]));
        let block = &lattice.blocks[0];
        let behind = |leak: &str, pair, after| {
            behind_site(block, &Text::of([leak]), pair, after, &HashedSet::default())
        };
        // A changed form, of which another is the start; words changed next to it; too few words behind it.
        for leak in [
            "one two three fast and huge and loud it was that day",
            "one two three fast and loud in the day",
            "one two three fast and loud",
        ] {
            assert_eq!(behind(leak, (2, 2), true), None, "{leak}");
        }
        assert_eq!(behind("one two three fast and loud it was that day", (8, 9), true), None);
        assert_eq!(behind("one two three fast and loud it was that day", (2, 2), true), Some((3, 4)));
        assert_eq!(behind("one two three fast and big and loud it was that day", (2, 2), true), Some((3, 6)));
        assert_eq!(behind("one two three fast and big and loud it was", (3, 6), false), Some((2, 2)));
        assert_eq!(behind("two three fast and big and loud it was", (3, 5), false), None);
    }
}
