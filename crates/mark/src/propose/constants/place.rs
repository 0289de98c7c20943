//! Where a literal stands, and how it can be replaced there.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::super::Package;
use super::shapes::{Candidate, dropped, host, runs};
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind, lex};
use crate::syntax::{Source, Taken};

/// How a literal is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By a mark in the text.
    Inline,
    /// By a marker comment on its line.
    Literal,
}

/// Every file's tokens and links.
pub(super) struct Places {
    tokens: Vec<Vec<Token>>,
    links: Vec<Vec<Range<usize>>>,
}

impl Places {
    pub(super) fn new(package: &Package<'_>) -> Places {
        let tokens = package.files().map(|(_, source, _)| lex(source.kind, source.text)).collect();
        let links = package.files().map(|(_, source, _)| links(source)).collect();
        Places { tokens, links }
    }

    /// Every place of a literal, or nothing when one of them cannot be replaced.
    pub(super) fn of(
        &self,
        package: &Package<'_>,
        candidate: &Candidate,
    ) -> Option<Vec<(usize, Range<usize>, How)>> {
        let mut found = Vec::new();
        for (file, source, taken) in package.files() {
            let at = runs(source.text).filter(|(_, run)| run.eq_ignore_ascii_case(&candidate.literal));
            for (start, run) in at {
                let range = start..start + run.len();
                // Another case is another literal, and would show the value that was.
                if run != candidate.literal || taken.touches(&range) {
                    return None;
                }
                let how = self.how(file, source, taken, &range)?;
                if candidate.label && how == How::Inline && !is_label(source, &range) {
                    return None;
                }
                found.push((file, range, how));
            }
        }
        (!found.is_empty()).then_some(found)
    }

    fn how(&self, file: usize, source: &Source<'_>, taken: &Taken, range: &Range<usize>) -> Option<How> {
        let line = source.line_of(range.start);
        let (start, end) = (source.line_start(line), source.line_end(line));
        let (text, left) = (source.slice(start, end), source.slice(start, range.start));
        match source.kind {
            FileKind::Markdown => {
                let linked =
                    self.links.get(file)?.iter().any(|link| link.start < range.end && range.start < link.end);
                (!linked).then_some(How::Inline)
            }
            FileKind::Http => Some(How::Inline),
            FileKind::Text => (!left.split_whitespace().last().is_some_and(|word| word.contains("://")))
                .then_some(How::Inline),
            FileKind::Json => {
                let key = left
                    .rsplit('"')
                    .nth(if left.matches('"').count() % 2 == 1 { 2 } else { 1 })
                    .unwrap_or("");
                let text =
                    !matches!(key, "id" | "pattern" | "product_id" | "url" | "cpe" | "purl" | "external_id");
                (text && left.matches('"').count() % 4 == 3).then_some(How::Inline)
            }
            FileKind::Rules => text.trim_start().starts_with('#').then_some(How::Inline),
            FileKind::Yaml if yaml_bears(source, line) => None,
            _ => self.in_code(file, source, taken, range, text, left),
        }
    }

