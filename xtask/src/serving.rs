//! The demonstration served: a member's tool fetches from it, and schemathesis judges the interface.

use crate::exec::{refusal, stdout};
use crate::install::schemathesis;
use crate::judges::files;
use crate::steps::Skips;
use crate::story::Story;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Requests that schemathesis makes for each operation and phase.
const EXAMPLES: &str = "25";

/// A server on the demonstration's data, ended when it goes out of scope.
struct Server {
    child: Child,
    url: String,
}

/// Serves the finished demonstration, fetches a member's copies, changes them byte by byte, and has the interface judged.
///
/// # Errors
/// When a copy does not arrive as granted, a changed byte passes, or the interface answers as it should not.
pub(crate) fn check(story: &Story, skips: &mut Skips) -> Result<()> {
    let member = member(story)?;
    let tokens =
        [("member.token", ["--member", member.as_str()]), ("operator.token", ["--role", "operator"])];
    for (file, holder) in tokens {
        let text = stdout(story.command(&["token", "new", "--data"]).arg(&story.data).args(holder))?;
        std::fs::write(story.scratch.path().join(file), text)?;
    }
    let server = Server::start(story)?;
    fetch(story, &server, &member)?;
    if !schemathesis().exists() {
        skips.push("schemathesis is missing; no outside judge saw the interface".to_owned());
        return Ok(());
    }
    for (file, _) in tokens {
        judge(story, &server, file)?;
    }
    Ok(())
}

/// A member that was granted something and has its key in the demonstration's folder.
fn member(story: &Story) -> Result<String> {
    let text = stdout(story.command(&["member", "list", "--json", "--data"]).arg(&story.data))?;
    let members: Value = serde_json::from_str(&text).context("`member list --json` printed no JSON")?;
    let active = |it: &&Value| it.get("standing").and_then(Value::as_str) == Some("active");
    let first = members.as_array().and_then(|members| members.iter().find(active));
    let id = first.and_then(|it| it.get("id")?.as_str()).context("no active member in the demonstration")?;
    Ok(id.to_owned())
}

impl Server {
    fn start(story: &Story) -> Result<Self> {
        let mut command = story.command(&["serve", "--listen", "127.0.0.1:0", "--json", "--data"]);
        command.arg(&story.data).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("`forewarn serve` did not start")?;
        let mut line = String::new();
        let out = child.stdout.take().context("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("`forewarn serve` did not become ready")?;
        let url = ready.get("url").and_then(Value::as_str).context("no URL")?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fetches, verifies, and lets every changed byte be found out.
fn fetch(story: &Story, server: &Server, member: &str) -> Result<()> {
    let tool = story.forewarn.with_file_name(format!("forewarn-member{}", std::env::consts::EXE_SUFFIX));
    let out = story.scratch.path().join("early");
    let token = story.scratch.path().join("member.token");
    let key = story.data.join("members").join(format!("{member}.agekey"));
    let mut fetch = Command::new(&tool);
    fetch.args(["fetch", "--json", "--url", &server.url, "--token-file"]).arg(token);
    let fetched = stdout(fetch.arg("--identity").arg(key).arg("--out").arg(&out))?;
    let fetched: Value = serde_json::from_str(&fetched)?;
    let copies = fetched.as_array().map_or(0, Vec::len);
    ensure!(copies > 0, "`{member}` fetched nothing");
    let verify = || {
        let mut command = Command::new(&tool);
        command.args(["verify", "--out"]).arg(&out);
        command
    };
    stdout(&mut verify())?;
    let everything = files(&out)?;
    for file in &everything {
        flipped(file, &mut verify()).with_context(|| format!("one byte of `{}` changed", file.display()))?;
    }
    println!(
        "    served: `{member}` fetched {copies} copies; one changed byte in each of {} files refused",
        everything.len()
    );
    Ok(())
}

fn flipped(file: &Path, verify: &mut Command) -> Result<()> {
    let good = std::fs::read(file)?;
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    *bad.get_mut(middle).context("an empty file")? ^= 1;
    std::fs::write(file, bad)?;
    refusal(verify)?;
    Ok(std::fs::write(file, good)?)
}

/// No failure of the server, no status that the description does not name, no answer that it does not describe.
fn judge(story: &Story, server: &Server, token: &str) -> Result<()> {
    let token = std::fs::read_to_string(story.scratch.path().join(token))?;
    let description = format!("{}/api/v1/openapi.json", server.url);
    let mut command = Command::new(schemathesis());
    command.args(["run", &description, "--url", &server.url]);
    command.args(["--header", &format!("Authorization: Bearer {}", token.trim_end())]);
    // The stream of events does not end.
    command.args(["--exclude-path", "/api/v1/events", "--phases", "examples,coverage,fuzzing"]);
    command.args(["--max-examples", EXAMPLES, "--seed", "7", "--no-color"]);
    // Its report may quote the token in full: what it keeps, it keeps here.
    command.current_dir(story.scratch.path());
    let said = stdout(&mut command)?;
    let cases = said.lines().rev().find(|line| line.contains("generated")).unwrap_or_default();
    println!("    schemathesis: {}", cases.trim());
    Ok(())
}
