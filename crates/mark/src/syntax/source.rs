use crate::kinds::FileKind;
use crate::master::Location;

/// Bytes between two known character counts, so that a column costs little on very long lines.
const STRIDE: usize = 1024;

/// An author's file with what is needed to say where something stands.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    pub(crate) kind: FileKind,
    /// Byte offset of every line's start.
    lines: Vec<usize>,
    /// Characters before every multiple of `STRIDE`.
    chars: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Source<'a> {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let mut chars = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut count = 0;
        for chunk in text.as_bytes().chunks(STRIDE) {
            chars.push(count);
            count += starts(chunk);
        }
        Source { path, text, kind: FileKind::of(path), lines, chars }
    }

    pub(crate) fn locate(&self, offset: usize) -> Location {
        let line = self.line_of(offset);
        let start = self.line_start(line);
        let column = self.chars_before(offset).saturating_sub(self.chars_before(start)) + 1;
        Location { file: self.path.to_owned(), line: line + 1, column }
    }

    /// Index of the line, from 0, that a byte offset stands on.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    pub(crate) fn line_start(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or(self.text.len())
    }

    /// Offset after the line's last character, its line end left out.
    pub(crate) fn line_end(&self, line: usize) -> usize {
        let (start, next) = (self.line_start(line), self.line_start(line + 1));
        start + self.slice(start, next).trim_end_matches(['\n', '\r']).len()
    }

    /// Text between two byte offsets; empty when they are no character boundaries.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn chars_before(&self, offset: usize) -> usize {
        let known = offset / STRIDE;
        let from = known * STRIDE;
        let rest = self.text.as_bytes().get(from..offset.min(self.text.len())).unwrap_or_default();
        self.chars.get(known).map_or(0, |count| count + starts(rest))
    }
}

/// Number of characters that start in these UTF-8 bytes.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}
