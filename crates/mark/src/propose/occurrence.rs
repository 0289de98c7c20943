//! Words of prose and what stands beside them.

use std::ops::Range;

use super::words::Neighbour;
use crate::syntax::Source;

/// Characters that make a word beside them part of a path, an identifier or markup.
const GLUE: &[u8] = b"/_\\@#=<>[]{}$%&*~^`|+";

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    /// A capital where a sentence starts.
    Sentence,
    /// A capital elsewhere: a name.
    Name,
}

/// Finds the words of a range: letters, with single hyphens and apostrophes inside; identifiers left out.
pub(super) fn words(source: &Source<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let text = source.slice(range.start, range.end);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let len = rest
            .bytes()
            .enumerate()
            .take_while(|(i, byte)| {
                let inner = matches!(byte, b'-' | b'\'')
                    && *i > 0
                    && rest.as_bytes().get(i + 1).is_some_and(u8::is_ascii_alphabetic);
                byte.is_ascii_alphanumeric() || *byte >= 0x80 || inner
            })
            .count();
        if len == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let (start, end) = (range.start + at, range.start + at + len);
        if !glued(source, start, end) {
            found.push(start..end);
        }
        at += len;
    }
    found
}

fn glued(source: &Source<'_>, start: usize, end: usize) -> bool {
    let byte = |at: Option<usize>| at.and_then(|at| source.byte(at));
    let (before, after, after2) = (byte(start.checked_sub(1)), byte(Some(end)), byte(Some(end + 1)));
    before.is_some_and(|b| GLUE.contains(&b) || b == b'-' || b == b'\'')
        || after.is_some_and(|b| GLUE.contains(&b) || b == b'-')
        // A dot, colon or bracket with more behind it: `a.b`, `key:value`, `call(`.
        || matches!(after, Some(b'.' | b':')) && after2.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'/' || b == b':')
        || after == Some(b'(')
        || before == Some(b'.') && byte(start.checked_sub(2)).is_some_and(|b| b.is_ascii_alphanumeric())
}

/// What stands before a range of prose.
pub(super) fn before<'a>(source: &Source<'a>, start: usize) -> Neighbour<'a> {
    let text = source.slice(0, start);
    let trimmed = text.trim_end_matches([' ', '\t']);
    let trimmed = if text.len() == trimmed.len() && !text.is_empty() && !text.ends_with('\n') {
        return Neighbour::Stop;
    } else {
        wrapped_back(trimmed)
    };
    let len = trimmed.bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    match trimmed.get(trimmed.len() - len..).map(|word| word.trim_start_matches('-')) {
        Some(word) if !word.is_empty() => Neighbour::Word(word),
        _ => Neighbour::Stop,
    }
}

/// What stands after a range of prose.
pub(super) fn after<'a>(source: &Source<'a>, end: usize) -> Neighbour<'a> {
    let text = source.slice(end, source.text.len());
    if !text.starts_with([' ', '\t', '\n', '\r']) {
        return Neighbour::Stop;
    }
    let trimmed = text.trim_start_matches([' ', '\t']);
    let trimmed = match trimmed.trim_start_matches('\r').strip_prefix('\n') {
        Some(line) => line.trim_start_matches([' ', '\t', '#', '/', '*', '>']),
        None => trimmed,
    };
    let len = trimmed.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    match trimmed.get(..len).map(|word| word.trim_end_matches('-')) {
        Some(word) if !word.is_empty() => Neighbour::Word(word),
        _ => Neighbour::Stop,
    }
}

/// Tells how a word is capitalised, and whether a sentence starts with it.
pub(super) fn case(source: &Source<'_>, range: &Range<usize>) -> Case {
    let word = source.slice(range.start, range.end);
    if !word.contains(|c: char| c.is_uppercase()) {
        return Case::Lower;
    }
    let mut chars = word.chars();
    let capital = chars.next().is_some_and(char::is_uppercase) && !chars.any(char::is_uppercase);
    let line = source.line_start(source.line_of(range.start));
    let on_line = source.slice(line, range.start);
    let opens_line =
        on_line.trim_start_matches([' ', '\t', '-', '*', '+', '#', '/', '>', '"', '\'']).is_empty();
    let text = source.slice(0, if opens_line { line } else { range.start });
    let text = text.trim_end_matches([' ', '\t']);
    let starts = if opens_line {
        let above = text.strip_suffix('\n').unwrap_or(text).trim_end_matches(['\r', ' ']);
        let bullet = on_line.trim_start().starts_with(['-', '*', '+']);
        above.is_empty() || above.ends_with(['\n', '.', '!', '?', ':']) || bullet || on_line.contains('"')
    } else {
        text.ends_with(['.', '!', '?', ':', '"']) && !text.ends_with("e.g.") && !text.ends_with("i.e.")
            || on_line.trim_end().ends_with("description:")
    };
    if capital && starts { Case::Sentence } else { Case::Name }
}

/// Steps over one line end and what a wrapped line of a comment starts with.
fn wrapped_back(text: &str) -> &str {
    let unmarked = text.trim_end_matches(['#', '/', '*', '>']).trim_end_matches([' ', '\t']);
    if !unmarked.ends_with('\n') {
        return text;
    }
    let line = unmarked.strip_suffix('\n').unwrap_or(unmarked).trim_end_matches(['\r', ' ']);
    // An empty line ends a paragraph.
    if line.ends_with('\n') { "" } else { line }
}
