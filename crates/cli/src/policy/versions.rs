//! `forewarn policy propose`, `adopt`, `withdraw`, `versions`, `show`: which set decides, changed by two people.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use engine::policy_diff::PolicyDiff;
use jiff::Timestamp;
use program::{
    Command, Program,
    policies::{PolicyCommand, PolicyState, PolicyVersion},
};
use serde::Serialize;

use crate::{
    args::Common,
    output::{self, Bar},
    policy::load,
    session::Session,
};

/// What there is to do with versions of the policies.
#[derive(Debug, Subcommand)]
pub(crate) enum VersionVerb {
    /// Propose a set for the program; shows what it would change, and decides nothing yet
    #[command(after_help = "\
Example:
  forewarn policy propose mine.cedar --reason \"a day more for tier entry\" --as alice
  forewarn policy adopt 2 --as bob

A set that is not sound is not taken: see `forewarn policy check`. Its text goes into the log. A proposal that
waited is superseded. Once adopted it decides everything, and every wave must be approved anew.")]
    Propose(ProposeArgs),
    /// Put a proposed version in force; somebody else than who proposed it
    #[command(after_help = "\
Example:
  forewarn policy versions
  forewarn policy show 2
  forewarn policy adopt 2 --as bob")]
    Adopt {
        /// Which version, see `policy versions`
        number: u32,
    },
    /// Take a proposed version back
    Withdraw {
        /// Which version
        number: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List every version of the program's policies: who proposed and adopted it, and when it was in force
    Versions,
    /// Print the text of a version; without a number, of the one in force
    #[command(after_help = "\
Example:
  forewarn policy show      # into a file, for `policy prove` and `policy test`
  forewarn policy show 2")]
    Show {
        /// Which version
        number: Option<u32>,
    },
}

/// Propose a set.
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// default, deadline-aware, or a file of Cedar policies
    #[arg(value_name = "SET")]
    set: String,
    /// Why
    #[arg(long)]
    reason: String,
}

pub(crate) async fn run(common: &Common, verb: VersionVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: VersionVerb) -> anyhow::Result<()> {
    match verb {
        VersionVerb::Propose(args) => propose(common, session, args).await,
        VersionVerb::Adopt { number } => {
            let entries = session.execute(Command::Policy(PolicyCommand::Adopt { number })).await?;
            let done = format!(
                "version {number} of the policies is in force; approve every wave anew, its plan may be another"
            );
            output::entries(common.json, &done, &entries)
        }
        VersionVerb::Withdraw { number, reason } => {
            let command = PolicyCommand::Withdraw { number, reason };
            let entries = session.execute(Command::Policy(command)).await?;
            output::entries(common.json, &format!("version {number} of the policies is withdrawn"), &entries)
        }
        VersionVerb::Versions => list(common, &*session.engine.program().await),
        VersionVerb::Show { number } => show(common, &*session.engine.program().await, number),
    }
}

async fn propose(common: &Common, session: &Session, args: ProposeArgs) -> anyhow::Result<()> {
    let set = load(&args.set)?;
    let diff = session.engine.policy_diff(&set, &Bar::new()).await;
    let (name, text) = (set.name().to_owned(), set.text().to_owned());
    let command = PolicyCommand::Propose { name, text, reason: args.reason };
    session.execute(Command::Policy(command)).await?;
    let program = session.engine.program().await;
    let proposed =
        program.policy_versions().last().context("the proposal is not in the log; run `forewarn verify`")?;
    if common.json {
        #[derive(Serialize)]
        struct Proposed<'a> {
            proposed: &'a PolicyVersion,
            diff: &'a PolicyDiff,
        }
        return output::json(&Proposed { proposed, diff: &diff });
    }
    crate::policy_diff::show(&diff)?;
    output::say(format_args!(
        "proposed as version {0}; another operator runs `forewarn policy adopt {0}`",
        proposed.number
    ));
    Ok(())
}

fn list(common: &Common, program: &Program) -> anyhow::Result<()> {
    let versions: Vec<&PolicyVersion> = program.policy_versions().collect();
    if versions.is_empty() && !common.json {
        output::say(
            "no version in the log: the set shipped with this version decides; propose one to fix it",
        );
        return Ok(());
    }
    let short = |version: &str| version.chars().take(12).collect::<String>();
    let rows = versions.iter().map(|known| {
        vec![
            known.number.to_string(),
            known.name.clone(),
            short(&known.version),
            format!("{} by {}: {}", known.proposed, known.proposed_by, known.reason),
            state(&known.state),
        ]
    });
    output::table(common.json, &versions, &["version", "set", "hash", "proposed", "state"], rows)
}

fn state(state: &PolicyState) -> String {
    let span = |from: &Timestamp, until: &Option<Timestamp>| match until {
        Some(until) => format!("in force {from} to {until}"),
        None => format!("IN FORCE since {from}"),
    };
    match state {
        PolicyState::Proposed => String::from("waits for a second person"),
        PolicyState::Adopted { adopted, adopted_by, until } => {
            format!("{}, adopted by {adopted_by}", span(adopted, until))
        }
        PolicyState::Withdrawn { withdrawn, withdrawn_by, why } => {
            format!("withdrawn {withdrawn} by {withdrawn_by}: {why}")
        }
        PolicyState::Superseded { superseded } => format!("superseded {superseded}"),
    }
}

fn show(common: &Common, program: &Program, number: Option<u32>) -> anyhow::Result<()> {
    let known = match number {
        Some(number) => Some(program.policy_version(number)?),
        None => program.policy_in_force(),
    };
    // A log from before there were versions has a set in force and no version.
    let text = known.map_or(program.policies().text(), |known| &*known.text);
    if common.json {
        #[derive(Serialize)]
        struct Shown<'a> {
            #[serde(flatten)]
            version: Option<&'a PolicyVersion>,
            text: &'a str,
        }
        return output::json(&Shown { version: known, text });
    }
    output::say(text.trim_end());
    Ok(())
}
