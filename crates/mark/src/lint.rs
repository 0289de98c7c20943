//! What an author should look at before a package is marked.
//!
//! Everything here is a warning: the package has a rendering, but a mark is weak, or a copy may mean something
//! else. Every problem names its rule:
//!
//! - E1: markup that is not read where it stands (markup that does not parse is an error of the parser).
//! - E2: a name used in one file only; a literal that looks made up and stands unmarked in several places.
//! - E3: a value of too few bits, or of a shape that many words of the package have; public text is not looked at.
//! - E4: a variant that is part of another.
//! - E5: a variant that also stands unmarked within 40 words of its site.
//! - E6: addresses that are not reserved; links in prose are not looked at unless they touch a mark.
//! - E7: a version, an identifier or a hash that only some variants have.
//! - E8: renders first, last and 100 random variants and every single flip, as far as a budget of work goes, and
//!   compares each with the default rendering; what that does not see, [`crate::kinds::check`] says.
//! - E9: variants of very different length, or with and without contractions.
//! - E10: a file whose leak alone cannot name anybody, estimated from its bits; sites with hardly a word between.
//!   How likely a leak of a file names its member is measured by [`strength`](crate::strength).
//! - E11: rules in a file with marks that match no sample of the package, so that running them checks nothing.

mod addresses;
mod near;
mod renders;
mod strength;
mod tokens;

use std::collections::BTreeSet;

use crate::code::nominal_bits;
use crate::kinds::FileKind;
use crate::master::{Master, Node, Site, SiteKind};
use crate::syntax::{Problem, Source, SourceFile, normalise, number_bullet, written};

/// Bits a constant should have to convict on its own in a large program.
///
/// log2(n/ε) is 33.2 bits for 10,000 members at ε = 1e-6.
pub const STRONG_CONSTANT_BITS: f64 = 34.0;
/// Characters from which on a difference in length is worth a warning.
const LONG: usize = 16;

/// Finds what an author should look at; `files` are the ones that `master` was parsed from.
///
/// The result is sorted by place.
pub fn lint(master: &Master, files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut walk = Walk {
        master,
        problems: &mut problems,
        files: vec![BTreeSet::new(); master.sites.len()],
        places: vec![0; master.sites.len()],
        seen: vec![false; master.sites.len()],
    };
    for (file, parsed) in master.files.iter().enumerate() {
        walk.nodes(file, &parsed.nodes);
    }
    walk.coupling();
    for file in files {
        let source = Source::new(&file.path, &file.text);
        addresses::lint(&source, &mut problems);
        unread_code_markup(&source, &mut problems);
    }
    problems.extend(crate::propose::repeated(files, master));
    near::lint(master, &mut problems);
    strength::shapes(master, &mut problems);
    strength::lint(master, &mut problems);
    renders::lint(master, &mut problems);
    problems.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| (&a.id, &a.says).cmp(&(&b.id, &b.says))));
    problems.dedup();
    problems
}

struct Walk<'a> {
    master: &'a Master,
    problems: &'a mut Vec<Problem>,
    /// Files that every site occurs in.
    files: Vec<BTreeSet<usize>>,
    /// How often every site occurs.
    places: Vec<usize>,
    /// Sites whose variants have been compared.
    seen: Vec<bool>,
}

