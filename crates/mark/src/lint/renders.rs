//! Renderings of a package, checked one by one.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::code::{Codebook, ReleaseSecret};
use crate::kinds::FileKind;
use crate::kinds::check::Checker;
use crate::kinds::lex::{TokenKind, lex};
use crate::master::{Location, Master, Node, SiteKind, Symbol};
use crate::render::{Codeword, arrangements, render_file};
use crate::syntax::Problem;

/// Random codewords that are rendered.
const RANDOM: usize = 100;
/// Bytes that single flips may check in all, and random codewords as many; later sites are then only seen in
/// random codewords, and later codewords not at all. A few seconds.
const WORK: usize = 1 << 24;

/// Renders all-first, all-last, every single flip and 100 random codewords and checks every file: no markup is
/// left, and it means what the default rendering means ([`Checker`]).
///
/// A file whose default rendering is broken already is reported once. The codewords are always the same.
pub(super) fn lint(master: &Master, problems: &mut Vec<Problem>) {
    let mut checks = Vec::with_capacity(master.files.len());
    let neutral = Codeword::neutral(master);
    let mut checker = Checker::new(master);
    let start = |file: &str| Location { file: file.to_owned(), line: 1, column: 1 };
    for broken in checker.broken() {
        let says = format!("the default rendering is broken: {} (line {})", broken.says, broken.line);
        problems.push(Problem::warning("E8", start(&broken.file), says));
    }
    for (file, rule) in checker.unmatched() {
        let says = format!(
            "rule `{rule}` matches no sample of the package; its marks cannot be checked by running it"
        );
        problems.push(Problem::warning("E11", start(file), says));
    }
    for (file, parsed) in master.files.iter().enumerate() {
        let check = Check {
            file,
            kind: FileKind::of(&parsed.path),
            place: start(&parsed.path),
            escaped: has_escape(&parsed.nodes),
        };
        if let Some(why) = check.run(master, &mut checker, &neutral) {
            problems.push(Problem::warning(
                "E8",
                check.place.clone(),
                format!("the default rendering: {why}"),
            ));
        }
        checks.push(check);
    }
    let (mut broken, mut rules_broken) = (BTreeSet::new(), false);
    flips(master, &mut checker, &neutral, &checks, &mut broken, &mut rules_broken, problems);
    whole_words(master, &mut checker, &neutral, &checks, &mut broken, rules_broken, problems);
}

/// A file whose renderings are checked.
struct Check {
    file: usize,
    kind: FileKind,
    place: Location,
    /// Whether the author's own text holds `{~`.
    escaped: bool,
}

impl Check {
    fn run(&self, master: &Master, checker: &mut Checker<'_>, word: &Codeword) -> Option<String> {
        let text = render_file(master, self.file, word)?.text;
        if !self.escaped && text.contains("{~") {
            return Some("`{~` is left in it".to_owned());
        }
        if let Some(marker) = self.kind.marker().filter(|marker| text.contains(marker)) {
            let comments = lex(self.kind, &text).into_iter().filter(|token| token.kind == TokenKind::Comment);
            let mut comments = comments.filter_map(|token| text.get(token.start..token.end));
            if comments.any(|comment| comment.contains(marker)) {
                return Some(format!("`{marker}` is left in it"));
            }
        }
        checker.check_file(self.file, word).err().map(|difference| difference.says)
    }
}

