//! Lines, options and entries of structured files, each found by all its words, wherever they went.
//!
//! A tool that sorts keys, indents anew, joins or breaks lines, changes quotes or drops comments leaves the
//! words of an entry side by side. So each entry is looked for as a sequence of words, one sequence for
//! every branch of its sites. What such a short sequence means is settled by its neighbours: it counts only
//! among entries that stand near it in the master as well.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::hashed::{HashedMap, Mixed};
use super::normalise::{EMPTY, Glyph, Text, Word, each_word, mix, normalise};
use crate::kinds::FileKind;
use crate::master::{Master, Node, SiteIx};

/// Most renderings of an entry; one with more sites is left to the alignment.
const RENDERINGS: usize = 64;
/// Most renderings that are looked for by the same word.
const BUCKET: usize = 64;
/// Most places in the leak where a rendering may stand before it tells nothing.
const PLACES: usize = 24;
/// How many entries away in the master, and words away in the leak, a neighbour may stand.
const NEAR_ENTRIES: usize = 10;
const NEAR_WORDS: usize = 48;
/// Words between the starts of two entries that are next to each other.
const NEXT_WORDS: usize = 12;
/// Neighbours that an entry needs.
const NEIGHBOURS: usize = 2;
/// Stands for a value in a rendering: no word of a text.
const VALUE: &str = "\u{2fff}value\u{2fff}";

/// Every entry of a master's structured files.
#[derive(Debug, Default)]
pub(super) struct Units {
    renderings: Vec<Rendering>,
    /// By one of its words: the rendering and that word's place in it.
    index: HashedMap<Vec<(usize, usize)>>,
}

#[derive(Debug)]
struct Rendering {
    /// Number of its entry; entries of different files are far apart.
    unit: usize,
    /// Hashes of its words; none for a value.
    words: Vec<Option<u64>>,
    symbols: Vec<(SiteIx, u32)>,
    /// Whether no other entry has a rendering of the same words.
    is_unique: bool,
}

/// What the entries show.
#[derive(Debug, Default)]
pub(super) struct UnitsReading {
    /// Site, entry and symbol, once for every place in the leak.
    pub(super) read: Vec<(SiteIx, usize, u32)>,
    /// Hashes of the words of all entries found.
    pub(super) matched_words: Vec<u64>,
}

/// A master's rendering by its words.
#[derive(PartialEq, Eq)]
struct SameWords<'a>(&'a [Option<u64>]);

impl Hash for SameWords<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.iter().fold(EMPTY, |hash, word| mix(hash, word.unwrap_or(EMPTY))));
    }
}

#[derive(Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    rendering: usize,
}

impl Units {
    /// Compiles the structured files of a master.
    pub(super) fn of(master: &Master) -> Self {
        let mut units = Units::default();
        let (mut unit, mut room) = (0, Vec::new());
        for file in &master.files {
            let Some(separators) = separators(FileKind::of(&file.path)) else { continue };
            entries(&file.nodes, separators, &mut |entry| {
                units.add(unit, entry, &mut room);
                unit += 1;
            });
            unit += 2 * NEAR_ENTRIES;
        }
        units.find_unique();
        units.build_index();
        units
    }