impl Walk<'_> {
    fn nodes(&mut self, file: usize, nodes: &[Node]) {
        for node in nodes {
            let (site, variants) = match node {
                Node::Text(_) => continue,
                Node::Choice { site, branches } => (*site, branches.as_slice()),
                Node::Constant { site } => (*site, [].as_slice()),
                Node::Order { site, items, .. } => (*site, items.as_slice()),
            };
            if let Some(files) = self.files.get_mut(site.0) {
                files.insert(file);
            }
            if let Some(places) = self.places.get_mut(site.0) {
                *places += 1;
            }
            let first = self.seen.get_mut(site.0).is_some_and(|seen| !std::mem::replace(seen, true));
            if let Some(site) = self.master.sites.get(site.0).filter(|_| first) {
                match &site.kind {
                    SiteKind::Choice { .. } => self.choice(site, variants),
                    SiteKind::Order { .. } => self.order(site, variants),
                    SiteKind::Constant(generator) => {
                        let bits = nominal_bits(*generator);
                        if bits < STRONG_CONSTANT_BITS {
                            let says = format!(
                                "`{}` has {bits:.1} bits; from {STRONG_CONSTANT_BITS:.0} on (word11, hex9, num11) a match alone is enough in a large program",
                                written(*generator)
                            );
                            self.warn("E3", site, says);
                        }
                    }
                }
            }
            for nodes in variants {
                self.nodes(file, nodes);
            }
        }
    }

    fn choice(&mut self, site: &Site, branches: &[Vec<Node>]) {
        let texts: Vec<String> = branches.iter().map(|nodes| flat(nodes)).collect();
        let normal: Vec<String> = texts.iter().map(|text| normalise(text)).collect();
        let mut pairs = normal.iter().enumerate().flat_map(|(i, a)| {
            normal
                .iter()
                .enumerate()
                .filter(move |(j, b)| i != *j && a != *b && b.contains(a.as_str()))
                .map(move |(_, b)| (a, b))
        });
        if let Some((a, b)) = pairs.next() {
            let says = format!(
                "`{}` is part of `{}`; what is left of the longer reads like the shorter",
                cut(a),
                cut(b)
            );
            self.warn("E4", site, says);
        }
        let mut bearing = texts.iter().map(|text| tokens::load_bearing(text));
        let first = bearing.next().unwrap_or_default();
        if let Some(other) = bearing.find(|other| *other != first) {
            let token = first.symmetric_difference(&other).next().cloned().unwrap_or_default();
            self.warn(
                "E7",
                site,
                format!(
                    "`{token}` is in some variants only; a version, an identifier or a hash must not vary"
                ),
            );
        }
        let short_forms = normal.iter().filter(|text| contracted(text)).count();
        if short_forms > 0 && normal.iter().any(|text| spelled_out(text)) {
            self.warn("E9", site, "some variants use contractions such as `don't`, others write them out; a reader notices the change of tone");
        }
        let lengths = || texts.iter().map(|text| text.trim().chars().count());
        let (short, long) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
        if long >= LONG && long > 2 * short {
            self.warn("E9", site, format!("variants of {short} and {long} characters; a reader notices, and one of them is easier to lose"));
        }
    }

    fn order(&mut self, site: &Site, items: &[Vec<Node>]) {
        if items.iter().all(|nodes| number_bullet(&flat(nodes))) {
            self.warn("E8", site, "the numbers of this list move with its items; use `-` bullets");
        }
    }

    fn coupling(&mut self) {
        if self.master.files.len() < 2 {
            return;
        }
        let places = std::mem::take(&mut self.places);
        let found = self.master.sites.iter().zip(std::mem::take(&mut self.files)).zip(places);
        for ((site, files), places) in found {
            // A word that is coupled over its places in one file is coupled to all there is.
            if places > 1 && matches!(site.kind, SiteKind::Choice { .. }) {
                continue;
            }
            let Some(name) = site.name.as_ref().filter(|_| files.len() < 2) else { continue };
            if !matches!(site.kind, SiteKind::Order { .. }) {
                self.warn(
                    "E2",
                    site,
                    format!("`{name}` is used in one file only; a leak of the others does not show it"),
                );
            }
        }
    }

    fn warn(&mut self, id: &str, site: &Site, says: impl Into<String>) {
        self.problems.push(Problem::warning(id, site.at.clone(), says));
    }
}

/// Tells whether a text has `n't`, `it's` and their like.
fn contracted(text: &str) -> bool {
    let text = text.replace('’', "'");
    ["n't", "'re", "'ve", "'ll", "it's", "that's", "there's"].iter().any(|form| text.contains(form))
}

/// Tells whether a text has what a contraction would shorten.
fn spelled_out(text: &str) -> bool {
    let forms = [
        " not ",
        "cannot ",
        " it is ",
        " that is ",
        " there is ",
        " we are ",
        " they are ",
        " you are ",
        " we have ",
    ];
    let text = format!(" {text} ");
    forms.iter().any(|form| text.contains(form))
}

/// Text of nodes with first branches; a generated value is `…`.
fn flat(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        match node {
            Node::Text(part) => text.push_str(part),
            Node::Constant { .. } => text.push('…'),
            Node::Choice { branches, .. } => {
                text.push_str(&branches.first().map_or(String::new(), |nodes| flat(nodes)))
            }
            Node::Order { items, separator, .. } => {
                text.push_str(&items.iter().map(|nodes| flat(nodes)).collect::<Vec<_>>().join(separator));
            }
        }
    }
    text
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Finds code markup where only text markup is read, as in a listing inside Markdown.
fn unread_code_markup(source: &Source<'_>, problems: &mut Vec<Problem>) {
    if source.kind.marker().is_some() {
        return;
    }
    let mut offset = 0;
    for line in source.text.split_inclusive('\n') {
        let found = ["#~", "//~"].into_iter().find_map(|marker| {
            let at = line.find(marker)?;
            let body = line.get(at + marker.len()..)?.trim_start();
            let known = body.starts_with('=')
                || matches!(
                    body.split_whitespace().next(),
                    Some("pick" | "rename" | "shuffle" | "alt" | "or" | "end")
                );
            known.then_some((at, marker))
        });
        if let Some((at, marker)) = found {
            let kind = if source.kind == FileKind::Markdown { "Markdown" } else { "this kind of file" };
            let says = format!("`{marker}` is not read in {kind} and stays in every copy; use `{{~…~}}`");
            problems.push(Problem::warning("E1", source.locate(offset + at), says));
        }
        offset += line.len();
    }
}

#[cfg(test)]
mod tests;
