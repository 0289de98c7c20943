//! `forewarn log`: the log itself.

use std::path::PathBuf;

use clap::Subcommand;
use program::Entry;
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Read and export the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    /// List the newest entries
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        last: u64,
    },
    /// Write the public log: checkpoint, verifier key and tiles, for any C2SP tlog-tiles verifier
    #[command(after_help = "\
Example:
  forewarn log export --data ./program ./public-log

The records are salted commitments: they tell nothing but how many entries there are.")]
    Export {
        /// A folder that is empty or not there
        out: PathBuf,
    },
}

pub(crate) async fn run(common: &Common, verb: LogVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: LogVerb) -> anyhow::Result<()> {
    match verb {
        LogVerb::Export { out } => {
            let exported = session.engine.export_log(&out).await?;
            if common.json {
                return output::json(&exported);
            }
            output::say(format_args!(
                "wrote {} entries in {} tile files to `{}`",
                exported.entries,
                exported.tiles,
                out.display()
            ));
            Ok(())
        }
        LogVerb::List { last } => {
            #[derive(Serialize)]
            struct Row {
                seq: u64,
                at: jiff::Timestamp,
                actor: String,
                event: program::Event,
            }
            let entries = session.engine.newest(last).await?;
            let rows: Vec<Row> = entries
                .into_iter()
                .map(|Entry { seq, at, actor, event }| Row { seq, at, actor: actor.to_string(), event })
                .collect();
            let cells = rows.iter().map(|row| {
                let event = serde_json::to_string(&row.event).unwrap_or_default();
                let short: String = event.chars().take(90).collect();
                vec![row.seq.to_string(), row.at.to_string(), row.actor.clone(), short]
            });
            output::table(common.json, &rows, &["entry", "at", "by", "event"], cells)
        }
    }
}
