//! `forewarn`: runs a vulnerability early-warning program from the command line.

mod args;
mod backup;
mod case;
mod clock;
mod copy;
mod demo;
mod doctor;
mod exit;
mod explain;
mod init;
mod ledger;
mod log;
mod mark;
mod member;
mod notification;
mod output;
mod passkey;
mod places;
mod policy;
mod policy_diff;
mod prove;
mod publish;
mod reference;
mod relocate;
mod report;
mod review;
mod serve;
mod session;
mod sighting;
mod subject;
mod tier;
mod token;
mod trace;
mod verify;
mod wave;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Verb};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|verb| verb == engine::exhibit::pdf::VERB) {
        return engine::exhibit::pdf::serve();
    }
    engine::tls::install();
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => Err(anyhow::Error::from(error).context("cannot start")),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(output::FAILED)
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { common, verb } = cli;
    match verb {
        Verb::Init(args) => init::run(&common, args).await?,
        Verb::Operator(verb) => init::operator(&common, verb).await?,
        Verb::Tier(verb) => tier::run(&common, verb).await?,
        Verb::Member(verb) => member::run(&common, verb).await?,
        Verb::Case(verb) => case::run(&common, verb).await?,
        Verb::Wave(verb) => wave::run(&common, verb).await?,
        Verb::Explain(args) => explain::run(&common, args).await?,
        Verb::Copy(verb) => return copy::run(&common, verb).await,
        Verb::Sighting(verb) => sighting::run(&common, verb).await?,
        Verb::Report(verb) => report::run(&common, verb).await?,
        Verb::Trace(args) => trace::run(&common, args).await?,
        Verb::Ledger(args) => ledger::run(&common, args).await?,
        Verb::Review(verb) => review::run(&common, verb).await?,
        Verb::Notification(verb) => notification::run(&common, verb).await?,
        Verb::Serve(args) => serve::run(&common, args).await?,
        Verb::Backup(args) => return backup::run(&common, args).await,
        Verb::Restore(args) => backup::run_restore(&common, args).await?,
        Verb::Move(args) => relocate::run(&common, args).await?,
        Verb::Clock(verb) => clock::run(&common, verb).await?,
        Verb::Doctor(args) => return doctor::run(&common, args).await,
        Verb::Completions(args) => reference::completions(&args),
        Verb::Man(args) => reference::man(&args)?,
        Verb::Token(verb) => token::run(&common, verb).await?,
        Verb::Passkey(verb) => passkey::run(&common, verb).await?,
        Verb::Publish(args) => publish::run(&common, args).await?,
        Verb::Verify(args) => return verify::run(&common, args).await,
        Verb::Log(verb) => log::run(&common, verb).await?,
        Verb::Policy(verb) => return policy::run(&common, verb).await,
        Verb::Mark(verb) => return mark::run(&common, verb),
        Verb::Demo(args) => demo::run(&common, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
