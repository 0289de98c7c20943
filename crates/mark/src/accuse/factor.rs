//! What one read site says about one member, for a coalition that is assumed, not known.
//!
//! For any g(a) >= 0 chosen without looking at a member's own symbol, r(a) = g(a) / Σ_b p(b) g(b) has
//! mean 1 over the law p of an innocent's symbol: Σ_a p(a) r(a) = 1. Every factor here is r with
//! g(a) = P(seen | own symbol a) under a coalition model, so each is an e-value.
//!
//! **Source:** for the models: Furon and Pérez-Freire, "EM decoding of Tardos traitor tracing codes", 2009.

use serde::Serialize;

/// Misread rate the factors assume; a wrong one costs power, never the bound.
pub const MISREAD: f64 = 0.01;

/// How a coalition turns its members' symbols into the one the leak shows at a binary site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Shows one only when everybody holds it.
    AllZeros,
    /// Shows one as soon as anybody holds it.
    AllOnes,
    /// Tosses a coin whenever the colluders differ.
    Coin,
    /// Copies a colluder chosen at random.
    Interleave,
    /// Copies what most hold, a tie by coin.
    Majority,
    /// Copies what fewest hold, a tie by coin.
    Minority,
}

impl Strategy {
    /// Every strategy; the worst of them is what rates and capacities are told for.
    pub const ALL: [Strategy; 6] = [
        Strategy::Interleave,
        Strategy::Majority,
        Strategy::Minority,
        Strategy::AllZeros,
        Strategy::AllOnes,
        Strategy::Coin,
    ];
}

/// A coalition model: how many colluders and what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coalition {
    /// Number of colluders, at least 1.
    pub colluders: u32,
    /// What they do at a site where they differ.
    pub strategy: Strategy,
}

/// The 22 models whose e-values are averaged with equal weights.
///
/// Sizes 1, 2, 3, 5 and 8; with one colluder all strategies coincide, with two so do interleaving,
/// majority, minority and the coin.
pub const BANK: [Coalition; 22] = {
    use Strategy::{AllOnes, AllZeros, Coin, Interleave, Majority, Minority};
    const fn of(colluders: u32, strategy: Strategy) -> Coalition {
        Coalition { colluders, strategy }
    }
    [
        of(1, Interleave),
        of(2, Interleave),
        of(2, AllOnes),
        of(2, AllZeros),
        of(3, Interleave),
        of(3, Majority),
        of(3, Minority),
        of(3, AllOnes),
        of(3, AllZeros),
        of(3, Coin),
        of(5, Interleave),
        of(5, Majority),
        of(5, Minority),
        of(5, AllOnes),
        of(5, AllZeros),
        of(5, Coin),
        of(8, Interleave),
        of(8, Majority),
        of(8, Minority),
        of(8, AllOnes),
        of(8, AllZeros),
        of(8, Coin),
    ]
};

impl Coalition {
    /// Returns the factor of a binary site whose symbol is 1 with probability `p`, 0 < p < 1.
    ///
    /// r(a) = P(seen | own symbol a) / P(seen), both by [`Coalition::binary_given`]. Mean 1 because
    /// P(seen) = p P(seen | 1) + (1-p) P(seen | 0).
    pub fn binary(&self, p: f64, misread: f64, seen_one: bool, own_one: bool) -> f64 {
        let hits = u32::from(own_one == seen_one);
        self.binary_given(p, misread, seen_one, 1, hits) / self.binary_given(p, misread, seen_one, 0, 0)
    }

