//! What a hunt came to: hits, and what they say about each member.

use serde::Serialize;

use super::table::Owner;
use super::{Encoding, Hunter};
use crate::accuse::bound::ln_e_threshold;
use crate::accuse::constant::ConstantTest;
use crate::master::{Generator, SiteId};

/// Version of everything a hunt's numbers depend on, beside those of [`SCORER`](crate::accuse::SCORER).
pub const HUNTER: &str = "mark-hunt/1";

/// The result of a hunt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HuntReport {
    /// [`HUNTER`].
    pub hunter: String,
    /// Bytes that were hunted through.
    pub bytes: u64,
    /// Members hunted for.
    pub population: usize,
    /// Bound on the chance that any innocent member is accused by this hunt.
    pub epsilon: f64,
    /// log10 of the evidence that accuses.
    pub threshold_log10_e: f64,
    /// log10 of the evidence about every member without a hit.
    pub others_log10_e: f64,
    /// Members whose copy the values come from.
    pub accused: Vec<String>,
    /// Evidence about every member with a hit, in the order of the members.
    pub members: Vec<HuntEvidence>,
    /// The package's constants, in the order of its sites.
    pub constants: Vec<ConstantSeen>,
    /// Hits in all.
    pub hit_count: u64,
    /// The first hits of every value, in the order of source, record and offset where fed in that order.
    pub hits: Vec<Hit>,
}

/// What a hunt says about one member.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HuntEvidence {
    /// Member id.
    pub member: String,
    /// log10 of the e-value: at most 0 on average for an innocent.
    pub log10_e: f64,
    /// How often the member's values were seen.
    pub hits: u64,
    /// Ids of the constants that were seen with the member's values.
    pub constants: Vec<SiteId>,
}

/// A constant of the package, and how much of its shape was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConstantSeen {
    /// Its site.
    pub site: SiteId,
    /// The author's name for it.
    pub name: Option<String>,
    /// Its shape.
    pub shape: Generator,
    /// Distinct tokens that some member might have as its value, T; or more when `exact` is false.
    pub tokens: u64,
    /// Whether `tokens` counts every token once.
    pub exact: bool,
}

/// A member's value where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The caller's number of the stream.
    pub source: usize,
    /// The record, such as a packet, that the caller named; 0 without records.
    pub record: u64,
    /// Line in the source or record, from 1.
    pub line: u64,
    /// Offset in the source or record of the first byte of the value or its encoding, from 0.
    pub offset: u64,
    /// Bytes that the value or its encoding takes.
    pub length: usize,
    /// Whose value it is.
    pub member: String,
    /// Which constant.
    pub site: SiteId,
    /// The author's name for the constant.
    pub name: Option<String>,
    /// Encodings it stands behind, outermost first; empty in plain text.
    pub encodings: Vec<Encoding>,
}

impl Hunter<'_> {
    /// Weighs what was seen.
    ///
    /// Every constant of whose shape anything was seen is one factor: ρ + (1-ρ)·|V|/T for a member whose
    /// value was seen, ρ for one whose value was not, with |V|/T capped
    /// ([`ConstantTest`]). A member is accused when the product reaches the threshold of a trace,
    /// [`ln_e_threshold`]: ε/2 of the bound; the other half is left unspent.
    pub fn finish(self) -> HuntReport {
        let tests: Vec<Option<ConstantTest>> = self
            .constants
            .iter()
            .map(|constant| {
                let tally = self.search.tallies.get(constant.tally)?;
                let tokens = usize::try_from(tally.at_most()).unwrap_or(usize::MAX);
                ConstantTest::new(tokens, tally.space.at_least())
            })
            .collect();
        let none: f64 = tests.iter().flatten().map(|test| test.factor(false).ln()).sum();
        let least = ln_e_threshold(self.members.len(), self.epsilon);

        let mut members: Vec<HuntEvidence> = Vec::new();
        let mut accused = Vec::new();
        // Counts are ordered by member, then constant.
        let counts: Vec<(Owner, u64)> = self.counts.iter().map(|(owner, count)| (*owner, *count)).collect();
        for of_one in counts.chunk_by(|one, next| one.0.member == next.0.member) {
            let Some(member) = of_one.first().and_then(|(owner, _)| self.members.get(owner.member)) else {
                continue;
            };
            let gain = of_one.iter().filter_map(|(owner, _)| tests.get(owner.constant).copied().flatten());
            let ln_e = none + gain.map(|test| test.factor(true).ln() - test.factor(false).ln()).sum::<f64>();
            if ln_e >= least {
                accused.push(member.clone());
            }
            members.push(HuntEvidence {
                member: member.clone(),
                log10_e: ln_e / std::f64::consts::LN_10,
                hits: of_one.iter().map(|(_, count)| count).sum(),
                constants: of_one
                    .iter()
                    .filter_map(|(owner, _)| self.constants.get(owner.constant))
                    .map(|constant| constant.site.clone())
                    .collect(),
            });
        }
        HuntReport {
            hunter: HUNTER.to_owned(),
            bytes: self.bytes,
            population: self.members.len(),
            epsilon: self.epsilon,
            threshold_log10_e: least / std::f64::consts::LN_10,
            others_log10_e: none / std::f64::consts::LN_10,
            accused,
            members,
            constants: self.seen(),
            hit_count: counts.iter().map(|(_, count)| count).sum(),
            hits: self.hits,
        }
    }

    fn seen(&self) -> Vec<ConstantSeen> {
        let seen = self.constants.iter().filter_map(|constant| {
            let tally = self.search.tallies.get(constant.tally)?;
            Some(ConstantSeen {
                site: constant.site.clone(),
                name: constant.name.clone(),
                shape: tally.generator,
                tokens: tally.at_most(),
                exact: tally.is_exact(),
            })
        });
        seen.collect()
    }
}
