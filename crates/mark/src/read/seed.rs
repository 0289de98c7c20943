//! Where in a leak a block may stand: runs of the block's words in the leak's order.

use rayon::prelude::*;

use super::fill::fill;
use super::hashed::{HashedMap, HashedSet};
use super::lattice::{Block, Lattice, SEED_WORDS, seed};
use super::normalise::Text;
use super::runs::{Run, Walker, WordIx};

/// Occurrences of a seed in the leak that are looked at.
const LEAK_OCCURRENCES: usize = 24;
/// Seeds of a block rare enough in the leak to go without the frequent ones.
const ENOUGH_RARE: usize = 3;
/// Occurrences of a seed in the master up to which it means anything.
const MASTER_OCCURRENCES: u32 = 4;
/// Seeds back from a seed that may come before it in a chain.
const LOOK_BACK: usize = 48;
/// Chains of a block that are kept.
const CHAINS: usize = 8;
/// Least score of a chain: two seeds that occur nowhere else in the master, or four that occur twice.
const LEAST_SCORE: f64 = 2.0;
/// Leak words beyond the block's that may lie between two seeds of a chain.
const GAP_WORDS: usize = 24;

/// A block's words matched to a leak's, rising in both.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) block: usize,
    pub(super) score: f64,
    /// Pairs of a block's word and a leak's word; at least one.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Leak words from the first to one past the last matched, those of branches among them.
    pub(super) span: (usize, usize),
}

#[derive(Clone, Copy)]
struct Hit {
    run: Run,
    /// Invariant words of the block before the run.
    word: usize,
    leak: usize,
    score: f64,
}

/// Finds the chains of all blocks, best first; of chains that claim the same leak text the best stays.
pub(super) fn chains(lattice: &Lattice, leak: &Text) -> Vec<Chain> {
    let hits = hits(lattice, leak);
    let of_blocks = lattice.blocks.par_iter().zip(hits).enumerate();
    let mut all: Vec<Chain> =
        of_blocks.flat_map_iter(|(block, (shape, hits))| block_chains(block, shape, hits)).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.span.cmp(&b.span)));

    let mut taken = Claims::default();
    all.retain(|chain| taken.claim(chain.span));
    all.par_iter_mut().for_each(|chain| {
        if let Some(block) = lattice.blocks.get(chain.block) {
            fill(chain, block, leak, &lattice.in_branches);
        }
    });
    all
}

fn hits(lattice: &Lattice, leak: &Text) -> Vec<Vec<Hit>> {
    let seeds = &lattice.seeds;
    // Seeds of the master in the leak and where they stand, and how often each occurs.
    let mut found: Vec<((usize, usize), usize)> = Vec::new();
    let mut counts: Vec<Vec<usize>> = seeds.0.iter().map(|share| vec![0; share.places.len()]).collect();
    for (at, run) in leak.words.windows(SEED_WORDS).enumerate() {
        let hash = seed(run.iter().map(|word| word.hash));
        let Some(seed) = seeds.find(hash) else { continue };
        if let Some(count) = counts.get_mut(seed.0).and_then(|counts| counts.get_mut(seed.1)) {
            *count += 1;
            if *count <= LEAK_OCCURRENCES {
                found.push((seed, at));
            }
        }
    }

    // What a leak says over and over tells nothing about where a block stands, unless the block itself is
    // there over and over.
    let mut hits: Vec<(Vec<Hit>, Vec<Hit>)> = lattice.blocks.iter().map(|_| Default::default()).collect();
    for (seed, at) in found {
        let places = seeds.of_seed(seed);
        let score = 1.0 / places.len().max(1) as f64;
        let count = counts.get(seed.0).and_then(|counts| counts.get(seed.1));
        let is_rare = count.is_some_and(|count| *count <= LEAK_OCCURRENCES);
        for (block, run) in places {
            let Some((rare, frequent)) = hits.get_mut(*block as usize) else { continue };
            let Some(shape) = lattice.blocks.get(*block as usize) else { continue };
            let [first, ..] = run.nodes;
            let word = shape.words.partition_point(|word| word.start < first as usize);
            let list = if is_rare { rare } else { frequent };
            list.push(Hit { run: *run, word, leak: at, score });
        }
    }
    let choose = |(mut rare, frequent): (Vec<Hit>, Vec<Hit>)| {
        if rare.len() < ENOUGH_RARE {
            rare.extend(frequent);
        }
        rare
    };
    hits.into_iter().map(choose).collect()
}

