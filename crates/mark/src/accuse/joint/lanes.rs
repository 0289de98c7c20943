//! Terms of the part given two partners, eight members side by side.

use fearless_simd::{Simd, f64x8, prelude::*, u64x8};

use super::Part;
use super::triple::{PerModel, TRIPLE_BANK};

/// What two partners bring to everybody's terms.
pub(super) struct Known {
    /// ln of max(1, the evidence that they made the leak together).
    pub(super) ln: f64,
    /// Who they are.
    pub(super) pair: (usize, usize),
    /// ln e_{j|kl}(M) of a member that hits nowhere, for each model.
    pub(super) base: PerModel,
    /// Where one of them hits, and where both do.
    pub(super) words: Vec<[u64; 2]>,
}

/// Members whose terms are computed side by side.
pub(super) const LANES: usize = 8;

/// ln of what a term may be given up for: [`super::TRIPLES`] of them are far below anything that accuses.
const NEGLIGIBLE: f64 = -30.0;

/// ln of what a term may be greater than its unit by, so that [`super::TRIPLES`] of them are still a number.
const GREATEST: f64 = 600.0;

/// Members side by side, and the sums of their terms so far.
pub(super) struct Lanes {
    /// Position of the first.
    first: usize,
    /// The members' hits, word by word.
    hits: Vec<[u64; LANES]>,
    /// `TripleTable::own`, model by model.
    own: [[f64; LANES]; TRIPLE_BANK.len()],
    /// ln of the sum that weights are divided by.
    ln_all: [f64; LANES],
    /// Greatest term, ln, and whose rows it is given.
    top: [f64; LANES],
    given: [Option<(usize, usize)>; LANES],
    /// Sum of the terms that are not [`NEGLIGIBLE`], in units of `e^unit`.
    sum: [f64; LANES],
    unit: [f64; LANES],
}

impl Lanes {
    pub(super) fn new(first: usize, own: &[PerModel], hits: &[Vec<u64>], ln_all: &[f64]) -> Self {
        let words = hits.first().map_or(0, Vec::len);
        let lane_of = |values: &mut dyn Iterator<Item = f64>, none: f64| -> [f64; LANES] {
            std::array::from_fn(|_| values.next().unwrap_or(none))
        };
        let word = |word: usize| {
            let mut lanes = hits.iter().map(|hits| hits.get(word).copied().unwrap_or(0));
            std::array::from_fn(|_| lanes.next().unwrap_or(0))
        };
        let model = |model: usize| {
            let mut lanes = own.iter().map(|own| own.get(model).copied().unwrap_or(f64::NEG_INFINITY));
            lane_of(&mut lanes, f64::NEG_INFINITY)
        };
        Lanes {
            first,
            hits: (0..words).map(word).collect(),
            own: std::array::from_fn(model),
            ln_all: lane_of(&mut ln_all.iter().copied(), 0.0),
            top: [f64::NEG_INFINITY; LANES],
            given: [None; LANES],
            sum: [0.0; LANES],
            unit: [0.0; LANES],
        }
    }

