//! `forewarn wave`: plan, approve and release.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use mark::strength::Claim;
use policy::Lead;
use program::{
    Command, due,
    id::{CaseId, ItemId, MemberId, Sha256, TierId, WaveId},
    plan::{Counts, Fate, Plan},
    wave::{WaveCommand, lead_to},
};
use serde::Serialize;

use crate::{
    args::{Common, instant},
    case::count,
    output::{self, Bar},
    session::Session,
};

/// Plan, approve and release waves.
#[derive(Debug, Subcommand)]
pub(crate) enum WaveVerb {
    /// Schedule a wave relative to the embargo's end; approvals start over
    #[command(after_help = "\
Example:
  forewarn wave schedule ACME-2026-7 first --lead 5d --tier validate --tier advance --as alice")]
    Schedule(ScheduleArgs),
    /// Show who will get what, when, and why not; releases nothing
    Plan {
        /// Which case
        case: CaseId,
        /// Which wave
        wave: WaveId,
        /// The instant to plan for, instead of now
        #[arg(long, value_parser = instant)]
        at: Option<Timestamp>,
        /// A row for every member and item, with the policies, the facts and the sentence
        #[arg(long)]
        each: bool,
    },
    /// Approve a wave; two different people must
    #[command(after_help = "\
Example:
  forewarn wave plan ACME-2026-7 first        # its last line approves exactly what it shows
  forewarn wave approve ACME-2026-7 first --as alice

The log keeps the hash of the plan that was approved. With --plan HASH the approval is refused if the plan is
another by now: a member more, an item replaced, an end moved, other policies.")]
    Approve {
        /// Which case
        case: CaseId,
        /// Which wave
        wave: WaveId,
        /// Hash of the plan as you saw it, from `wave plan`
        #[arg(long, value_name = "HASH")]
        plan: Option<Sha256>,
    },
    /// Release what is due; run again, it goes on where it stopped and repeats nothing
    Release {
        /// Which case
        case: CaseId,
        /// Which wave
        wave: WaveId,
    },
}

/// Schedule a wave.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// Which case
    case: CaseId,
    /// The wave's id
    wave: WaveId,
    /// How long before the embargo's end, as in 5d or 24h
    #[arg(long, required_unless_present = "at")]
    lead: Option<Lead>,
    /// The instant instead of a lead; it moves with the embargo's end from then on
    #[arg(long, value_parser = instant, conflicts_with = "lead")]
    at: Option<Timestamp>,
    /// A tier that gets it
    #[arg(long = "tier", required = true)]
    tiers: Vec<TierId>,
    /// An item of it; without any, all of the case's items
    #[arg(long = "item")]
    items: Vec<ItemId>,
}

pub(crate) async fn run(common: &Common, verb: WaveVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: WaveVerb) -> anyhow::Result<()> {
    match verb {
        WaveVerb::Schedule(args) => schedule(common, session, args).await,
        WaveVerb::Plan { case, wave, at, each } => {
            let plan = session.engine.plan(&case, &wave, at).await?;
            let overdue = overdue(session, &plan).await;
            show(common, &plan, &overdue, each)?;
            let Some(weak) = weakness(session, &case, &plan).await? else { return Ok(()) };
            if common.json {
                output::aside(weak);
            } else {
                output::say(weak);
            }
            Ok(())
        }
        WaveVerb::Approve { case, wave, plan } => {
            let command = Command::Wave(case.clone(), wave.clone(), WaveCommand::Approve { plan });
            let entries = session.execute(command).await?;
            let program = session.engine.program().await;
            let approvals = &program.case(&case)?.wave(&wave)?.approvals;
            let plans: BTreeSet<_> = approvals.values().map(|approval| approval.plan).collect();
            // Nothing that was approved has changed, or the first approval were void; who is reached may have.
            let other = if plans.len() > 1 {
                "; the first approval was of another plan, look at `forewarn wave plan` before you release"
            } else {
                ""
            };
            let (have, need) = (approvals.len(), program::wave::APPROVALS);
            let done = format!("approved wave `{wave}`: {have} of {need} approvals{other}");
            output::entries(common.json, &done, &entries)
        }
        WaveVerb::Release { case, wave } => {
            let released = session.engine.release(session.actor()?, &case, &wave, &Bar::new()).await?;
            if common.json {
                return output::json(&released);
            }
            if released.granted == 0 && !released.first {
                output::say(format_args!("wave `{wave}` is released already and nothing new is due"));
            } else {
                output::say(format_args!(
                    "released wave `{wave}`: {} to {}, {} withheld",
                    count(released.granted, "copy").replace("copys", "copies"),
                    count(released.members, "member"),
                    released.withheld
                ));
            }
            Ok(())
        }
    }
}

async fn schedule(common: &Common, session: &Session, args: ScheduleArgs) -> anyhow::Result<()> {
    let lead = match (args.lead, args.at) {
        (Some(lead), _) => lead,
        (None, Some(at)) => lead_to(&*session.engine.program().await, &args.case, &args.wave, at)?,
        (None, None) => bail!("give a lead or an instant"),
    };
    let command = WaveCommand::Schedule {
        lead,
        tiers: args.tiers.into_iter().collect(),
        items: args.items.into_iter().collect(),
    };
    let done =
        format!("scheduled wave `{}`; two operators approve it with `forewarn wave approve`", args.wave);
    let entries = session.execute(Command::Wave(args.case, args.wave, command)).await?;
    output::entries(common.json, &done, &entries)
}

