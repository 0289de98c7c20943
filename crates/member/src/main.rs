//! `forewarn-member`: a member's tool. It fetches, opens, verifies and acknowledges what a program gave the member, and
//! reports back.
//!
//! It knows nothing of marks and nothing of other members: it links neither the codebook nor the program.

mod acknowledge;
mod args;
mod client;
mod clock;
mod enrol;
mod fetch;
mod files;
mod history;
mod keygen;
mod names;
mod open;
mod out;
mod output;
mod report;
mod settings;
mod status;
mod sums;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Verb};

fn main() -> ExitCode {
    let Cli { json, home, verb } = Cli::parse();
    let home = settings::Home::of(home);
    let done = match verb {
        Verb::Enrol(args) => enrol::run(json, &home, &args),
        Verb::Keygen(args) => keygen::run(json, &args),
        Verb::Fetch(args) => fetch::run(json, &home, &args),
        Verb::Open(args) => open::run(json, &home, &args),
        Verb::Verify(args) => return verify::run(json, &home, &args),
        Verb::Acknowledge(args) => acknowledge::run(json, &home, &args),
        Verb::Report(verb) => report::run(json, &home, &verb),
        Verb::Status(args) => status::run(json, &home, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(output::FAILED)
        }
    }
}
