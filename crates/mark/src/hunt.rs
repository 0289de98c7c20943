//! Hunts for members' constants in traffic, logs and listings: one pass, bounded memory, all members at once.
//!
//! A value is a whole token: a maximal run of letters and digits of ASCII, in any case. Any other byte ends a
//! token, so text in any encoding that keeps ASCII can be hunted through, and so can binary data. It must be
//! whole where it is found: in the bytes as they stand, or in the bytes behind an encoding.
//!
//! # Encodings
//! A run of at least 8 letters, digits, `%` and `\` is looked at as it stands and, where it could hold a value,
//! decoded: its escapes (`%2F`, `\x2f`, `\u002f`, `\n`), base64 at each of the four alignments (both alphabets,
//! padded or not), pairs of hexadecimal digits at both. Base64 and hexadecimal are decoded only where the
//! digits of a run may stand for letters and digits; one pass over the run tells. Decoded bytes are looked at
//! the same way once more, so a value behind two encodings is found, and one byte costs a bounded amount of
//! work whatever the input. Not looked behind: compression, base64 broken over lines, UTF-16.
//!
//! # What the bound covers
//! One hunt is one look. The chance that it accuses any innocent member of `members` is at most ε, whatever is
//! in the input and whoever wrote it, if nobody but a member and those it told could know its values: an
//! innocent's value is uniform over |V| values and independent of the input, so it is among the T tokens of
//! its shape with probability at most T/|V| ([`crate::accuse::constant`], [`crate::accuse::bound`]). T counts
//! tokens by their shape alone, in every encoding that is looked behind, before any member's value is
//! compared. Who hunts again in other or in more input takes another look: hunt through everything at once,
//! or split ε. A hunt and a trace of the same release weigh the same draws: their evidence must not be
//! multiplied. A hit says that the value came from the member's copy, not that the member sent it; whoever
//! has seen a copy can plant its values.

mod decode;
mod report;
mod scan;
mod search;
mod stream;
mod table;
mod tally;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::code::Codebook;
use crate::master::{Master, SiteId, SiteIx, SiteKind};
pub(crate) use decode::tokens_behind;
pub use report::{ConstantSeen, HUNTER, Hit, HuntEvidence, HuntReport};
use scan::{SHORTEST, in_run, next_run};
use search::{Found, Search, length};
use stream::Place;
pub use stream::Stream;
use table::{Owner, Table};
use tally::Tally;

/// Longest value that is hunted, in characters.
const LONGEST: usize = 64;
/// Hits of one value that are listed; all are counted.
const LISTED_A_VALUE: u64 = 100;
/// Hits that are listed in all.
const LISTED: usize = 100_000;

/// How a value was written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Percent or backslash escapes, in it or beside it.
    Escaped,
    /// Base64, in the common alphabet or the one for URLs.
    Base64,
    /// Pairs of hexadecimal digits.
    Hex,
}

/// Why a hunt cannot begin.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum HuntError {
    /// ε is no probability.
    #[error("epsilon `{0}` is not between 0 and 1, give a bound such as 1e-6")]
    Epsilon(f64),
    /// Nobody to hunt for.
    #[error("there is no member to hunt for, list every member that got a copy")]
    NoMember,
    /// A member twice; n in the thresholds would be wrong.
    #[error("member `{0}` is listed twice, list each member once")]
    MemberTwice(String),
    /// Nothing to hunt for.
    #[error(
        "the package has no constant, so its copies cannot be hunted: add one, such as `{{~tr=rand:hex12~}}`"
    )]
    NoConstant,
    /// A constant too short to tell, or longer than any the markup gives.
    #[error("constant `{0}` has `{1}` characters, only 8 to 64 can be hunted")]
    Length(String, usize),
    /// More values than entries have numbers.
    #[error("`{0}` values are too many, hunt for fewer members at a time")]
    TooMany(usize),
}

/// A hunt under way.
pub struct Hunter<'a> {
    search: Search<'a>,
    members: &'a [String],
    constants: Vec<Constant>,
    epsilon: f64,
    bytes: u64,
    counts: BTreeMap<Owner, u64>,
    hits: Vec<Hit>,
    found: Vec<Found>,
}

/// A constant of the package.
struct Constant {
    site: SiteId,
    name: Option<String>,
    /// Index of its shape's tally.
    tally: usize,
}

