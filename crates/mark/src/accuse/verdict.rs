//! The decision: every member's evidence, the two thresholds, and the verdict in words.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bound::{SCORES, ln_e_threshold, p_threshold};
use super::constant::ConstantTest;
use super::factor::{BANK, Coalition, MISREAD, Strategy, ln_mean_exp};
use super::tail::{Step, Tail, symmetric};
use crate::master::{SiteId, SiteKind, Symbol};
use crate::reading::{Reading, Seen};

/// Version of everything a trace's numbers depend on: bank, misread rate, ρ, cap, scores, lattice step
/// and the split of ε into halves.
pub const SCORER: &str = "mark-score/1";

/// Coalition whose log factor is the second tail score.
const PAIR: Coalition = Coalition { colluders: 2, strategy: Strategy::Interleave };

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
    /// log10 of the e-value: at most 0 on average for an innocent.
    pub log10_e: f64,
    /// Upper bound on the chance that an innocent scores as high on any of the K tail scores, at most 1.
    pub p_value: f64,
}

/// The weighed result of one reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// [`SCORER`].
    pub scorer: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Members whose copy the text derives from, in the population's order.
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
    check(sites, population, epsilon)?;
    let evidence = weigh_sites(sites, reading)?;
    let steps = |score: fn(&SiteEvidence<'_>) -> Step| -> Vec<Step> {
        evidence.iter().flatten().map(score).collect()
    };
    let (symmetric_steps, pair_steps) = (steps(|e| e.symmetric), steps(|e| e.pair));
    let tails = [Tail::new(&symmetric_steps), Tail::new(&pair_steps)];

    let (least_ln_e, most_p) =
        (ln_e_threshold(population.len(), epsilon), p_threshold(population.len(), epsilon));
    let mut accused = Vec::new();
    let mut members = Vec::with_capacity(population.len());
    for row in population {
        let scores = score_row(&evidence, row)?;
        let ln_e = ln_mean_exp(&scores.ln_e);
        let [symmetric_tail, pair_tail] = &tails;
        let tail = symmetric_tail.at(scores.symmetric).min(pair_tail.at(scores.pair));
        let p_value = (tail * f64::from(SCORES)).min(1.0);
        if ln_e >= least_ln_e || p_value <= most_p {
            accused.push(row.member.clone());
        }
        members.push(MemberEvidence {
            member: row.member.clone(),
            log10_e: ln_e / std::f64::consts::LN_10,
            p_value,
        });
    }

    let verdict = match (accused.is_empty(), reading.derived) {
        (false, _) => Verdict::Attributed,
        (true, true) => Verdict::Inconclusive,
        (true, false) => Verdict::NotDerived,
    };
    let read = evidence.iter().flatten().count();
    let sites = SiteCount { total: sites.len(), read, erased: sites.len().saturating_sub(read) };
    Ok(Trace { scorer: SCORER.to_owned(), verdict, accused, members, epsilon, sites })
}

/// One read site's weights; a member's symbol either is what was seen or is not.
struct SiteEvidence<'a> {
    seen: &'a Seen,
    symmetric: Step,
    pair: Step,
    ln_hit: [f64; BANK.len()],
    ln_miss: [f64; BANK.len()],
}

struct Scores {
    ln_e: [f64; BANK.len()],
    symmetric: i64,
    pair: i64,
}

fn check(sites: &[SiteLaw], population: &[Row], epsilon: f64) -> Result<(), AccuseError> {
    if !(epsilon > 0.0 && epsilon < 1.0) {
        return Err(AccuseError::Epsilon(epsilon));
    }
    if population.is_empty() {
        return Err(AccuseError::NoPopulation);
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = population.iter().find(|row| !names.insert(row.member.as_str())) {
        return Err(AccuseError::MemberTwice(twice.member.clone()));
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

fn weigh_sites<'a>(
    sites: &[SiteLaw],
    reading: &'a Reading,
) -> Result<Vec<Option<SiteEvidence<'a>>>, AccuseError> {
    let mut seen = reading.sites.iter();
    let evidence = sites
        .iter()
        .map(|SiteLaw { site, law }| {
            let mismatch =
                |found: &str| AccuseError::SiteMismatch { expected: site.0.clone(), found: found.to_owned() };
            let found = seen.next().ok_or_else(|| mismatch("nothing"))?;
            if found.site != *site {
                return Err(mismatch(&found.site.0));
            }
            weigh(*law, &found.seen, reading.derived).ok_or_else(|| AccuseError::Seen(site.0.clone()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    match seen.next() {
        None => Ok(evidence),
        Some(extra) => {
            Err(AccuseError::SiteMismatch { expected: "no further site".into(), found: extra.site.0.clone() })
        }
    }
}

/// Returns the site's weights, `Some(None)` when it does not weigh, `None` when `seen` cannot be seen there.
fn weigh(law: Law, seen: &Seen, derived: bool) -> Option<Option<SiteEvidence<'_>>> {
    let evidence = |hit_probability: f64, factor: &dyn Fn(&Coalition, bool) -> f64| {
        let ln = |hit: bool| BANK.map(|coalition| factor(&coalition, hit).ln());
        let (hit_weight, miss_weight) = symmetric(hit_probability);
        SiteEvidence {
            seen,
            symmetric: Step::new(hit_weight, miss_weight, hit_probability),
            pair: Step::new(factor(&PAIR, true).ln(), factor(&PAIR, false).ln(), hit_probability),
            ln_hit: ln(true),
            ln_miss: ln(false),
        }
    };
    match (law, seen) {
        (_, Seen::Erased) => Some(None),
        (Law::Binary { one }, &Seen::Index(index)) => {
            let seen_one = match index {
                0 => false,
                1 => true,
                _ => return None,
            };
            let hit_probability = if seen_one { one } else { 1.0 - one };
            let factor =
                |coalition: &Coalition, hit: bool| coalition.binary(one, MISREAD, seen_one, seen_one == hit);
            Some(derived.then(|| evidence(hit_probability, &factor)))
        }
        (Law::Uniform { q }, &Seen::Index(index)) => {
            if f64::from(index) >= q {
                return None;
            }
            let factor = |coalition: &Coalition, hit: bool| coalition.uniform(q, MISREAD, hit);
            Some((derived && q > 1.0).then(|| evidence(1.0 / q, &factor)))
        }
        (Law::Value { space }, Seen::Tokens(tokens)) => {
            let distinct = tokens.iter().collect::<BTreeSet<_>>().len();
            let test = ConstantTest::new(distinct, space);
            Some(test.map(|test| evidence(test.hit_probability, &|_, hit| test.factor(hit))))
        }
        _ => None,
    }
}

fn score_row(evidence: &[Option<SiteEvidence<'_>>], row: &Row) -> Result<Scores, AccuseError> {
    let misfit = || AccuseError::Row(row.member.clone());
    if row.symbols.len() != evidence.len() {
        return Err(misfit());
    }
    let mut scores = Scores { ln_e: [0.0; BANK.len()], symmetric: 0, pair: 0 };
    for (site, symbol) in evidence.iter().zip(&row.symbols) {
        let Some(site) = site else { continue };
        let hit = match (site.seen, symbol) {
            (Seen::Index(seen), Symbol::Index(own)) => seen == own,
            (Seen::Tokens(tokens), Symbol::Value(own)) => tokens.contains(own),
            _ => return Err(misfit()),
        };
        scores.symmetric += site.symmetric.weight(hit);
        scores.pair += site.pair.weight(hit);
        for (sum, ln) in scores.ln_e.iter_mut().zip(if hit { &site.ln_hit } else { &site.ln_miss }) {
            *sum += ln;
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests;
