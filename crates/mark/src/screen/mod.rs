//! Own-row evidence for very many members: which rows deserve exact weighing, and no other is left out.
//!
//! A trace of 10⁶ rows of 4096 sites has 24 additive scores to a row: ln e in each model of the
//! [`BANK`](crate::accuse::factor::BANK) and the two tail scores. [`screen`] bounds them all from quantised
//! sums, whose error is known exactly, and keeps every member that the exact scores could accuse or rank
//! among the best; only these need weighing in full ([`rescore`]).
//!
//! # Why nobody is lost
//! For each score k, sums of table entries give a value v with |exact - v| <= E, where E adds up, over the
//! groups of four sites, the greatest rounding error that any pattern of symbols has there, and a bound on
//! what f64 takes from both sums. ln e, the logarithm of the mean of e^S over the bank, grows with every S:
//! it lies between its values at v - E and at v + E, and is at most the greatest v + E.
//!
//! A member is kept when the upper end reaches the threshold or the [`Rule::best`]-th greatest lower end, or
//! when a tail score's v + E reaches the least score whose tail is small enough. A member below that lower
//! end has [`Rule::best`] others strictly above it. Hence every member that the exact numbers would accuse
//! on its own row, or would pair, is kept, equals included.
//!
//! # Layout
//! [`PackedRows`] holds a bit for each site of two alternatives. Sites of other kinds, where few hit, come
//! as lists of those who do ([`Side`]).
//!
//! **Source:** table look-up by byte shuffles over transposed blocks: André, Kermarrec and Le Scouarnec,
//! "Cache locality is not enough: high-performance nearest neighbor search with product quantization fast
//! scan", 2015.

mod kernel;
mod plan;
mod rows;
mod rule;
mod table;

use thiserror::Error;

use kernel::Kernel;
use plan::Plan;
use rows::LANES;
pub use rows::PackedRows;
pub use rule::{ADDITIVE, Rule, Side, Weighed, Weights, least_accusing, rescore};
use table::Table;

/// Why rows cannot be screened.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScreenError {
    /// A row of another package.
    #[error(
        "row {member} has {found} symbols where the package has {sites} sites with two alternatives, rebuild it from the codebook"
    )]
    Row {
        /// Position of the member.
        member: usize,
        /// Symbols found.
        found: usize,
        /// Sites of the package.
        sites: usize,
    },
    /// Rule and rows are of different packages.
    #[error(
        "the rule weighs {rule} sites and the rows have {rows}, pack the rows of the sites that the rule is for"
    )]
    Sites {
        /// Sites of the rule.
        rule: usize,
        /// Sites of the rows.
        rows: usize,
    },
    /// A weight that no factor has.
    #[error("site {0} has a weight that is not finite, check its probability and the misread rate")]
    Weight(usize),
    /// A hit by nobody.
    #[error("member {0} is said to hit a site and has no row, give hits by position in the rows")]
    Hit(usize),
}

/// One additive score, ready to be computed for very many rows.
#[derive(Clone, Debug)]
pub struct Score {
    table: Table,
    kernel: Kernel,
}

impl Score {
    /// Quantises a score from what symbol 0 and symbol 1 add at each site.
    ///
    /// # Errors
    ///
    /// Refuses a weight that is not finite.
    pub fn new(weights: &[[f64; 2]]) -> Result<Self, ScreenError> {
        check(weights)?;
        Ok(Score { table: Table::rounded(weights), kernel: Kernel::new() })
    }

    /// Returns how far a score given by [`Score::each`] may be from the exact one, E.
    pub fn error(&self) -> f64 {
        self.table.error
    }

    /// Gives the scores of a block of members at a time, in order, with the position of the first; the last
    /// block is filled up with members that are not there.
    pub fn each(&self, rows: &PackedRows, mut give: impl FnMut(usize, &[f64; LANES])) {
        // Rows without a bit have no lines, and members all the same.
        let mut blocks = rows.blocks();
        for first in (0..rows.members()).step_by(LANES) {
            let sums = self.kernel.sums(blocks.next().unwrap_or_default(), &self.table.nibbles);
            give(first, &sums.map(|sum| self.table.offset + self.table.step * f64::from(sum)));
        }
    }

    /// Returns, in order, every member whose exact score may be `least` or more, and few others.
    pub fn at_least(&self, rows: &PackedRows, least: f64) -> Vec<usize> {
        let mut kept = Vec::new();
        self.each(rows, |first, scores| {
            let reach = |score: &f64| score + self.table.error >= least;
            if scores.iter().any(reach) {
                let members = (first..rows.members()).zip(scores);
                kept.extend(members.filter(|(_, score)| reach(score)).map(|(member, _)| member));
            }
        });
        kept
    }
}

/// What screening leaves.
#[derive(Clone, Debug)]
pub struct Screened {
    /// Positions of the members to weigh exactly, ascending.
    pub kept: Vec<usize>,
    /// Upper bound on every member's ln e.
    pub ln_e_at_most: Vec<f64>,
}

/// Returns every member that the exact scores could accuse on its own row, or could rank among the
/// [`Rule::best`] by ln e, equals of the last included.
///
/// # Errors
///
/// Refuses rows and a rule that do not belong together and weights that are not finite: see [`ScreenError`].
pub fn screen(rows: &PackedRows, rule: &Rule) -> Result<Screened, ScreenError> {
    if rule.sites.len() != rows.sites() {
        return Err(ScreenError::Sites { rule: rule.sites.len(), rows: rows.sites() });
    }
    let hits = rule.hits_by_member(rows.members())?;
    Ok(Plan::new(rule)?.screen(rows, &hits, rule))
}

/// Refuses a weight that is not a finite number.
fn check(weights: &[[f64; 2]]) -> Result<(), ScreenError> {
    match weights.iter().position(|[zero, one]| !(zero.is_finite() && one.is_finite())) {
        Some(site) => Err(ScreenError::Weight(site)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