    /// Returns P(seen) at a binary site when `known` of the colluders are known and `hits` of those hold
    /// the symbol seen; `known` is at most the coalition's size, `hits` at most `known`.
    ///
    /// The others hold 1 with probability `p` each, so with s ones among the known the coalition shows 1
    /// with probability b = Σ_k C(c-known, k) p^k (1-p)^(c-known-k) θ_{k+s}; b' = d + (1-2d) b mixes the
    /// misread rate d in. Averaging over the symbol of one of the known gives the value with it unknown:
    /// the binomial splits so and the map to b' is affine.
    pub fn binary_given(&self, p: f64, misread: f64, seen_one: bool, known: u32, hits: u32) -> f64 {
        let ones = if seen_one { hits } else { known.saturating_sub(hits) };
        let others = self.colluders.saturating_sub(known);
        let b: f64 = (0..=others).map(|k| binomial(others, k, p) * self.shows_one(k + ones)).sum();
        let shown = misread + (1.0 - 2.0 * misread) * b;
        if seen_one { shown } else { 1.0 - shown }
    }

    /// Returns the factor of a site with `q` equally likely symbols, q > 2; `hit` says that the member's
    /// symbol is the one seen.
    ///
    /// r(a) = P(seen | own symbol a) / P(seen), both by [`Coalition::uniform_given`]; P(seen) = 1/q.
    pub fn uniform(&self, q: f64, misread: f64, hit: bool) -> f64 {
        q * self.uniform_given(q, misread, 1, u32::from(hit))
    }

    /// Returns P(seen) at a site with `q` equally likely symbols when `known` of the colluders are known
    /// and `hits` of those hold the symbol seen; limits as for [`Coalition::binary_given`].
    ///
    /// The coalition interleaves: (1-d) (hits/c + (1-known/c)/q) + d/q. Averaging over the symbol of one of
    /// the known, a hit with probability 1/q, gives the value with it unknown. The strategy is not read: of
    /// many symbols there is no majority to speak of in small coalitions.
    pub fn uniform_given(&self, q: f64, misread: f64, known: u32, hits: u32) -> f64 {
        let share = |members: u32| f64::from(members) / f64::from(self.colluders.max(1));
        (1.0 - misread) * (share(hits) + (1.0 - share(known)) / q) + misread / q
    }

    /// Returns the probability of showing 1 when `ones` of the colluders hold it.
    pub fn shows_one(&self, ones: u32) -> f64 {
        let c = self.colluders;
        if ones == 0 {
            return 0.0;
        }
        if ones >= c {
            return 1.0;
        }
        let majority = match (2 * ones).cmp(&c) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        };
        match self.strategy {
            Strategy::AllZeros => 0.0,
            Strategy::AllOnes => 1.0,
            Strategy::Coin => 0.5,
            Strategy::Interleave => f64::from(ones) / f64::from(c),
            Strategy::Majority => majority,
            Strategy::Minority => 1.0 - majority,
        }
    }
}

/// Returns ln of the mean of `e^x` over the given logarithms, without overflow.
///
/// An empty bank carries no evidence: 0.
pub fn ln_mean_exp(ln_values: &[f64]) -> f64 {
    if ln_values.is_empty() { 0.0 } else { ln_sum_exp(ln_values) - (ln_values.len() as f64).ln() }
}

/// Returns ln of the sum of `e^x` over the given logarithms, without overflow; -∞ when there are none.
pub fn ln_sum_exp(ln_values: &[f64]) -> f64 {
    let top = ln_values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    top + ln_values.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
}

