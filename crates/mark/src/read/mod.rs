//! What a leak shows at each site, found from the master alone.
//!
//! [`read`] takes no codebook and no member: what it finds, misreads and erases is independent of every
//! innocent member's row, which is what the bound on false accusation rests on
//! ([`accuse::bound`](crate::accuse::bound)).
//!
//! The steps: `normalise` both texts; compile the master's paragraphs into a `lattice` each; find each
//! paragraph by runs of its invariant words (`seed`); `align` lattice and leak between these anchors;
//! `decide` for a branch where it stands out; find the entries of structured files by all their words (`units`); look for the items of a long `order` one by one; collect
//! the `tokens` that have a constant's shape; erase what is `canonical`: channels that a tool flattened.
//!
//! Time and memory grow linearly with the leak: what is aligned is bounded by the master. The work is shared among
//! all cores; what it comes to does not depend on them.

mod align;
mod canonical;
mod decide;
mod derived;
mod fill;
mod hashed;
mod lattice;
mod normalise;
mod order;
mod parts;
mod runs;
mod seed;
mod tokens;
mod units;

use std::collections::BTreeMap;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::master::{Master, SiteIx, SiteKind};
use crate::reading::{Reading, Seen, SiteReading};
use canonical::Channels;
use decide::{ChainReading, read_chain};
use derived::{Frame, Share, is_derived};
use lattice::Lattice;
use normalise::{Case, Text, upper_share};
use seed::{Chain, chains};
use units::Units;

/// Version of everything a reading depends on.
pub const READER: &str = "mark-read/3";

/// Least matched words of a chain that is read, unless it is the whole block; at least half of the chain's
/// words must be matched as well.
const READ_WORDS: usize = 8;

/// A file of a leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakFile {
    /// Name it was found under; part of the reading's hash, otherwise not read.
    pub path: String,
    /// Content. What is not text reads as nothing.
    pub text: String,
}

/// A master prepared for reading; reads any number of leaks.
#[derive(Debug)]
pub struct Reader<'a> {
    master: &'a Master,
    lattice: Lattice,
    units: Units,
    channels: Channels<'a>,
    frame: Frame,
    upper_share: f64,
}

/// Reads a leak against a master; a pure function of the two.
pub fn read(master: &Master, leak: &[LeakFile]) -> Reading {
    Reader::new(master).read(leak)
}

impl<'a> Reader<'a> {
    /// Compiles a master.
    pub fn new(master: &'a Master) -> Self {
        let of_lattice = || {
            let lattice = Lattice::of(master);
            let glyphs: Vec<_> =
                lattice.blocks.iter().flat_map(|block| &block.nodes).map(|node| node.glyph).collect();
            let (frame, upper_share) = (Frame::of(&lattice), upper_share(&glyphs));
            (lattice, frame, upper_share)
        };
        let ((lattice, frame, upper_share), (units, channels)) =
            rayon::join(of_lattice, || rayon::join(|| Units::of(master), || Channels::of(master)));
        Reader { master, lattice, units, channels, frame, upper_share }
    }

