//! `forewarn trace`: whose copy a leaked file derives from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use engine::{
    evidence::ProvedEntry,
    trace::{TraceReport, Traced},
};
use evidence::file::{Exhibit, Log, LogEntry};
use program::{id::SightingId, leak::Verdict};

use crate::{
    args::Common,
    case::count,
    mark::{left_out, report},
    output,
    session::Session,
    sighting::skipped,
};

/// How many members the chart shows.
const SHOWN: usize = 10;
/// How many columns the longest bar has.
const COLUMNS: f64 = 44.0;

/// Trace a leaked file to the copy it derives from.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn trace S2 --as ines
  forewarn trace S2 --as ines --report ./report

The reading of the exhibit is logged before the codebook is opened. The same exhibit always gives the same
verdict. `inconclusive` is a normal answer: nobody is named without the bound.")]
pub(crate) struct TraceArgs {
    /// Which sighting
    sighting: SightingId,
    #[command(flatten)]
    report: report::ReportArgs,
}

pub(crate) async fn run(common: &Common, args: TraceArgs) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = trace(&session, &args).await;
    let (report, written) = session.close(done).await?;
    if common.json {
        return output::json(&report);
    }
    lines(&report).into_iter().for_each(output::say);
    if let Some(folder) = written {
        report::say(&folder);
    }
    Ok(())
}

async fn trace(session: &Session, args: &TraceArgs) -> anyhow::Result<(TraceReport, Option<PathBuf>)> {
    let actor = session.actor()?;
    args.report.prepare()?;
    let traced = session.engine.trace_whole(actor, args.sighting).await?;
    let written = match args.report.report {
        Some(_) => {
            let log = log(session, &traced, args).await?;
            let exhibits = traced.exhibits.iter();
            let exhibit = |exhibit: &program::sighting::Exhibit| Exhibit {
                name: exhibit.name.clone(),
                sha256: exhibit.sha256.to_string(),
            };
            args.report.write(report::Material {
                package: traced.report.case.to_string(),
                claim: Some(traced.report.claim.clone()),
                exhibits: exhibits.map(exhibit).collect(),
                master: &traced.package.master,
                codebook: &traced.package.codebook,
                members: &traced.members,
                reading: &traced.reading,
                trace: &traced.trace,
                log: Some(log),
            })?
        }
        None => None,
    };
    Ok((traced.report, written.map(Path::to_owned)))
}

/// Opens the entries of the log that the report rests on.
async fn log(session: &Session, traced: &Traced, args: &TraceArgs) -> anyhow::Result<Log> {
    let opened = args.report.opened(&traced.members, &traced.trace);
    let mut entries = Vec::new();
    for ProvedEntry { opening, proof } in
        session.engine.trace_entries(traced, &opened, args.report.anonymous).await?
    {
        let (seq, salt) = (opening.seq, hex::encode(opening.salt));
        let body = String::from_utf8(opening.body).with_context(|| format!("entry {seq}"))?;
        entries.push(LogEntry { seq, salt, body, proof: proof.to_string() });
    }
    Ok(Log {
        vkey: fs::read_to_string(session.engine.folder().vkey())?.trim_end().to_owned(),
        case: traced.report.case.to_string(),
        package: traced.package.version,
        leak: traced.report.leak.to_string(),
        look: traced.look,
        epsilon: traced.epsilon,
        entries,
    })
}

/// Returns a report as lines: verdict, chart, bound, timing beside marks, what to do next.
pub(crate) fn lines(report: &TraceReport) -> Vec<String> {
    let mut lines = vec![format!("leak case {}: {}", report.leak, verdict(report))];
    lines.push(format!(
        "  {} of {} sites read; {} held a copy; the reading was logged before the codebook was opened",
        report.sites.read,
        report.sites.total,
        count(report.population, "member"),
    ));
    lines.extend(report.erased_channels.iter().map(|channel| format!("  {}", left_out(channel))));
    lines.extend(report.skipped.iter().map(|file| format!("  {}", skipped(file))));
    lines.push(String::new());
    lines.extend(chart(report));
    lines.push(String::new());
    let by_mark = match report.accused.as_slice() {
        [] => String::from("nobody"),
        accused => accused.iter().map(|a| format!("`{}`", a.member)).collect::<Vec<_>>().join(", "),
    };
    lines.push(format!("  {}", report.claim));
    lines.push(format!("  suspects by timing alone: {}", report.timing.len()));
    lines.push(format!("  suspects by mark:         {} ({by_mark})", report.accused.len()));
    lines.push(format!(
        "  bound: whoever leaked, the chance that this trace accuses any innocent member is at most {:.1e}",
        report.epsilon
    ));
    for accused in &report.accused {
        lines.push(format!(
            "  `{}`: evidence 10^{:.1}, threshold 10^{:.1}; an innocent scores as high with probability at most {:.1e}",
            accused.member, accused.log10_e, report.threshold_log10_e, accused.p_value
        ));
    }
    lines.push(String::from("  where to look next:"));
    lines.extend(report.next.iter().map(|step| format!("  - {step}")));
    lines
}

fn verdict(report: &TraceReport) -> String {
    match report.verdict {
        Verdict::Attributed => {
            let names: Vec<String> = report.accused.iter().map(|a| format!("`{}`", a.member)).collect();
            format!("the exhibit derives from the copy made for {}", names.join(" and "))
        }
        Verdict::Inconclusive => String::from(
            "the exhibit derives from this package; whose copy it was cannot be said within the bound",
        ),
        Verdict::NotDerived => String::from("nothing shows that the exhibit derives from this package"),
    }
}

/// Draws the strongest members and "none of them", with the threshold on the same scale.
fn chart(report: &TraceReport) -> Vec<String> {
    let best = report.members.first().map_or(0.0, |member| member.log10_e);
    let scale = best.max(report.threshold_log10_e).max(1.0);
    let width = |log10_e: f64| (log10_e.max(0.0) / scale * COLUMNS).round() as usize;
    let wide = report.members.iter().take(SHOWN).map(|m| m.member.len()).max().unwrap_or(0).max(19);
    let bar = |name: &str, log10_e: f64| {
        let filled = "█".repeat(width(log10_e));
        format!("  {name:wide$} {filled} {log10_e:.1}")
    };
    let mut lines = vec![format!("  {:wide$} evidence, as a power of ten", "member")];
    lines.extend(report.members.iter().take(SHOWN).map(|member| bar(&member.member, member.log10_e)));
    lines.push(bar("none of the members", 0.0));
    let mark = format!("{}▲", " ".repeat(width(report.threshold_log10_e)));
    lines.push(format!("  {:wide$} {mark} accuses from {:.1}", "", report.threshold_log10_e));
    lines
}
