//! Leak simulators: what happens to a copy before it turns up.

use mark::code::Codebook;
use mark::master::Symbol;
use mark::read::LeakFile;
use mark::render::RenderedFile;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

/// All files in one text.
pub(crate) fn joined(copy: &[RenderedFile]) -> String {
    copy.iter().map(|file| file.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// One text as a leak.
pub(crate) fn pasted(text: String) -> Vec<LeakFile> {
    vec![LeakFile { path: "paste.txt".into(), text }]
}

/// A paste as plain text: Markdown stripped, quotes made typographic, white space collapsed.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut opens = true;
    for c in text.chars() {
        match c {
            '#' | '*' | '`' | '_' | '|' | '>' => {}
            '"' => {
                out.push(if opens { '\u{201c}' } else { '\u{201d}' });
                opens = !opens;
            }
            '\'' => out.push('\u{2019}'),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// A contiguous part of the text, cut anywhere.
pub(crate) fn excerpt(text: &str, share: f64, rng: &mut StdRng) -> String {
    let length = text.chars().count();
    let kept = (length as f64 * share) as usize;
    let from = rng.gen_range(0..=length - kept);
    text.chars().skip(from).take(kept).collect()
}

/// Paragraphs in another order.
pub(crate) fn shuffled(text: &str, rng: &mut StdRng) -> String {
    let mut paragraphs: Vec<&str> = text.split("\n\n").collect();
    paragraphs.shuffle(rng);
    paragraphs.join("\n\n")
}

/// Lines broken again at a width, paragraphs kept.
pub(crate) fn reflowed(text: &str, width: usize) -> String {
    let reflow = |paragraph: &str| {
        let mut out = String::new();
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out
    };
    text.split("\n\n").map(reflow).collect::<Vec<_>>().join("\n\n")
}

/// Noise on a share of the characters: 70 % another letter, 15 % dropped, 15 % one more.
pub(crate) fn noisy(text: &str, share: f64, rng: &mut StdRng) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !rng.gen_bool(share) {
            out.push(c);
            continue;
        }
        let letter = char::from(rng.gen_range(b'a'..=b'z'));
        match rng.gen_range(0..100) {
            0..70 => out.push(letter),
            70..85 => {}
            _ => out.extend([c, letter]),
        }
    }
    out
}

/// Takes the member's generated values out; what is left is alternatives and orders.
pub(crate) fn without_constants(text: &str, codebook: &Codebook, member: &str) -> String {
    codebook.codeword(member).symbols().iter().fold(text.to_owned(), |text, symbol| match symbol {
        Symbol::Value(value) => text.replace(value, "x"),
        Symbol::Index(_) => text,
    })
}
