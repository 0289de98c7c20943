//! Snort, Suricata and YARA: orders that change nothing about what is detected.

use std::ops::Range;

use super::code::{Code, Line};
use super::draft::{Draft, Edit, newline};
use super::tally::order_bits;
use super::{Channel, Package, Tier};
use crate::kinds::FileKind;
use crate::kinds::lex::TokenKind;
use crate::syntax::{Source, Taken};

/// Options that look from the match before, or at a place that it sets.
const RELATIVE: &[&str] = &[
    "distance",
    "within",
    "isdataat",
    "byte_test",
    "byte_jump",
    "byte_extract",
    "byte_math",
    "base64_decode",
    "pkt_data",
    "asn1",
    "lua",
    "replace",
];
/// What may stand behind a content that can move.
const MODIFIERS: &[&str] = &["nocase", "depth", "offset", "fast_pattern", "startswith", "endswith"];
/// Strings of YARA in a shuffle.
const ITEMS: usize = 4;

/// Finds orders in rules.
pub(super) fn drafts(package: &Package<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (file, source, taken) in package.files() {
        match source.kind {
            FileKind::Rules => {
                for line in 0.. {
                    let (start, end) = (source.line_start(line), source.line_end(line));
                    if start >= source.text.len() {
                        break;
                    }
                    let rule = source.slice(start, end);
                    if !rule.trim_start().starts_with('#') && rule.trim_end().ends_with(')') {
                        contents(file, source, taken, start, rule, &mut drafts);
                        options(file, source, taken, start, rule, &mut drafts);
                    }
                }
            }
            FileKind::Yara => yara(file, source, taken, &mut drafts),
            _ => {}
        }
    }
    drafts
}

