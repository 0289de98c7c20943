//! Leak simulators: what happens to a copy before it turns up.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::reformat::reformat;
use super::scope::{is_program, is_rules, one_rule, traffic};
use crate::kinds::FileKind;
use crate::read::LeakFile;
use crate::render::RenderedFile;

/// Share of the text that an excerpt keeps.
const EXCERPT: f64 = 0.3;
/// Share of the characters that noise touches.
const NOISE: f64 = 0.02;

/// A kind of leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakClass {
    /// The files as they are.
    Verbatim,
    /// Plain text: Markdown stripped, NFKC, zero-width characters gone, quotes folded, white space collapsed.
    Paste,
    /// Lists and keys sorted, white space squeezed, lines broken anew, code indented anew.
    Reformat,
    /// A contiguous 30 % of the text, cut anywhere.
    Excerpt,
    /// The blocks in another order.
    Shuffle,
    /// 2 % of the characters wrong, dropped or doubled.
    Noise,
    /// The programs alone.
    Reproduction,
    /// One rule of a rule file.
    Rule,
    /// What requests and programs put on the wire, in a web server's log.
    Traffic,
    /// A mix of so many members' copies; the strategy named least often counts.
    Mix(u32),
    /// The same with every generated value in which they differ replaced.
    CutMix(u32),
}

impl LeakClass {
    /// Gives the classes of a meter for coalitions of the given sizes.
    pub(super) fn all(coalitions: &[u32]) -> Vec<LeakClass> {
        use LeakClass::{
            CutMix, Excerpt, Mix, Noise, Paste, Reformat, Reproduction, Rule, Shuffle, Traffic, Verbatim,
        };
        let alone = [Verbatim, Paste, Reformat, Excerpt, Shuffle, Noise, Reproduction, Rule, Traffic];
        let mixes = coalitions.iter().flat_map(|&members| [Mix(members), CutMix(members)]);
        alone.into_iter().chain(mixes).collect()
    }

    /// Gives the number of members who leak.
    pub fn colluders(self) -> u32 {
        match self {
            LeakClass::Mix(members) | LeakClass::CutMix(members) => members,
            _ => 1,
        }
    }

    /// Says what it is, in a few words.
    pub fn says(self) -> String {
        match self {
            LeakClass::Verbatim => "as it is".into(),
            LeakClass::Paste => "pasted as plain text".into(),
            LeakClass::Reformat => "reformatted and sorted".into(),
            LeakClass::Excerpt => "a 30 % excerpt".into(),
            LeakClass::Shuffle => "blocks shuffled".into(),
            LeakClass::Noise => "2 % of characters wrong".into(),
            LeakClass::Reproduction => "reproduction only".into(),
            LeakClass::Rule => "one rule only".into(),
            LeakClass::Traffic => "traffic only".into(),
            LeakClass::Mix(members) => format!("{members} copies mixed"),
            LeakClass::CutMix(members) => format!("{members} copies mixed, values replaced"),
        }
    }

    /// Tells whether files of these paths can leak so; `whole` says that they are a whole package.
    pub(super) fn applies(self, paths: &[&str], whole: bool) -> bool {
        let any = |test: fn(FileKind) -> bool| paths.iter().any(|path| test(FileKind::of(path)));
        match self {
            LeakClass::Reproduction => whole && any(is_program),
            LeakClass::Rule => any(is_rules),
            LeakClass::Traffic => any(|kind| is_program(kind) || kind == FileKind::Http),
            _ => true,
        }
    }
}

/// Leaks files in one way.
pub(super) fn leak(class: LeakClass, files: &[RenderedFile], rng: &mut StdRng) -> Vec<LeakFile> {
    let each = |change: &mut dyn FnMut(FileKind, &str) -> String| -> Vec<LeakFile> {
        let changed = |file: &RenderedFile| LeakFile {
            path: file.path.clone(),
            text: change(FileKind::of(&file.path), &file.text),
        };
        files.iter().map(changed).collect()
    };
    let one = |text: String| vec![LeakFile { path: "leak.txt".into(), text }];
    match class {
        LeakClass::Verbatim | LeakClass::Mix(_) | LeakClass::CutMix(_) => {
            each(&mut |_, text| text.to_owned())
        }
        LeakClass::Paste => each(&mut pasted),
        LeakClass::Reformat => each(&mut reformat),
        LeakClass::Excerpt => one(excerpt(&joined(files), rng)),
        LeakClass::Shuffle => one(shuffled(files, rng)),
        LeakClass::Noise => each(&mut |_, text| noisy(text, rng)),
        LeakClass::Reproduction => {
            let mut programs = each(&mut |_, text| text.to_owned());
            programs.retain(|file| is_program(FileKind::of(&file.path)));
            programs
        }
        LeakClass::Rule => one(one_rule(files, rng)),
        LeakClass::Traffic => one(traffic(files, rng)),
    }
}

