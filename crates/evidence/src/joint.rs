//! The evidence that a member's copy gives together with one or two others', from everybody's rows.

use crate::score::{Own, Scale, Weight, ln_sum};
use crate::scorer::{MOST_WORK, NEGLIGIBLE, PAIR_BANK, SCREEN, TRIPLE_BANK, TRIPLES};

/// The evidence with others' rows, all of them open.
pub(crate) struct Joint<'a> {
    scale: &'a Scale,
    members: &'a [Own],
    /// The pairs k before l with the greatest e_l e_{k|l}, ln of at least 1; of equals the first.
    pairs: Vec<(f64, usize, usize)>,
    /// ln of the sum over the other pairs.
    ln_rest: f64,
}

/// A part of E: ln of its least and greatest possible value, and each term with whose rows it rests on.
pub(crate) struct Part {
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) terms: Vec<(f64, Vec<usize>)>,
}

impl<'a> Joint<'a> {
    /// `Err` when there is too much to compute.
    pub(crate) fn new(scale: &'a Scale, members: &'a [Own]) -> Result<Joint<'a>, String> {
        let (n, sites) = (members.len(), scale.weights.len() as f64);
        let work = sites * (12.0 * (n as f64).powi(2) + 6.0 * (n as f64).powi(3).min(f64::from(TRIPLES)));
        if n > SCREEN as usize || work > MOST_WORK {
            return Err(format!("{n} members at {sites} sites are too many for this tool"));
        }
        let mut joint = Joint { scale, members, pairs: Vec::new(), ln_rest: f64::NEG_INFINITY };
        for (l, member) in members.iter().enumerate() {
            joint.pairs.extend(
                (0..l).map(|k| ((member.ln_e + joint.ln_pair(k, l)).max(0.0), k, l)).collect::<Vec<_>>(),
            );
        }
        joint.pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let rest = joint.pairs.split_off(joint.pairs.len().min(TRIPLES as usize / n.max(1)));
        joint.ln_rest = ln_sum(&rest.iter().map(|(ln, ..)| *ln).collect::<Vec<_>>());
        Ok(joint)
    }

    /// Returns the parts of a member's E; E is their sum.
    pub(crate) fn parts(&self, j: usize) -> Vec<Part> {
        let Some(own) = self.members.get(j) else { return Vec::new() };
        let n = self.members.len();
        let whole =
            |share: f64| Part { least: share.ln() + own.ln_e, most: share.ln() + own.ln_e, terms: vec![] };
        if n < 2 || self.scale.weights.iter().all(|w| w.value) {
            return vec![whole(1.0)];
        }
        let share = if n == 2 { 0.5 } else { 7.0 / 16.0 };
        let weight = |k: usize| self.members.get(k).map_or(0.0, |member| member.ln_e.max(0.0));
        let others: Vec<usize> = (0..n).filter(|k| *k != j).collect();
        let all = ln_sum(&others.iter().map(|k| weight(*k)).collect::<Vec<_>>());
        let one = others.iter().map(|k| (f64::ln(share) + weight(*k) - all + self.ln_pair(j, *k), vec![*k]));
        let mut parts = vec![whole(share), part(one.collect(), f64::NEG_INFINITY)];
        if n > 2 {
            let without = || self.pairs.iter().filter(|(_, k, l)| *k != j && *l != j);
            let all = ln_sum(&without().map(|(ln, ..)| *ln).chain([self.ln_rest]).collect::<Vec<_>>());
            let two = without().flat_map(|(ln, k, l)| {
                let terms = self.ln_triple(j, *k, *l);
                terms.into_iter().map(move |term| (f64::ln(0.125) + ln - all + term, vec![*k, *l]))
            });
            parts.push(part(two.collect(), NEGLIGIBLE + f64::ln(0.125)));
        }
        parts
    }

    /// ln e_{j|k}: the mean over [`PAIR_BANK`] of Π P(seen | j, k) / P(seen | k).
    fn ln_pair(&self, j: usize, k: usize) -> f64 {
        let models = PAIR_BANK.iter().enumerate().map(|(model, (.., weight))| {
            let ratio = |w: &Weight, [j, k]: [bool; 2]| {
                let seen = w.pair.get(model)?;
                Some(seen[1].get(usize::from(j) + usize::from(k))? - seen[0].get(usize::from(k))?)
            };
            weight.ln() + self.product([j, k], ratio)
        });
        ln_sum(&models.collect::<Vec<_>>())
    }

    /// ln of e_{j|kl} of each model of [`TRIPLE_BANK`], divided by their number.
    fn ln_triple(&self, j: usize, k: usize, l: usize) -> Vec<f64> {
        let models = (0..TRIPLE_BANK.len()).map(|model| {
            let ratio = |w: &Weight, [j, k, l]: [bool; 3]| {
                let (seen, kl) = (w.triple.get(model)?, usize::from(k) + usize::from(l));
                Some(seen[2].get(usize::from(j) + kl)? - seen[1].get(kl)?)
            };
            self.product([j, k, l], ratio) - (TRIPLE_BANK.len() as f64).ln()
        });
        models.collect()
    }

    /// Sums a log ratio over the sites that are no values, and the first member's own factor over those that are.
    fn product<const N: usize>(
        &self,
        who: [usize; N],
        ratio: impl Fn(&Weight, [bool; N]) -> Option<f64>,
    ) -> f64 {
        let hit = |member: usize, at: usize| {
            self.members.get(member).and_then(|m| m.hits.get(at)).copied() == Some(true)
        };
        let sites = self.scale.weights.iter().enumerate().filter(|(_, w)| !w.value);
        let sum: f64 = sites.filter_map(|(at, w)| ratio(w, who.map(|member| hit(member, at)))).sum();
        sum + who.first().and_then(|j| self.members.get(*j)).map_or(0.0, |member| member.ln_values)
    }
}

/// Sums a part; terms up to `negligible` may or may not have been left out.
fn part(terms: Vec<(f64, Vec<usize>)>, negligible: f64) -> Part {
    let sum =
        |least: f64| ln_sum(&terms.iter().map(|(ln, _)| *ln).filter(|ln| *ln > least).collect::<Vec<_>>());
    Part { least: sum(negligible), most: sum(f64::NEG_INFINITY), terms }
}
