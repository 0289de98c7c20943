//! The fictional leaker: takes its own copies, edits them to hide, and pastes the rest somewhere.

use engine::Entropy;

/// Share of the paragraphs that the leaker keeps, of 100.
const KEPT: u32 = 65;

/// Length from which a run of letters and digits looks like an identifier worth scrubbing.
const IDENTIFIER: usize = 10;

/// Makes a paste of opened copies: some paragraphs dropped, the rest out of order, reflowed, without
/// Markdown, and with everything that looks like an identifier scrubbed.
pub(crate) fn paste(copies: &[String], entropy: &Entropy) -> String {
    let mut paragraphs: Vec<String> = copies
        .iter()
        .flat_map(|copy| copy.split("\n\n"))
        .filter(|paragraph| !paragraph.trim().is_empty())
        .filter(|_| below(entropy, 100) < KEPT)
        .map(|paragraph| scrub(&plain(paragraph)))
        .collect();
    for _ in 0..paragraphs.len() / 4 {
        let count = u32::try_from(paragraphs.len()).unwrap_or(1);
        let (from, to) = (below(entropy, count) as usize, below(entropy, count) as usize);
        paragraphs.swap(from, to);
    }
    format!("got this, no idea if real, enjoy\n\n{}\n", paragraphs.join("\n\n"))
}

fn below(entropy: &Entropy, bound: u32) -> u32 {
    u32::from_le_bytes(entropy.bytes()) % bound.max(1)
}

/// Drops Markdown and joins lines, as a paste into a plain text field does.
fn plain(paragraph: &str) -> String {
    let text: String = paragraph.chars().filter(|c| !matches!(c, '*' | '`' | '#' | '_')).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces what looks like an identifier: long runs with a digit in them.
fn scrub(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let run = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let digits = run.chars().any(|c| c.is_ascii_digit());
            let plain = run.chars().all(|c| c.is_ascii_alphanumeric());
            if digits && plain && run.len() >= IDENTIFIER {
                word.replace(run, "XXXX")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_it_can_and_keeps_the_rest_readable() {
        let copy =
            "# Title\n\nThe *trace* id is 4f1c90aa03be7d21, seen\nin CVE-2025-49704 logs.\n\n".repeat(40);
        let pasted = paste(&[copy], &Entropy::seeded(1));
        assert!(pasted.contains("The trace id is XXXX, seen in CVE-2025-49704 logs."), "{pasted}");
        assert!(!pasted.contains("4f1c90aa03be7d21"));
        assert!(!pasted.contains('#') && !pasted.contains('*'));
    }
}
