//! `forewarn case break-embargo`: an early end, with all that follows from it.

use anyhow::bail;
use clap::Args;
use engine::exit::{Asked, Exit};
use program::id::CaseId;

use crate::{
    args::Common,
    case::count,
    notification,
    output::{self, Bar},
    session::Session,
};

/// End an embargo early.
#[derive(Debug, Args)]
pub(crate) struct BreakArgs {
    /// Which case
    case: CaseId,
    /// Why
    #[arg(long)]
    reason: String,
    /// Approve the waves that lack your approval too, so that the two of you release all of them
    #[arg(long)]
    approve_waves: bool,
    /// Publish the advisory in the same command
    #[arg(long)]
    publish: bool,
}

pub(crate) async fn run(common: &Common, session: &Session, args: BreakArgs) -> anyhow::Result<()> {
    let asked = Asked { approve: args.approve_waves, publish: args.publish };
    let actor = session.actor()?;
    let exit = session.engine.break_embargo(actor, &args.case, &args.reason, asked, &Bar::new()).await?;
    if common.json {
        output::json(&exit)?;
    } else {
        say(session, &args.case, &exit).await?;
    }
    let left: Vec<String> =
        exit.waves.iter().filter_map(|wave| wave.says.as_ref().map(|_| wave.wave.to_string())).collect();
    if exit.over.is_some() && !left.is_empty() {
        bail!(
            "the embargo is over, but of its waves {} was not released: approve it or mend what is said above, then run the same command again",
            left.join(", ")
        );
    }
    Ok(())
}

async fn say(session: &Session, case: &CaseId, exit: &Exit) -> anyhow::Result<()> {
    let Some(over) = exit.over else {
        output::say(format_args!(
            "noted; the embargo of `{case}` ends when another person runs the same command"
        ));
        for wave in &exit.waves {
            let says = wave.says.as_deref().unwrap_or_default();
            output::say(format_args!("wave `{}` is ready to go with it: {says}", wave.wave));
        }
        return Ok(());
    };
    output::say(format_args!(
        "the embargo of `{case}` is over since {over}; every wave and the advisory are due"
    ));
    for wave in &exit.waves {
        match (&wave.released, &wave.says) {
            (Some(done), _) => output::say(format_args!(
                "released wave `{}`: {} to {}, {} withheld",
                wave.wave,
                count(done.granted, "copy").replace("copys", "copies"),
                count(done.members, "member"),
                done.withheld
            )),
            (None, says) => output::say(format_args!(
                "wave `{}` was not released: {}",
                wave.wave,
                says.as_deref().unwrap_or_default()
            )),
        }
    }
    match exit.published.as_slice() {
        [] => output::say(format_args!("next: `forewarn publish {case}`")),
        files => output::say(format_args!("published {}", files.join(", "))),
    }
    let tell: Vec<_> = exit.tell.iter().collect();
    if tell.is_empty() {
        output::say("no member is left to be told");
        return Ok(());
    }
    output::say(
        "these members are to be told; a server with `[notices]` does it by itself, whoever tells one says `forewarn notification told`:",
    );
    let waiting = session.engine.waiting_notices().await?;
    notification::table(&*session.engine.program().await, &tell, &waiting)
}
