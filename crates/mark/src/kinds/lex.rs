//! A small lexer: enough to tell identifiers, numbers, strings and comments apart.
//!
//! It never fails: a string that is not closed ends with its line or the file, and everything unknown is
//! punctuation. It runs in one pass and does not recurse.

use super::FileKind;

/// A token; whitespace has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// Byte offset of the first byte.
    pub(crate) start: usize,
    /// Byte offset after the last byte.
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier or keyword.
    Ident,
    /// A number.
    Number,
    /// A string; `open` and `close` are the lengths of its delimiters (with prefix), `live` says that names
    /// inside it are evaluated (f-string, template, double-quoted shell word).
    Str { open: usize, close: usize, live: bool },
    /// A comment with its delimiters, without the line's end.
    Comment,
    /// One ASCII character of anything else.
    Punct(u8),
}

/// Cuts a file into tokens; kinds without code markup have none.
pub(crate) fn lex(kind: FileKind, text: &str) -> Vec<Token> {
    if kind.marker().is_none() {
        return Vec::new();
    }
    let mut lexer = Lexer { kind, bytes: text.as_bytes(), pos: 0, tokens: Vec::new(), heredocs: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    kind: FileKind,
    bytes: &'a [u8],
    pos: usize,
    tokens: Vec<Token>,
    /// Shell here-documents announced on this line: word and whether tabs are stripped.
    heredocs: Vec<(Vec<u8>, bool)>,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        let Some(byte) = self.peek(0) else { return false };
        match byte {
            b'\n' => {
                self.pos += 1;
                self.skip_heredocs();
            }
            _ if byte.is_ascii_whitespace() => self.pos += 1,
            _ if self.comment_opens(byte) => self.line_comment(),
            b'/' if self.is_c_like() && self.peek(1) == Some(b'*') => self.block_comment(),
            b'/' if self.regex_opens() => self.regex(),
            b'"' | b'\'' | b'`' if self.string_opens(byte) => self.string(0),
            b'|' | b'>' if self.kind == FileKind::Yaml && self.block_scalar_opens() => self.block_scalar(),
            b'\\' => {
                self.push(TokenKind::Punct(b'\\'), 1);
                if self.kind == FileKind::Shell && self.peek(0).is_some_and(|next| next.is_ascii()) {
                    self.pos += 1;
                }
            }
            b'<' if self.kind == FileKind::Shell && self.heredoc() => {}
            _ if byte.is_ascii_digit() => self.number(),
            _ if is_ident(byte) => self.ident(),
            _ => self.push(TokenKind::Punct(byte), 1),
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos.saturating_add(ahead)).copied()
    }

    fn before(&self) -> Option<u8> {
        self.pos.checked_sub(1).and_then(|at| self.bytes.get(at)).copied()
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        let end = self.pos.saturating_add(len).min(self.bytes.len());
        self.tokens.push(Token { kind, start: self.pos, end });
        self.pos = end;
    }

    fn is_c_like(&self) -> bool {
        matches!(
            self.kind,
            FileKind::C | FileKind::Go | FileKind::JavaScript | FileKind::Rust | FileKind::Yara
        )
    }

    fn comment_opens(&self, byte: u8) -> bool {
        match self.kind {
            FileKind::Python => byte == b'#',
            // Rules have comments on lines of their own; a marker elsewhere is found, to be refused.
            FileKind::Rules => {
                byte == b'#'
                    && (self.first_on_line()
                        || self.peek(1) == Some(b'~')
                            && self.before().is_some_and(|b| b.is_ascii_whitespace()))
            }
            FileKind::Yaml => byte == b'#' && self.before().is_none_or(|b| b.is_ascii_whitespace()),
            FileKind::Shell => {
                byte == b'#'
                    && self
                        .before()
                        .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'&' | b'|' | b'('))
            }
            _ => byte == b'/' && self.peek(1) == Some(b'/'),
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let len = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let end = from + len;
        let carriage = end > from && self.bytes.get(end - 1) == Some(&b'\r');
        if carriage { end - 1 } else { end }
    }

    fn line_comment(&mut self) {
        self.push(TokenKind::Comment, self.line_end(self.pos) - self.pos);
    }

    fn block_comment(&mut self) {
        let rest = self.bytes.get(self.pos + 2..).unwrap_or_default();
        let len = rest.windows(2).position(|pair| pair == b"*/").map_or(rest.len() + 2, |at| at + 4);
        self.push(TokenKind::Comment, len);
    }

    /// A `/` starts a regular expression where a value may start, not where a value has ended.
    fn regex_opens(&self) -> bool {
        matches!(self.kind, FileKind::JavaScript | FileKind::Yara)
            && !matches!(self.peek(1), None | Some(b'/' | b'*' | b'\n'))
            && match self.tokens.last().map(|token| token.kind) {
                None => true,
                Some(TokenKind::Punct(byte)) => b"=(,:[!&|?{};+~".contains(&byte),
                Some(_) => false,
            }
    }

    fn regex(&mut self) {
        let (mut at, mut class) = (self.pos + 1, false);
        while let Some(&byte) = self.bytes.get(at).filter(|&&byte| byte != b'\n') {
            match byte {
                b'\\' => at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    let len = at + 1 - self.pos;
                    return self.push(TokenKind::Str { open: 1, close: 1, live: false }, len);
                }
                _ => {}
            }
            at += 1;
        }
        self.push(TokenKind::Punct(b'/'), 1);
    }

    fn string_opens(&self, quote: u8) -> bool {
        match self.kind {
            FileKind::Yaml => {
                quote != b'`'
                    && self.before().is_none_or(|b| b.is_ascii_whitespace() || b"[{,:(".contains(&b))
                    && match self.tokens.last().map(|token| token.kind) {
                        None => true,
                        Some(TokenKind::Punct(byte)) => b":-[{,?|(".contains(&byte) || self.first_on_line(),
                        Some(_) => self.first_on_line(),
                    }
            }
            FileKind::Python | FileKind::Shell | FileKind::C | FileKind::Yara => quote != b'`',
            FileKind::Rules => quote == b'"',
            // A lifetime is no character literal.
            FileKind::Rust if quote == b'\'' => {
                self.peek(1) == Some(b'\\')
                    || (2..=5).any(|ahead| self.peek(ahead) == Some(b'\'')) && !self.lifetime()
            }
            FileKind::Rust => quote == b'"',
            _ => true,
        }
    }

    fn lifetime(&self) -> bool {
        self.peek(1).is_some_and(|b| b.is_ascii() && is_ident(b)) && self.peek(2) != Some(b'\'')
    }

    fn first_on_line(&self) -> bool {
        let before = self.bytes.get(..self.pos).unwrap_or_default();
        before.iter().rev().take_while(|&&b| b != b'\n').all(u8::is_ascii_whitespace)
    }

    /// A string whose prefix of `prefix` bytes starts at the current position.
    fn string(&mut self, prefix: usize) {
        let quote = self.peek(prefix).unwrap_or(b'"');
        let prefixed = self.bytes.get(self.pos..self.pos + prefix).unwrap_or_default();
        let raw = prefixed.iter().any(|b| b.eq_ignore_ascii_case(&b'r'));
        let triple = self.kind == FileKind::Python
            && self.peek(prefix + 1) == Some(quote)
            && self.peek(prefix + 2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        let live = match self.kind {
            FileKind::Python => prefixed.iter().any(|b| b.eq_ignore_ascii_case(&b'f')),
            FileKind::Shell => quote == b'"',
            FileKind::JavaScript => quote == b'`',
            _ => false,
        };
        let lines = triple
            || quote == b'`'
            || matches!(self.kind, FileKind::Shell | FileKind::Yaml)
            || (self.kind == FileKind::Rust && quote == b'"');
        let escapes = match self.kind {
            FileKind::Shell | FileKind::Yaml => quote == b'"',
            FileKind::Go => quote != b'`',
            FileKind::Rust => !raw,
            _ => true,
        };
        let open = prefix + width;
        let mut at = self.pos + open;
        while let Some(&byte) = self.bytes.get(at) {
            if byte == b'\\' && escapes {
                at += 2;
            } else if byte == b'\n' && !lines {
                let len = self.line_end(self.pos) - self.pos;
                return self.push(TokenKind::Str { open: open.min(len), close: 0, live }, len);
            } else if byte == quote && (0..width).all(|i| self.bytes.get(at + i) == Some(&quote)) {
                if self.kind == FileKind::Yaml && quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') {
                    at += 2;
                    continue;
                }
                let len = at + width - self.pos;
                return self.push(TokenKind::Str { open, close: width, live }, len);
            } else {
                at += 1;
            }
        }
        let len = self.bytes.len() - self.pos;
        self.push(TokenKind::Str { open: open.min(len), close: 0, live }, len);
    }

    /// A Rust raw string with hashes, whose prefix of `prefix` bytes ends before the first hash.
    fn raw_string(&mut self, prefix: usize) -> bool {
        let rest = self.bytes.get(self.pos + prefix..).unwrap_or_default();
        let hashes = rest.iter().take_while(|&&b| b == b'#').count();
        if hashes == 0 || rest.get(hashes) != Some(&b'"') {
            return false;
        }
        let open = prefix + hashes + 1;
        let mut at = self.pos + open;
        while let Some(&byte) = self.bytes.get(at) {
            if byte == b'"' && (1..=hashes).all(|i| self.bytes.get(at + i) == Some(&b'#')) {
                let len = at + 1 + hashes - self.pos;
                self.push(TokenKind::Str { open, close: 1 + hashes, live: false }, len);
                return true;
            }
            at += 1;
        }
        let len = self.bytes.len() - self.pos;
        self.push(TokenKind::Str { open, close: 0, live: false }, len);
        true
    }

    fn number(&mut self) {
        let hex = self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X'));
        let mut len = 1;
        while let Some(byte) = self.peek(len) {
            let exponent = !hex
                && matches!(byte, b'+' | b'-')
                && matches!(self.peek(len - 1), Some(b'e' | b'E'))
                && self.peek(len + 1).is_some_and(|b| b.is_ascii_digit());
            let point = byte == b'.' && self.peek(len + 1).is_some_and(|b| b.is_ascii_digit());
            if !(is_ident(byte) || exponent || point) {
                break;
            }
            len += 1;
        }
        self.push(TokenKind::Number, len);
    }

    fn ident(&mut self) {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let len = rest.iter().take_while(|&&b| is_ident(b)).count();
        let word = rest.get(..len).unwrap_or_default();
        let quoted = matches!(rest.get(len), Some(b'"' | b'\''));
        let prefix = match self.kind {
            FileKind::Python => len <= 2 && word.iter().all(|b| b"rbfuRBFU".contains(b)),
            FileKind::Rust => matches!(word, b"r" | b"b" | b"br" | b"c" | b"cr"),
            FileKind::C => matches!(word, b"L" | b"u" | b"U" | b"u8"),
            _ => false,
        };
        if self.kind == FileKind::Rust && prefix && self.raw_string(len) {
            return;
        }
        if prefix && quoted {
            return self.string(len);
        }
        self.push(TokenKind::Ident, len);
    }

    /// Notes a here-document's end word at `<<`; its text is skipped when the line ends.
    fn heredoc(&mut self) -> bool {
        if self.peek(1) != Some(b'<') || self.peek(2) == Some(b'<') || self.before() == Some(b'<') {
            return false;
        }
        let strip = self.peek(2) == Some(b'-');
        let mut at = if strip { 3 } else { 2 };
        while self.peek(at) == Some(b' ') {
            at += 1;
        }
        let quote = self.peek(at).filter(|b| matches!(b, b'"' | b'\'' | b'\\'));
        at += usize::from(quote.is_some());
        let rest = self.bytes.get(self.pos + at..).unwrap_or_default();
        let word: Vec<u8> = rest.iter().copied().take_while(|&b| is_ident(b)).collect();
        if word.first().is_none_or(u8::is_ascii_digit) {
            return false;
        }
        at += word.len() + usize::from(matches!(quote, Some(b'"' | b'\'')));
        self.heredocs.push((word, strip));
        self.push(TokenKind::Punct(b'<'), at);
        true
    }

    fn skip_heredocs(&mut self) {
        for (word, strip) in std::mem::take(&mut self.heredocs) {
            let start = self.pos;
            let mut at = start;
            while at < self.bytes.len() {
                let end = self.line_end(at);
                let line = self.bytes.get(at..end).unwrap_or_default();
                let tabs = if strip { line.iter().take_while(|&&b| b == b'\t').count() } else { 0 };
                if line.get(tabs..) == Some(word.as_slice()) {
                    break;
                }
                let rest = self.bytes.get(end..).unwrap_or_default();
                at = rest.iter().position(|&b| b == b'\n').map_or(self.bytes.len(), |n| end + n + 1);
            }
            let end = self.line_end(at.min(self.bytes.len()));
            self.push(TokenKind::Str { open: 0, close: end - at.min(end), live: true }, end - start);
        }
    }

    /// A YAML `|` or `>` starts a block scalar when only indicators follow it on its line.
    fn block_scalar_opens(&self) -> bool {
        let value =
            self.tokens.last().is_some_and(|token| matches!(token.kind, TokenKind::Punct(b':' | b'-')));
        let rest = self.bytes.get(self.pos + 1..).unwrap_or_default();
        value && matches!(rest.iter().find(|b| !b"+-0123456789 \t\r".contains(b)), None | Some(b'\n' | b'#'))
    }

    fn block_scalar(&mut self) {
        let line_start = self.bytes.get(..self.pos).unwrap_or_default().iter().rposition(|&b| b == b'\n');
        let indent = self.indent(line_start.map_or(0, |at| at + 1));
        let header = self.line_end(self.pos);
        self.push(TokenKind::Punct(b'|'), header - self.pos);
        let mut end = header;
        loop {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let Some(next) = rest.iter().position(|&b| b == b'\n').map(|n| end + n + 1) else { break };
            let line = self.bytes.get(next..self.line_end(next)).unwrap_or_default();
            if !line.iter().all(u8::is_ascii_whitespace) && self.indent(next) <= indent {
                break;
            }
            if next >= self.bytes.len() {
                break;
            }
            end = self.line_end(next);
        }
        if end > header {
            self.push(TokenKind::Str { open: 0, close: 0, live: false }, end - header);
        }
    }

    fn indent(&self, line_start: usize) -> usize {
        self.bytes.get(line_start..).unwrap_or_default().iter().take_while(|&&b| b == b' ').count()
    }
}

/// Tells whether a byte may stand in an identifier; all of non-ASCII may.
pub(crate) fn is_ident(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests;
