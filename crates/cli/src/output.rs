//! What people and pipes see: tables, JSON, progress, complaints.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    sync::Mutex,
};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use engine::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use program::Entry;
use serde::Serialize;

/// Refused or failed.
pub(crate) const FAILED: u8 = 1;
/// Something does not fit.
pub(crate) const UNSOUND: u8 = 3;
/// Nothing differs, and what an accusation rests on could not all be checked.
pub(crate) const INCOMPLETE: u8 = 4;

/// Width of a table that no terminal limits, in columns.
const PIPED_WIDTH: u16 = 120;

/// Prints a line; a reader who went away is no error.
pub(crate) fn say(text: impl Display) {
    let mut out = io::stdout().lock();
    // A closed pipe means that nobody reads on; there is nobody to tell.
    let _ = writeln!(out, "{text}");
}

/// Prints a value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a line beside the result: progress in words, never data.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints why a command was not done.
pub(crate) fn complain(error: &anyhow::Error) {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    // A message that already tells its cause is not told twice.
    let mut said: Vec<&String> = Vec::new();
    for cause in &chain {
        if !said.iter().any(|before| before.contains(cause.as_str())) {
            said.push(cause);
        }
    }
    let said: Vec<&str> = said.into_iter().map(String::as_str).collect();
    let what = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    let hint = what.and_then(hint).unwrap_or_default();
    aside(format_args!("forewarn: {}{hint}", said.join(": ")));
}

/// Says what to do about what the file system said, where its words leave that open.
fn hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::NotFound => Some("; check the path"),
        io::ErrorKind::IsADirectory => Some("; name the files in it"),
        io::ErrorKind::NotADirectory => Some("; it is a file: name a folder"),
        io::ErrorKind::PermissionDenied => Some("; run as who owns it, or change its mode"),
        io::ErrorKind::StorageFull => Some("; make room, then try again"),
        _ => None,
    }
}

/// Prints rows under headings, or the same as JSON.
pub(crate) fn table<T: Serialize>(
    as_json: bool,
    value: &T,
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> anyhow::Result<()> {
    if as_json {
        return json(value);
    }
    let mut table = Table::new();
    let style = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(headings.iter().copied());
    let mut any = false;
    for row in rows {
        table.add_row(row);
        any = true;
    }
    if any {
        say(table)
    } else {
        say(format_args!("no {} yet", headings.first().copied().unwrap_or("row")))
    }
    Ok(())
}

/// Prints which entries a command came to.
pub(crate) fn entries(as_json: bool, done: &str, entries: &[Entry]) -> anyhow::Result<()> {
    if as_json {
        #[derive(Serialize)]
        struct Done<'a> {
            seq: u64,
            at: jiff::Timestamp,
            event: &'a program::Event,
        }
        let rows: Vec<Done> =
            entries.iter().map(|entry| Done { seq: entry.seq, at: entry.at, event: &entry.event }).collect();
        return json(&rows);
    }
    match entries {
        [] => say(format_args!("nothing to do: {done} already")),
        [only] => say(format_args!("{done} (entry {})", only.seq)),
        [first, .., last] => say(format_args!("{done} (entries {} to {})", first.seq, last.seq)),
    }
    Ok(())
}

/// Shows a bar where somebody watches, and nothing where a machine does.
pub(crate) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, steps: u64) {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let shape = if steps == 0 { "{msg} {pos} {elapsed}" } else { "{msg} {wide_bar} {pos}/{len} {eta}" };
        let bar = ProgressBar::with_draw_target((steps > 0).then_some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(shape) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        self.with(|slot| *slot = Some(bar));
    }

    fn step(&self, done: u64) {
        self.with(|slot| {
            if let Some(bar) = slot {
                bar.inc(done);
            }
        });
    }

    fn end(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }
}
