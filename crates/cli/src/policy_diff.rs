//! `forewarn policy diff`: what another set would decide differently about what is under way.

use std::process::ExitCode;

use clap::Args;
use engine::policy_diff::{Answer, Change, Effect, PolicyDiff};
use policy::Action;

use crate::{
    args::Common,
    output::{self, Bar},
    policy::load,
    session::Session,
};

/// Names of a part of a tier that a row tells before it counts the rest.
const NAMED: usize = 5;

/// Which set to compare with.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// default, deadline-aware, or a file of Cedar policies
    #[arg(value_name = "SET")]
    other: String,
    /// Exit with 3 where something would become more permissive
    #[arg(long)]
    strict: bool,
}

pub(crate) async fn run(common: &Common, args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let other = load(&args.other)?;
    let session = Session::open(common).await?;
    let diff = session.engine.policy_diff(&other, &Bar::new()).await;
    let diff = session.close(Ok(diff)).await?;
    if common.json {
        output::json(&diff)?;
    } else {
        show(&diff)?;
    }
    let opens = args.strict && diff.more_permissive > 0;
    Ok(if opens { ExitCode::from(output::UNSOUND) } else { ExitCode::SUCCESS })
}

pub(crate) fn show(diff: &PolicyDiff) -> anyhow::Result<()> {
    let headings = ["", "case", "item", "who", "at", "now → then", "because"];
    if !diff.changes.is_empty() {
        output::table(false, &(), &headings, diff.changes.iter().map(row))?;
    }
    let version = |version: &str| version.chars().take(12).collect::<String>();
    output::say(format_args!(
        "`{}` {} instead of `{}` {}: {} of {} decisions change{}",
        diff.other.set,
        version(&diff.other.version),
        diff.in_force.set,
        version(&diff.in_force.version),
        diff.changed,
        diff.decisions,
        match diff.more_permissive {
            0 if diff.changed == 0 => String::new(),
            0 => String::from("; none becomes more permissive"),
            1 => String::from("; 1 becomes more permissive (!)"),
            several => format!("; {several} become more permissive (!)"),
        }
    ));
    Ok(())
}

fn row(change: &Change) -> Vec<String> {
    let mark = if change.more_permissive { "!" } else { "" };
    let item = match change.actions.as_slice() {
        [Action::List] => format!("{} (listing)", change.item),
        [Action::Fetch] => format!("{} (copy)", change.item),
        _ => change.item.to_string(),
    };
    let at: Vec<String> = change.at.iter().map(ToString::to_string).collect();
    vec![
        mark.to_owned(),
        change.case.to_string(),
        item,
        who(change),
        at.join("\n"),
        format!("{}\n→ {}", effect(change.from.effect), effect(change.to.effect)),
        format!("{}\n→ {}", because(&change.from), because(&change.to)),
    ]
}

/// Names the members, or counts them where a whole tier in one standing changes alike.
fn who(change: &Change) -> String {
    let members = &change.members;
    let group = match &change.tier {
        Some(tier) => format!("{}, tier `{tier}`", change.standing),
        None => format!("{}, no tier", change.standing),
    };
    if change.all && members.len() > 1 {
        return format!("all {} members: {group}", members.len());
    }
    let named: Vec<&str> = members.iter().take(NAMED).map(|member| member.as_str()).collect();
    match members.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        rest => format!("{} and {rest} more: {group}", named.join(", ")),
    }
}

fn effect(effect: Effect) -> String {
    match effect {
        Effect::Release => String::from("release"),
        Effect::Withhold { until: Some(until) } => format!("withhold until {until}"),
        Effect::Withhold { until: None } => String::from("withhold"),
    }
}

fn because(answer: &Answer) -> String {
    if answer.policies.is_empty() {
        return String::from("no policy gives it");
    }
    answer.policies.join(", ")
}