fn show(common: &Common, plan: &Plan, overdue: &[Overdue], each: bool) -> anyhow::Result<()> {
    let counts = plan.counts();
    if common.json {
        #[derive(Serialize)]
        struct Shown<'a> {
            #[serde(flatten)]
            plan: &'a Plan,
            counts: &'a BTreeMap<&'a ItemId, Counts>,
            overdue: &'a [Overdue],
        }
        return output::json(&Shown { plan, counts: &counts, overdue });
    }
    output::say(format_args!(
        "wave `{}` of `{}` is due {}; planned for {}",
        plan.wave, plan.case, plan.at, plan.now
    ));
    if !plan.reaches_anybody() {
        output::say(
            "it reaches nobody: no member in its tiers will ever have any of it; it cannot be approved",
        );
    }
    if each {
        matrix(plan)?;
    } else {
        alike(plan)?;
    }
    let rows = counts.iter().map(|(item, of)| {
        [item.to_string(), of.class.to_string()]
            .into_iter()
            .chain([of.granted, of.due, of.later, of.withheld, of.never, of.blocked].map(|n| n.to_string()))
            .collect()
    });
    let headings = ["item", "class", "have it", "due now", "later", "withheld until", "never", "no key"];
    output::table(false, &(), &headings, rows)?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    plan.rows.iter().for_each(|row| *kinds.entry(kind(row.fate)).or_default() += 1);
    let kinds: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    output::say(format_args!("{}; `forewarn explain` says why", kinds.join(", ")));
    for Overdue { member, what, since, then } in overdue {
        output::say(format_args!("OVERDUE at `{member}` since {since}: {what}; {then}"));
    }
    output::say(format_args!(
        "to approve exactly this: `forewarn wave approve {} {} --plan {}`",
        plan.case, plan.wave, plan.hash
    ));
    Ok(())
}

/// What lapsed at a member that the wave reaches.
#[derive(Serialize)]
struct Overdue {
    member: MemberId,
    what: String,
    since: Timestamp,
    then: String,
}

async fn overdue(session: &Session, plan: &Plan) -> Vec<Overdue> {
    let program = session.engine.program().await;
    let lapsed = due::overdue(&program, plan).into_iter();
    lapsed
        .map(|due| Overdue { member: due.member, what: due.what.to_string(), since: due.at, then: due.then })
        .collect()
}

/// Prints a row for every member and item.
fn matrix(plan: &Plan) -> anyhow::Result<()> {
    let rows = plan.rows.iter().map(|row| {
        let what = fate(row.fate, &row.policies);
        vec![row.member.to_string(), row.item.to_string(), what, row.says.clone(), row.facts.join("; ")]
    });
    output::table(false, &(), &["member", "item", "what", "why", "facts"], rows)
}

/// Prints members for whom everything is the same, for the same reasons, in one row.
fn alike(plan: &Plan) -> anyhow::Result<()> {
    let mut alike: BTreeMap<Vec<(String, String)>, Vec<&str>> = BTreeMap::new();
    let mut by_member: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    for row in &plan.rows {
        by_member
            .entry(row.member.as_str())
            .or_default()
            .push((row.item.to_string(), fate(row.fate, &row.policies)));
    }
    for (member, fates) in by_member {
        alike.entry(fates).or_default().push(member);
    }
    let rows = alike.iter().map(|(fates, members)| {
        let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (item, fate) in fates {
            said.entry(fate).or_default().push(item);
        }
        let said: Vec<String> =
            said.iter().map(|(fate, items)| format!("{fate}: {}", items.join(", "))).collect();
        vec![members.len().to_string(), members.join(", "), said.join("\n")]
    });
    output::table(false, &(), &["members", "who", "what"], rows)
}

/// Says what the wave's items lack to name a single leaker at the program's bound; nothing when nothing.
async fn weakness(session: &Session, case: &CaseId, plan: &Plan) -> anyhow::Result<Option<String>> {
    let rows = plan.rows.iter().filter(|row| !matches!(row.fate, Fate::Withheld { until: None }));
    let (members, items): (BTreeSet<_>, BTreeSet<_>) =
        rows.map(|row| (&row.member, row.item.as_str())).unzip();
    if members.is_empty() {
        return Ok(None);
    }
    let (version, epsilon) = {
        let program = session.engine.program().await;
        (program.case(case)?.package(), program.rules().epsilon)
    };
    let package = session.engine.package(case, version).await?;
    let laws = mark::trace::laws(&package.master, &package.codebook);
    let sites = mark::strength::shown_in(&package.master, &laws, |path| items.contains(path));
    let claim = Claim { members: members.len(), colluders: 1, epsilon, erased: 0.0 };
    let planned = mark::strength::plan(&sites, claim)?;
    Ok(planned.missing().map(|missing| {
        format!("weak marks: {missing}. A leak of this wave's items will hardly name anybody; `forewarn mark strength` says more")
    }))
}

fn kind(fate: Fate) -> &'static str {
    match fate {
        Fate::Granted { .. } => "granted",
        Fate::Due => "due",
        Fate::Blocked => "blocked for lack of a key",
        Fate::Later { .. } => "later",
        Fate::Withheld { .. } => "withheld",
    }
}

fn fate(fate: Fate, policies: &[String]) -> String {
    let why = policies.join(", ");
    match fate {
        Fate::Granted { .. } => String::from("granted"),
        Fate::Due => String::from("due now"),
        Fate::Blocked => String::from("blocked: no confirmed key"),
        Fate::Later { at } => format!("from {at}"),
        Fate::Withheld { until: Some(until) } => format!("withheld until {until} ({why})"),
        Fate::Withheld { until: None } => format!("withheld ({why})"),
    }
}
