//! Members' reports: filed by a member's tool, read by operators.

use std::sync::Arc;

use axum::{Json, extract::State};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::exhibit::Found;
use jiff::Timestamp;
use program::{
    Event,
    id::CaseId,
    report::{MemberReport, ReportEvent, Said},
    sighting::SightingKind,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Body,
    app::App,
    auth::{Reader, Reporter},
    problem::{Problem, Refused, Undone, Unknown},
};

/// What a report tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Something was seen outside.
    Sighting,
    /// The member's detection covers the case.
    Coverage,
    /// The member made a mistake.
    Mistake,
}

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file that should not be where it was found.
    Leak,
    /// The vulnerability used by an attacker.
    Exploitation,
    /// Somebody speaks of it.
    Mention,
}

/// A file that was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    name: String,
    /// Its bytes, base64.
    base64: String,
}

/// A report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The case it is about; one that the caller has something of.
    case: String,
    /// What it tells of.
    what: What,
    /// Of a sighting: what kind of thing.
    kind: Option<Kind>,
    /// When it was seen, since when detection covers, when the mistake was made; now when it is absent.
    at: Option<Timestamp>,
    /// In words.
    #[serde(default)]
    note: String,
    /// Of a sighting: what was found; four files at most.
    #[serde(default)]
    files: Vec<File>,
}

/// What came of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct Filed {
    /// Its number; nothing when the same was filed already.
    report: Option<String>,
    /// Whether it is new.
    new: bool,
}

/// A report as an operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportLine {
    /// Its number.
    report: String,
    /// Who reports.
    member: String,
    /// Which case.
    case: String,
    /// What it is.
    what: &'static str,
    /// The instant that it speaks of.
    at: Timestamp,
    /// Whether that lies before the case's public instant, as far as it is known.
    before_public: Option<bool>,
    /// When it was filed.
    filed: Timestamp,
    /// Hashes of what was found.
    exhibits: Vec<String>,
    /// The sighting that an operator made of it.
    sighting: Option<String>,
}

/// Report a sighting, coverage, or a mistake of one's own
#[utoipa::path(post, path = "/api/v1/reports", tag = "member", request_body = Report, responses(
    (status = 200, body = Filed),
    Refused,
    Unknown,
    Undone,
))]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Reporter(member, shown): Reporter,
    Body(report): Body<Report>,
) -> Result<Json<Filed>, Problem> {
    let case: CaseId = report.case.parse().map_err(|_| Problem::not_found())?;
    let at = report.at.unwrap_or_else(|| app.engine.clock().now());
    let (said, found) = read(&report, at).map_err(Problem::refused)?;
    let entries = app.engine.file_report(member, shown.by()?, case, said, report.note, found).await;
    let entries = entries.map_err(|error| Problem::of_member_act(&error))?;
    let number = entries.iter().find_map(|entry| match &entry.event {
        Event::Report(ReportEvent::Filed { report, .. }) => Some(report.to_string()),
        _ => None,
    });
    Ok(Json(Filed { new: number.is_some(), report: number }))
}

/// List what members reported, without the files
#[utoipa::path(get, path = "/api/v1/reports", tag = "operator", responses(
    (status = 200, body = Vec<ReportLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<ReportLine>> {
    let program = app.engine.program().await;
    let line = |report: &MemberReport| ReportLine {
        report: report.id.to_string(),
        member: report.member.to_string(),
        case: report.case.to_string(),
        what: report.what(),
        at: report.when(),
        before_public: report.before_public(&program),
        filed: report.filed,
        exhibits: match &report.said {
            Said::Sighting { exhibits, .. } => exhibits.iter().map(|it| it.sha256.to_string()).collect(),
            Said::Coverage { .. } | Said::Mistake { .. } => Vec::new(),
        },
        sighting: report.adopted.map(|sighting| sighting.to_string()),
    };
    Json(program.member_reports().map(line).collect())
}

/// Reads what is said; the error says what does not go together.
fn read(report: &Report, at: Timestamp) -> Result<(Said, Vec<Found>), &'static str> {
    let said = match (report.what, report.kind) {
        (What::Sighting, Some(kind)) => {
            let kind = match kind {
                Kind::Leak => SightingKind::Leak,
                Kind::Exploitation => SightingKind::Exploitation,
                Kind::Mention => SightingKind::Mention,
            };
            Said::Sighting { kind, seen: at, exhibits: Vec::new() }
        }
        (What::Sighting, None) => return Err("a sighting has a kind: leak, exploitation or mention"),
        (_, Some(_)) => return Err("only a sighting has a kind"),
        (What::Coverage, None) => Said::Coverage { since: at },
        (What::Mistake, None) => Said::Mistake { at },
    };
    if report.what != What::Sighting && !report.files.is_empty() {
        return Err("only a sighting has files: write the rest into the note");
    }
    Ok((said, found(&report.files)?))
}

/// Reads files that were found; the error says what is wrong with one.
pub(super) fn found(files: &[File]) -> Result<Vec<Found>, &'static str> {
    let file = |file: &File| {
        let bytes = BASE64_STANDARD.decode(&file.base64).map_err(|_| "a file is not base64")?;
        Ok(Found { name: file.name.clone(), bytes })
    };
    files.iter().map(file).collect()
}
