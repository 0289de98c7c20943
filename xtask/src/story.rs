//! One whole program per seed: the demonstration accuses the leaker and nobody else, and `verify` agrees.

use crate::exec::{cargo, release_folder, root, stdout};
use crate::flips;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Seeds of a normal and of a full run.
const SEEDS: (u64, u64) = (3, 20);

/// A finished demonstration that the judges look at; its folder goes away with it.
pub(crate) struct Story {
    /// The `forewarn` binary.
    pub(crate) forewarn: PathBuf,
    /// The data folder of the first seed.
    pub(crate) data: PathBuf,
    /// Where judges may write.
    pub(crate) scratch: TempDir,
}

impl Story {
    /// Returns a `forewarn` command with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.forewarn);
        command.args(args).current_dir(root());
        command
    }
}

/// Builds the binary, runs the demonstration for every seed and tampers with the first result.
///
/// # Errors
/// When a run fails, accuses anybody but the leaker, or `verify` is wrong about what it sees.
pub(crate) fn run(full: bool) -> Result<Story> {
    let story = run_all_seeds(full)?;
    flips::check(&story)?;
    Ok(story)
}

/// The `verify` command for a data folder.
pub(crate) fn verify(story: &Story, data: &Path) -> Command {
    let mut command = story.command(&["verify", "--data"]);
    command.arg(data);
    command
}

fn run_all_seeds(full: bool) -> Result<Story> {
    crate::exec::run(&mut cargo(&["build", "--release", "--locked", "-p", "cli", "-p", "member"]))?;
    let scratch = tempfile::tempdir()?;
    let story = Story {
        forewarn: release_folder()?.join(format!("forewarn{}", std::env::consts::EXE_SUFFIX)),
        data: scratch.path().join("seed-1"),
        scratch,
    };
    let seeds = if full { SEEDS.1 } else { SEEDS.0 };
    for seed in 1..=seeds {
        let data = story.scratch.path().join(format!("seed-{seed}"));
        let outcome = demo(&story, &data, seed).with_context(|| format!("demonstration with seed {seed}"))?;
        println!("    seed {seed}: {outcome}; `verify` passed");
        if seed > 1 {
            std::fs::remove_dir_all(&data)?;
        }
    }
    Ok(story)
}

fn demo(story: &Story, data: &Path, seed: u64) -> Result<String> {
    let mut command = story.command(&["demo", "--json", "--seed", &seed.to_string(), "--dir"]);
    let printed = stdout(command.arg(data))?;
    let outcome = last_object(&printed)?;
    let line = judge(&outcome)?;
    stdout(&mut verify(story, data))?;
    Ok(line)
}

/// Parses the JSON object that ends a text.
fn last_object(printed: &str) -> Result<Value> {
    let starts = printed
        .match_indices('{')
        .filter(|(at, _)| printed.get(..*at).is_some_and(|head| head.is_empty() || head.ends_with('\n')));
    starts
        .filter_map(|(at, _)| serde_json::from_str(printed.get(at..)?.trim()).ok())
        .next()
        .context("`demo --json` did not end with a JSON object")
}

/// Holds the outcome of a demonstration against what must be true of every one.
fn judge(outcome: &Value) -> Result<String> {
    let number = |key: &str| {
        outcome.get(key).and_then(Value::as_f64).with_context(|| format!("`{key}` is not a number"))
    };
    let leaker = outcome.get("leaker").and_then(Value::as_str).context("`leaker` is not a text")?;
    let accused = outcome.get("accused").and_then(Value::as_array).context("`accused` is not a list")?;
    let names: Vec<&str> = accused.iter().filter_map(Value::as_str).collect();
    if names != [leaker] {
        bail!("accused {names:?}, but `{leaker}` leaked");
    }
    let (members, epsilon, innocent) =
        (number("members")?, number("epsilon")?, number("max_innocent_log10_e")?);
    let (grants, withheld, size) = (number("grants")?, number("withheld")?, number("log_size")?);
    let suspects = number("timing_suspects")?;
    ensure!(epsilon > 0.0 && epsilon < 1.0, "epsilon {epsilon} is no probability");
    let threshold = (members / epsilon).log10();
    ensure!(innocent < threshold, "an innocent member reached 10^{innocent}, threshold 10^{threshold:.1}");
    ensure!(number("waves")? >= 1.0 && grants >= 1.0, "nothing was released");
    ensure!(withheld >= 1.0, "nothing was withheld from members under a duty");
    ensure!(size > grants, "log of {size} entries for {grants} grants");
    ensure!(suspects > 1.0, "timing alone must leave more than one suspect, found {suspects}");
    Ok(format!(
        "{members} members, {grants} grants, {withheld} withheld; timing leaves {suspects} suspects, \
         the marks leave `{leaker}`; best innocent 10^{innocent:.1} of 10^{threshold:.1}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome() -> Value {
        json!({
            "members": 84, "waves": 3, "grants": 400, "withheld": 12, "log_size": 700, "leaker": "alpha",
            "accused": ["alpha"], "epsilon": 1e-6, "max_innocent_log10_e": -1.5, "timing_suspects": 36, "elapsed_ms": 5
        })
    }

    #[test]
    fn refuses_every_wrong_outcome() {
        for (key, value) in [
            ("accused", json!([])),
            ("accused", json!(["beta"])),
            ("accused", json!(["alpha", "beta"])),
            ("max_innocent_log10_e", json!(8.0)),
            ("max_innocent_log10_e", json!(null)),
            ("withheld", json!(0)),
            ("grants", json!(0)),
            ("log_size", json!(400)),
            ("timing_suspects", json!(1)),
            ("epsilon", json!(0)),
        ] {
            let mut wrong = outcome();
            wrong[key] = value.clone();
            assert!(judge(&wrong).is_err(), "`{key}` = {value} passed");
        }
        assert!(judge(&outcome()).is_ok());
    }

    #[test]
    fn finds_the_object_after_other_lines() {
        let printed = "releasing {x}\ndone\n{\n  \"members\": 84,\n  \"inner\": {\n\"a\": 1}\n}\n";
        assert_eq!(last_object(printed).unwrap()["members"], 84);
        assert!(last_object("no object").is_err());
        assert!(last_object("{\"a\": 1}\ntrailing text").is_err());
    }
}
