//! The process that parses a PDF: limits itself, reads it from standard input, writes its text.

use std::{
    env,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use rlimit::{Resource, getrlimit, setrlimit};

use super::{HELLO, VERB};
use crate::exhibit::MOST_BYTES;

/// Most address space, in bytes: the program's own, and the PDF with its objects.
const MOST_MEMORY: u64 = 384 << 20;
/// Most seconds of processor time.
const MOST_SECONDS: u64 = 45;

/// Extracts the text of the PDF on standard input, as the process that [`VERB`] starts.
pub fn serve() -> ExitCode {
    match limited().and_then(|()| answer()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Sets the limits and begins anew: an allocator that is at work already may hold more memory than they allow.
fn limited() -> io::Result<()> {
    if getrlimit(Resource::AS)?.0 <= MOST_MEMORY {
        return Ok(());
    }
    let limits = [
        (Resource::AS, MOST_MEMORY),
        (Resource::CPU, MOST_SECONDS),
        (Resource::FSIZE, 0),
        (Resource::CORE, 0),
    ];
    for (resource, most) in limits {
        let most = getrlimit(resource)?.1.min(most);
        setrlimit(resource, most, most)?;
    }
    Err(Command::new(env::current_exe()?).arg(VERB).exec())
}

fn answer() -> io::Result<()> {
    let mut pdf = Vec::new();
    io::stdin().lock().take(MOST_BYTES).read_to_end(&mut pdf)?;
    let (verdict, text) = match pdf_extract::extract_text_from_mem(&pdf) {
        Ok(text) => (b"+", text),
        Err(error) => (b"-", error.to_string()),
    };
    let mut out = io::stdout().lock();
    out.write_all(HELLO)?;
    out.write_all(verdict)?;
    out.write_all(text.as_bytes())?;
    out.flush()
}
