//! Members' symbols at the sites with two alternatives, one bit a site, laid out for the kernel.

use super::ScreenError;

/// Members of a block; a multiple of 64. With 256, four registers share one look at the tables.
pub(super) const LANES: usize = 256;

/// One byte, eight sites, of each member of a block; aligned to a cache line.
#[repr(align(64))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Line(pub(super) [u8; LANES]);

/// Every member's symbols at the sites with two alternatives.
///
/// Members are in blocks of 256, the last filled up with zeros. A block is one `Line` for each eight sites:
/// byte u of line t holds sites 8t to 8t+7 of the block's member u, the least significant bit first.
#[derive(Clone, Debug)]
pub struct PackedRows {
    sites: usize,
    members: usize,
    lines: Vec<Line>,
}

impl PackedRows {
    /// Starts a population of rows of `sites` bits, with room for `members`.
    pub fn new(sites: usize, members: usize) -> Self {
        let lines = Vec::with_capacity(members.div_ceil(LANES) * sites.div_ceil(8));
        PackedRows { sites, members: 0, lines }
    }

    /// Adds a member's row from its symbols, site by site.
    ///
    /// # Errors
    ///
    /// Refuses a row with another number of symbols than there are sites.
    pub fn push(&mut self, symbols: impl IntoIterator<Item = bool>) -> Result<(), ScreenError> {
        let mut row = vec![0; self.sites.div_ceil(8)];
        let mut found = 0;
        for (site, one) in symbols.into_iter().enumerate() {
            if let Some(byte) = row.get_mut(site / 8) {
                *byte |= u8::from(one) << (site % 8);
            }
            found = site + 1;
        }
        if found != self.sites {
            return Err(ScreenError::Row { member: self.members, found, sites: self.sites });
        }
        self.push_bytes(&row)
    }

    /// Adds a member's row from bytes, eight sites a byte, the least significant bit first.
    ///
    /// # Errors
    ///
    /// Refuses a row that is not as long as the sites need; bits beyond the last site are not read.
    pub fn push_bytes(&mut self, row: &[u8]) -> Result<(), ScreenError> {
        let width = self.sites.div_ceil(8);
        if row.len() != width {
            return Err(ScreenError::Row { member: self.members, found: row.len() * 8, sites: self.sites });
        }
        let lane = self.members % LANES;
        if lane == 0 {
            self.lines.resize(self.lines.len() + width, Line([0; LANES]));
        }
        let first = self.lines.len() - width;
        for (line, byte) in self.lines.iter_mut().skip(first).zip(row) {
            if let Some(place) = line.0.get_mut(lane) {
                *place = *byte;
            }
        }
        let spare = width * 8 - self.sites;
        if let Some(place) = self.lines.last_mut().and_then(|line| line.0.get_mut(lane)) {
            *place &= u8::MAX >> spare;
        }
        self.members += 1;
        Ok(())
    }

    /// Returns how many sites a row has.
    pub fn sites(&self) -> usize {
        self.sites
    }

    /// Returns how many rows there are.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Returns a member's symbols, site by site; none for a member that is not there.
    pub fn symbols(&self, member: usize) -> impl Iterator<Item = bool> {
        let (block, lane) = (member / LANES, member % LANES);
        let lines = if member < self.members { self.blocks().nth(block).unwrap_or_default() } else { &[] };
        let bytes = lines.iter().map(move |line| line.0.get(lane).copied().unwrap_or_default());
        bytes.flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).take(self.sites)
    }

    /// Returns the rows' bytes as they lie in memory, a line of one byte a member at a time.
    pub fn lines(&self) -> impl Iterator<Item = &[u8; LANES]> {
        self.lines.iter().map(|line| &line.0)
    }

    /// The lines of each block; rows without sites have none.
    pub(super) fn blocks(&self) -> std::slice::ChunksExact<'_, Line> {
        self.lines.chunks_exact(self.sites.div_ceil(8).max(1))
    }
}