    /// Adds the members' terms given each of the pairs.
    #[inline(always)]
    pub(super) fn add<S: Simd>(&mut self, simd: S, bends: &[Option<[PerModel; 2]>], known: &[Known]) {
        let load = |lanes: &[f64; LANES]| f64x8::load_array_ref(simd, lanes);
        let own = std::array::from_fn::<_, { TRIPLE_BANK.len() }, _>(|model| {
            load(self.own.get(model).unwrap_or(&[f64::NEG_INFINITY; LANES]))
        });
        let ln_all = load(&self.ln_all);
        let negligible = f64x8::splat(simd, NEGLIGIBLE);
        let (mut top, mut sum, mut unit) = (load(&self.top), load(&self.sum), load(&self.unit));
        for Known { ln, pair, base, words } in known {
            let mut weight = f64x8::splat(simd, *ln) - ln_all;
            // Nobody is a partner of its own.
            for partner in [pair.0, pair.1] {
                let mut lanes: [f64; LANES] = weight.into();
                if let Some(lane) = partner.checked_sub(self.first).and_then(|lane| lanes.get_mut(lane)) {
                    *lane = f64::NEG_INFINITY;
                    weight = load(&lanes);
                }
            }
            let mut terms = own;
            terms.iter_mut().zip(base).for_each(|(term, base)| *term += weight + *base);
            let (mut one, mut both) = ([0; LANES], [0; LANES]);
            for ((hits, [just_one, two]), bends) in self.hits.iter().zip(words).zip(bends) {
                one.iter_mut().zip(hits).for_each(|(one, hits)| *one += (hits & just_one).count_ones());
                both.iter_mut().zip(hits).for_each(|(both, hits)| *both += (hits & two).count_ones());
                if let Some([bend_one, bend_both]) = bends {
                    let ones = load(&std::mem::take(&mut one).map(f64::from));
                    let boths = load(&std::mem::take(&mut both).map(f64::from));
                    for ((term, one), both) in terms.iter_mut().zip(bend_one).zip(bend_both) {
                        *term = ones.mul_add(*one, *term);
                        *term = boths.mul_add(*both, *term);
                    }
                }
            }
            let greatest =
                terms.iter().fold(f64x8::splat(simd, f64::NEG_INFINITY), |most, term| most.max(*term));
            if greatest.simd_gt(top).any_true() {
                self.top = top.into();
                (self.sum, self.unit) = (sum.into(), unit.into());
                self.raise(&greatest.into(), *pair);
                (top, sum, unit) = (load(&self.top), load(&self.sum), load(&self.unit));
            }
            if greatest.simd_gt(negligible).any_true() {
                for term in terms {
                    let counts = term.simd_gt(negligible);
                    sum += counts.select(exp(simd, term - unit), f64x8::splat(simd, 0.0));
                }
            }
        }
        (self.top, self.sum, self.unit) = (top.into(), sum.into(), unit.into());
    }

    /// Notes the greatest terms so far and keeps units within reach of them.
    fn raise(&mut self, greatest: &[f64; LANES], pair: (usize, usize)) {
        let sums = self.sum.iter_mut().zip(&mut self.unit);
        for (((top, given), (sum, unit)), most) in
            self.top.iter_mut().zip(&mut self.given).zip(sums).zip(greatest)
        {
            if most > top {
                (*top, *given) = (*most, Some(pair));
                if most - *unit > GREATEST {
                    *sum *= (*unit - most).exp();
                    *unit = *most;
                }
            }
        }
    }

    /// Returns the members' parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> {
        let sums = self.sum.iter().zip(&self.unit).zip(&self.top);
        sums.zip(&self.given).map(|(((sum, unit), top), given)| Part {
            ln: if *sum > 0.0 { unit + sum.ln() } else { *top },
            given: given.iter().flat_map(|(k, l)| [*k, *l]).collect(),
        })
    }
}

/// Returns `e^x` for x at most 709, with a relative error of less than 10⁻¹⁴; of x below -708 a number that is
/// no more than that of -708.
#[inline(always)]
pub(super) fn exp<S: Simd>(simd: S, x: f64x8<S>) -> f64x8<S> {
    // ln 2 in two parts, the first with zeros at its end, so that its multiples are exact.
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    // Its last bits hold an integer that is added to it.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    // Of the series of e^r, |r| <= ln 2 / 2; the first term left out is less than 3·10⁻¹⁵ e^r.
    const SERIES: [f64; 12] = [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = x.max(-708.0);
    let twos = (x * std::f64::consts::LOG2_E).round_ties_even();
    let rest = LN_2.iter().fold(x, |rest, part| twos.mul_add(-*part, rest));
    let series = SERIES.iter().fold(f64x8::splat(simd, 0.0), |sum, term| sum.mul_add(rest, *term));
    // 2 to the whole part is that part, plus 1023, where a float has its exponent.
    let exponent: u64x8<S> = (twos + (WHOLE + 1023.0)).bitcast();
    let power: f64x8<S> = (exponent << 52).bitcast();
    series * power
}
