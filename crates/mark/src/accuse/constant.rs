//! What a generated value says about a member.

/// Share of the evidence that a missing value cannot take away: a member whose value is absent keeps
/// e = ρ, because a copied text may have lost one constant and kept another.
pub const RHO: f64 = 0.5;

/// The most a matching value may count for, 1/q', whatever the size of its space.
///
/// q' = 10⁻¹⁵ stands for how often such a value may turn up in the world by other ways than a copy
/// (a habit, a shared generator, a coincidence of formats) that a count of values does not know. It is the
/// least power of ten at which one whole value still names one of a million members at ε = 10⁻⁶.
pub const CAP: f64 = 1e15;

/// A constant site as read: how likely an innocent member's value is among the tokens seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantTest {
    /// Upper bound on P(an innocent's value is among the tokens), in (0, 1).
    pub hit_probability: f64,
}

impl ConstantTest {
    /// Weighs `tokens` distinct tokens of the shape against a space of at least `space` values.
    ///
    /// `None` when nothing can be said: no token was seen, or so many that a match means nothing.
    pub fn new(tokens: usize, space: f64) -> Option<Self> {
        if tokens == 0 || space.is_nan() || space <= tokens as f64 {
            return None;
        }
        Some(ConstantTest { hit_probability: (tokens as f64 / space).max(1.0 / CAP) })
    }

    /// Returns the factor: ρ + (1-ρ)/P(hit) for a match, ρ otherwise.
    ///
    /// Its mean for an innocent is ρ + (1-ρ) P(match)/P(hit) <= 1, because the value is uniform over at
    /// least `space` values, so T given tokens match it with probability at most T/`space` <= P(hit).
    pub fn factor(&self, hit: bool) -> f64 {
        RHO + if hit { (1.0 - RHO) / self.hit_probability } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_or_everything_seen_says_nothing() {
        assert_eq!(ConstantTest::new(0, 2f64.powi(48)), None);
        assert_eq!(ConstantTest::new(16, 16.0), None);
        assert_eq!(ConstantTest::new(17, 16.0), None);
        assert_eq!(ConstantTest::new(1, 0.0), None);
        assert_eq!(ConstantTest::new(1, f64::NAN), None);
    }

    #[test]
    fn mean_is_one_and_tokens_share_the_evidence() {
        for tokens in [1, 3, 15] {
            let test = ConstantTest::new(tokens, 16.0).unwrap();
            let p = tokens as f64 / 16.0;
            assert!((p * test.factor(true) + (1.0 - p) * test.factor(false) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn evidence_is_capped() {
        let test = ConstantTest::new(1, 2f64.powi(64)).unwrap();
        assert!((test.factor(true) - (RHO + (1.0 - RHO) * CAP)).abs() < 1.0);
        let far = ConstantTest::new(1, 2f64.powi(200)).unwrap();
        assert_eq!(test, far);
    }
}
