//! `forewarn report`: what members reported.

use clap::Subcommand;
use program::{
    Command, Program,
    id::{CaseId, ReportId},
    report::{MemberReport, ReportCommand, Said},
};

use crate::{args::Common, output, session::Session};

/// Read what members reported.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportVerb {
    /// List reports: sightings, coverage, members' own mistakes
    List {
        /// About this case alone
        #[arg(long)]
        case: Option<CaseId>,
    },
    /// Make a sighting of a member's report, with all that follows from one
    #[command(after_help = "\\
Example:
  forewarn report adopt M3 --as ines

A member's word moves nothing by itself. Adopted, a leak can be traced, and exploitation under embargo opens an exit
decision with a deadline.")]
    Adopt {
        /// Which report, as in M1
        report: ReportId,
    },
}

pub(crate) async fn run(common: &Common, verb: ReportVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: ReportVerb) -> anyhow::Result<()> {
    match verb {
        ReportVerb::List { case } => {
            let program = session.engine.program().await;
            case.as_ref().map(|id| program.case(id)).transpose()?;
            let wanted = |report: &&MemberReport| case.as_ref().is_none_or(|id| report.case == *id);
            let reports: Vec<&MemberReport> = program.member_reports().filter(wanted).collect();
            if common.json {
                return output::json(&reports);
            }
            table(&program, &reports)
        }
        ReportVerb::Adopt { report } => {
            let entries = session.execute(Command::Report(ReportCommand::Adopt { report })).await?;
            let program = session.engine.program().await;
            let sighting = program.member_report(report)?.adopted;
            let sighting = sighting.map_or_else(String::new, |sighting| sighting.to_string());
            output::entries(common.json, &format!("report {report} is sighting `{sighting}`"), &entries)
        }
    }
}

/// Shows reports as a table.
pub(crate) fn table(program: &Program, reports: &[&MemberReport]) -> anyhow::Result<()> {
    let rows = reports.iter().map(|report| {
        let when = match report.before_public(program) {
            Some(true) => "before public",
            Some(false) => "public",
            None => "",
        };
        let exhibits: Vec<&str> = match &report.said {
            Said::Sighting { exhibits, .. } => exhibits.iter().map(|exhibit| exhibit.name.as_str()).collect(),
            Said::Coverage { .. } | Said::Mistake { .. } => Vec::new(),
        };
        let adopted = report.adopted.map_or_else(String::new, |sighting| format!("; is {sighting}"));
        vec![
            report.id.to_string(),
            format!("{}, {}", report.member, report.case),
            report.what().to_owned(),
            format!("{} {when}", report.when()),
            exhibits.join(", "),
            format!("{}{adopted}", report.note),
        ]
    });
    output::table(false, &(), &["report", "of", "what", "when", "exhibits", "note"], rows)
}
