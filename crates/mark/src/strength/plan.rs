//! The planner: what a claim needs, what a package's sites hold, and what is missing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::floor::{binary_rate, joint_bits, value_bits};
use crate::accuse::bound::{SCORES, p_threshold};
use crate::accuse::{Law, SiteLaw};
use crate::master::{Master, Node};

/// Greatest coalition that a claim may name; no decoder here models more.
pub const MAX_COLLUDERS: u32 = 8;

/// What an operator says a package's marks can do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Members that get a copy, n.
    pub members: usize,
    /// Members that may leak together, C.
    pub colluders: u32,
    /// Bound on accusing any innocent member, ε.
    pub epsilon: f64,
    /// Share of the sites that a leak may lose, 0 to below 1.
    #[serde(default)]
    pub erased: f64,
}

/// Why a claim makes no sense.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ClaimError {
    /// ε is no probability.
    #[error("epsilon `{0}` is not between 0 and 1, give a bound such as 1e-6")]
    Epsilon(f64),
    /// No member.
    #[error("a claim is about at least one member, give how many get a copy")]
    Members,
    /// No colluder, more than there are members, or more than the decoder models.
    #[error("`{colluders}` of {members} members cannot leak together here, give 1 to {}", MAX_COLLUDERS.min(u32::try_from(*.members).unwrap_or(u32::MAX)))]
    Colluders {
        /// Colluders given.
        colluders: u32,
        /// Members given.
        members: usize,
    },
    /// The erased share is no share below 1.
    #[error("`{0}` of the sites cannot be lost, give a share from 0 to below 1")]
    Erased(f64),
}

/// What a package's sites are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteTally {
    /// Sites of two symbols.
    pub binary: usize,
    /// Choices and orders of more symbols.
    pub many: usize,
    /// Generated values.
    pub values: usize,
}

/// A claim against a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The claim.
    pub claim: Claim,
    /// The package's sites.
    pub sites: SiteTally,
    /// Bits about each colluder that an accusation needs.
    pub need_bits: f64,
    /// Bits about each colluder that the sites hold once the share that may be lost is gone.
    pub have_bits: f64,
    /// What is missing; absent when the claim is within the floor.
    pub short: Option<Shortfall>,
    /// What the sites do support, by coalition size from 1 on.
    pub supports: Vec<Supported>,
}

/// What a package lacks for a claim.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortfall {
    /// Bits missing about each colluder.
    pub bits: f64,
    /// Binary sites that would hold them.
    pub binary_sites: usize,
    /// Generated values of 48 bits that would hold them; absent where values do not help.
    pub values: Option<usize>,
}

/// The strongest bound that the sites support for a coalition size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Supported {
    /// Members that leak together.
    pub colluders: u32,
    /// The least ε, rounded up to a power of ten.
    pub epsilon: f64,
}

impl Claim {
    /// Checks that the claim can be made of any package.
    ///
    /// # Errors
    /// [`ClaimError`] says which part cannot be.
    pub fn check(&self) -> Result<(), ClaimError> {
        if self.members == 0 {
            return Err(ClaimError::Members);
        }
        let most = MAX_COLLUDERS.min(u32::try_from(self.members).unwrap_or(u32::MAX));
        if self.colluders == 0 || self.colluders > most {
            return Err(ClaimError::Colluders { colluders: self.colluders, members: self.members });
        }
        if !(self.epsilon > 0.0 && self.epsilon < 1.0) {
            return Err(ClaimError::Epsilon(self.epsilon));
        }
        if !(0.0..1.0).contains(&self.erased) {
            return Err(ClaimError::Erased(self.erased));
        }
        Ok(())
    }

    /// Returns the bits about one member that accuse it: log2 of 1 over the least p-value that does, the
    /// correction for several scores included.
    pub fn need_bits(&self) -> f64 {
        -(p_threshold(self.members, self.epsilon) / f64::from(SCORES)).log2()
    }

    /// Says the claim in words: `2 members together at 1e-6`.
    pub fn says(&self) -> String {
        regime(self.colluders, self.epsilon)
    }
}

impl Plan {
    /// Says what the package supports in words: `one leaker at 1e-3`, or `no claim`.
    pub fn supported(&self) -> String {
        let said: Vec<String> =
            self.supports.iter().map(|found| regime(found.colluders, found.epsilon)).collect();
        if said.is_empty() { "no claim at all".into() } else { said.join(", ") }
    }

    /// Says what is missing and what to add; nothing when the claim is within the floor.
    pub fn missing(&self) -> Option<String> {
        let short = self.short?;
        let values = short.values.map_or_else(String::new, |count| match count {
            1 => String::from("one `{~name=rand:hex12~}` constant or "),
            _ => format!("{count} `{{~name=rand:hex12~}}` constants or "),
        });
        Some(format!(
            "the package's {} hold {:.0} bits about each leaker where {} among {} members needs {:.0}; add {values}{}",
            plural(self.sites.binary + self.sites.many + self.sites.values, "site"),
            self.have_bits,
            self.claim.says(),
            self.claim.members,
            self.need_bits.ceil(),
            plural(short.binary_sites, "binary site"),
        ))
    }
}

