//! The numbers, each by the formula as it stands: products over sites, means over models, a tail by adding one
//! site after the other to the law of the score.
//!
//! A product is taken as a sum of logarithms, since it may leave the range of a number. Of a coalition whose
//! symbols are unknown every assignment is counted through.

use std::collections::HashMap;

use crate::file::{Evidence, Law, RowOpening, Seen, Symbol};
use crate::scorer::{
    BANK, CAP, FLOOR, MISREAD, MOST_WORK, PAIR, PAIR_BANK, RHO, SCORES, STEP, TRIPLE_BANK, WEIGHT_CAP,
};

/// A site that weighs, with logarithms of its factors.
pub(crate) struct Weight {
    /// Place in the reading.
    place: usize,
    /// Whether a value was seen: the same in every model, and no partner explains it.
    pub(crate) value: bool,
    /// For each model of [`BANK`]: of a miss, of a hit.
    single: Vec<[f64; 2]>,
    /// For each model of [`PAIR_BANK`] and [`TRIPLE_BANK`]: ln P(seen) with 1, 2, 3 known of whom 0 to 3 hit.
    pub(crate) pair: Vec<[[f64; 4]; 3]>,
    pub(crate) triple: Vec<[[f64; 4]; 3]>,
}

/// What one row says.
pub(crate) struct Own {
    /// ln of the mean over [`BANK`] of the products over sites.
    pub(crate) ln_e: f64,
    /// Bound on an innocent's chance to score as high.
    pub(crate) p: f64,
    pub(crate) ln_values: f64,
    /// Whether it holds what was seen, for each site that weighs.
    pub(crate) hits: Vec<bool>,
}

/// For each site that weighs: lattice weights of a hit and a miss, an innocent's chance to hit.
type Score = Vec<(i64, i64, f64)>;
/// The least value of a score, and the probability of each value from there on.
type ScoreLaw = (i64, Vec<f64>);

/// Everything that a row is weighed by.
pub(crate) struct Scale {
    pub(crate) weights: Vec<Weight>,
    /// The symmetric score and that of the pair.
    scores: [Score; 2],
    laws: [ScoreLaw; 2],
}

/// ln P(seen) when `known` of a coalition are known and `hits` of those hold what was seen.
fn ln_seen(law: &Law, one: f64, seen_one: bool, model: (u32, &str), known: u32, hits: u32) -> f64 {
    let c = f64::from(model.0);
    let (known_f, hits_f) = (f64::from(known), f64::from(hits));
    match *law {
        // Misread, any symbol; else that of a colluder by lot: a known one who hits, or an unknown one.
        Law::Uniform { q } => {
            let q = f64::from(q);
            (MISREAD / q + (1.0 - MISREAD) * (hits_f / c + (c - known_f) / c / q)).ln()
        }
        _ => {
            let unknown = model.0.saturating_sub(known);
            let known_ones = if seen_one { hits } else { known - hits };
            let mut shows_one = 0.0;
            for assignment in 0..1u32 << unknown {
                let ones = assignment.count_ones();
                let chance: f64 =
                    (0..unknown).map(|i| if assignment >> i & 1 == 1 { one } else { 1.0 - one }).product();
                shows_one += chance * strategy(model, ones + known_ones);
            }
            let seen_as_one = shows_one * (1.0 - MISREAD) + (1.0 - shows_one) * MISREAD;
            (if seen_one { seen_as_one } else { 1.0 - seen_as_one }).ln()
        }
    }
}

/// P(a coalition shows 1), `ones` of which hold it; a symbol that all hold is shown.
fn strategy((colluders, name): (u32, &str), ones: u32) -> f64 {
    let share = f64::from(ones) / f64::from(colluders);
    let majority = if share == 0.5 { 0.5 } else { f64::from(share > 0.5) };
    match name {
        _ if ones == 0 || ones == colluders => share,
        "all_zeros" => 0.0,
        "all_ones" => 1.0,
        "coin" => 0.5,
        "interleave" => share,
        "majority" => majority,
        _ => 1.0 - majority,
    }
}

/// ln Σ e^x.
pub(crate) fn ln_sum(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY { top } else { top + terms.iter().map(|x| (x - top).exp()).sum::<f64>().ln() }
}

