//! Runs of words that a block's paths may show: what the block is found by in a leak.
//!
//! A run may pass through branches, so that a text with a site every few words is found as well. It anchors
//! the invariant words in it; one without any says nothing that alignment would not find out.

use std::hash::{Hash, Hasher};
use std::num::NonZero;
use std::ops::Range;

use rayon::prelude::*;

use super::hashed::HashedSet;
use super::lattice::{Block, NodeMark, SEED_WORDS};
use super::normalise::{EMPTY, Glyph, mix};

/// Most runs that start at one node; sites side by side multiply.
const RUNS: usize = 48;
/// Most ways a word or what lies between two words may take from one node.
const WAYS: usize = 16;
/// Longest word, in glyphs.
const LONGEST: usize = 80;
/// Starts of a block that are worth a task of their own.
const STARTS: usize = 512;

/// Some words in a row on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) hash: u64,
    /// First nodes of its words, rising.
    pub(super) nodes: [u32; SEED_WORDS],
    /// Which of them are the block's invariant words.
    pub(super) words: [Option<WordIx>; SEED_WORDS],
}

/// Index of an invariant word of a block, small: there are many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WordIx(NonZero<u32>);

impl WordIx {
    pub(super) fn new(at: usize) -> Option<Self> {
        u32::try_from(at).ok()?.checked_add(1).and_then(NonZero::new).map(Self)
    }

    pub(super) fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A run by its words alone, whatever nodes they start at.
#[derive(PartialEq, Eq)]
struct SameWords(u64, [Option<WordIx>; SEED_WORDS]);

impl Hash for SameWords {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// What finding runs takes, used again for every block.
#[derive(Default)]
pub(super) struct Walker {
    buffers: Buffers,
    /// The invariant word that starts at a node.
    whole: Vec<Option<WordIx>>,
    seen: HashedSet<SameWords>,
}

#[derive(Default)]
struct Buffers {
    /// Hash and last node of every word that starts at a node; none that a value is part of.
    words: Memo<(u64, usize)>,
    /// First nodes of the words that may follow the word that ends in a node.
    nexts: Memo<usize>,
    /// Nodes still to be looked at.
    open: Vec<(usize, u64, usize)>,
    /// The words walked: hash, first node, invariant word.
    so_far: Vec<(u64, usize, Option<WordIx>)>,
    found: Vec<Run>,
}

impl Walker {
    /// Finds the runs of a block that pass through a branch and have an invariant word.
    pub(super) fn mixed_runs(&mut self, block: &Block) -> Vec<Run> {
        self.whole.clear();
        self.whole.resize(block.nodes.len(), None);
        for (at, word) in block.words.iter().enumerate() {
            if let Some(slot) = self.whole.get_mut(word.start) {
                *slot = WordIx::new(at);
            }
        }
        let starts = near_places(block);
        let mut found = if starts.len() <= STARTS {
            walk(block, &self.whole, &starts, &mut self.buffers)
        } else {
            let parts = starts
                .par_chunks(STARTS)
                .map_init(Buffers::default, |buffers, starts| walk(block, &self.whole, starts, buffers));
            parts.collect::<Vec<_>>().concat()
        };
        self.seen.clear();
        found.retain(|run| self.seen.insert(SameWords(run.hash, run.words)));
        found
    }
}

/// Finds the runs from some starts, which rise.
fn walk(block: &Block, whole: &[Option<WordIx>], starts: &[usize], buffers: &mut Buffers) -> Vec<Run> {
    let first = starts.first().copied().unwrap_or_default();
    buffers.words.clear(first);
    buffers.nexts.clear(first);
    let mut walk = Walk { block, whole, buffers, before: 0 };
    for start in starts {
        walk.before = walk.buffers.found.len();
        walk.run(*start);
    }
    std::mem::take(&mut buffers.found)
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
#[derive(Default)]
struct Memo<T> {
    /// Least node that is asked for.
    first: usize,
    at: Vec<Option<Range<u32>>>,
    all: Vec<T>,
}

impl<T: Copy> Memo<T> {
    fn clear(&mut self, first: usize) {
        self.first = first;
        self.at.clear();
        self.all.clear();
    }

    /// Places of what was found from a node.
    fn known(&self, node: usize) -> Option<Range<u32>> {
        self.at.get(node.checked_sub(self.first)?).cloned().flatten()
    }

    /// Keeps all from a place on as what was found from a node.
    fn keep(&mut self, node: usize, from: usize) -> Range<u32> {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let range = place(from)..place(self.all.len());
        if let Some(node) = node.checked_sub(self.first) {
            self.at.resize(self.at.len().max(node + 1), None);
            if let Some(at) = self.at.get_mut(node) {
                *at = Some(range.clone());
            }
        }
        range
    }

    fn get(&self, place: u32) -> Option<T> {
        self.all.get(place as usize).copied()
    }
}

struct Walk<'a> {
    block: &'a Block,
    whole: &'a [Option<WordIx>],
    buffers: &'a mut Buffers,
    /// Runs found before the start that is walked from.
    before: usize,
}

impl Walk<'_> {
    /// Goes on from the start of a word.
    fn run(&mut self, start: usize) {
        for word in self.words_from(start) {
            if self.buffers.found.len() - self.before >= RUNS {
                return;
            }
            let Some((hash, end)) = self.buffers.words.get(word) else { continue };
            let invariant = self.whole.get(start).copied().flatten();
            self.buffers.so_far.push((hash, start, invariant));
            if self.buffers.so_far.len() == SEED_WORDS {
                self.take();
            } else {
                for next in self.next_starts(end) {
                    if let Some(next) = self.buffers.nexts.get(next) {
                        self.run(next);
                    }
                }
            }
            self.buffers.so_far.pop();
        }
    }

