//! The literal on the right of a line's assignment.

use std::ops::Range;

use super::MAX_LENGTH;
use super::resolve::{is_number, is_plain, misfit};
use super::source::Source;
use super::tree::{Form, Label, Origin, Piece, Slot};
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind};

/// A literal that code markup replaces.
pub(super) struct Literal {
    /// The content of a string, or a whole number.
    range: Range<usize>,
    slot: Slot,
    /// Whether the number starts with `0x`.
    hex: bool,
}

impl Literal {
    /// Puts a name's value in place of the literal; `0x` stays.
    pub(super) fn named(self, name: &str) -> (Range<usize>, Form) {
        let label = Label::Name(name.to_owned());
        if self.hex {
            return (self.range.start + 2..self.range.end, Form::Reuse { label, slot: Slot::Hex });
        }
        (self.range, Form::Reuse { label, slot: self.slot })
    }

    /// Puts one of the values written, `a|b|c`, in place of the literal.
    ///
    /// # Errors
    /// A sentence for the author when a value is of another kind than the literal.
    pub(super) fn picked(self, source: &Source<'_>, written: &str) -> Result<(Range<usize>, Form), String> {
        let values = split_bars(written);
        let mut branches = Vec::with_capacity(values.len());
        for value in &values {
            let value = self.unquoted(value.trim());
            if let Some(why) = misfit(value, self.slot) {
                let literal = source.slice(self.range.start, self.range.end);
                return Err(format!("a value cannot replace `{literal}`: {why}"));
            }
            branches.push(vec![Piece::Text(value.to_owned())]);
        }
        Ok((self.range, Form::Choice { label: Label::None, origin: Origin::Pick, branches }))
    }

    /// A value without the quotes that its author may write in the list.
    fn unquoted<'v>(&self, value: &'v str) -> &'v str {
        if !matches!(self.slot, Slot::Quoted(_) | Slot::Word | Slot::Plain) {
            return value;
        }
        ['"', '\'', '`']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(value)
    }
}

/// Finds the one literal that a line assigns; `tokens` are those of the line before its marker.
///
/// # Errors
/// A sentence for the author when there is no such literal or more than one.
pub(super) fn find(
    source: &Source<'_>,
    tokens: &[Token],
    start: usize,
    end: usize,
) -> Result<Literal, String> {
    let tokens: Vec<Token> =
        tokens.iter().copied().filter(|token| token.kind != TokenKind::Comment && token.end <= end).collect();
    let Some(assigned) = assigned(source, &tokens) else {
        return Err("this line assigns nothing; a value is written after `=` or `:`".to_owned());
    };
    let right = tokens.get(assigned..).unwrap_or_default();
    let from = tokens.get(assigned.wrapping_sub(1)).map_or(start, |token| token.end);
    let to = right.last().map_or(from, |token| token.end);
    if source.kind.has_plain_strings()
        && let Some(plain) = plain(source, &tokens, right, from..to)
    {
        return Ok(plain);
    }
    let mut literals = right.iter().enumerate().filter(|(_, token)| is_literal(token.kind));
    let (Some((index, token)), None) = (literals.next(), literals.next()) else {
        return Err("the right side of this line must hold exactly one string or number".to_owned());
    };
    match token.kind {
        TokenKind::Str { open, close, .. } => string(source, *token, open, close),
        _ => {
            let signed = index == 1 && right.first().is_some_and(|sign| sign.kind == TokenKind::Punct(b'-'));
            let start = right
                .first()
                .filter(|sign| signed && sign.end == token.start)
                .map_or(token.start, |s| s.start);
            number(source, start..token.end)
        }
    }
}

/// Cuts `a|b|c` at its bars; `\|` is a bar of a value.
fn split_bars(written: &str) -> Vec<String> {
    let (mut values, mut value) = (Vec::new(), String::new());
    let mut rest = written.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next_if_eq(&'|').is_some() => value.push('|'),
            '|' => values.push(std::mem::take(&mut value)),
            _ => value.push(c),
        }
    }
    values.push(value);
    values
}