/// Cuts a rule's options apart: name and range with the semicolon.
fn parse(start: usize, rule: &str) -> Vec<(&str, Range<usize>)> {
    let Some(open) = rule.find('(') else { return Vec::new() };
    let (mut found, mut from, mut quoted, mut escaped) = (Vec::new(), open + 1, false, false);
    for (at, byte) in rule.bytes().enumerate().skip(open + 1) {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b';' if !quoted && !escaped => {
                let text = rule.get(from..at).unwrap_or_default();
                let skipped = text.len() - text.trim_start().len();
                let name = text.trim_start().split(':').next().unwrap_or_default().trim();
                found.push((name, start + from + skipped..start + at + 1));
                from = at + 1;
            }
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    found
}

/// Two contents of one buffer, next to each other, in a rule where nothing looks from match to match.
fn contents(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    start: usize,
    rule: &str,
    drafts: &mut Vec<Draft>,
) {
    let options = parse(start, rule);
    let relative = options.iter().any(|(name, range)| {
        let text = source.slice(range.start, range.end);
        let anchored = *name == "pcre" && text.rsplit('/').next().is_some_and(|flags| flags.contains('R'));
        RELATIVE.contains(name)
            || anchored
            || text.contains("relative")
            || *name != "content" && name.starts_with("http_")
    });
    if relative {
        return;
    }
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut pairs = Vec::new();
    for (name, range) in &options {
        match groups.last_mut() {
            Some(last) if MODIFIERS.contains(name) => last.end = range.end,
            _ if *name == "content" => groups.push(range.clone()),
            _ => pairs.push(std::mem::take(&mut groups)),
        }
    }
    pairs.push(groups);
    for pair in pairs {
        let [a, b, ..] = pair.as_slice() else { continue };
        swap(
            file,
            source,
            taken,
            (a, b),
            Channel::ContentOrder,
            "both contents look at the same buffer, and nothing in the rule looks from one match to the next",
            drafts,
        );
    }
}

/// Two options of the rule's end that match nothing.
fn options(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    start: usize,
    rule: &str,
    drafts: &mut Vec<Draft>,
) {
    let options = parse(start, rule);
    let neutral = |name: &str| matches!(name, "classtype" | "reference" | "priority" | "metadata");
    let pair = options
        .iter()
        .zip(options.iter().skip(1))
        .find(|((a, _), (b, _))| neutral(a) && neutral(b) && a != b);
    if let Some(((_, a), (_, b))) = pair {
        swap(
            file,
            source,
            taken,
            (a, b),
            Channel::OptionOrder,
            "these options describe the rule and match nothing",
            drafts,
        );
    }
}

fn swap(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    (a, b): (&Range<usize>, &Range<usize>),
    channel: Channel,
    safe: &str,
    drafts: &mut Vec<Draft>,
) {
    let range = a.start..b.end;
    let (first, gap, second) =
        (source.slice(a.start, a.end), source.slice(a.end, b.start), source.slice(b.start, b.end));
    if taken.touches(&range) || first == second {
        return;
    }
    let escape = |text: &str| text.replace('|', "\\|").replace("~}", "\\~}");
    let with =
        format!("{{~{}{gap}{}|{}{gap}{}~}}", escape(first), escape(second), escape(second), escape(first));
    drafts.push(Draft {
        channel,
        tier: Tier::B,
        bits: 1.0,
        key: format!("{first}{second}"),
        places: vec![(file, range.start)],
        edits: vec![(file, Edit::mark(source, range, with))],
        safe: safe.to_owned(),
        survives: "copying and white space; not a conversion into another rule language",
    });
}

/// Strings of a `strings` section and the first two names of a condition of `and` or `or` alone.
fn yara(file: usize, source: &Source<'_>, taken: &Taken, drafts: &mut Vec<Draft>) {
    let code = Code::new(source);
    let lines = code.lines(source);
    let mut run: Vec<&Line<'_>> = Vec::new();
    let mut rule = "";
    let mut in_strings = false;
    let mut in_condition = false;
    for line in &lines {
        let text = source.slice(line.start, line.end).trim();
        if let Some(name) =
            text.trim_start_matches("private ").trim_start_matches("global ").strip_prefix("rule ")
        {
            rule = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        }
        let string = in_strings
            && text.starts_with('$')
            && line.tokens.get(2).is_some_and(|token| token.kind == TokenKind::Punct(b'='))
            && closed(line);
        let follows =
            run.last().is_some_and(|last| last.number + 1 == line.number && last.indent == line.indent);
        if !(string && follows) || run.len() >= ITEMS {
            strings(file, source, taken, rule, &std::mem::take(&mut run), drafts);
        }
        if string {
            run.push(line);
        }
        if in_condition && !text.is_empty() {
            condition(file, source, taken, line, rule, drafts);
        }
        in_condition = text == "condition:" || in_condition && text.is_empty();
        in_strings = text == "strings:" || in_strings && !text.ends_with(':');
    }
}

/// Tells whether a line's brackets match and its strings end.
fn closed(line: &Line<'_>) -> bool {
    let count = |bytes: &[u8]| {
        line.tokens
            .iter()
            .filter(|token| matches!(token.kind, TokenKind::Punct(byte) if bytes.contains(&byte)))
            .count()
    };
    count(b"{(") == count(b"})") && line.tokens.iter().all(|token| token.end <= line.end)
}

fn strings(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    rule: &str,
    run: &[&Line<'_>],
    drafts: &mut Vec<Draft>,
) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    let range = first.start..last.end;
    let next = source.line_start(last.number + 1);
    let count = u32::try_from(run.len()).unwrap_or(0);
    if count < 2 || taken.ordered(&range) || next <= last.end {
        return;
    }
    let indent = source.slice(first.start, first.start + first.indent);
    let nl = newline(source.text);
    let names: Vec<&str> = run
        .iter()
        .filter_map(|line| line.tokens.get(1))
        .map(|token| source.slice(token.start, token.end))
        .collect();
    drafts.push(Draft {
        channel: Channel::StatementOrder,
        tier: Tier::B,
        bits: order_bits(count, count),
        key: format!("{rule}:{}", names.join(",")),
        places: vec![(file, first.start + first.indent)],
        edits: vec![
            (file, Edit::open(first.start, format!("{indent}//~ shuffle{nl}"))),
            (file, Edit::close(next, format!("{indent}//~ end{nl}"))),
        ],
        safe: "a condition refers to strings by name, so that their order matches nothing else".to_owned(),
        survives: "copying and white space",
    });
}

/// `$a and $b …`, all operators the same: the first two may change places.
fn condition(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    line: &Line<'_>,
    rule: &str,
    drafts: &mut Vec<Draft>,
) {
    let [d1, a, operator, d2, b, rest @ ..] = line.tokens else { return };
    let text = |token| line.text(source, token);
    let word = text(operator);
    let sigils = [d1, d2].iter().all(|token| token.kind == TokenKind::Punct(b'$'));
    let names = [a, b].iter().all(|token| token.kind == TokenKind::Ident);
    let same = rest.chunks(3).all(|part| match part {
        [operator, sigil, name] => {
            text(operator) == word && sigil.kind == TokenKind::Punct(b'$') && name.kind == TokenKind::Ident
        }
        [brace] => brace.kind == TokenKind::Punct(b'}'),
        _ => false,
    });
    let range = d1.start..b.end;
    if !sigils || !names || !same || !matches!(word, "and" | "or") || taken.touches(&range) {
        return;
    }
    let (first, second) = (source.slice(d1.start, a.end), source.slice(d2.start, b.end));
    drafts.push(Draft {
        channel: Channel::ConditionOrder,
        tier: Tier::B,
        bits: 1.0,
        key: format!("{rule}:{first}{second}"),
        places: vec![(file, range.start)],
        edits: vec![(
            file,
            Edit::mark(source, range, format!("{{~{first} {word} {second}|{second} {word} {first}~}}")),
        )],
        safe: format!("`{word}` gives the same whichever side comes first"),
        survives: "copying and white space",
    });
}
