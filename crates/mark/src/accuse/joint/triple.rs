//! The part of the joint e-value that is given two partners.

use fearless_simd::{Level, dispatch};

use super::super::factor::{Coalition, Strategy, ln_sum_exp};
use super::lanes::{Known, LANES, Lanes};
use super::pair::Pairs;
use super::{Own, Part, Shown, Words, add};

/// Greatest number of (member, pair) that are evaluated: all triples of a hundred members.
pub const TRIPLES: usize = 500_000;

/// The models of a triple, with equal weights.
pub const TRIPLE_BANK: [Coalition; 6] = {
    use Strategy::{AllOnes, AllZeros, Coin, Interleave, Majority, Minority};
    const fn of(strategy: Strategy) -> Coalition {
        Coalition { colluders: 3, strategy }
    }
    [of(Interleave), of(Majority), of(Minority), of(AllOnes), of(AllZeros), of(Coin)]
};

/// Returns for each member the part given two partners, whole; -∞ where no pair is without the member.
pub(super) fn given_two(words: &Words, members: &[&Own], pairs: &Pairs) -> Vec<Part> {
    let table = TripleTable::new(words, members);
    let known: Vec<Known> = pairs.kept.iter().filter_map(|&(ln, pair)| table.known(ln, pair)).collect();
    let sums = ln_sums_of_pairs_without(members.len(), pairs);
    let mut lanes = table.lanes(&sums);
    let level = Level::new();
    for lane in &mut lanes {
        dispatch!(level, simd => lane.add(simd, &table.bends, &known));
    }
    lanes.iter().flat_map(Lanes::parts).take(members.len()).collect()
}

/// Returns for each member ln of the sum of the evidence of all pairs without it.
pub(super) fn ln_sums_of_pairs_without(members: usize, pairs: &Pairs) -> Vec<f64> {
    let top = pairs.kept.iter().map(|(ln, _)| *ln).fold(pairs.ln_rest, f64::max);
    let scaled: Vec<(f64, (usize, usize))> =
        pairs.kept.iter().map(|&(ln, pair)| ((ln - top).exp(), pair)).collect();
    let rest = (pairs.ln_rest - top).exp();
    let of = |at: usize| {
        let without = |(k, l): (usize, usize)| k != at && l != at;
        let sum: f64 = rest + scaled.iter().filter(|(_, pair)| without(*pair)).map(|(x, _)| x).sum::<f64>();
        if sum > f64::MIN_POSITIVE / f64::EPSILON {
            return top + sum.ln();
        }
        // All the weight is on pairs with this member: the scale of the others is lost.
        let others = pairs.kept.iter().filter(|(_, pair)| without(*pair)).map(|(ln, _)| *ln);
        ln_sum_exp(&others.chain([pairs.ln_rest]).collect::<Vec<_>>())
    };
    (0..members).map(of).collect()
}

/// A number for each model of [`TRIPLE_BANK`].
pub(super) type PerModel = [f64; TRIPLE_BANK.len()];

/// Everything ln e_{j|kl} is summed from.
///
/// With f_h = ln P(seen | h of three hold it) a member that hits adds f_{h+1} - f_h to a site where h of the
/// pair hit: counts of the sites where both, one or none of the pair do are all that matters.
pub(super) struct TripleTable<'a> {
    words: &'a Words,
    /// For h = 0, 1, 2: f_h - ln P(seen | h of the two hold it), and the number of sites, of each class at its
    /// last word.
    alone: Vec<Option<(f64, [PerModel; 3])>>,
    /// For h = 1, 2: f_{h+1} - f_h less the same for h = 0, of each class at its last word.
    bends: Vec<Option<[PerModel; 2]>>,
    /// Σ_i (f_1 - f_0) over a member's hits, with the values' factor and the model's weight.
    own: Vec<PerModel>,
}

impl<'a> TripleTable<'a> {
    pub(super) fn new(words: &'a Words, members: &[&Own]) -> Self {
        let ln = |shown: &Shown, coalition: &Coalition, known: u32, hits: u32| {
            shown.given(coalition, known, hits).ln()
        };
        let step = |shown: &Shown, h: u32| TRIPLE_BANK.map(|c| ln(shown, &c, 3, h + 1) - ln(shown, &c, 3, h));
        let alone = |shown: &Shown, h: u32| TRIPLE_BANK.map(|c| ln(shown, &c, 3, h) - ln(shown, &c, 2, h));
        let bend = |shown: &Shown, h: u32| {
            let mut bend = step(shown, h);
            add(&mut bend, &step(shown, 0), -1.0);
            bend
        };
        let steps: Vec<PerModel> = words.classes.iter().map(|class| step(&class.shown, 0)).collect();
        let own = |(member, hits): (&&Own, &Vec<u64>)| {
            let mut own = [member.ln_values - (TRIPLE_BANK.len() as f64).ln(); TRIPLE_BANK.len()];
            for (hits, step) in words.counts(hits).into_iter().zip(&steps) {
                add(&mut own, step, hits);
            }
            own
        };
        TripleTable {
            words,
            alone: words.at_last_words(|class| {
                (class.places.len() as f64, [0, 1, 2].map(|h| alone(&class.shown, h)))
            }),
            bends: words.at_last_words(|class| [1, 2].map(|h| bend(&class.shown, h))),
            own: members.iter().zip(&words.hits).map(own).collect(),
        }
    }

    /// Returns what a pair of the members brings to everybody's terms.
    fn known(&self, ln: f64, pair: (usize, usize)) -> Option<Known> {
        let (k, l) = (self.words.hits.get(pair.0)?, self.words.hits.get(pair.1)?);
        let (mut base, mut words) = ([0.0; TRIPLE_BANK.len()], Vec::with_capacity(k.len()));
        let (mut one, mut both) = (0, 0);
        for ((k, l), alone) in k.iter().zip(l).zip(&self.alone) {
            words.push([k ^ l, k & l]);
            one += (k ^ l).count_ones();
            both += (k & l).count_ones();
            if let Some((sites, alone)) = alone {
                let one = f64::from(std::mem::take(&mut one));
                let both = f64::from(std::mem::take(&mut both));
                for (alone, sites) in alone.iter().zip([sites - one - both, one, both]) {
                    add(&mut base, alone, sites);
                }
            }
        }
        Some(Known { ln, pair, base, words })
    }

    /// Returns the members side by side; `sums` holds for each ln of the sum of the evidence of the pairs
    /// without it.
    fn lanes(&self, sums: &[f64]) -> Vec<Lanes> {
        let blocks = self.own.chunks(LANES).zip(self.words.hits.chunks(LANES)).zip(sums.chunks(LANES));
        let firsts = (0..).step_by(LANES);
        firsts.zip(blocks).map(|(first, ((own, hits), sums))| Lanes::new(first, own, hits, sums)).collect()
    }
}
