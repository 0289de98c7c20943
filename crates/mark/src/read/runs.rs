//! Runs of words that a block's paths may show: what the block is found by in a leak.
//!
//! A run may pass through branches, so that a text with a site every few words is found as well. It anchors
//! the invariant words in it; one without any says nothing that alignment would not find out.

use std::collections::HashSet;

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
    pub(super) nodes: [usize; SEED_WORDS],
    /// Which of them are the block's invariant words.
    pub(super) words: [Option<usize>; SEED_WORDS],
}

/// Finds the runs of a block that pass through a branch and have an invariant word.
pub(super) fn mixed_runs(block: &Block) -> Vec<Run> {
    let mut whole: Vec<Option<usize>> = vec![None; block.nodes.len()];
    for (at, word) in block.words.iter().enumerate() {
        if let Some(slot) = whole.get_mut(word.start) {
            *slot = Some(at);
        }
    }
    let starts = near_places(block);
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for start in starts {
        let mut walk = Walk { block, whole: &whole, found: Vec::new() };
        walk.run(start, &mut Vec::with_capacity(SEED_WORDS));
        found.extend(walk.found.into_iter().filter(|run| seen.insert((run.hash, run.words))));
    }
    found
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

struct Walk<'a> {
    block: &'a Block,
    /// The invariant word that starts at a node.
    whole: &'a [Option<usize>],
    found: Vec<Run>,
}

impl Walk<'_> {
    /// Goes on from the start of a word, with the words walked so far: hash, first node, invariant word.
    fn run(&mut self, start: usize, so_far: &mut Vec<(u64, usize, Option<usize>)>) {
        for (hash, end) in self.words_from(start) {
            if self.found.len() >= RUNS {
                return;
            }
            let invariant = self.whole.get(start).copied().flatten();
            so_far.push((hash, start, invariant));
            if so_far.len() == SEED_WORDS {
                self.take(so_far);
            } else {
                for next in self.next_starts(end) {
                    self.run(next, so_far);
                }
            }
            so_far.pop();
        }
    }

    fn take(&mut self, words: &[(u64, usize, Option<usize>)]) {
        let mut run = Run { hash: EMPTY, nodes: [0; SEED_WORDS], words: [None; SEED_WORDS] };
        for ((node, word), (hash, start, invariant)) in run.nodes.iter_mut().zip(&mut run.words).zip(words) {
            run.hash = mix(run.hash, *hash);
            (*node, *word) = (*start, *invariant);
        }
        let invariants = run.words.iter().flatten().count();
        let all_joined = invariants == SEED_WORDS
            && run
                .words
                .iter()
                .skip(1)
                .flatten()
                .all(|word| self.block.words.get(*word).is_some_and(|w| w.joined));
        if invariants > 0 && !all_joined {
            self.found.push(run);
        }
    }

    /// Hash and last node of every word that starts at a node; none that a value is part of.
    fn words_from(&self, start: usize) -> Vec<(u64, usize)> {
        let mut done = Vec::new();
        let mut open = vec![(start, EMPTY, 0)];
        while let Some((at, hash, length)) = open.pop() {
            let Some(node) = self.block.nodes.get(at) else { continue };
            let hash = if node.glyph == Glyph::PASS { hash } else { node.glyph.hash_into(hash) };
            let mut ends = node.after.is_empty();
            for after in node.after.iter() {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                if next.is_any()
                    || next == Glyph::LOST
                    || done.len() + open.len() >= WAYS
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
                done.push((hash, at));
            }
        }
        done
    }

    /// First nodes of the words that may follow the word that ends in a node.
    fn next_starts(&self, end: usize) -> Vec<usize> {
        let mut starts = Vec::new();
        let mut open = vec![end];
        let mut seen = 0;
        while let Some(at) = open.pop() {
            let Some(node) = self.block.nodes.get(at) else { continue };
            seen += 1;
            if seen > LONGEST {
                break;
            }
            for after in node.after.iter() {
                let Some(next) = self.block.nodes.get(after).map(|node| node.glyph) else { continue };
                if next.is_any() || next == Glyph::LOST || starts.len() + open.len() >= WAYS {
                    continue;
                }
                if next.is_word() { starts.push(after) } else { open.push(after) }
            }
        }
        starts
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
