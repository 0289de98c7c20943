//! What an accusation rests on, as additive scores over a row.

use fearless_simd::{Level, dispatch};

use super::{PackedRows, ScreenError};
use crate::accuse::bound::{SCORES, p_threshold};
use crate::accuse::factor::{BANK, Coalition, ln_mean_exp};
use crate::accuse::tail::Tail;
use crate::accuse::weigh::SiteScores;

/// Number of additive scores: ln e in each model of the bank, then the lattice scores symmetric and pair.
pub const ADDITIVE: usize = BANK.len() + SCORES as usize;

/// What a site adds to each additive score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// With symbol 0; at a site of another kind, with a miss.
    pub zero: [f64; ADDITIVE],
    /// With symbol 1; at a site of another kind, with a hit.
    pub one: [f64; ADDITIVE],
}

impl Weights {
    /// The weights of a site that is erased.
    pub const ERASED: Weights = Weights { zero: [0.0; ADDITIVE], one: [0.0; ADDITIVE] };

    /// Returns the weights of a site where an innocent hits with probability `hit_probability`, from each
    /// model's factor of a hit and of a miss.
    pub fn of(hit_probability: f64, factor: impl Fn(&Coalition, bool) -> f64) -> Self {
        Weights::of_scores(&SiteScores::of(hit_probability, factor))
    }

    /// Returns the weights of a site, by hit and miss.
    pub(crate) fn of_scores(scores: &SiteScores) -> Self {
        let weights = |hit: bool| {
            let ln = if hit { scores.ln_hit } else { scores.ln_miss };
            let steps = [scores.symmetric, scores.pair].map(|step| step.weight(hit) as f64);
            let mut all = ln.into_iter().chain(steps);
            std::array::from_fn(|_| all.next().unwrap_or_default())
        };
        Weights { zero: weights(false), one: weights(true) }
    }

    /// Returns the weights by symbol where [`Weights::of`] has them by hit and symbol `seen_one` was seen.
    pub fn seen(self, seen_one: bool) -> Self {
        if seen_one { self } else { Weights { zero: self.one, one: self.zero } }
    }

    /// Returns by how much more symbol 1, or a hit, adds to score `k`; equal differences have equal bits.
    pub(super) fn gain(&self, k: usize) -> f64 {
        // Plus zero: -0 is a difference of 0.
        self.one.get(k).zip(self.zero.get(k)).map_or(0.0, |(one, zero)| one - zero) + 0.0
    }

    /// Returns what a row adds with this symbol, or hit.
    #[inline(always)]
    pub fn of_symbol(&self, one: bool) -> &[f64; ADDITIVE] {
        if one { &self.one } else { &self.zero }
    }
}

/// A site that rows have no bit for: one of many symbols or a generated value.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its weights by hit and miss.
    pub weights: Weights,
    /// Positions of the members whose symbol is the one seen.
    pub hits: Vec<usize>,
}

/// Returns the least lattice score that accuses a member of a population of `n` at `epsilon`, given the law
/// of an innocent's score between `least` and `most`; beyond `most` when none does.
pub fn least_accusing(law: &Tail, least: i64, most: i64, n: usize, epsilon: f64) -> i64 {
    let accuses = |score: i64| (law.at(score) * f64::from(SCORES)).min(1.0) <= p_threshold(n, epsilon);
    let (mut low, mut high) = (least, most.saturating_add(1).max(least));
    while low < high {
        let middle = low + (high - low) / 2;
        if accuses(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

/// What members are kept for.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Weights of the sites that rows have a bit for.
    pub sites: Vec<Weights>,
    /// The other sites that were read.
    pub side: Vec<Side>,
    /// Least ln e, the mean over the bank, that accuses a member on its own row.
    pub least_ln_e: f64,
    /// Least lattice score, symmetric and pair, that accuses.
    pub least_tail: [i64; SCORES as usize],
    /// How many members with the greatest ln e are needed besides, to be paired.
    pub best: usize,
}

impl Rule {
    /// Who hits which [`Side`] site, by member and then site.
    pub(super) fn hits_by_member(&self, members: usize) -> Result<Vec<(usize, usize)>, ScreenError> {
        let each = self.side.iter().enumerate();
        let mut hits: Vec<(usize, usize)> =
            each.flat_map(|(site, side)| side.hits.iter().map(move |&member| (member, site))).collect();
        hits.sort_unstable();
        hits.dedup();
        match hits.last() {
            Some(&(member, _)) if member >= members => Err(ScreenError::Hit(member)),
            _ => Ok(hits),
        }
    }
}

/// A member's exact scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// Position of the member.
    pub member: usize,
    /// ln of the mean e-value over the bank.
    pub ln_e: f64,
    /// Lattice scores, symmetric and pair.
    pub tail: [i64; SCORES as usize],
}

impl Weighed {
    /// Says whether the member's own row accuses it.
    pub fn accuses(&self, rule: &Rule) -> bool {
        self.ln_e >= rule.least_ln_e
            || self.tail.iter().zip(&rule.least_tail).any(|(score, least)| score >= least)
    }
}

/// Weighs the given members exactly, in f64 and site by site: first the sites that rows have a bit for, then
/// the others.
///
/// # Errors
///
/// Refuses hits of members that are not there.
pub fn rescore(rows: &PackedRows, rule: &Rule, members: &[usize]) -> Result<Vec<Weighed>, ScreenError> {
    let hits = rule.hits_by_member(rows.members())?;
    let level = Level::new();
    let weigh = |&member: &usize| {
        let symbols: Vec<bool> = rows.symbols(member).collect();
        let mut sums = dispatch!(level, _simd => add_up(&rule.sites, &symbols));
        for (at, side) in rule.side.iter().enumerate() {
            add(&mut sums, side.weights.of_symbol(hits.binary_search(&(member, at)).is_ok()));
        }
        let (bank, tail) = sums.split_at(BANK.len());
        let mut tail = tail.iter().map(|score| score.round() as i64);
        let tail = std::array::from_fn(|_| tail.next().unwrap_or_default());
        Weighed { member, ln_e: ln_mean_exp(bank), tail }
    };
    Ok(members.iter().map(weigh).collect())
}

/// Compiled once for each kind of processor, so that several scores are added at once; each in the sites' order.
#[inline(always)]
fn add_up(sites: &[Weights], symbols: &[bool]) -> [f64; ADDITIVE] {
    let mut sums = [0.0; ADDITIVE];
    sites.iter().zip(symbols).for_each(|(site, one)| add(&mut sums, site.of_symbol(*one)));
    sums
}

#[inline(always)]
fn add(sums: &mut [f64; ADDITIVE], weights: &[f64; ADDITIVE]) {
    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
}
