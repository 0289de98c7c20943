//! Sightings: what was seen outside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    case::Observation,
    context::Context,
    deadline,
    id::{CaseId, Sha256, SightingId},
    program::Program,
    refusal::Refusal,
};

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SightingKind {
    /// A file that should not be where it was found.
    Leak,
    /// The vulnerability used by an attacker.
    Exploitation,
    /// Somebody speaks of it.
    Mention,
}

/// A file found outside, kept as an encrypted blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Its name as found.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// Name of the blob that holds it: SHA-256 of the ciphertext.
    pub blob: Sha256,
}

/// Something seen outside, with when it was seen and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Its number.
    pub id: SightingId,
    /// The case it concerns.
    pub case: CaseId,
    /// What kind of thing.
    pub kind: SightingKind,
    /// When it was seen out there.
    pub seen: Timestamp,
    /// Where, by whom, how.
    pub note: String,
    /// What was found.
    pub exhibits: Vec<Exhibit>,
}

/// What happened to a sighting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SightingEvent {
    /// It was reported.
    Added(Sighting),
}

/// What somebody reports to have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What kind of thing.
    pub kind: SightingKind,
    /// When it was seen.
    pub seen: Timestamp,
    /// Where, by whom, how.
    pub note: String,
    /// What was found.
    pub exhibits: Vec<Exhibit>,
}

/// Decides on a sighting; exploitation under embargo opens an exit decision.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    report: Report,
) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    if report.seen > ctx.now {
        return Err(Refusal::SeenInTheFuture { seen: report.seen, now: ctx.now });
    }
    let Report { kind, seen, note, exhibits } = report;
    if kind == SightingKind::Leak && exhibits.is_empty() && note.trim().is_empty() {
        return Err(Refusal::Empty("a leak's note, where no file was found,"));
    }
    let sighting = Sighting { id: program.next_sighting(), case: id.clone(), kind, seen, note, exhibits };
    let mut events = vec![Event::Sighting(SightingEvent::Added(sighting))];
    if kind == SightingKind::Exploitation {
        events.extend(case.observe(Observation::AttacksObserved, seen));
        events.extend(deadline::open_exit_decision(program, id, ctx.now));
    }
    Ok(events)
}
