//! `forewarn case`: cases, their items and their embargo.

mod view;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use engine::intake::Upload;
use jiff::Timestamp;
use policy::Class;
use program::{
    Command,
    case::{Case, CaseCommand, Observation},
    deadline::Deadline,
    delivery::Delivery,
    embargo::{Embargo, EmbargoCommand, before},
    id::{CaseId, ItemId, ViewingId},
    item::Tlp,
    report::MemberReport,
    sighting::Sighting,
};
use serde::Serialize;

use crate::{
    args::{Common, instant, named},
    output, report,
    session::Session,
    tier::class,
};

/// Open cases, add items, hold embargoes.
#[derive(Debug, Subcommand)]
pub(crate) enum CaseVerb {
    /// Open a case
    #[command(
        after_help = "Example:\n  forewarn case new ACME-2026-7 --title \"Header overflow\" --cve CVE-2026-1234 --as alice"
    )]
    New {
        /// Its id
        case: CaseId,
        /// What it is about
        #[arg(long)]
        title: String,
        /// A CVE id
        #[arg(long = "cve", value_parser = cve)]
        cves: Vec<String>,
    },
    /// Show a case, or list all of them
    Show {
        /// Which case
        case: Option<CaseId>,
    },
    /// Add files as items; their names become the items' ids
    #[command(after_help = "\
Example:
  forewarn case item ACME-2026-7 advisory.md --class advisory --tlp AMBER+STRICT --as alice

Files that share named marks are added together, so that every name is defined. `forewarn mark lint FOLDER`
checks a package before it is added.")]
    Item(ItemArgs),
    /// Read an item's text; a reproduction takes a second operator's approval, and the log has it before you do
    #[command(after_help = "\
Example:
  forewarn case view ACME-2026-7 poc.py --reason \"checking the marks\" --as alice
  forewarn case approve-view V1 --as bob
  forewarn case view ACME-2026-7 poc.py --reason \"checking the marks\" --out poc.py --as alice

Coordinators, release engineers and investigators read; `forewarn operator roles` sets roles. The approval of
somebody else, who has a role, is for one reading of the text as it stands.")]
    View(view::ViewArgs),
    /// Approve that another operator reads an item once
    ApproveView {
        /// Which viewing
        viewing: ViewingId,
    },
    /// List who read, or asked to read, which item
    Views {
        /// Of one case alone
        case: Option<CaseId>,
    },
    /// List warnings about the marks of a case's items; none of them stops a release
    Lint {
        /// Which case
        case: CaseId,
    },
    /// Propose, accept, reject, keep or end the embargo
    #[command(subcommand)]
    Embargo(EmbargoVerb),
    /// Report that the world knows: public knowledge ends the embargo, attacks ask for a decision
    Observe {
        /// Which case
        case: CaseId,
        /// public-aware, exploit-public or attacks-observed
        #[arg(value_parser = observation)]
        what: Observation,
        /// Since when
        #[arg(long, value_parser = instant)]
        at: Timestamp,
    },
    /// End the embargo early and release everything that waits for it; takes effect when a second person says so
    #[command(after_help = "\
Example:
  forewarn case break-embargo ACME-2026-7 --reason \"exploited since noon\" --approve-waves --publish --as alice
  forewarn case break-embargo ACME-2026-7 --reason \"exploited since noon\" --approve-waves --publish --as bob

With the second person's word the embargo is over: every wave and the advisory are due at once, the approved
waves are released, and the members that must be told are listed. Run again, it goes on where it stopped.")]
    BreakEmbargo(crate::exit::BreakArgs),
    /// Close a case whose embargo is over
    Close {
        /// Which case
        case: CaseId,
    },
}

/// Add files as items.
#[derive(Debug, Args)]
pub(crate) struct ItemArgs {
    /// Which case
    case: CaseId,
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// notice, advisory, detection, indicator, reproduction or patch
    #[arg(long, value_parser = class)]
    class: Class,
    /// RED, AMBER+STRICT, AMBER, GREEN or CLEAR
    #[arg(long, value_parser = tlp, default_value = "AMBER+STRICT")]
    tlp: Tlp,
}

