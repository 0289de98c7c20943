//! A master's blocks as character lattices: every rendering is a path.
//!
//! A file is split where its invariant text has blank lines, and around long orders, so that each block
//! is found on its own: excerpts, shuffles and quotations keep blocks. Within a block a choice is
//! parallel branches between two pass nodes, a constant a run of wildcards (or nothing), and a short order a choice
//! of all its arrangements.

use rayon::prelude::*;

use crate::arrange::{arrangement, arrangements};
use crate::master::{Generator, Master, Node as MasterNode, SiteIx, SiteKind};

use super::hashed::HashedSet;
use super::normalise::{EMPTY, Glyph, mix, normalise, words};
use super::parts::{self, Part};
use super::seed::Seeds;

/// Fewest invariant words of a block; shorter paragraphs join the next.
const BLOCK_WORDS: usize = 12;
/// Nodes that most blocks do not exceed.
const BLOCK_NODES: usize = 512;
/// Most characters that all arrangements of an order may take to be compared as branches.
const ARRANGEMENT_GLYPHS: usize = 1500;
/// Number of words that make a seed.
pub(super) const SEED_WORDS: usize = 3;

/// All blocks and long orders of a master.
#[derive(Debug, Default)]
pub(super) struct Lattice {
    pub(super) blocks: Vec<Block>,
    pub(super) orders: Vec<LongOrder>,
    /// Runs of words that the blocks are found by.
    pub(super) seeds: Seeds,
    /// Seeds that stand inside branches, so that some copies have them and others not.
    pub(super) in_branches: HashedSet,
}

/// One block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Nodes in topological order; the first and the last are pass nodes.
    pub(super) nodes: Vec<LatticeNode>,
    pub(super) before: Links,
    pub(super) after: Links,
    /// Whole words of the invariant text, which every path takes.
    pub(super) words: Vec<BlockWord>,
    /// Every place of a choice or a short order.
    pub(super) places: Vec<Place>,
}

/// A node of a block.
#[derive(Clone, Debug)]
pub(super) struct LatticeNode {
    pub(super) glyph: Glyph,
    /// Longest path from the block's start, in glyphs.
    pub(super) longest: u32,
    pub(super) mark: NodeMark,
}

/// Neighbours of every node on one side; nearly always one.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The neighbour, [`Links::NONE`], or [`Links::MANY`] and where they are in `many`.
    one: Vec<u32>,
    many: Vec<Vec<u32>>,
}

impl Links {
    const NONE: u32 = u32::MAX;
    const MANY: u32 = 1 << 31;

    /// Returns a node's neighbours, in the order they were added.
    pub(super) fn of(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        let all = match self.one.get(node) {
            None | Some(&Self::NONE) => &[],
            Some(one) if one & Self::MANY == 0 => std::slice::from_ref(one),
            Some(many) => self.many.get((many & !Self::MANY) as usize).map_or(&[][..], Vec::as_slice),
        };
        all.iter().map(|node| *node as usize)
    }

    fn push(&mut self, node: usize, neighbour: usize) {
        if node >= self.one.len() {
            self.one.resize(node + 1, Self::NONE);
        }
        // A block of 2^31 nodes would not fit into memory.
        let (Some(one), Ok(neighbour)) = (self.one.get_mut(node), u32::try_from(neighbour)) else { return };
        if *one == Self::NONE {
            *one = neighbour;
        } else if *one & Self::MANY == 0 {
            self.many.push(vec![*one, neighbour]);
            *one = Self::MANY | (self.many.len() - 1) as u32;
        } else if let Some(many) = self.many.get_mut((*one & !Self::MANY) as usize) {
            many.push(neighbour);
        }
    }
}

/// What passing a node means for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeMark {
    None,
    /// Starts a branch of the block's place.
    Enter {
        place: u32,
        branch: u32,
    },
    /// Ends the place.
    Leave {
        place: u32,
    },
}

/// An invariant word.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockWord {
    pub(super) hash: u64,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether nothing but invariant text lies between the word before and this one.
    pub(super) joined: bool,
}

/// A place where a choice or a short order stands.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) site: SiteIx,
    /// Nodes of each branch: its enter node up to, but without, the next branch's.
    pub(super) branches: Vec<std::ops::Range<usize>>,
}

