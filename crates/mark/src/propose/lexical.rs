//! Words and phrases of prose: one word is one site, wherever it stands.

use std::collections::HashMap;
use std::ops::Range;

use super::draft::{Draft, Edit};
use super::occurrence::{Case, after, before, case, words};
use super::words::{Group, Neighbour, table};
use super::{Channel, Package, Tier, prose};
use crate::syntax::Source;

/// Words that stay the same between two sites, so that each can be read.
const SPACING: usize = 6;

/// A word or phrase of a group where it stands.
struct Place {
    file: usize,
    range: Range<usize>,
    free: bool,
}

/// Words of all prose in order, for phrases.
struct Word {
    file: usize,
    range: Range<usize>,
    free: bool,
    span: usize,
}

/// Finds sites of one word each, apart from each other, from marks and from what is proposed already.
pub(super) fn drafts(package: &Package<'_>, others: &[Draft]) -> Vec<Draft> {
    let (words, index) = index(package);
    let mut near: Vec<Vec<Range<usize>>> = package.taken.iter().map(|taken| taken.marks.clone()).collect();
    for (file, edit) in others.iter().flat_map(|draft| &draft.edits) {
        if let Some(near) = near.get_mut(*file).filter(|_| !edit.range.is_empty()) {
            near.push(edit.range.clone());
        }
    }
    let dialects = table().iter().filter(|group| group.dialect);
    let dialects = dialects
        .filter(|group| group.words.iter().any(|word| !find(package, &words, &index, word).is_empty()));
    let one_dialect = dialects.count() <= 1;
    let mut found: Vec<(Draft, Vec<Place>)> = table()
        .iter()
        .filter(|group| !group.dialect || one_dialect)
        .filter_map(|group| draft(package, group, |word| find(package, &words, &index, word)))
        .collect();
    found.sort_by(|(a, _), (b, _)| a.places.cmp(&b.places));
    let mut drafts = Vec::with_capacity(found.len());
    for (draft, places) in found {
        let close = |place: &Place| {
            let (Some(source), Some(near)) = (package.sources.get(place.file), near.get(place.file)) else {
                return true;
            };
            near.iter().any(|other| too_close(source, &place.range, other))
        };
        if places.iter().any(close) {
            continue;
        }
        for place in &places {
            if let Some(near) = near.get_mut(place.file) {
                near.push(place.range.clone());
            }
        }
        drafts.push(draft);
    }
    drafts
}

fn index(package: &Package<'_>) -> (Vec<Word>, HashMap<String, Vec<usize>>) {
    let mut all = Vec::new();
    let mut index: HashMap<String, Vec<usize>> = HashMap::new();
    let mut number = 0;
    for (file, source, taken) in package.files() {
        for span in prose::spans(source, taken) {
            number += 1;
            for range in words(source, span.range) {
                let word = source.slice(range.start, range.end).to_ascii_lowercase();
                index.entry(word).or_default().push(all.len());
                all.push(Word { file, range, free: span.free, span: number });
            }
        }
    }
    (all, index)
}

/// Every place of a word or phrase.
fn find(
    package: &Package<'_>,
    all: &[Word],
    index: &HashMap<String, Vec<usize>>,
    written: &str,
) -> Vec<Place> {
    let parts: Vec<&str> = written.split(' ').collect();
    let Some(first) = parts.first() else { return Vec::new() };
    let starts = index.get(*first).map(Vec::as_slice).unwrap_or_default();
    let place = |start: &usize| {
        let words = all.get(*start..*start + parts.len())?;
        let (head, last) = (words.first()?, words.last()?);
        let source = package.sources.get(head.file)?;
        let whole = words.iter().all(|word| word.span == head.span)
            && words.iter().zip(&parts).all(|(word, part)| {
                source.slice(word.range.start, word.range.end).eq_ignore_ascii_case(part)
            });
        let mut gaps = words.iter().zip(words.iter().skip(1));
        let mut gaps2 = words.iter().zip(words.iter().skip(1));
        let touching = gaps.all(|(a, b)| source.slice(a.range.end, b.range.start).trim().is_empty());
        // Across a line's end the phrase is there, but no mark can replace it.
        let one_line = gaps2.all(|(a, b)| source.slice(a.range.end, b.range.start) == " ");
        let range = head.range.start..last.range.end;
        (whole && touching).then_some(Place { file: head.file, range, free: head.free && one_line })
    };
    starts.iter().filter_map(place).collect()
}

