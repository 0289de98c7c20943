//! Lists whose order says nothing: bullets of Markdown, lists of Sigma rules.

use std::ops::Range;

use super::draft::{Draft, Edit, newline};
use super::tally::order_bits;
use super::{Channel, Package, Tier};
use crate::kinds::FileKind;
use crate::syntax::{Source, Taken};

/// Items of a list beyond which it is left alone.
const ITEMS: usize = 6;
/// Words that a sequence, a ranking or a dated item starts with or holds.
const SEQUENCE: &[&str] = &[
    "first",
    "second",
    "third",
    "then",
    "next",
    "finally",
    "last",
    "lastly",
    "afterwards",
    "after",
    "before",
    "step",
    "once",
    "above",
    "below",
    "previous",
    "following",
    "former",
    "latter",
    "these",
    "also",
    "again",
    "instead",
    "otherwise",
    "else",
    "same",
    "most",
    "least",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "phase",
    "stage",
    "initially",
    "subsequently",
    "later",
    "this",
];
/// Words of the sentence before a list that make it a sequence or a count of parts.
const LEADS: &[&str] = &[
    "steps",
    "step",
    "order",
    "sequence",
    "timeline",
    "procedure",
    "follows this",
    "chain",
    "stages",
    "phases",
    "history",
    "respectively",
    "ranking",
    "ranked",
    "priority",
    "first",
];
/// Keys of a Sigma rule whose list is a set.
const SETS: &[&str] = &["falsepositives", "fields", "references", "tags"];

/// Finds lists that may be in any order.
pub(super) fn drafts(package: &Package<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (file, source, taken) in package.files() {
        match source.kind {
            FileKind::Markdown => markdown(file, source, taken, &mut drafts),
            FileKind::Yaml if source.text.contains("\ndetection:") => sigma(file, source, taken, &mut drafts),
            _ => {}
        }
    }
    drafts
}

fn lines<'a>(source: &Source<'a>) -> Vec<(Range<usize>, &'a str)> {
    let mut lines = Vec::new();
    for line in 0.. {
        let (start, end) = (source.line_start(line), source.line_end(line));
        if start >= source.text.len() {
            break;
        }
        lines.push((start..end, source.slice(start, end)));
    }
    lines
}

/// Top-level lists with bullets; their items may have further lines but no lists or blank lines inside.
fn markdown(file: usize, source: &Source<'_>, taken: &Taken, drafts: &mut Vec<Draft>) {
    let lines = lines(source);
    let (mut fence, mut number) = (false, 0);
    let mut at = 0;
    while let Some((_, text)) = lines.get(at) {
        let fenced = text.trim_start().starts_with("```") || text.trim_start().starts_with("~~~");
        fence ^= fenced;
        let Some(bullet) = bullet(text).filter(|_| !fence) else {
            at += 1;
            continue;
        };
        let mut items: Vec<Vec<&(Range<usize>, &str)>> = Vec::new();
        let mut plain = true;
        let first = at;
        while let Some(line @ (_, text)) = lines.get(at) {
            match items.last_mut() {
                _ if self::bullet(text) == Some(bullet) => items.push(vec![line]),
                Some(item) if text.starts_with("  ") && !text.trim().is_empty() => {
                    plain &= !text.trim_start().starts_with(['-', '*', '+', '`', '>', '|']);
                    item.push(line);
                }
                _ => break,
            }
            at += 1;
        }
        number += 1;
        // A lazy line, or items after a blank line: more than a simple list.
        let rest = lines.get(at..).unwrap_or_default();
        let mut rest = rest.iter().map(|(_, text)| *text).skip_while(|text| text.trim().is_empty());
        plain &= lines.get(at).is_none_or(|(_, text)| text.trim().is_empty())
            && rest.next().is_none_or(|text| self::bullet(text).is_none() && !text.starts_with("  "));
        let lead = lines.get(..first).unwrap_or_default().iter().rev().map(|(_, text)| *text);
        let lead: Vec<&str> = lead.skip_while(|text| text.trim().is_empty()).take(2).collect();
        if plain && !sequence(&items, &lead) {
            let items: Vec<Range<usize>> =
                items.iter().filter_map(|item| Some(item.first()?.0.start..item.last()?.0.end)).collect();
            let how = ("<!--~shuffle-->", "<!--~/shuffle-->", Tier::B);
            let key = format!("list {number}");
            push(
                file,
                source,
                taken,
                &items,
                how,
                &key,
                "no item refers to another, to a time or to a rank; read the list once to be sure",
                drafts,
            );
        }
    }
}

