//! Runs of words that a block's paths may show: what the block is found by in a leak.
//!
//! A run may pass through branches, so that a text with a site every few words is found as well. It anchors
//! the invariant words in it; one without any says nothing that alignment would not find out.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use super::hashed::HashedSet;
use super::lattice::{Block, NodeMark, SEED_WORDS};
use super::normalise::{EMPTY, Glyph, mix};

/// Most runs that start at one node; sites side by side multiply.
const RUNS: usize = 48;
/// Most ways a word or what lies between two words may take from one node.
const WAYS: usize = 16;
/// Longest word, in glyphs.
const LONGEST: usize = 80;

/// Some words in a row on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) hash: u64,
    /// First nodes of its words, rising.
    pub(super) nodes: [u32; SEED_WORDS],
    /// Which of them are the block's invariant words.
    pub(super) words: [Option<u32>; SEED_WORDS],
}

/// A run by its words alone, whatever nodes they start at.
#[derive(PartialEq, Eq)]
struct SameWords(u64, [Option<u32>; SEED_WORDS]);

impl Hash for SameWords {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Finds the runs of a block that pass through a branch and have an invariant word.
pub(super) fn mixed_runs(block: &Block) -> Vec<Run> {
    let mut whole: Vec<Option<u32>> = vec![None; block.nodes.len()];
    for (at, word) in (0..).zip(&block.words) {
        if let Some(slot) = whole.get_mut(word.start) {
            *slot = Some(at);
        }
    }
    let mut walk = Walk {
        block,
        whole,
        words: Memo::new(block.nodes.len()),
        nexts: Memo::new(block.nodes.len()),
        open: Vec::new(),
        so_far: Vec::new(),
        found: Vec::new(),
        before: 0,
    };
    for start in near_places(block) {
        walk.before = walk.found.len();
        walk.run(start);
    }
    let mut seen = HashedSet::default();
    walk.found.retain(|run| seen.insert(SameWords(run.hash, run.words)));
    walk.found
}

/// Word starts from which a run may pass through a branch, rising.
fn near_places(block: &Block) -> Vec<usize> {
    let mut starts = Vec::new();
    // The last word starts outside branches, which a run from there may carry into the next place.
    let mut before: Vec<usize> = Vec::new();
    let mut open = 0_usize;
    let mut in_word = false;
    for (at, node) in block.nodes.iter().enumerate() {
        match node.mark {
            NodeMark::Enter { branch: 0, .. } => {
                if open == 0 {
                    starts.append(&mut before);
                }
                open += 1;
            }
            NodeMark::Leave { .. } => open = open.saturating_sub(1),
            _ => {}
        }
        if node.glyph == Glyph::PASS {
            in_word = false;
            continue;
        }
        let is_start = node.glyph.is_word() && !in_word && !node.glyph.is_any();
        in_word = node.glyph.is_word();
        if is_start && open > 0 {
            starts.push(at);
        } else if is_start {
            if before.len() == SEED_WORDS {
                before.remove(0);
            }
            before.push(at);
        }
    }
    starts
}

/// What was found from each node, once.
struct Memo<T> {
    at: Vec<Option<Range<u32>>>,
    all: Vec<T>,
}

impl<T: Copy> Memo<T> {
    fn new(nodes: usize) -> Self {
        Memo { at: vec![None; nodes], all: Vec::new() }
    }

    /// Places of what was found from a node.
    fn known(&self, node: usize) -> Option<Range<u32>> {
        self.at.get(node).cloned().flatten()
    }

    /// Keeps all from a place on as what was found from a node.
    fn keep(&mut self, node: usize, from: usize) -> Range<u32> {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let range = place(from)..place(self.all.len());
        if let Some(at) = self.at.get_mut(node) {
            *at = Some(range.clone());
        }
        range
    }

    fn get(&self, place: u32) -> Option<T> {
        self.all.get(place as usize).copied()
    }
}

struct Walk<'a> {
    block: &'a Block,
    /// The invariant word that starts at a node.
    whole: Vec<Option<u32>>,
    /// Hash and last node of every word that starts at a node; none that a value is part of.
    words: Memo<(u64, usize)>,
    /// First nodes of the words that may follow the word that ends in a node.
    nexts: Memo<usize>,
    /// Nodes still to be looked at.
    open: Vec<(usize, u64, usize)>,
    /// The words walked: hash, first node, invariant word.
    so_far: Vec<(u64, usize, Option<u32>)>,
    found: Vec<Run>,
    /// Runs found before the start that is walked from.
    before: usize,
}

