//! `forewarn ledger`: what all leaks together say about each member.

use clap::Args;

use crate::{args::Common, case::count, output, session::Session};

/// Add up the evidence of every trace, over all cases.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn ledger --json

Traces of different cases multiply, since each case's marks are drawn with a secret of its own; several traces of
one case are averaged. The ledger has a bound of its own: the chance that it ever accuses any innocent member, over
all cases and however often it is read, is at most epsilon. Timing is not counted.")]
pub(crate) struct LedgerArgs {
    /// Show everybody, not only members that were weighed
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(common: &Common, args: LedgerArgs) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = session.engine.leak_ledger().await;
    let mut ledger = session.close(done.map_err(anyhow::Error::from)).await?;
    if !args.all {
        ledger.members.retain(|line| line.releases > 0);
    }
    let rows = ledger.members.iter().map(|line| {
        vec![
            line.member.clone(),
            line.releases.to_string(),
            format!("10^{:.1}", line.log10_e),
            format!("10^{:.1}", line.threshold_log10_e),
            if line.accused { "derives from its copies" } else { "not named" }.to_owned(),
        ]
    });
    output::table(common.json, &ledger, &["member", "cases", "evidence", "threshold", "verdict"], rows)?;
    if !common.json {
        output::say(format_args!(
            "{} of {}; the chance that the ledger ever accuses any innocent member is at most {:.1e}",
            count(ledger.looks, "trace"),
            count(ledger.cases, "case"),
            ledger.epsilon
        ));
        if ledger.uncounted > 0 {
            output::aside(format_args!(
                "{} logged before evidence was kept about everybody: not counted",
                count(ledger.uncounted, "trace")
            ));
        }
    }
    Ok(())
}
