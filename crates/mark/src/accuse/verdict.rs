//! The decision: every member's evidence, the two thresholds, and the verdict in words.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bound::{SCORES, accuses, ln_e_threshold, p_threshold};
use super::factor::ln_sum_exp;
use super::joint::{Part, SCREEN, Shown, TRIPLES, joint};
use super::tail::{Step, Tail};
use super::weigh::{Scores, SiteEvidence, score_row, weigh_sites};
use crate::master::{SiteId, SiteKind, Symbol};
use crate::reading::Reading;

/// Version of everything a trace's numbers depend on: banks, shares, screen, misread rate, ρ, cap, scores,
/// lattice step and the split of ε into halves.
pub const SCORER: &str = "mark-score/3";

/// One member's codeword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Member id, unique in the population.
    pub member: String,
    /// One symbol a site, in the order of the master's sites.
    pub symbols: Vec<Symbol>,
}

/// The law of an innocent member's symbol at a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Symbol 1 with probability `one`, else 0.
    Binary {
        /// P(symbol is 1), strictly between 0 and 1.
        one: f64,
    },
    /// One of `q` equally likely indices, q > 2.
    Uniform {
        /// Number of symbols.
        q: f64,
    },
    /// A value drawn uniformly from at least `space` values.
    Value {
        /// Lower bound on the number of values.
        space: f64,
    },
}

impl Law {
    /// Returns the law of a site of this kind with unbiased draws; `space` is the least number of values a
    /// constant is drawn from and is not read for other kinds.
    pub fn of(kind: &SiteKind, space: f64) -> Self {
        let uniform = |q: f64| if q == 2.0 { Law::Binary { one: 0.5 } } else { Law::Uniform { q } };
        match *kind {
            SiteKind::Choice { q } => uniform(f64::from(q)),
            SiteKind::Constant(_) => Law::Value { space },
            SiteKind::Order { items, keep } => {
                let least = items.saturating_sub(keep.min(items)) + 1;
                uniform((least..=items).map(f64::from).product())
            }
        }
    }
}

/// A site and the law of its symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteLaw {
    /// Which site.
    pub site: SiteId,
    /// How its symbols are drawn.
    pub law: Law,
}

/// What a trace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The text derives from the copy made for each accused member.
    Attributed,
    /// The text derives from the package, and its marks do not single anybody out.
    Inconclusive,
    /// The text does not derive from the package as far as it can be read.
    NotDerived,
}

/// How much of the package the leak showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteCount {
    /// Sites of the package.
    pub total: usize,
    /// Sites that weigh in this trace.
    pub read: usize,
    /// Sites that do not.
    pub erased: usize,
}

/// The evidence about one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberEvidence {
    /// Member id.
    pub member: String,
    /// log10 of the joint e-value E ([`super::joint`]), whose mean for an innocent is at most 1.
    pub log10_e: f64,
    /// Upper bound on the chance that an innocent scores as high on any of the K tail scores, at most 1.
    pub p_value: f64,
    /// Members without whose rows this member would not be accused, since the evidence is what its copy
    /// explains given theirs; empty when its own row is enough, and when it is not accused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
}

/// The weighed result of one reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// [`SCORER`].
    pub scorer: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Members whose copy the text derives from, in the order found: those whose own row is enough, then
    /// those found given a partner, then those found given two; among each the strongest evidence first.
    pub accused: Vec<String>,
    /// Everybody's evidence, in the population's order.
    pub members: Vec<MemberEvidence>,
    /// Bound on the chance that any innocent member is accused.
    pub epsilon: f64,
    /// Sites read and erased.
    pub sites: SiteCount,
}

/// Why a reading cannot be weighed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AccuseError {
    /// ε is no probability.
    #[error("epsilon `{0}` is not between 0 and 1, give a bound such as 1e-6")]
    Epsilon(f64),
    /// Nobody to weigh.
    #[error("the population is empty, give the row of every member that got a copy")]
    NoPopulation,
    /// A member twice; its evidence would count under two names.
    #[error("member `{0}` is in the population twice, give each member one row")]
    MemberTwice(String),
    /// A site twice; its draw would count twice.
    #[error("site `{0}` is listed twice, give each site once")]
    SiteTwice(String),
    /// Reading and sites are of different packages or versions.
    #[error(
        "the reading has `{found}` where the package has site `{expected}`, read the leak against this master"
    )]
    SiteMismatch {
        /// The package's site.
        expected: String,
        /// The reading's.
        found: String,
    },
    /// A law that no codebook draws from.
    #[error("site `{0}` has an impossible law, check its probability or number of symbols")]
    Law(String),
    /// The reading shows something that the site cannot show.
    #[error("the reading of site `{0}` is not of the site's kind, read the leak against this master")]
    Seen(String),
    /// A row that is not of this package.
    #[error("the row of member `{0}` does not fit the package's sites, rebuild it from the codebook")]
    Row(String),
}

/// Weighs a reading against every member's row and accuses whom the bound allows.
///
/// `population` holds every member that got a copy, guilty or not: n in the thresholds is its size. The
/// reading must have been made without any row ([`super::bound`], C2). In a reading that is not derived
/// only constants weigh.
///
/// # Errors
///
/// Refuses input that does not belong together, or that would void the bound: see [`AccuseError`].
///
/// **Source:** Markov's inequality for e-values, the exact conditional tail and the split of ε: see
/// [`super::bound`].
pub fn accuse(
    sites: &[SiteLaw],
    population: &[Row],
    reading: &Reading,
    epsilon: f64,
) -> Result<Trace, AccuseError> {
    accuse_pairing(SCREEN, sites, population, reading, epsilon)
}

