//! Every token behind up to two encodings, whoever's it may be.

use super::scan::{SHORTEST, alignments, is_alnum, next_run};
use super::view::View;

/// Encodings on top of each other that are looked behind.
const MOST_LAYERS: usize = 2;

/// Visits the runs of letters and digits that stand in a text behind escapes, base64 or hexadecimal digits.
///
/// A view is never longer than what it decodes, and there are at most seven of a stretch: time and memory are
/// linear in the text.
pub(crate) fn tokens_behind(text: &[u8], take: &mut impl FnMut(&[u8])) {
    layer(text, 0, take);
}

fn layer(text: &[u8], depth: usize, take: &mut impl FnMut(&[u8])) {
    let mut from = 0;
    while let Some(run) = next_run(text, from) {
        from = run.end + 1;
        let next = text.get(run.end).copied();
        let bytes = text.get(run).unwrap_or_default();
        let mut escaped = false;
        for (at, stretch) in bytes.split(|byte| !is_alnum(*byte)).scan(0, |at, stretch| {
            let start = *at;
            *at += stretch.len() + 1;
            Some((start, stretch))
        }) {
            let end = at + stretch.len();
            escaped |= end < bytes.len();
            if stretch.len() < SHORTEST {
                continue;
            }
            if depth > 0 {
                take(stretch);
            }
            behind_stretch(stretch, bytes.get(end).copied().or(next), depth, take);
        }
        if escaped {
            behind(depth, take, |view| view.escapes(bytes));
        }
    }
}

fn behind_stretch(stretch: &[u8], next: Option<u8>, depth: usize, take: &mut impl FnMut(&[u8])) {
    let found = alignments(stretch);
    for phase in (0..4).filter(|phase| found.base64 >> phase & 1 == 1) {
        behind(depth, take, |view| view.base64(stretch, next, phase));
    }
    for phase in (0..2).filter(|phase| found.hex >> phase & 1 == 1) {
        behind(depth, take, |view| view.hex(stretch, phase));
    }
}

fn behind(depth: usize, take: &mut impl FnMut(&[u8]), decode: impl FnOnce(&mut View)) {
    if depth < MOST_LAYERS {
        let mut view = View::default();
        decode(&mut view);
        layer(&view.bytes, depth + 1, take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        tokens_behind(text.as_bytes(), &mut |token| found.push(String::from_utf8_lossy(token).into_owned()));
        found
    }

    #[test]
    fn plain_text_has_nothing_behind_it() {
        assert!(tokens("authentication of 4be1209ac77d").is_empty());
    }

    #[test]
    fn escapes_base64_and_hex_are_looked_behind() {
        for text in ["%34be1209ac77d%20x", "eD00YmUxMjA5YWM3N2QmeT0x", "783d346265313230396163373764"] {
            assert!(tokens(text).contains(&String::from("4be1209ac77d")), "{text}: {:?}", tokens(text));
        }
    }
}