impl Scale {
    /// Takes the sites that weigh: those that were read, and values alone when the text is not derived.
    pub(crate) fn new(evidence: &Evidence) -> Result<Scale, String> {
        let biases: HashMap<&str, u32> =
            evidence.biases.ones.iter().map(|(id, one)| (id.as_str(), *one)).collect();
        let mut weights = Vec::new();
        let mut scores = [Vec::new(), Vec::new()];
        for (place, site) in evidence.reading.sites.iter().enumerate() {
            let Some(law) = &site.law else { continue };
            let (mut one, mut seen_one) = (0.5, false);
            let hit = match (law, &site.seen) {
                (Law::Binary, seen) => {
                    let found = biases.get(site.site.as_str()).filter(|one| (1..65536).contains(*one));
                    let found = found.ok_or_else(|| format!("site `{}` has no probability", site.site))?;
                    (one, seen_one) = (f64::from(*found) / 65536.0, *seen == Seen::Index(1));
                    if seen_one { one } else { 1.0 - one }
                }
                (Law::Uniform { q }, _) => 1.0 / f64::from(*q),
                (Law::Value { space, .. }, Seen::Tokens(tokens)) => {
                    let tokens = tokens.iter().collect::<std::collections::BTreeSet<_>>().len() as f64;
                    if tokens == 0.0 || *space <= tokens {
                        continue;
                    }
                    (tokens / space).max(1.0 / CAP)
                }
                _ => continue,
            };
            let value = matches!(law, Law::Value { .. });
            if (!value && !evidence.reading.derived) || matches!(law, Law::Uniform { q: 1 }) {
                continue;
            }
            let factor = |model| {
                if value {
                    return [RHO.ln(), (RHO + (1.0 - RHO) / hit).ln()];
                }
                let seen = |known, hits| ln_seen(law, one, seen_one, model, known, hits);
                [seen(1, 0) - seen(0, 0), seen(1, 1) - seen(0, 0)]
            };
            let given = |model: (u32, &str)| {
                let seen = |known, hits| {
                    let possible = !value && known <= model.0 && hits <= known;
                    if possible { ln_seen(law, one, seen_one, model, known, hits) } else { 0.0 }
                };
                [1, 2, 3].map(|known| [0, 1, 2, 3].map(|hits| seen(known, hits)))
            };
            let symmetric = [-(hit / (1.0 - hit)).sqrt(), ((1.0 - hit) / hit).sqrt().min(WEIGHT_CAP)];
            for (score, [miss, hits]) in scores.iter_mut().zip([symmetric, factor(PAIR)]) {
                let lattice = |weight: f64| (weight / STEP).round() as i64;
                score.push((lattice(hits), lattice(miss).min(lattice(hits)), hit));
            }
            weights.push(Weight {
                place,
                value,
                single: BANK.map(factor).to_vec(),
                pair: PAIR_BANK.map(|(c, name, _)| given((c, name))).to_vec(),
                triple: TRIPLE_BANK.map(given).to_vec(),
            });
        }
        let laws = [law(&scores[0])?, law(&scores[1])?];
        Ok(Scale { weights, scores, laws })
    }

    /// Weighs one row; `Err` names what does not fit the package.
    pub(crate) fn own(&self, evidence: &Evidence, row: &RowOpening) -> Result<Own, String> {
        let held: HashMap<&str, &Symbol> =
            row.symbols.iter().map(|(id, symbol)| (id.as_str(), symbol)).collect();
        if held.len() != row.symbols.len() || held.len() != evidence.reading.sites.len() {
            return Err(String::from("it has not one symbol for each site"));
        }
        let mut seen = Vec::with_capacity(held.len());
        for site in &evidence.reading.sites {
            let symbol =
                held.get(site.site.as_str()).ok_or_else(|| format!("site `{}` is missing", site.site))?;
            seen.push(match (&site.law, &site.seen, symbol) {
                (None, ..) => false,
                (Some(Law::Binary), Seen::Index(seen), Symbol::Index(own)) if *own < 2 => seen == own,
                (Some(Law::Uniform { q }), Seen::Index(seen), Symbol::Index(own)) if own < q => seen == own,
                (Some(Law::Value { generator, .. }), Seen::Tokens(tokens), Symbol::Value(own))
                    if generator.fits(own) =>
                {
                    tokens.contains(own)
                }
                _ => return Err(format!("its symbol at site `{}` is none of that site's", site.site)),
            });
        }
        let hits: Vec<bool> =
            self.weights.iter().map(|w| seen.get(w.place).copied().unwrap_or(false)).collect();
        let held = || self.weights.iter().zip(&hits);
        let model =
            |model: usize| held().filter_map(|(w, hit)| w.single.get(model)?.get(usize::from(*hit))).sum();
        let models: Vec<f64> = (0..BANK.len()).map(model).collect();
        let values =
            held().filter(|(w, _)| w.value).filter_map(|(w, hit)| w.single.first()?.get(usize::from(*hit)));
        let tail = |(score, (least, law)): (&Score, &ScoreLaw)| {
            let own: i64 =
                score.iter().zip(&hits).map(|((hit, miss, _), hits)| if *hits { hit } else { miss }).sum();
            let below = usize::try_from(own - least).unwrap_or(0);
            law.iter().skip(below).rev().sum::<f64>().clamp(FLOOR, 1.0)
        };
        let tail = self.scores.iter().zip(&self.laws).map(tail).fold(1.0, f64::min);
        Ok(Own {
            ln_e: ln_sum(&models) - (BANK.len() as f64).ln(),
            p: (tail * f64::from(SCORES)).min(1.0),
            ln_values: values.sum(),
            hits,
        })
    }
}

/// Returns the least value of a score and the probability of each value from there on.
fn law(score: &Score) -> Result<ScoreLaw, String> {
    let span: i64 = score.iter().map(|(hit, miss, _)| hit.saturating_sub(*miss)).fold(0, i64::saturating_add);
    if span as f64 * score.len() as f64 > MOST_WORK || span > 1 << 26 {
        return Err(String::from("the tail scores are too wide to be computed"));
    }
    let mut law = vec![1.0];
    for (hit, miss, p) in score {
        let mut next: Vec<f64> = law.iter().map(|mass| mass * (1.0 - p)).collect();
        let wide = usize::try_from(hit - miss).unwrap_or(0);
        next.resize(law.len() + wide, 0.0);
        next.iter_mut().skip(wide).zip(&law).for_each(|(cell, mass)| *cell += mass * p);
        law = next;
    }
    Ok((score.iter().map(|(_, miss, _)| miss).sum(), law))
}
