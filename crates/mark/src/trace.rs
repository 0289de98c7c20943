//! A whole trace: read the leak blind, then open the codebook and weigh.

use crate::accuse::{AccuseError, Law, Row, SiteLaw, Trace, accuse, accuse_many, joint::SCREEN};
use crate::code::Codebook;
use crate::master::{Master, SiteIx};
use crate::read::{LeakFile, read};
use crate::reading::Reading;

/// Reads a leak and weighs it against the copies of `members`, every member that got one.
///
/// The order matters: the reading is made before a row exists. A caller that logs the reading before it
/// opens the codebook calls [`read`], [`laws`], [`rows`] and [`accuse`] itself.
///
/// # Errors
///
/// Refuses what [`accuse`] refuses: an impossible ε, no member, a member twice.
pub fn trace(
    master: &Master,
    codebook: &Codebook,
    members: &[String],
    leak: &[LeakFile],
    epsilon: f64,
) -> Result<(Reading, Trace), AccuseError> {
    let reading = read(master, leak);
    let trace = accuse(&laws(master, codebook), &rows(codebook, members), &reading, epsilon)?;
    Ok((reading, trace))
}

/// Greatest population that is weighed whole without being asked to: up to it the screen rules nobody out.
pub const MANY: usize = SCREEN;

/// Does what [`trace`] does in the memory of a bit for each member and site; of a population larger than [`MANY`]
/// [`Trace::members`] holds only those whom the screen keeps: nobody else could be accused.
///
/// # Errors
///
/// Refuses what [`trace`] refuses.
pub fn trace_many(
    master: &Master,
    codebook: &Codebook,
    members: &[String],
    leak: &[LeakFile],
    epsilon: f64,
) -> Result<(Reading, Trace), AccuseError> {
    let reading = read(master, leak);
    let row = |member: &str| codebook.codeword(member).symbols().to_vec();
    let trace = accuse_many(&laws(master, codebook), members, row, &reading, epsilon)?;
    Ok((reading, trace))
}

/// Gives the law of every site's symbols, in the order of the master's sites.
pub fn laws(master: &Master, codebook: &Codebook) -> Vec<SiteLaw> {
    let law = |at: usize, kind| match codebook.one(SiteIx(at)) {
        Some(one) => Law::Binary { one },
        // Only constants have a space; of other sites it is not read.
        None => Law::of(kind, codebook.value_space(SiteIx(at)).map_or(1.0, |space| space.at_least())),
    };
    let sites = master.sites.iter().enumerate();
    sites.map(|(at, site)| SiteLaw { site: site.id.clone(), law: law(at, &site.kind) }).collect()
}

/// Opens the rows of some members.
pub fn rows(codebook: &Codebook, members: &[String]) -> Vec<Row> {
    let row = |member: &String| Row {
        member: member.clone(),
        symbols: codebook.codeword(member).symbols().to_vec(),
    };
    members.iter().map(row).collect()
}
