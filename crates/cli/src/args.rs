//! The command line: verbs, and what all of them share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use program::id::UserId;

/// Runs a vulnerability early-warning program: who may know what, when, and whose copy leaked.
///
/// A program lives in a data folder. Every change is an entry of its log; two different people approve a
/// wave, an embargo's end and a finding.
#[derive(Debug, Parser)]
#[command(name = "forewarn", version, propagate_version = true, max_term_width = 110)]
#[command(after_help = "\
Exit codes:
  0  done
  1  refused or failed; nothing was changed, and the message says what to do
  2  the command line was not understood
  3  `verify`, `copy verify`, `doctor` or `mark check-evidence` found something that does not fit,
     `policy prove` a promise that does not hold, `policy diff --strict` something that would open
  4  `mark check-evidence` found nothing wrong, and lacks rows that an accusation rests on

Begin with:
  forewarn demo --dir ./demo
  forewarn init --data ./program --name \"Acme Early Warning\" --operator alice --operator bob")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The program's data folder
    #[arg(long, global = true, env = "FOREWARN_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The operator who acts
    #[arg(long = "as", global = true, env = "FOREWARN_USER", value_name = "USER")]
    pub(crate) actor: Option<UserId>,
    /// Print JSON instead of tables and sentences
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What there is to do, in the order of the pipeline.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a new program in an empty folder
    Init(crate::init::InitArgs),
    /// List, add and remove operators
    #[command(subcommand)]
    Operator(crate::init::OperatorVerb),
    /// List and set tiers: lead times and artifact classes
    #[command(subcommand)]
    Tier(crate::tier::TierVerb),
    /// Admit members and keep their records
    #[command(subcommand)]
    Member(crate::member::MemberVerb),
    /// Open cases, add items, hold embargoes
    #[command(subcommand)]
    Case(crate::case::CaseVerb),
    /// Plan, approve and release waves
    #[command(subcommand)]
    Wave(crate::wave::WaveVerb),
    /// Say why a member may or may not have an item, at any instant
    Explain(crate::explain::ExplainArgs),
    /// List how far copies have come, export a member's, or check an export
    #[command(subcommand)]
    Copy(crate::copy::CopyVerb),
    /// Record what was seen outside
    #[command(subcommand)]
    Sighting(crate::sighting::SightingVerb),
    /// Read what members reported, and make sightings of theirs
    #[command(subcommand)]
    Report(crate::report::ReportVerb),
    /// Trace a leaked file to the copy it derives from
    Trace(crate::trace::TraceArgs),
    /// Add up the evidence of every trace, over all cases
    Ledger(crate::ledger::LedgerArgs),
    /// Review a member's standing, by two people
    #[command(subcommand)]
    Review(crate::review::ReviewVerb),
    /// List what members must be told, and record that they were
    #[command(subcommand)]
    Notification(crate::notification::NotificationVerb),
    /// Publish a case's advisory at the end of its embargo
    Publish(crate::publish::PublishArgs),
    /// Serve the program over HTTP, and release waves at their instant
    Serve(crate::serve::ServeArgs),
    /// Issue, list and revoke the tokens of members' and operators' machines
    #[command(subcommand)]
    Token(crate::token::TokenVerb),
    /// Invite people to register passkeys, list and revoke them
    #[command(subcommand)]
    Passkey(crate::passkey::PasskeyVerb),
    /// Confirm the host's clock after it was set
    #[command(subcommand)]
    Clock(crate::clock::ClockVerb),
    /// Copy the program into a folder, and try the copy
    Backup(crate::backup::BackupArgs),
    /// Restore the program from a backup, and accept by two people what is lost
    Restore(crate::backup::RestoreArgs),
    /// Move the program to PostgreSQL and S3
    Move(crate::relocate::MoveArgs),
    /// Say whether the program can do its work, and what would keep it from that soon
    Doctor(crate::doctor::DoctorArgs),
    /// Check everything in the data folder against everything else
    Verify(crate::verify::VerifyArgs),
    /// Read and export the log
    #[command(subcommand)]
    Log(crate::log::LogVerb),
    /// Read the policies, check a set, try one on a scenario
    #[command(subcommand)]
    Policy(crate::policy::PolicyVerb),
    /// Use the mark engine alone: keys, lint, render, trace
    #[command(subcommand)]
    Mark(crate::mark::MarkVerb),
    /// Print completions for a shell
    Completions(crate::reference::CompletionsArgs),
    /// Write manual pages, one a verb
    Man(crate::reference::ManArgs),
    /// Replay a real early-warning timeline with fictional members, to a traced leak
    Demo(crate::demo::DemoArgs),
}

/// Reads an instant; a bare date or a time without an offset is refused.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an instant: write date, time and offset, as in 2026-12-08T18:00:00Z or 2026-12-08T19:00:00+01:00")
    })
}

/// Reads a value that has a fixed list of names.
pub(crate) fn named<T: serde::de::DeserializeOwned>(text: &str, names: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| format!("`{text}` is not one of {names}"))
}