impl Walk<'_> {
    /// Goes on from the start of a word.
    fn run(&mut self, start: usize) {
        for word in self.words_from(start) {
            if self.found.len() - self.before >= RUNS {
                return;
            }
            let Some((hash, end)) = self.words.get(word) else { continue };
            let invariant = self.whole.get(start).copied().flatten();
            self.so_far.push((hash, start, invariant));
            if self.so_far.len() == SEED_WORDS {
                self.take();
            } else {
                for next in self.next_starts(end) {
                    if let Some(next) = self.nexts.get(next) {
                        self.run(next);
                    }
                }
            }
            self.so_far.pop();
        }
    }

    fn take(&mut self) {
        let mut run = Run { hash: EMPTY, nodes: [0; SEED_WORDS], words: [None; SEED_WORDS] };
        let slots = run.nodes.iter_mut().zip(&mut run.words);
        for ((node, word), (hash, start, invariant)) in slots.zip(&self.so_far) {
            run.hash = mix(run.hash, *hash);
            (*node, *word) = (u32::try_from(*start).unwrap_or(u32::MAX), *invariant);
        }
        let invariants = run.words.iter().flatten().count();
        let joined = |word: &u32| self.block.words.get(*word as usize).is_some_and(|word| word.joined);
        let all_joined = invariants == SEED_WORDS && run.words.iter().skip(1).flatten().all(joined);
        if invariants > 0 && !all_joined {
            self.found.push(run);
        }
    }

    fn words_from(&mut self, start: usize) -> Range<u32> {
        if let Some(known) = self.words.known(start) {
            return known;
        }
        let from = self.words.all.len();
        self.open.clear();
        self.open.push((start, EMPTY, 0));
        while let Some((at, hash, length)) = self.open.pop() {
            let Some(node) = self.block.nodes.get(at) else { continue };
            let hash = if node.glyph == Glyph::PASS { hash } else { node.glyph.hash_into(hash) };
            let afters = self.block.after.of(at);
            let mut ends = afters.len() == 0;
            for after in afters {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                if next.is_any()
                    || next == Glyph::LOST
                    || self.words.all.len() - from + self.open.len() >= WAYS
                    || length >= LONGEST
                {
                    continue;
                }
                if next == Glyph::PASS || next.is_word() {
                    self.open.push((after, hash, length + 1));
                } else {
                    ends = true;
                }
            }
            if ends {
                self.words.all.push((hash, at));
            }
        }
        self.words.keep(start, from)
    }

    fn next_starts(&mut self, end: usize) -> Range<u32> {
        if let Some(known) = self.nexts.known(end) {
            return known;
        }
        let from = self.nexts.all.len();
        self.open.clear();
        self.open.push((end, EMPTY, 0));
        let mut seen = 0;
        while let Some((at, ..)) = self.open.pop() {
            seen += 1;
            if seen > LONGEST {
                break;
            }
            for after in self.block.after.of(at) {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                let starts = self.nexts.all.len() - from;
                if next.is_any() || next == Glyph::LOST || starts + self.open.len() >= WAYS {
                    continue;
                }
                if next.is_word() { self.nexts.all.push(after) } else { self.open.push((after, EMPTY, 0)) }
            }
        }
        self.nexts.keep(end, from)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lattice::Lattice;
    use super::*;
    use crate::master::Generator;
    use crate::read::normalise::Text;
    use crate::read::tests::{choice, constant, master, text};

    fn runs(nodes: Vec<crate::master::Node>) -> Vec<Run> {
        mixed_runs(&Lattice::of(&master(nodes)).blocks[0])
    }

    fn hash(words: &str) -> u64 {
        Text::of([words]).words.iter().fold(EMPTY, |hash, word| mix(hash, word.hash))
    }

    #[test]
    fn runs_pass_through_every_branch() {
        let found = runs(vec![text("one "), choice(0, &["two three", "four"]), text(" five")]);
        for words in ["one two three", "two three five", "one four five"] {
            assert!(found.iter().any(|run| run.hash == hash(words)), "{words}");
        }
        assert_eq!(found.len(), 3);
        let last = found.iter().find(|run| run.hash == hash("one four five")).unwrap();
        assert_eq!(last.words, [Some(0), None, Some(1)]);
    }

    #[test]
    fn words_that_a_site_is_part_of_are_whole_in_the_run() {
        let found = runs(vec![text("one two"), choice(0, &["x", "yz"]), text("three four")]);
        assert!(found.iter().any(|run| run.hash == hash("one twoyzthree four")));
    }

    #[test]
    fn no_run_passes_through_a_value() {
        let found = runs(vec![
            text("one "),
            constant(0, Generator::Hex(8)),
            text(" two "),
            choice(1, &["three", "four"]),
        ]);
        assert!(found.iter().all(|run| run.words.iter().all(|word| *word != Some(0))));
    }

    #[test]
    fn sites_side_by_side_stay_bounded() {
        let mut nodes = vec![text("start ")];
        for site in 0..40 {
            nodes.push(choice(site, &["a ", "b ", "c ", "d ", "e ", "f ", "g ", "h "]));
        }
        nodes.push(text("end"));
        assert!(runs(nodes).len() <= 40 * 8 * RUNS);
    }
}
