//! Long orders: each item is looked for on its own where the order should stand, and positions compared.

use super::align::{Step, Stretch, align, fits};
use super::decide::reach;
use super::lattice::{Block, Lattice, LongOrder};
use super::normalise::{Case, Glyph, Text};
use super::seed::Chain;
use crate::arrange::rank_of;

/// Most places in the leak where an order is looked for.
const REGIONS: usize = 8;
/// Glyphs of the text next to the order that a chain may miss and still tell where the order stands.
const DISTANCE: usize = 240;

/// Reads an order wherever its neighbours or its items were found; one rank for each place read.
pub(super) fn read_order(
    lattice: &Lattice,
    order: &LongOrder,
    chains: &[Chain],
    leak: &Text,
    case: Case,
) -> Vec<u32> {
    let mut tried: Vec<std::ops::Range<usize>> = Vec::new();
    let mut ranks = Vec::new();
    for (region, closed) in regions(lattice, order, chains, leak) {
        let overlaps = |known: &std::ops::Range<usize>| known.start < region.end && region.start < known.end;
        if tried.iter().any(overlaps) || tried.len() >= REGIONS {
            continue;
        }
        let rank = read_region(lattice, order, chains, leak, region.clone(), closed, case);
        if rank.is_some() || closed {
            tried.push(region);
        }
        ranks.extend(rank);
    }
    ranks
}

fn regions(
    lattice: &Lattice,
    order: &LongOrder,
    chains: &[Chain],
    leak: &Text,
) -> Vec<(std::ops::Range<usize>, bool)> {
    let room = reach(order.longest);
    // Where the order may start and how far it may reach; where it may end and how far back it may start.
    let (mut starts, mut ends, mut around) = (Vec::new(), Vec::new(), Vec::new());
    for chain in chains {
        let Some(block) = lattice.blocks.get(chain.block) else { continue };
        let pair = |pair: Option<&(usize, usize)>| {
            let (word, there) = pair?;
            Some((*block.words.get(*word)?, *leak.words.get(*there)?))
        };
        let first = pair(chain.pairs.first());
        let last = pair(chain.pairs.last());
        let (Some((first, first_leak)), Some((last, last_leak))) = (first, last) else { continue };
        let rest = block.longest_between(last.end, block.nodes.len());
        if order.before == Some(chain.block) && rest <= DISTANCE {
            starts.push((last_leak.end, (last_leak.end + rest + room).min(leak.glyphs.len())));
        }
        let rest = block.longest_between(0, first.start);
        if order.after == Some(chain.block) && rest <= DISTANCE {
            ends.push((first_leak.start.saturating_sub(rest + room), first_leak.start));
        }
        if order.items.contains(&chain.block) {
            let end = (last_leak.end + room).min(leak.glyphs.len());
            around.push(first_leak.start.saturating_sub(room)..end);
        }
    }
    // Between both neighbours first: what resembles an item beyond them is none.
    let end_of = |(from, to): (usize, usize)| {
        let near = ends.iter().filter(|(_, end)| (from..=to).contains(end));
        near.map(|(_, end)| *end).min()
    };
    let closed: Vec<_> = starts.iter().filter_map(|start| Some((start.0..end_of(*start)?, true))).collect();
    let open = starts.iter().chain(&ends).map(|(from, to)| *from..*to);
    closed.into_iter().chain(open.chain(around).map(|region| (region, false))).collect()
}

/// Reads the order in a stretch of the leak; in one that is not closed by both neighbours, an item that
/// is there twice is none.
fn read_region(
    lattice: &Lattice,
    order: &LongOrder,
    chains: &[Chain],
    leak: &Text,
    region: std::ops::Range<usize>,
    closed: bool,
    case: Case,
) -> Option<u32> {
    let text = leak.glyphs.get(region.clone())?;
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (item, block) in order.items.iter().enumerate() {
        let (at, block) = (*block, lattice.blocks.get(*block)?);
        let found_here = if fits(block, text.len()) {
            find_item(block, text, case)?
        } else {
            find_chain(at, chains, leak, &region)?
        };
        let Some((start, length)) = found_here else { continue };
        if !closed && fits(block, text.len()) {
            let rest = [text.get(..start)?, text.get(start + length..)?];
            for rest in rest {
                if find_item(block, rest, case)?.is_some() {
                    return None;
                }
            }
        }
        found.push((start, length, item));
    }
    found.sort_unstable();
    let apart = found.iter().zip(found.iter().skip(1)).all(|(one, next)| {
        let overlap = (one.0 + one.1).saturating_sub(next.0);
        5 * overlap <= one.1.min(next.1)
    });
    let arrangement: Vec<usize> = found.iter().map(|(_, _, item)| *item).collect();
    (apart && arrangement.len() == order.keep)
        .then(|| rank_of(&arrangement, u32::try_from(order.items.len()).ok()?))
        .flatten()
}

/// Start and length of an item's best match, `Some(None)` when it is not there, `None` when it cannot be
/// looked for.
fn find_item(block: &Block, text: &[Glyph], case: Case) -> Option<Option<(usize, usize)>> {
    let stretch = Stretch {
        block,
        from: 0,
        to: block.nodes.len(),
        leak: text,
        free_start: true,
        free_end: true,
        partial: false,
        case,
    };
    let alignment = align(&stretch)?;
    let (mut weight, mut matched, mut length) = (0, 0, 0);
    for step in &alignment.steps {
        match step {
            Step::Mark(_) | Step::Cut => {}
            Step::Match(glyph) => {
                weight += glyph.weight();
                matched += glyph.weight();
                length += 1;
            }
            Step::Other(glyph) => {
                weight += glyph.weight();
                length += 1;
            }
            Step::Missing(glyph) => weight += glyph.weight(),
            Step::Extra(_) => length += 1,
        }
    }
    let there = weight > 0 && 100 * matched >= 80 * weight && 100 * alignment.cost <= 25 * weight;
    Some(there.then_some((alignment.start, length)))
}

/// Start and length of the one chain of a large item in a region, `Some(None)` when it has none, `None`
/// when it has several.
fn find_chain(
    block: usize,
    chains: &[Chain],
    leak: &Text,
    region: &std::ops::Range<usize>,
) -> Option<Option<(usize, usize)>> {
    let glyph = |word: usize| leak.words.get(word).map(|word| word.start);
    let here = |chain: &&Chain| glyph(chain.span.0).is_some_and(|start| region.contains(&start));
    let mut found = chains.iter().filter(|chain| chain.block == block).filter(here);
    let (first, second) = (found.next(), found.next());
    if second.is_some() {
        return None;
    }
    Some(first.and_then(|chain| {
        let (from, to) = chain.span;
        let (start, last) = (glyph(from)?, glyph(to.saturating_sub(1))?);
        Some((start.checked_sub(region.start)?, last.saturating_sub(start)))
    }))
}
