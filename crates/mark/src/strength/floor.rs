//! Capacity floors: bits that surviving sites give about each member of a coalition, at most.
//!
//! With c colluders who hold X_1 … X_c and show Y at a site, no decoder gets more than I(X_1 … X_c; Y) bits
//! from it about all of them, hence 1/c of that about each. The coalition plays one strategy at every
//! choice; the least sum over the strategies of [`Strategy`] counts. The worst of these six named strategies is
//! no true minimax.
//!
//! **Source:** joint capacity of fingerprinting codes: Huang and Moulin; Amiri and Tardos.

use crate::accuse::constant::CAP;
use crate::accuse::factor::{Coalition, Strategy};
use crate::accuse::{Law, SiteLaw};
use crate::code::nominal_bits;
use crate::master::Generator;

/// Returns the bits that sites give about each of `colluders`, in the worst named strategy.
///
/// Generated values count for a single leaker only, each at most log2 of the scorer's cap: members who
/// compare copies see every value and can take them out, while a choice has to be shown one way or another.
pub fn joint_bits<'a>(laws: impl Iterator<Item = &'a Law> + Clone, colluders: u32) -> f64 {
    let colluders = colluders.max(1);
    let of = |strategy: Strategy| -> f64 {
        let coalition = Coalition { colluders, strategy };
        let bits = |law: &Law| match *law {
            Law::Binary { one } => binary(coalition, one),
            Law::Uniform { q } => uniform(q, colluders),
            Law::Value { space } if colluders == 1 => space.clamp(1.0, CAP).log2(),
            Law::Value { .. } => 0.0,
        };
        laws.clone().map(bits).sum()
    };
    let worst = Strategy::ALL.into_iter().map(of).fold(f64::INFINITY, f64::min);
    // An empty sum is -0.
    worst.max(0.0) / f64::from(colluders)
}

/// Returns the bits per surviving binary site and colluder that a package's codebook gives: the mean over
/// the binary sites there are, or that of unbiased ones where there is none.
pub fn binary_rate(sites: &[SiteLaw], colluders: u32) -> f64 {
    let binary: Vec<Law> =
        sites.iter().map(|site| site.law).filter(|law| matches!(law, Law::Binary { .. })).collect();
    if binary.is_empty() {
        return joint_bits([Law::Binary { one: 0.5 }].iter(), colluders);
    }
    joint_bits(binary.iter(), colluders) / binary.len() as f64
}

/// Returns the bits about a single leaker of a value of 12 hexadecimal digits; exclusions take less than a
/// tenth of one.
pub(super) fn value_bits() -> f64 {
    (nominal_bits(Generator::Hex(12)) - 0.1).min(CAP.log2())
}

/// I(X_1 … X_c; Y) at a site that shows 1 with probability `one` in a copy: H(Y) - H(Y | number of ones).
fn binary(coalition: Coalition, one: f64) -> f64 {
    let c = coalition.colluders;
    let shows = |ones: u32| coalition.binary_given(one, 0.0, true, c, ones);
    let mut ways = 1.0;
    let (mut all, mut given) = (0.0, 0.0);
    for ones in 0..=c {
        let weight = ways * power(one, ones) * power(1.0 - one, c - ones);
        all += weight * shows(ones);
        given += weight * entropy(shows(ones));
        ways *= f64::from(c - ones) / f64::from(ones + 1);
    }
    entropy(all) - given
}

/// I(X_1 … X_c; Y) where each of `q` symbols is as likely and the coalition shows any of those it holds
/// with equal chances: log2 q - E[log2 of the number of different symbols].
fn uniform(q: f64, colluders: u32) -> f64 {
    let mut different = vec![1.0];
    for _ in 1..colluders {
        let mut next = vec![0.0; different.len() + 1];
        for (at, chance) in different.iter().enumerate() {
            let held = (at + 1) as f64;
            let again = (held / q).min(1.0);
            for (slot, share) in next.iter_mut().skip(at).zip([again, 1.0 - again]) {
                *slot += chance * share;
            }
        }
        different = next;
    }
    let lost: f64 = different.iter().enumerate().map(|(at, chance)| chance * ((at + 1) as f64).log2()).sum();
    (q.log2() - lost).max(0.0)
}

fn power(base: f64, exponent: u32) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

fn entropy(p: f64) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    term(p) + term(1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() < tolerance, "{got} is not {want}");
    }

    fn nuida() -> [Law; 2] {
        [Law::Binary { one: 0.211_324_87 }, Law::Binary { one: 0.788_675_13 }]
    }

    #[test]
    fn values_count_for_one_leaker_alone() {
        let laws = [Law::Value { space: 2_f64.powi(48) }];
        near(joint_bits(laws.iter(), 1), 48.0, 1e-9);
        assert_eq!(joint_bits(laws.iter(), 2), 0.0);
    }

    /// Joint capacities per site and colluder as tabulated in the literature's units.
    #[test]
    fn published_rates() {
        let half = [Law::Binary { one: 0.5 }];
        near(joint_bits(half.iter(), 1), 1.0, 1e-12);
        near(joint_bits(half.iter(), 2), 0.25, 1e-12);
        near(joint_bits(half.iter(), 3), 1.0 / 12.0, 1e-12);
        for (colluders, rate) in [(1, 0.744), (2, 0.2053), (3, 0.0950), (4, 0.0542), (5, 0.0347)] {
            near(joint_bits(nuida().iter(), colluders) / 2.0, rate, 5e-4);
        }
    }

    #[test]
    fn two_symbols_are_a_binary_site() {
        for colluders in 1..6 {
            let coin = Coalition { colluders, strategy: Strategy::Coin };
            near(uniform(2.0, colluders), binary(coin, 0.5), 1e-12);
        }
    }
}
