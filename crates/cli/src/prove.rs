//! `forewarn policy prove`: runs `forewarn-prove`, which is a program of its own.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Args;

use crate::{args::Common, output};

/// The program that proves.
const PROVER: &str = "forewarn-prove";

/// What to prove.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// default, deadline-aware, operators, or a file of Cedar policies; without one, the three that are shipped
    #[arg(value_name = "SET")]
    sets: Vec<String>,
    /// The shipped set whose promises a file is held to: default or deadline-aware
    #[arg(long, default_value = "default")]
    like: String,
    /// A file of forbids to add to the set; proved besides: they permit no more than the set does without them
    #[arg(long, value_name = "FILE")]
    add: Option<PathBuf>,
    /// A folder for the scenarios of claims that do not hold
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

pub(crate) fn run(common: &Common, args: &ProveArgs) -> anyhow::Result<ExitCode> {
    let mut command = Command::new(prover());
    command.args(["--like", &args.like]).args(common.json.then_some("--json"));
    command.args(args.add.iter().flat_map(|file| [Path::new("--add"), file]));
    command.args(args.scenarios.iter().flat_map(|folder| [Path::new("--scenarios"), folder]));
    command.arg("--").args(&args.sets);
    let status = command.status().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow::anyhow!(
            "`{PROVER}` is not installed: put it beside `forewarn` or into the path \
             (in the sources: `cargo install --path crates/prove`), and cvc5 with `apt-get install cvc5`"
        ),
        _ => anyhow::Error::from(error).context(format!("`{PROVER}` does not start")),
    })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::from(output::FAILED), ExitCode::from))
}

/// Returns the prover beside this program, or its name for the path to find.
fn prover() -> PathBuf {
    let name = format!("{PROVER}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().ok().map(|own| own.with_file_name(&name));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
}
