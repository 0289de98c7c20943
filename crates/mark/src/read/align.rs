//! Alignment of a stretch of lattice with a stretch of leak, at the cost of edits in eighths of a
//! character.
//!
//! A forward table gives the least cost from the start to each node, a backward table from each node to
//! the end, so that their sum at a branch's enter node is the least cost of any path *through that
//! branch*, whatever the neighbouring sites show.

mod exact;

use std::collections::BTreeMap;

use super::lattice::{Block, BlockWord, NodeMark};
use super::normalise::{Case, Glyph, LETTER};

/// Most cells of a table; a stretch that needs more is left unread.
const CELLS: usize = 4_000_000;

/// Price of leaving out a part of the master at an end, besides the part itself: three letters.
const CUT: u32 = 24;

const NEVER: u32 = u32::MAX / 4;

/// What to align.
pub(super) struct Stretch<'a> {
    pub(super) block: &'a Block,
    /// First node of the stretch and one past its last; every path of the block takes the last.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) leak: &'a [Glyph],
    /// Leak text before the path's start, or after its end, that costs nothing.
    pub(super) free_start: bool,
    pub(super) free_end: bool,
    /// Whether the path may leave out whatever lies before its first word, or after its last, at half the
    /// price, on the side where the leak's text is free: the leak may quote a part.
    pub(super) partial: bool,
    pub(super) case: Case,
}

/// One step of the best path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Passes a node without a glyph.
    Mark(NodeMark),
    /// A node's glyph stands in the leak, in whatever case; a wildcard's is the leak's.
    Match(Glyph),
    /// Another glyph stands in its place.
    Other(Glyph),
    /// The node's glyph is missing.
    Missing(Glyph),
    /// The leak has a glyph more.
    Extra(Glyph),
    /// Everything before this step, or after it, is left out.
    Cut,
}

/// The best path and, for every branch in the stretch, the least cost of a path through it.
#[derive(Debug)]
pub(super) struct Alignment {
    pub(super) steps: Vec<Step>,
    /// (place, branch, least cost of a path through the branch).
    pub(super) through: Vec<(usize, usize, u32)>,
    /// Least cost of all paths.
    pub(super) cost: u32,
    /// Leak glyphs before the path's start.
    pub(super) start: usize,
    /// Whether the leak is a path glyph by glyph; the costs through its one place are then distances between
    /// branches, and all that is told of them is whether they are 0.
    pub(super) exact: bool,
}

/// Aligns a stretch; `None` when it is too large or empty.
pub(super) fn align(stretch: &Stretch<'_>) -> Option<Alignment> {
    if let Some(alignment) = exact::align(stretch) {
        return Some(alignment);
    }
    let rows = stretch.to.checked_sub(stretch.from)?;
    let width = stretch.leak.len() + 1;
    if rows == 0 || rows.checked_add(1)?.checked_mul(width)? > CELLS {
        return None;
    }
    let cuts = Cuts::of(stretch, rows);
    let forward = forward(stretch, &cuts, rows, width)?;
    let last = forward.row(rows);
    let (mut column, mut cost) = if stretch.free_end {
        last.iter().copied().enumerate().min_by_key(|(_, cost)| *cost)?
    } else {
        (width - 1, *last.last()?)
    };
    let mut row = rows;
    for (end, price) in &cuts.ends {
        let cells = forward.row(*end).iter().map(|cell| cell + price).enumerate();
        if let Some((at, cut)) = cells.min_by_key(|(_, cost)| *cost).filter(|(_, cut)| *cut < cost) {
            (row, column, cost) = (*end, at, cut);
        }
    }
    let (mut steps, start) = trace(stretch, &cuts, &forward, row, column)?;
    if row < rows {
        steps.push(Step::Cut);
    }
    let through =
        if has_places(stretch) { through(stretch, &cuts, &forward, rows, width)? } else { Vec::new() };
    Some(Alignment { steps, through, cost, start, exact: false })
}

/// Whether a whole block can be aligned with this many glyphs of leak.
pub(super) fn fits(block: &Block, leak: usize) -> bool {
    (block.nodes.len() + 1).checked_mul(leak + 1).is_some_and(|cells| cells <= CELLS)
}

