//! Finds every site of a package and checks it on its own.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::problem::Problem;
use super::source::Source;
use super::tree::{Form, Label, Mark, Origin, Piece, Tree};
use super::{MAX_ARRANGEMENTS, MAX_BRANCHES, MIN_CONSTANT_BITS};
use crate::arrange::arrangements;
use crate::code::nominal_bits;
use crate::master::{Generator, Site, SiteId, SiteIx, SiteKind};

/// Where a label is defined: file, then mark.
pub(super) type Definitions<'t> = HashMap<Key, (usize, &'t Mark)>;

/// A label and, if it is known in one file only, that file.
pub(super) type Key = (Option<usize>, Label);

/// The sites of a package.
pub(super) struct Sites<'t> {
    pub(super) sites: Vec<Site>,
    /// A site by file and byte offset of its mark.
    pub(super) by_place: HashMap<(usize, usize), SiteIx>,
    /// The mark that defines a label; local labels carry their file.
    pub(super) definitions: Definitions<'t>,
}

/// Gives the key of a label in [`Definitions`].
pub(super) fn key(file: usize, label: &Label) -> Key {
    (matches!(label, Label::Local(_)).then_some(file), label.clone())
}

/// Collects sites in the order of their places and reports what is wrong with each.
pub(super) fn collect<'t>(
    sources: &[Source<'_>],
    trees: &'t [Tree],
    problems: &mut Vec<Problem>,
) -> Sites<'t> {
    let mut marks = Vec::new();
    for (file, tree) in trees.iter().enumerate() {
        walk(&tree.pieces, &mut |mark| marks.push((file, mark)));
        for mark in &tree.locals {
            marks.push((file, mark));
        }
    }
    marks.sort_by_key(|(file, mark)| (*file, mark.at));
    let mut found = Sites { sites: Vec::new(), by_place: HashMap::new(), definitions: HashMap::new() };
    let mut equal: HashMap<String, u64> = HashMap::new();
    for (file, mark) in marks {
        let Some(source) = sources.get(file) else { continue };
        let at = source.locate(mark.at);
        if let label @ (Label::Name(_) | Label::Local(_)) = mark.form.label() {
            let first = *found.definitions.entry(key(file, label)).or_insert((file, mark));
            if first.1.at != mark.at || first.0 != file {
                let place = sources.get(first.0).map(|source| source.locate(first.1.at).to_string());
                let says = format!(
                    "`{}` is defined twice, first at {}; write it once and reuse the name",
                    shown(label),
                    place.unwrap_or_default()
                );
                problems.push(Problem::error("E1", at, says));
                continue;
            }
        }
        let Some(kind) = kind(&mark.form) else { continue };
        let mut report = |id: &str, says: String| problems.push(Problem::error(id, at.clone(), says));
        check(&mark.form, &kind, &mut report);
        let name = match mark.form.label() {
            Label::Name(name) => Some(name.clone()),
            _ => None,
        };
        let id = match &name {
            Some(name) => name.clone(),
            None => {
                let hash = variants_hash(source.path, &mark.form);
                let before = equal.entry(hash.clone()).or_insert(0);
                *before += 1;
                format!("~{hash}.{}", *before - 1)
            }
        };
        found.by_place.insert((file, mark.at), SiteIx(found.sites.len()));
        found.sites.push(Site { id: SiteId(id), name, kind, at });
    }
    found
}

/// Folds what a leak may change in a variant without changing the variant: NFKC, white space, case.
pub(crate) fn normalise(text: &str) -> String {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Visits every mark, outer ones first.
fn walk<'t>(pieces: &'t [Piece], visit: &mut impl FnMut(&'t Mark)) {
    for piece in pieces {
        let Piece::Mark(mark) = piece else { continue };
        visit(mark);
        match &mark.form {
            Form::Choice { branches: inner, .. } | Form::Order { items: inner, .. } => {
                for pieces in inner {
                    walk(pieces, visit);
                }
            }
            Form::Reuse { .. } | Form::Constant { .. } | Form::Broken { .. } => {}
        }
    }
}

fn kind(form: &Form) -> Option<SiteKind> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match form {
        Form::Choice { branches, .. } => Some(SiteKind::Choice { q: count(branches.len()) }),
        Form::Constant { generator, .. } => Some(SiteKind::Constant(*generator)),
        Form::Order { items, keep, .. } => {
            Some(SiteKind::Order { items: count(items.len()), keep: count(*keep) })
        }
        Form::Reuse { .. } | Form::Broken { .. } => None,
    }
}

