//! What a chain shows: the branch at each place it covers, or nothing.
//!
//! A branch is read when every other costs clearly more than it, in proportion to how different the two
//! are, when most of its own text is there, and when the words around it are the master's. Everything
//! else is left out: an erased site costs power, a wrong one more.

use super::align::{Alignment, Step, Stretch, align, is_far};
use super::lattice::{Block, NodeMark};
use super::normalise::{Case, EMPTY, Glyph, Text};
use super::seed::Chain;

/// Words looked at on each side of a place, and how many of them must be the master's.
const FLANK: usize = 6;
const FLANK_MATCHES: usize = 5;
/// Nearest words on a side, and how many of them must be the master's.
const NEAR: usize = 4;
const NEAR_MATCHES: usize = 2;
/// Least words around a place for it to be read at all.
const FLANK_LEAST: usize = 3;
/// Least weight of a branch, twelve letters, that may stand at the edge of what the leak quotes.
const VERBATIM_WEIGHT: u32 = 96;
/// Nodes beyond a chain's ends that are still aligned.
const OVERHANG: usize = 800;

/// What a chain shows.
#[derive(Debug, Default)]
pub(super) struct ChainReading {
    /// Place of the chain's block and the branch read there.
    pub(super) read: Vec<(usize, usize)>,
    /// Words of the path between the chain's ends, and how many of them stand in the leak.
    pub(super) words: usize,
    pub(super) matched: usize,
    /// Places between the chain's ends.
    pub(super) places: usize,
    /// Hashes of the path's words that stand in the leak, those beyond the chain's ends too.
    pub(super) matched_words: Vec<u64>,
}

/// Reads the block of a chain where the chain says it stands.
pub(super) fn read_chain(block: &Block, chain: &Chain, leak: &Text, case: Case) -> ChainReading {
    let mut path = Path { block, case, events: Vec::new(), calls: Vec::new(), matched_words: Vec::new() };
    let anchor = |&(word, there): &(usize, usize)| Some((*block.words.get(word)?, *leak.words.get(there)?));
    let anchors: Vec<_> = chain.pairs.iter().filter_map(anchor).collect();
    let (Some((first, first_leak)), Some((last, last_leak))) = (anchors.first(), anchors.last()) else {
        return ChainReading::default();
    };

    let from = if first.start <= OVERHANG {
        0
    } else {
        let near = block.words.iter().find(|word| word.start + OVERHANG >= first.start);
        near.map_or(first.start, |word| word.start)
    };
    let room = reach(block.longest_between(from, first.start));
    path.section(
        from..first.start,
        leak,
        first_leak.start.saturating_sub(room)..first_leak.start,
        (true, false),
    );

    let begin = path.events.len();
    let mut before: Option<(usize, usize)> = None;
    for (word, there) in &anchors {
        if let Some((node, glyph)) = before {
            path.section(node..word.start, leak, glyph..there.start, (false, false));
        }
        path.events.push(Event::Word { matched: true });
        path.matched_words.push(word.hash);
        before = Some((word.end, there.end));
    }
    let middle = path.events.get(begin..).unwrap_or_default();
    let words = middle.iter().filter(|event| matches!(event, Event::Word { .. })).count();
    let matched = middle.iter().filter(|event| matches!(event, Event::Word { matched: true })).count();

    let places = middle.iter().filter(|event| matches!(event, Event::Edge)).count() / 2;

    let to = if last.end + OVERHANG >= block.nodes.len() {
        block.nodes.len()
    } else {
        let near = block.words.iter().rev().find(|word| word.end <= last.end + OVERHANG);
        near.map_or(last.end, |word| word.end)
    };
    let room = reach(block.longest_between(last.end, to));
    path.section(last.end..to, leak, last_leak.end..last_leak.end + room, (false, true));

    let calls = std::mem::take(&mut path.calls);
    let read =
        calls.iter().filter(|call| path.stands_in_its_text(call)).map(|call| (call.place, call.branch));
    let read = read.collect();
    ChainReading { read, words, matched, places, matched_words: path.matched_words }
}