/// Returns the least cost of turning a branch's best rendering into `leak`.
pub(super) fn distance(
    block: &Block,
    branch: std::ops::Range<usize>,
    leak: &[Glyph],
    case: Case,
) -> Option<u32> {
    let stretch = Stretch {
        block,
        from: branch.start,
        to: branch.end,
        leak,
        free_start: false,
        free_end: false,
        partial: false,
        case,
    };
    let rows = branch.len();
    let width = leak.len() + 1;
    if rows.checked_add(1)?.checked_mul(width)? > CELLS {
        return None;
    }
    forward(&stretch, &Cuts::default(), rows, width)?.row(rows).last().copied()
}

/// Rows where the path may start or end before the stretch does, and the price.
#[derive(Default)]
struct Cuts {
    starts: BTreeMap<usize, u32>,
    ends: BTreeMap<usize, u32>,
}

impl Cuts {
    /// Cuts stand before invariant words; what is left out costs half a letter a glyph.
    fn of(stretch: &Stretch<'_>, rows: usize) -> Self {
        let mut cuts = Cuts::default();
        if !stretch.partial {
            return cuts;
        }
        let inside = |word: &&BlockWord| (stretch.from..stretch.to).contains(&word.start);
        for word in stretch.block.words.iter().filter(inside) {
            let row = word.start - stretch.from;
            let price = |glyphs: usize| {
                CUT + u32::try_from(glyphs).unwrap_or(NEVER).saturating_mul(LETTER / 2).min(NEVER)
            };
            if stretch.free_start && row > 0 {
                cuts.starts.insert(row, price(stretch.block.longest_between(stretch.from, word.start)));
            }
            if stretch.free_end && row < rows {
                cuts.ends.insert(row, price(stretch.block.longest_between(word.start, stretch.to)));
            }
        }
        cuts
    }
}

/// Row 0 is the start; row r is the node `from + r - 1`.
struct Table {
    width: usize,
    cells: Vec<u32>,
}

impl Table {
    fn new(rows: usize, width: usize) -> Self {
        Table { width, cells: vec![NEVER; (rows + 1) * width] }
    }

    fn row(&self, row: usize) -> &[u32] {
        self.cells.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    /// A row to write, with the rows before it and those after it to read.
    fn split(&mut self, row: usize) -> (Rows<'_>, &mut [u32], Rows<'_>) {
        let width = self.width;
        let (before, rest) = self.cells.split_at_mut_checked(row * width).unwrap_or_default();
        let (out, after) = rest.split_at_mut_checked(width).unwrap_or_default();
        let before = Rows { width, first: 0, cells: before };
        (before, out, Rows { width, first: row + 1, cells: after })
    }

    fn at(&self, row: usize, column: usize) -> u32 {
        self.row(row).get(column).copied().unwrap_or(NEVER)
    }
}

/// Rows of a table from one on.
struct Rows<'a> {
    width: usize,
    first: usize,
    cells: &'a [u32],
}

impl<'a> Rows<'a> {
    fn row(&self, row: usize) -> &'a [u32] {
        let at = |row: usize| row.saturating_sub(self.first) * self.width;
        self.cells.get(at(row)..at(row + 1)).unwrap_or_default()
    }
}

fn has_places(stretch: &Stretch<'_>) -> bool {
    let nodes = stretch.block.nodes.get(stretch.from..stretch.to).unwrap_or_default();
    nodes.iter().any(|node| matches!(node.mark, NodeMark::Enter { .. }))
}

/// Row of a node before: the start for everything outside the stretch.
fn row_of(stretch: &Stretch<'_>, node: usize) -> usize {
    (node + 1).saturating_sub(stretch.from)
}

fn forward(stretch: &Stretch<'_>, cuts: &Cuts, rows: usize, width: usize) -> Option<Table> {
    let mut table = Table::new(rows, width);
    let (_, first, _) = table.split(0);
    free_or_paid(first, stretch.free_start, stretch.leak);
    let mut least = Vec::with_capacity(width);
    for (row, node) in stretch.block.nodes.get(stretch.from..stretch.to)?.iter().enumerate() {
        let (done, out, _) = table.split(row + 1);
        let mut befores = node.before.iter().map(|before| done.row(row_of(stretch, before)));
        let first = befores.next().unwrap_or_else(|| done.row(0));
        let input = match befores.next() {
            None => first,
            Some(second) => {
                least.clear();
                least.extend_from_slice(first);
                std::iter::once(second).chain(befores).for_each(|row| lower(&mut least, row));
                &least
            }
        };
        if node.glyph == Glyph::PASS {
            out.copy_from_slice(input);
        } else {
            take_glyph((node.glyph, false), input, stretch.leak, stretch.case, out);
        }
        if let Some(price) = cuts.starts.get(&(row + 1)) {
            out.iter_mut().for_each(|cell| *cell = (*cell).min(*price));
        }
    }
    Some(table)
}

