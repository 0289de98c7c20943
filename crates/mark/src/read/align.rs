//! Alignment of a stretch of lattice with a stretch of leak, at the cost of edits in eighths of a
//! character.
//!
//! A forward table gives the least cost from the start to each node, a backward table from each node to
//! the end, so that their sum at a branch's enter node is the least cost of any path *through that
//! branch*, whatever the neighbouring sites show.

mod band;
pub(super) mod exact;

use std::collections::BTreeMap;

use super::lattice::{Block, BlockWord, NodeMark};
use super::normalise::{Case, Glyph, HEAVIEST, LETTER};
use band::{Band, Draft};

/// Most cells of a table; a stretch that needs more is left unread.
const CELLS: usize = 4_000_000;

/// Price of leaving out a part of the master at an end, besides the part itself: three letters.
const CUT: u32 = 24;

const NEVER: u32 = u32::MAX / 4;
/// Limit that no path of a table of [`CELLS`] reaches.
const FULL: u32 = NEVER - 1;
/// Limit to start with; a few letters, so that a small edit is found at once.
const LEAST_LIMIT: u32 = 48;

/// Share of the distance between two branches that a margin has to reach, as a fraction.
const SHARE: (u32, u32) = (4, 10);

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
    /// (place, branch, least cost of a path through the branch); of a branch that is clear whatever it costs
    /// ([`is_far`]), a cost at which it is.
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
///
/// Tables hold what costs at most a limit ([`band`]), and the limit is raised until it lets everything through
/// that is asked for: the best path, and whether a branch costs so much more that it is clear.
pub(super) fn align(stretch: &Stretch<'_>) -> Option<Alignment> {
    if let Some(alignment) = exact::align(stretch) {
        return Some(alignment);
    }
    let clear = clear_margin(stretch)?;
    let mut most = clear.max(LEAST_LIMIT);
    loop {
        match align_within(stretch, most)? {
            Found::Alignment(alignment) if alignment.cost.saturating_add(clear) <= most || most == FULL => {
                return Some(alignment);
            }
            Found::Alignment(alignment) => most = (alignment.cost + clear).min(FULL),
            Found::Beyond if most == FULL => return None,
            Found::Beyond => most = most.saturating_mul(4).min(FULL),
        }
    }
}

enum Found {
    Alignment(Alignment),
    /// Every path costs more than the limit.
    Beyond,
}

/// Aligns at a cost of at most `most`; a branch that costs more is said to cost one more than that.
fn align_within(stretch: &Stretch<'_>, most: u32) -> Option<Found> {
    let rows = stretch.to.checked_sub(stretch.from)?;
    let width = stretch.leak.len() + 1;
    if rows == 0 || rows.checked_add(1)?.checked_mul(width)? > CELLS {
        return None;
    }
    let cuts = Cuts::of(stretch, rows);
    let forward = forward(stretch, &cuts, rows, most)?;
    let last = forward.row(rows);
    let (mut column, mut cost) =
        if stretch.free_end { last.least().unwrap_or((0, NEVER)) } else { (width - 1, last.at(width - 1)) };
    let mut row = rows;
    for (end, price) in &cuts.ends {
        let cut = forward.row(*end).least().map(|(at, cell)| (at, cell + price));
        if let Some((at, cut)) = cut.filter(|(_, cut)| *cut < cost) {
            (row, column, cost) = (*end, at, cut);
        }
    }
    if cost > most {
        return Some(Found::Beyond);
    }
    let (mut steps, start) = trace(stretch, &cuts, &forward, row, column)?;
    if row < rows {
        steps.push(Step::Cut);
    }
    let through =
        if has_places(stretch) { through(stretch, &cuts, &forward, rows, most)? } else { Vec::new() };
    Some(Found::Alignment(Alignment { steps, through, cost, start, exact: false }))
}

/// Returns how much more than the best path a branch costs at least, if nothing else about it matters any more
/// ([`is_far`]); 0 where no branch is.
fn clear_margin(stretch: &Stretch<'_>) -> Option<u32> {
    let nodes = stretch.block.nodes.get(stretch.from..stretch.to)?;
    let mut most = 0;
    for node in nodes {
        if let NodeMark::Enter { place, branch: 0 } = node.mark {
            let branches = &stretch.block.places.get(place as usize)?.branches;
            most = branches.iter().map(|branch| longest(stretch.block, branch)).fold(most, usize::max);
        }
    }
    let distance = distance_at_most(most, nodes.iter().map(|node| node.glyph));
    Some(SHARE.0.saturating_mul(distance).div_ceil(SHARE.1).min(FULL))
}

/// Longest rendering of a branch, in glyphs.
fn longest(block: &Block, branch: &std::ops::Range<usize>) -> usize {
    let at = |node: usize| block.nodes.get(node).map_or(0, |node| node.longest as usize);
    at(branch.end.saturating_sub(1)).saturating_sub(at(branch.start))
}

