//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Fetches, opens and verifies what an early-warning program gave this member.
#[derive(Debug, Parser)]
#[command(name = "forewarn-member", version, propagate_version = true, max_term_width = 110)]
#[command(after_help = "\
Exit codes:
  0  done
  1  failed; the message says what to do
  2  the command line was not understood
  3  `verify` found something that does not fit

Begin with:
  forewarn-member keygen --out veltrune.agekey          # then give the public key to the program
  forewarn-member fetch --url https://warn.example --token-file token --identity veltrune.agekey --out ./early
  forewarn-member verify --out ./early                  # offline")]
pub(crate) struct Cli {
    /// Print JSON instead of sentences
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a key that copies are sealed to
    Keygen(KeygenArgs),
    /// Fetch, open and verify every copy that may be had now
    Fetch(FetchArgs),
    /// Open one sealed copy
    Open(OpenArgs),
    /// Check a folder of fetched copies, offline
    Verify(VerifyArgs),
    /// Tell what the program has on record of this member
    Status(StatusArgs),
}

/// Where the program is, and who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct Server {
    /// The program's address, as in `https://warn.example`
    #[arg(long, env = "FOREWARN_URL")]
    pub(crate) url: String,
    /// The file with the token that the program issued
    #[arg(long, env = "FOREWARN_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// Certificates to trust instead of the public ones, PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Send the token over plain HTTP to another host than this one
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member keygen --out veltrune.agekey

The file is an age identity: `age -d -i` opens copies with it too. Keep a copy of it; nobody else has one.")]
pub(crate) struct KeygenArgs {
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  forewarn-member fetch --url https://warn.example --token-file token --identity veltrune.agekey --out ./early
  forewarn-member fetch … --watch --exec './to-the-lab.sh'     # runs after each new copy, with FOREWARN_FILE set

What is in the folder already and fits is not fetched again; what broke off goes on where it stopped. The log's
verifier key is pinned with the first fetch: give `--vkey` to pin the one that you were told over another channel.
Every checkpoint that was ever seen is kept, with the proof that the log only grew since.")]
pub(crate) struct FetchArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The file with the key that copies are sealed to
    #[arg(long, env = "FOREWARN_IDENTITY", value_name = "KEY")]
    pub(crate) identity: PathBuf,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The log's verifier key
    #[arg(long)]
    pub(crate) vkey: Option<String>,
    /// Go on, and fetch whatever comes
    #[arg(long)]
    pub(crate) watch: bool,
    /// A command to run after each new copy
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member open --identity veltrune.agekey advisory.md.age --out advisory.md")]
pub(crate) struct OpenArgs {
    /// The file with the key that the copy is sealed to
    #[arg(long, env = "FOREWARN_IDENTITY", value_name = "KEY")]
    pub(crate) identity: PathBuf,
    /// The sealed copy
    pub(crate) sealed: PathBuf,
    /// Where the opened copy goes; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member verify --out ./early

Checks every copy against its receipt, every receipt against the log's key, and every checkpoint that was ever seen
against the ones before it. Nothing is asked of anybody.")]
pub(crate) struct VerifyArgs {
    /// The folder that was fetched to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The log's verifier key, instead of the one that the folder pinned
    #[arg(long)]
    pub(crate) vkey: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn-member status --url https://warn.example --token-file token")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) server: Server,
}
