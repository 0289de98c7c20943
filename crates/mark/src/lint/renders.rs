//! Renderings of a package, checked one by one.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::code::{Codebook, ReleaseSecret};
use crate::kinds::FileKind;
use crate::kinds::lex::{TokenKind, lex};
use crate::kinds::shape::shape;
use crate::master::{Location, Master, Node, SiteKind, Symbol};
use crate::render::{Codeword, arrangements, render_file};
use crate::syntax::Problem;

/// Random codewords that are rendered.
const RANDOM: usize = 100;
/// Bytes that single flips may render in all; later sites are then only seen in random codewords.
const FLIP_BYTES: usize = 1 << 26;

/// Renders all-first, all-last, every single flip and 100 random codewords and checks every file: no markup is
/// left, the file has the shape of its kind as the default rendering has, and it names the same rules.
///
/// A file whose default rendering is broken already is reported once. The codewords are always the same.
pub(super) fn lint(master: &Master, problems: &mut Vec<Problem>) {
    let mut checks = Vec::with_capacity(master.files.len());
    let neutral = Codeword::neutral(master);
    for (file, parsed) in master.files.iter().enumerate() {
        let Some(rendered) = render_file(master, file, &neutral) else { continue };
        let kind = FileKind::of(&parsed.path);
        let shape = shape(kind, &rendered.text);
        let place = Location { file: parsed.path.clone(), line: 1, column: 1 };
        if let Some(why) = &shape.broken {
            problems.push(Problem::warning(
                "E8",
                place.clone(),
                format!("the default rendering is broken: {why}"),
            ));
        }
        let (mut sites, mut escaped) = (BTreeSet::new(), false);
        walk(&parsed.nodes, &mut sites, &mut escaped);
        let size = rendered.text.len();
        let check = Check {
            file,
            kind,
            place,
            whole: shape.broken.is_none(),
            rules: shape.rules,
            sites,
            escaped,
            size,
        };
        if let Some(why) = check.run(master, &neutral) {
            problems.push(Problem::warning(
                "E8",
                check.place.clone(),
                format!("the default rendering: {why}"),
            ));
        }
        checks.push(check);
    }
    let mut broken = BTreeSet::new();
    flips(master, &neutral, &checks, &mut broken, problems);
    whole_words(master, &neutral, &checks, &mut broken, problems);
}

/// A file and what its renderings must look like.
struct Check {
    file: usize,
    kind: FileKind,
    place: Location,
    /// Whether the default rendering is well formed.
    whole: bool,
    rules: Vec<String>,
    sites: BTreeSet<usize>,
    /// Whether the author's own text holds `{~`.
    escaped: bool,
    size: usize,
}

impl Check {
    fn run(&self, master: &Master, word: &Codeword) -> Option<String> {
        let text = render_file(master, self.file, word)?.text;
        if !self.escaped && text.contains("{~") {
            return Some("`{~` is left in it".to_owned());
        }
        if let Some(marker) = self.kind.marker() {
            let comments = lex(self.kind, &text).into_iter().filter(|token| token.kind == TokenKind::Comment);
            let mut comments = comments.filter_map(|token| text.get(token.start..token.end));
            if comments.any(|comment| comment.contains(marker)) {
                return Some(format!("`{marker}` is left in it"));
            }
        }
        let shape = shape(self.kind, &text);
        match shape.broken {
            Some(why) if self.whole => Some(why),
            _ if shape.rules != self.rules && !self.same_rules(&shape.rules) => {
                Some("it names other rules than the default rendering".to_owned())
            }
            _ => None,
        }
    }

    /// Rules in another order are the same rules.
    fn same_rules(&self, rules: &[String]) -> bool {
        let sorted = |rules: &[String]| {
            let mut sorted = rules.to_vec();
            sorted.sort();
            sorted
        };
        sorted(rules) == sorted(&self.rules)
    }
}

/// Every site alone set to each of its other branches, or to its second and last order.
fn flips(
    master: &Master,
    neutral: &Codeword,
    checks: &[Check],
    broken: &mut BTreeSet<usize>,
    problems: &mut Vec<Problem>,
) {
    let mut left = FLIP_BYTES;
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
            for check in checks.iter().filter(|check| check.sites.contains(&index)) {
                let Some(rest) = left.checked_sub(check.size) else { return };
                left = rest;
                let why = check.run(master, &word);
                if let Some(why) = why {
                    broken.insert(check.file);
                    first.get_or_insert((symbol, check.place.file.clone(), why));
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
    neutral: &Codeword,
    checks: &[Check],
    broken: &mut BTreeSet<usize>,
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
    for (name, word) in std::iter::once(("the last variants together".to_owned(), last)).chain(random) {
        for check in checks.iter().filter(|check| !check.sites.is_empty()) {
            if broken.contains(&check.file) {
                continue;
            }
            if let Some(why) = check.run(master, &word) {
                broken.insert(check.file);
                problems.push(Problem::warning("E8", check.place.clone(), format!("{name}: {why}")));
            }
        }
    }
}

fn walk(nodes: &[Node], sites: &mut BTreeSet<usize>, escaped: &mut bool) {
    for node in nodes {
        match node {
            Node::Text(text) => *escaped |= text.contains("{~"),
            Node::Constant { site } => {
                sites.insert(site.0);
            }
            Node::Choice { site, branches: inner } | Node::Order { site, items: inner, .. } => {
                sites.insert(site.0);
                for nodes in inner {
                    walk(nodes, sites, escaped);
                }
            }
        }
    }
}
