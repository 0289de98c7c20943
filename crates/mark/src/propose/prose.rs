//! Where people read sentences: paragraphs, comments, descriptions.
//!
//! A span that is not free holds words that are read but not marked: headings, tables, links, quotations,
//! emphasis, marks. A word that stands in one is not marked anywhere, since its site would have to cover it.
//! What is in no span is no prose: code, addresses, keys.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::kinds::FileKind;
use crate::kinds::lex::{TokenKind, lex};
use crate::syntax::{Source, Taken};

/// A stretch of prose.
pub(super) struct Span {
    pub(super) range: Range<usize>,
    /// Whether sites may be placed in it.
    pub(super) free: bool,
}

/// Keys whose value is a sentence.
const SENTENCES: &[&str] = &["description", "summary", "details", "text", "note", "notes"];
/// Beginnings of comments that a program reads.
const DIRECTIVES: &[&str] =
    &["!", "noqa", "type:", "pylint", "mypy", "fmt:", "-*-", "SPDX", "coding", "eslint", "nolint", "go:"];

/// Finds the prose of a file, in order.
pub(super) fn spans(source: &Source<'_>, taken: &Taken) -> Vec<Span> {
    let found = match source.kind {
        FileKind::Markdown => markdown(source.text),
        FileKind::Text => text(source),
        FileKind::Json => json(source.text),
        FileKind::Http => Vec::new(),
        FileKind::Rules => rules(source),
        _ => code(source),
    };
    let mut spans = Vec::with_capacity(found.len());
    for span in found {
        let mut at = span.range.start;
        for mark in
            taken.marks.iter().filter(|mark| span.range.start < mark.end && mark.start < span.range.end)
        {
            cut(source.text, at..mark.start.max(at), span.free, &mut spans);
            let end = mark.end.min(span.range.end);
            spans.push(Span { range: mark.start.max(at)..end.max(at), free: false });
            at = at.max(end);
        }
        cut(source.text, at..span.range.end, span.free, &mut spans);
    }
    spans
}

/// Adds a span, quotations in it apart.
fn cut(text: &str, range: Range<usize>, free: bool, spans: &mut Vec<Span>) {
    let (mut at, mut quoted) = (range.start, false);
    let inside = text.get(range.clone()).unwrap_or_default();
    for (offset, c) in inside.char_indices() {
        if matches!(c, '"' | '“' | '”') {
            let here = range.start + offset;
            spans.push(Span { range: at..here, free: free && !quoted });
            (at, quoted) = (here, !quoted);
        }
    }
    spans.push(Span { range: at..range.end, free: free && !quoted });
    spans.retain(|span| !span.range.is_empty());
}

fn markdown(text: &str) -> Vec<Span> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let (mut spans, mut bound, mut hidden) = (Vec::<Span>::new(), 0_usize, 0_usize);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => match tag {
                Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_) => hidden += 1,
                tag => bound += usize::from(binds(&tag.to_end())),
            },
            Event::End(tag) => match tag {
                TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => {
                    hidden = hidden.saturating_sub(1);
                }
                tag => bound = bound.saturating_sub(usize::from(binds(&tag))),
            },
            Event::Text(_) if hidden == 0 => match spans.last_mut() {
                // Characters such as `_` cut a text in two.
                Some(last) if last.range.end == range.start && last.free == (bound == 0) => {
                    last.range.end = range.end;
                }
                _ => spans.push(Span { range, free: bound == 0 }),
            },
            _ => {}
        }
    }
    spans
}

/// Tells whether what stands inside is somebody's wording, a name or a label.
fn binds(tag: &TagEnd) -> bool {
    !matches!(tag, TagEnd::Paragraph | TagEnd::List(_) | TagEnd::Item)
}

/// Lines of plain text; headings and indented listings apart.
fn text(source: &Source<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    let mut blank_before = true;
    let mut lines = source.text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let blank_after = lines.peek().is_none_or(|next| next.trim().is_empty());
        let shown = line.trim();
        let heading = blank_before && blank_after && !shown.ends_with(['.', '!', '?', ';', ':']);
        let listing = line.starts_with("    ") || line.starts_with('\t');
        if !shown.is_empty() && !listing {
            spans.push(Span { range: at..at + line.len(), free: !heading && !shown.starts_with('>') });
        }
        blank_before = shown.is_empty();
        at += line.len();
    }
    spans
}

/// Values of keys that hold sentences.
fn json(text: &str) -> Vec<Span> {
    let (mut spans, mut key) = (Vec::new(), "");
    let mut pos = 0;
    while let Some(start) = text.get(pos..).and_then(|rest| rest.find('"')).map(|at| pos + at + 1) {
        let (mut end, mut escaped) = (start, false);
        for byte in text.bytes().skip(start) {
            if byte == b'"' && !escaped {
                break;
            }
            escaped = byte == b'\\' && !escaped;
            end += 1;
        }
        let string = text.get(start..end).unwrap_or_default();
        if text.get(end + 1..).is_some_and(|rest| rest.trim_start().starts_with(':')) {
            key = string;
        } else if SENTENCES.contains(&key) && string.contains(' ') && !string.contains('\\') {
            spans.push(Span { range: start..end, free: true });
        }
        pos = end + 1;
    }
    spans
}

/// Comments of rules; messages are names that other systems know.
fn rules(source: &Source<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let shown = line.trim_start();
        if shown.starts_with('#') && !shown.contains("sid:") {
            comment(source, at + (line.len() - shown.len())..at + line.trim_end().len(), &mut spans);
        }
        at += line.len();
    }
    spans
}

/// Comments, docstrings and descriptions.
fn code(source: &Source<'_>) -> Vec<Span> {
    let mut spans = Vec::new();
    for token in lex(source.kind, source.text) {
        let range = token.start..token.end;
        match token.kind {
            TokenKind::Comment => comment(source, range, &mut spans),
            TokenKind::Str { open, close, live: false } => {
                let line = source.line_start(source.line_of(token.start));
                let before = source.slice(line, token.start).trim();
                let inner = token.start + open..token.end.saturating_sub(close).max(token.start + open);
                let sentence = match source.kind {
                    FileKind::Python => open == 3 && before.is_empty(),
                    FileKind::Yaml => before == "description:",
                    FileKind::Yara => before.strip_suffix('=').map(str::trim) == Some("description"),
                    _ => false,
                };
                if sentence && close > 0 && !source.slice(inner.start, inner.end).contains('\\') {
                    spans.push(Span { range: inner, free: true });
                }
            }
            _ => {}
        }
    }
    if source.kind == FileKind::Yaml {
        plain_descriptions(source, &mut spans);
    }
    spans.sort_by_key(|span| span.range.start);
    spans
}

fn plain_descriptions(source: &Source<'_>, spans: &mut Vec<Span>) {
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        if let Some(value) = line.trim_start().strip_prefix("description: ")
            && value.starts_with(|c: char| c.is_alphabetic())
            && !value.contains(" #")
        {
            let end = at + line.trim_end().len();
            spans.push(Span { range: at + (line.len() - value.len())..end, free: true });
        }
        at += line.len();
    }
}

fn comment(source: &Source<'_>, range: Range<usize>, spans: &mut Vec<Span>) {
    let text = source.slice(range.start, range.end);
    let body = text.trim_start_matches(['#', '/', '*', ' ']);
    let marker = source.kind.marker().is_some_and(|marker| text.contains(marker));
    let directive = DIRECTIVES.iter().any(|word| body.starts_with(word));
    if !marker && !directive && body.split_whitespace().count() >= 3 {
        spans.push(Span { range: range.end - body.len()..range.end, free: true });
    }
}
