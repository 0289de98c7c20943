//! `forewarn demo`: a real timeline, fictional members, one leak, one trace.

mod leaker;
mod story;
mod world;

use std::path::PathBuf;

use clap::Args;
use engine::Stopwatch;
use serde::Serialize;

use crate::{args::Common, output, places::PlaceArgs};

/// Replay the SharePoint early warning of 2025 with fictional members, to a traced leak.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn demo --dir ./demo
  forewarn verify --data ./demo
  forewarn explain TOOLSHELL-2025 --data ./demo --member tesslow --item reproduction.py \\
      --at 2025-07-03T17:00:00Z

Dates and CVE ids are the historical ones; members, product, texts and leak are invented, and the hours are
illustrative. Nobody was ever named or proven to have leaked in 2025.")]
pub(crate) struct DemoArgs {
    /// A folder that is empty or not there; it becomes the program's data folder
    #[arg(long)]
    dir: PathBuf,
    /// Which leaker, which secrets, which edits: the same seed replays the same story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    places: PlaceArgs,
}

/// What the demonstration came to.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) members: usize,
    pub(crate) waves: usize,
    pub(crate) grants: usize,
    pub(crate) withheld: usize,
    pub(crate) log_size: u64,
    pub(crate) leaker: String,
    pub(crate) accused: Vec<String>,
    pub(crate) epsilon: f64,
    pub(crate) max_innocent_log10_e: Option<f64>,
    pub(crate) timing_suspects: usize,
    pub(crate) elapsed_ms: u128,
}

/// Where the story is told: beside the result when a machine reads, else as the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Teller {
    aside: bool,
}

impl Teller {
    pub(crate) fn line(self, text: impl std::fmt::Display) {
        if self.aside { output::aside(text) } else { output::say(text) }
    }
}

pub(crate) async fn run(common: &Common, args: DemoArgs) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    let teller = Teller { aside: common.json };
    let mut outcome = story::play(&args.dir, &args.places.wanted()?, args.seed, teller).await?;
    outcome.elapsed_ms = watch.elapsed().as_millis();
    if common.json {
        return output::json(&outcome);
    }
    output::say(format_args!("\nThe program is in `{}`. Look around:", args.dir.display()));
    for look in ["verify", "member list", "member sheet tesslow", "case show TOOLSHELL-2025", "log list"] {
        output::say(format_args!("  forewarn {look} --data {}", args.dir.display()));
    }
    Ok(())
}