fn binomial(n: u32, k: u32, p: f64) -> f64 {
    let ways: f64 = (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product();
    ways * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
}

#[cfg(test)]
mod tests {
    use super::Strategy::{AllOnes, AllZeros, Coin, Interleave, Majority, Minority};
    use super::*;

    fn of(colluders: u32, strategy: Strategy) -> Coalition {
        Coalition { colluders, strategy }
    }

    #[track_caller]
    fn near(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() < tolerance, "{got} is not {want}");
    }

    #[test]
    fn every_factor_has_mean_one() {
        for coalition in BANK {
            for p in [0.01, 0.21132, 0.5, 0.887] {
                for seen in [false, true] {
                    let mean = p * coalition.binary(p, MISREAD, seen, true)
                        + (1.0 - p) * coalition.binary(p, MISREAD, seen, false);
                    near(mean, 1.0, 1e-12);
                }
            }
            for q in [3.0, 24.0, 40320.0] {
                let mean = coalition.uniform(q, MISREAD, true) / q
                    + (1.0 - 1.0 / q) * coalition.uniform(q, MISREAD, false);
                near(mean, 1.0, 1e-12);
            }
        }
    }

    #[test]
    fn a_known_symbol_averages_to_an_unknown_one() {
        for coalition in BANK {
            for known in 1..=coalition.colluders.min(3) {
                for hits in 0..known {
                    for (p, seen) in [(0.3, true), (0.3, false), (0.5, true), (0.9, false)] {
                        let hit = if seen { p } else { 1.0 - p };
                        let given = |known, hits| coalition.binary_given(p, MISREAD, seen, known, hits);
                        let mean = hit * given(known, hits + 1) + (1.0 - hit) * given(known, hits);
                        near(mean, given(known - 1, hits), 1e-12);
                    }
                    let given = |known, hits| coalition.uniform_given(24.0, MISREAD, known, hits);
                    let mean = (given(known, hits + 1) + 23.0 * given(known, hits)) / 24.0;
                    near(mean, given(known - 1, hits), 1e-12);
                }
            }
        }
    }

    #[test]
    fn published_factors() {
        let both = |c: Coalition, p: f64, seen: bool| {
            (c.binary(p, 0.01, seen, true), c.binary(p, 0.01, seen, false))
        };
        let cases = [
            (of(1, Interleave), 0.5, true, 1.98, 0.02),
            (of(2, Interleave), 0.5, true, 1.49, 0.51),
            (of(2, AllOnes), 0.5, true, 1.32886, 0.67114),
            (of(2, AllOnes), 0.5, false, 0.03922, 1.96078),
            (of(3, Minority), 0.5, true, 1.0, 1.0),
            (of(3, Minority), 0.5, false, 1.0, 1.0),
            (of(3, Interleave), 0.21132, true, 2.18675, 0.68202),
            (of(3, Interleave), 0.21132, false, 0.67092, 1.08817),
            (of(3, AllOnes), 0.21132, true, 1.94407, 0.74704),
            (of(3, AllOnes), 0.21132, false, 0.02038, 1.26248),
        ];
        for (coalition, p, seen, one, zero) in cases {
            let (got_one, got_zero) = both(coalition, p, seen);
            near(got_one, one, 6e-6);
            near(got_zero, zero, 6e-6);
        }
    }

    #[test]
    fn published_capacities() {
        // I(X;Y) in bits at p = 1/2 without misreads: the mean log factor of a guilty member.
        let capacity = |coalition: Coalition| -> f64 {
            let mut bits = 0.0;
            for own in [false, true] {
                for seen in [false, true] {
                    let factor = coalition.binary(0.5, 0.0, seen, own);
                    let shown = {
                        let others = coalition.colluders - 1;
                        let one: f64 = (0..=others)
                            .map(|k| binomial(others, k, 0.5) * coalition.shows_one(k + u32::from(own)))
                            .sum();
                        if seen { one } else { 1.0 - one }
                    };
                    if shown > 0.0 {
                        bits += 0.5 * shown * factor.log2();
                    }
                }
            }
            bits
        };
        near(capacity(of(1, Interleave)), 1.0, 1e-9);
        near(capacity(of(2, Interleave)), 0.188722, 1e-6);
        near(capacity(of(2, AllOnes)), 0.311278, 1e-6);
        near(capacity(of(3, Interleave)), 0.081704, 1e-6);
        near(capacity(of(3, Majority)), 0.188722, 1e-6);
        near(capacity(of(3, Minority)), 0.0, 1e-9);
        near(capacity(of(3, AllOnes)), 0.137925, 1e-6);
        near(capacity(of(3, Coin)), 0.045566, 1e-6);
    }

    /// I(X_1..X_c; Y)/c in bits without misreads.
    fn joint_capacity(coalition: Coalition, p: f64) -> f64 {
        let c = coalition.colluders;
        let bits = |seen: bool| -> f64 {
            let shown = coalition.binary_given(p, 0.0, seen, 0, 0);
            let ones = |ones: u32| {
                let hits = if seen { ones } else { c - ones };
                let given = coalition.binary_given(p, 0.0, seen, c, hits);
                let mass = binomial(c, ones, p);
                if given > 0.0 { mass * given * (given / shown).log2() } else { 0.0 }
            };
            (0..=c).map(ones).sum()
        };
        (bits(false) + bits(true)) / f64::from(c)
    }

    #[test]
    fn published_joint_capacities() {
        for (coalition, want) in [
            (of(2, Interleave), 0.25),
            (of(2, AllOnes), 0.405639),
            (of(3, Interleave), 0.103759),
            (of(3, Majority), 0.333333),
            (of(3, Minority), 0.333333),
            (of(3, AllOnes), 0.181188),
            (of(3, Coin), 0.083333),
        ] {
            near(joint_capacity(coalition, 0.5), want, 1e-6);
        }
        // Group testing: half of the tests are positive, each then tells one bit of the whole coalition.
        for colluders in [2, 3, 5, 8] {
            let p = 1.0 - 0.5f64.powf(1.0 / f64::from(colluders));
            near(joint_capacity(of(colluders, AllOnes), p), 1.0 / f64::from(colluders), 1e-12);
        }
    }

    #[test]
    fn bank_has_no_two_equal_models() {
        let shape = |c: &Coalition| -> Vec<u64> {
            (0..=8).map(|k| (if k > c.colluders { -1.0 } else { c.shows_one(k) }).to_bits()).collect()
        };
        let distinct: std::collections::BTreeSet<_> = BANK.iter().map(shape).collect();
        assert_eq!(distinct.len(), BANK.len());
    }

    /// Vector V: m=12, p_i=(2i+1)/24, d=.01.
    #[test]
    fn vector_v_e_values() {
        let x = super::super::tail::tests::bits("001010110111");
        let x2 = super::super::tail::tests::bits("100101011101");
        let y = super::super::tail::tests::bits("001001110111");
        let ln_e = |c: Coalition, row: &[bool]| -> f64 {
            (0..12).map(|i| c.binary((2 * i + 1) as f64 / 24.0, MISREAD, y[i], row[i]).ln()).sum()
        };
        for (coalition, want) in [
            (of(1, Interleave), -3.230502446),
            (of(2, Interleave), 1.552936077),
            (of(2, AllOnes), -1.016785157),
            (of(2, AllZeros), 0.273167626),
            (of(3, Interleave), 1.332049524),
            (of(3, Minority), 1.162024290),
            (of(8, Majority), 1.263210951),
        ] {
            near(ln_e(coalition, &x), want, 1e-8);
        }
        let mixture = |row: &[bool]| ln_mean_exp(&BANK.map(|c| ln_e(c, row)));
        near(mixture(&x), 0.788715887, 1e-8);
        near(mixture(&x2), -1.899849511, 1e-8);

        // Exact mean over all 4096 rows, each weighted with its probability.
        let mean: f64 = (0..4096u32)
            .map(|row| {
                let row: Vec<bool> = (0..12).map(|i| row >> i & 1 == 1).collect();
                let weight: f64 = (0..12)
                    .map(|i| {
                        let p = (2 * i + 1) as f64 / 24.0;
                        if row[i] { p } else { 1.0 - p }
                    })
                    .product();
                weight * mixture(&row).exp()
            })
            .sum();
        near(mean, 1.0, 1e-10);
    }

    #[test]
    fn log_mean_survives_extremes() {
        near(ln_mean_exp(&[1000.0, 1000.0]), 1000.0, 1e-9);
        near(ln_mean_exp(&[-1000.0, 0.0]), -std::f64::consts::LN_2, 1e-9);
        near(ln_mean_exp(&[]), 0.0, 1e-12);
        assert_eq!(ln_mean_exp(&[f64::NEG_INFINITY]), f64::NEG_INFINITY);
    }
}