/// An order whose items are looked for one by one.
#[derive(Debug)]
pub(super) struct LongOrder {
    pub(super) site: SiteIx,
    pub(super) keep: usize,
    /// Indices of the items' blocks.
    pub(super) items: Vec<usize>,
    /// Block that ends where the order starts.
    pub(super) before: Option<usize>,
    /// Block that starts where the order ends.
    pub(super) after: Option<usize>,
    /// Longest rendering of all items, in glyphs.
    pub(super) longest: usize,
}

impl Lattice {
    /// Compiles every file of a master.
    pub(super) fn of(master: &Master) -> Self {
        let mut lattice = Lattice::default();
        let files: Vec<Vec<Part>> =
            master.files.par_iter().map(|file| parts::of_file(master, &file.nodes)).collect();
        for file in files {
            // The block right before, and the order.
            let (mut previous, mut waiting) = (None, None);
            for part in file {
                match part {
                    Part::Block(block) => {
                        let at = lattice.push(block);
                        let order = waiting.take().and_then(|order: usize| lattice.orders.get_mut(order));
                        order.into_iter().for_each(|order| order.after = Some(at));
                        previous = Some(at);
                    }
                    Part::Order { site, items } => {
                        waiting = Some(lattice.orders.len());
                        lattice.add_order(master, site, items, previous.take());
                    }
                }
            }
        }
        let in_branches: Vec<Vec<u64>> = lattice.blocks.par_iter().map(Block::seeds_in_branches).collect();
        lattice.in_branches.extend(in_branches.into_iter().flatten());
        lattice.seeds = Seeds::of(&lattice.blocks, &lattice.in_branches);
        lattice
    }

    fn add_order(&mut self, master: &Master, site: SiteIx, items: Vec<Block>, before: Option<usize>) {
        let longest = items.iter().map(|item| item.longest() + 2).sum();
        let items = items.into_iter().map(|item| self.push(item)).collect();
        self.orders.push(LongOrder { site, keep: keep(master, site), items, before, after: None, longest });
    }

    fn push(&mut self, block: Block) -> usize {
        self.blocks.push(block);
        self.blocks.len() - 1
    }
}

impl Block {
    /// Longest rendering, in glyphs.
    pub(super) fn longest(&self) -> usize {
        self.nodes.last().map_or(0, |node| node.longest as usize)
    }

    /// Longest rendering between two nodes, in glyphs.
    pub(super) fn longest_between(&self, from: usize, to: usize) -> usize {
        let at =
            |node: usize| self.nodes.get(node).map_or_else(|| self.longest(), |node| node.longest as usize);
        at(to).saturating_sub(at(from))
    }

    fn seeds_in_branches(&self) -> Vec<u64> {
        let (mut glyphs, mut found): (Vec<Glyph>, Vec<u64>) = (Vec::new(), Vec::new());
        for branch in self.places.iter().flat_map(|place| &place.branches) {
            let nodes = self.nodes.get(branch.clone()).unwrap_or_default();
            glyphs.clear();
            glyphs.extend(nodes.iter().map(|node| node.glyph));
            let words = words(&glyphs);
            found.extend(words.windows(SEED_WORDS).map(|run| seed(run.iter().map(|word| word.hash))));
        }
        found
    }

    /// Hash of the seed that starts at a word, if [`SEED_WORDS`] words stand there side by side.
    pub(super) fn seed(&self, word: usize) -> Option<u64> {
        let run = self.words.get(word..word + SEED_WORDS)?;
        run.iter().skip(1).all(|word| word.joined).then(|| seed(run.iter().map(|word| word.hash)))
    }
}

/// Hash of some words in a row.
pub(super) fn seed(hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(EMPTY, mix)
}

/// A count of nodes, places or branches of a block; 2^32 of them would not fit into memory.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn keep(master: &Master, site: SiteIx) -> usize {
    match master.sites.get(site.0).map(|site| &site.kind) {
        Some(SiteKind::Order { keep, .. }) => *keep as usize,
        _ => 0,
    }
}

pub(super) fn is_short(items: &[Vec<MasterNode>], separator: &str, keep: usize) -> bool {
    let length: usize = items.iter().map(|item| text_length(item) + separator.len()).sum();
    let count =
        (0..keep).fold(1usize, |count, taken| count.saturating_mul(items.len().saturating_sub(taken)));
    count.saturating_mul(length) <= ARRANGEMENT_GLYPHS
}