impl<'a> Hunter<'a> {
    /// Prepares a hunt for the values of `members`, everybody who got a copy; ε bounds the chance of accusing
    /// any innocent one and is fixed before anything is seen.
    ///
    /// Takes 16 to 32 bytes and one derivation a value.
    ///
    /// # Errors
    ///
    /// Refuses an impossible ε, no member, a member twice, and a package without a constant.
    pub fn new(
        master: &Master,
        codebook: &'a Codebook,
        members: &'a [String],
        epsilon: f64,
    ) -> Result<Self, HuntError> {
        if !(epsilon > 0.0 && epsilon < 1.0) {
            return Err(HuntError::Epsilon(epsilon));
        }
        if members.is_empty() {
            return Err(HuntError::NoMember);
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = members.iter().find(|member| !names.insert(member.as_str())) {
            return Err(HuntError::MemberTwice(twice.clone()));
        }
        let mut tallies: Vec<Tally<'a>> = Vec::new();
        let mut sites = Vec::new();
        let mut constants = Vec::new();
        for (at, site) in master.sites.iter().enumerate() {
            let (SiteKind::Constant(generator), Some(space)) = (&site.kind, codebook.value_space(SiteIx(at)))
            else {
                continue;
            };
            let length = length(*generator);
            if !(SHORTEST..=LONGEST).contains(&length) {
                return Err(HuntError::Length(site.id.0.clone(), length));
            }
            let known = tallies.iter().position(|tally| tally.generator == *generator);
            let tally = known.unwrap_or(tallies.len());
            if known.is_none() {
                tallies.push(Tally::new(*generator, space));
            }
            sites.push(SiteIx(at));
            constants.push(Constant { site: site.id.clone(), name: site.name.clone(), tally });
        }
        if sites.is_empty() {
            return Err(HuntError::NoConstant);
        }
        let search = Search::new(Table::new(codebook, members, sites)?, tallies);
        Ok(Hunter {
            constants,
            search,
            members,
            epsilon,
            bytes: 0,
            counts: BTreeMap::new(),
            hits: Vec::new(),
            found: Vec::new(),
        })
    }

    /// Hunts through a stream's next bytes.
    pub fn feed(&mut self, stream: &mut Stream, chunk: &[u8]) {
        self.bytes = self.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        let Hunter { search, counts, hits, members, constants, found, .. } = self;
        let source = stream.source;
        let mut hit = |place: Place, found: Found| {
            let count = counts.entry(found.owner).or_default();
            *count = count.saturating_add(1);
            if *count > LISTED_A_VALUE || hits.len() >= LISTED {
                return;
            }
            let owner = members.get(found.owner.member).zip(constants.get(found.owner.constant));
            hits.extend(owner.map(|(member, constant)| Hit {
                source,
                record: place.record,
                line: place.line,
                offset: place.offset,
                length: found.end - found.start,
                member: member.clone(),
                site: constant.site.clone(),
                name: constant.name.clone(),
                encodings: found.layers.into_iter().flatten().collect(),
            }));
        };

        let mut at = 0;
        if stream.is_open() {
            let end = chunk.iter().position(|&byte| !in_run(byte)).unwrap_or(chunk.len());
            let (run, rest) = chunk.split_at(end);
            stream.extend(run, stream.place, search, &mut hit);
            let Some(&next) = rest.first() else {
                stream.place = stream.place.after(chunk.len());
                return;
            };
            stream.close(Some(next), search, &mut hit);
            at = end + 1;
        }
        let mut lines = Lines { chunk, at: 0, place: stream.place };
        while let Some(range) = next_run(chunk, at) {
            let run = chunk.get(range.clone()).unwrap_or_default();
            let next = chunk.get(range.end).copied();
            if next.is_some() && run.len() <= stream::WINDOW {
                search.run(run, next, found);
                for found in found.drain(..) {
                    hit(lines.place(range.start).after(found.start), found);
                }
            } else {
                stream.extend(run, lines.place(range.start), search, &mut hit);
                if next.is_some() {
                    stream.close(next, search, &mut hit);
                }
            }
            at = range.end + 1;
        }
        stream.place = lines.place(chunk.len());
    }

    /// Ends a stream: nothing more comes, so what the last chunk left open is whole.
    pub fn end(&mut self, mut stream: Stream) {
        if stream.is_open() {
            // A byte that no token holds ends the run, and is not hunted through.
            let bytes = self.bytes;
            self.feed(&mut stream, b" ");
            self.bytes = bytes;
        }
    }
}

/// Finds places in a chunk, each after the one before, by counting the lines between them.
struct Lines<'a> {
    chunk: &'a [u8],
    at: usize,
    /// Of the byte at `at`.
    place: Place,
}

impl Lines<'_> {
    fn place(&mut self, to: usize) -> Place {
        let passed = self.chunk.get(self.at..to).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', passed).count();
        self.place = self.place.after(passed.len());
        self.place.line = self.place.line.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
        self.at = to;
        self.place
    }
}

#[cfg(test)]
mod tests;
