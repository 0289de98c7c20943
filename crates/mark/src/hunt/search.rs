//! Looks for values in one run, in plain and behind up to two encodings.

use super::scan::{SHORTEST, alignments, is_alnum, next_run};
use super::table::{Owner, Table};
use super::tally::Tally;
use super::view::View;
use super::{Encoding, LONGEST};
use crate::master::Generator;

/// Encodings on top of each other that are looked behind.
const MOST_LAYERS: usize = 2;

/// What every run is searched with.
pub(super) struct Search<'a> {
    pub(super) table: Table<'a>,
    pub(super) tallies: Vec<Tally<'a>>,
    /// Bit n: some value has n characters.
    lengths: u128,
    /// Decoded bytes, one a layer, kept for their memory.
    views: [View; MOST_LAYERS],
}

/// A member's value in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it or its encoding starts and ends in the run.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) owner: Owner,
    /// Outermost first.
    pub(super) layers: [Option<Encoding>; MOST_LAYERS],
}

impl<'a> Search<'a> {
    pub(super) fn new(table: Table<'a>, tallies: Vec<Tally<'a>>) -> Self {
        let lengths = tallies.iter().fold(0, |set, tally| set | 1_u128 << length(tally.generator).min(127));
        Search { table, tallies, lengths, views: Default::default() }
    }

    /// Searches a whole run; `next` is the byte after it, if there is one.
    pub(super) fn run(&mut self, run: &[u8], next: Option<u8>, found: &mut Vec<Found>) {
        self.layer(run, next, 0, found);
    }

    fn layer(&mut self, run: &[u8], next: Option<u8>, depth: usize, found: &mut Vec<Found>) {
        let mut at = 0;
        let mut escaped = false;
        // A run falls into stretches of letters and digits between its escapes.
        while let Some(rest) = run.get(at..).filter(|rest| !rest.is_empty()) {
            let end = rest.iter().position(|&byte| !is_alnum(byte));
            escaped |= end.is_some();
            let (stretch, after) = rest.split_at(end.unwrap_or(rest.len()));
            if stretch.len() >= SHORTEST {
                self.stretch(stretch, after.first().copied().or(next), at, depth, found);
            }
            at += stretch.len() + 1;
        }
        if escaped && depth < MOST_LAYERS {
            self.behind(Encoding::Escaped, run.len(), 0, depth, found, |view| view.escapes(run));
        }
    }

    /// Searches letters and digits that stand at `at` in the run.
    fn stretch(&mut self, stretch: &[u8], next: Option<u8>, at: usize, depth: usize, found: &mut Vec<Found>) {
        if stretch.len() <= LONGEST && self.lengths >> stretch.len() & 1 == 1 {
            self.token(stretch, at, found);
        }
        if depth == MOST_LAYERS {
            return;
        }
        let alignments = alignments(stretch);
        if !alignments.any() {
            return;
        }
        for phase in (0..4).filter(|phase| alignments.base64 >> phase & 1 == 1) {
            self.behind(Encoding::Base64, stretch.len(), at, depth, found, |view| {
                view.base64(stretch, next, phase);
            });
        }
        for phase in (0..2).filter(|phase| alignments.hex >> phase & 1 == 1) {
            self.behind(Encoding::Hex, stretch.len(), at, depth, found, |view| view.hex(stretch, phase));
        }
    }

    /// Searches what `decode` makes of `length` bytes at `at`.
    fn behind(
        &mut self,
        encoding: Encoding,
        length: usize,
        at: usize,
        depth: usize,
        found: &mut Vec<Found>,
        decode: impl FnOnce(&mut View),
    ) {
        let Some(view) = self.views.get_mut(depth) else { return };
        let mut view = std::mem::take(view);
        decode(&mut view);
        let mut inner = Vec::new();
        let mut from = 0;
        while let Some(run) = next_run(&view.bytes, from) {
            from = run.end + 1;
            let bytes = view.bytes.get(run.clone()).unwrap_or_default();
            if bytes.len() < SHORTEST {
                continue;
            }
            let before = inner.len();
            self.layer(bytes, view.bytes.get(run.end).copied(), depth + 1, &mut inner);
            for found in inner.iter_mut().skip(before) {
                found.start = at + view.origin(run.start + found.start);
                found.end = at + view.origin(run.start + found.end).min(length);
            }
        }
        for mut hit in inner {
            // The same token between two escapes was seen in plain before.
            if found.iter().any(|known| (known.start, known.owner) == (hit.start, hit.owner)) {
                continue;
            }
            hit.layers.rotate_right(1);
            if let Some(outer) = hit.layers.first_mut() {
                *outer = Some(encoding);
            }
            found.push(hit);
        }
        if let Some(kept) = self.views.get_mut(depth) {
            *kept = view;
        }
    }

    fn token(&mut self, token: &[u8], at: usize, found: &mut Vec<Found>) {
        let mut lower = [0; LONGEST];
        let Some(lower) = lower.get_mut(..token.len()) else { return };
        lower.copy_from_slice(token);
        lower.make_ascii_lowercase();
        let mut counts = false;
        for tally in &mut self.tallies {
            counts |= tally.counts(lower);
        }
        if counts {
            let end = at + token.len();
            let hit = |owner| Found { start: at, end, owner, layers: [None; MOST_LAYERS] };
            found.extend(self.table.owners(lower).map(hit));
        }
    }
}

/// Number of characters of a generator's values.
pub(super) fn length(generator: Generator) -> usize {
    let (Generator::Word(n) | Generator::Hex(n) | Generator::Num(n)) = generator;
    usize::try_from(n).unwrap_or(usize::MAX)
}