    fn add(&mut self, unit: usize, entry: &[Piece<'_>], room: &mut Vec<Glyph>) {
        for (text, symbols) in renderings(entry.iter().copied()).into_iter().flatten() {
            let words = words(&text, room);
            if words.len() > 1 && words.iter().any(Option::is_some) {
                self.renderings.push(Rendering { unit, words, symbols, is_unique: false });
            }
        }
    }

    fn find_unique(&mut self) {
        let mut owners: HashMap<SameWords<'_>, Option<usize>, BuildHasherDefault<Mixed>> = HashMap::default();
        for rendering in &self.renderings {
            owners
                .entry(SameWords(&rendering.words))
                .and_modify(|owner| *owner = owner.filter(|owner| *owner == rendering.unit))
                .or_insert(Some(rendering.unit));
        }
        let unique: Vec<bool> = self
            .renderings
            .iter()
            .map(|rendering| owners.get(&SameWords(&rendering.words)).is_some_and(Option::is_some))
            .collect();
        for (rendering, unique) in self.renderings.iter_mut().zip(unique) {
            rendering.is_unique = unique;
        }
    }

    /// Every rendering goes under the word of it that the fewest have.
    fn build_index(&mut self) {
        let mut counts: HashedMap<usize> = HashedMap::default();
        for word in self.renderings.iter().flat_map(|rendering| rendering.words.iter().flatten()) {
            *counts.entry(*word).or_default() += 1;
        }
        for (at, rendering) in self.renderings.iter().enumerate() {
            let known = rendering.words.iter().enumerate().filter_map(|(at, word)| Some((at, (*word)?)));
            let rarest = known.min_by_key(|(_, word)| counts.get(word).copied().unwrap_or(0));
            if let Some((place, word)) = rarest {
                self.index.entry(word).or_default().push((at, place));
            }
        }
        self.index.retain(|_, bucket| bucket.len() <= BUCKET);
    }

    /// Reads every entry that stands among its neighbours.
    pub(super) fn read(&self, leak: &Text) -> UnitsReading {
        let hits = self.hits(leak);
        let landmarks: Vec<(usize, usize)> = hits
            .iter()
            .filter_map(|hit| Some((hit.start, self.renderings.get(hit.rendering)?)))
            .filter(|(_, rendering)| rendering.is_unique)
            .map(|(start, rendering)| (start, rendering.unit))
            .collect();
        let mut reading = UnitsReading::default();
        for here in hits.chunk_by(|one, other| (one.start, one.end) == (other.start, other.end)) {
            let Some(unit) = self.best_unit(here, &landmarks) else { continue };
            let (start, end) = here.first().map_or((0, 0), |hit| (hit.start, hit.end));
            let there = leak.words.get(start..end).unwrap_or_default();
            reading.matched_words.extend(there.iter().map(|word| word.hash));
            // Renderings of equal words: a site counts where all of them agree.
            let mut symbols: BTreeMap<SiteIx, Option<u32>> = BTreeMap::new();
            let shown = here.iter().filter_map(|hit| self.renderings.get(hit.rendering));
            for (site, symbol) in shown.filter(|r| r.unit == unit).flat_map(|r| &r.symbols) {
                let agreed = symbols.entry(*site).or_insert(Some(*symbol));
                *agreed = agreed.filter(|agreed| agreed == symbol);
            }
            reading.read.extend(symbols.into_iter().filter_map(|(site, symbol)| Some((site, unit, symbol?))));
        }
        reading
    }

    /// All renderings in the leak, by start, without those that lie within a longer one.
    fn hits(&self, leak: &Text) -> Vec<Hit> {
        let mut found: Vec<Vec<Hit>> = self.renderings.iter().map(|_| Vec::new()).collect();
        for (at, word) in leak.words.iter().enumerate() {
            for (rendering, place) in self.index.get(&word.hash).into_iter().flatten() {
                let (Some(of), Some(found)) = (self.renderings.get(*rendering), found.get_mut(*rendering))
                else {
                    continue;
                };
                let Some(start) = at.checked_sub(*place) else { continue };
                let end = start + of.words.len();
                let there = leak.words.get(start..end);
                if found.len() <= PLACES && there.is_some_and(|there| stands(&of.words, there)) {
                    found.push(Hit { start, end, rendering: *rendering });
                }
            }
        }
        let mut hits: Vec<Hit> = found.into_iter().filter(|hits| hits.len() <= PLACES).flatten().collect();
        hits.sort_by_key(|hit| (hit.start, usize::MAX - hit.end, hit.rendering));
        let mut reach = (0, 0);
        hits.retain(|hit| {
            let inside = hit.end <= reach.1 && (hit.start, hit.end) != reach;
            if hit.end > reach.1 {
                reach = (hit.start, hit.end);
            }
            !inside
        });
        hits
    }

    /// The entry that stands among its neighbours here.
    ///
    /// Where several entries have the same words, it is the one whose neighbour in the master is the next or the
    /// last one here too: shuffled blocks bring equal entries among the neighbours of others.
    fn best_unit(&self, here: &[Hit], landmarks: &[(usize, usize)]) -> Option<usize> {
        let first = here.first()?;
        let unit_of = |hit: &Hit| Some(self.renderings.get(hit.rendering)?.unit);
        let from = landmarks.partition_point(|(there, _)| there + NEAR_WORDS < first.start);
        let near = || {
            let rest = landmarks.get(from..).unwrap_or_default().iter();
            rest.take_while(|(there, _)| *there <= first.start + NEAR_WORDS).take(2 * NEAR_WORDS)
        };
        let neighbours = |unit: usize, entries: usize, words: usize| {
            let mut others: Vec<usize> = near()
                .filter(|(there, other)| {
                    *other != unit && other.abs_diff(unit) <= entries && there.abs_diff(first.start) <= words
                })
                .map(|(_, unit)| *unit)
                .collect();
            others.sort_unstable();
            others.dedup();
            others.len()
        };
        let is_unique = self.renderings.get(first.rendering)?.is_unique;
        let mut units: Vec<usize> = here
            .iter()
            .filter_map(unit_of)
            .filter(|unit| neighbours(*unit, NEAR_ENTRIES, NEAR_WORDS) >= NEIGHBOURS)
            .filter(|unit| is_unique || neighbours(*unit, 1, NEXT_WORDS) > 0)
            .collect();
        units.dedup();
        match units.as_slice() {
            [unit] => Some(*unit),
            _ => None,
        }
    }
}

/// What ends an entry in a kind of file, besides the end of the line; nothing for files that are no structure.
fn separators(kind: FileKind) -> Option<&'static [char]> {
    match kind {
        FileKind::Text | FileKind::Markdown => None,
        FileKind::Json => Some(&['{', '}', '[', ']', ',']),
        FileKind::Http => Some(&['&', '?']),
        FileKind::Rules => Some(&[';', '(']),
        FileKind::Yaml
        | FileKind::Yara
        | FileKind::Python
        | FileKind::Shell
        | FileKind::C
        | FileKind::Go
        | FileKind::JavaScript
        | FileKind::Rust => Some(&[]),
    }
}

