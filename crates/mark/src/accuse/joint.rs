//! What the reading says about one member given what another member's copy holds.
//!
//! Two colluders explain a reading together: where one of them holds another symbol than the one seen, the
//! other has to hold it. A decoder that looks at one row at a time sees half of that.
//!
//! # Statement
//! Let e_j be the single e-value (the mean over [`BANK`](super::factor::BANK)). For a partner k
//!
//! ```text
//! e_{j|k}(M) = Π_i P(y_i | x_ji, x_ki, M) / P(y_i | x_ki, M)         over the read sites i
//! e_{j|k}    = mean over the models M of PAIR_BANK
//! w_jk       = max(1, e_k) / Σ_{l≠j} max(1, e_l)
//! E_j        = 1/2 e_j + 1/2 Σ_{k≠j} w_jk e_{j|k}
//! ```
//!
//! At a site of generated values the single factor of [`constant`](super::constant) stands in: a match is
//! already all the evidence there is, and a partner explains at most a miss, which costs ln 2.
//!
//! # Proof that the mean is at most 1
//! Let j be innocent. Fix the reading and every row but j's; x_j keeps its law and its independence over
//! sites (conditions C1 and C2 of [`bound`](super::bound)). The denominator is the numerator averaged over
//! the law of x_ji ([`Coalition::binary_given`], [`Coalition::uniform_given`]), so each factor has mean 1,
//! whoever k is; the factor of a value has mean <= 1 and reads x_j alone. By independence over sites
//! E\[e_{j|k}\] <= 1 for every k. The weights are read from the rows of others, each from its own, and sum
//! to 1; so E\[Σ_k w_jk e_{j|k}\] <= 1, and the average with e_j keeps that. ∎
//!
//! # Many members
//! Above [`SCREEN`] members only those with the greatest single e-values are paired. For j let K_j be the
//! `SCREEN` - 1 best of the *others*, which does not read x_j: the proof holds with k in K_j. When j is among
//! the `SCREEN` best of all, K_j is the rest of these. When it is not, its conditional part is given up,
//! which only lowers E_j.
//!
//! **Source:** the averaged form is stated here in full since no publication of it is known.

use super::factor::{Coalition, MISREAD, Strategy, ln_sum_exp};

/// Greatest number of members that are paired with each other.
pub const SCREEN: usize = 3000;

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

/// What a read site of a choice or an order shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown {
    /// One of two symbols.
    Binary {
        /// P(symbol is 1), strictly between 0 and 1.
        one: f64,
        /// Whether symbol 1 was seen.
        seen_one: bool,
    },
    /// One of many equally likely symbols.
    Uniform {
        /// Number of symbols.
        q: f64,
    },
}

impl Shown {
    /// Returns P(seen) when `known` colluders are known and `hits` of those hold the symbol seen.
    pub fn given(&self, coalition: &Coalition, known: u32, hits: u32) -> f64 {
        match *self {
            Shown::Binary { one, seen_one } => coalition.binary_given(one, MISREAD, seen_one, known, hits),
            Shown::Uniform { q } => coalition.uniform_given(q, MISREAD, known, hits),
        }
    }
}

/// What a member's own row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// ln of the single e-value.
    pub ln_e: f64,
    /// Share of it, as ln, that sites of generated values have; the same in every model.
    pub ln_values: f64,
    /// Whether the member's symbol is the one seen, for each [`Shown`] site.
    pub hits: Vec<bool>,
}

/// A part of a member's joint e-value.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// ln of the part, its share in the average included.
    pub ln: f64,
    /// Positions of the other members whose rows carry the part.
    pub given: Vec<usize>,
}

/// Returns the parts of every member's joint e-value E_j, which is their sum: first what its own row says,
/// then what it says given a partner.
///
/// Every `hits` is as long as `sites`. Cost: about [`PAIR_BANK`] times the classes of equal sites, for each
/// ordered pair of at most [`SCREEN`] members.
pub fn joint(sites: &[Shown], members: &[Own]) -> Vec<Vec<Part>> {
    joint_within(SCREEN, sites, members)
}

fn joint_within(screened: usize, sites: &[Shown], members: &[Own]) -> Vec<Vec<Part>> {
    // Without a partner or a site that a partner could explain, the conditional e-value is the single one.
    if sites.is_empty() || members.len() < 2 {
        return members.iter().map(|member| vec![Part { ln: member.ln_e, given: Vec::new() }]).collect();
    }
    let half = 0.5f64.ln();
    let mut parts: Vec<Vec<Part>> =
        members.iter().map(|own| vec![Part { ln: half + own.ln_e, given: Vec::new() }]).collect();
    let screened = screen(screened, members);
    let paired: Vec<&Own> = screened.iter().filter_map(|&at| members.get(at)).collect();
    for (&at, pairs) in screened.iter().zip(given_a_partner(sites, &paired)) {
        let given = screened.get(pairs.partner).copied().into_iter().collect();
        parts.get_mut(at).into_iter().for_each(|parts| {
            parts.push(Part { ln: half + pairs.ln_e, given: Vec::clone(&given) });
        });
    }
    parts
}

/// Returns the positions of the members with the greatest single e-values, in the population's order.
fn screen(most: usize, members: &[Own]) -> Vec<usize> {
    let mut order: Vec<(usize, f64)> = members.iter().map(|member| member.ln_e).enumerate().collect();
    // A stable sort: equals keep the population's order, whoever is asked about.
    order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    order.truncate(most);
    let mut screened: Vec<usize> = order.into_iter().map(|(at, _)| at).collect();
    screened.sort_unstable();
    screened
}

