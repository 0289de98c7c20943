//! Finds the stretches of a stream that can hold a value, in plain or encoded.

use std::ops::Range;

/// Shortest value that is hunted, in characters; also the least of its base64 text that no neighbour shares.
pub(super) const SHORTEST: usize = 8;

/// Letters and digits; what a token is made of.
const ALNUM: u8 = 1;
/// Opens an escape.
const ESCAPE: u8 = 2;

const CLASS: [u8; 256] = classes();
const ENCODED: [u32; 256] = encoded_steps();

/// Two quads of base64 in bits 0 to 7, eight pairs of hexadecimal digits in bits 8 to 23.
const START: u32 = 1 | 1 << 8;
const BASE64_END: u32 = 1 << 7;
const HEX_END: u32 = 1 << 23;

/// Tells whether a byte is a letter or digit of ASCII.
pub(super) fn is_alnum(byte: u8) -> bool {
    class(byte) == ALNUM
}

/// Tells whether a byte can be part of a value, in plain or encoded.
pub(super) fn in_run(byte: u8) -> bool {
    class(byte) != 0
}

/// Finds the next maximal run of letters, digits, `%` and `\` from `from` on that is long enough for a value,
/// or that the end of `bytes` cuts, however short. The byte before `from` is in no run.
///
/// A run of 8 covers a byte in every 8, so a byte outside any run skips the 7 before it unseen.
pub(super) fn next_run(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        let Some((window, rest)) = bytes.get(at..)?.split_at_checked(SHORTEST) else {
            let tail = bytes.get(at..)?;
            let start = at + after_last_break(tail);
            return (start < bytes.len()).then_some(start..bytes.len());
        };
        if window.last().is_some_and(|&byte| !in_run(byte)) {
            at += SHORTEST;
            continue;
        }
        let start = at + after_last_break(window);
        let more = rest.iter().position(|&byte| !in_run(byte)).unwrap_or(rest.len());
        let end = at + SHORTEST + more;
        if end - start >= SHORTEST || end == bytes.len() {
            return Some(start..end);
        }
        at = end + 1;
    }
}

/// Alignments at which a run may be an encoded value, as sets of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Alignments {
    /// Bit i: quads of base64 start at indices that are i mod 4.
    pub(super) base64: u8,
    /// Bit i: pairs of hexadecimal digits start at indices that are i mod 2.
    pub(super) hex: u8,
}

impl Alignments {
    pub(super) fn any(self) -> bool {
        self.base64 | self.hex != 0
    }
}

/// Finds at which alignments a run of letters and digits holds 6 bytes of a run as two whole quads of base64,
/// or 8 as pairs of hexadecimal digits.
///
/// Every value of 8 has two whole quads in its base64, whatever stands around it, and those quads are letters
/// and digits themselves; so is the base64 of escapes. Shift-And over both patterns at once: no branch, a byte a step.
///
/// **Source:** Baeza-Yates and Gonnet, "A new approach to text searching", CACM 35(10), 1992.
pub(super) fn alignments(run: &[u8]) -> Alignments {
    let mut found = Alignments::default();
    let mut state = 0_u32;
    for (at, &byte) in run.iter().enumerate() {
        state = (state << 1 | START) & ENCODED.get(usize::from(byte)).copied().unwrap_or(0);
        if state & (BASE64_END | HEX_END) != 0 {
            if state & BASE64_END != 0 {
                found.base64 |= 1 << ((at + 1) % 4);
            }
            if state & HEX_END != 0 {
                found.hex |= 1 << ((at + 1) % 2);
            }
        }
    }
    found
}

/// Gives the six bits that a character of base64 stands for, in the common alphabet or the one for URLs.
pub(super) const fn six_bits(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Gives the value of a hexadecimal digit.
pub(super) const fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn after_last_break(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&byte| !in_run(byte)).map_or(0, |at| at + 1)
}

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(0)
}

#[expect(
    clippy::indexing_slicing,
    reason = "256 entries, and the index is a byte; checked when it is compiled"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'%' | b'\\' => ESCAPE,
            _ if byte.is_ascii_alphanumeric() => ALNUM,
            _ => 0,
        };
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

/// The steps of [`alignments`]: bit i is set where a byte may stand at place i of the pattern.
#[expect(
    clippy::indexing_slicing,
    reason = "256 entries, and the index is a byte; checked when it is compiled"
)]
const fn encoded_steps() -> [u32; 256] {
    let mut steps = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut step = 0_u32;
        if byte.is_ascii_alphanumeric() {
            if let Some(six) = six_bits(byte) {
                // Letters, digits and `\` have upper halves of 3 to 7, upper six bits of 12 to 30; `%` has 2 and 9.
                let first = six == b'%' >> 2 || six >= b'0' >> 2 && six <= b'z' >> 2;
                let second = six & 0xf >= 2 && six & 0xf <= 7;
                let third = six & 3 <= 1;
                let quad = first as u32 | (second as u32) << 1 | (third as u32) << 2 | 1 << 3;
                step |= quad | quad << 4;
            }
            if let Some(digit) = nibble(byte) {
                let pair = (digit >= 2 && digit <= 7) as u32 | 1 << 1;
                let mut at = 8;
                while at < 24 {
                    step |= pair << at;
                    at += 2;
                }
            }
        }
        steps[byte as usize] = step;
        if byte == u8::MAX {
            return steps;
        }
        byte += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<&str> {
        let mut at = 0;
        let mut found = Vec::new();
        while let Some(run) = next_run(text.as_bytes(), at) {
            at = run.end + 1;
            found.push(text.get(run).unwrap());
        }
        found
    }

    #[test]
    fn short_runs_are_skipped_unless_the_end_cuts_them() {
        assert_eq!(runs(""), Vec::<&str>::new());
        assert_eq!(runs("1234567 abcdefg "), Vec::<&str>::new());
        assert_eq!(runs("1234567"), ["1234567"]);
        assert_eq!(runs("a b"), ["b"]);
        assert_eq!(runs("éé"), Vec::<&str>::new());
    }

    #[test]
    fn runs_are_maximal_wherever_they_start() {
        for before in 0..20 {
            for length in 8..20 {
                let text = format!("{}{} x ", "-".repeat(before), "a%2\\".repeat(5).get(..length).unwrap());
                assert_eq!(runs(&text), [text.get(before..before + length).unwrap()], "{before} {length}");
            }
        }
        assert_eq!(runs("abcdefgh.ijklmnopq,rs"), ["abcdefgh", "ijklmnopq", "rs"]);
    }

    #[test]
    fn ordinary_words_are_no_encoding() {
        for word in ["authentication", "Mozilla", "0123456789", "5f4dcc3b5aa765d61d8327deb882cf99"] {
            assert_eq!(alignments(word.as_bytes()).base64 & 1, 0, "{word}");
        }
        assert!(!alignments(b"5f4dcc3b5aa765d61d8327deb882cf99").any());
    }
}
