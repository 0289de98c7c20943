//! Bytes behind an encoding, with where each of them came from.

use super::scan::{nibble, six_bits};

/// Stands for a character outside ASCII: belongs to no token.
const FOREIGN: u8 = 0x80;

/// Decoded bytes and, for each, where its encoding starts in what was decoded.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    from: Vec<usize>,
    end: usize,
}

impl View {
    /// Gives where the encoding of byte `at` starts; past the last byte, where the encoded text ends.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.from.get(at).copied().unwrap_or(self.end)
    }

    fn clear(&mut self, end: usize) {
        self.bytes.clear();
        self.from.clear();
        self.end = end;
    }

    fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// Decodes `%41`, `%u0041`, `\x41`, `\u0041`, `\n`, `\r`, `\t` and a doubled backslash; other bytes stand for
    /// themselves.
    ///
    /// **Source:** RFC 3986, 2.1; RFC 8259, 7; `\xHH` is how web servers escape their logs.
    pub(super) fn escapes(&mut self, text: &[u8]) {
        self.clear(text.len());
        let mut at = 0;
        while let Some((&byte, rest)) = text.get(at..).and_then(<[u8]>::split_first) {
            let (decoded, length) = match (byte, rest) {
                (b'%' | b'\\', [b'u', digits @ ..]) => (number(digits, 4), 6),
                (b'%', digits) => (number(digits, 2), 3),
                (b'\\', [b'x', digits @ ..]) => (number(digits, 2), 4),
                (b'\\', [b'n' | b'r' | b't', ..]) => (Some(b' '), 2),
                (b'\\', [b'\\', ..]) => (Some(b'\\'), 2),
                _ => (None, 1),
            };
            match decoded {
                Some(decoded) => self.push(decoded, at),
                None => self.push(byte, at),
            }
            at += if decoded.is_some() { length } else { 1 };
        }
    }

    /// Decodes a run of base64 whose quads start at indices that are `phase` mod 4; `next` is the byte after it.
    ///
    /// What is missing of the first quad is no letter or digit, else the run had begun earlier; of the last
    /// quad only bytes that are there in full are given.
    pub(super) fn base64(&mut self, run: &[u8], next: Option<u8>, phase: usize) {
        self.clear(run.len());
        let missing = (4 - phase % 4) % 4;
        let special = next.filter(|next| b"+/-_".contains(next));
        let present = run.iter().copied().chain(special).map_while(six_bits);
        let mut bits = 0_u32;
        for (at, six) in std::iter::repeat_n(63, missing).chain(present).enumerate() {
            bits = bits << 6 | u32::from(six);
            if at % 4 != 0 {
                let [.., byte] = (bits >> (6 - 2 * (at % 4))).to_be_bytes();
                self.push(byte, (at - 1).saturating_sub(missing));
            }
        }
    }

    /// Decodes pairs of hexadecimal digits that start at indices that are `phase` mod 2; what is no pair
    /// separates.
    pub(super) fn hex(&mut self, run: &[u8], phase: usize) {
        self.clear(run.len());
        let phase = phase % 2;
        for (at, pair) in run.get(phase..).unwrap_or_default().chunks_exact(2).enumerate() {
            let byte = match pair {
                [high, low] => nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low),
                _ => None,
            };
            self.push(byte.unwrap_or(FOREIGN), phase + 2 * at);
        }
    }
}

/// Reads hexadecimal digits as one character.
fn number(text: &[u8], digits: usize) -> Option<u8> {
    let mut number = 0_u32;
    for &digit in text.get(..digits)? {
        number = number << 4 | u32::from(nibble(digit)?);
    }
    Some(u8::try_from(number).unwrap_or(FOREIGN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escapes(text: &str) -> (String, Vec<usize>) {
        let mut view = View::default();
        view.escapes(text.as_bytes());
        (String::from_utf8_lossy(&view.bytes).into_owned(), view.from)
    }

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        for text in ["%", "%4", "%zz", "\\", "\\x", "\\x4", "\\u004", "%u12", "\\q", "a%"] {
            assert_eq!(escapes(text).0, text);
        }
    }

    #[test]
    fn escapes_say_where_they_came_from() {
        assert_eq!(
            escapes("a%2Fb\\x22c\\nd%u0065\\\\f"),
            ("a/b\"c de\\f".into(), vec![0, 1, 4, 5, 9, 10, 12, 13, 19, 21])
        );
    }

    #[test]
    fn base64_is_read_at_any_alignment() {
        // "/x/value0123/y" and its neighbours, cut before and after the letters and digits of its middle.
        for (run, next, phase, holds) in [
            ("L3gvdmFsdWUwMTIzL3k", None, 0, "/x/value0123/y"),
            ("gvdmFsdWUwMTIzL3k", None, 2, "value0123/y"),
            ("dmFsdWUwMTIz", Some(b'='), 0, "value0123"),
            ("eHZhbHVlMDEyMw", Some(b'='), 0, "xvalue0123"),
        ] {
            let mut view = View::default();
            view.base64(run.as_bytes(), next, phase);
            let text = String::from_utf8_lossy(&view.bytes).into_owned();
            assert!(text.ends_with(holds), "{run}: {text:?}");
            assert_eq!(view.bytes.len(), view.from.len());
            assert!(view.from.is_sorted() && view.from.iter().all(|&from| from < run.len()));
        }
    }

    #[test]
    fn a_byte_that_is_cut_is_not_given() {
        let mut view = View::default();
        view.base64(b"dmF", None, 0);
        assert_eq!(view.bytes, b"va");
        view.base64(b"d", Some(b'+'), 0);
        assert_eq!(view.bytes, b"w");
        view.hex(b"414", 0);
        assert_eq!(view.bytes, b"A");
        view.hex(b"x4142zz43", 1);
        assert_eq!((view.bytes.as_slice(), view.origin(0), view.origin(9)), (&b"AB\x80C"[..], 1, 9));
    }
}