fn joined(files: &[RenderedFile]) -> String {
    files.iter().map(|file| file.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

fn pasted(kind: FileKind, text: &str) -> String {
    let text: String = text.nfkc().filter_map(folded).collect();
    let stripped = if kind == FileKind::Markdown { without_markdown(&text) } else { text };
    stripped.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Folds quotes and drops what has no width.
fn folded(c: char) -> Option<char> {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' => None,
        '\u{2018}'..='\u{201b}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => Some('"'),
        c => Some(c),
    }
}

fn without_markdown(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let body = line.trim_start().trim_start_matches(['#', '>']);
        let body = body.strip_prefix("- ").or_else(|| body.strip_prefix("* ")).unwrap_or(body);
        if body.starts_with("```") || body.trim_matches(['|', '-', ' ', ':']).is_empty() {
            out.push('\n');
            continue;
        }
        out.extend(body.chars().filter(|c| !matches!(c, '*' | '`')).map(|c| if c == '|' { ' ' } else { c }));
        out.push('\n');
    }
    out
}

fn excerpt(text: &str, rng: &mut StdRng) -> String {
    let length = text.chars().count();
    let kept = (length as f64 * EXCERPT) as usize;
    text.chars().skip(rng.gen_range(0..=length - kept)).take(kept).collect()
}

/// Paragraphs in another order; where there is but one, lines.
fn shuffled(files: &[RenderedFile], rng: &mut StdRng) -> String {
    let text = joined(files);
    let separator = if text.trim().contains("\n\n") { "\n\n" } else { "\n" };
    let mut blocks: Vec<&str> = text.split(separator).filter(|block| !block.trim().is_empty()).collect();
    blocks.shuffle(rng);
    blocks.join(separator)
}

/// Of the characters touched, 70 % become another letter, 15 % are dropped, 15 % get one more.
fn noisy(text: &str, rng: &mut StdRng) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !rng.gen_bool(NOISE) {
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn file(path: &str, text: &str) -> RenderedFile {
        RenderedFile { path: path.into(), text: text.into() }
    }

    fn text(class: LeakClass, files: &[RenderedFile]) -> String {
        let leaked = leak(class, files, &mut StdRng::seed_from_u64(7));
        leaked.into_iter().map(|file| file.text).collect()
    }

    #[test]
    fn an_empty_file_leaks_nothing() {
        for class in LeakClass::all(&[2]) {
            let leaked = text(class, &[file("a.md", "")]);
            assert!(class == LeakClass::Traffic || leaked.is_empty(), "{class:?}: {leaked}");
        }
    }

    #[test]
    fn a_paste_has_no_markup_left() {
        let source = "# Head\n\n> “a\u{200b}b”  *is* `c_d`\n\n|x|y|\n|---|---|\n";
        assert_eq!(text(LeakClass::Paste, &[file("a.md", source)]), "Head \"ab\" is c_d x y");
        assert_eq!(text(LeakClass::Paste, &[file("a.py", "# `x`\n\ty\n")]), "# `x` y");
    }

    #[test]
    fn an_excerpt_is_a_part_and_a_shuffle_loses_nothing() {
        let source: String = (0..200).map(|line| format!("line {line}\n\n")).collect();
        let part = text(LeakClass::Excerpt, &[file("a.md", &source)]);
        assert!(source.contains(&part) && part.len() * 10 / source.len() == 3, "{}", part.len());
        let shuffled = text(LeakClass::Shuffle, &[file("a.md", &source)]);
        assert_ne!(shuffled.trim(), source.trim());
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&shuffled), sorted(&source));
    }

    #[test]
    fn noise_touches_a_share() {
        let source = "A".repeat(20_000);
        let noisy = text(LeakClass::Noise, &[file("a.md", &source)]);
        let touched = noisy.chars().filter(|c| *c != 'A').count();
        assert!((250..450).contains(&touched), "{touched}");
    }

    #[test]
    fn only_programs_are_a_reproduction() {
        let files = [file("a.md", "prose"), file("p.py", "x = 1\n"), file("r.yar", "rule a {\n}\n")];
        assert_eq!(text(LeakClass::Reproduction, &files), "x = 1\n");
        assert!(LeakClass::Reproduction.applies(&["a.md", "p.py"], true));
        assert!(!LeakClass::Reproduction.applies(&["p.py"], false), "a program alone is its own row");
        assert!(!LeakClass::Rule.applies(&["a.md", "p.py"], true));
        assert!(!LeakClass::Traffic.applies(&["a.md", "r.yar"], true));
    }
}
