//! Leaks drawn at random against codes drawn at random: how often a leaker is named, and an innocent.
//!
//! No text is rendered or read: what a coalition shows, what is erased and what is misread are drawn site by
//! site, so that many thousands of leaks can be judged. How a package's text behaves is measured elsewhere, on
//! the package itself.
//!
//! Everything is a function of the setting and of the random numbers given.

mod standard;

use rand::Rng;
use serde::Serialize;

use crate::accuse::bound::accuses;
use crate::accuse::factor::{Coalition, Strategy};
use crate::accuse::{AccuseError, Law, Row, SiteLaw, accuse};
use crate::code::{Bias, Draw, SCALE};
use crate::master::{SiteId, Symbol};
use crate::reading::{Reading, Seen, SiteReading};
pub use standard::{DETECTION_EPSILON, FALSE_ACCUSATION_EPSILONS, Target, detection, false_accusations};

/// Where a simulated leak comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Colluders who mix their copies.
    Mixed(Strategy),
    /// The same by interleaving, with every second site shown in one form whatever the copies hold, as a
    /// formatter or a spell-checker leaves it.
    Canonicalised,
    /// A text that no member's copy is behind, read as this package: everybody is innocent.
    Unrelated,
    /// Any of these, drawn for each leak, with a rate of misreads drawn up to the setting's.
    Any,
}

/// A code, a coalition and what happens to its leak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Members with a copy, n.
    pub members: usize,
    /// Sites of two symbols.
    pub sites: usize,
    /// Law of the sites' p.
    pub bias: Bias,
    /// Who leaks.
    pub origin: Origin,
    /// How many of the members collude; at most `members`.
    pub colluders: usize,
    /// Share of the sites that are not read.
    pub erased: f64,
    /// Share of the read sites that are read as the other symbol.
    pub misread: f64,
}

/// What one leak led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whether a colluder was accused.
    pub named: bool,
    /// Whether an innocent was accused.
    pub wrong: bool,
}

impl Setting {
    /// Draws a code and a leak, weighs it, and returns the outcome at each ε.
    ///
    /// The screen, the banks and the thresholds are those of every trace.
    ///
    /// # Errors
    /// Refuses what [`accuse`] refuses: no member, an impossible ε.
    pub fn leak(&self, epsilons: &[f64], rng: &mut impl Rng) -> Result<Vec<Outcome>, AccuseError> {
        let law = Draw::new(self.bias);
        let ones: Vec<u32> = (0..self.sites).map(|_| law.next(|n| rng.gen_range(0..n))).collect();
        let rows: Vec<Row> = (0..self.members).map(|member| row(member, &ones, rng)).collect();
        let leak = self.settle(rng);
        let guilty = if leak.origin == Origin::Unrelated { 0 } else { self.colluders.min(self.members) };
        let reading = leak.read(rows.get(..guilty).unwrap_or_default(), rng);
        let law = |(site, one): (usize, &u32)| SiteLaw {
            site: site_id(site),
            law: Law::Binary { one: f64::from(*one) / f64::from(SCALE) },
        };
        let laws: Vec<SiteLaw> = ones.iter().enumerate().map(law).collect();
        let epsilon = epsilons.first().copied().unwrap_or(f64::NAN);
        let trace = accuse(&laws, &rows, &reading, epsilon)?;
        let accused = |epsilon: f64| {
            let mut outcome = Outcome::default();
            for (at, found) in trace.members.iter().enumerate() {
                let ln_e = found.log10_e * std::f64::consts::LN_10;
                if accuses(ln_e, found.p_value, self.members, epsilon) {
                    let innocent = at >= guilty;
                    outcome.wrong |= innocent;
                    outcome.named |= !innocent;
                }
            }
            outcome
        };
        Ok(epsilons.iter().copied().map(accused).collect())
    }

    /// Draws what [`Origin::Any`] leaves open.
    fn settle(&self, rng: &mut impl Rng) -> Setting {
        if self.origin != Origin::Any {
            return *self;
        }
        let strategy = rng.gen_range(0..Strategy::ALL.len());
        let origin = match rng.gen_range(0..3) {
            0 => Origin::Unrelated,
            1 => Origin::Canonicalised,
            _ => Origin::Mixed(Strategy::ALL.get(strategy).copied().unwrap_or(Strategy::Interleave)),
        };
        Setting { origin, misread: rng.gen_range(0.0..=self.misread), ..*self }
    }

