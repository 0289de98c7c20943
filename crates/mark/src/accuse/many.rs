//! The same decision for a population too large to hold: rows are opened one at a time, packed and screened, and
//! only whom the screen keeps is weighed in full.

use super::bound::{SCORES, ln_e_threshold};
use super::joint::SCREEN;
use super::tail::{Step, Tail};
use super::verdict::{AccuseError, Row, SiteLaw, Trace, check, decide, tails};
use super::weigh::{SiteEvidence, score_row, weigh_sites};
use crate::master::Symbol;
use crate::reading::Reading;
use crate::screen::{PackedRows, Rule, ScreenError, Side, Weights, least_accusing, screen};

/// Weighs a reading against every member's row, as [`accuse`](super::accuse) does, holding a bit for each site of
/// two symbols instead of the rows; `row` opens a member's row and is asked again for members that are kept.
///
/// The verdict, who is accused and in which order, and the evidence of every member in [`Trace::members`] are what
/// `accuse` gives. The difference: `members` holds only those whom the screen keeps, and whoever is not among them
/// is not accused and is nobody's partner. Proof: a member that is paired is among the [`SCREEN`] greatest ln e,
/// equals in the population's order, and one that is not paired has less than its own ln e; the screen keeps both
/// the first and all that own evidence or a tail score could accuse ([`crate::screen`]).
///
/// # Errors
///
/// Refuses what `accuse` refuses: see [`AccuseError`].
pub fn accuse_many(
    sites: &[SiteLaw],
    members: &[String],
    row: impl Fn(&str) -> Vec<Symbol>,
    reading: &Reading,
    epsilon: f64,
) -> Result<Trace, AccuseError> {
    accuse_many_pairing(SCREEN, sites, members, row, reading, epsilon)
}

fn accuse_many_pairing(
    paired: usize,
    sites: &[SiteLaw],
    members: &[String],
    row: impl Fn(&str) -> Vec<Symbol>,
    reading: &Reading,
    epsilon: f64,
) -> Result<Trace, AccuseError> {
    check(sites, members.iter().map(String::as_str), epsilon)?;
    let evidence = weigh_sites(sites, reading)?;
    let tails = tails(&evidence);
    let (rows, side) = pack(&evidence, members, &row)?;
    let weights = evidence.iter().flatten().filter_map(bit_weights);
    let least_tail = |tail: &Tail, step: fn(&SiteEvidence<'_>) -> Step| {
        let steps = || evidence.iter().flatten().map(step);
        let (least, most) = (steps().map(|step| step.miss).sum(), steps().map(|step| step.hit).sum());
        least_accusing(tail, least, most, members.len(), epsilon)
    };
    let [symmetric, pair] = &tails;
    let least_tail: [i64; SCORES as usize] =
        [least_tail(symmetric, |site| site.scores.symmetric), least_tail(pair, |site| site.scores.pair)];
    let rule = Rule {
        sites: weights.collect(),
        side,
        least_ln_e: ln_e_threshold(members.len(), epsilon),
        least_tail,
        best: paired,
    };
    let kept = screen(&rows, &rule).map_err(|error| misfit(&error, members))?.kept;
    let open = |at: &usize| {
        let member = members.get(*at)?;
        Some(Row { member: member.clone(), symbols: row(member) })
    };
    let kept: Vec<Row> = kept.iter().filter_map(open).collect();
    let scores = kept.iter().map(|row| score_row(&evidence, row)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = kept.iter().map(|row| row.member.as_str()).collect();
    let n = members.len();
    Ok(decide(paired, &evidence, &tails, (&names, n), scores, reading, epsilon))
}

/// Weights of a site that rows have a bit for, by symbol; `None` for sites of other kinds.
fn bit_weights(site: &SiteEvidence<'_>) -> Option<Weights> {
    let seen_one = site.seen_one()?;
    Some(Weights::of_scores(&site.scores).seen(seen_one))
}

/// Packs everybody's symbols at the read sites of two symbols, and lists who hits the others.
fn pack(
    evidence: &[Option<SiteEvidence<'_>>],
    members: &[String],
    row: impl Fn(&str) -> Vec<Symbol>,
) -> Result<(PackedRows, Vec<Side>), AccuseError> {
    let is_bit = |site: &SiteEvidence<'_>| site.seen_one().is_some();
    let bits = evidence.iter().flatten().filter(|site| is_bit(site)).count();
    let mut rows = PackedRows::new(bits, members.len());
    let others = evidence.iter().flatten().filter(|site| !is_bit(site));
    let mut side: Vec<Side> =
        others.map(|site| Side { weights: Weights::of_scores(&site.scores), hits: Vec::new() }).collect();
    for (at, member) in members.iter().enumerate() {
        let wrong = || AccuseError::Row(member.clone());
        let symbols = row(member);
        if symbols.len() != evidence.len() {
            return Err(wrong());
        }
        let mut ones = Vec::with_capacity(bits);
        let mut lists = side.iter_mut();
        for (site, symbol) in evidence.iter().zip(&symbols) {
            let Some(site) = site else { continue };
            let hit = site.is_hit(symbol).ok_or_else(wrong)?;
            match site.seen_one() {
                Some(seen_one) => ones.push(hit == seen_one),
                None => lists.next().into_iter().filter(|_| hit).for_each(|side| side.hits.push(at)),
            }
        }
        rows.push(ones).map_err(|error| misfit(&error, members))?;
    }
    Ok((rows, side))
}

/// What the screen refuses is a row or a site that does not belong to the package.
fn misfit(error: &ScreenError, members: &[String]) -> AccuseError {
    let name = |at: &usize| members.get(*at).cloned().unwrap_or_default();
    match error {
        ScreenError::Row { member, .. } | ScreenError::Hit(member) => AccuseError::Row(name(member)),
        ScreenError::Sites { .. } | ScreenError::Weight(_) => AccuseError::Law(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
