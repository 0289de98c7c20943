//! What the reading says about one member given what one or two other members' copies hold.
//!
//! Colluders explain a reading together: where one of two holds another symbol than the one seen, the other
//! has to hold it. A decoder that looks at one row at a time sees half of that, and of three colluders who
//! show what fewest of them hold it sees nothing at all (at p = 1/2 that is a sum modulo 2).
//!
//! # Statement
//! Let e_j be the single e-value (the mean over [`BANK`](super::factor::BANK)). For partners k, l
//!
//! ```text
//! e_{j|k}(M)  = Π_i P(y_i | x_ji, x_ki, M) / P(y_i | x_ki, M)                over the read sites i
//! e_{j|k}     = mean over the models M of PAIR_BANK
//! e_{j|kl}(M) = Π_i P(y_i | x_ji, x_ki, x_li, M) / P(y_i | x_ki, x_li, M)
//! e_{j|kl}    = mean over the models M of TRIPLE_BANK
//! w_jk        = max(1, e_k) / Σ_{l≠j} max(1, e_l)
//! v_jkl       = max(1, e_l e_{k|l}) / Σ_{pairs without j} the same           k before l
//! E_j         = 7/8 (1/2 e_j + 1/2 Σ_k w_jk e_{j|k}) + 1/8 Σ_{pairs without j} v_jkl e_{j|kl}
//! ```
//!
//! v is the evidence that k and l made the leak together. Once they are as good as found it is near 1 and
//! the last part looks for the next colluder given these; where no pair stands out it tries them all.
//! With two members there is no such part and the brackets stand alone; one member has e_j alone.
//!
//! At a site of generated values the single factor of [`constant`](super::constant) stands in: a match is
//! already all the evidence there is, and a partner explains at most a miss, which costs ln 2.
//!
//! # Proof that the mean is at most 1
//! Let j be innocent. Fix the reading and every row but j's; x_j keeps its law and its independence over
//! sites (conditions C1 and C2 of [`bound`](super::bound)). The denominator is the numerator averaged over
//! the law of x_ji ([`Coalition::binary_given`], [`Coalition::uniform_given`]), so each factor has mean 1,
//! whoever k and l are; the factor of a value has mean <= 1 and reads x_j alone. By independence over sites
//! E\[e_{j|k}\] <= 1 and E\[e_{j|kl}\] <= 1 for all k and l. The weights are read from rows of others and
//! sum to 1, so both weighted sums have mean <= 1, and so has their average with e_j. ∎
//!
//! Nobody's weight may rest on a decision that read x_j. To condition on "the accused" would break that,
//! since E_k, by which k is accused, reads everybody's row; the weights w and v do not.
//!
//! # Many members
//! Above [`SCREEN`] members only those with the greatest single e-values are paired. For j let K_j be the
//! `SCREEN` - 1 best of the *others*, which does not read x_j: the proof holds with k in K_j. When j is among
//! the `SCREEN` best of all, K_j is the rest of these. When it is not, its conditional parts are given up.
//!
//! Of the pairs only the [`TRIPLES`] / n with the greatest weight, of equals the first, are evaluated. The
//! others count in the sum that the weights are divided by, those with j too, which makes every weight smaller,
//! never greater.
//!
//! To give terms up or to make weights smaller, by whatever rule, lowers E_j at every x_j and so its mean.
//!
//! **Source:** the averaged form is stated here in full since no publication of it is known.

mod lanes;
mod pair;
mod triple;

use super::factor::{Coalition, MISREAD};
pub use pair::PAIR_BANK;
pub use triple::{TRIPLE_BANK, TRIPLES};