fn check(form: &Form, kind: &SiteKind, report: &mut impl FnMut(&str, String)) {
    match (form, kind) {
        (Form::Choice { branches, .. }, _) => {
            variants(branches, "alternative", report);
            match branches.len() {
                0 | 1 => report("E1", "a mark needs at least two alternatives".to_owned()),
                n if n > MAX_BRANCHES => {
                    report("E1", format!("{n} alternatives; at most {MAX_BRANCHES} are read back reliably"));
                }
                _ => {}
            }
        }
        (Form::Order { items, .. }, SiteKind::Order { items: n, keep }) => {
            variants(items, "item", report);
            match arrangements(*n, *keep) {
                _ if *n < 2 => report("E1", "a shuffle needs at least two items".to_owned()),
                _ if *keep == 0 || keep > n => {
                    report("E1", format!("`pick {keep}` of {n} items; write a number from 1 to {n}"));
                }
                Some(count) if count <= MAX_ARRANGEMENTS => {}
                _ => report(
                    "E1",
                    format!(
                        "{keep} of {n} items have more than {MAX_ARRANGEMENTS} orders; split the shuffle or pick fewer"
                    ),
                ),
            }
        }
        (_, SiteKind::Constant(generator)) => {
            let bits = nominal_bits(*generator);
            if bits < MIN_CONSTANT_BITS {
                let says = format!(
                    "`{}` has {bits:.1} bits, less than {MIN_CONSTANT_BITS:.0}; use at least word10, hex8 or num10",
                    written(*generator)
                );
                report("E3", says);
            }
        }
        _ => {}
    }
}

fn variants(variants: &[Vec<Piece>], what: &str, report: &mut impl FnMut(&str, String)) {
    let mut seen = HashSet::new();
    for (i, pieces) in variants.iter().enumerate() {
        let mut pattern = String::new();
        canonical(pieces, &mut pattern);
        let normal = normalise(&pattern);
        if normal.is_empty() {
            report("E4", format!("{what} {} is empty; a deleted mark would read like it", i + 1));
        } else if !seen.insert(normal) {
            let says = format!(
                "{what} {} `{}` equals an earlier one but for case, spaces or letter form",
                i + 1,
                short(&pattern)
            );
            report("E4", says);
        }
    }
}

/// Writes pieces in one fixed way, whatever they were written as.
fn canonical(pieces: &[Piece], out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Mark(mark) => {
                out.push_str("{~");
                match &mark.form {
                    Form::Reuse { label, .. } => out.push_str(&shown(label)),
                    Form::Broken { label } => out.push_str(&shown(label)),
                    Form::Constant { label, generator } => {
                        out.push_str(&format!("{}={}", shown(label), written(*generator)));
                    }
                    Form::Choice { label, branches: inner, .. } | Form::Order { label, items: inner, .. } => {
                        out.push_str(&format!("{}=", shown(label)));
                        for pieces in inner {
                            canonical(pieces, out);
                            out.push('|');
                        }
                    }
                }
                out.push_str("~}");
            }
        }
    }
}

/// Hashes an unnamed site's file, origin and variants, 16 bytes as hex.
fn variants_hash(path: &str, form: &Form) -> String {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part("forewarn mark site v1");
    part(path);
    let (origin, inner) = match form {
        Form::Choice { origin, branches, .. } => (origin_tag(*origin), branches.as_slice()),
        Form::Order { items, keep, .. } if *keep == items.len() => ("order", items.as_slice()),
        Form::Order { items, .. } => ("subset", items.as_slice()),
        Form::Reuse { .. } | Form::Constant { .. } | Form::Broken { .. } => ("other", [].as_slice()),
    };
    part(origin);
    if let Form::Order { keep, .. } = form {
        part(&keep.to_string());
    }
    for pieces in inner {
        let mut pattern = String::new();
        canonical(pieces, &mut pattern);
        part(&pattern);
    }
    hex::encode(hash.finalize().get(..16).unwrap_or_default())
}

fn origin_tag(origin: Origin) -> &'static str {
    match origin {
        Origin::Alternatives => "alternatives",
        Origin::Pick => "pick",
        Origin::Rename => "rename",
        Origin::Block => "block",
    }
}

fn shown(label: &Label) -> String {
    match label {
        Label::None => String::new(),
        Label::Name(name) => name.clone(),
        Label::Local(local) => format!("rename {local}"),
    }
}

/// Writes a generator as the author does.
pub(crate) fn written(generator: Generator) -> String {
    match generator {
        Generator::Word(n) => format!("rand:word{n}"),
        Generator::Hex(n) => format!("rand:hex{n}"),
        Generator::Num(n) => format!("rand:num{n}"),
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
