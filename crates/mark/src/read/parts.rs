//! A file's blocks and long orders, in the order they stand in, built by all cores.
//!
//! What a block holds depends on where it starts and on nothing before: so a long file is built from several places at
//! once, and each stretch goes on until it ends where a block of the next one starts.

use rayon::prelude::*;

use super::lattice::{Block, Builder, is_short, keep};
use crate::master::{Master, Node, SiteIx};

/// Bytes of text that are worth a task of their own.
const STRETCH: usize = 8 << 10;

/// A part of a file.
#[derive(Debug)]
pub(super) enum Part {
    Block(Block),
    /// An order whose items are looked for one by one; an item without text is an empty block.
    Order {
        site: SiteIx,
        items: Vec<Block>,
    },
}

/// Returns the parts of a file.
pub(super) fn of_file(master: &Master, nodes: &[Node]) -> Vec<Part> {
    stitched(master, nodes, &cuts(nodes, STRETCH))
}

/// Where a block may start: in a node, and for text at a byte of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    node: usize,
    byte: usize,
}

/// Parts side by side, and where the first starts and the next would.
struct Built {
    start: Place,
    end: Place,
    parts: Vec<Part>,
}

/// Builds the stretches between the cuts, and where they do not meet what lies between.
fn stitched(master: &Master, nodes: &[Node], cuts: &[Place]) -> Vec<Part> {
    let ends = cuts.iter().skip(1).map(Some).chain([None]);
    let stretches: Vec<(&Place, Option<&Place>)> = cuts.iter().zip(ends).collect();
    let stretches: Vec<Vec<Built>> = stretches
        .into_par_iter()
        .map(|(from, to)| build(master, nodes, *from, |at| to.is_some_and(|to| at >= *to)))
        .collect();
    let (mut parts, mut at) = (Vec::new(), Place::default());
    for stretch in stretches {
        let Some(end) = stretch.last().map(|built| built.end) else { continue };
        let starts_there = |at: Place| stretch.binary_search_by_key(&at, |built| built.start);
        if at < end && starts_there(at).is_err() {
            for built in build(master, nodes, at, |at| at >= end || starts_there(at).is_ok()) {
                at = built.end;
                parts.extend(built.parts);
            }
        }
        if let Ok(first) = starts_there(at) {
            at = end;
            parts.extend(stretch.into_iter().skip(first).flat_map(|built| built.parts));
        }
    }
    parts
}

/// Builds from a place on, until a block ends where it may or the file does.
fn build(master: &Master, nodes: &[Node], from: Place, may_end: impl Fn(Place) -> bool) -> Vec<Built> {
    let mut builder = Builder::new(master);
    let (mut found, mut start) = (Vec::new(), from);
    let mut close = |end: Place, block: Option<Block>, order: Option<Part>| {
        let parts = block.map(Part::Block).into_iter().chain(order).collect();
        found.push(Built { start: std::mem::replace(&mut start, end), end, parts });
        may_end(end)
    };
    let mut ended = false;
    for (at, node) in nodes.iter().enumerate().skip(from.node) {
        match node {
            Node::Text(text) => {
                let skipped = if at == from.node { from.byte } else { 0 };
                let mut rest = text.get(skipped..).unwrap_or_default();
                while let Some((paragraph, tail)) = split_paragraph(rest) {
                    builder.text(paragraph);
                    rest = tail;
                    if builder.is_long_enough() {
                        ended =
                            close(Place { node: at, byte: text.len() - rest.len() }, builder.close(), None);
                        if ended {
                            break;
                        }
                    }
                }
                if !ended {
                    builder.text(rest);
                }
            }
            Node::Order { site, items, separator } if !is_short(items, separator, keep(master, *site)) => {
                let items = items.iter().map(|item| item_block(master, item)).collect();
                let order = Part::Order { site: *site, items };
                ended = close(Place { node: at + 1, byte: 0 }, builder.close(), Some(order));
            }
            other => builder.node(other),
        }
        if ended {
            return found;
        }
    }
    close(Place { node: nodes.len(), byte: 0 }, builder.close(), None);
    found
}

fn item_block(master: &Master, item: &[Node]) -> Block {
    let mut builder = Builder::new(master);
    item.iter().for_each(|node| builder.node(node));
    builder.close().unwrap_or_default()
}

/// Ends of paragraphs about so many bytes apart, the start of the file first.
fn cuts(nodes: &[Node], stretch: usize) -> Vec<Place> {
    let mut cuts = vec![Place::default()];
    let mut since = 0;
    for (node, content) in nodes.iter().enumerate() {
        let Node::Text(text) = content else { continue };
        let mut from = 0;
        while since + text.len().saturating_sub(from) >= stretch {
            let byte = text.ceil_char_boundary(from + stretch.saturating_sub(since));
            since = since.max(stretch);
            let rest = text.get(byte..).unwrap_or_default();
            let Some((_, tail)) = split_paragraph(rest) else { break };
            from = text.len() - tail.len();
            cuts.push(Place { node, byte: from });
            since = 0;
        }
        since += text.len().saturating_sub(from);
    }
    cuts
}

/// Splits after the first blank line.
fn split_paragraph(text: &str) -> Option<(&str, &str)> {
    let mut blank_from = None;
    for (at, c) in text.char_indices() {
        match (c, blank_from) {
            ('\n', Some(_)) => return text.split_at_checked(at + 1),
            ('\n', None) => blank_from = Some(at),
            (c, Some(_)) if !c.is_whitespace() => blank_from = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::tests::{choice, master, order, text};

    #[test]
    fn paragraphs() {
        assert_eq!(split_paragraph("a\nb"), None);
        assert_eq!(split_paragraph("a\n \nb\n\nc"), Some(("a\n \n", "b\n\nc")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn where_a_file_is_cut_changes_nothing(
            pieces in prop::collection::vec((0..5_u8, 0..9_usize), 1..40), stretch in 1..200_usize,
        ) {
            let long = format!("item {}", "word ".repeat(300));
            let piece = |(at, (kind, words)): (usize, &(u8, usize))| match kind {
                0 => choice(at, &["some words", "others"]),
                1 => order(at, &[&format!("{long} a"), &format!("{long} b"), ""]),
                2 => text(&format!("{}\n \n", "é- ".repeat(*words))),
                3 => text(&"some words here\n\nand there".repeat(*words)),
                _ => text(&format!("words {at} {}\n\n", "of it ".repeat(*words))),
            };
            let master = master(pieces.iter().enumerate().map(piece).collect());
            let nodes = &master.files[0].nodes;
            let whole = stitched(&master, nodes, &[Place::default()]);
            let cut = stitched(&master, nodes, &cuts(nodes, stretch));
            prop_assert_eq!(format!("{cut:?}"), format!("{whole:?}"));
        }
    }
}
