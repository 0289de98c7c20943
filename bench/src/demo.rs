//! The demonstration, end to end, as a user runs it.

use std::process::Command;

use anyhow::{Context as _, ensure};

/// How often; the middle one counts.
const RUNS: u64 = 3;

pub(crate) fn run() -> anyhow::Result<()> {
    let binary = std::env::current_exe()?.with_file_name("forewarn");
    ensure!(binary.exists(), "`{}` is not built: run `cargo xtask bench`", binary.display());
    let mut times = Vec::new();
    for seed in 0..RUNS {
        let dir = tempfile::tempdir()?;
        let seed = seed.to_string();
        let out = Command::new(&binary)
            .args(["demo", "--json", "--seed", &seed, "--dir"])
            .arg(dir.path().join("demo"))
            .output()?;
        ensure!(out.status.success(), "the demonstration failed: {}", String::from_utf8_lossy(&out.stderr));
        let outcome: serde_json::Value = serde_json::from_slice(&out.stdout)?;
        ensure!(
            outcome.get("accused") == Some(&serde_json::json!([outcome.get("leaker")])),
            "seed {seed} did not name its leaker"
        );
        times.push(outcome.get("elapsed_ms").and_then(serde_json::Value::as_u64).context("elapsed_ms")?);
    }
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "demonstration: {middle} ms (84 members, 9 items, three waves, one trace; middle of {RUNS} seeds)"
    );
    Ok(())
}