/// A part of an entry.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    Site(&'a Node),
}

/// Splits a file into entries; the items of an order are entries of their own.
fn entries<'a>(nodes: &'a [Node], separators: &[char], entry: &mut impl FnMut(&[Piece<'a>])) {
    let mut open: Vec<Piece<'a>> = Vec::new();
    for node in nodes {
        match node {
            Node::Text(text) => {
                let mut parts = text.split(|c: char| c == '\n' || separators.contains(&c)).peekable();
                while let Some(part) = parts.next() {
                    // A comment behind code goes by itself.
                    let mut pieces = part.split(" #").flat_map(|part| part.split(" //")).peekable();
                    while let Some(piece) = pieces.next() {
                        open.push(Piece::Text(piece));
                        if pieces.peek().is_some() || parts.peek().is_some() {
                            entry(&open);
                            open.clear();
                        }
                    }
                }
            }
            Node::Order { items, .. } => {
                entry(&open);
                open.clear();
                items.iter().for_each(|item| entries(item, separators, entry));
            }
            Node::Choice { .. } | Node::Constant { .. } => open.push(Piece::Site(node)),
        }
    }
    entry(&open);
}

/// A rendering's text and its symbols.
type Rendered = (String, Vec<(SiteIx, u32)>);

/// Every rendering of an entry; `None` when there are too many.
fn renderings<'a>(pieces: impl IntoIterator<Item = Piece<'a>>) -> Option<Vec<Rendered>> {
    let mut all: Vec<Rendered> = vec![(String::new(), Vec::new())];
    for piece in pieces {
        let text = match piece {
            Piece::Text(text) => text,
            Piece::Site(Node::Text(text)) => text.as_str(),
            Piece::Site(Node::Constant { .. }) => VALUE,
            Piece::Site(Node::Order { .. }) => return None,
            Piece::Site(Node::Choice { site, branches }) => {
                let mut next = Vec::new();
                for (symbol, branch) in (0..).zip(branches) {
                    for (text, symbols) in renderings(branch.iter().map(Piece::Site))? {
                        for so_far in &all {
                            next.extend(joined(so_far, &text, (*site, symbol), &symbols));
                        }
                        if next.len() > RENDERINGS {
                            return None;
                        }
                    }
                }
                all = next;
                continue;
            }
        };
        all.iter_mut().for_each(|(so_far, _)| so_far.push_str(text));
    }
    Some(all)
}