/// The row where a path starts: what of the leak lies before it costs nothing, or its weight.
fn free_or_paid(row: &mut [u32], free: bool, leak: &[Glyph]) {
    let mut paid = 0;
    let mut leak = leak.iter();
    for cell in row {
        *cell = paid;
        if !free {
            paid += leak.next().map_or(0, |glyph| glyph.weight());
        }
    }
}

fn lower(into: &mut [u32], row: &[u32]) {
    for (cell, other) in into.iter_mut().zip(row) {
        *cell = (*cell).min(*other);
    }
}

/// One row of the edit distance: `input` is the least cost before the glyph, or after it when backwards.
fn take_glyph((glyph, backwards): (Glyph, bool), input: &[u32], leak: &[Glyph], case: Case, out: &mut [u32]) {
    let missing = glyph.weight();
    let (Some((first, above)), Some((out_first, out))) = (input.split_first(), out.split_first_mut()) else {
        return;
    };
    let mut left = first + missing;
    *out_first = left;
    // In two passes, since in the first no cell waits for the one before.
    let cells = above.iter().zip(input).zip(leak).zip(out.iter_mut());
    if glyph.is_any() {
        for (((above, diagonal), there), cell) in cells {
            *cell = (above + missing).min(diagonal + glyph.instead(*there, case));
        }
    } else {
        for (((above, diagonal), there), cell) in cells {
            *cell = (above + missing).min(diagonal + glyph.character_instead(*there, case));
        }
    }
    for (there, cell) in leak.iter().zip(out) {
        left = (*cell).min(left + glyph.extra(*there, backwards));
        *cell = left;
    }
}

/// Least cost through every branch: forward to its enter node plus backward from it.
fn through(
    stretch: &Stretch<'_>,
    cuts: &Cuts,
    forward: &Table,
    rows: usize,
    width: usize,
) -> Option<Vec<(usize, usize, u32)>> {
    // Row r of this table is the least cost from after node `from + r - 1` to the end; its columns, and the
    // leak, run backwards.
    let mut table = Table::new(rows, width);
    let leak: Vec<Glyph> = stretch.leak.iter().rev().copied().collect();
    let (_, last, _) = table.split(rows);
    free_or_paid(last, stretch.free_end, &leak);
    let mut found = Vec::new();
    let nodes = stretch.block.nodes.get(stretch.from..stretch.to)?;
    let mut taken = vec![0; width];
    for (row, node) in nodes.iter().enumerate().rev() {
        let (_, out, done) = table.split(row + 1);
        if row + 1 < rows {
            let mut is_first = true;
            for after in node.after.iter() {
                let next = row_of(stretch, after);
                let glyph = stretch.block.nodes.get(after)?.glyph;
                if next > rows {
                    continue;
                }
                let there = done.row(next);
                match (glyph == Glyph::PASS, is_first) {
                    (true, true) => out.copy_from_slice(there),
                    (true, false) => lower(out, there),
                    (false, true) => take_glyph((glyph, true), there, &leak, stretch.case, out),
                    (false, false) => {
                        take_glyph((glyph, true), there, &leak, stretch.case, &mut taken);
                        lower(out, &taken);
                    }
                }
                is_first = false;
            }
            if let Some(price) = cuts.ends.get(&(row + 1)) {
                out.iter_mut().for_each(|cell| *cell = (*cell).min(*price));
            }
        }
        if let NodeMark::Enter { place, branch } = node.mark {
            let sums = forward.row(row + 1).iter().zip(out.iter().rev()).map(|(a, b)| a + b);
            found.push((place, branch, sums.min()?));
        }
    }
    Some(found)
}

