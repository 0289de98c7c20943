//! Tables of least costs that hold what is at most some cost, a row's first such cell to its last.
//!
//! A cell whose least cost is at most the limit is there and right; what is missing, or shows more than the
//! limit, costs more than it. Proof: on the best path to a cell no cell costs more than it does, so by
//! induction over the path all of them are there and right; and nothing here is less than the least cost,
//! since leaving cells out leaves paths out. Whoever asks only whether a cell has some cost up to the limit
//! gets the answer of a whole table.

use std::ops::Range;

use super::NEVER;
use crate::read::normalise::{Case, Glyph};

/// Rows of a table.
pub(super) struct Band {
    rows: Vec<(usize, Range<usize>)>,
    cells: Vec<u32>,
}

impl Band {
    /// A table of rows without cells.
    pub(super) fn new(rows: usize) -> Self {
        Band { rows: vec![(0, 0..0); rows], cells: Vec::with_capacity(16 * rows) }
    }

    pub(super) fn row(&self, row: usize) -> Row<'_> {
        let Some((first, cells)) = self.rows.get(row) else { return Row::default() };
        Row { first: *first, cells: self.cells.get(cells.clone()).unwrap_or_default() }
    }

    /// Sets a row to the cells from the first that is at most `most` to the last.
    pub(super) fn set(&mut self, row: usize, draft: &Draft, most: u32) {
        let kept = |cell: &u32| *cell <= most;
        let from = draft.cells.iter().position(kept).unwrap_or(draft.cells.len());
        let to = draft.cells.iter().rposition(kept).map_or(from, |last| last + 1);
        let start = self.cells.len();
        self.cells.extend_from_slice(draft.cells.get(from..to).unwrap_or_default());
        if let Some(row) = self.rows.get_mut(row) {
            *row = (draft.first + from, start..self.cells.len());
        }
    }
}

/// A row's cells, from a column on.
#[derive(Clone, Copy, Default)]
pub(super) struct Row<'a> {
    first: usize,
    pub(super) cells: &'a [u32],
}

impl Row<'_> {
    pub(super) fn at(self, column: usize) -> u32 {
        let cell = column.checked_sub(self.first).and_then(|at| self.cells.get(at));
        cell.copied().unwrap_or(NEVER)
    }

    pub(super) fn columns(self) -> Range<usize> {
        self.first..self.first + self.cells.len()
    }

    /// The least cell and its column, of equals the first.
    pub(super) fn least(self) -> Option<(usize, u32)> {
        self.columns().zip(self.cells.iter().copied()).min_by_key(|(_, cost)| *cost)
    }
}

/// A row in the making.
#[derive(Default)]
pub(super) struct Draft {
    first: usize,
    cells: Vec<u32>,
}

impl Draft {
    pub(super) fn row(&self) -> Row<'_> {
        Row { first: self.first, cells: &self.cells }
    }

    pub(super) fn clear(&mut self) {
        self.first = 0;
        self.cells.clear();
    }

    /// The row where a path starts: what of the leak lies before it costs nothing, or its weight.
    pub(super) fn start(&mut self, free: bool, leak: &[Glyph], most: u32) {
        self.clear();
        let mut paid = 0;
        self.cells.push(paid);
        for glyph in leak {
            paid += if free { 0 } else { glyph.weight() };
            if paid > most {
                break;
            }
            self.cells.push(paid);
        }
    }

    pub(super) fn copy(&mut self, row: Row<'_>) {
        self.first = row.first;
        self.cells.clear();
        self.cells.extend_from_slice(row.cells);
    }

    /// Takes the lesser of each cell.
    pub(super) fn lower(&mut self, row: Row<'_>) {
        if self.cells.is_empty() || row.cells.is_empty() {
            if self.cells.is_empty() {
                self.copy(row);
            }
            return;
        }
        self.reach(row.columns());
        let from = row.first.saturating_sub(self.first);
        for (cell, other) in self.cells.iter_mut().skip(from).zip(row.cells) {
            *cell = (*cell).min(*other);
        }
    }

    /// Lets no cell of a row of this width cost more than a price.
    pub(super) fn cap(&mut self, price: u32, width: usize) {
        self.reach(0..width);
        self.cells.iter_mut().for_each(|cell| *cell = (*cell).min(price));
    }

    /// Leaves out what is not in these columns.
    pub(super) fn keep(&mut self, columns: Range<usize>) {
        self.cells.truncate(columns.end.saturating_sub(self.first));
        let before = columns.start.saturating_sub(self.first).min(self.cells.len());
        self.cells.drain(..before);
        self.first += before;
    }

    fn reach(&mut self, columns: Range<usize>) {
        if let Some(before) = self.first.checked_sub(columns.start).filter(|before| *before > 0) {
            self.cells.splice(0..0, std::iter::repeat_n(NEVER, before));
            self.first = columns.start;
        }
        let length = columns.end.saturating_sub(self.first).max(self.cells.len());
        self.cells.resize(length, NEVER);
    }

    /// One row of the edit distance: `input` is the least cost before the glyph, or after it when backwards.
    pub(super) fn take(
        &mut self,
        (glyph, backwards): (Glyph, bool),
        input: Row<'_>,
        leak: &[Glyph],
        case: Case,
        most: u32,
    ) {
        self.first = input.first;
        self.cells.clear();
        let Some((start, above)) = input.cells.split_first() else { return };
        let missing = glyph.weight();
        let leak = leak.get(input.first..).unwrap_or_default();
        self.cells.resize(input.cells.len(), start + missing);
        let (_, out) = self.cells.split_first_mut().unwrap_or((&mut 0, &mut []));
        // In two passes, since in the first no cell waits for the one before.
        let cells = above.iter().zip(input.cells).zip(leak).zip(out);
        if glyph.is_any() {
            for (((above, diagonal), there), cell) in cells {
                *cell = (above + missing).min(diagonal + glyph.instead(*there, case));
            }
        } else {
            for (((above, diagonal), there), cell) in cells {
                *cell = (above + missing).min(diagonal + glyph.character_instead(*there, case));
            }
        }
        if let (Some(diagonal), Some(there)) = (input.cells.last(), leak.get(above.len())) {
            self.cells.push(diagonal + glyph.instead(*there, case));
        }
        let mut left = start + missing;
        for (there, cell) in leak.iter().zip(self.cells.iter_mut().skip(1)) {
            left = (*cell).min(left + glyph.extra(*there, backwards));
            *cell = left;
        }
        for there in leak.iter().skip(self.cells.len() - 1) {
            left += glyph.extra(*there, backwards);
            if left > most {
                break;
            }
            self.cells.push(left);
        }
    }
}
