//! Exact conditional tail of a score: how likely an innocent member reaches it by chance.
//!
//! A score gives each read site a weight for a hit (the member's symbol is the one seen) and one for a
//! miss. Weights are rounded to a lattice of step [`STEP`] *before* anything is computed, and the score
//! is defined on the lattice, so there is no grid error: the tail is that of a sum of independent
//! two-point variables.

/// Lattice step of a score, in units of its weights.
pub const STEP: f64 = 1.0 / 64.0;

/// Largest weight a hit may have under [`symmetric`]; keeps a 64-bit constant on a small lattice.
pub const WEIGHT_CAP: f64 = 32.0;

/// Smallest tail ever reported; below it underflow could have eaten mass.
pub const FLOOR: f64 = 1e-290;

/// One site of a score: lattice weights of a hit and a miss, and an innocent's chance of a hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Lattice weight of a hit.
    pub hit: i64,
    /// Lattice weight of a miss, not above `hit`.
    pub miss: i64,
    /// P(hit) for an innocent, or an upper bound on it, in (0, 1).
    pub hit_probability: f64,
}

impl Step {
    /// Rounds two weights to the lattice; weights the wrong way round count as equal.
    pub fn new(hit: f64, miss: f64, hit_probability: f64) -> Self {
        let lattice = |weight: f64| (weight / STEP).round() as i64;
        let (hit, miss) = (lattice(hit), lattice(miss));
        Step { hit, miss: miss.min(hit), hit_probability }
    }

    /// Lattice weight of what a member shows.
    pub fn weight(&self, hit: bool) -> i64 {
        if hit { self.hit } else { self.miss }
    }

    fn width(&self) -> usize {
        usize::try_from(self.hit.saturating_sub(self.miss)).unwrap_or(0)
    }
}

/// Returns the symmetric score's weights (hit, miss) where a hit has probability `p`.
///
/// Mean 0 and, below the cap, variance 1 for an innocent.
///
/// **Source:** Škorić, Katzenbeisser and Celik, "Symmetric Tardos fingerprinting codes for arbitrary
/// alphabet sizes", 2008.
pub fn symmetric(p: f64) -> (f64, f64) {
    (((1.0 - p) / p).sqrt().min(WEIGHT_CAP), -(p / (1.0 - p)).sqrt())
}

/// The law of an innocent's score, as upper bounds on its tail at every lattice point.
#[derive(Clone, Debug)]
pub struct Tail {
    least: i64,
    /// Distance of the scores that can be, in lattice points.
    grain: usize,
    /// Entry h is P(score >= least + h · grain).
    survival: Vec<f64>,
}

impl Tail {
    /// Computes the law of the sum of `steps`.
    ///
    /// A mass passes at most 4 roundings a site and one addition a lattice point, all terms are
    /// non-negative, so the factor `1 + 4 (m + ΣD) 2⁻⁵³` makes every entry an upper bound. A step whose
    /// hit probability is itself an upper bound only moves mass upwards.
    pub fn new(steps: &[Step]) -> Self {
        let least = steps.iter().map(|step| step.miss).sum();
        let span: usize = steps.iter().map(Step::width).sum();
        // Scores differ by multiples of what divides every width: for a code of one bias there are as many as
        // sites, however fine the lattice.
        let grain = steps.iter().map(Step::width).fold(0, greatest_common_divisor).max(1);
        let mut law = Vec::with_capacity(span / grain + 1);
        let mut next = Vec::with_capacity(span / grain + 1);
        law.push(1.0);
        for step in steps.iter().filter(|step| step.width() > 0) {
            let (hit, miss) = (step.hit_probability, 1.0 - step.hit_probability);
            next.clear();
            next.extend(law.iter().map(|mass| mass * miss));
            let width = step.width() / grain;
            next.resize(law.len() + width, 0.0);
            for (cell, mass) in next.iter_mut().skip(width).zip(&law) {
                *cell += mass * hit;
            }
            std::mem::swap(&mut law, &mut next);
        }

        let slack = 1.0 + 4.0 * (steps.len() + span) as f64 * f64::EPSILON / 2.0;
        let mut above = 0.0;
        for cell in law.iter_mut().rev() {
            above += *cell;
            *cell = (above * slack).clamp(FLOOR, 1.0);
        }
        Tail { least, grain, survival: law }
    }

