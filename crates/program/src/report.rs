//! Members' reports: what a member tells the program of itself or of the world. Operators judge what follows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Event, actor,
    by::By,
    context::Context,
    id::{CaseId, MemberId, ReportId, SightingId},
    program::Program,
    refusal::Refusal,
    sighting::{self, Exhibit, Report, SightingKind},
    token::Scope,
};

/// Longest note, in bytes.
pub const LONGEST_NOTE: usize = 4_000;

/// Most exhibits of one report.
pub const MOST_EXHIBITS: usize = 4;

/// Longest name of an exhibit, in bytes.
pub const LONGEST_NAME: usize = 200;

/// Most reports of one member within [`WITHIN`]: a tool gone wild must not fill the log.
pub const MOST: usize = 50;

/// What [`MOST`] counts over.
pub const WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What a member says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It saw something outside.
    Sighting {
        /// What kind of thing.
        kind: SightingKind,
        /// When it was seen.
        seen: Timestamp,
        /// What was found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exhibits: Vec<Exhibit>,
    },
    /// Its detection covers the case.
    Coverage {
        /// Since when.
        since: Timestamp,
    },
    /// It made a mistake: published early, passed something on.
    Mistake {
        /// When.
        at: Timestamp,
    },
}

/// A member's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberReport {
    /// Its number.
    pub id: ReportId,
    /// Who reports.
    pub member: MemberId,
    /// By what.
    #[serde(flatten)]
    pub by: By,
    /// Which case it is about.
    pub case: CaseId,
    /// What it says.
    pub said: Said,
    /// In words.
    pub note: String,
    /// When it was filed.
    pub filed: Timestamp,
    /// The sighting that an operator made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopted: Option<SightingId>,
}

/// What is asked of members' reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportCommand {
    /// A member files one; filing the same again decides on nothing.
    File {
        /// Who.
        member: MemberId,
        /// By what.
        by: By,
        /// About which case; one that the member was granted something of.
        case: CaseId,
        /// What.
        said: Said,
        /// In words.
        note: String,
    },
    /// An operator makes a sighting of a member's, with all that follows from one.
    Adopt {
        /// Which report.
        report: ReportId,
    },
}

/// What happened to a member's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportEvent {
    /// It was filed.
    Filed {
        /// Its number.
        report: ReportId,
        /// Who.
        member: MemberId,
        /// By what.
        #[serde(flatten)]
        by: By,
        /// About which case.
        case: CaseId,
        /// What.
        said: Said,
        /// In words.
        note: String,
    },
    /// An operator made a sighting of it.
    Adopted {
        /// Which report.
        report: ReportId,
        /// Which sighting.
        sighting: SightingId,
    },
}

impl MemberReport {
    /// Returns the instant that it speaks of.
    #[must_use]
    pub fn when(&self) -> Timestamp {
        match self.said {
            Said::Sighting { seen, .. } => seen,
            Said::Coverage { since } => since,
            Said::Mistake { at } => at,
        }
    }