/// What to do with an embargo.
#[derive(Debug, Subcommand)]
pub(crate) enum EmbargoVerb {
    /// Propose an end, or another end
    #[command(after_help = "\
Example:
  forewarn case embargo propose ACME-2026-7 --ends 2026-12-08T18:00:00Z --as alice
  forewarn case embargo accept  ACME-2026-7 --as bob")]
    Propose {
        /// Which case
        case: CaseId,
        /// The instant it shall end
        #[arg(long, value_parser = instant)]
        ends: Timestamp,
    },
    /// Accept what is proposed; somebody else than who proposed it
    Accept {
        /// Which case
        case: CaseId,
        /// The end as you saw it proposed; another one is refused
        #[arg(long, value_parser = instant)]
        ends: Option<Timestamp>,
    },
    /// Reject what is proposed
    Reject {
        /// Which case
        case: CaseId,
    },
    /// Keep it although attacks were observed
    Keep {
        /// Which case
        case: CaseId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End it early and release nothing yet; `case break-embargo` does both
    Terminate {
        /// Which case
        case: CaseId,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Reads a TLP label.
pub(crate) fn tlp(text: &str) -> Result<Tlp, String> {
    named(text.strip_prefix("TLP:").unwrap_or(text), "RED, AMBER+STRICT, AMBER, GREEN, CLEAR")
}

fn observation(text: &str) -> Result<Observation, String> {
    named(&text.replace('-', "_"), "public-aware, exploit-public, attacks-observed")
        .map_err(|said| said.replace('_', "-"))
}

fn cve(text: &str) -> Result<String, program::cve::NotACve> {
    program::cve::check(text).map(|()| text.to_owned())
}

pub(crate) async fn run(common: &Common, verb: CaseVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: CaseVerb) -> anyhow::Result<()> {
    let (done, entries) = match verb {
        CaseVerb::Show { case: None } => return list(common, session).await,
        CaseVerb::Show { case: Some(case) } => return show(common, session, &case).await,
        CaseVerb::View(args) => return view::view(common, session, args).await,
        CaseVerb::ApproveView { viewing } => return view::approve(common, session, viewing).await,
        CaseVerb::Views { case } => return view::list(common, session, case.as_ref()).await,
        CaseVerb::BreakEmbargo(args) => return crate::exit::run(common, session, args).await,
        CaseVerb::Lint { case } => return lint(common, session, &case).await,
        CaseVerb::New { case, title, cves } => {
            let done = format!("opened case `{case}`");
            (done, session.execute(Command::Case(case, CaseCommand::Open { title, cves })).await?)
        }
        CaseVerb::Item(ItemArgs { case, files, class, tlp }) => {
            let uploads =
                files.iter().map(|path| Upload::read(path, class, tlp)).collect::<Result<Vec<_>, _>>()?;
            let mut done = format!("added {} to case `{case}`", count(uploads.len(), "item"));
            let entries = session.engine.add_items(session.actor()?, &case, uploads).await?;
            let weak = session.engine.lint(&case).await?.len();
            if weak > 0 {
                done +=
                    &format!("; {} about its marks, see `forewarn case lint {case}`", count(weak, "warning"));
            }
            (done, entries)
        }
        CaseVerb::Embargo(verb) => {
            let (case, done, command) = embargo(verb);
            let entries = session.execute(Command::Embargo(case.clone(), command)).await?;
            let now = session.engine.program().await.case(&case)?.embargo();
            // One person's word alone leaves it in force.
            let done = match now.in_force_until() {
                Some(_) if done == ENDED => "noted; it ends early when another person says the same",
                _ => done,
            };
            (format!("{done}; the embargo is {}", describe(now)), entries)
        }
        CaseVerb::Observe { case, what, at } => {
            let entries =
                session.execute(Command::Case(case.clone(), CaseCommand::Observe { what, at })).await?;
            let now = session.engine.program().await.case(&case)?.embargo();
            (format!("noted for case `{case}`; the embargo is {}", describe(now)), entries)
        }
        CaseVerb::Close { case } => {
            let done = format!("closed case `{case}`");
            (done, session.execute(Command::Case(case, CaseCommand::Close)).await?)
        }
    };
    output::entries(common.json, &done, &entries)
}

const ENDED: &str = "ended early";

fn embargo(verb: EmbargoVerb) -> (CaseId, &'static str, EmbargoCommand) {
    match verb {
        EmbargoVerb::Propose { case, ends } => {
            (case, "proposed; another person accepts or rejects", EmbargoCommand::Propose { ends })
        }
        EmbargoVerb::Accept { case, ends } => (case, "accepted", EmbargoCommand::Accept { ends }),
        EmbargoVerb::Reject { case } => (case, "rejected", EmbargoCommand::Reject),
        EmbargoVerb::Keep { case, reason } => (case, "kept", EmbargoCommand::Keep { reason }),
        EmbargoVerb::Terminate { case, reason } => (case, ENDED, EmbargoCommand::Terminate { reason }),
    }
}

/// Says an embargo's state with its instants.
pub(crate) fn describe(embargo: Embargo) -> String {
    match embargo {
        Embargo::None => String::from("none"),
        Embargo::Proposed { ends } => format!("proposed to end {ends}, binding nobody yet"),
        Embargo::Active { ends } => format!("in force until {ends}"),
        Embargo::Revise { ends, proposed } => format!("in force until {ends}, with {proposed} proposed"),
        Embargo::Exited { at } => format!("over since {at}"),
    }
}

/// Counts something in words.
pub(crate) fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}

async fn lint(common: &Common, session: &Session, case: &CaseId) -> anyhow::Result<()> {
    let problems = session.engine.lint(case).await?;
    let rows = problems.iter().map(|problem| {
        let place = format!("{}:{}:{}", problem.at.file, problem.at.line, problem.at.column);
        vec![place, problem.id.clone(), problem.says.clone()]
    });
    if problems.is_empty() && !common.json {
        output::say("no warnings");
        return Ok(());
    }
    output::table(common.json, &problems, &["place", "rule", "says"], rows)
}

async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let cases: Vec<&Case> = program.cases().collect();
    let rows = cases.iter().map(|case| {
        vec![
            case.id().to_string(),
            case.title().to_owned(),
            describe(case.embargo()),
            case.items().count().to_string(),
            case.grants().count().to_string(),
        ]
    });
    output::table(common.json, &cases, &["case", "title", "embargo", "items", "grants"], rows)
}

async fn show(common: &Common, session: &Session, id: &CaseId) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let case = program.case(id)?;
    let sightings: Vec<&Sighting> = program.sightings().filter(|sighting| sighting.case == *id).collect();
    let deadlines: Vec<&Deadline> = program.deadlines().filter(|deadline| deadline.case == *id).collect();
    let reports: Vec<&MemberReport> = program.member_reports().filter(|report| report.case == *id).collect();
    if common.json {
        #[derive(Serialize)]
        struct Shown<'a> {
            #[serde(flatten)]
            case: &'a Case,
            sightings: Vec<&'a Sighting>,
            deadlines: Vec<&'a Deadline>,
            reports: Vec<&'a MemberReport>,
        }
        return output::json(&Shown { case, sightings, deadlines, reports });
    }
    let cves = case.cves().join(", ");
    let cves = if cves.is_empty() { cves } else { format!(" ({cves})") };
    output::say(format_args!("{id}: {}{cves}", case.title()));
    output::say(format_args!("embargo: {}", describe(case.embargo())));
    if let Some(seen) = case.observed().first() {
        output::say(format_args!("observed: {seen}"));
    }
    if let Some(published) = case.published() {
        output::say(format_args!("published: {}", published.at));
    }
    items(case)?;
    waves(case)?;
    let rows = sightings.iter().map(|sighting| {
        let exhibits: Vec<&str> = sighting.exhibits.iter().map(|exhibit| exhibit.name.as_str()).collect();
        vec![
            sighting.id.to_string(),
            format!("{:?}", sighting.kind).to_lowercase(),
            sighting.seen.to_string(),
            exhibits.join(", "),
            sighting.note.clone(),
        ]
    });
    output::table(false, &(), &["sighting", "kind", "seen", "exhibits", "note"], rows)?;
    if !reports.is_empty() {
        report::table(&program, &reports)?;
    }
    for deadline in deadlines {
        let state = match &deadline.closed {
            Some((at, how)) => format!("{how}, {at}"),
            None => format!("due {}", deadline.due),
        };
        output::say(format_args!("deadline {}: exit decision, {state}", deadline.id));
    }
    Ok(())
}

