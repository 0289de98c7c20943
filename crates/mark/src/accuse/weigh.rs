//! A read site's weights and what a member's row adds up to under them.

use std::collections::{BTreeSet, HashMap};

use super::constant::ConstantTest;
use super::factor::{BANK, Coalition, MISREAD, Strategy, ln_mean_exp};
use super::joint::{Own, Shown};
use super::tail::{Step, symmetric};
use super::verdict::{AccuseError, Law, Row, SiteLaw};
use crate::master::Symbol;
use crate::reading::{Reading, Seen};

/// Coalition whose log factor is the second tail score.
const PAIR: Coalition = Coalition { colluders: 2, strategy: Strategy::Interleave };

/// One read site's weights; a member's symbol either is what was seen or is not.
pub(super) struct SiteEvidence<'a> {
    seen: &'a Seen,
    /// What a partner's row bears on; `None` at sites of generated values.
    pub(super) shown: Option<Shown>,
    pub(super) scores: SiteScores,
}

impl SiteEvidence<'_> {
    /// Whether symbol 1 was seen, at a site of two symbols.
    pub(super) fn seen_one(&self) -> Option<bool> {
        match self.shown {
            Some(Shown::Binary { seen_one, .. }) => Some(seen_one),
            _ => None,
        }
    }

    /// Whether a symbol is the one seen; `None` for one that the site does not have.
    pub(super) fn is_hit(&self, symbol: &Symbol) -> Option<bool> {
        match (self.seen, symbol) {
            (Seen::Index(seen), Symbol::Index(own)) => Some(seen == own),
            (Seen::Tokens(tokens), Symbol::Value(own)) => Some(tokens.contains(own)),
            _ => None,
        }
    }
}

/// What a site adds to each score of a row.
#[derive(Clone, Copy)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct SiteScores {
    pub(crate) symmetric: Step,
    pub(crate) pair: Step,
    /// ln of the factor of a hit in each model of the bank.
    pub(crate) ln_hit: [f64; BANK.len()],
    /// The same of a miss.
    pub(crate) ln_miss: [f64; BANK.len()],
}

impl SiteScores {
    /// Returns the weights of a site where an innocent hits with probability `hit_probability`, from each
    /// model's factor of a hit and of a miss.
    pub(crate) fn of(hit_probability: f64, factor: impl Fn(&Coalition, bool) -> f64) -> Self {
        let ln = |hit: bool| BANK.map(|coalition| factor(&coalition, hit).ln());
        let (hit_weight, miss_weight) = symmetric(hit_probability);
        SiteScores {
            symmetric: Step::new(hit_weight, miss_weight, hit_probability),
            pair: Step::new(factor(&PAIR, true).ln(), factor(&PAIR, false).ln(), hit_probability),
            ln_hit: ln(true),
            ln_miss: ln(false),
        }
    }
}

/// What a row adds up to.
pub(super) struct Scores {
    pub(super) own: Own,
    pub(super) symmetric: i64,
    pub(super) pair: i64,
}