/// Leak glyphs to look at where the lattice has at most `longest`.
pub(super) fn reach(longest: usize) -> usize {
    longest + longest / 4 + 48
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Word {
        matched: bool,
    },
    /// A place's branch, started or ended.
    Edge,
}

/// A branch that passed the tests on its own text.
struct Call {
    place: usize,
    branch: usize,
    /// Indices of its edges among the events.
    enter: usize,
    leave: usize,
    /// Whether the branch is long and stands there word for word.
    verbatim: bool,
}

/// A branch being walked through.
struct Open {
    place: usize,
    branch: usize,
    enter: usize,
    text: Vec<Glyph>,
    matched: u32,
    /// Weight of what the leak has more inside the branch's text or touching it.
    extra: u32,
    /// Weight of what it has more since the branch's last glyph, and how much of that touches the glyph.
    trailing: u32,
    touching: u32,
}

impl Open {
    fn weight(&self) -> u32 {
        self.text.iter().map(|glyph| glyph.weight()).sum()
    }

    fn is_verbatim(&self) -> bool {
        let weight = self.weight();
        weight >= VERBATIM_WEIGHT && 100 * self.matched >= 95 * weight && 100 * self.extra <= 5 * weight
    }
}

struct Path<'a> {
    block: &'a Block,
    case: Case,
    events: Vec<Event>,
    calls: Vec<Call>,
    /// Hashes of the words that stand in the leak.
    matched_words: Vec<u64>,
}

