//! `forewarn completions` and `forewarn man`: what shells and readers of manuals want, made from the verbs.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::args::Cli;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn completions bash                    # into a file: > /etc/bash_completion.d/forewarn")]
pub(crate) struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

/// Write manual pages, one a verb.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn man ./man1")]
pub(crate) struct ManArgs {
    /// The folder to write to; it is made where it is missing
    out: PathBuf,
}

pub(crate) fn completions(args: &CompletionsArgs) {
    generate(args.shell, &mut Cli::command(), "forewarn", &mut io::stdout().lock());
}

pub(crate) fn man(args: &ManArgs) -> anyhow::Result<()> {
    let out = &args.out;
    fs::create_dir_all(out).with_context(|| format!("`{}`", out.display()))?;
    clap_mangen::generate_to(Cli::command(), out).with_context(|| format!("`{}`", out.display()))
}
