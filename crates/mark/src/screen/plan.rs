//! All scores of a rule for every row, from as few tables as possible, no finer than they need to be.

use std::collections::HashMap;

use super::kernel::Kernel;
use super::rows::{LANES, Line};
use super::rule::{ADDITIVE, Rule, Weights};
use super::table::{Table, rounding};
use super::{PackedRows, ScreenError, Screened, check};
use crate::accuse::factor::{BANK, ln_mean_exp};

/// How every score is bounded.
pub(super) struct Plan {
    /// What each score is for a member that hits nothing aside, besides its tables.
    offsets: Vec<f64>,
    tables: Tables,
}

enum Tables {
    /// Sites where the symbols make the same difference in every score are one class, and a member's ones in
    /// each class determine every score. Codes of few biases have few classes, and counts are exact.
    Counts {
        counts: Vec<Table>,
        /// For each score, what a one adds in each class.
        gains: Vec<Vec<f64>>,
        /// For each score, what f64 may be off by.
        errors: Vec<f64>,
    },
    /// A coarse and a fine table for each score.
    Rounded(Vec<[Table; 2]>),
}

/// What is known of one score of a block's members.
#[derive(Clone, Copy)]
struct Values {
    values: [f64; LANES],
    error: f64,
}

impl Values {
    fn at_most(&self) -> impl Iterator<Item = f64> {
        self.values.iter().map(|value| value + self.error)
    }
}

impl Plan {
    pub(super) fn new(rule: &Rule) -> Result<Plan, ScreenError> {
        let (places, classes) = classes(&rule.sites);
        let counted = classes < ADDITIVE;
        let (mut offsets, mut errors) = (Vec::with_capacity(ADDITIVE), Vec::with_capacity(ADDITIVE));
        let (mut gains, mut rounded) = (Vec::new(), Vec::new());
        for k in 0..ADDITIVE {
            let of = |site: &Weights| {
                [&site.zero, &site.one].map(|weights| weights.get(k).copied().unwrap_or_default())
            };
            let weights: Vec<[f64; 2]> = rule.sites.iter().map(of).collect();
            let side: Vec<[f64; 2]> = rule.side.iter().map(|side| of(&side.weights)).collect();
            let all: Vec<[f64; 2]> = weights.iter().chain(&side).copied().collect();
            check(&all)?;
            let missed: f64 = side.iter().map(|[miss, _]| miss).sum();
            let lost = rounding(&all);
            if counted {
                let mut gain = vec![0.0; classes];
                for (class, [zero, one]) in places.iter().zip(&weights) {
                    if let Some(gain) = class.and_then(|class| gain.get_mut(class)) {
                        *gain = one - zero;
                    }
                }
                gains.push(gain);
                errors.push(lost);
                offsets.push(missed + weights.iter().map(|[zero, _]| zero).sum::<f64>());
            } else {
                let mut both = Table::rounded_twice(&weights);
                both.iter_mut().for_each(|table| table.error += lost);
                rounded.push(both);
                offsets.push(missed);
            }
        }
        let count = |class| Table::count(places.iter().map(move |place| *place == Some(class)));
        let tables = if counted {
            Tables::Counts { counts: (0..classes).map(count).collect(), gains, errors }
        } else {
            Tables::Rounded(rounded)
        };
        Ok(Plan { offsets, tables })
    }

    /// Bounds every member's scores and keeps whom they do not rule out; `hits` is in the members' order.
    pub(super) fn screen(&self, rows: &PackedRows, hits: &[(usize, usize)], rule: &Rule) -> Screened {
        let kernel = Kernel::new();
        let mut keeper = Keeper::new(rows.members(), rule);
        let mut hits = hits;
        // Rows without a bit have no lines, and members all the same.
        let mut blocks = rows.blocks();
        for first in (0..rows.members()).step_by(LANES) {
            let lines = blocks.next().unwrap_or_default();
            let (here, later) = hits.split_at(hits.partition_point(|(member, _)| *member < first + LANES));
            hits = later;
            let mut scores = self.values(kernel, lines);
            for (k, score) in scores.iter_mut().enumerate() {
                for (member, site) in here {
                    let gain = rule.side.get(*site).map(|side| side.weights.gain(k));
                    if let Some(value) = score.values.get_mut(member - first) {
                        *value += gain.unwrap_or_default();
                    }
                }
            }
            self.refine(kernel, lines, &mut scores, &keeper);
            keeper.add(first, &scores);
        }
        keeper.finish()
    }

    /// The scores of a block's members as its coarse tables or its counts tell.
    fn values(&self, kernel: Kernel, lines: &[Line]) -> Vec<Values> {
        let offsets = self.offsets.iter();
        match &self.tables {
            Tables::Counts { counts, gains, errors } => {
                let sum = |table: &Table| kernel.sums(lines, &table.nibbles).map(f64::from);
                let counts: Vec<[f64; LANES]> = counts.iter().map(sum).collect();
                let score = |((offset, gains), error): ((&f64, &Vec<f64>), &f64)| {
                    let mut values = [*offset; LANES];
                    for (gain, counts) in gains.iter().zip(&counts) {
                        values.iter_mut().zip(counts).for_each(|(value, count)| *value += gain * count);
                    }
                    Values { values, error: *error }
                };
                offsets.zip(gains).zip(errors).map(score).collect()
            }
            Tables::Rounded(tables) => {
                let score = |(offset, [coarse, _]): (&f64, &[Table; 2])| {
                    let offset = offset + coarse.offset;
                    let sums = kernel.sums(lines, &coarse.nibbles);
                    Values {
                        values: sums.map(|sum| offset + coarse.step * f64::from(sum)),
                        error: coarse.error,
                    }
                };
                offsets.zip(tables).map(score).collect()
            }
        }
    }

