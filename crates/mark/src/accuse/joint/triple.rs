//! The part of the joint e-value that is given two partners.

use super::super::factor::{Coalition, Strategy, ln_sum_exp};
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

/// ln of what a term may be given up for: [`TRIPLES`] of them are far below anything that accuses.
const NEGLIGIBLE: f64 = -30.0;

/// Returns for each member the part given two partners, whole; -∞ where no pair is without the member.
pub(super) fn given_two(words: &Words, members: &[&Own], pairs: &Pairs) -> Vec<Part> {
    let table = TripleTable::new(words, members);
    let known: Vec<(f64, (usize, usize), PerModel)> =
        pairs.kept.iter().filter_map(|&(ln, (k, l))| Some((ln, (k, l), table.base(k, l)?))).collect();
    let sums = ln_sums_of_pairs_without(members.len(), pairs);
    let part = |(at, ln_all): (usize, f64)| {
        let (mut sum, mut given) = (LnSum::default(), Vec::new());
        for (ln, (k, l), base) in known.iter().filter(|(_, (k, l), _)| *k != at && *l != at) {
            let Some(terms) = table.per_model(at, (*k, *l), base) else { continue };
            for term in terms {
                if sum.add(ln - ln_all + term) {
                    given = vec![*k, *l];
                }
            }
        }
        Part { ln: sum.ln(), given }
    };
    sums.into_iter().enumerate().map(part).collect()
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

/// ln of a sum of `e^x`, term by term; terms that are [`NEGLIGIBLE`] or lost in rounding are given up.
struct LnSum {
    top: f64,
    /// In units of `e^top`.
    sum: f64,
}

impl Default for LnSum {
    fn default() -> Self {
        LnSum { top: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl LnSum {
    /// Adds `e^x` and says whether it is the greatest term so far.
    fn add(&mut self, x: f64) -> bool {
        let above = x - self.top;
        if above > 0.0 {
            self.sum = self.sum * (-above).exp() + 1.0;
            self.top = x;
        } else if above > -36.0 && x > NEGLIGIBLE {
            self.sum += above.exp();
        }
        above > 0.0
    }

    fn ln(&self) -> f64 {
        self.top + self.sum.ln()
    }
}

/// A number for each model of [`TRIPLE_BANK`].
type PerModel = [f64; TRIPLE_BANK.len()];

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

    /// Returns ln e_{j|kl}(M) of a member that hits nowhere, for each model.
    pub(super) fn base(&self, k: usize, l: usize) -> Option<PerModel> {
        let (k, l) = (self.words.hits.get(k)?, self.words.hits.get(l)?);
        let mut base = [0.0; TRIPLE_BANK.len()];
        let (mut one, mut both) = (0, 0);
        for ((k, l), alone) in k.iter().zip(l).zip(&self.alone) {
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
        Some(base)
    }

    /// Returns ln of (e_{j|kl}(M) / number of models) for each model M; `base` is [`Self::base`] of the pair.
    pub(super) fn per_model(
        &self,
        member: usize,
        (k, l): (usize, usize),
        base: &PerModel,
    ) -> Option<PerModel> {
        let hits = |at: usize| self.words.hits.get(at);
        let mut terms = *self.own.get(member)?;
        add(&mut terms, base, 1.0);
        let (mut one, mut both) = (0, 0);
        for (((j, k), l), bends) in hits(member)?.iter().zip(hits(k)?).zip(hits(l)?).zip(&self.bends) {
            one += (j & (k ^ l)).count_ones();
            both += (j & k & l).count_ones();
            if let Some([bend_one, bend_both]) = bends {
                add(&mut terms, bend_one, f64::from(std::mem::take(&mut one)));
                add(&mut terms, bend_both, f64::from(std::mem::take(&mut both)));
            }
        }
        Some(terms)
    }
}
