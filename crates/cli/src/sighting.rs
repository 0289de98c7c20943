//! `forewarn sighting`: what was seen outside.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::exhibit::{self, Found, Skipped};
use jiff::Timestamp;
use program::{
    id::CaseId,
    report::{MemberReport, Said},
    sighting::{Sighting, SightingKind},
};

use crate::{
    args::{Common, instant, named},
    output, report,
    session::Session,
};

/// Record what was seen outside.
#[derive(Debug, Subcommand)]
pub(crate) enum SightingVerb {
    /// Record a sighting, with what was found
    #[command(after_help = "\
Example:
  forewarn sighting add ACME-2026-7 --kind leak --seen 2026-12-04T09:30:00Z \\
      --file paste.txt --note \"found on a public paste site\" --as ines
  forewarn sighting add ACME-2026-7 --kind leak --seen 2026-12-04T09:30:00Z \\
      --file ./share --file dump.zip --as ines

Every file is kept and hashed as it is. A sighting of exploitation under embargo opens an exit decision with a
deadline.")]
    Add(AddArgs),
    /// List the sightings
    List,
}

/// Record a sighting.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Which case
    case: CaseId,
    /// leak, exploitation or mention
    #[arg(long, value_parser = kind)]
    kind: SightingKind,
    /// When it was seen out there
    #[arg(long, value_parser = instant)]
    seen: Timestamp,
    /// What was found: a text, a PDF, a zip archive or a folder; give it again for more (at most 16 MiB in all)
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where, by whom, how
    #[arg(long, default_value = "")]
    note: String,
}

fn kind(text: &str) -> Result<SightingKind, String> {
    named(text, "leak, exploitation, mention")
}

pub(crate) async fn run(common: &Common, verb: SightingVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: SightingVerb) -> anyhow::Result<()> {
    match verb {
        SightingVerb::List => {
            let program = session.engine.program().await;
            let sightings: Vec<&Sighting> = program.sightings().collect();
            let rows = sightings.iter().map(|sighting| {
                let kind = format!("{:?}", sighting.kind).to_lowercase();
                let (id, case) = (sighting.id.to_string(), sighting.case.to_string());
                vec![id, case, kind, sighting.seen.to_string(), sighting.note.clone()]
            });
            output::table(common.json, &sightings, &["sighting", "case", "kind", "seen", "note"], rows)?;
            let waiting: Vec<&MemberReport> = program
                .member_reports()
                .filter(|report| report.adopted.is_none() && matches!(report.said, Said::Sighting { .. }))
                .collect();
            if !common.json && !waiting.is_empty() {
                output::say("what members saw and nobody has made a sighting of (`forewarn report adopt`):");
                report::table(&program, &waiting)?;
            }
            Ok(())
        }
        SightingVerb::Add(AddArgs { case, kind, seen, files, note }) => {
            let found = exhibit::found(&files)?;
            let unreadable = unreadable(&found);
            let entries =
                session.engine.add_sighting(session.actor()?, &case, kind, seen, note, found).await?;
            unreadable.into_iter().for_each(output::aside);
            let program = session.engine.program().await;
            let newest =
                program.sightings().last().map_or_else(String::new, |sighting| sighting.id.to_string());
            output::entries(common.json, &format!("recorded sighting `{newest}` of case `{case}`"), &entries)
        }
    }
}

/// Says of what was found what no trace will be able to read.
fn unreadable(found: &[Found]) -> Vec<String> {
    match exhibit::texts(found) {
        Ok(texts) => texts.skipped.iter().map(skipped).collect(),
        Err(error) => vec![format!("kept, but a trace cannot read it: {error}")],
    }
}

/// Says that a file holds no text.
pub(crate) fn skipped(skipped: &Skipped) -> String {
    format!("skipped `{}`: {}", skipped.name, skipped.why)
}
