//! Lines of code with their tokens.

use crate::kinds::lex::{Token, TokenKind, lex};
use crate::syntax::Source;

/// A physical line.
pub(super) struct Line<'t> {
    /// Index, from 0.
    pub(super) number: usize,
    pub(super) start: usize,
    /// After the last character.
    pub(super) end: usize,
    /// What stands before the first character.
    pub(super) indent: usize,
    /// Tokens that start on the line, comments apart.
    pub(super) tokens: &'t [Token],
    pub(super) comment: bool,
    /// Innermost bracket that is open where the line starts and the offset where it was opened.
    pub(super) inside: Option<(u8, usize)>,
    /// Whether the line is a statement of its own: nothing is open at its start or end.
    pub(super) whole: bool,
}

/// Tokens of a file, comments apart, and what is needed to cut them into lines.
pub(super) struct Code {
    tokens: Vec<Token>,
    comments: Vec<Token>,
}

impl Code {
    pub(super) fn new(source: &Source<'_>) -> Code {
        let (comments, tokens) =
            lex(source.kind, source.text).into_iter().partition(|token| token.kind == TokenKind::Comment);
        Code { tokens, comments }
    }

    /// Cuts a file into lines; those that lie in a string of several lines are left out.
    pub(super) fn lines(&self, source: &Source<'_>) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        let mut open: Vec<(u8, usize)> = Vec::new();
        let (mut next, mut number, mut until) = (0, 0, 0);
        let mut continued = false;
        loop {
            let (start, end) = (source.line_start(number), source.line_end(number));
            if start >= source.text.len() {
                return lines;
            }
            let first = next;
            let (inside, in_string, was_continued) = (open.last().copied(), until > start, continued);
            while let Some(token) = self.tokens.get(next).filter(|token| token.start < end) {
                match token.kind {
                    TokenKind::Punct(bracket @ (b'(' | b'[' | b'{')) => open.push((bracket, token.start)),
                    TokenKind::Punct(b')' | b']' | b'}') => {
                        open.pop();
                    }
                    _ => {}
                }
                until = until.max(token.end);
                next += 1;
            }
            let text = source.slice(start, end);
            let tokens = self.tokens.get(first..next).unwrap_or_default();
            continued = tokens.last().is_some_and(|token| token.kind == TokenKind::Punct(b'\\'));
            let comment = self.comments.iter().any(|token| token.start < end && token.end > start);
            if !in_string {
                lines.push(Line {
                    number,
                    start,
                    end,
                    indent: text.len() - text.trim_start().len(),
                    tokens,
                    comment,
                    inside,
                    whole: inside.is_none()
                        && open.is_empty()
                        && until <= end
                        && !continued
                        && !was_continued,
                });
            }
            number += 1;
        }
    }
}

impl Line<'_> {
    /// Text of a token.
    pub(super) fn text<'a>(&self, source: &Source<'a>, token: &Token) -> &'a str {
        source.slice(token.start, token.end)
    }

    /// Tells whether the line starts with a word.
    pub(super) fn opens_with(&self, source: &Source<'_>, words: &[&str]) -> bool {
        self.tokens.first().is_some_and(|token| words.contains(&self.text(source, token)))
    }

    /// Where the `=` of an assignment to one name or entry stands among the tokens.
    pub(super) fn assigned(&self) -> Option<usize> {
        let equals = self.tokens.iter().position(|token| token.kind == TokenKind::Punct(b'='))?;
        let at = |index: usize| self.tokens.get(index).map(|token| (token.kind, token.start, token.end));
        let (_, start, end) = at(equals)?;
        // `==`, `<=`, `+=` and their like.
        let joined = matches!(at(equals + 1), Some((TokenKind::Punct(b'='), next, _)) if next == end)
            || matches!(equals.checked_sub(1).and_then(at), Some((TokenKind::Punct(byte), _, last))
                if last == start && b"!<>=+-*/%&|^@:~".contains(&byte));
        (!joined).then_some(equals)
    }
}