/// Weighs every site of a reading; `None` where nothing weighs.
pub(super) fn weigh_sites<'a>(
    sites: &[SiteLaw],
    reading: &'a Reading,
) -> Result<Vec<Option<SiteEvidence<'a>>>, AccuseError> {
    let mut seen = reading.sites.iter();
    let mut made = Made::default();
    let evidence = sites
        .iter()
        .map(|SiteLaw { site, law }| {
            let mismatch =
                |found: &str| AccuseError::SiteMismatch { expected: site.0.clone(), found: found.to_owned() };
            let found = seen.next().ok_or_else(|| mismatch("nothing"))?;
            if found.site != *site {
                return Err(mismatch(&found.site.0));
            }
            weigh(*law, &found.seen, reading.derived, &mut made)
                .ok_or_else(|| AccuseError::Seen(site.0.clone()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    match seen.next() {
        None => Ok(evidence),
        Some(extra) => {
            Err(AccuseError::SiteMismatch { expected: "no further site".into(), found: extra.site.0.clone() })
        }
    }
}

/// The scores of sites that show the same, by what they show.
#[derive(Default)]
struct Made(HashMap<(u64, Option<bool>), SiteScores>);

impl Made {
    fn scores(
        &mut self,
        shown: Shown,
        hit_probability: f64,
        factor: impl Fn(&Coalition, bool) -> f64,
    ) -> SiteScores {
        let key = match shown {
            Shown::Binary { one, seen_one } => (one.to_bits(), Some(seen_one)),
            Shown::Uniform { q } => (q.to_bits(), None),
        };
        *self.0.entry(key).or_insert_with(|| SiteScores::of(hit_probability, factor))
    }
}

/// Returns the site's weights, `Some(None)` when it does not weigh, `None` when `seen` cannot be seen there.
fn weigh<'a>(law: Law, seen: &'a Seen, derived: bool, made: &mut Made) -> Option<Option<SiteEvidence<'a>>> {
    match (law, seen) {
        (_, Seen::Erased) => Some(None),
        (Law::Binary { one }, &Seen::Index(index)) => {
            let seen_one = match index {
                0 => false,
                1 => true,
                _ => return None,
            };
            let hit_probability = if seen_one { one } else { 1.0 - one };
            let factor =
                |coalition: &Coalition, hit: bool| coalition.binary(one, MISREAD, seen_one, seen_one == hit);
            let shown = Shown::Binary { one, seen_one };
            Some(derived.then(|| {
                let scores = made.scores(shown, hit_probability, factor);
                SiteEvidence { seen, shown: Some(shown), scores }
            }))
        }
        (Law::Uniform { q }, &Seen::Index(index)) => {
            if f64::from(index) >= q {
                return None;
            }
            let factor = |coalition: &Coalition, hit: bool| coalition.uniform(q, MISREAD, hit);
            let shown = Shown::Uniform { q };
            Some((derived && q > 1.0).then(|| {
                let scores = made.scores(shown, 1.0 / q, factor);
                SiteEvidence { seen, shown: Some(shown), scores }
            }))
        }
        (Law::Value { space }, Seen::Tokens(tokens)) => {
            let distinct = tokens.iter().collect::<BTreeSet<_>>().len();
            let test = ConstantTest::new(distinct, space);
            Some(test.map(|test| {
                let scores = SiteScores::of(test.hit_probability, |_, hit| test.factor(hit));
                SiteEvidence { seen, shown: None, scores }
            }))
        }
        _ => None,
    }
}

/// Adds a row up.
pub(super) fn score_row(evidence: &[Option<SiteEvidence<'_>>], row: &Row) -> Result<Scores, AccuseError> {
    let misfit = || AccuseError::Row(row.member.clone());
    if row.symbols.len() != evidence.len() {
        return Err(misfit());
    }
    let mut ln_bank = [0.0; BANK.len()];
    let (mut ln_values, mut hits) = (0.0, Vec::with_capacity(evidence.len()));
    let (mut symmetric, mut pair) = (0, 0);
    for (site, symbol) in evidence.iter().zip(&row.symbols) {
        let Some(site) = site else { continue };
        let hit = site.is_hit(symbol).ok_or_else(misfit)?;
        symmetric += site.scores.symmetric.weight(hit);
        pair += site.scores.pair.weight(hit);
        let ln_factors = if hit { &site.scores.ln_hit } else { &site.scores.ln_miss };
        for (sum, ln) in ln_bank.iter_mut().zip(ln_factors) {
            *sum += ln;
        }
        match site.shown {
            Some(_) => hits.push(hit),
            // A value's factor is the same in every model.
            None => ln_values += ln_factors.first().copied().unwrap_or(0.0),
        }
    }
    let own = Own { ln_e: ln_mean_exp(&ln_bank), ln_values, hits };
    Ok(Scores { own, symmetric, pair })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::SiteId;
    use crate::reading::SiteReading;

    /// Sites that differ in their law or in what was seen, each twice.
    #[test]
    fn sites_share_scores_only_when_they_show_the_same() {
        let laws = [0.2, 0.5, 0.8].map(|one| Law::Binary { one });
        let laws = laws.into_iter().chain([3.0, 6.0].map(|q| Law::Uniform { q }));
        let both = laws.flat_map(|law| [(law, 0), (law, 1)]);
        let sites: Vec<(Law, u32)> = both.clone().chain(both).collect();
        let id = |at: usize| SiteId(format!("s{at}"));
        let each = |at: usize| {
            let (law, seen) = sites[at];
            let site = SiteReading { site: id(at), seen: Seen::Index(seen) };
            (SiteLaw { site: id(at), law }, site)
        };
        let weigh = |laws: &[SiteLaw], sites: Vec<SiteReading>| -> Vec<SiteScores> {
            let reading = Reading {
                reader: String::new(),
                leak_sha256: String::new(),
                sites,
                aligned: 1.0,
                derived: true,
                erased_channels: Vec::new(),
            };
            let evidence = weigh_sites(laws, &reading).unwrap();
            evidence.into_iter().map(|site| site.unwrap().scores).collect()
        };
        let (laws, seen): (Vec<_>, Vec<_>) = (0..sites.len()).map(each).unzip();
        for (at, together) in weigh(&laws, seen).into_iter().enumerate() {
            let (law, seen) = each(at);
            assert_eq!(together, weigh(&[law], vec![seen])[0], "{at}");
        }
    }
}