/// Runs of words that tell where in the master they stand, shared out by their hashes.
#[derive(Debug, Default)]
pub(super) struct Seeds([Share; SHARES]);

/// Shares that all cores work on.
const SHARES: usize = 4;

#[derive(Debug, Default)]
struct Share {
    /// Index of a seed.
    by_hash: HashedMap<usize>,
    /// Where each seed's runs are.
    places: Vec<std::ops::Range<usize>>,
    /// Blocks and the runs there, a seed's side by side.
    runs: Vec<(u32, Run)>,
}

/// A run that may become a seed's, and the one of the same hash before it.
struct Candidate<'a> {
    block: u32,
    before: Option<u32>,
    run: &'a Run,
}

impl Seeds {
    /// Takes the runs of all blocks but those that say too little.
    pub(super) fn of(blocks: &[Block], in_branches: &HashedSet) -> Self {
        let runs_of = |walker: &mut Walker, block: &Block| {
            let mut runs = walker.mixed_runs(block);
            runs.extend(invariant_runs(block));
            runs
        };
        let runs: Vec<Vec<Run>> = blocks.par_iter().map_init(Walker::default, runs_of).collect();
        let mut seeds = Seeds::default();
        seeds
            .0
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, share)| *share = Share::of(&runs, number, in_branches));
        seeds
    }

    /// Number of the share that a hash falls to; not by the bits that its place in a map comes from.
    fn share(hash: u64) -> usize {
        (hash >> 40) as usize % SHARES
    }

    /// Share and index of the seed with a hash.
    fn find(&self, hash: u64) -> Option<(usize, usize)> {
        let share = Self::share(hash);
        Some((share, *self.0.get(share)?.by_hash.get(&hash)?))
    }

    /// Blocks where a seed stands, and its runs there.
    fn of_seed(&self, (share, seed): (usize, usize)) -> &[(u32, Run)] {
        let places = |share: &'_ Share| share.places.get(seed).cloned();
        let share = self.0.get(share);
        share.and_then(|share| share.runs.get(places(share)?)).unwrap_or_default()
    }
}

impl Share {
    fn of(runs: &[Vec<Run>], number: usize, in_branches: &HashedSet) -> Self {
        let total = runs.iter().map(Vec::len).sum::<usize>() / SHARES;
        let mut all: Vec<Candidate<'_>> = Vec::with_capacity(total + total / 8);
        // How many have a hash, and the last of them.
        let mut by_hash: HashedMap<(u32, u32)> = HashedMap::default();
        by_hash.reserve(total);
        for (block, runs) in (0..).zip(runs) {
            for run in runs.iter().filter(|run| Seeds::share(run.hash) == number) {
                let at = u32::try_from(all.len()).unwrap_or(u32::MAX);
                let (count, last) = by_hash.entry(run.hash).or_insert((0, at));
                let before = (*count > 0).then_some(*last);
                (*count, *last) = (*count + 1, at);
                all.push(Candidate { block, before, run });
            }
        }
        let mut share = Share::default();
        share.runs.reserve(all.len());
        share.places.reserve(by_hash.len());
        share.by_hash.reserve(by_hash.len());
        for (hash, (count, last)) in by_hash {
            if count > MASTER_OCCURRENCES || in_branches.contains(&hash) {
                continue;
            }
            let from = share.runs.len();
            let mut next = Some(last);
            while let Some(candidate) = next.and_then(|at| all.get(at as usize)) {
                share.runs.push((candidate.block, *candidate.run));
                next = candidate.before;
            }
            let places = share.runs.get_mut(from..).unwrap_or_default();
            places.reverse();
            if is_ambiguous(places) {
                share.runs.truncate(from);
                continue;
            }
            share.by_hash.insert(hash, share.places.len());
            share.places.push(from..share.runs.len());
        }
        share
    }
}

