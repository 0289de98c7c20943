//! The common case without a table: a stretch with one place, whose leak is one of its paths glyph by glyph.
//!
//! The costs of edits are a metric, so what two texts have in common at their ends can be left out of the
//! distance between them: the least cost through another branch is its distance from the branch the leak took,
//! and stands out as far as it can.

use super::{Alignment, Step, Stretch};
use crate::read::lattice::{Block, LatticeNode, NodeMark};
use crate::read::normalise::{Case, Glyph};

/// Aligns a stretch with both ends fixed, if one and only one branch of its one place gives the leak.
pub(super) fn align(stretch: &Stretch<'_>) -> Option<Alignment> {
    if stretch.free_start || stretch.free_end {
        return None;
    }
    let Single { place, before, branches, after } = single(stretch.block, stretch.from, stretch.to)?;
    let rest = strip(stretch.leak, before, after)?;
    let mut same = branches.iter().enumerate().filter(|(_, branch)| is(branch, rest));
    let (taken, _) = same.next()?;
    if same.next().is_some() {
        return None;
    }
    let distance = |branch: &[LatticeNode]| u32::from(!is_folded(branch, rest, stretch.case));
    let through = branches
        .iter()
        .enumerate()
        .map(|(at, branch)| (place, at, if at == taken { 0 } else { distance(branch) }))
        .collect();
    let matches =
        |nodes: &[LatticeNode]| nodes.iter().map(|node| Step::Match(node.glyph)).collect::<Vec<_>>();
    let mark = u32::try_from(place).ok()?;
    let mut steps = matches(before);
    steps.push(Step::Mark(NodeMark::Enter { place: mark, branch: u32::try_from(taken).ok()? }));
    steps.extend(rest.iter().map(|glyph| Step::Match(*glyph)));
    steps.push(Step::Mark(NodeMark::Leave { place: mark }));
    steps.extend(matches(after));
    Some(Alignment { steps, through, cost: 0, start: 0, exact: true })
}

/// What a stretch with one place shows with each branch there, in three parts.
pub(in crate::read) fn spellings(block: &Block, from: usize, to: usize) -> Option<Vec<[&[LatticeNode]; 3]>> {
    let Single { before, branches, after, .. } = single(block, from, to)?;
    Some(branches.into_iter().map(|branch| [before, branch, after]).collect())
}

/// A stretch with one place and nothing but characters.
struct Single<'a> {
    place: usize,
    before: &'a [LatticeNode],
    branches: Vec<&'a [LatticeNode]>,
    after: &'a [LatticeNode],
}

fn single(block: &Block, from: usize, to: usize) -> Option<Single<'_>> {
    let nodes = block.nodes.get(from..to)?;
    let enter = nodes.iter().position(|node| matches!(node.mark, NodeMark::Enter { .. }))?;
    let NodeMark::Enter { place, .. } = nodes.get(enter)?.mark else { return None };
    let branches = &block.places.get(place as usize)?.branches;
    let leave = branches.last()?.end.checked_sub(from)?;
    if nodes.get(leave)?.mark != (NodeMark::Leave { place }) {
        return None;
    }
    let (before, after) = (plain(nodes.get(..enter)?)?, plain(nodes.get(leave + 1..)?)?);
    let branch = |nodes: &std::ops::Range<usize>| plain(block.nodes.get(nodes.start + 1..nodes.end)?);
    let branches = branches.iter().map(branch).collect::<Option<_>>()?;
    Some(Single { place: place as usize, before, branches, after })
}

/// The nodes, if they are one path of characters.
fn plain(nodes: &[LatticeNode]) -> Option<&[LatticeNode]> {
    let is_character =
        |node: &LatticeNode| !node.glyph.is_any() && node.glyph != Glyph::PASS && node.glyph != Glyph::LOST;
    nodes.iter().all(is_character).then_some(nodes)
}

fn strip<'a>(leak: &'a [Glyph], before: &[LatticeNode], after: &[LatticeNode]) -> Option<&'a [Glyph]> {
    let (head, rest) = leak.split_at_checked(before.len())?;
    let (rest, tail) = rest.split_at_checked(rest.len().checked_sub(after.len())?)?;
    (is(before, head) && is(after, tail)).then_some(rest)
}

fn is(nodes: &[LatticeNode], leak: &[Glyph]) -> bool {
    nodes.len() == leak.len() && nodes.iter().zip(leak).all(|(node, glyph)| node.glyph == *glyph)
}

/// Whether turning the branch into the leak costs nothing.
fn is_folded(nodes: &[LatticeNode], leak: &[Glyph], case: Case) -> bool {
    nodes.len() == leak.len()
        && nodes.iter().zip(leak).all(|(node, glyph)| node.glyph.instead(*glyph, case) == 0)
}