/// Greatest number of members that are paired with each other.
pub const SCREEN: usize = 3000;

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
/// then what it says given a partner, then given two. At most `screened` members are paired, [`SCREEN`] in a
/// trace, and `triples` pairs evaluated, [`TRIPLES`] in a trace.
///
/// Every `hits` is as long as `sites`. Cost, times the classes of equal sites: about [`PAIR_BANK`] for each
/// ordered pair of the members paired, and at most `triples` times [`TRIPLE_BANK`].
pub(super) fn joint(screened: usize, triples: usize, sites: &[Shown], members: &[Own]) -> Vec<Vec<Part>> {
    // Without a partner or a site that a partner could explain, the conditional e-value is the single one.
    if sites.is_empty() || members.len() < 2 {
        return members.iter().map(|member| vec![Part { ln: member.ln_e, given: Vec::new() }]).collect();
    }
    let (own_share, pair_share) = if members.len() == 2 { (0.5, 0.5) } else { (0.4375, 0.4375) };
    let own_part = |own: &Own| Part { ln: f64::ln(own_share) + own.ln_e, given: Vec::new() };
    let mut parts: Vec<Vec<Part>> = members.iter().map(|own| vec![own_part(own)]).collect();

    let screened = screen(screened, members);
    let paired: Vec<&Own> = screened.iter().filter_map(|&at| members.get(at)).collect();
    let words = Words::new(sites, &paired);
    let (given_one, pairs) = pair::given_a_partner(&words, &paired, triples / screened.len().max(1));
    let given_two = triple::given_two(&words, &paired, &pairs);
    for ((&at, one), two) in screened.iter().zip(given_one).zip(given_two) {
        let Some(parts) = parts.get_mut(at) else { continue };
        for (share, found) in [(pair_share, one), (1.0 - own_share - pair_share, two)] {
            let given = found.given.iter().filter_map(|&place| screened.get(place).copied()).collect();
            parts.push(Part { ln: f64::ln(share) + found.ln, given });
        }
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

/// Sites that show the same and hits, 64 to a word: counts of bits over such a class are all that matters.
struct Words {
    classes: Vec<Class>,
    /// Every member's hits, the classes' words one after another.
    hits: Vec<Vec<u64>>,
}

/// Sites that show the same.
struct Class {
    shown: Shown,
    /// Where they stand among the sites.
    places: Vec<usize>,
}

impl Words {
    fn new(sites: &[Shown], members: &[&Own]) -> Self {
        let classes = classes(sites);
        let pack = |member: &Own, places: &[usize]| {
            let hit = |place: usize| u64::from(member.hits.get(place).copied().unwrap_or(false));
            places.iter().enumerate().fold(0, |word, (bit, &place)| word | hit(place) << bit)
        };
        let row = |member: &&Own| {
            let words = classes.iter().flat_map(|class| class.places.chunks(64));
            words.map(|places| pack(member, places)).collect()
        };
        let hits = members.iter().map(row).collect();
        Words { classes, hits }
    }

    /// Returns for each word what `of` makes of its class, at the last word of the class alone: a loop over
    /// words counts until there and weighs the count.
    fn at_last_words<T>(&self, of: impl Fn(&Class) -> T) -> Vec<Option<T>> {
        let mut words = Vec::new();
        for class in &self.classes {
            words.extend((1..class.places.len().div_ceil(64)).map(|_| None));
            words.push(Some(of(class)));
        }
        words
    }

    /// Returns a member's hits in each class.
    fn counts(&self, hits: &[u64]) -> Vec<f64> {
        let (mut counts, mut count) = (Vec::with_capacity(self.classes.len()), 0);
        for (word, last) in hits.iter().zip(self.at_last_words(|_| ())) {
            count += word.count_ones();
            if last.is_some() {
                counts.push(f64::from(std::mem::take(&mut count)));
            }
        }
        counts
    }
}

/// Groups the sites that show the same.
fn classes(sites: &[Shown]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (place, shown) in sites.iter().enumerate() {
        match classes.iter_mut().find(|class| class.shown == *shown) {
            Some(class) => class.places.push(place),
            None => classes.push(Class { shown: *shown, places: vec![place] }),
        }
    }
    classes
}

/// Adds `terms` times a count, model by model.
fn add<const MODELS: usize>(sum: &mut [f64; MODELS], terms: &[f64; MODELS], times: f64) {
    for (sum, term) in sum.iter_mut().zip(terms) {
        *sum += term * times;
    }
}

#[cfg(test)]
mod tests;
