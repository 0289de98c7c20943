//! A PDF's text, extracted by a process of its own.
//!
//! The parser is large, recursive and made for well-meant files. What leaked is hostile input, so it runs in a
//! child: this program again, under limits of memory and time that it sets itself before it reads a byte.

mod child;

use std::{
    env,
    io::{self, Read, Write},
    process::{Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use super::{MOST_TEXT, Unread};
pub use child::serve;

/// The hidden verb under which a program that reads exhibits must call [`serve`], before it does anything else.
pub const VERB: &str = "read-pdf";

/// The library that extracts, and its version: whoever repeats a reading needs the same text of the same file.
pub const EXTRACTOR: &str = "pdf-extract 0.12.1";

/// How long the child may take; no text that is read takes as long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the child says first: without it, whatever ran was not [`serve`].
const HELLO: &[u8] = b"forewarn-pdf/1 ";

/// Extracts the text of a PDF.
///
/// # Errors
/// [`Unread::Scan`] when it has none, [`Unread::Pdf`] when it cannot be parsed, [`Unread::PdfLimit`] when the child
/// cannot be run or exceeds its limits.
pub(super) fn text(pdf: &[u8]) -> Result<String, Unread> {
    let answer = ask(pdf)?;
    let text = answer.strip_prefix(HELLO).ok_or_else(crashed)?;
    let (verdict, text) = text.split_first().ok_or_else(crashed)?;
    let text = String::from_utf8_lossy(text);
    match verdict {
        _ if text.len() as u64 > MOST_TEXT => Err(Unread::TooMuch),
        b'+' if text.trim().is_empty() => Err(Unread::Scan),
        b'+' => Ok(joined(&text)),
        _ => Err(Unread::Pdf(text.into_owned())),
    }
}

fn crashed() -> Unread {
    Unread::PdfLimit(
        "the process that reads it ended early: it is damaged, or needs too much memory or time".to_owned(),
    )
}

fn ask(pdf: &[u8]) -> Result<Vec<u8>, Unread> {
    let failed =
        |error: io::Error| Unread::PdfLimit(format!("the process that reads it cannot be run: {error}"));
    let mut child = Command::new(env::current_exe().map_err(failed)?)
        .arg(VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (done, answer) = channel();
    let read = thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends early closes the pipe; its answer, or the lack of one, tells.
            let _ = stdin.map(|mut stdin| stdin.write_all(pdf));
        });
        scope.spawn(move || {
            let most = MOST_TEXT + HELLO.len() as u64 + 2;
            let mut text = Vec::new();
            let read = stdout.map_or(Ok(0), |stdout| stdout.take(most).read_to_end(&mut text));
            let _ = done.send(read.map(|_| text));
        });
        let read = answer.recv_timeout(PATIENCE);
        // Ends the threads, which wait for its pipes.
        let _ = child.kill();
        read
    });
    let _ = child.wait();
    match read {
        Ok(text) => text.map_err(failed),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(Unread::PdfLimit(format!("reading it takes more than {} s", PATIENCE.as_secs())))
        }
    }
}

/// Joins words that were parted at the end of a line: a hyphen between small letters with a line's end after it.
///
/// Where the hyphen is the word's own, it is lost with the line's end; the reader takes it for a slip of the pen.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['-', '\u{ad}', '\u{2010}']) {
        let (before, hyphen) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let mut after = hyphen.chars();
        let hyphen = after.next();
        let blank = after.as_str().len() - after.as_str().trim_start().len();
        let (space, next) = after.as_str().split_at_checked(blank).unwrap_or(("", after.as_str()));
        out.push_str(before);
        let letters = before.ends_with(char::is_lowercase) && next.starts_with(char::is_lowercase);
        rest = if letters && space.contains('\n') {
            next
        } else {
            out.extend(hyphen);
            after.as_str()
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extractor_named_is_the_one_that_is_built_in() {
        let locked = include_str!("../../../../Cargo.lock").replace('\r', "");
        let (name, version) = EXTRACTOR.split_once(' ').unwrap();
        assert!(locked.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{EXTRACTOR}");
    }

    #[test]
    fn words_parted_at_a_lines_end_are_joined() {
        for (parted, whole) in [
            ("infor-\nmation", "information"),
            ("infor\u{ad}\n\n  mation and re\u{2010} \nlay", "information and relay"),
            ("pre-auth - as\nit is-\n", "pre-auth - as\nit is-\n"),
            ("a-\nB, 4-\n4, Ä-\nä", "a-\nB, 4-\n4, Ä-\nä"),
            ("ä-\nä", "ää"),
            ("-\n-", "-\n-"),
            ("", ""),
        ] {
            assert_eq!(joined(parted), whole);
        }
    }
}