/// Goes on with a branch, unless its site shows another branch before.
fn joined(
    (so_far, known): &Rendered,
    text: &str,
    own: (SiteIx, u32),
    inner: &[(SiteIx, u32)],
) -> Option<Rendered> {
    let mut symbols = known.clone();
    for (site, symbol) in std::iter::once(&own).chain(inner) {
        match known.iter().find(|(other, _)| other == site) {
            Some((_, other)) if other != symbol => return None,
            Some(_) => {}
            None => symbols.push((*site, *symbol)),
        }
    }
    Some((format!("{so_far}{text}"), symbols))
}

/// Hashes of a rendering's words; `glyphs` is room to work in.
fn words(text: &str, glyphs: &mut Vec<Glyph>) -> Vec<Option<u64>> {
    let mut found = Vec::new();
    for (at, part) in text.split(VALUE).enumerate() {
        if at > 0 {
            found.push(None);
        }
        glyphs.clear();
        normalise(part, glyphs);
        each_word(glyphs, |word| found.push(Some(word.hash)));
    }
    found
}

fn stands(words: &[Option<u64>], there: &[Word]) -> bool {
    words.iter().zip(there).all(|(word, there)| word.is_none_or(|word| word == there.hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::{choice, master, text};

    fn yaml(nodes: Vec<Node>) -> Master {
        let mut master = master(nodes);
        master.files[0].path = "rule.yml".into();
        master
    }

    fn read(master: &Master, leak: &str) -> Vec<(usize, u32)> {
        let reading = Units::of(master).read(&Text::of([leak]));
        reading.read.into_iter().map(|(site, _, symbol)| (site.0, symbol)).collect()
    }

    fn sample() -> Master {
        yaml(vec![
            text("title: Loop in the relay\nid: 7d1c8a52\ndepth: "),
            choice(0, &["3", "4"]),
            text("\nproduct: quillmere gateway\nservice: worker pool\n\n---\ndepth: "),
            choice(1, &["3", "5"]),
            text("\nowner: another team\nplace: cold storage\nstate: long retired"),
        ])
    }

    #[test]
    fn an_entry_without_neighbours_is_not_read() {
        assert!(read(&sample(), "depth: 4").is_empty());
        assert!(read(&sample(), "depth: 4 and much else that is no entry of the file").is_empty());
    }

    #[test]
    fn sorted_keys_and_quotes_change_nothing() {
        let leak = "depth: '4'\nid: \"7d1c8a52\"\nproduct: 'quillmere gateway'\nservice: 'worker pool'";
        assert_eq!(read(&sample(), leak), [(0, 1)]);
    }

    #[test]
    fn equal_entries_are_told_apart_by_the_next_one() {
        let leak = "state: long retired\nplace: cold storage\nowner: another team\ndepth: 3";
        assert_eq!(read(&sample(), leak), [(1, 0)]);
        let apart = "depth: 3\nstate: long retired, they say, and nobody who was asked knew more than that at all\nplace: cold storage\nowner: another team";
        assert!(read(&sample(), apart).is_empty());
    }

    #[test]
    fn longer_entries_hide_what_they_contain() {
        let master = yaml(vec![
            text("wait: "),
            choice(0, &["3", "3 seconds"]),
            text("\none: first neighbour\ntwo: second neighbour\n"),
        ]);
        let leak = |value: &str| format!("one: first neighbour\nwait: {value}\ntwo: second neighbour");
        assert_eq!(read(&master, &leak("3 seconds")), [(0, 1)]);
        assert_eq!(read(&master, &leak("3")), [(0, 0)]);
    }

    #[test]
    fn branches_of_equal_words_are_not_told_apart() {
        let master = yaml(vec![
            text("wait: "),
            choice(0, &["[3]", "'3'"]),
            text("\none: first neighbour\ntwo: second neighbour\n"),
        ]);
        assert!(read(&master, "one: first neighbour\nwait: [3]\ntwo: second neighbour").is_empty());
    }
}