/// Weighs a claim against the sites of a package; `sites` are the laws its codebook draws from.
///
/// What it finds short cannot work; what it passes may still fail for lack of readable text, which
/// [`Meter`](super::Meter) measures.
///
/// # Errors
/// A claim that cannot be made of any package.
pub fn plan(sites: &[SiteLaw], claim: Claim) -> Result<Plan, ClaimError> {
    claim.check()?;
    let left = 1.0 - claim.erased;
    let holds = |colluders| left * joint_bits(sites.iter().map(|site| &site.law), colluders);
    let (need_bits, have_bits) = (claim.need_bits(), holds(claim.colluders));
    let short = (have_bits < need_bits).then(|| {
        let bits = need_bits - have_bits;
        let count = |per_one: f64| (bits / (left * per_one)).ceil() as usize;
        Shortfall {
            bits,
            binary_sites: count(binary_rate(sites, claim.colluders)),
            values: (claim.colluders == 1).then(|| count(value_bits())),
        }
    });
    let supports = (1..=claim.colluders)
        .map_while(|colluders| {
            // The bound at which need and have are equal.
            let ln = (2.0 * f64::from(SCORES) * claim.members as f64).ln()
                - holds(colluders) * std::f64::consts::LN_2;
            let decades = (ln / std::f64::consts::LN_10 - 1e-9).ceil();
            let epsilon = 10_f64.powf(decades.max(claim.epsilon.log10()));
            (decades < 0.0).then_some(Supported { colluders, epsilon })
        })
        .collect();
    Ok(Plan { claim, sites: tally(sites), need_bits, have_bits, short, supports })
}

/// Gives the laws of the sites that show in some of a package's files.
pub fn shown_in(master: &Master, sites: &[SiteLaw], holds: impl Fn(&str) -> bool) -> Vec<SiteLaw> {
    let mut shown = BTreeSet::new();
    for file in master.files.iter().filter(|file| holds(&file.path)) {
        sites_of(&file.nodes, &mut shown);
    }
    shown.iter().filter_map(|&site| sites.get(site)).cloned().collect()
}

/// Collects the sites that nodes show in some rendering.
pub(super) fn sites_of(nodes: &[Node], sites: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Constant { site } => {
                sites.insert(site.0);
            }
            Node::Choice { site, branches: inner } | Node::Order { site, items: inner, .. } => {
                sites.insert(site.0);
                inner.iter().for_each(|nodes| sites_of(nodes, sites));
            }
        }
    }
}

fn tally(sites: &[SiteLaw]) -> SiteTally {
    let mut tally = SiteTally::default();
    for site in sites {
        match site.law {
            Law::Binary { .. } => tally.binary += 1,
            Law::Uniform { .. } => tally.many += 1,
            Law::Value { .. } => tally.values += 1,
        }
    }
    tally
}

fn regime(colluders: u32, epsilon: f64) -> String {
    match colluders {
        1 => format!("one leaker at {epsilon:.0e}"),
        _ => format!("{colluders} members together at {epsilon:.0e}"),
    }
}

/// Says how many: `1 site`, `2 sites`.
pub(super) fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::SiteId;

    fn sites(laws: &[Law]) -> Vec<SiteLaw> {
        let named = |(at, law): (usize, &Law)| SiteLaw { site: SiteId(at.to_string()), law: *law };
        laws.iter().enumerate().map(named).collect()
    }

    fn claim(members: usize, colluders: u32, epsilon: f64) -> Claim {
        Claim { members, colluders, epsilon, erased: 0.0 }
    }

    #[test]
    fn impossible_claims_are_refused() {
        let refused = |claim: Claim| plan(&[], claim).unwrap_err();
        assert_eq!(refused(claim(0, 1, 0.1)), ClaimError::Members);
        for colluders in [0, 3, 9] {
            assert_eq!(refused(claim(2, colluders, 0.1)), ClaimError::Colluders { colluders, members: 2 });
        }
        for epsilon in [0.0, 1.0, -1.0] {
            assert_eq!(refused(claim(2, 1, epsilon)), ClaimError::Epsilon(epsilon));
        }
        assert!(matches!(refused(claim(2, 1, f64::NAN)), ClaimError::Epsilon(_)));
        let all = Claim { erased: 1.0, ..claim(2, 1, 0.1) };
        assert_eq!(refused(all), ClaimError::Erased(1.0));
    }

    #[test]
    fn a_package_without_sites_supports_nothing() {
        let plan = plan(&[], claim(100, 1, 1e-6)).unwrap();
        assert!(plan.supports.is_empty());
        let short = plan.short.unwrap();
        assert_eq!((short.binary_sites, short.values), (29, Some(1)));
        assert_eq!(
            plan.missing().unwrap(),
            "the package's 0 sites hold 0 bits about each leaker where one leaker at 1e-6 among 100 members needs 29; add one `{~name=rand:hex12~}` constant or 29 binary sites"
        );
        assert_eq!(plan.supported(), "no claim at all");
    }

    /// The floor is where the exact tail of an untouched copy starts to accuse.
    #[test]
    fn the_floor_of_one_leaker_is_exact() {
        let binary = |count| sites(&vec![Law::Binary { one: 0.5 }; count]);
        assert!(plan(&binary(28), claim(100, 1, 1e-6)).unwrap().short.is_some());
        assert!(plan(&binary(29), claim(100, 1, 1e-6)).unwrap().short.is_none());
        let half_lost = Claim { erased: 0.5, ..claim(100, 1, 1e-6) };
        assert_eq!(plan(&binary(29), half_lost).unwrap().short.unwrap().binary_sites, 29);
    }

    #[test]
    fn two_members_need_four_times_the_sites_and_no_value_helps() {
        let mut laws = vec![Law::Binary { one: 0.5 }; 100];
        laws.push(Law::Value { space: 2_f64.powi(48) });
        let plan = plan(&sites(&laws), claim(100, 2, 1e-6)).unwrap();
        assert_eq!(plan.sites, SiteTally { binary: 100, many: 0, values: 1 });
        let short = plan.short.unwrap();
        assert_eq!((short.binary_sites, short.values), (15, None));
        assert_eq!(plan.supported(), "one leaker at 1e-6, 2 members together at 1e-4");
    }
}
