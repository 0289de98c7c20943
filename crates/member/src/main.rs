//! `forewarn-member`: a member's tool. It fetches, opens and verifies what a program gave the member.
//!
//! It knows nothing of marks and nothing of other members: it links neither the codebook nor the program.

mod args;
mod client;
mod fetch;
mod history;
mod keygen;
mod names;
mod open;
mod out;
mod output;
mod status;
mod sums;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Verb};

fn main() -> ExitCode {
    let Cli { json, verb } = Cli::parse();
    let done = match verb {
        Verb::Keygen(args) => keygen::run(json, &args),
        Verb::Fetch(args) => fetch::run(json, &args),
        Verb::Open(args) => open::run(json, &args),
        Verb::Verify(args) => return verify::run(json, &args),
        Verb::Status(args) => status::run(json, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::from(output::FAILED)
        }
    }
}
