//! What time it is: the one place of this tool that asks.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use jiff::Timestamp;

/// Returns the instant by this host's clock, to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "this tool has no other clock, and says so when the program's differs"
)]
pub(crate) fn now() -> anyhow::Result<Timestamp> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).context("this host's clock stands before 1970")?;
    Ok(Timestamp::from_second(i64::try_from(since.as_secs())?)?)
}