/// Most that turning one text into another costs when neither has more glyphs than this and they have no others
/// than these: that of as many glyphs replaced, put in or left out.
fn distance_at_most(length: usize, mut glyphs: impl Iterator<Item = Glyph>) -> u32 {
    let each = if glyphs.any(|glyph| glyph.is_any() || glyph == Glyph::LOST) { HEAVIEST } else { LETTER };
    u32::try_from(length).unwrap_or(NEVER).saturating_mul(each).min(NEVER)
}

/// Whether a whole block can be aligned with this many glyphs of leak.
pub(super) fn fits(block: &Block, leak: usize) -> bool {
    (block.nodes.len() + 1).checked_mul(leak + 1).is_some_and(|cells| cells <= CELLS)
}

/// Whether `margin` is at least 0.4 of the least cost of turning a branch's best rendering into `text`.
pub(super) fn is_far(
    block: &Block,
    branch: std::ops::Range<usize>,
    text: &[Glyph],
    margin: u32,
    case: Case,
) -> bool {
    let (rows, width) = (branch.len(), text.len() + 1);
    if (rows + 1).checked_mul(width).is_none_or(|cells| cells > CELLS) {
        return false;
    }
    let share = |distance: u32| SHARE.1.saturating_mul(margin) >= SHARE.0.saturating_mul(distance);
    let nodes = block.nodes.get(branch.clone()).unwrap_or_default().iter().map(|node| node.glyph);
    let length = longest(block, &branch).max(text.len());
    if share(distance_at_most(length, nodes.chain(text.iter().copied()))) {
        return true;
    }
    let stretch = Stretch {
        block,
        from: branch.start,
        to: branch.end,
        leak: text,
        free_start: false,
        free_end: false,
        partial: false,
        case,
    };
    let most = SHARE.1.saturating_mul(margin) / SHARE.0;
    forward(&stretch, &Cuts::default(), rows, most).is_some_and(|table| share(table.row(rows).at(text.len())))
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

fn has_places(stretch: &Stretch<'_>) -> bool {
    let nodes = stretch.block.nodes.get(stretch.from..stretch.to).unwrap_or_default();
    nodes.iter().any(|node| matches!(node.mark, NodeMark::Enter { .. }))
}

/// Row of a node before: the start for everything outside the stretch.
fn row_of(stretch: &Stretch<'_>, node: usize) -> usize {
    (node + 1).saturating_sub(stretch.from)
}

/// Row 0 is the start; row r is the node `from + r - 1`.
fn forward(stretch: &Stretch<'_>, cuts: &Cuts, rows: usize, most: u32) -> Option<Band> {
    let mut table = Band::new(rows + 1);
    let (mut draft, mut least) = (Draft::default(), Draft::default());
    draft.start(stretch.free_start, stretch.leak, most);
    table.set(0, &draft, most);
    for (row, node) in stretch.block.nodes.get(stretch.from..stretch.to)?.iter().enumerate() {
        let mut befores =
            stretch.block.before.of(stretch.from + row).map(|before| table.row(row_of(stretch, before)));
        let first = befores.next().unwrap_or_else(|| table.row(0));
        let input = match befores.next() {
            None => first,
            Some(second) => {
                least.copy(first);
                std::iter::once(second).chain(befores).for_each(|row| least.lower(row));
                least.row()
            }
        };
        if node.glyph == Glyph::PASS {
            draft.copy(input);
        } else {
            draft.take((node.glyph, false), input, stretch.leak, stretch.case, most);
        }
        if let Some(price) = cuts.starts.get(&(row + 1)).filter(|price| **price <= most) {
            draft.cap(*price, stretch.leak.len() + 1);
        }
        table.set(row + 1, &draft, most);
    }
    Some(table)
}

/// Least cost through every branch: forward to its enter node plus backward from it.
fn through(
    stretch: &Stretch<'_>,
    cuts: &Cuts,
    forward: &Band,
    rows: usize,
    most: u32,
) -> Option<Vec<(usize, usize, u32)>> {
    // Row r of this table is the least cost from after node `from + r - 1` to the end; its columns, and the
    // leak, run backwards.
    let mut table = Band::new(rows + 1);
    let leak: Vec<Glyph> = stretch.leak.iter().rev().copied().collect();
    let width = leak.len() + 1;
    let (mut draft, mut taken) = (Draft::default(), Draft::default());
    draft.start(stretch.free_end, &leak, most);
    table.set(rows, &draft, most);
    let mut found = Vec::new();
    let nodes = stretch.block.nodes.get(stretch.from..stretch.to)?;
    for (row, node) in nodes.iter().enumerate().rev() {
        let before = forward.row(row + 1);
        if row + 1 < rows {
            draft.clear();
            for after in stretch.block.after.of(stretch.from + row) {
                let next = row_of(stretch, after);
                let glyph = stretch.block.nodes.get(after)?.glyph;
                if next > rows {
                    continue;
                }
                if glyph == Glyph::PASS {
                    draft.lower(table.row(next));
                } else {
                    taken.take((glyph, true), table.row(next), &leak, stretch.case, most);
                    draft.lower(taken.row());
                }
            }
            if let Some(price) = cuts.ends.get(&(row + 1)).filter(|price| **price <= most) {
                draft.cap(*price, width);
            }
            // No path that costs at most `most` passes where it has cost more before.
            let columns = before.columns();
            draft.keep(width.saturating_sub(columns.end)..width.saturating_sub(columns.start));
            table.set(row + 1, &draft, most);
        }
        if let NodeMark::Enter { place, branch } = node.mark {
            let rest = table.row(row + 1);
            let sums = before.columns().zip(before.cells).map(|(at, cost)| cost + rest.at(width - 1 - at));
            found.push((
                place as usize,
                branch as usize,
                sums.min().unwrap_or(NEVER).min(most.saturating_add(1)),
            ));
        }
    }
    Some(found)
}

/// Walks the best path back from the last node.
fn trace(
    stretch: &Stretch<'_>,
    cuts: &Cuts,
    table: &Band,
    rows: usize,
    column: usize,
) -> Option<(Vec<Step>, usize)> {
    let mut steps = Vec::new();
    let (mut row, mut column) = (rows, column);
    while row > 0 {
        let node = stretch.block.nodes.get(stretch.from + row - 1)?;
        let cost = table.row(row).at(column);
        if cuts.starts.get(&row) == Some(&cost) {
            steps.push(Step::Cut);
            steps.reverse();
            return Some((steps, column));
        }
        let befores = stretch.block.before.of(stretch.from + row - 1);
        let is_first = befores.len() == 0;
        let rows_before = befores.map(|before| row_of(stretch, before)).chain(is_first.then_some(0));
        let from = |column: usize, paid: u32| {
            rows_before.clone().find(|before| table.row(*before).at(column) + paid == cost)
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
            if table.row(row).at(column - 1) + node.glyph.extra(*glyph, false) == cost {
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
    use proptest::prelude::*;

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
            Step::Mark(NodeMark::Enter { branch, .. }) => Some(*branch as usize),
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
        let far = |branch: usize, margin: u32| {
            is_far(block, block.places[0].branches[branch].clone(), &leak, margin, Case::Counts)
        };
        // 24 apart, of which ten are enough.
        assert!(!far(0, 9) && far(0, 10) && far(1, 0));
    }

    /// A text of few letters, so that much of it resembles the rest.
    fn text_of(letters: &[u8]) -> String {
        letters.iter().map(|letter| ["a", "b", "Ab", " ", ", ", "c d"][usize::from(*letter) % 6]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// A limit leaves out nothing that is asked for: the same path, cost and clear branches as without one.
        #[test]
        fn a_limited_table_says_what_a_whole_one_does(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..14), 9),
            constant in any::<bool>(),
            taken in [0..2_usize, 0..3_usize],
            edits in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4),
            (free_start, free_end, partial) in any::<(bool, bool, bool)>(),
        ) {
            let texts: Vec<String> = texts.iter().map(|letters| text_of(letters)).collect();
            let of = |at: usize| texts[at].as_str();
            let mut nodes = vec![
                text(&format!("say {}", of(0))),
                choice(0, &[of(1), of(2)]),
                text(of(3)),
                choice(1, &[of(4), of(5), of(6)]),
                text(&format!("{} now", of(7))),
            ];
            if constant {
                nodes.insert(3, crate::read::tests::constant(2, crate::master::Generator::Hex(8)));
            }
            let master = master(nodes);
            let value = if constant { "0a1b2c3d" } else { "" };
            let copy = format!(
                "say {}{}{}{value}{}{} now", of(0), of(1 + taken[0]), of(3), of(4 + taken[1]), of(7)
            );
            let mut leak: Vec<char> = copy.chars().collect();
            for (at, how) in edits {
                let at = usize::from(at) % leak.len().max(1);
                match how % 3 {
                    0 => leak.insert(at, 'x'),
                    1 if at < leak.len() => { leak.remove(at); }
                    _ => leak.splice(at..at, of(8).chars()).for_each(drop),
                }
            }
            let leak = Text::of([leak.into_iter().collect::<String>().as_str()]);
            let lattice = Lattice::of(&master);
            let block = &lattice.blocks[0];
            for case in [Case::Counts, Case::Lost] {
                let stretch = Stretch {
                    block, from: 0, to: block.nodes.len(), leak: &leak.glyphs, free_start, free_end, partial, case,
                };
                let Some(Found::Alignment(whole)) = align_within(&stretch, FULL) else { panic!("no path") };
                let limited = align(&stretch).unwrap();
                if limited.exact {
                    continue;
                }
                prop_assert_eq!(&limited.steps, &whole.steps);
                prop_assert_eq!((limited.cost, limited.start), (whole.cost, whole.start));
                let clear = whole.cost + clear_margin(&stretch).unwrap();
                for (one, other) in limited.through.iter().zip(&whole.through) {
                    prop_assert_eq!((one.0, one.1), (other.0, other.1));
                    prop_assert!(one.2 == other.2 || (one.2 < other.2 && one.2 > clear), "{:?} {:?}", one, other);
                }
                prop_assert_eq!(limited.through.len(), whole.through.len());
            }
        }
    }
}