fn bullet(line: &str) -> Option<char> {
    let bullet = line.chars().next().filter(|c| matches!(c, '-' | '*' | '+'))?;
    line.get(1..)?.starts_with(' ').then_some(bullet)
}

/// Tells whether items or the words before them speak of an order.
fn sequence(items: &[Vec<&(Range<usize>, &str)>], lead: &[&str]) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let lead = lead.iter().flat_map(|line| words(line)).any(|word| LEADS.contains(&word.as_str()));
    let dated = |word: &String| {
        word.len() == 4
            && (word.starts_with("19") || word.starts_with("20"))
            && word.bytes().all(|b| b.is_ascii_digit())
    };
    let item = items.iter().any(|item| {
        let text: String = item.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" ");
        let text = text.trim_start_matches(['-', '*', '+', ' ']);
        let words = words(text);
        let clock = text.split_whitespace().any(|word| {
            word.split_once(':').is_some_and(|(h, m)| h.len() <= 2 && m.len() >= 2 && h.parse::<u8>().is_ok())
        });
        let connects = text.trim_end().ends_with([',', ':'])
            || text.trim_end().ends_with(" and")
            || text.trim_end().ends_with(" or");
        // The last one ends the sentence that all are part of.
        clock
            || connects
            || words.iter().any(|word| SEQUENCE.contains(&word.as_str()) || dated(word))
            || words.first().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()))
    });
    let ends: Vec<Option<char>> = items
        .iter()
        .map(|item| {
            item.last()
                .and_then(|(_, text)| text.trim_end().chars().last())
                .filter(|c| matches!(c, '.' | ';' | ','))
        })
        .collect();
    let uneven = ends.windows(2).any(|pair| matches!(pair, [a, b] if a != b));
    lead || item || uneven
}

/// Lists of scalars below the keys of a Sigma rule, and alternatives of its detection.
fn sigma(file: usize, source: &Source<'_>, taken: &Taken, drafts: &mut Vec<Draft>) {
    let lines = lines(source);
    let (mut top, mut key) = ("", "");
    let mut run: Vec<Range<usize>> = Vec::new();
    let mut end = |run: &mut Vec<Range<usize>>, top: &str, key: &str| {
        let known = SETS.contains(&top) || top == "detection";
        if known {
            let how = ("#~ shuffle", "#~ end", Tier::C);
            let name = format!("{top}/{key}");
            push(file, source, taken, run, how, &name, "the rule takes this list as a set", drafts);
        }
        run.clear();
    };
    let mut indent = 0;
    for (range, text) in &lines {
        let trimmed = text.trim_start();
        let depth = text.len() - trimmed.len();
        let scalar = trimmed.starts_with("- ")
            && !trimmed.contains(": ")
            && !trimmed.ends_with(':')
            && !trimmed.ends_with(['|', '>'])
            && !trimmed.contains("#~");
        if scalar && (run.is_empty() || depth == indent) {
            indent = depth;
            run.push(range.clone());
            continue;
        }
        end(&mut run, top, key);
        if let Some((name, _)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with(['-', '#'])) {
            key = name;
            if depth == 0 {
                top = name;
            }
        }
    }
    end(&mut run, top, key);
}

#[expect(clippy::too_many_arguments, reason = "one place builds both kinds of list")]
fn push(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    items: &[Range<usize>],
    (open, close, tier): (&str, &str, Tier),
    key: &str,
    safe: &str,
    drafts: &mut Vec<Draft>,
) {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return };
    let range = first.start..last.end;
    let next = source.line_start(source.line_of(last.end) + 1);
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    let crossing = taken.marks.iter().any(|mark| mark.start < range.start && mark.end > range.start);
    if items.len() < 2 || items.len() > ITEMS || taken.ordered(&range) || crossing || next <= last.end {
        return;
    }
    let text = source.slice(first.start, first.end);
    let indent = text.get(..text.len() - text.trim_start().len()).unwrap_or_default();
    let nl = newline(source.text);
    drafts.push(Draft {
        channel: Channel::ListOrder,
        tier,
        bits: order_bits(count, count),
        key: key.to_owned(),
        places: vec![(file, first.start)],
        edits: vec![
            (file, Edit::open(first.start, format!("{indent}{open}{nl}"))),
            (file, Edit::close(next, format!("{indent}{close}{nl}"))),
        ],
        safe: safe.to_owned(),
        survives: match tier {
            Tier::C => "verbatim copying; programs that rewrite YAML sort lists",
            _ => "copying, reformatting and scans; sometimes a paraphrase",
        },
    });
}
