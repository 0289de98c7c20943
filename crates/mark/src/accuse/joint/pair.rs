//! The part of the joint e-value that is given one partner.

use super::super::factor::{Coalition, Strategy, ln_sum_exp};
use super::{Class, Own, Part, Shown, Words, add};

/// The models of a pair and their weights: sizes 2 and 3, five strategies each, equal weights; with two
/// colluders interleaving, majority and minority coincide and are listed once.
pub const PAIR_BANK: [(Coalition, f64); 8] = {
    use Strategy::{AllOnes, AllZeros, Interleave, Majority, Minority};
    const fn of(colluders: u32, strategy: Strategy) -> Coalition {
        Coalition { colluders, strategy }
    }
    [
        (of(2, Interleave), 0.3),
        (of(2, AllOnes), 0.1),
        (of(2, AllZeros), 0.1),
        (of(3, Interleave), 0.1),
        (of(3, Majority), 0.1),
        (of(3, Minority), 0.1),
        (of(3, AllOnes), 0.1),
        (of(3, AllZeros), 0.1),
    ]
};

/// Returns for each member the part given a partner, whole, and the `most` pairs with the greatest evidence.
pub(super) fn given_a_partner(words: &Words, members: &[&Own], most: usize) -> (Vec<Part>, Pairs) {
    let table = PairTable::new(words, members);
    let weights: Vec<f64> = members.iter().map(|member| member.ln_e.max(0.0)).collect();
    let mut pairs = Pairs::new(most);
    let mut terms = Vec::with_capacity(members.len());
    let part = |(at, others): (usize, f64)| {
        terms.clear();
        let mut top = (f64::NEG_INFINITY, at);
        for (partner, (own, weight)) in members.iter().zip(&weights).enumerate() {
            if partner == at {
                continue;
            }
            let ln_e = table.ln_e(at, partner);
            if at < partner {
                pairs.push((own.ln_e + ln_e).max(0.0), (at, partner));
            }
            let ln = weight - others + ln_e;
            terms.push(ln);
            if ln > top.0 {
                top = (ln, partner);
            }
        }
        Part { ln: ln_sum_exp(&terms), given: vec![top.1] }
    };
    let parts: Vec<Part> = ln_sums_of_others(&weights).into_iter().enumerate().map(part).collect();
    pairs.drop_least();
    (parts, pairs)
}

/// The pairs of members with the greatest evidence, of equals the first in the population's order.
pub(super) struct Pairs {
    most: usize,
    /// ln of max(1, evidence) and who.
    pub(super) kept: Vec<(f64, (usize, usize))>,
    /// ln of the sum of max(1, evidence) over the pairs that are not kept.
    pub(super) ln_rest: f64,
}

impl Pairs {
    pub(super) fn new(most: usize) -> Self {
        Pairs { most, kept: Vec::new(), ln_rest: f64::NEG_INFINITY }
    }

    pub(super) fn push(&mut self, ln: f64, pair: (usize, usize)) {
        self.kept.push((ln, pair));
        // Far apart, so that the selection costs little a pair.
        if self.kept.len() >= 2 * self.most + 4096 {
            self.drop_least();
        }
    }

    pub(super) fn drop_least(&mut self) {
        if self.kept.len() <= self.most {
            return;
        }
        let order = |(a, first): &(f64, (usize, usize)), (b, second): &(f64, (usize, usize))| {
            b.total_cmp(a).then_with(|| first.cmp(second))
        };
        self.kept.select_nth_unstable_by(self.most, order);
        let dropped: Vec<f64> = self.kept.drain(self.most..).map(|(ln, _)| ln).collect();
        self.ln_rest = ln_sum_exp(&[self.ln_rest, ln_sum_exp(&dropped)]);
    }
}

