//! How many sites and bits every file has.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::code::nominal_bits;
use crate::master::{Master, Node, SiteKind};
use crate::render::arrangements;

/// What one file carries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileTally {
    /// Path inside the package.
    pub file: String,
    /// Different sites.
    pub sites: usize,
    /// Bits of all of them.
    pub bits: f64,
    /// Bits of the generated values among them.
    pub constant_bits: f64,
}

/// Counts the sites and bits of every file; a site that several files share counts in each.
pub fn tally(master: &Master) -> Vec<FileTally> {
    let mut all = Vec::with_capacity(master.files.len());
    for file in &master.files {
        let mut sites = BTreeSet::new();
        collect(&file.nodes, &mut sites);
        let mut tally =
            FileTally { file: file.path.clone(), sites: sites.len(), bits: 0.0, constant_bits: 0.0 };
        for site in sites.iter().filter_map(|site| master.sites.get(*site)) {
            let bits = bits(&site.kind);
            tally.bits += bits;
            if matches!(site.kind, SiteKind::Constant(_)) {
                tally.constant_bits += bits;
            }
        }
        all.push(tally);
    }
    all
}

/// Bits of a site's choice.
pub(super) fn bits(kind: &SiteKind) -> f64 {
    match kind {
        SiteKind::Choice { q } => f64::from(*q).log2(),
        SiteKind::Constant(generator) => nominal_bits(*generator),
        SiteKind::Order { items, keep } => order_bits(*items, *keep),
    }
}

/// Bits of `keep` of `items` in some order.
pub(super) fn order_bits(items: u32, keep: u32) -> f64 {
    // At most 2^20 arrangements parse, so the conversion is exact.
    arrangements(items, keep).and_then(|count| u32::try_from(count).ok()).map_or(0.0, |n| f64::from(n).log2())
}

fn collect(nodes: &[Node], sites: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Constant { site } => {
                sites.insert(site.0);
            }
            Node::Choice { site, branches: inner } | Node::Order { site, items: inner, .. } => {
                sites.insert(site.0);
                inner.iter().for_each(|nodes| collect(nodes, sites));
            }
        }
    }
}
