//! The checks, their order and the summary.

use crate::exec::{Stopwatch, cargo, run, succeeds};
use crate::{arrows, install, judges, story, tree};
use anyhow::Result;
use clap::ValueEnum;
use std::process::Command;

/// One check, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Installs the tools that are missing.
    Install,
    /// rustfmt.
    Format,
    /// clippy with every warning an error.
    Lint,
    /// Unit, property and documentation tests.
    Test,
    /// rustdoc with private items and every warning an error.
    Docs,
    /// Licences, banned crates and sources.
    Deny,
    /// Who imports whom, and what tracked files may contain.
    Arrows,
    /// Proofs about the shipped policies.
    Prove,
    /// The demonstration, `verify`, tampering, and judges from outside.
    Story,
}

/// How thorough a run is.
pub(crate) struct Options {
    /// 20 seeds of the demonstration instead of 3.
    pub(crate) full: bool,
    /// A skipped part counts as a failure.
    pub(crate) strict: bool,
}

/// Parts that were left out, one sentence each.
pub(crate) type Skips = Vec<String>;

/// Runs the chosen steps, or all when none is chosen; returns whether all of them passed.
///
/// # Errors
/// When the work cannot begin; a failing step is part of the summary, not an error.
pub(crate) fn run_all(only: &[Step], options: &Options) -> Result<bool> {
    let chosen: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| only.is_empty() || only.contains(step))
        .collect();
    let whole = Stopwatch::start();
    let mut skips = Skips::new();
    let mut failures = Vec::new();
    for (number, step) in chosen.iter().enumerate() {
        println!("\n==> [{}/{}] {}", number + 1, chosen.len(), step.headline());
        let watch = Stopwatch::start();
        let before = skips.len();
        let outcome = step.run(options, &mut skips);
        for skip in skips.iter().skip(before) {
            println!("    skipped: {skip}");
        }
        match outcome {
            Ok(()) => println!("    passed in {:.1} s", watch.seconds()),
            Err(error) => {
                println!("    FAILED after {:.1} s: {error:#}", watch.seconds());
                failures.push(format!("{}: {error:#}", step.name()));
            }
        }
    }
    Ok(summary(chosen.len(), &failures, &skips, options, whole.seconds()))
}

fn summary(count: usize, failures: &[String], skips: &[String], options: &Options, seconds: f64) -> bool {
    println!();
    for failure in failures {
        println!("failed   {failure}");
    }
    for skip in skips {
        println!("skipped  {skip}");
    }
    let passed = failures.is_empty() && (skips.is_empty() || !options.strict);
    let verdict = match (passed, skips.is_empty()) {
        (true, true) => "all passed",
        (true, false) => "passed in part",
        (false, _) => "NOT PASSED",
    };
    let strict = if options.strict && !skips.is_empty() { " (a skip fails in CI)" } else { "" };
    println!(
        "{verdict}: {} of {count} checks passed, {} parts skipped{strict}, {seconds:.0} s",
        count - failures.len(),
        skips.len()
    );
    passed
}

impl Step {
    fn headline(self) -> &'static str {
        match self {
            Self::Install => "install: tools the checks need",
            Self::Format => "format: rustfmt",
            Self::Lint => "lint: clippy, warnings are errors",
            Self::Test => "test: unit, property and documentation tests",
            Self::Docs => "docs: rustdoc with private items",
            Self::Deny => "deny: licences, banned crates, sources",
            Self::Arrows => "arrows: who imports whom, sizes and contents of tracked files",
            Self::Prove => "prove: what the shipped policies promise, with cvc5",
            Self::Story => "story: demonstration, verify, tampering, outside judges",
        }
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn run(self, options: &Options, skips: &mut Skips) -> Result<()> {
        match self {
            Self::Install => install::all(skips),
            Self::Format => run(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Lint => run(&mut cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Test => tests(skips),
            Self::Docs => {
                run(cargo(&["doc", "--no-deps", "--workspace", "--document-private-items", "--locked"])
                    .env("RUSTDOCFLAGS", "-D warnings"))
            }
            Self::Deny => deny(skips),
            Self::Arrows => arrows::check().and_then(|()| tree::check()),
            Self::Prove => prove(skips),
            Self::Story => story::run(options.full).and_then(|story| judges::run_all(&story, skips)),
        }
    }
}

fn tests(skips: &mut Skips) -> Result<()> {
    install::servers(skips);
    if succeeds(&mut cargo(&["nextest", "--version"])) {
        run(&mut cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]))?;
    } else {
        skips.push("cargo-nextest is missing; `cargo test` ran instead".to_owned());
        run(&mut cargo(&["test", "--workspace", "--locked", "--all-targets"]))?;
    }
    run(&mut cargo(&["test", "--workspace", "--locked", "--doc"]))
}

/// The solver is installed here too, since the step may run alone.
fn prove(skips: &mut Skips) -> Result<()> {
    let solver = std::env::var_os("CVC5").unwrap_or_else(|| "cvc5".into());
    if !succeeds(Command::new(&solver).arg("--version")) {
        install::packages(skips)?;
    }
    if !succeeds(Command::new(&solver).arg("--version")) {
        skips.push("cvc5 is missing; nothing was proved about the policies".to_owned());
        return Ok(());
    }
    run(&mut cargo(&["run", "--locked", "--quiet", "-p", "prove", "--bin", "forewarn-prove"]))
}

fn deny(skips: &mut Skips) -> Result<()> {
    let mut command = cargo(&["deny", "--log-level", "error", "check", "licenses", "bans", "sources"]);
    if !succeeds(&mut cargo(&["deny", "--version"])) {
        skips.push("cargo-deny is missing; licences, bans and sources were not checked".to_owned());
        return Ok(());
    }
    run(&mut command)
}
