//! What the items of a shuffled block of code are.
//!
//! A line starts an item when it is indented no deeper than the block's first line, does not lie inside an
//! open bracket or string, and does not start with a closing bracket or with a word such as `else` that
//! continues a statement. A comment on lines of its own belongs to the item after it; a block inside the block
//! is part of one item.

use std::ops::Range;

use super::source::Source;
use crate::kinds::lex::{Token, TokenKind};

/// Words that continue the statement before them.
const CONTINUES: &[&str] =
    &["elif", "else", "except", "finally", "catch", "then", "do", "fi", "done", "esac"];

/// Cuts lines of code into items; gives their byte ranges and what separates them.
///
/// # Errors
/// A sentence for the author when there is no item or blank lines are uneven.
pub(super) fn split(
    source: &Source<'_>,
    tokens: &[Token],
    content: Range<usize>,
    inner: &[Range<usize>],
) -> Result<(Vec<Range<usize>>, String), String> {
    let first = tokens.partition_point(|token| token.end <= content.start);
    let mut tokens = tokens.get(first..).unwrap_or_default().iter().peekable();
    let mut items: Vec<Range<usize>> = Vec::new();
    let mut base = None;
    let mut depth = 0_usize;
    let mut inside_until = 0_usize;
    let mut comment: Option<Range<usize>> = None;
    let mut inner = inner.iter().peekable();
    let (from, to) = (source.line_of(content.start), source.line_of(content.end));
    for line in from..to {
        let range = source.line_start(line)..source.line_end(line);
        let text = source.slice(range.start, range.end);
        let (opened, string) = (depth, inside_until > range.start);
        let mut first_kind = None;
        while let Some(token) = tokens.next_if(|token| token.start < range.end) {
            first_kind = first_kind.or(Some(*token));
            inside_until = inside_until.max(token.end);
            match token.kind {
                TokenKind::Punct(b'(' | b'[' | b'{') => depth += 1,
                TokenKind::Punct(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if text.trim().is_empty() {
            continue;
        }
        while inner.next_if(|block| block.end <= range.start).is_some() {}
        let block = inner.peek().filter(|block| block.start <= range.start);
        let indent = text.len() - text.trim_start().len();
        let base = *base.get_or_insert(indent);
        let word = first_kind.map_or("", |token| source.slice(token.start, token.end));
        let closes = matches!(word, ")" | "]" | "}");
        let nested = block.is_some_and(|block| block.start < range.start);
        let continues =
            nested || opened > 0 || string || indent > base || closes || CONTINUES.contains(&word);
        let remark = block.is_none() && first_kind.is_some_and(|token| token.kind == TokenKind::Comment);
        match items.last_mut() {
            Some(item) if continues => {
                comment = None;
                item.end = range.end;
            }
            _ if remark => comment = Some(comment.map_or(range.start, |comment| comment.start)..range.end),
            _ => items.push(comment.take().map_or(range.start, |comment| comment.start)..range.end),
        }
    }
    if let (Some(comment), Some(item)) = (comment, items.last_mut()) {
        item.end = comment.end;
    }
    let mut between = items.iter().zip(items.iter().skip(1)).map(|(a, b)| source.slice(a.end, b.start));
    let separator = between.next().unwrap_or("\n").to_owned();
    if items.is_empty() {
        return Err("a shuffle without items".to_owned());
    }
    if between.any(|gap| gap != separator) {
        return Err("the items of a shuffle are separated by equally many blank lines".to_owned());
    }
    Ok((items, separator))
}