/// Whether branches give a seed several meanings within one block.
fn is_ambiguous(places: &[(u32, Run)]) -> bool {
    let mixed = |run: &Run| run.words.iter().any(Option::is_none);
    places.iter().enumerate().any(|(at, (block, run))| {
        let others = places.iter().skip(at + 1).filter(|(other, _)| other == block);
        others.into_iter().any(|(_, other)| mixed(run) || mixed(other))
    })
}

/// Finds the runs of a block's invariant text.
fn invariant_runs(block: &Block) -> impl Iterator<Item = Run> + '_ {
    (0..block.words.len()).filter_map(|first| {
        let hash = block.seed(first)?;
        let mut run = Run { hash, nodes: [0; SEED_WORDS], words: [None; SEED_WORDS] };
        for ((node, slot), word) in run.nodes.iter_mut().zip(&mut run.words).zip(first..) {
            *node = block.words.get(word).map_or(0, |word| u32::try_from(word.start).unwrap_or(u32::MAX));
            *slot = WordIx::new(word);
        }
        Some(run)
    })
}

fn block_chains(block: usize, shape: &Block, mut hits: Vec<Hit>) -> Vec<Chain> {
    let mut chains = Vec::new();
    hits.sort_by_key(|hit| (hit.leak, hit.run.nodes));
    while chains.len() < CHAINS {
        let (score, picked) = best_chain(shape, &hits);
        if score < LEAST_SCORE {
            break;
        }
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for hit in &picked {
            for (word, there) in hit.run.words.iter().zip(hit.leak..) {
                let Some(word) = word.map(WordIx::get) else { continue };
                if pairs.last().is_none_or(|last| last.0 < word && last.1 < there) {
                    pairs.push((word, there));
                }
            }
        }
        let from = picked.first().map_or(0, |hit| hit.leak);
        let to = picked.last().map_or(0, |hit| hit.leak + SEED_WORDS);
        let chain = Chain { block, score, pairs, span: (from, to) };
        hits.retain(|hit| hit.leak + SEED_WORDS <= from || hit.leak >= to);
        chains.push(chain);
    }
    chains
}

/// The rising run of hits with the highest score; a gap costs a little, a wide one too much.
fn best_chain(shape: &Block, hits: &[Hit]) -> (f64, Vec<Hit>) {
    let mut links: Vec<(f64, Option<usize>)> = Vec::with_capacity(hits.len());
    // The highest score up to each hit.
    let mut highest: Vec<f64> = Vec::with_capacity(hits.len());
    for (at, hit) in hits.iter().enumerate() {
        let mut best: Option<(f64, usize)> = None;
        let nearest = at.saturating_sub(LOOK_BACK)..at;
        for index in nearest.rev() {
            let (Some(earlier), Some((score, _)), Some(most)) =
                (hits.get(index), links.get(index), highest.get(index))
            else {
                continue;
            };
            // A gap costs at least nothing, and of equals the nearest stays.
            if best.is_some_and(|(best, _)| *most <= best) {
                break;
            }
            let Some(score) = follows(shape, earlier, hit).map(|cost| score - cost) else { continue };
            if best.is_none_or(|(best, _)| score > best) {
                best = Some((score, index));
            }
        }
        let (score, link) =
            best.filter(|(score, _)| *score > 0.0).map_or((0.0, None), |(score, at)| (score, Some(at)));
        let score = score + hit.score;
        links.push((score, link));
        highest.push(highest.last().map_or(score, |highest| highest.max(score)));
    }

    let best = links.iter().enumerate().max_by(|a, b| a.1.0.total_cmp(&b.1.0));
    let Some((mut at, (score, _))) = best else { return (0.0, Vec::new()) };
    let mut picked = Vec::new();
    loop {
        picked.extend(hits.get(at));
        match links.get(at) {
            Some((_, Some(before))) => at = *before,
            _ => break,
        }
    }
    picked.reverse();
    (*score, picked)
}