fn is_literal(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Number | TokenKind::Str { .. })
}

/// Index of the first token on the right side.
fn assigned(source: &Source<'_>, tokens: &[Token]) -> Option<usize> {
    let punct = |index: Option<usize>, at: usize| match tokens.get(index?) {
        Some(Token { kind: TokenKind::Punct(byte), start, end }) if *start == at || *end == at => Some(*byte),
        _ => None,
    };
    let alone = |index: usize, token: &Token, before: &[u8], after: &[u8]| {
        !punct(index.checked_sub(1), token.start).is_some_and(|byte| before.contains(&byte))
            && !punct(Some(index + 1), token.end).is_some_and(|byte| after.contains(&byte))
    };
    let of =
        |byte: u8| tokens.iter().enumerate().filter(move |(_, token)| token.kind == TokenKind::Punct(byte));
    if source.kind == FileKind::Yaml {
        let key =
            of(b':').find(|(_, token)| source.byte(token.end).is_none_or(|byte| byte.is_ascii_whitespace()));
        let entry = tokens.first().filter(|token| token.kind == TokenKind::Punct(b'-')).map(|_| 1);
        return key.map(|(index, _)| index + 1).or(entry);
    }
    let equals = of(b'=').find(|(index, token)| alone(*index, token, b"=!<>", b"=>"));
    let colon = of(b':').rfind(|(index, token)| alone(*index, token, b":", b":"));
    let define = match tokens {
        [hash, word, _, ..] if hash.kind == TokenKind::Punct(b'#') => {
            (source.kind == FileKind::C && source.slice(word.start, word.end) == "define").then_some(3)
        }
        _ => None,
    };
    equals.or(colon).map(|(index, _)| index + 1).or(define)
}

/// A YAML scalar or shell word without quotes, or a number, that is the whole right side.
fn plain(source: &Source<'_>, line: &[Token], right: &[Token], range: Range<usize>) -> Option<Literal> {
    let text = source.slice(range.start, range.end);
    let start = range.start + (text.len() - text.trim_start().len());
    let text = text.trim_start();
    if let [Token { kind: TokenKind::Str { .. }, .. }] = right {
        return None;
    }
    if is_number(text) {
        return number(source, start..range.end).ok();
    }
    let (slot, fits) = if source.kind == FileKind::Yaml {
        let flow = line
            .iter()
            .any(|token| token.start < start && matches!(token.kind, TokenKind::Punct(b'{' | b'[')));
        (Slot::Plain, is_plain(text) && !flow)
    } else {
        (Slot::Word, misfit(text, Slot::Word).is_none())
    };
    fits.then_some(Literal { range: start..range.end, slot, hex: false })
}

fn string(source: &Source<'_>, token: Token, open: usize, close: usize) -> Result<Literal, String> {
    let range = token.start + open..token.end.saturating_sub(close);
    let quote = source.byte(range.start.saturating_sub(1)).unwrap_or(b'"');
    if close == 0 || range.start > range.end || !matches!(quote, b'"' | b'\'' | b'`') {
        return Err("this string cannot be replaced; write it on one line, in plain quotes".to_owned());
    }
    Ok(Literal { range, slot: Slot::Quoted(quote), hex: false })
}

fn number(source: &Source<'_>, range: Range<usize>) -> Result<Literal, String> {
    let text = source.slice(range.start, range.end);
    if !is_number(text) {
        return Err(format!("`{text}` cannot be replaced; write the number without a suffix"));
    }
    let digits = match source.kind {
        FileKind::Python => MAX_LENGTH,
        // 2^53 and 2^63: beyond, a number is rounded or overflows.
        FileKind::JavaScript | FileKind::Yaml => 15,
        _ => 18,
    };
    Ok(Literal {
        hex: text.starts_with("0x") || text.starts_with("0X"),
        range,
        slot: Slot::Number { digits },
    })
}
