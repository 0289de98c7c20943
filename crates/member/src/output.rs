//! What people and pipes see.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde::Serialize;

/// Failed.
pub(crate) const FAILED: u8 = 1;
/// Something does not fit.
pub(crate) const UNSOUND: u8 = 3;

/// Prints a line; a reader who went away is no error.
pub(crate) fn say(text: impl Display) {
    let mut out = io::stdout().lock();
    // A closed pipe means that nobody reads on; there is nobody to tell. A watcher's lines leave at once.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a line beside the result.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a value as one line of JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    say(serde_json::to_string(value)?);
    Ok(())
}

/// Prints why a command was not done.
pub(crate) fn complain(error: &anyhow::Error) {
    aside(format_args!("forewarn-member: {error:#}"));
}