/// Every site alone set to each of its other branches, or to its second and last order.
fn flips(
    master: &Master,
    checker: &mut Checker<'_>,
    neutral: &Codeword,
    checks: &[Check],
    broken: &mut BTreeSet<usize>,
    rules_broken: &mut bool,
    problems: &mut Vec<Problem>,
) {
    let mut left = WORK;
    for (index, site) in master.sites.iter().enumerate() {
        let symbols: Vec<u32> = match site.kind {
            SiteKind::Choice { q } => (1..q).collect(),
            SiteKind::Order { items, keep } => {
                let last =
                    arrangements(items, keep).and_then(|count| u32::try_from(count.saturating_sub(1)).ok());
                BTreeSet::from([1, last.unwrap_or(1)]).into_iter().collect()
            }
            SiteKind::Constant(_) => continue,
        };
        let mut first = None;
        for symbol in symbols {
            let mut word = neutral.symbols().to_vec();
            if let Some(slot) = word.get_mut(index) {
                *slot = Symbol::Index(symbol);
            }
            let word = Codeword::drawn(word);
            for check in checks {
                if !checker.sites(check.file).is_some_and(|sites| sites.contains(&index)) {
                    continue;
                }
                let Some(rest) = left.checked_sub(checker.size(check.file)) else { return };
                left = rest;
                if let Some(why) = check.run(master, checker, &word) {
                    broken.insert(check.file);
                    first.get_or_insert((symbol, check.place.file.clone(), why));
                }
            }
            if first.is_none()
                && let Some(size) = checker.rules_see(index)
            {
                let Some(rest) = left.checked_sub(size) else { return };
                left = rest;
                if let Err(difference) = checker.check_rules(&word, Some(index)) {
                    first = Some((symbol, difference.file, difference.says));
                    *rules_broken = true;
                }
            }
        }
        if let Some((symbol, file, why)) = first {
            let says = format!("variant {} breaks `{file}`: {why}", symbol + 1);
            problems.push(Problem::warning("E8", site.at.clone(), says));
        }
    }
}

/// All sites at once: last branches, then random codewords; files that a single flip broke are left out.
fn whole_words(
    master: &Master,
    checker: &mut Checker<'_>,
    neutral: &Codeword,
    checks: &[Check],
    broken: &mut BTreeSet<usize>,
    mut rules_broken: bool,
    problems: &mut Vec<Problem>,
) {
    let last = master.sites.iter().zip(neutral.symbols()).map(|(site, symbol)| match site.kind {
        SiteKind::Choice { q } => Symbol::Index(q.saturating_sub(1)),
        SiteKind::Order { items, keep } => {
            let count = arrangements(items, keep).unwrap_or(1);
            Symbol::Index(u32::try_from(count.saturating_sub(1)).unwrap_or(0))
        }
        SiteKind::Constant(_) => symbol.clone(),
    });
    let last = Codeword::drawn(last.collect());
    // No member's secret: the same codewords every time, so that a warning can be looked at again.
    let book = Codebook::new(&ReleaseSecret::new(Sha256::digest(b"forewarn mark lint v1").into()), master);
    let random =
        (0..RANDOM).map(|draw| (format!("random codeword {draw}"), book.codeword(&draw.to_string())));
    let mut left = WORK;
    for (name, word) in std::iter::once(("the last variants together".to_owned(), last)).chain(random) {
        for check in checks {
            let marked = checker.sites(check.file).is_some_and(|sites| !sites.is_empty());
            if !marked || broken.contains(&check.file) {
                continue;
            }
            let Some(rest) = left.checked_sub(checker.size(check.file)) else { return };
            left = rest;
            if let Some(why) = check.run(master, checker, &word) {
                broken.insert(check.file);
                problems.push(Problem::warning("E8", check.place.clone(), format!("{name}: {why}")));
            }
        }
        if rules_broken {
            continue;
        }
        if let Err(difference) = checker.check_rules(&word, None) {
            rules_broken = true;
            let place = Location { file: difference.file, line: 1, column: 1 };
            problems.push(Problem::warning("E8", place, format!("{name}: {}", difference.says)));
        }
    }
}

/// Tells whether the author's own text holds `{~`.
fn has_escape(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Text(text) => text.contains("{~"),
        Node::Constant { .. } => false,
        Node::Choice { branches: inner, .. } | Node::Order { items: inner, .. } => {
            inner.iter().any(|nodes| has_escape(nodes))
        }
    })
}
