//! Whether a leak of one file alone can name anybody: an estimate without simulation.

use crate::code::nominal_bits;
use crate::master::{Generator, Location, Master, Node, SiteKind};
use crate::propose::tally;
use crate::render::has_shape;
use crate::syntax::{Problem, written};

use super::STRONG_CONSTANT_BITS;

/// Members that the estimate is made for.
const MEMBERS: f64 = 100.0;
/// The bound on accusing any innocent member.
const EPSILON: f64 = 1e-6;
/// Bits to match for each bit of the bound when three in a hundred sites are read wrong: 40 sites for 26.6 bits.
///
/// **Source:** exact binomial tail, power 95 %.
const MARGIN: f64 = 1.5;

/// Warns about files that cannot name anybody, however they leak; files without a site are the author's choice.
///
/// What is copied in part, reworded or traced among more members needs more.
pub(super) fn lint(master: &Master, problems: &mut Vec<Problem>) {
    let need = (MEMBERS / EPSILON).log2();
    for file in tally(master) {
        let enough = file.constant_bits >= need || file.bits >= MARGIN * need;
        if file.sites == 0 || enough {
            continue;
        }
        let at = Location { file: file.file.clone(), line: 1, column: 1 };
        let says = format!(
            "a leak of this file alone cannot name anybody: {} of {:.1} bits; among {MEMBERS:.0} members it needs a constant of {need:.1} bits, or about {:.0} bits of other sites; `forewarn mark strength` simulates it",
            if file.sites == 1 { "1 site".to_owned() } else { format!("{} sites", file.sites) },
            file.bits,
            MARGIN * need,
        );
        problems.push(Problem::warning("E10", at, says));
    }
}

/// Warns about constants whose shape so many words of the package have that a match proves less (E3).
pub(super) fn shapes(master: &Master, problems: &mut Vec<Problem>) {
    for site in &master.sites {
        let SiteKind::Constant(generator) = site.kind else { continue };
        let bits = nominal_bits(generator);
        let alike = f64::from(alike(master, generator));
        if bits >= STRONG_CONSTANT_BITS && bits - (1.0 + alike).log2() < STRONG_CONSTANT_BITS {
            let says = format!(
                "{alike:.0} words of the package have the shape of `{}`; of its {bits:.1} bits {:.1} are left; take two characters more",
                written(generator),
                bits - (1.0 + alike).log2(),
            );
            problems.push(Problem::warning("E3", site.at.clone(), says));
        }
    }
}

fn alike(master: &Master, generator: Generator) -> u32 {
    let mut count = 0;
    for file in &master.files {
        texts(&file.nodes, &mut |text| {
            for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
                count += u32::from(has_shape(generator, word.to_ascii_lowercase().as_bytes()));
            }
        });
    }
    count
}

fn texts(nodes: &[Node], visit: &mut impl FnMut(&str)) {
    for node in nodes {
        match node {
            Node::Text(text) => visit(text),
            Node::Constant { .. } => {}
            Node::Choice { branches: inner, .. } | Node::Order { items: inner, .. } => {
                inner.iter().for_each(|nodes| texts(nodes, visit));
            }
        }
    }
}
