//! Two skeletons, token by token, and their names.

use std::collections::HashMap;

use super::super::tree::Form;
use super::skeleton::{Skeleton, Token, What};
use crate::master::SiteIx;

/// Where two skeletons differ.
pub(super) struct Mismatch {
    /// Byte of the rendering.
    pub(super) at: usize,
    /// The site at the place, or the one before it.
    pub(super) site: Option<SiteIx>,
    pub(super) says: String,
    /// Whether only a name differs.
    pub(super) name: bool,
}

/// Finds the first difference of a rendering from the default one.
pub(super) fn compare(default: &Skeleton, other: &Skeleton) -> Option<Mismatch> {
    let mut ours = default.tokens.iter();
    let mut near = None;
    for (index, token) in other.tokens.iter().enumerate() {
        near = site(token).or(near);
        let expected = ours.next();
        if expected.is_none_or(|expected| expected.what != token.what) {
            let later = || other.tokens.iter().skip(index).find_map(site);
            let says = says(expected, Some(token));
            return Some(Mismatch { at: token.at, site: near.or_else(later), says, name: false });
        }
    }
    if let Some(missing) = ours.next() {
        let at = other.tokens.last().map_or(0, |token| token.at);
        return Some(Mismatch { at, site: near, says: says(Some(missing), None), name: false });
    }
    names(default, other)
}

fn site(token: &Token) -> Option<SiteIx> {
    match &token.what {
        What::Hole(site, _) | What::Order(site) | What::Subset(site, _) => Some(*site),
        _ => None,
    }
}

fn says(expected: Option<&Token>, found: Option<&Token>) -> String {
    if let (Some(What::Hole(a, expected)), Some(What::Hole(b, found))) =
        (expected.map(|token| &token.what), found.map(|token| &token.what))
        && a == b
    {
        return format!("{} stands where the default rendering has {}", kinds(found), kinds(expected));
    }
    format!("{} where the default rendering has {}", shown(found), shown(expected))
}

fn kinds(kinds: &[&str]) -> String {
    if kinds.is_empty() { "nothing that counts".to_owned() } else { format!("`{}`", kinds.join(", ")) }
}

fn shown(token: Option<&Token>) -> String {
    match token.map(|token| &token.what) {
        None => "the file ends".to_owned(),
        Some(What::Open(kind)) => format!("`{kind}` begins"),
        Some(What::Close(kind)) => format!("`{kind}` ends"),
        Some(What::Text(text)) => {
            let line = text.trim().lines().next().unwrap_or_default();
            let mut cut: String = line.chars().take(30).collect();
            if cut.len() < text.trim().len() {
                cut.push('…');
            }
            format!("the text `{cut}` goes on")
        }
        Some(What::Hole(..) | What::Subset(..)) => "a mark stands".to_owned(),
        Some(What::Order(_)) => "a shuffle begins".to_owned(),
        Some(What::Item(_) | What::OrderEnd) => "an item of a shuffle ends".to_owned(),
    }
}

/// Checks that names are renamed one to one, everywhere, and only where the file defines them.
fn names(default: &Skeleton, other: &Skeleton) -> Option<Mismatch> {
    let mut renamed: HashMap<&str, Renamed<'_>> = HashMap::new();
    let mut kept: HashMap<&str, usize> = HashMap::new();
    let mut back: HashMap<&str, &str> = HashMap::new();
    let mut near = None;
    for (ours, token) in default.tokens.iter().zip(&other.tokens) {
        near = site(token).or(near);
        let (Some(from), Some(to)) = (&ours.name, &token.name) else { continue };
        let mismatch = |says: String, name: bool| Some(Mismatch { at: token.at, site: near, says, name });
        if from.form == Form::Fixed || to.form == Form::Fixed {
            if from.text != to.text {
                let says = format!(
                    "`{}` stands where the default rendering has `{}`; this must be the same in every copy",
                    to.text, from.text
                );
                return mismatch(says, true);
            }
            continue;
        }
        if from.text == to.text {
            kept.insert(&from.text, token.at);
            continue;
        }
        let entry = renamed.entry(&from.text).or_insert(Renamed {
            to: &to.text,
            bound: false,
            at: token.at,
            site: near,
        });
        entry.bound |= from.form == Form::Bind && to.form == Form::Bind;
        if entry.to != to.text {
            let says = format!("`{}` is `{}` here and `{}` elsewhere", from.text, to.text, entry.to);
            return mismatch(says, false);
        }
        if let Some(before) = back.insert(&to.text, &from.text).filter(|before| *before != from.text) {
            let says = format!("`{before}` and `{}` are both named `{}`", from.text, to.text);
            return mismatch(says, false);
        }
    }
    let mut renamed: Vec<(&str, Renamed<'_>)> = renamed.into_iter().collect();
    renamed.sort_by_key(|(_, renamed)| renamed.at);
    for (from, Renamed { to, bound, at, site }) in renamed {
        let stays = |name: &str| kept.contains_key(name) || default.names.contains(name);
        let split = |prefix: &String| from.starts_with(prefix.as_str()) != to.starts_with(prefix.as_str());
        let says = if stays(from) {
            format!("`{from}` is renamed to `{to}` in some places only")
        } else if stays(to) {
            format!("`{from}` is renamed to `{to}`, which names something else already")
        } else if !bound {
            format!("`{from}` becomes `{to}`, but this file does not define it")
        } else if let Some(prefix) = default.prefixes.iter().find(|prefix| split(prefix)) {
            format!("`{from}` is renamed to `{to}`, and `{prefix}*` selects one of them only")
        } else {
            continue;
        };
        return Some(Mismatch { at, site, says, name: false });
    }
    None
}

struct Renamed<'t> {
    to: &'t str,
    bound: bool,
    at: usize,
    site: Option<SiteIx>,
}