    /// Reads a leak.
    ///
    /// A reading that is not derived keeps the constants' tokens and has every other site erased.
    pub fn read(&self, leak: &[LeakFile]) -> Reading {
        let text = Text::of(leak.iter().map(|file| file.text.as_str()));
        // A text all in small letters or all in capitals says nothing about variants that differ in them.
        let upper = text.upper_share();
        let case = if upper < 0.3 * self.upper_share || upper > 0.5 { Case::Lost } else { Case::Counts };
        let blocks = &self.lattice.blocks;
        let of_chain = |chain: &Chain| match blocks.get(chain.block) {
            Some(block) => {
                let mut reading = read_chain(block, chain, &text, case);
                let share = self.frame.share(chain, &reading, &text);
                reading.matched_words = Vec::new();
                (reading, share)
            }
            None => Default::default(),
        };
        let paragraphs = || {
            let chains = chains(&self.lattice, &text);
            let readings: Vec<(ChainReading, Share)> = chains.par_iter().map(of_chain).collect();
            (chains, readings)
        };
        let entries = || {
            let units = self.units.read(&text);
            let telling = self.frame.telling(units.matched_words.iter().copied());
            (units, telling)
        };
        let words = || self.frame.telling(text.words.iter().map(|word| word.hash));
        let tokens = || tokens::shapes_seen(self.master, leak.iter().map(|file| file.text.as_str()));
        let ((chains, readings), ((units, telling), (all, shapes))) =
            rayon::join(paragraphs, || rayon::join(entries, || rayon::join(words, tokens)));

        let matched: usize = readings.iter().map(|(reading, _)| reading.matched).sum();
        let aligned = if text.words.is_empty() { 0.0 } else { matched as f64 / text.words.len() as f64 };
        let derived = is_derived(readings.iter().map(|(_, share)| share), telling, all);
        let mut votes = Votes::default();
        if derived {
            for (chain, (reading, _)) in chains.iter().zip(&readings) {
                let Some(block) = blocks.get(chain.block) else { continue };
                let whole = chain.pairs.len() == block.words.len();
                let dense = reading.matched >= READ_WORDS && 2 * reading.matched >= reading.words;
                if !whole && !dense {
                    continue;
                }
                for (at, branch) in &reading.read {
                    if let (Some(place), Ok(branch)) = (block.places.get(*at), u32::try_from(*branch)) {
                        votes.add(place.site, (chain.block, *at), branch, chain.score);
                    }
                }
            }
            for (site, unit, symbol) in &units.read {
                votes.add(*site, (UNITS, *unit), *symbol, 1.0);
            }
            for long in &self.lattice.orders {
                for rank in order::read_order(&self.lattice, long, &chains, &text, case) {
                    votes.add(long.site, (ORDERS, 0), rank, 1.0);
                }
            }
        }

        let votes = votes.by_site();
        let sites = self.master.sites.iter().enumerate().map(|(at, site)| {
            let seen = match site.kind {
                SiteKind::Constant(generator) => {
                    shapes.get(&tokens::key(generator)).map_or(Seen::Erased, |(_, seen)| seen.clone())
                }
                SiteKind::Choice { .. } | SiteKind::Order { .. } => {
                    votes.majority(SiteIx(at)).map_or(Seen::Erased, Seen::Index)
                }
            };
            SiteReading { site: site.id.clone(), seen }
        });
        let mut sites: Vec<SiteReading> = sites.collect();
        let erased_channels = self.channels.erase(self.master, &mut sites);
        Reading {
            reader: READER.to_owned(),
            leak_sha256: hash(leak),
            sites,
            aligned: aligned.min(1.0),
            derived,
            erased_channels,
        }
    }
}

/// Stand for a block where a symbol was read in none.
const ORDERS: usize = usize::MAX;
const UNITS: usize = usize::MAX - 1;

/// Symbols read at each site, over all its places.
#[derive(Default)]
struct Votes(Vec<Vote>);

struct Vote {
    site: SiteIx,
    /// Block and place.
    place: (usize, usize),
    symbol: u32,
    /// Score of the chain it was read in.
    score: f64,
}

impl Votes {
    fn add(&mut self, site: SiteIx, place: (usize, usize), symbol: u32, score: f64) {
        self.0.push(Vote { site, place, symbol, score });
    }

    fn by_site(mut self) -> VotesBySite {
        self.0.sort_by_key(|vote| vote.site);
        VotesBySite(self.0)
    }
}

/// Votes, those of a site side by side.
struct VotesBySite(Vec<Vote>);

impl VotesBySite {
    /// The symbol that more than half of the places show.
    ///
    /// Where a place was read in several stretches of the leak, those count whose chain is at least half
    /// as good as the best: copies of the place, not phrases that resemble it.
    fn majority(&self, site: SiteIx) -> Option<u32> {
        let from = self.0.partition_point(|vote| vote.site < site);
        let votes = self.0.get(from..)?;
        let votes = votes.get(..votes.partition_point(|vote| vote.site == site))?;
        let first = votes.first()?;
        if votes.iter().all(|vote| vote.symbol == first.symbol) {
            return Some(first.symbol);
        }
        let best = |place: (usize, usize)| {
            votes.iter().filter(|vote| vote.place == place).map(|vote| vote.score).fold(0.0, f64::max)
        };
        let mut symbols: BTreeMap<u32, usize> = BTreeMap::new();
        for vote in votes.iter().filter(|vote| 2.0 * vote.score >= best(vote.place)) {
            *symbols.entry(vote.symbol).or_default() += 1;
        }
        let all: usize = symbols.values().sum();
        symbols.into_iter().find(|(_, count)| 2 * count > all).map(|(symbol, _)| symbol)
    }
}

/// SHA-256 over each file's path and text, both with their lengths before them (64 bits, big endian).
fn hash(leak: &[LeakFile]) -> String {
    let mut hash = Sha256::new();
    for file in leak {
        for part in [&file.path, &file.text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
pub(crate) mod tests;