impl Path<'_> {
    fn section(
        &mut self,
        nodes: std::ops::Range<usize>,
        leak: &Text,
        glyphs: std::ops::Range<usize>,
        (free_start, free_end): (bool, bool),
    ) {
        let of_interest = self.block.nodes.get(nodes.clone()).unwrap_or_default();
        if !of_interest.iter().any(|node| node.glyph.is_word() || node.mark != NodeMark::None) {
            return;
        }
        let end = glyphs.end.min(leak.glyphs.len());
        let stretch = Stretch {
            block: self.block,
            from: nodes.start,
            to: nodes.end,
            leak: leak.glyphs.get(glyphs.start..end).unwrap_or_default(),
            free_start,
            free_end,
            partial: true,
            case: self.case,
        };
        match align(&stretch) {
            Some(alignment) => self.walk(&alignment),
            None => self.events.extend([Event::Word { matched: false }; FLANK]),
        }
    }

    fn walk(&mut self, alignment: &Alignment) {
        let mut open: Vec<Open> = Vec::new();
        let mut closed: Vec<(Open, usize)> = Vec::new();
        let mut word: Option<(bool, u64)> = None;
        // Weight of letters too many that touch what comes next.
        let mut strays = 0;
        for step in &alignment.steps {
            match *step {
                Step::Mark(mark) => {
                    self.end_word(&mut word);
                    match mark {
                        NodeMark::None => {}
                        NodeMark::Enter { place, branch } => {
                            let (enter, text) = (self.events.len(), Vec::new());
                            let (matched, extra, trailing, touching) = (0, strays, 0, 0);
                            open.push(Open {
                                place: place as usize,
                                branch: branch as usize,
                                enter,
                                text,
                                matched,
                                extra,
                                trailing,
                                touching,
                            });
                            self.events.push(Event::Edge);
                        }
                        NodeMark::Leave { .. } => {
                            if let Some(mut done) = open.pop() {
                                done.extra += done.touching;
                                closed.push((done, self.events.len()));
                            }
                            self.events.push(Event::Edge);
                        }
                    }
                }
                // The words left out are words that do not match.
                Step::Cut => {
                    self.end_word(&mut word);
                    self.events.extend([Event::Word { matched: false }; FLANK]);
                }
                Step::Extra(glyph) => {
                    match &mut word {
                        Some((exact, _)) if glyph.is_word() => *exact = false,
                        _ => self.end_word(&mut word),
                    }
                    strays = if glyph.is_word() { strays + glyph.weight() } else { 0 };
                    for open in &mut open {
                        if glyph.is_word() && open.touching == open.trailing {
                            open.touching += glyph.weight();
                        }
                        open.trailing += glyph.weight();
                    }
                }
                Step::Match(glyph) | Step::Other(glyph) | Step::Missing(glyph) => {
                    let matches = matches!(step, Step::Match(_));
                    for open in &mut open {
                        open.text.push(glyph);
                        open.matched += if matches { glyph.weight() } else { 0 };
                        open.extra += std::mem::take(&mut open.trailing);
                        open.touching = 0;
                    }
                    if glyph.is_word() {
                        let (exact, hash) = word.get_or_insert((strays == 0, EMPTY));
                        *exact &= matches;
                        *hash = glyph.hash_into(*hash);
                    } else {
                        self.end_word(&mut word);
                    }
                    strays = 0;
                }
            }
        }
        self.end_word(&mut word);

        for (done, leave) in closed {
            if self.is_clear(&done, alignment) {
                let verbatim = done.is_verbatim();
                self.calls.push(Call {
                    place: done.place,
                    branch: done.branch,
                    enter: done.enter,
                    leave,
                    verbatim,
                });
            }
        }
    }

    fn end_word(&mut self, word: &mut Option<(bool, u64)>) {
        if let Some((matched, hash)) = word.take() {
            self.events.push(Event::Word { matched });
            self.matched_words.extend(matched.then_some(hash));
        }
    }

    /// Whether most of the branch's text is there and every other branch costs clearly more.
    fn is_clear(&self, done: &Open, alignment: &Alignment) -> bool {
        let weight = done.weight();
        let present = 100 * done.matched >= 65 * weight && 100 * done.extra <= 35 * weight;
        if weight == 0 || !present {
            return false;
        }
        let Some(place) = self.block.places.get(done.place) else { return false };
        let others = place.branches.iter().enumerate().filter(|(branch, _)| *branch != done.branch);
        let mut least: Vec<Option<u32>> = vec![None; place.branches.len()];
        for (_, branch, cost) in alignment.through.iter().filter(|through| through.0 == done.place) {
            if let Some(known) = least.get_mut(*branch) {
                *known = Some(known.map_or(*cost, |known| known.min(*cost)));
            }
        }
        others.into_iter().all(|(branch, nodes)| {
            let Some(Some(cost)) = least.get(branch) else { return false };
            let margin = cost.saturating_sub(alignment.cost);
            if alignment.exact {
                return margin > 0;
            }
            margin > 0 && is_far(self.block, nodes.clone(), &done.text, margin, self.case)
        })
    }

    /// Whether enough of the words around the place are the master's, and so are near ones on both sides, or
    /// on one where the branch itself is beyond doubt.
    fn stands_in_its_text(&self, call: &Call) -> bool {
        let matched = |event: &Event| match event {
            Event::Word { matched } => Some(*matched),
            Event::Edge => None,
        };
        let left: Vec<bool> =
            self.events.iter().take(call.enter).rev().filter_map(matched).take(2 * FLANK).collect();
        let right: Vec<bool> =
            self.events.iter().skip(call.leave).filter_map(matched).take(2 * FLANK).collect();
        // Where the block ends on one side, more of the other is looked at.
        let left_words = FLANK + FLANK.saturating_sub(right.len());
        let right_words = FLANK + FLANK.saturating_sub(left.len());
        let flank = || left.iter().take(left_words).chain(right.iter().take(right_words));
        let (words, matches) = (flank().count(), flank().filter(|matched| **matched).count());
        let near = |side: &[bool]| {
            let near = || side.iter().take(NEAR);
            near().filter(|matched| **matched).count() >= NEAR_MATCHES.min(near().count())
        };
        let least = FLANK_MATCHES.min(words.saturating_sub(words / 4));
        // A sentence quoted alone ends where its neighbour would begin.
        let joined = if call.verbatim { near(&left) || near(&right) } else { near(&left) && near(&right) };
        words >= FLANK_LEAST && matches >= least && joined
    }
}
