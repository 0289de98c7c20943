//! Evidence about one member over many leaks: too little each time, enough together.
//!
//! # What may be multiplied
//!
//! | looks | rule |
//! |---|---|
//! | into leaks of different releases, each with a secret of its own | multiply |
//! | into leaks of one release | never multiply: they read the same draws. Their e-values are averaged, the t-th look with weight 6/(π²t²) |
//! | by timing, by who had what when | stay outside: their null is a model, not a draw |
//!
//! A release's factor is F_r = Σ_t 6/(π²t²) E_t over its looks so far, for a member that held no copy then
//! E_t = 1; a release without a look has the factor 1. Evidence is Λ = Σ_r ln F_r.
//!
//! # The bound
//! P(any innocent member is ever accused) <= ε, however many looks and releases there are and whenever the
//! ledger is read.
//!
//! Proof. Fix an innocent member. Each E_t has mean <= 1 given everything but the member's draws of that
//! release ([`joint`](super::joint), [`bound`](super::bound)); these are independent of all other releases,
//! of their leaks, and of which leak turns up when. The weights sum to 1 over all t, so the mean of F_r over
//! all looks that will ever be is <= 1, and F_r only grows as looks are added. With the releases in the order
//! of their first look, the products of these final factors are a non-negative supermartingale that begins at
//! 1; by Ville's inequality it ever reaches 1/α with probability <= α, and the ledger, whose factors are not
//! above the final ones, reaches it no more often.
//!
//! Members come and go, so their number is not known when the first of them is weighed. The first
//! [`BLOCK`] members ever admitted share ε/2, the next 2·[`BLOCK`] share ε/4, and so on: block b has
//! 2^b·[`BLOCK`] places of α = ε/(2^(b+1)·2^b·[`BLOCK`]), and all places together have ε. ∎
//!
//! Every look counts, those that named nobody too: to leave one out after seeing it would void the proof.
//!
//! **Source:** Ville's inequality; e-values over independent draws multiply: Ramdas, Grünwald, Vovk and Shafer,
//! "Game-theoretic statistics and safe anytime-valid inference", arXiv 2210.01948.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use super::bound::ROUNDING_NATS;

/// Members that share the first half of ε.
pub const BLOCK: u32 = 1024;

/// Everybody's log10 E in one look; who is not in it held no copy.
pub type Look = BTreeMap<String, f64>;

/// What the ledger says about a member.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LedgerLine {
    /// Member id.
    pub member: String,
    /// log10 of the product over the releases.
    pub log10_e: f64,
    /// log10 from which on the member is accused, by its place in the order of admission.
    pub threshold_log10_e: f64,
    /// Releases with a look that weighed the member.
    pub releases: usize,
    /// Whether the threshold is reached.
    pub accused: bool,
}

/// Why a ledger cannot be kept.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LedgerError {
    /// ε is no probability.
    #[error("epsilon `{0}` is not between 0 and 1, give a bound such as 1e-6")]
    Epsilon(f64),
    /// A look weighed somebody whose place in the order is not known.
    #[error("member `{0}` was weighed and is not among the members, list everybody ever admitted")]
    Unknown(String),
    /// Evidence that is no number.
    #[error("the evidence about `{0}` is no number, trace the leak again")]
    Evidence(String),
}

/// Weighs every member over all releases; `members` in the order they were admitted, each once, and for each
/// release its looks in the order they were made.
///
/// # Errors
/// Refuses what would void the bound: see [`LedgerError`].
pub fn ledger(
    members: &[String],
    releases: &[Vec<Look>],
    epsilon: f64,
) -> Result<Vec<LedgerLine>, LedgerError> {
    if !(epsilon > 0.0 && epsilon < 1.0) {
        return Err(LedgerError::Epsilon(epsilon));
    }
    let mut lines: BTreeMap<&str, (f64, usize)> =
        members.iter().map(|member| (member.as_str(), (0.0, 0))).collect();
    for looks in releases.iter().filter(|looks| !looks.is_empty()) {
        for (member, log10_e) in looks.iter().flatten() {
            if !lines.contains_key(member.as_str()) {
                return Err(LedgerError::Unknown(member.clone()));
            }
            if !log10_e.is_finite() {
                return Err(LedgerError::Evidence(member.clone()));
            }
        }
        for (member, (sum, weighed)) in &mut lines {
            let terms = (1u32..)
                .zip(looks)
                .map(|(t, look)| look.get(*member).copied().unwrap_or(0.0) + weight_of_look(t).log10());
            *sum += log10_sum(terms);
            *weighed += usize::from(looks.iter().any(|look| look.contains_key(*member)));
        }
    }
    let line = |(at, member): (usize, &String)| {
        let (log10_e, releases) = lines.get(member.as_str()).copied().unwrap_or_default();
        let threshold_log10_e = threshold(at, epsilon);
        LedgerLine {
            member: member.clone(),
            log10_e,
            threshold_log10_e,
            releases,
            accused: log10_e >= threshold_log10_e,
        }
    };
    Ok(members.iter().enumerate().map(line).collect())
}

