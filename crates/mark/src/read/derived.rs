//! Whether a leak comes from the package at all.
//!
//! What counts are telling words: each at most [`CAP`] times, and none of the frame that every file of a kind
//! has. A text of the same genre, even of the same template, shares the frame and not the names in it.

use super::decide::ChainReading;
use super::hashed::{HashedMap, HashedSet};
use super::lattice::Lattice;
use super::normalise::Text;
use super::seed::Chain;

/// How often a word counts.
const CAP: usize = 3;
/// Occurrences of a word in the package beyond which it is part of a frame of its own, unless that is less
/// than one in [`OWN_FRAME_SHARE`] of the package's words.
const OWN_FRAME: usize = 8;
const OWN_FRAME_SHARE: usize = 100;
/// Least matched words of a chain that counts when the leak has other text too, the share of its words they
/// must be, the share of the telling words where it stands, and how many telling ones show that the leak holds a part of the package. Words of a chain
/// that passes no site count a quarter: standard clauses, which other texts have too, carry no marks.
const SOLID_WORDS: usize = 16;
const SOLID_PERCENT: usize = 75;
const SOLID_TELLING_PERCENT: usize = 60;
const SOLID_TELLING: usize = 36;
/// Telling words matched, and the share of the leak's telling words they must be: the less there is, the
/// less else there may be. No text of the same genre follows a package word by word for most of its length.
const MOSTLY: (usize, usize) = (20, 50);
/// The same for words of chains that pass a site.
const MOSTLY_THROUGH_SITES: [(usize, usize); 2] = [(14, 65), (8, 80)];

/// Words of the frame that files of a kind share.
const FRAME: &str = "\
    a an and any are as at be been by can for from has have he her his if in into is it its may must no not of on \
    or our she so such than that the their them then there these they this those to was we were when which who will with would you your \
    alert drop pass reject tcp udp http tls dns ip homenet externalnet httpservers httpports msg flow established toserver toclient \
    method uri header headers requestbody responsebody filedata content nocase depth offset distance within startswith endswith \
    fastpattern pcre isdataat byte test classtype attempted admin user recon web application attack trojan activity sid rev \
    reference url cve metadata flowbits gid priority threshold track bysrc bydst count seconds \
    rule rules meta strings condition conditions author description date hash filesize all them ascii wide private import \
    title id status experimental test stable references logsource product category service detection selection filter \
    timeframe level high medium low critical informational falsepositives tags fields action \
    get post put delete head options patch host length type accept encoding agent connection keep alive close cookie \
    form data boundary text html json xml plain charset utf application www urlencoded multipart disposition name filename \
    mozilla curl python requests 8 5 0 1 2 32 net com org example \
    def self return none true false raise except try class else elif while print open len str int bytes main init \
    valueerror value error string number null object array key summary version document";

/// The frame's words, hashed.
#[derive(Debug)]
pub(super) struct Frame(HashedSet);

impl Frame {
    /// Takes the common frame and what the package itself says over and over.
    pub(super) fn of(lattice: &Lattice) -> Self {
        let mut counts: HashedMap<usize> = HashedMap::default();
        let words = lattice.blocks.iter().flat_map(|block| &block.words);
        words.for_each(|word| *counts.entry(word.hash).or_default() += 1);
        let most = OWN_FRAME.max(counts.values().sum::<usize>() / OWN_FRAME_SHARE);
        let own = counts.into_iter().filter(|(_, count)| *count > most).map(|(word, _)| word);
        Frame(Text::of([FRAME]).words.iter().map(|word| word.hash).chain(own).collect())
    }

    /// How many of some words tell, each counted as often as it may; a leak's words go into no map.
    pub(super) fn telling(&self, words: impl Iterator<Item = u64>) -> usize {
        let mut words: Vec<u64> = words.filter(|word| !self.0.contains(word)).collect();
        words.sort_unstable();
        words.chunk_by(|one, other| one == other).map(|same| same.len().min(CAP)).sum()
    }

    /// What the words of a chain tell.
    pub(super) fn share(&self, chain: &Chain, reading: &ChainReading, leak: &Text) -> Share {
        if 2 * reading.matched < reading.words {
            return Share::default();
        }
        let mut words: Vec<u64> =
            reading.matched_words.iter().filter(|word| !self.0.contains(word)).copied().collect();
        words.sort_unstable();
        let words: Vec<(u64, usize)> = words
            .chunk_by(|one, other| one == other)
            .filter_map(|same| Some((*same.first()?, 4 * same.len().min(CAP))))
            .collect();
        let mut is_solid = false;
        if reading.matched >= SOLID_WORDS && 100 * reading.matched >= SOLID_PERCENT * reading.words {
            let (from, to) = chain.span;
            let there = leak.words.get(from..to).unwrap_or_default().iter().map(|word| word.hash);
            let telling = words.iter().map(|(_, quarters)| quarters / 4).sum::<usize>();
            is_solid = 100 * telling >= SOLID_TELLING_PERCENT * self.telling(there);
        }
        Share { words, is_solid, percent: if reading.places > 0 { 100 } else { 25 } }
    }
}

/// What a chain adds to the package's telling words.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Quarters of each word.
    words: Vec<(u64, usize)>,
    /// Whether it stands for itself, whatever else the leak holds.
    is_solid: bool,
    /// What its words count where they have to pass a site.
    percent: usize,
}

/// Telling words in quarters: of solid chains, of all, and of all that pass a site.
#[derive(Clone, Copy, Default)]
struct Quarters {
    solid: usize,
    dense: usize,
    through: usize,
}

/// Tells whether enough telling words of the leak are the package's, in its order: `shares` of its chains, how many
/// `entries` have and how many the leak has in `all`.
pub(super) fn is_derived<'a>(shares: impl Iterator<Item = &'a Share>, entries: usize, all: usize) -> bool {
    // Words of the master, save for values.
    let mut words: HashedMap<Quarters> = HashedMap::default();
    for share in shares {
        for (word, quarters) in &share.words {
            let sum = words.entry(*word).or_default();
            let through = quarters * share.percent / 100;
            sum.dense += quarters;
            sum.through += through;
            sum.solid += if share.is_solid { through } else { 0 };
        }
    }
    let count = |of: fn(&Quarters) -> usize| {
        words.values().map(|quarters| of(quarters).min(4 * CAP)).sum::<usize>() / 4
    };
    let (solid, dense, through) =
        (count(|word| word.solid), count(|word| word.dense), count(|word| word.through));
    let mostly =
        |telling: usize, (least, percent): (usize, usize)| telling >= least && 100 * telling >= percent * all;
    solid >= SOLID_TELLING
        || mostly(dense, MOSTLY)
        || mostly(entries, MOSTLY)
        || MOSTLY_THROUGH_SITES.iter().any(|rung| mostly(through, *rung))
}