    fn take(&mut self) {
        let mut run = Run { hash: EMPTY, nodes: [0; SEED_WORDS], words: [None; SEED_WORDS] };
        let slots = run.nodes.iter_mut().zip(&mut run.words);
        for ((node, word), (hash, start, invariant)) in slots.zip(&self.buffers.so_far) {
            run.hash = mix(run.hash, *hash);
            (*node, *word) = (u32::try_from(*start).unwrap_or(u32::MAX), *invariant);
        }
        let invariants = run.words.iter().flatten().count();
        let joined = |word: &WordIx| self.block.words.get(word.get()).is_some_and(|word| word.joined);
        let all_joined = invariants == SEED_WORDS && run.words.iter().skip(1).flatten().all(joined);
        if invariants > 0 && !all_joined {
            self.buffers.found.push(run);
        }
    }

    fn words_from(&mut self, start: usize) -> Range<u32> {
        if let Some(known) = self.buffers.words.known(start) {
            return known;
        }
        let Buffers { words, open, .. } = &mut *self.buffers;
        let from = words.all.len();
        open.clear();
        open.push((start, EMPTY, 0));
        while let Some((at, hash, length)) = open.pop() {
            let Some(node) = self.block.nodes.get(at) else { continue };
            let hash = if node.glyph == Glyph::PASS { hash } else { node.glyph.hash_into(hash) };
            let afters = self.block.after.of(at);
            let mut ends = afters.len() == 0;
            for after in afters {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                if next.is_any()
                    || next == Glyph::LOST
                    || words.all.len() - from + open.len() >= WAYS
                    || length >= LONGEST
                {
                    continue;
                }
                if next == Glyph::PASS || next.is_word() {
                    open.push((after, hash, length + 1));
                } else {
                    ends = true;
                }
            }
            if ends {
                words.all.push((hash, at));
            }
        }
        words.keep(start, from)
    }

    fn next_starts(&mut self, end: usize) -> Range<u32> {
        if let Some(known) = self.buffers.nexts.known(end) {
            return known;
        }
        let Buffers { nexts, open, .. } = &mut *self.buffers;
        let from = nexts.all.len();
        open.clear();
        open.push((end, EMPTY, 0));
        let mut seen = 0;
        while let Some((at, ..)) = open.pop() {
            seen += 1;
            if seen > LONGEST {
                break;
            }
            for after in self.block.after.of(at) {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                let starts = nexts.all.len() - from;
                if next.is_any() || next == Glyph::LOST || starts + open.len() >= WAYS {
                    continue;
                }
                if next.is_word() { nexts.all.push(after) } else { open.push((after, EMPTY, 0)) }
            }
        }
        nexts.keep(end, from)
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
        Walker::default().mixed_runs(&Lattice::of(&master(nodes)).blocks[0])
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
        assert_eq!(last.words, [WordIx::new(0), None, WordIx::new(1)]);
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
        assert!(found.iter().all(|run| run.words.iter().all(|word| *word != WordIx::new(0))));
    }

    #[test]
    fn a_block_in_parts_has_the_runs_of_the_whole() {
        let site = |at: usize| {
            let around = text(&format!("number {} of ", at % 50));
            [around, choice(at, &["fast a", "b c fast", "slow"]), constant(1000 + at, Generator::Hex(4))]
        };
        let lattice = Lattice::of(&master((0..400).flat_map(site).collect()));
        let block = &lattice.blocks[0];
        let mut walker = Walker::default();
        let found = walker.mixed_runs(block);
        let starts = near_places(block);
        assert!(starts.len() > 2 * STARTS, "{}", starts.len());
        let mut whole = walk(block, &walker.whole, &starts, &mut Buffers::default());
        let mut seen: HashedSet<SameWords> = HashedSet::default();
        whole.retain(|run| seen.insert(SameWords(run.hash, run.words)));
        assert_eq!(found, whole);
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