fn items(case: &Case) -> anyhow::Result<()> {
    let rows = case.items().map(|item| {
        vec![
            item.item.to_string(),
            item.class.to_string(),
            item.tlp.to_string(),
            item.size.to_string(),
            case.grants_of(&item.item).count().to_string(),
            came(case, &item.item, Delivery::Fetched),
            came(case, &item.item, Delivery::Acknowledged),
        ]
    });
    let headings = ["item", "class", "label", "bytes", "copies", "fetched", "acknowledged"];
    output::table(false, &(), &headings, rows)
}

/// Counts the copies of an item that have come so far, or further.
fn came(case: &Case, item: &ItemId, far: Delivery) -> String {
    case.grants_of(item).filter(|(_, granted)| granted.delivery() >= far).count().to_string()
}

fn waves(case: &Case) -> anyhow::Result<()> {
    let rows = case.waves().map(|wave| {
        let due = case.embargo().public().map_or_else(String::new, |end| before(end, wave.lead).to_string());
        let tiers: Vec<&str> = wave.tiers.iter().map(|tier| tier.as_str()).collect();
        let state = match wave.released {
            Some(at) => format!("released {at}"),
            None => format!("{} of {} approvals", wave.approvals.len(), program::wave::APPROVALS),
        };
        vec![
            wave.wave.to_string(),
            wave.lead.to_string(),
            due,
            tiers.join(", "),
            wave.items.len().to_string(),
            state,
        ]
    });
    output::table(false, &(), &["wave", "lead", "due", "tiers", "items", "state"], rows)
}