    fn in_code(
        &self,
        file: usize,
        source: &Source<'_>,
        taken: &Taken,
        range: &Range<usize>,
        text: &str,
        left: &str,
    ) -> Option<How> {
        let tokens = self.tokens.get(file)?;
        let index = tokens.partition_point(|token| token.end <= range.start);
        let token = tokens.get(index).filter(|token| token.start < range.end);
        let line = source.line_of(range.start);
        let (start, end) = (source.line_start(line), source.line_end(line));
        let marker = text.contains(source.kind.marker()?) || taken.touches(&(start..end));
        match token.map(|token| (token, token.kind)) {
            Some((_, TokenKind::Comment)) => (!text.contains(source.kind.marker()?)).then_some(How::Inline),
            Some((token, TokenKind::Str { open, close, live })) => {
                let inner = token.start + open..token.end.saturating_sub(close);
                let docs = source.kind == FileKind::Python
                    && open == 3
                    && !live
                    && source
                        .slice(source.line_start(source.line_of(token.start)), token.start)
                        .trim()
                        .is_empty();
                let meta = source.kind == FileKind::Yara && is_meta(source, line);
                if docs || meta {
                    return Some(How::Inline);
                }
                let whole = inner == *range && source.kind != FileKind::Yara;
                (whole && !marker && close == 1 && literals(tokens, start, end) == 1).then_some(How::Literal)
            }
            Some((token, TokenKind::Number)) => {
                let whole = token.start == range.start && token.end == range.end;
                let fits = whole && !marker && source.kind != FileKind::Yara;
                (fits && literals(tokens, start, end) == 1).then_some(How::Literal)
            }
            // A YAML word without quotes in a sentence of a sample.
            _ if source.kind == FileKind::Yaml => {
                let value = left.trim_start().trim_start_matches("- ");
                let inside = value.split_once(": ").map_or(value, |(_, value)| value);
                inside.starts_with(|c: char| c.is_alphabetic()).then_some(How::Inline)
            }
            _ => None,
        }
    }
}

fn literals(tokens: &[Token], start: usize, end: usize) -> usize {
    let first = tokens.partition_point(|token| token.start < start);
    let line = tokens.iter().skip(first).take_while(|token| token.start < end);
    line.filter(|token| matches!(token.kind, TokenKind::Number | TokenKind::Str { .. })).count()
}

/// Tells whether a word is a host's label or a file's stem here.
fn is_label(source: &Source<'_>, range: &Range<usize>) -> bool {
    let line = source.line_start(source.line_of(range.start));
    let before = source.slice(line, range.start).to_ascii_lowercase();
    let extension = source.slice(range.end, source.text.len()).starts_with('.');
    let code = source.slice(range.start.saturating_sub(1), range.start);
    host(source, range.end)
        || dropped(source, range.start, range.end, &before)
        || extension
            && matches!(code, "`" | "\"" | "/" | "\\" | "=")
            && source.byte(range.end + 1).is_some_and(|b| b.is_ascii_alphanumeric())
        || code == "`" && source.byte(range.end) == Some(b'`')
}

/// Links of Markdown: who follows one must get there.
fn links(source: &Source<'_>) -> Vec<Range<usize>> {
    if source.kind != FileKind::Markdown {
        return Vec::new();
    }
    let (mut found, mut hidden) = (Vec::new(), 0_usize);
    for (event, range) in Parser::new_ext(source.text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => found.push(range),
            Event::Start(Tag::CodeBlock(_)) => hidden += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => hidden = hidden.saturating_sub(1),
            Event::Text(_) if hidden == 0 => {
                let text = source.slice(range.start, range.end);
                for (at, _) in text.match_indices("://") {
                    let rest = text.get(at..).unwrap_or_default();
                    let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    found.push(range.start + at..range.start + at + len);
                }
            }
            _ => {}
        }
    }
    found
}

/// Tells whether a line of YAML is what a rule detects with, or names it.
fn yaml_bears(source: &Source<'_>, line: usize) -> bool {
    let text = source.slice(source.line_start(line), source.line_end(line));
    if text.trim_start().starts_with('#') {
        return false;
    }
    let mut top = "";
    for number in (0..=line).rev() {
        let line = source.slice(source.line_start(number), source.line_end(number));
        if line.starts_with(|c: char| c.is_alphabetic()) {
            top = line.split(':').next().unwrap_or_default();
            break;
        }
    }
    let key = text.trim_start().trim_start_matches("- ").split(':').next().unwrap_or_default();
    matches!(
        top,
        "detection" | "related" | "references" | "id" | "name" | "title" | "http" | "requests" | "matchers"
    ) || matches!(key, "id" | "name" | "url")
}

/// Tells whether a line of YARA stands in a rule's `meta` section.
fn is_meta(source: &Source<'_>, line: usize) -> bool {
    for number in (0..line).rev() {
        match source.slice(source.line_start(number), source.line_end(number)).trim() {
            "meta:" => return true,
            "strings:" | "condition:" => return false,
            _ => {}
        }
    }
    false
}