/// Every arrangement, at the index of its rank.
fn all_arrangements(items: usize, keep: usize) -> Vec<Vec<usize>> {
    let (Ok(items), Ok(keep)) = (u32::try_from(items), u32::try_from(keep)) else { return Vec::new() };
    let count = arrangements(items, keep).and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
    (0..count).map(|rank| arrangement(rank, items, keep)).collect()
}

fn text_length(nodes: &[MasterNode]) -> usize {
    nodes
        .iter()
        .map(|node| match node {
            MasterNode::Text(text) => text.len(),
            MasterNode::Choice { branches, .. } => branches.iter().map(|b| text_length(b)).sum(),
            MasterNode::Constant { .. } => 12,
            MasterNode::Order { items, .. } => items.iter().map(|item| text_length(item)).sum(),
        })
        .sum()
}

/// Builds a block of what comes after one another.
pub(super) struct Builder<'a> {
    master: &'a Master,
    block: Block,
    /// The node every path ends in so far.
    end: usize,
    /// Start of the run of invariant glyphs at the block's top level, and whether a word may start there.
    run: Option<usize>,
    depth: usize,
    /// Whether the next word found stands next to invariant text only.
    joined: bool,
    has_text: bool,
    /// Whether every path to here ends in a space.
    after_space: bool,
    /// Room for glyphs.
    room: Vec<Glyph>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(master: &'a Master) -> Self {
        let source = LatticeNode { glyph: Glyph::PASS, longest: 0, mark: NodeMark::None };
        let mut block = Block::default();
        block.nodes.reserve(BLOCK_NODES);
        block.before.one.reserve(BLOCK_NODES);
        block.nodes.push(source);
        Builder {
            master,
            block,
            end: 0,
            run: None,
            depth: 0,
            joined: false,
            has_text: false,
            after_space: false,
            room: Vec::new(),
        }
    }

    pub(super) fn is_long_enough(&self) -> bool {
        let open = self.run.map_or(0, |start| words(&self.glyphs(start)).len());
        self.block.words.len() + open >= BLOCK_WORDS
    }

    /// Returns the block built, if it has any text, and starts the next.
    pub(super) fn close(&mut self) -> Option<Block> {
        std::mem::replace(self, Builder::new(self.master)).finish()
    }

    fn finish(mut self) -> Option<Block> {
        self.close_run(true);
        self.push(Glyph::PASS, &[self.end], NodeMark::None);
        self.block.after.one.reserve(self.block.nodes.len());
        for to in 0..self.block.nodes.len() {
            for from in self.block.before.of(to) {
                self.block.after.push(from, to);
            }
        }
        // Room that most blocks leave over is the next ones'.
        self.block.nodes.shrink_to_fit();
        self.block.before.one.shrink_to_fit();
        self.has_text.then_some(self.block)
    }

    pub(super) fn node(&mut self, node: &MasterNode) {
        match node {
            MasterNode::Text(text) => self.text(text),
            MasterNode::Constant { site } => self.constant(*site),
            MasterNode::Choice { site, branches } => {
                self.place(*site, branches.len(), |builder, branch| {
                    branches.get(branch).into_iter().flatten().for_each(|node| builder.node(node));
                });
            }
            MasterNode::Order { site, items, separator } => {
                let keep = keep(self.master, *site);
                // A long order inside a branch is not read; its items stand there as written.
                let all = if is_short(items, separator, keep) {
                    all_arrangements(items.len(), keep)
                } else {
                    vec![(0..items.len()).collect()]
                };
                self.place(*site, all.len(), |builder, branch| {
                    for (at, item) in all.get(branch).into_iter().flatten().enumerate() {
                        if at > 0 {
                            builder.text(separator);
                        }
                        items.get(*item).into_iter().flatten().for_each(|node| builder.node(node));
                    }
                });
            }
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let mut glyphs = std::mem::take(&mut self.room);
        glyphs.clear();
        normalise(text, &mut glyphs);
        for glyph in glyphs.iter().copied() {
            // White space that meets at the ends of two nodes is one space in a copy.
            let after_space = std::mem::replace(&mut self.after_space, glyph == Glyph::BREAK);
            if after_space && self.after_space {
                continue;
            }
            self.has_text |= glyph.is_word();
            let at = self.push(glyph, &[self.end], NodeMark::None);
            if self.depth == 0 {
                self.run.get_or_insert(at);
            }
        }
        self.room = glyphs;
    }

    fn constant(&mut self, site: SiteIx) {
        self.close_run(false);
        let length = match self.master.sites.get(site.0).map(|site| &site.kind) {
            Some(SiteKind::Constant(Generator::Word(n) | Generator::Hex(n) | Generator::Num(n))) => *n,
            _ => 0,
        };
        let start = self.end;
        for at in 0..length {
            self.push(Glyph::any(at == 0, at + 1 == length), &[self.end], NodeMark::None);
        }
        // Without this way round, the wildcards would swallow the text behind a value that was taken out.
        let value = self.end;
        let lost = self.push(Glyph::LOST, &[start], NodeMark::None);
        self.push(Glyph::PASS, &[value, lost], NodeMark::None);
        self.after_space = false;
        if self.depth == 0 {
            // Keeps a word that touches the value from counting as whole.
            self.joined = false;
        }
    }

    fn place(&mut self, site: SiteIx, branches: usize, mut fill: impl FnMut(&mut Self, usize)) {
        self.close_run(false);
        let place = number(self.block.places.len());
        self.block.places.push(Place { site, branches: Vec::new() });
        self.depth += 1;
        let split = self.end;
        let (after_space, mut all_spaced) = (self.after_space, true);
        let mut ends = Vec::with_capacity(branches);
        let mut ranges = Vec::new();
        for branch in 0..branches {
            let enter = self.push(Glyph::PASS, &[split], NodeMark::Enter { place, branch: number(branch) });
            self.after_space = after_space;
            fill(self, branch);
            all_spaced &= self.after_space;
            ends.push(self.end);
            ranges.push(enter..self.block.nodes.len());
        }
        self.depth -= 1;
        self.after_space = all_spaced;
        if let Some(found) = self.block.places.get_mut(place as usize) {
            found.branches = ranges;
        }
        self.push(Glyph::PASS, &ends, NodeMark::Leave { place });
    }

    fn push(&mut self, glyph: Glyph, before: &[usize], mark: NodeMark) -> usize {
        let reach = before.iter().filter_map(|at| self.block.nodes.get(*at)).map(|node| node.longest).max();
        let longest = reach.unwrap_or(0) + u32::from(glyph != Glyph::PASS);
        self.end = self.block.nodes.len();
        self.block.nodes.push(LatticeNode { glyph, longest, mark });
        before.iter().for_each(|node| self.block.before.push(self.end, *node));
        self.end
    }

    fn glyphs(&self, start: usize) -> Vec<Glyph> {
        self.block.nodes.iter().skip(start).map(|node| node.glyph).collect()
    }

    /// Takes the words out of the invariant run that ends here; a word that touches a site is not whole.
    fn close_run(&mut self, at_end: bool) {
        if self.depth > 0 {
            return;
        }
        let Some(start) = self.run.take() else {
            self.joined = false;
            return;
        };
        let glyphs = self.glyphs(start);
        let touches_before = start > 1;
        for word in words(&glyphs) {
            if (word.start == 0 && touches_before) || (word.end == glyphs.len() && !at_end) {
                self.joined = false;
                continue;
            }
            let joined = self.joined;
            self.joined = true;
            self.block.words.push(BlockWord {
                hash: word.hash,
                start: start + word.start,
                end: start + word.end,
                joined,
            });
        }
        self.joined = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::{choice, master, order, text};

    #[test]
    fn words_that_touch_a_site_are_not_whole() {
        let master = master(vec![text("the pre"), choice(0, &["x", "y"]), text("fix of it")]);
        let lattice = Lattice::of(&master);
        let block = &lattice.blocks[0];
        assert_eq!(block.words.len(), 3);
        assert!(!block.words[1].joined && block.words[2].joined);
        assert_eq!(block.places[0].branches.len(), 2);
        assert_eq!(block.longest(), "the prexfix of it".len());
    }

    #[test]
    fn blank_lines_and_long_orders_split() {
        let long = "word ".repeat(20);
        let item = |c: &str| format!("{c} {}", "item ".repeat(200));
        let master = master(vec![
            text(&format!("{long}\n\n{long}\n\n")),
            order(0, &[&item("a"), &item("b"), &item("c")]),
            text(&long),
        ]);
        let lattice = Lattice::of(&master);
        assert_eq!((lattice.blocks.len(), lattice.orders.len()), (6, 1));
        let order = &lattice.orders[0];
        assert_eq!((order.before, order.after), (Some(1), Some(5)));
        assert_eq!(order.items, [2, 3, 4]);
    }
}
