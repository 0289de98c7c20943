//! Whether a leak comes from the package at all.
//!
//! What counts are telling words: each at most [`CAP`] times, and none of the frame that every file of a kind
//! has. A text of the same genre, even of the same template, shares the frame and not the names in it.

use std::collections::HashMap;

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

    /// Counts the telling words among some.
    fn telling(&self, words: impl Iterator<Item = u64>) -> Telling {
        let mut telling = Telling::default();
        words.filter(|word| !self.0.contains(word)).for_each(|word| telling.add(word, 4));
        telling
    }
}

/// Telling words in quarters.
#[derive(Default)]
struct Telling {
    /// Quarters of each word.
    words: HashMap<u64, usize>,
}

impl Telling {
    fn add(&mut self, word: u64, quarters: usize) {
        let sum = self.words.entry(word).or_default();
        *sum = (*sum + quarters).min(4 * CAP);
    }

    fn merge(&mut self, other: &Telling, per_cent: usize) {
        other.words.iter().for_each(|(word, quarters)| self.add(*word, quarters * per_cent / 100));
    }

    fn count(&self) -> usize {
        self.words.values().sum::<usize>() / 4
    }
}

/// Tells whether enough telling words of the leak are the package's, in its order.
pub(super) fn is_derived<'a>(
    frame: &Frame,
    readings: impl Iterator<Item = (&'a Chain, &'a ChainReading)>,
    entries: &[u64],
    leak: &Text,
) -> bool {
    let (mut solid, mut dense, mut through) = (Telling::default(), Telling::default(), Telling::default());
    for (chain, reading) in readings {
        let telling = frame.telling(reading.matched_words.iter().copied());
        let through_site = if reading.places > 0 { 100 } else { 25 };
        if reading.matched >= SOLID_WORDS && 100 * reading.matched >= SOLID_PERCENT * reading.words {
            let (from, to) = chain.span;
            let there = leak.words.get(from..to).unwrap_or_default().iter().map(|word| word.hash);
            if 100 * telling.count() >= SOLID_TELLING_PERCENT * frame.telling(there).count() {
                solid.merge(&telling, through_site);
            }
        }
        if 2 * reading.matched >= reading.words {
            dense.merge(&telling, 100);
            through.merge(&telling, through_site);
        }
    }
    let all = frame.telling(leak.words.iter().map(|word| word.hash)).count();
    let mostly = |telling: &Telling, (least, percent): (usize, usize)| {
        telling.count() >= least && 100 * telling.count() >= percent * all
    };
    solid.count() >= SOLID_TELLING
        || mostly(&dense, MOSTLY)
        || mostly(&frame.telling(entries.iter().copied()), MOSTLY)
        || MOSTLY_THROUGH_SITES.iter().any(|rung| mostly(&through, *rung))
}
