//! Keeps the drafts that the parser accepts and that leave the default rendering alone.

use super::draft::{Draft, apply_all};
use crate::kinds::FileKind;
use crate::kinds::shape::shape;
use crate::master::{Master, SiteKind, Symbol};
use crate::render::{Codeword, render, render_default};
use crate::syntax::SourceFile;

/// Drops drafts until every one is sound alone and all are sound together; earlier ones have precedence.
pub(super) fn keep(files: &[SourceFile], master: &Master, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut sorted: Vec<&SourceFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let broken = broken(&render_default(master));
    let mut apart: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        if !apart.iter().any(|kept| kept.crosses(&draft)) {
            apart.push(draft);
        }
    }
    let sound = |drafts: &[&Draft]| sound(&sorted, drafts, &broken);
    apart.retain(|draft| sound(&[draft]));
    if sound(&apart.iter().collect::<Vec<_>>()) {
        return apart;
    }
    let mut kept: Vec<Draft> = Vec::with_capacity(apart.len());
    for draft in apart {
        let mut with: Vec<&Draft> = kept.iter().collect();
        with.push(&draft);
        if sound(&with) {
            kept.push(draft);
        }
    }
    kept
}

/// Tells whether drafts parse, show what they should by default, and break no file when all sites are flipped.
fn sound(sorted: &[&SourceFile], drafts: &[&Draft], broken_before: &[bool]) -> bool {
    let parse = |shown| apply_all(sorted, drafts, shown).and_then(|files| Master::parse(&files).ok());
    let (Some(marked), Some(expected)) = (parse(false), parse(true)) else { return false };
    let default = render_default(&marked);
    if default != render_default(&expected) {
        return false;
    }
    let neutral = Codeword::neutral(&marked);
    let last = marked.sites.iter().zip(neutral.symbols()).map(|(site, neutral)| match site.kind {
        SiteKind::Choice { q } => Symbol::Index(q.saturating_sub(1)),
        SiteKind::Order { .. } => Symbol::Index(1),
        SiteKind::Constant(_) => neutral.clone(),
    });
    let Ok(word) = Codeword::new(&marked, last.collect()) else { return false };
    let now = broken(&render(&marked, &word));
    now.iter().zip(broken_before).all(|(now, before)| !now || *before)
}

fn broken(files: &[crate::render::RenderedFile]) -> Vec<bool> {
    files.iter().map(|file| shape(FileKind::of(&file.path), &file.text).broken.is_some()).collect()
}
