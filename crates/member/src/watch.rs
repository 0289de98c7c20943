//! Going on: a stream wakes the tool, and where there is none it asks now and then.

use std::{
    io::{BufRead as _, BufReader},
    thread::sleep,
    time::Duration,
};

use crate::{client::is_passing, fetch::Fetcher, keygen::random, output};

/// How long to wait after the first failure; it doubles with each one.
const FIRST: Duration = Duration::from_secs(1);
/// How long to wait at most.
const LONGEST: Duration = Duration::from_secs(60);
/// Within how long members that were woken together ask, unless the server says, in milliseconds; and at most.
const SPREAD: u64 = 500;
const WIDEST: u64 = 60_000;

/// Fetches whatever comes, until somebody stops it.
///
/// # Errors
/// What asking again cannot mend: a token that is not good, a log that shows another past.
pub(crate) fn run(fetcher: &Fetcher<'_>) -> anyhow::Result<()> {
    let mut wait = FIRST;
    loop {
        match fetcher.once().and_then(|()| listen(fetcher, &mut wait)) {
            Err(error) if !is_passing(&error) => return Err(error),
            Err(error) => output::complain(&error),
            Ok(()) => {}
        }
        sleep(wait + moment_within(SPREAD));
        wait = (wait * 2).min(LONGEST);
    }
}

/// Fetches with every event of a stream; returns when it ends.
fn listen(fetcher: &Fetcher<'_>, wait: &mut Duration) -> anyhow::Result<()> {
    let mut lines = BufReader::new(fetcher.client().events()?);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        *wait = FIRST;
        if line.trim_end() == "event: change" {
            // What follows is within how long to ask.
            line.clear();
            lines.read_line(&mut line)?;
            let told = line.trim_end().strip_prefix("data: ").and_then(|within| within.parse().ok());
            sleep(moment_within(told.unwrap_or(SPREAD)));
            fetcher.once()?;
        }
    }
}

/// Draws a moment, so that ten thousand members do not ask in the same one.
fn moment_within(milliseconds: u64) -> Duration {
    Duration::from_millis(u64::from_le_bytes(random()) % milliseconds.clamp(1, WIDEST))
}