    /// Returns an upper bound on P(an innocent's score >= `score`), never below [`FLOOR`].
    pub fn at(&self, score: i64) -> f64 {
        match usize::try_from(score.saturating_sub(self.least)) {
            Err(_) | Ok(0) => 1.0,
            Ok(height) => self.survival.get(height.div_ceil(self.grain)).copied().unwrap_or(FLOOR),
        }
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
pub(super) mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::super::factor::{Coalition, Strategy};
    use super::*;

    pub(in super::super) fn bits(text: &str) -> Vec<bool> {
        text.chars().map(|c| c == '1').collect()
    }

    fn half(m: usize) -> Vec<Step> {
        vec![Step { hit: 1, miss: 0, hit_probability: 0.5 }; m]
    }

    /// Vector V: the steps of a score given as weights of (p, seen, own), and the lattice score of x.
    fn vector_v(weight: impl Fn(f64, bool, bool) -> f64) -> (Vec<Step>, i64, f64) {
        let x = bits("001010110111");
        let y = bits("001001110111");
        let mut steps = Vec::new();
        let (mut lattice, mut real) = (0, 0.0);
        for i in 0..12 {
            let p = (2 * i + 1) as f64 / 24.0;
            let hit_probability = if y[i] { p } else { 1.0 - p };
            let step = Step::new(weight(p, y[i], y[i]), weight(p, y[i], !y[i]), hit_probability);
            lattice += step.weight(x[i] == y[i]);
            real += weight(p, y[i], x[i]);
            steps.push(step);
        }
        (steps, lattice, real)
    }

    /// Tail by summing over all rows.
    fn enumerate(steps: &[Step], score: i64) -> f64 {
        (0..1u32 << steps.len())
            .filter_map(|row| {
                let (mut sum, mut mass) = (0, 1.0);
                for (i, step) in steps.iter().enumerate() {
                    let hit = row >> i & 1 == 1;
                    sum += step.weight(hit);
                    mass *= if hit { step.hit_probability } else { 1.0 - step.hit_probability };
                }
                (sum >= score).then_some(mass)
            })
            .sum()
    }

    #[test]
    fn vector_v_symmetric() {
        let (steps, score, real) = vector_v(|p, seen, own| {
            let (hit, miss) = symmetric(if seen { p } else { 1.0 - p });
            if seen == own { hit } else { miss }
        });
        assert!((real - 5.318984433).abs() < 1e-8);
        assert_eq!(score, 340);
        assert_eq!(score - steps.iter().map(|s| s.miss).sum::<i64>(), 1886);
        let tail = Tail::new(&steps).at(score);
        assert!((tail - 0.0345061715).abs() < 1e-10, "{tail}");
        let exact = enumerate(&steps, score);
        assert!(tail >= exact && tail - exact < 1e-12);
    }

    #[test]
    fn vector_v_interleaving() {
        let pair = Coalition { colluders: 2, strategy: Strategy::Interleave };
        let (steps, score, real) = vector_v(|p, seen, own| pair.binary(p, 0.01, seen, own).ln());
        assert!((real - 1.552936077).abs() < 1e-8);
        assert_eq!(score, 99);
        assert_eq!(score - steps.iter().map(|s| s.miss).sum::<i64>(), 617);
        let tail = Tail::new(&steps).at(score);
        assert!((tail - 0.0420241539).abs() < 1e-10, "{tail}");
        assert!((tail - enumerate(&steps, score)).abs() < 1e-12);
    }

    #[test]
    fn binomial_tails() {
        for (m, at, want) in
            [(27, 27, 7.45058e-9), (48, 43, 6.84024e-9), (64, 56, 2.78134e-10), (133, 99, 7.43863e-9)]
        {
            let tail = Tail::new(&half(m)).at(at);
            assert!((tail / want - 1.0).abs() < 1e-5, "{m} {at}: {tail}");
        }
    }

    #[test]
    fn ends_of_the_law() {
        let law = Tail::new(&half(4));
        assert_eq!(law.at(-7), 1.0);
        assert_eq!(law.at(0), 1.0);
        assert!((law.at(4) - 1.0 / 16.0).abs() < 1e-12);
        assert_eq!(law.at(5), FLOOR);
        assert_eq!(Tail::new(&[]).at(0), 1.0);
        assert_eq!(Tail::new(&half(2000)).at(2000), FLOOR);
    }

    #[test]
    fn a_coarse_law_holds_between_its_scores() {
        let fine = half(40);
        let coarse: Vec<Step> = fine.iter().map(|step| Step { hit: 90, miss: -38, ..*step }).collect();
        let (fine, coarse) = (Tail::new(&fine), Tail::new(&coarse));
        assert_eq!(coarse.survival.len(), 41);
        for score in 0..=41 {
            let least = 128 * score - 38 * 40;
            assert_eq!(coarse.at(least).to_bits(), coarse.at(least - 127).to_bits());
            let (got, want) = (coarse.at(least), fine.at(score));
            assert!(got >= want && got <= want * (1.0 + 1e-11), "{score}: {got} is not {want}");
        }
    }

    #[test]
    fn weights_the_wrong_way_round_say_nothing() {
        let step = Step::new(-1.0, 1.0, 0.25);
        assert_eq!(step.weight(true), step.weight(false));
        assert_eq!(Tail::new(&[step]).at(step.hit), 1.0);
    }

    #[test]
    fn symmetric_score_has_mean_zero_and_variance_one() {
        for p in [0.5, 0.21132, 1.0 / 24.0, 0.9] {
            let (hit, miss) = symmetric(p);
            assert!((p * hit + (1.0 - p) * miss).abs() < 1e-12);
            assert!((p * hit * hit + (1.0 - p) * miss * miss - 1.0).abs() < 1e-12);
        }
        assert_eq!(symmetric(1e-14).0, WEIGHT_CAP);
    }

    /// Importance sampling: rows are drawn with every hit's probability tilted by e^{l·weight}, so that the
    /// score is reached about half the time, and counted with the inverse of the tilt.
    fn sampled(steps: &[Step], score: i64, draws: u32, rng: &mut StdRng) -> (f64, f64) {
        let cumulant = |l: f64| -> f64 {
            let site = |step: &Step| {
                let (hit, miss) = (l * step.hit as f64, l * step.miss as f64);
                (step.hit_probability * hit.exp() + (1.0 - step.hit_probability) * miss.exp()).ln()
            };
            steps.iter().map(site).sum()
        };
        let tilted = |step: &Step, l: f64| {
            let odds = (l * (step.hit - step.miss) as f64).exp() * step.hit_probability;
            odds / (odds + 1.0 - step.hit_probability)
        };
        let mean = |l: f64| -> f64 {
            let site = |step: &Step| {
                let p = tilted(step, l);
                p * step.hit as f64 + (1.0 - p) * step.miss as f64
            };
            steps.iter().map(site).sum()
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if mean(middle) < score as f64 { low = middle } else { high = middle }
        }
        let (l, normal) = (low, cumulant(low));
        let weights: Vec<f64> = (0..draws)
            .map(|_| {
                let sum: i64 = steps.iter().map(|step| step.weight(rng.gen_bool(tilted(step, l)))).sum();
                if sum >= score { (normal - l * sum as f64).exp() } else { 0.0 }
            })
            .collect();
        let mean = weights.iter().sum::<f64>() / f64::from(draws);
        let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / f64::from(draws);
        (mean, (variance / f64::from(draws)).sqrt())
    }

    /// Codes too long to enumerate, tails down to 1e-13: the computed law against drawn rows.
    #[test]
    fn importance_sampling_finds_the_same_tails() {
        let mut rng = StdRng::seed_from_u64(22);
        let pair = Coalition { colluders: 2, strategy: Strategy::Interleave };
        for (m, biased) in [(64, false), (256, true)] {
            let mut steps = [Vec::new(), Vec::new()];
            for _ in 0..m {
                let p = if biased { rng.gen_range(0.02..0.98) } else { 0.5 };
                let seen = rng.gen_bool(0.5);
                let hit_probability = if seen { p } else { 1.0 - p };
                let (hit, miss) = symmetric(hit_probability);
                steps[0].push(Step::new(hit, miss, hit_probability));
                let ln = |own| pair.binary(p, 0.01, seen, own).ln();
                steps[1].push(Step::new(ln(seen), ln(!seen), hit_probability));
            }
            for steps in &steps {
                let law = Tail::new(steps);
                let (mut mean, mut variance) = (0.0, 0.0);
                for step in steps {
                    let (p, gap) = (step.hit_probability, (step.hit - step.miss) as f64);
                    mean += step.miss as f64 + p * gap;
                    variance += p * (1.0 - p) * gap * gap;
                }
                for sigmas in [2.0, 4.0, 7.0] {
                    let score = (mean + sigmas * f64::sqrt(variance)) as i64;
                    let (want, error) = sampled(steps, score, 2_000, &mut rng);
                    let tail = law.at(score);
                    assert!(want > 0.0 && error < 0.1 * want, "{m} {sigmas}: {want} ± {error}");
                    assert!((tail - want).abs() < 4.0 * error, "{m} {sigmas}: {tail}, not {want} ± {error}");
                }
            }
        }
    }

    /// Scores of drawn innocents exceed the computed quantiles as often as the law says.
    #[test]
    fn drawn_innocents_exceed_a_score_as_often_as_computed() {
        let mut rng = StdRng::seed_from_u64(23);
        let steps: Vec<Step> = (0..96)
            .map(|_| {
                let p = rng.gen_range(0.05..0.95);
                let (hit, miss) = symmetric(p);
                Step::new(hit, miss, p)
            })
            .collect();
        let law = Tail::new(&steps);
        let draws = 20_000;
        let scores: Vec<i64> = (0..draws)
            .map(|_| steps.iter().map(|step| step.weight(rng.gen_bool(step.hit_probability))).sum())
            .collect();
        for level in [0.5, 0.1, 0.01, 0.001] {
            let below = scores.iter().filter(|score| law.at(**score) <= level).count() as f64;
            let error = (f64::from(draws) * level).sqrt();
            assert!((below - f64::from(draws) * level).abs() < 4.0 * error + 2.0, "{level}: {below}");
        }
    }

    proptest::proptest! {
        #[test]
        fn bounds_enumeration(sites in proptest::collection::vec((-3.0..9.0f64, -3.0..9.0f64, 0.001..0.999f64), 0..9)) {
            let steps: Vec<Step> = sites.iter().map(|&(a, b, p)| Step::new(a.max(b), a.min(b), p)).collect();
            let law = Tail::new(&steps);
            let least: i64 = steps.iter().map(|s| s.miss).sum();
            let most: i64 = steps.iter().map(|s| s.hit).sum();
            for score in [least, least + 1, (least + most) / 2, most - 1, most] {
                let exact = enumerate(&steps, score);
                let tail = law.at(score);
                proptest::prop_assert!(tail >= exact * (1.0 - 1e-12));
                proptest::prop_assert!(tail <= exact * (1.0 + 1e-9) + FLOOR);
            }
        }
    }
}