/// Weight of the t-th look into one release, t >= 1; all weights sum to 1.
fn weight_of_look(t: u32) -> f64 {
    6.0 / (std::f64::consts::PI * f64::from(t)).powi(2)
}

/// log10 of 1/α of the member admitted at this place, from 0.
fn threshold(place: usize, epsilon: f64) -> f64 {
    let (mut share, mut size, mut before) = (0.5, u64::from(BLOCK), 0u64);
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    while place >= before.saturating_add(size) && size < 1 << 62 {
        before += size;
        size *= 2;
        share /= 2.0;
    }
    (size as f64 / (share * epsilon)).log10() + ROUNDING_NATS
}

/// log10 of the sum of 10^x, without overflow; terms are finite.
fn log10_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let terms: Vec<f64> = terms.collect();
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + terms.iter().map(|x| 10f64.powf(x - top)).sum::<f64>().log10()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|at| format!("m{at}")).collect()
    }

    fn look(evidence: &[(usize, f64)]) -> Look {
        evidence.iter().map(|(at, e)| (format!("m{at}"), *e)).collect()
    }

    #[test]
    fn refuses_what_would_void_the_bound() {
        for epsilon in [0.0, 1.0, f64::NAN] {
            assert!(matches!(ledger(&names(1), &[], epsilon), Err(LedgerError::Epsilon(_))));
        }
        let stranger = vec![vec![look(&[(7, 1.0)])]];
        assert_eq!(ledger(&names(3), &stranger, 0.1), Err(LedgerError::Unknown("m7".into())));
        for e in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let unsound = vec![vec![look(&[(1, e)])]];
            assert_eq!(ledger(&names(3), &unsound, 0.1), Err(LedgerError::Evidence("m1".into())));
        }
    }

    #[test]
    fn releases_multiply_and_looks_into_one_do_not() {
        let once = vec![vec![look(&[(0, 4.0)])], vec![look(&[(0, 5.0), (1, -1.0)])]];
        let [first, second] = &ledger(&names(2), &once, 1e-3).unwrap()[..] else { panic!() };
        let share = weight_of_look(1).log10();
        assert!((first.log10_e - (9.0 + 2.0 * share)).abs() < 1e-12);
        // Of the first release the second member held no copy: 1, at the look's weight.
        assert!((second.log10_e - (-1.0 + 2.0 * share)).abs() < 1e-12);
        assert_eq!((first.releases, second.releases), (2, 1));
        assert!(first.accused && !second.accused, "{first:?}");

        let again = vec![vec![look(&[(0, 4.0)]), look(&[(0, 5.0)])]];
        let [line] = &ledger(&names(1), &again, 1e-3).unwrap()[..] else { panic!() };
        let want = (weight_of_look(1) * 1e4 + weight_of_look(2) * 1e5).log10();
        assert!((line.log10_e - want).abs() < 1e-12 && !line.accused, "{line:?}");
    }

    #[test]
    fn without_a_look_nothing_is_said() {
        let lines = ledger(&names(2), &[vec![], vec![]], 1e-6).unwrap();
        assert!(lines.iter().all(|line| line.log10_e == 0.0 && line.releases == 0 && !line.accused));
    }

    #[test]
    fn all_places_together_have_epsilon() {
        let spent = |n: usize| (0..n).map(|place| 10f64.powf(-threshold(place, 1e-3))).sum::<f64>();
        assert!((spent(1024) - 0.5e-3).abs() < 1e-9, "{}", spent(1024));
        assert!((spent(3 * 1024) - 0.75e-3).abs() < 1e-9);
        assert!(spent(200_000) < 1e-3);
        assert!((threshold(0, 1e-6) - (2048.0 * 1e6f64).log10()).abs() < 1e-6);
    }

    /// Innocents with e-values of every shape over many releases and looks, read after every look.
    #[test]
    fn innocents_are_accused_less_often_than_epsilon() {
        let mut rng = StdRng::seed_from_u64(24);
        let (epsilon, runs) = (0.2, 300);
        let mut wrong = 0;
        for _ in 0..runs {
            let members = names(40);
            let mut releases: Vec<Vec<Look>> = vec![Vec::new(); 6];
            let mut accused = false;
            for _ in 0..12 {
                let release = rng.gen_range(0..releases.len());
                // An e-value of mean 1: 1/q with probability q, else as good as nothing.
                let q: f64 = rng.gen_range(0.001..0.9);
                let mut draw = |_: &String| if rng.gen_bool(q) { -q.log10() } else { -6.0 };
                let look = members.iter().map(|member| (member.clone(), draw(member))).collect();
                releases[release].push(look);
                accused |= ledger(&members, &releases, epsilon).unwrap().iter().any(|line| line.accused);
            }
            wrong += usize::from(accused);
        }
        assert!(wrong as f64 <= epsilon * f64::from(runs), "{wrong} of {runs}");
    }
}
