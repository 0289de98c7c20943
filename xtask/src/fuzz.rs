//! Every parser under libFuzzer: `fuzz/` is a workspace of its own, built by cargo-fuzz.

use crate::exec::{self, cargo, root, stdout, succeeds};
use anyhow::{Result, ensure};
use std::fs;
use std::process::Command;

/// The version that the targets were written against.
const CARGO_FUZZ: &str = "0.13.2";
/// Seconds that one input may take, and memory in MB: what takes more counts as found.
const LIMITS: [&str; 2] = ["-timeout=20", "-rss_limit_mb=2048"];
/// Bytes of the longest input; the tests of the crates try longer ones.
const LONGEST: &str = "-max_len=16384";

/// Runs the named targets, or all, for some seconds each, from the seeds and what earlier runs found.
///
/// # Errors
/// When a target does not build or finds something; libFuzzer leaves the input in `fuzz/artifacts`.
pub(crate) fn run(named: &[String], seconds: u32) -> Result<()> {
    if !succeeds(&mut cargo(&["fuzz", "--version"])) {
        println!("    cargo-fuzz is missing: building {CARGO_FUZZ}, which takes some minutes");
        exec::run(&mut cargo(&["install", "--locked", "--version", CARGO_FUZZ, "cargo-fuzz"]))?;
    }
    let listed = stdout(&mut fuzz("list"))?;
    let known: Vec<&str> = listed.split_whitespace().collect();
    for name in named {
        ensure!(
            known.contains(&name.as_str()),
            "there is no target `{name}`, choose from {}",
            known.join(", ")
        );
    }
    for target in known.iter().filter(|target| named.is_empty() || named.iter().any(|name| name == *target)) {
        println!("\n==> fuzz: {target}, {seconds} s");
        let corpus = format!("fuzz/corpus/{target}");
        fs::create_dir_all(root().join(&corpus))?;
        let own = format!("fuzz/seeds/{target}");
        let seeds = if root().join(&own).is_dir() { own.as_str() } else { "fuzz/seeds/package" };
        // Sanitizers need a nightly compiler; coverage does not, and nothing of ours is unsafe.
        let mut command = fuzz("run");
        command.args(["--sanitizer", "none", target, &corpus, seeds, "--", LONGEST]).args(LIMITS);
        exec::run(command.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
}

/// The root has no package of its own, so cargo-fuzz must be told where the targets are.
fn fuzz(verb: &str) -> Command {
    cargo(&["fuzz", verb, "--fuzz-dir", "fuzz"])
}