    /// Draws what the coalition's leak shows at each site.
    fn read(&self, guilty: &[Row], rng: &mut impl Rng) -> Reading {
        let colluders = u32::try_from(guilty.len()).unwrap_or(u32::MAX);
        let mut sites = Vec::with_capacity(self.sites);
        for site in 0..self.sites {
            let holds_one = |row: &&Row| row.symbols.get(site) == Some(&Symbol::Index(1));
            let ones = u32::try_from(guilty.iter().filter(holds_one).count()).unwrap_or(u32::MAX);
            let one = match self.origin {
                Origin::Mixed(strategy) => Coalition { colluders, strategy }.shows_one(ones),
                Origin::Canonicalised if site % 2 == 0 => 0.0,
                Origin::Canonicalised => {
                    Coalition { colluders, strategy: Strategy::Interleave }.shows_one(ones)
                }
                Origin::Unrelated | Origin::Any => 0.5,
            };
            let shown = rng.gen_bool(one) != rng.gen_bool(self.misread);
            let seen = if rng.gen_bool(self.erased) { Seen::Erased } else { Seen::Index(u32::from(shown)) };
            sites.push(SiteReading { site: site_id(site), seen });
        }
        Reading {
            reader: "simulated".into(),
            leak_sha256: String::new(),
            sites,
            aligned: 1.0,
            derived: true,
            erased_channels: Vec::new(),
        }
    }
}

fn row(member: usize, ones: &[u32], rng: &mut impl Rng) -> Row {
    let symbol = |one: &u32| Symbol::Index(u32::from(rng.gen_range(0..SCALE) < *one));
    Row { member: format!("m{member}"), symbols: ones.iter().map(symbol).collect() }
}

fn site_id(site: usize) -> SiteId {
    SiteId(format!("s{site}"))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const LONE: Setting = Setting {
        members: 20,
        sites: 40,
        bias: Bias::Half,
        origin: Origin::Mixed(Strategy::Interleave),
        colluders: 1,
        erased: 0.0,
        misread: 0.0,
    };

    fn rates(setting: Setting, leaks: u64, epsilon: f64) -> (f64, f64) {
        let outcome = |seed| setting.leak(&[epsilon], &mut StdRng::seed_from_u64(seed)).unwrap()[0];
        let outcomes: Vec<Outcome> = (0..leaks).map(outcome).collect();
        let rate = |of: fn(&Outcome) -> bool| {
            outcomes.iter().filter(|outcome| of(outcome)).count() as f64 / leaks as f64
        };
        (rate(|outcome| outcome.named), rate(|outcome| outcome.wrong))
    }

    #[test]
    fn nobody_and_no_epsilon_are_refused() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(Setting { members: 0, ..LONE }.leak(&[0.1], &mut rng), Err(AccuseError::NoPopulation));
        assert!(matches!(LONE.leak(&[], &mut rng), Err(AccuseError::Epsilon(_))));
    }

    #[test]
    fn what_is_erased_or_from_elsewhere_names_nobody() {
        assert_eq!(rates(Setting { erased: 1.0, ..LONE }, 20, 0.5), (0.0, 0.0));
        let unrelated = Setting { origin: Origin::Unrelated, ..LONE };
        let (named, wrong) = rates(unrelated, 400, 0.2);
        assert!(named == 0.0 && wrong <= 0.2, "{named} {wrong}");
    }

    #[test]
    fn a_lone_leaker_is_named_and_misreads_cost() {
        assert_eq!(rates(LONE, 50, 1e-6), (1.0, 0.0));
        let (named, _) = rates(Setting { misread: 0.3, ..LONE }, 50, 1e-6);
        assert!(named < 0.2, "{named}");
    }

    #[test]
    fn a_lower_epsilon_accuses_no_more() {
        let setting = Setting { sites: 24, ..LONE };
        for seed in 0..100 {
            let outcomes = setting.leak(&[1e-2, 1e-9], &mut StdRng::seed_from_u64(seed)).unwrap();
            assert!(outcomes[0].named >= outcomes[1].named && outcomes[0].wrong >= outcomes[1].wrong);
        }
    }
}
