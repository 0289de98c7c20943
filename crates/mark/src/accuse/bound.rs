//! The bound on accusing an innocent member: what it needs, why it holds, and its thresholds.
//!
//! Claim: P(any innocent member is accused) <= ε, whoever leaked, whatever they did to the text and
//! however badly it was read, if four conditions hold.
//!
//! | # | condition | enforced by |
//! |---|---|---|
//! | C1 | rows are independent over members and sites, drawn with the stated law, unknown to members | the keyed codebook; no row is repaired or edited |
//! | C2 | the reading and its erasures depend on no innocent's row | [`read`](crate::read::read) takes no codebook |
//! | C3 | scores, bank, weights, the split of ε and the thresholds are fixed before looking | the constants here and in [`factor`](super::factor), [`constant`](super::constant), [`joint`](super::joint), [`tail`](super::tail), under one [`SCORER`](super::SCORER) version |
//! | C4 | every draw of the codebook counts once | a site is one factor however many places show it; equal site ids are refused; several exhibits of one rendering are one reading |
//!
//! Proof. Fix the reading. For an innocent member the symbols are independent of it (C1, C2), so at
//! each read site the symbol has the stated law.
//!
//! - *E-values.* Every factor is non-negative with mean <= 1 under that law (shown at each factor). The
//!   product over distinct sites keeps mean <= 1 by independence (C4), and so does the average over the
//!   bank, whose weights read nobody's row, and the joint e-value E, whose weights read the rows of others
//!   only (shown in [`joint`](super::joint)). By Markov P(E >= 2n/ε) <= ε/(2n).
//! - *Tails.* Each of the K scores is a sum of independent two-point variables whose exact law is
//!   computed, so P(tail(S) <= t) <= t for every t, and P(some tail <= ε/(2nK)) <= ε/(2n).
//!
//! Together ε/n for a member, and ε for at most n innocent ones, by the union bound. ∎
//!
//! A larger coalition than the bank knows, another strategy, a wrong misread rate or hostile erasures
//! cost power only. So does dropping sites by any rule that sees the reading alone: a reading that is
//! not derived keeps its constants and loses every other site, and the same two thresholds then judge
//! the constants. That is why one surviving constant may accuse in a text that is otherwise a rewrite.
//!
//! The bound speaks of *the procedure*. It is not the probability that an accused member is innocent,
//! and it says nothing about intent, about who inside the member acted, or about a stolen copy.
//!
//! **Source:** e-values: Markov's inequality; exact conditional tails: Furon and Desoubeaux, "Tardos
//! codes for real", WIFS 2014.

/// Evidence, in nats, that computed logarithms are distrusted by: far above the rounding of 10⁴ sites,
/// far below anything that matters.
pub const ROUNDING_NATS: f64 = 1e-9;

/// Number of pre-declared tail scores, K.
pub const SCORES: u32 = 2;

/// Returns the least ln E that accuses a member of a population of `n` at `epsilon`: ln(2n/ε).
pub fn ln_e_threshold(n: usize, epsilon: f64) -> f64 {
    (2.0 * n as f64 / epsilon).ln() + ROUNDING_NATS
}

/// Returns the greatest p-value (already multiplied by K) that accuses: ε/(2n).
pub fn p_threshold(n: usize, epsilon: f64) -> f64 {
    epsilon / (2.0 * n as f64)
}

/// Tells whether a member of a population of `n` with this evidence is accused at `epsilon`.
pub fn accuses(ln_e: f64, p_value: f64, n: usize, epsilon: f64) -> bool {
    ln_e >= ln_e_threshold(n, epsilon) || p_value <= p_threshold(n, epsilon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_epsilon_goes_to_each_channel() {
        assert!((ln_e_threshold(100, 1e-6) - (18.420680744 + std::f64::consts::LN_2)).abs() < 1e-6);
        assert!((p_threshold(100, 1e-6) - 5e-9).abs() < 1e-20);
    }
}
