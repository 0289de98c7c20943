//! Long orders: each item is looked for on its own where the order should stand, and positions compared.

use super::align::{Step, Stretch, align};
use super::decide::reach;
use super::lattice::{Lattice, LongOrder};
use super::normalise::{Case, Text};
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
    for region in regions(lattice, order, chains, leak) {
        let overlaps = |known: &std::ops::Range<usize>| known.start < region.end && region.start < known.end;
        if tried.iter().any(overlaps) || tried.len() >= REGIONS {
            continue;
        }
        if let Some(rank) = read_region(lattice, order, leak, region.clone(), case) {
            ranks.push(rank);
            tried.push(region);
        }
    }
    ranks
}

fn regions(
    lattice: &Lattice,
    order: &LongOrder,
    chains: &[Chain],
    leak: &Text,
) -> Vec<std::ops::Range<usize>> {
    let room = reach(order.longest);
    let end = leak.glyphs.len();
    let mut regions = Vec::new();
    for chain in chains {
        let Some(block) = lattice.blocks.get(chain.block) else { continue };
        let pair = |pair: Option<&(usize, usize)>| {
            let (word, there) = pair?;
            Some((*block.words.get(*word)?, *leak.words.get(*there)?))
        };
        let (Some((first, first_leak)), Some((last, last_leak))) =
            (pair(chain.pairs.first()), pair(chain.pairs.last()))
        else {
            continue;
        };
        let rest = block.longest_between(last.end, block.nodes.len());
        if order.before == Some(chain.block) && rest <= DISTANCE {
            regions.push(last_leak.end..(last_leak.end + rest + room).min(end));
        }
        let rest = block.longest_between(0, first.start);
        if order.after == Some(chain.block) && rest <= DISTANCE {
            regions.push(first_leak.start.saturating_sub(rest + room)..first_leak.start);
        }
        if order.items.contains(&chain.block) {
            regions.push(first_leak.start.saturating_sub(room)..(last_leak.end + room).min(end));
        }
    }
    regions
}

fn read_region(
    lattice: &Lattice,
    order: &LongOrder,
    leak: &Text,
    region: std::ops::Range<usize>,
    case: Case,
) -> Option<u32> {
    let text = leak.glyphs.get(region)?;
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (item, block) in order.items.iter().enumerate() {
        let block = lattice.blocks.get(*block)?;
        let stretch = Stretch {
            block,
            from: 0,
            to: block.nodes.len(),
            leak: text,
            free_start: true,
            free_end: true,
            case,
        };
        let alignment = align(&stretch)?;
        let (mut weight, mut matched, mut length) = (0, 0, 0);
        for step in &alignment.steps {
            match step {
                Step::Mark(_) => {}
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
        if weight > 0 && 100 * matched >= 80 * weight && 100 * alignment.cost <= 25 * weight {
            found.push((alignment.start, length, item));
        }
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