/// ln Σ_k w_jk e_{j|k} of a member, and the k with the greatest term.
struct GivenPartner {
    ln_e: f64,
    partner: usize,
}

fn given_a_partner(sites: &[Shown], members: &[&Own]) -> Vec<GivenPartner> {
    let table = PairTable::new(sites, members);
    let weights: Vec<f64> = members.iter().map(|member| member.ln_e.max(0.0)).collect();
    let mut terms = Vec::with_capacity(members.len());
    let of_member = |(at, others): (usize, f64)| {
        let partners = weights.iter().enumerate().filter(|&(partner, _)| partner != at);
        terms.clear();
        let mut top = (f64::NEG_INFINITY, at);
        for (partner, weight) in partners {
            let ln = weight - others + table.ln_e(at, partner);
            terms.push(ln);
            if ln > top.0 {
                top = (ln, partner);
            }
        }
        GivenPartner { ln_e: ln_sum_exp(&terms), partner: top.1 }
    };
    ln_sums_of_others(&weights).into_iter().enumerate().map(of_member).collect()
}

/// Returns for each entry ln of the sum of `e^x` over all the other entries.
///
/// Sums from both ends, since a difference of two sums would lose the small one.
fn ln_sums_of_others(ln_values: &[f64]) -> Vec<f64> {
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
type PerModel = [f64; PAIR_BANK.len()];

/// Everything ln e_{j|k} is summed from.
///
/// With f_h = ln P(seen | h of the two hold it) and hits a, b in {0, 1}, the log numerator of a site is
/// f_0 + (f_1-f_0)(a+b) + (f_2-2f_1+f_0) ab: sums over sites of the first two are of one member each, and
/// the last counts common hits, 64 sites of equal f at a time.
struct PairTable {
    /// f_2 - 2 f_1 + f_0 of the sites of each word.
    bends: Vec<PerModel>,
    rows: Vec<PairRow>,
}

struct PairRow {
    /// Hits, one bit a site; the sites of one word show the same.
    words: Vec<u64>,
    /// Σ_i f_0 + (f_1-f_0) a, with the values' factor and the model's weight.
    own: PerModel,
    /// Σ_i (f_1-f_0) b less the log denominator Σ_i ln P(seen | b).
    partner: PerModel,
}

impl PairTable {
    fn new(sites: &[Shown], members: &[&Own]) -> Self {
        let words = words_of_equal_sites(sites);
        let per_model = |shown: &Shown, ln: fn(&dyn Fn(u32, u32) -> f64) -> f64| {
            PAIR_BANK.map(|(coalition, _)| ln(&|known, hits| shown.given(&coalition, known, hits).ln()))
        };
        let terms: Vec<[PerModel; 5]> = words
            .iter()
            .map(|(shown, _)| {
                [
                    per_model(shown, |f| f(2, 0)),
                    per_model(shown, |f| f(2, 1) - f(2, 0)),
                    per_model(shown, |f| f(2, 2) - 2.0 * f(2, 1) + f(2, 0)),
                    per_model(shown, |f| f(1, 0)),
                    per_model(shown, |f| f(1, 1) - f(1, 0)),
                ]
            })
            .collect();
        let row = |member: &&Own| {
            let mut own = PAIR_BANK.map(|(_, weight)| weight.ln() + member.ln_values);
            let mut partner = [0.0; PAIR_BANK.len()];
            let mut bits = Vec::with_capacity(words.len());
            for ((_, places), [base, slope, _, alone, alone_slope]) in words.iter().zip(&terms) {
                let word = places.iter().enumerate().fold(0u64, |word, (bit, &place)| {
                    word | u64::from(member.hits.get(place).copied().unwrap_or(false)) << bit
                });
                let (sites, hits) = (places.len() as f64, f64::from(word.count_ones()));
                add(&mut own, base, sites);
                add(&mut own, slope, hits);
                add(&mut partner, slope, hits);
                add(&mut partner, alone, -sites);
                add(&mut partner, alone_slope, -hits);
                bits.push(word);
            }
            PairRow { words: bits, own, partner }
        };
        PairTable {
            bends: terms.iter().map(|[_, _, bend, _, _]| *bend).collect(),
            rows: members.iter().map(row).collect(),
        }
    }

    /// Returns ln e_{j|k}, the mean over the models.
    fn ln_e(&self, member: usize, partner: usize) -> f64 {
        self.per_model(member, partner).map_or(f64::NEG_INFINITY, |terms| ln_sum_exp(&terms))
    }

    /// Returns ln of (weight · e_{j|k}(M)) for each model M.
    fn per_model(&self, member: usize, partner: usize) -> Option<PerModel> {
        let (member, partner) = (self.rows.get(member)?, self.rows.get(partner)?);
        let mut terms = member.own;
        add(&mut terms, &partner.partner, 1.0);
        for ((a, b), bend) in member.words.iter().zip(&partner.words).zip(&self.bends) {
            add(&mut terms, bend, f64::from((a & b).count_ones()));
        }
        Some(terms)
    }
}

/// Groups the sites that show the same, at most 64 together.
fn words_of_equal_sites(sites: &[Shown]) -> Vec<(Shown, Vec<usize>)> {
    let mut words: Vec<(Shown, Vec<usize>)> = Vec::new();
    for (place, shown) in sites.iter().enumerate() {
        match words.iter_mut().rev().find(|(of, places)| of == shown && places.len() < 64) {
            Some((_, places)) => places.push(place),
            None => words.push((*shown, vec![place])),
        }
    }
    words
}

fn add(sum: &mut PerModel, terms: &PerModel, times: f64) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum += term * times;
    }
}

#[cfg(test)]
mod tests;