fn follows(shape: &Block, earlier: &Hit, later: &Hit) -> Option<f64> {
    let leak = later.leak.checked_sub(earlier.leak).filter(|leak| *leak > 0)?;
    let ([from, .., end], [to, ..]) = (earlier.run.nodes, later.run.nodes);
    if leak < SEED_WORDS {
        // Words that both runs have are the same words of the block.
        let same = earlier.run.nodes.iter().skip(leak).zip(&later.run.nodes).all(|(one, other)| one == other);
        return same.then_some(0.0);
    }
    if to <= end {
        return None;
    }
    // A word has at least two glyphs, its space included.
    let room = shape.longest_between(from as usize, to as usize) / 2 + GAP_WORDS;
    let words = later.word.saturating_sub(earlier.word);
    (leak <= room).then(|| 0.02 * words.abs_diff(leak).min(25) as f64)
}

/// Stretches of leak words that a chain has claimed.
#[derive(Default)]
struct Claims {
    /// Disjoint or slightly overlapping stretches by start.
    stretches: std::collections::BTreeMap<usize, usize>,
    longest: usize,
}

impl Claims {
    /// Claims a stretch unless more than half of it is taken.
    fn claim(&mut self, (from, to): (usize, usize)) -> bool {
        let first = from.saturating_sub(self.longest);
        let taken: usize = self
            .stretches
            .range(first..to)
            .map(|(start, end)| to.min(*end).saturating_sub(from.max(*start)))
            .sum();
        if 2 * taken > to.saturating_sub(from) {
            return false;
        }
        let end = self.stretches.entry(from).or_insert(to);
        *end = to.max(*end);
        self.longest = self.longest.max(to - from);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::{choice, master, text};

    const A: &str = "The relay compares this number with a limit of bytes and then it ";
    const B: &str = " until the next beacon arrives from the same visitor in the morning.";

    fn found(leak: &str) -> Vec<Chain> {
        let master = master(vec![text(A), choice(0, &["waits patiently", "stands by"]), text(B)]);
        chains(&Lattice::of(&master), &Text::of([leak]))
    }

    #[test]
    fn unrelated_text_has_no_chain() {
        assert!(found("A farm cooperative wrote to us in spring because valves opened at noon.").is_empty());
        assert!(found("").is_empty());
        assert!(found("with a limit").is_empty());
    }

    #[test]
    fn whole_block_is_one_chain() {
        let chains = found(&format!("Intro words here. {A} stands by {B} And so on."));
        assert_eq!(chains.len(), 1);
        assert_eq!(chains[0].pairs.first(), Some(&(0, 3)));
        assert_eq!(chains[0].pairs.len(), 25);
    }

    #[test]
    fn two_copies_are_two_chains() {
        let filler = "other words entirely unlike the block ".repeat(20);
        assert_eq!(found(&format!("{A} stands by {B} {filler} {A} waits patiently {B}")).len(), 2);
    }

    #[test]
    fn a_stretch_is_claimed_once() {
        let mut claims = Claims::default();
        assert!(claims.claim((0, 100)));
        assert!(!claims.claim((20, 60)));
        assert!(claims.claim((90, 200)));
        assert!(!claims.claim((0, 100)));
        assert!(claims.claim((300, 310)));
    }
}
