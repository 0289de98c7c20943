//! `forewarn explain`: a decision in sentences.

use clap::Args;
use jiff::Timestamp;
use policy::Effect;
use program::id::{CaseId, ItemId, MemberId};

use crate::{
    args::{Common, instant},
    output,
    session::Session,
};

/// Say why a member may or may not have an item, at any instant.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn explain ACME-2026-7 --member acme --item poc.py
  forewarn explain ACME-2026-7 --member acme --item poc.py --at 2026-12-08T18:00:00Z

An instant in the past is answered from the log as it stood then.")]
pub(crate) struct ExplainArgs {
    /// Which case
    case: CaseId,
    /// Which member
    #[arg(long)]
    member: MemberId,
    /// Which item
    #[arg(long)]
    item: ItemId,
    /// The instant to explain, instead of now
    #[arg(long, value_parser = instant)]
    at: Option<Timestamp>,
}

pub(crate) async fn run(common: &Common, args: ExplainArgs) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = session.engine.explain(&args.case, &args.item, &args.member, args.at).await;
    let explained = session.close(done.map_err(anyhow::Error::from)).await?;
    if common.json {
        return output::json(&explained);
    }
    let decision = &explained.policy.decision;
    let may = if decision.effect == Effect::Permit { "may have" } else { "may not have" };
    output::say(format_args!(
        "at {} `{}` {may} `{}` of case `{}`",
        explained.at, explained.member, explained.item, explained.case
    ));
    for sentence in &explained.policy.because {
        output::say(format_args!("  because: {sentence}"));
    }
    if !decision.policies.is_empty() {
        output::say(format_args!("  policies: {}", decision.policies.join(", ")));
    }
    if !decision.facts.is_empty() {
        output::say(format_args!("  facts: {}", decision.facts.join("; ")));
    }
    for wave in &explained.waves {
        output::say(format_args!("  {wave}"));
    }
    if let Some(since) = explained.granted {
        output::say(format_args!("  it was given its copy {since}"));
    }
    for change in &explained.policy.changes {
        output::say(format_args!("  what would change it: {} → {}", change.what, change.then));
    }
    output::say(format_args!("  (answered from the first {} entries of the log)", explained.entries));
    Ok(())
}
