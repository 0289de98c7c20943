//! `cargo xtask test`: every check of the repository, in order, each with a headline and the time it took.
//! `cargo xtask bench`: the figures that README quotes.
//! `cargo xtask fuzz`: every parser under libFuzzer.

mod arrows;
mod exec;
mod flips;
mod fuzz;
mod install;
mod judges;
mod notices;
mod package;
mod serving;
mod steps;
mod story;
mod tree;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use steps::{Options, Step};

/// Tasks of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check in order and ends with a summary.
    Test {
        /// Runs this step alone; may be repeated.
        #[arg(long, value_enum, value_name = "STEP")]
        only: Vec<Step>,
        /// Runs the demonstration with 20 seeds instead of 3.
        #[arg(long)]
        full: bool,
    },
    /// Builds everything in release and prints the figures that README quotes.
    Bench,
    /// Makes the Debian package, and looks into it.
    Package,
    /// Runs the fuzz targets one after the other; example: `cargo xtask fuzz reader --seconds 600`.
    Fuzz {
        /// Targets; all when none is named.
        #[arg(value_name = "TARGET")]
        targets: Vec<String>,
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
}

fn main() -> ExitCode {
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    let done = match Cli::parse().task {
        Task::Test { only, full } => steps::run_all(&only, &Options { full, strict }),
        Task::Bench => bench().map(|()| true),
        Task::Package => package::make().map(|()| true),
        Task::Fuzz { targets, seconds } => fuzz::run(&targets, seconds).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The measured program and its measure are built before anything is timed.
fn bench() -> anyhow::Result<()> {
    exec::run(&mut exec::cargo(&["build", "--release", "--locked", "-p", "cli", "-p", "bench"]))?;
    exec::run(&mut exec::cargo(&["run", "--release", "--locked", "--quiet", "-p", "bench"]))
}