fn draft(
    package: &Package<'_>,
    group: &Group,
    find: impl Fn(&str) -> Vec<Place>,
) -> Option<(Draft, Vec<Place>)> {
    let mut present =
        group.words.iter().map(|word| (*word, find(word))).filter(|(_, places)| !places.is_empty());
    let (Some((own, places)), None) = (present.next(), present.next()) else { return None };
    if group.one_way && group.words.first() != Some(&own) {
        return None;
    }
    let others: Vec<&str> = group.words.iter().copied().filter(|word| *word != own).collect();
    let mut written = None;
    for place in &places {
        let source = package.sources.get(place.file)?;
        let how = case(source, &place.range);
        let (left, right) = (before(source, place.range.start), after(source, place.range.end));
        let article = match left {
            Neighbour::Word(word) if word.eq_ignore_ascii_case("a") || word.eq_ignore_ascii_case("an") => {
                others.iter().all(|other| vowel(other) == vowel(own))
            }
            _ => true,
        };
        // A name that begins with the word: "the beginning of Operation …".
        let named = matches!(right, Neighbour::Word(word) if word.starts_with(|c: char| c.is_ascii_uppercase()))
            && matches!(group.channel, Channel::Synonym)
            && how == Case::Sentence;
        let same = *written.get_or_insert(how) == how;
        if !place.free || how == Case::Name || named || !same || !article || !group.allows(left, right) {
            return None;
        }
    }
    let show = |word: &str| match written {
        Some(Case::Sentence) => capital(word),
        _ => word.to_owned(),
    };
    if written == Some(Case::Sentence) && group.channel == Channel::NumberWord {
        return None;
    }
    let branches: Vec<String> = std::iter::once(own).chain(others.iter().copied()).map(show).collect();
    let alternatives = branches.join("|");
    let name = format!("w_{}", own.replace([' ', '-'], "_"));
    if places.len() > 1 && package.names.contains(&name) {
        return None;
    }
    let mut edits = Vec::with_capacity(places.len());
    for (index, place) in places.iter().enumerate() {
        let source = package.sources.get(place.file)?;
        let with = match (places.len(), index) {
            (1, _) => format!("{{~{alternatives}~}}"),
            (_, 0) => format!("{{~{name}={alternatives}~}}"),
            _ => format!("{{~{name}~}}"),
        };
        edits.push((place.file, Edit::mark(source, place.range.clone(), with)));
    }
    let count = u32::try_from(branches.len()).map_or(0.0, f64::from);
    let everywhere = match places.len() {
        1 => "it stands once in the package".to_owned(),
        n => format!("all {n} places change together, so that a search and replace does not show"),
    };
    let draft = Draft {
        channel: group.channel,
        tier: Tier::B,
        bits: count.log2(),
        key: own.to_owned(),
        places: places.iter().map(|place| (place.file, place.range.start)).collect(),
        edits,
        safe: format!("the wordings say the same in these sentences; {everywhere}"),
        survives: "copying, reformatting, retyping and scans; not a paraphrase or summary",
    };
    Some((draft, places))
}

fn vowel(word: &str) -> bool {
    word.starts_with(['a', 'e', 'i', 'o', 'u'])
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Tells whether fewer than [`SPACING`] words stand between two places.
fn too_close(source: &Source<'_>, a: &Range<usize>, b: &Range<usize>) -> bool {
    let (from, to) = (a.end.min(b.end), a.start.max(b.start));
    // Six words of English are about 36 bytes; past this many, they are certain to fit.
    from >= to || to - from < 200 && source.slice(from, to).split_whitespace().count() < SPACING
}
