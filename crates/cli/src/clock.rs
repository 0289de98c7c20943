//! `forewarn clock`: people's word on the host's clock.

use clap::Subcommand;
use program::Command;

use crate::{args::Common, output, session::Session};

/// Confirm the host's clock after it was set.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockVerb {
    /// Say that the host's clock is right; a second person says so within a quarter of an hour
    #[command(after_help = "\
Example:
  forewarn clock confirm --as alice
  forewarn clock confirm --as bob

A server releases nothing after its host's clock was set by two minutes or more. Compare the time that this prints
with another source before you say that it is right: what is released early stays released.")]
    Confirm,
}

pub(crate) async fn run(common: &Common, verb: ClockVerb) -> anyhow::Result<()> {
    let ClockVerb::Confirm = verb;
    let session = Session::open(common).await?;
    let done = session.execute(Command::ConfirmClock).await.and_then(|entries| {
        let now = session.engine.clock().now();
        output::entries(
            common.json,
            &format!("the host's clock says {now}: you say that it is right"),
            &entries,
        )
    });
    session.close(done).await
}