/// Walks the best path back from the last node.
fn trace(
    stretch: &Stretch<'_>,
    cuts: &Cuts,
    table: &Table,
    rows: usize,
    column: usize,
) -> Option<(Vec<Step>, usize)> {
    let mut steps = Vec::new();
    let (mut row, mut column) = (rows, column);
    while row > 0 {
        let node = stretch.block.nodes.get(stretch.from + row - 1)?;
        let cost = table.at(row, column);
        if cuts.starts.get(&row) == Some(&cost) {
            steps.push(Step::Cut);
            steps.reverse();
            return Some((steps, column));
        }
        let rows_before = node
            .before
            .iter()
            .map(|before| row_of(stretch, before))
            .chain(node.before.is_empty().then_some(0));
        let from = |column: usize, paid: u32| {
            rows_before.clone().find(|before| table.at(*before, column) + paid == cost)
        };
        if node.glyph == Glyph::PASS {
            row = from(column, 0)?;
            steps.push(Step::Mark(node.mark));
            continue;
        }
        let there = column.checked_sub(1).and_then(|column| stretch.leak.get(column));
        if let Some(glyph) = there {
            if let Some(before) = from(column - 1, node.glyph.instead(*glyph, stretch.case)) {
                let shown = if node.glyph.is_any() { *glyph } else { node.glyph };
                let same = node.glyph.matches(*glyph);
                steps.push(if same { Step::Match(shown) } else { Step::Other(shown) });
                (row, column) = (before, column - 1);
                continue;
            }
            if table.at(row, column - 1) + node.glyph.extra(*glyph, false) == cost {
                steps.push(Step::Extra(*glyph));
                column -= 1;
                continue;
            }
        }
        row = from(column, node.glyph.weight())?;
        steps.push(Step::Missing(node.glyph));
    }
    if !stretch.free_start {
        let rest = stretch.leak.get(..column).unwrap_or_default();
        steps.extend(rest.iter().rev().map(|glyph| Step::Extra(*glyph)));
    }
    steps.reverse();
    Some((steps, column))
}

#[cfg(test)]
mod tests {
    use super::super::lattice::Lattice;
    use super::super::normalise::Text;
    use super::*;
    use crate::read::tests::{choice, master, text};

    fn whole(branches: &[&str], leak: &str) -> Alignment {
        let master = master(vec![text("say "), choice(0, branches), text(" now")]);
        let lattice = Lattice::of(&master);
        let leak = Text::of([leak]);
        let block = &lattice.blocks[0];
        let stretch = Stretch {
            block,
            from: 0,
            to: block.nodes.len(),
            leak: &leak.glyphs,
            free_start: true,
            free_end: true,
            partial: false,
            case: Case::Counts,
        };
        align(&stretch).unwrap()
    }

    fn through(alignment: &Alignment, branch: usize) -> u32 {
        alignment.through.iter().find(|t| t.1 == branch).unwrap().2
    }

    #[test]
    fn the_branch_taken_costs_nothing_and_the_other_its_distance() {
        let found = whole(&["server", "service"], "well, say service now and then");
        assert_eq!((found.cost, found.start), (0, 6));
        assert_eq!(through(&found, 1), 0);
        assert_eq!(through(&found, 0), 24);
        let entered = found.steps.iter().filter_map(|step| match step {
            Step::Mark(NodeMark::Enter { branch, .. }) => Some(*branch),
            _ => None,
        });
        assert_eq!(entered.collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn an_absent_site_costs_every_branch() {
        let found = whole(&["server", "daemon"], "say now");
        assert_eq!(through(&found, 0), through(&found, 1));
        assert!(found.cost > 0);
    }

    #[test]
    fn case_costs_little_and_only_where_it_counts() {
        let found = whole(&["Root", "root"], "say Root now");
        assert_eq!((through(&found, 0), through(&found, 1)), (0, 1));
    }

    #[test]
    fn distance_between_branches() {
        let master = master(vec![text("say "), choice(0, &["server", "service"]), text(" now")]);
        let lattice = Lattice::of(&master);
        let block = &lattice.blocks[0];
        let mut leak = Vec::new();
        super::super::normalise::normalise("service", &mut leak);
        let of =
            |branch: usize| distance(block, block.places[0].branches[branch].clone(), &leak, Case::Counts);
        assert_eq!((of(0), of(1)), (Some(24), Some(0)));
    }
}