    /// Returns what it is, in a word or two.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match &self.said {
            Said::Sighting { kind: SightingKind::Leak, .. } => "sighting: leak",
            Said::Sighting { kind: SightingKind::Exploitation, .. } => "sighting: exploitation",
            Said::Sighting { kind: SightingKind::Mention, .. } => "sighting: mention",
            Said::Coverage { .. } => "coverage",
            Said::Mistake { .. } => "mistake",
        }
    }

    /// Tells whether what it speaks of lies before the case's public instant, as far as that is known.
    #[must_use]
    pub fn before_public(&self, program: &Program) -> Option<bool> {
        Some(self.when() < program.case(&self.case).ok()?.embargo().public()?)
    }
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: ReportCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        ReportCommand::File { member, by, case, said, note } => {
            if ctx.actor.as_str() != actor::MEMBER {
                return Err(Refusal::ByMemberAlone);
            }
            by.check(program, ctx, &member, Scope::Report)?;
            let known = program.case(&case)?;
            if !known.items().any(|item| known.granted(&item.item, &member).is_some()) {
                return Err(Refusal::UnknownCase(case));
            }
            check(&said, &note, ctx.now)?;
            let mine = || program.member_reports().filter(|report| report.member == member);
            if mine().any(|it| it.case == case && it.note == note && same(&it.said, &said)) {
                return Ok(Vec::new());
            }
            if mine().filter(|report| ctx.now.duration_since(report.filed) < WITHIN).count() >= MOST {
                return Err(Refusal::TooManyReports { most: MOST });
            }
            let report = program.next_report();
            Ok(vec![Event::Report(ReportEvent::Filed { report, member, by, case, said, note })])
        }
        ReportCommand::Adopt { report: id } => {
            let report = program.member_report(id)?;
            if report.adopted.is_some() {
                return Ok(Vec::new());
            }
            let Said::Sighting { kind, seen, exhibits } = &report.said else {
                return Err(Refusal::NoSightingReported(id));
            };
            let note = format!("reported by `{}` as {id}: {}", report.member, report.note);
            let found = Report { kind: *kind, seen: *seen, note, exhibits: exhibits.clone() };
            let sighting = program.next_sighting();
            let mut events = sighting::decide(program, ctx, &report.case, found)?;
            events.push(Event::Report(ReportEvent::Adopted { report: id, sighting }));
            Ok(events)
        }
    }
}

/// Tells whether two reports say the same; a file that is encrypted again makes another blob.
fn same(one: &Said, other: &Said) -> bool {
    match (one, other) {
        (
            Said::Sighting { kind, seen, exhibits },
            Said::Sighting { kind: other_kind, seen: other_seen, exhibits: others },
        ) => {
            let files = |all: &[Exhibit]| -> Vec<_> {
                all.iter().map(|exhibit| (exhibit.name.clone(), exhibit.sha256)).collect()
            };
            kind == other_kind && seen == other_seen && files(exhibits) == files(others)
        }
        _ => one == other,
    }
}

fn check(said: &Said, note: &str, now: Timestamp) -> Result<(), Refusal> {
    let (when, exhibits): (Timestamp, &[Exhibit]) = match said {
        Said::Sighting { seen, exhibits, .. } => (*seen, exhibits),
        Said::Coverage { since } => (*since, &[]),
        Said::Mistake { at } => (*at, &[]),
    };
    if when > now {
        return Err(Refusal::SeenInTheFuture { seen: when, now });
    }
    let plain = |text: &str, also: &[char]| text.chars().all(|c| !c.is_control() || also.contains(&c));
    if note.len() > LONGEST_NOTE || !plain(note, &['\n', '\t']) {
        return Err(Refusal::BadNote { most: LONGEST_NOTE });
    }
    if note.trim().is_empty() && exhibits.is_empty() && !matches!(said, Said::Coverage { .. }) {
        return Err(Refusal::Empty("the note of a report without an exhibit"));
    }
    let named = |exhibit: &Exhibit| {
        (1..=LONGEST_NAME).contains(&exhibit.name.len()) && plain(&exhibit.name, &[]) && exhibit.size > 0
    };
    if exhibits.len() > MOST_EXHIBITS || !exhibits.iter().all(named) {
        return Err(Refusal::BadExhibits { most: MOST_EXHIBITS });
    }
    Ok(())
}

pub(crate) fn apply(reports: &mut BTreeMap<ReportId, MemberReport>, event: &ReportEvent, at: Timestamp) {
    match event {
        ReportEvent::Filed { report, member, by, case, said, note } => {
            let (id, by) = (*report, *by);
            let (member, case) = (member.clone(), case.clone());
            let (said, note) = (said.clone(), note.clone());
            reports.insert(id, MemberReport { id, member, by, case, said, note, filed: at, adopted: None });
        }
        ReportEvent::Adopted { report, sighting } => {
            if let Some(report) = reports.get_mut(report) {
                report.adopted = Some(*sighting);
            }
        }
    }
}
