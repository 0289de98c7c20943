//! Running other programs: their output is shown, or captured and shown on failure.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// Returns a cargo command that runs in the root of the workspace, with the target folder settled.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    // `cargo run` sets these for xtask; a nested cargo must find out for itself.
    command.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
    if let Some(folder) = target_default() {
        command.env("CARGO_TARGET_DIR", folder);
    }
    command
}

/// Returns the root folder of the workspace.
///
/// `cargo run` says where it found xtask; the place it was compiled in may be another checkout that shares the
/// target folder.
pub(crate) fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    xtask.parent().unwrap_or(&xtask).to_path_buf()
}

/// Returns the folder that release builds are in.
///
/// # Errors
/// When cargo does not say.
pub(crate) fn release_folder() -> Result<PathBuf> {
    let text = stdout(&mut cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` printed no JSON")?;
    let target = metadata.get("target_directory").and_then(Value::as_str).context("no target directory")?;
    Ok(Path::new(target).join("release"))
}

/// Runs a command with its output visible.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("    $ {}", text(command));
    let status = command.status().with_context(|| format!("`{}` did not start", text(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", text(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed.
///
/// # Errors
/// As [`run`]; the message carries what the command wrote to its error output.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    let output = capture(command)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", text(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command that must refuse; returns its exit code.
///
/// # Errors
/// When it cannot be started, succeeds, or is ended by a signal (a crash is no refusal).
pub(crate) fn refusal(command: &mut Command) -> Result<i32> {
    let output = capture(command)?;
    match output.status.code() {
        Some(0) => bail!("`{}` succeeded where it had to refuse", text(command)),
        // A Rust panic ends with 101.
        Some(101) | None => bail!("`{}` crashed instead of refusing: {}", text(command), output.status),
        Some(code) => Ok(code),
    }
}

/// Says whether a command starts and succeeds, without showing anything.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    capture(command).is_ok_and(|output| output.status.success())
}

/// Seconds since an earlier instant, with a start at the moment of the call.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "progress shown to a person; no decision depends on it")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

fn capture(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| format!("`{}` did not start", text(command)))
}

fn text(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// In CI the checkout is thrown away, so the build goes where a cache can keep it.
fn target_default() -> Option<PathBuf> {
    if std::env::var_os("CARGO_TARGET_DIR").is_some() || std::env::var("CI").ok()? != "true" {
        return None;
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("forewarn-target"))
}
