//! A stream of bytes that comes in chunks.

use super::search::{Found, Search};

/// Most bytes of a run that are searched at once.
pub(super) const WINDOW: usize = 1 << 14;
/// Bytes that two windows of one run share; more than the longest value takes in any encoding (64 characters
/// of 36 bytes: `\u` behind `\u`), so that every value lies in one window with its neighbours.
const OVERLAP: usize = 1 << 12;
/// Bytes at the end of a window that the next one judges, since what follows is not known yet.
const MARGIN: usize = 1 << 6;
/// Most records that one run is told apart by.
const MOST_PARTS: usize = 64;

/// Where a byte stands in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) record: u64,
    pub(super) line: u64,
    pub(super) offset: u64,
}

/// One source's bytes in order: a file, standard input, one direction of a connection.
///
/// Holds at most 16 KiB of a run that the last chunk left open, so a token that two chunks or two packets
/// share is found, and found in the same place however the stream is cut.
#[derive(Clone, Debug)]
pub struct Stream {
    pub(super) source: usize,
    /// Of the next byte.
    pub(super) place: Place,
    carry: Vec<u8>,
    /// Indices in the carry from which a record's bytes stand there, with the place of the first.
    parts: Vec<(usize, Place)>,
    /// What ends here or before was judged in the window before.
    judged: usize,
}

impl Stream {
    /// Starts a stream at line 1, offset 0; `source` is the caller's number for it and comes back in hits.
    pub fn new(source: usize) -> Stream {
        let place = Place { record: 0, line: 1, offset: 0 };
        Stream { source, place, carry: Vec::new(), parts: Vec::new(), judged: 0 }
    }

    /// Says that the following bytes are those of a record, such as a packet: offsets and lines start again.
    ///
    /// A token may reach over records; its place is where it starts.
    pub fn record(&mut self, record: u64) {
        self.place = Place { record, line: 1, offset: 0 };
    }

    pub(super) fn is_open(&self) -> bool {
        !self.carry.is_empty()
    }

    /// Appends bytes of a run that starts or goes on at `place`.
    pub(super) fn extend(
        &mut self,
        mut bytes: &[u8],
        place: Place,
        search: &mut Search<'_>,
        hit: &mut impl FnMut(Place, Found),
    ) {
        let known = self.parts.last().is_some_and(|(_, part)| part.record == place.record);
        if !bytes.is_empty() && !known && self.parts.len() < MOST_PARTS {
            self.parts.push((self.carry.len(), place));
        }
        while !bytes.is_empty() {
            if self.carry.len() == WINDOW {
                self.search(None, WINDOW - MARGIN, search, hit);
                self.carry.drain(..WINDOW - OVERLAP);
                self.forget(WINDOW - OVERLAP);
                self.judged = OVERLAP - MARGIN;
            }
            let (now, later) = bytes.split_at(bytes.len().min(WINDOW - self.carry.len()));
            self.carry.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Ends the run; `next` is the byte that ended it, if one did.
    pub(super) fn close(
        &mut self,
        next: Option<u8>,
        search: &mut Search<'_>,
        hit: &mut impl FnMut(Place, Found),
    ) {
        self.search(next, WINDOW, search, hit);
        self.carry.clear();
        self.parts.clear();
        self.judged = 0;
    }

    fn search(
        &self,
        next: Option<u8>,
        last: usize,
        search: &mut Search<'_>,
        hit: &mut impl FnMut(Place, Found),
    ) {
        let mut found = Vec::new();
        search.run(&self.carry, next, &mut found);
        for found in found.into_iter().filter(|found| found.end > self.judged && found.end <= last) {
            hit(self.place_of(found.start), found);
        }
    }

    fn place_of(&self, at: usize) -> Place {
        let part = self.parts.iter().rev().find(|(from, _)| *from <= at);
        part.map_or(self.place, |(from, place)| place.after(at - from))
    }

    /// Takes the first `count` bytes out of the parts.
    fn forget(&mut self, count: usize) {
        let first = self.parts.iter().rposition(|(from, _)| *from <= count).unwrap_or(0);
        self.parts.drain(..first);
        for (from, place) in &mut self.parts {
            *place = place.after(count.saturating_sub(*from));
            *from = from.saturating_sub(count);
        }
    }
}

impl Place {
    /// The place `count` bytes later in the same line.
    pub(super) fn after(self, count: usize) -> Place {
        Place { offset: self.offset.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)), ..self }
    }
}