    /// Adds the fine tables of the scores that would keep a member of the block as they are.
    fn refine(&self, kernel: Kernel, lines: &[Line], scores: &mut [Values], keeper: &Keeper<'_>) {
        let Tables::Rounded(tables) = &self.tables else { return };
        for ((k, score), [_, fine]) in scores.iter_mut().enumerate().zip(tables) {
            let floor = keeper.floor_of(k);
            if score.at_most().any(|most| most >= floor) {
                let sums = kernel.sums(lines, &fine.nibbles);
                for (value, sum) in score.values.iter_mut().zip(sums) {
                    *value += fine.offset + fine.step * f64::from(sum);
                }
                score.error = fine.error;
            }
        }
    }
}

/// Keeps members as their bounds come in.
struct Keeper<'a> {
    rule: &'a Rule,
    members: usize,
    /// An ln e that at least [`Rule::best`] of the members seen surely reach.
    floor: f64,
    /// Lower bounds on the greatest ln e seen.
    lower: Vec<f64>,
    /// Members kept so far, and whether for a tail score.
    kept: Vec<(usize, bool)>,
    at_most: Vec<f64>,
}

impl<'a> Keeper<'a> {
    fn new(members: usize, rule: &'a Rule) -> Self {
        // Nobody is needed for being among the best none.
        let floor = if rule.best == 0 { f64::INFINITY } else { f64::NEG_INFINITY };
        let at_most = Vec::with_capacity(members);
        Keeper { rule, members, floor, lower: Vec::new(), kept: Vec::new(), at_most }
    }

    /// What a member's score k has to reach for the member to be kept by it.
    fn floor_of(&self, k: usize) -> f64 {
        match self.rule.least_tail.get(k.wrapping_sub(BANK.len())) {
            Some(least) => *least as f64,
            None => self.floor.min(self.rule.least_ln_e),
        }
    }

    /// Weighs what is known of a block's members, the first of them at `first`.
    fn add(&mut self, first: usize, scores: &[Values]) {
        let mut greatest = [f64::NEG_INFINITY; LANES];
        let mut tail = [false; LANES];
        for (k, score) in scores.iter().enumerate() {
            if k < BANK.len() {
                greatest.iter_mut().zip(score.at_most()).for_each(|(most, value)| *most = most.max(value));
            } else {
                let least = self.floor_of(k);
                tail.iter_mut().zip(score.at_most()).for_each(|(tail, value)| *tail |= value >= least);
            }
        }
        for (lane, ((member, most), tail)) in (first..self.members).zip(greatest).zip(tail).enumerate() {
            let mut at_most = most;
            if most >= self.floor.min(self.rule.least_ln_e) {
                let bank = || scores.iter().take(BANK.len());
                let value = |score: &Values| score.values.get(lane).copied().unwrap_or_default();
                let upper: Vec<f64> = bank().map(|score| value(score) + score.error).collect();
                at_most = at_most.min(ln_mean_exp(&upper) + EXPONENTIALS);
                if at_most > self.floor {
                    let lower: Vec<f64> = bank().map(|score| value(score) - score.error).collect();
                    self.rank(ln_mean_exp(&lower) - EXPONENTIALS);
                }
            }
            if tail || at_most >= self.floor.min(self.rule.least_ln_e) {
                self.kept.push((member, tail));
            }
            self.at_most.push(at_most);
        }
    }

    /// Raises the floor by one more member's lower bound.
    fn rank(&mut self, lower: f64) {
        if lower <= self.floor {
            return;
        }
        self.lower.push(lower);
        let best = self.rule.best;
        if self.lower.len() >= 2 * best {
            self.raise();
        }
    }

    fn raise(&mut self) {
        let best = self.rule.best;
        if let Some(last) = best.checked_sub(1).filter(|last| *last < self.lower.len()) {
            let (_, floor, _) = self.lower.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
            self.floor = self.floor.max(*floor);
            self.lower.truncate(best);
        }
    }

    fn finish(mut self) -> Screened {
        self.raise();
        let floor = self.floor.min(self.rule.least_ln_e);
        let reaches = |member: usize| self.at_most.get(member).is_some_and(|most| *most >= floor);
        let kept = self.kept.iter().filter(|(member, tail)| *tail || reaches(*member));
        let kept = kept.map(|(member, _)| *member).collect();
        Screened { kept, ln_e_at_most: self.at_most }
    }
}

/// What computing ln of a mean of 22 exponentials may be off by, far above its rounding.
const EXPONENTIALS: f64 = 1e-9;

/// Numbers the classes of sites that make the same difference in every score; sites that make none have none.
fn classes(sites: &[Weights]) -> (Vec<Option<usize>>, usize) {
    let mut found: HashMap<[u64; ADDITIVE], usize> = HashMap::new();
    let place = |site: &Weights| {
        let gain: [f64; ADDITIVE] = std::array::from_fn(|k| site.gain(k));
        let next = found.len();
        gain.iter().any(|gain| *gain != 0.0).then(|| *found.entry(gain.map(f64::to_bits)).or_insert(next))
    };
    (sites.iter().map(place).collect(), found.len())
}
