//! What to add to a package, in words with numbers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cell::{STRONG, WEAK};
use super::floor::{binary_rate, value_bits};
use super::leaks::LeakClass;
use super::meter::RowStrength;
use super::plan::{Plan, plural, sites_of};
use crate::accuse::{Law, SiteLaw};
use crate::master::{Master, SiteKind};

/// Something to add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The file; absent for the package.
    pub file: Option<String>,
    /// The kind of leak it is about.
    pub leak: LeakClass,
    /// Share of such leaks that named somebody guilty.
    pub share: f64,
    /// What is missing and what to add.
    pub says: String,
}

/// Finds what to add: files that cannot be attributed alone first, then what is weak in the whole package.
pub(super) fn advise(
    master: &Master,
    laws: &[SiteLaw],
    plan: &Plan,
    leaks: &[LeakClass],
    rows: &[RowStrength],
) -> Vec<Advice> {
    let share = |row: &RowStrength, class: LeakClass| {
        leaks.iter().zip(&row.cells).find(|(leak, _)| **leak == class)?.1.as_ref().map(|cell| cell.share)
    };
    let mut found: Vec<Advice> = Vec::new();
    for row in rows.iter().filter(|row| row.file.is_some()) {
        let Some(share) = share(row, LeakClass::Verbatim).filter(|share| *share < STRONG) else { continue };
        let says = alone(master, laws, plan, row, share);
        found.push(Advice { file: row.file.clone(), leak: LeakClass::Verbatim, share, says });
    }
    found.sort_by(|a, b| a.share.total_cmp(&b.share));
    let whole = rows.iter().filter(|row| row.file.is_none());
    for row in whole {
        for &class in leaks {
            // Coalitions beyond the claim are shown, not asked for.
            if class.colluders() > plan.claim.colluders {
                continue;
            }
            let Some(share) = share(row, class).filter(|share| *share < STRONG) else { continue };
            let says = package(laws, plan, row, class, share);
            found.push(Advice { file: None, leak: class, share, says });
        }
    }
    found
}

fn alone(master: &Master, laws: &[SiteLaw], plan: &Plan, row: &RowStrength, share: f64) -> String {
    let name = row.file.as_deref().unwrap_or_default();
    let need = plan.need_bits.ceil();
    let weak = if share < WEAK { "cannot be attributed alone" } else { "is weak alone" };
    let mut ways = Vec::new();
    if let Some(value) = reusable(master, row, laws, plan.need_bits) {
        ways.push(format!("use the package's `{{~{value}~}}` in it"));
    }
    ways.push(values(plan.need_bits));
    let missing = plan.need_bits - row.bits;
    if missing > 0.0 {
        ways.push(format!("add {}", plural(missing.ceil() as usize, "binary site")));
        return format!("`{name}` {weak}: {:.0} bits of {need:.0}; {}", row.bits, either(&ways));
    }
    // Alternatives in a text that is too short to be recognised are not read.
    format!(
        "`{name}` {weak}: its marks hold {:.0} bits where {need:.0} are needed, but too few are read in so short a text; {}",
        row.bits,
        either(&ways)
    )
}

fn package(laws: &[SiteLaw], plan: &Plan, row: &RowStrength, class: LeakClass, share: f64) -> String {
    let percent = 100.0 * share;
    let need = plan.need_bits;
    let binary = |factor: f64| plural((need * factor).ceil() as usize, "binary site");
    let add = match class {
        LeakClass::Traffic => format!(
            "put a constant of the package where requests carry it (a header, a boundary, a file name), or {}",
            values(need)
        ),
        LeakClass::Rule => "put a constant of the package into every rule, as in its metadata".into(),
        LeakClass::Reproduction => format!("the programs need {need:.0} bits of their own: {}", values(need)),
        LeakClass::Excerpt => format!(
            "every 30 % of the text needs {need:.0} bits: {} spread evenly, or a constant in every section",
            binary(1.0 / 0.3)
        ),
        LeakClass::Mix(members) | LeakClass::CutMix(members) => {
            let rate = binary_rate(laws, members).max(f64::MIN_POSITIVE);
            let floor = (need / rate).ceil();
            let have = plan.sites.binary + plan.sites.many;
            format!(
                "against {members} members who mix their copies the text has to show at least {floor:.0} binary sites, values not counted; there are {have}"
            )
        }
        _ => format!("{:.0} bits of {need:.0} are there; {}", row.bits, values(need)),
    };
    format!("the package, {}: {percent:.0} % named; {add}", class.says())
}

/// A value of the package that a file does not show yet.
fn reusable<'a>(master: &'a Master, row: &RowStrength, laws: &[SiteLaw], bits: f64) -> Option<&'a str> {
    let mut here = BTreeSet::new();
    let file = master.files.iter().find(|file| Some(&file.path) == row.file.as_ref())?;
    sites_of(&file.nodes, &mut here);
    let values = master.sites.iter().zip(laws).enumerate().filter(|(at, (site, law))| {
        let strong = matches!(law.law, Law::Value { space } if space.log2() >= bits);
        matches!(site.kind, SiteKind::Constant(_)) && strong && !here.contains(at)
    });
    values.filter_map(|(_, (site, _))| site.name.as_deref()).next()
}

fn values(bits: f64) -> String {
    let count = (bits / value_bits()).ceil() as usize;
    match count {
        0 | 1 => "add one `{~name=rand:hex12~}` constant".into(),
        _ => format!("add {count} `{{~name=rand:hex12~}}` constants"),
    }
}

fn either(ways: &[String]) -> String {
    match ways.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{}, or {last}", rest.join(", ")),
        None => String::new(),
    }
}