/// The same, with at most `paired` members paired.
pub(super) fn accuse_pairing(
    paired: usize,
    sites: &[SiteLaw],
    population: &[Row],
    reading: &Reading,
    epsilon: f64,
) -> Result<Trace, AccuseError> {
    check(sites, population.iter().map(|row| row.member.as_str()), epsilon)?;
    let evidence = weigh_sites(sites, reading)?;
    let tails = tails(&evidence);
    let scores = population.iter().map(|row| score_row(&evidence, row)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = population.iter().map(|row| row.member.as_str()).collect();
    let n = names.len();
    Ok(decide(paired, &evidence, &tails, (&names, n), scores, reading, epsilon))
}

/// The law of an innocent's symmetric score and of its pair score.
pub(super) fn tails(evidence: &[Option<SiteEvidence<'_>>]) -> [Tail; SCORES as usize] {
    let tail = |score: fn(&SiteEvidence<'_>) -> Step| {
        Tail::new(&evidence.iter().flatten().map(score).collect::<Vec<_>>())
    };
    [tail(|site| site.scores.symmetric), tail(|site| site.scores.pair)]
}

/// Accuses whom the scores of the members named, of a population of `n`, allow to be accused.
pub(super) fn decide(
    paired: usize,
    evidence: &[Option<SiteEvidence<'_>>],
    tails: &[Tail; SCORES as usize],
    (names, n): (&[&str], usize),
    scores: Vec<Scores>,
    reading: &Reading,
    epsilon: f64,
) -> Trace {
    let (least_ln_e, most_p) = (ln_e_threshold(n, epsilon), p_threshold(n, epsilon));
    let shown: Vec<Shown> = evidence.iter().flatten().filter_map(|site| site.shown).collect();
    let (own, lattice): (Vec<_>, Vec<_>) =
        scores.into_iter().map(|Scores { own, symmetric, pair }| (own, (symmetric, pair))).unzip();
    let name = |at: &usize| names.get(*at).map(|name| (*name).to_owned());

    let mut found: Vec<(usize, f64, &str)> = Vec::new();
    let mut members = Vec::with_capacity(names.len());
    for ((member, (symmetric, pair)), parts) in
        names.iter().zip(lattice).zip(joint(paired, TRIPLES, &shown, &own))
    {
        let [symmetric_tail, pair_tail] = tails;
        let tail = symmetric_tail.at(symmetric).min(pair_tail.at(pair));
        let p_value = (tail * f64::from(SCORES)).min(1.0);
        let (ln_e, enough) = sum(&parts, least_ln_e);
        let deciding =
            accuses(ln_e, p_value, n, epsilon).then(|| enough.filter(|_| p_value > most_p).unwrap_or(0));
        let given = deciding.and_then(|part| parts.get(part)).map_or(&[][..], |part| &part.given);
        if let Some(part) = deciding {
            found.push((part, ln_e, member));
        }
        members.push(MemberEvidence {
            member: (*member).to_owned(),
            log10_e: ln_e / std::f64::consts::LN_10,
            p_value,
            given: given.iter().filter_map(name).collect(),
        });
    }
    found.sort_by(|(part, ln_e, _), (other, other_ln_e, _)| {
        part.cmp(other).then_with(|| other_ln_e.total_cmp(ln_e))
    });
    let accused: Vec<String> = found.into_iter().map(|(_, _, member)| member.to_owned()).collect();

    let verdict = match (accused.is_empty(), reading.derived) {
        (false, _) => Verdict::Attributed,
        (true, true) => Verdict::Inconclusive,
        (true, false) => Verdict::NotDerived,
    };
    let read = evidence.iter().flatten().count();
    let sites = SiteCount { total: evidence.len(), read, erased: evidence.len().saturating_sub(read) };
    Trace { scorer: SCORER.to_owned(), verdict, accused, members, epsilon, sites }
}

/// Returns log10 of every member's single e-value, which its own row gives without regard to others, in the
/// population's order.
///
/// # Errors
///
/// As [`accuse`].
pub fn own_log10_e(
    sites: &[SiteLaw],
    population: &[Row],
    reading: &Reading,
) -> Result<Vec<f64>, AccuseError> {
    let evidence = weigh_sites(sites, reading)?;
    let own = |row| Ok(score_row(&evidence, row)?.own.ln_e / std::f64::consts::LN_10);
    population.iter().map(own).collect()
}

/// Returns ln of the sum of the parts, and the first part with which the sum reaches `least`.
fn sum(parts: &[Part], least: f64) -> (f64, Option<usize>) {
    let (mut ln_e, mut enough) = (f64::NEG_INFINITY, None);
    for (at, part) in parts.iter().enumerate() {
        ln_e = ln_sum_exp(&[ln_e, part.ln]);
        if enough.is_none() && ln_e >= least {
            enough = Some(at);
        }
    }
    (ln_e, enough)
}

pub(super) fn check<'a>(
    sites: &[SiteLaw],
    mut members: impl Iterator<Item = &'a str>,
    epsilon: f64,
) -> Result<(), AccuseError> {
    if !(epsilon > 0.0 && epsilon < 1.0) {
        return Err(AccuseError::Epsilon(epsilon));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = members.find(|member| !names.insert(*member)) {
        return Err(AccuseError::MemberTwice(twice.to_owned()));
    }
    if names.is_empty() {
        return Err(AccuseError::NoPopulation);
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = sites.iter().find(|site| !ids.insert(&site.site)) {
        return Err(AccuseError::SiteTwice(twice.site.0.clone()));
    }
    let possible = |law: Law| match law {
        Law::Binary { one } => one > 0.0 && one < 1.0,
        Law::Uniform { q } => q >= 1.0 && q.is_finite(),
        Law::Value { space } => space >= 1.0,
    };
    match sites.iter().find(|site| !possible(site.law)) {
        Some(site) => Err(AccuseError::Law(site.site.0.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