/// Returns for each entry ln of the sum of `e^x` over all the other entries.
///
/// Sums from both ends, since a difference of two sums would lose the small one.
pub(super) fn ln_sums_of_others(ln_values: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, &value: &f64| {
        let before = *sum;
        *sum = ln_sum_exp(&[before, value]);
        Some(before)
    };
    let before = ln_values.iter().scan(f64::NEG_INFINITY, add);
    let mut after: Vec<f64> = ln_values.iter().rev().scan(f64::NEG_INFINITY, add).collect();
    after.reverse();
    before.zip(after).map(|(before, after)| ln_sum_exp(&[before, after])).collect()
}

/// A number for each model of [`PAIR_BANK`].
pub(super) type PerModel = [f64; PAIR_BANK.len()];

/// Everything ln e_{j|k} is summed from.
///
/// With f_h = ln P(seen | h of the two hold it) and hits a, b in {0, 1}, the log numerator of a site is
/// f_0 + (f_1-f_0)(a+b) + (f_2-2f_1+f_0) ab: sums over sites of the first two are of one member each, and
/// the last counts common hits, 64 sites of equal f at a time.
pub(super) struct PairTable {
    /// f_2 - 2 f_1 + f_0 of each class of sites, at its last word.
    bends: Vec<Option<PerModel>>,
    rows: Vec<PairRow>,
}

struct PairRow {
    hits: Vec<u64>,
    /// Σ_i f_0 + (f_1-f_0) a, with the values' factor and the model's weight.
    own: PerModel,
    /// Σ_i (f_1-f_0) b less the log denominator Σ_i ln P(seen | b).
    partner: PerModel,
}

impl PairTable {
    pub(super) fn new(words: &Words, members: &[&Own]) -> Self {
        let per_model = |shown: &Shown, ln: fn(&dyn Fn(u32, u32) -> f64) -> f64| {
            PAIR_BANK.map(|(coalition, _)| ln(&|known, hits| shown.given(&coalition, known, hits).ln()))
        };
        let terms: Vec<[PerModel; 4]> = words
            .classes
            .iter()
            .map(|Class { shown, .. }| {
                [
                    per_model(shown, |f| f(2, 0)),
                    per_model(shown, |f| f(2, 1) - f(2, 0)),
                    per_model(shown, |f| f(1, 0)),
                    per_model(shown, |f| f(1, 1) - f(1, 0)),
                ]
            })
            .collect();
        let row = |(member, hits): (&&Own, &Vec<u64>)| {
            let mut own = PAIR_BANK.map(|(_, weight)| weight.ln() + member.ln_values);
            let mut partner = [0.0; PAIR_BANK.len()];
            let counted = words.classes.iter().zip(words.counts(hits)).zip(&terms);
            for ((class, hits), [base, slope, alone, alone_slope]) in counted {
                let sites = class.places.len() as f64;
                add(&mut own, base, sites);
                add(&mut own, slope, hits);
                add(&mut partner, slope, hits);
                add(&mut partner, alone, -sites);
                add(&mut partner, alone_slope, -hits);
            }
            PairRow { hits: hits.clone(), own, partner }
        };
        PairTable {
            bends: words
                .at_last_words(|class| per_model(&class.shown, |f| f(2, 2) - 2.0 * f(2, 1) + f(2, 0))),
            rows: members.iter().zip(&words.hits).map(row).collect(),
        }
    }

    /// Returns ln e_{j|k}, the mean over the models.
    fn ln_e(&self, member: usize, partner: usize) -> f64 {
        self.per_model(member, partner).map_or(f64::NEG_INFINITY, |terms| ln_sum_exp(&terms))
    }

    /// Returns ln of (weight · e_{j|k}(M)) for each model M.
    pub(super) fn per_model(&self, member: usize, partner: usize) -> Option<PerModel> {
        let (member, partner) = (self.rows.get(member)?, self.rows.get(partner)?);
        let mut terms = member.own;
        add(&mut terms, &partner.partner, 1.0);
        let mut common = 0;
        for ((a, b), bend) in member.hits.iter().zip(&partner.hits).zip(&self.bends) {
            common += (a & b).count_ones();
            if let Some(bend) = bend {
                add(&mut terms, bend, f64::from(std::mem::take(&mut common)));
            }
        }
        Some(terms)
    }
}
