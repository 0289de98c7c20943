//! Notices of a served demonstration, taken by a mail server and an endpoint that share no code with Forewarn, while
//! the server is killed and started again.

use crate::exec::stdout;
use crate::install::{python, takes_notices};
use crate::steps::Skips;
use crate::story::Story;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How many members are told.
const MEMBERS: usize = 8;

/// Longer than a claim lasts that a killed server held.
const PATIENCE: Duration = Duration::from_secs(100);

/// What no notice may contain: of the demonstration's cases, items, members and words.
const CANARIES: [&str; 8] = ["CVE-", "ACME-", ".yar", ".md", "advisory", "reproduction", "embargo", "wave"];

/// Who takes the notices, ended when it goes out of scope.
struct Judge {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Value>,
}

/// Tells some members of the demonstration that there is something, kills the server meanwhile, and looks at what came.
///
/// # Errors
/// When a notice is missing, malformed, signed wrongly, has content, or has more than one key.
pub(crate) fn check(story: &Story, skips: &mut Skips) -> Result<()> {
    if !takes_notices() {
        skips.push("aiosmtpd and standardwebhooks are missing; no outside judge took a notice".to_owned());
        return Ok(());
    }
    let mut judge = Judge::start()?;
    let ports = judge.next()?;
    let port = |name: &str| ports.get(name).and_then(Value::as_u64).context("a port");
    let config = story.scratch.path().join("notices.toml");
    std::fs::write(&config, configuration(port("mail")?))?;
    let members = members(story)?;
    let url = format!("http://127.0.0.1:{}/", port("hook")?);
    prepare(story, &mut judge, &members, &url)?;
    let first = serve(story, &config)?;
    for member in &members {
        let told = ["notification", "test", "--as", "alice", "--wait", "0", "--member", member, "--data"];
        stdout(story.command(&told).arg(&story.data))?;
    }
    let mut taken = vec![judge.next()?];
    drop(first);
    let second = serve(story, &config)?;
    // One mail each, and one request to the only endpoint.
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    while settled(story)? < MEMBERS + 1 {
        if let Ok(line) = judge.lines.recv_timeout(Duration::from_millis(500)) {
            taken.push(line);
        }
        ensure!(taken.len() <= 4 * (MEMBERS + 1), "notices without end");
    }
    drop(second);
    taken.extend(judge.lines.try_iter());
    for line in &taken {
        let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
        ensure!(line.get("wrong").is_some_and(Value::is_null), "the judge says: {line}");
        let known = members.iter().map(String::as_str).chain(CANARIES);
        if let Some(canary) = known.into_iter().find(|canary| text("text").contains(canary)) {
            bail!("a notice says `{canary}`: {line}");
        }
        *keys.entry(text("id").to_owned()).or_default() += 1;
    }
    let texts: BTreeSet<&str> = taken
        .iter()
        .filter(|line| line.get("kind").and_then(Value::as_str) == Some("mail"))
        .filter_map(|line| line.get("text")?.as_str())
        .collect();
    ensure!(keys.len() == MEMBERS + 1, "{} keys for {} notices", keys.len(), MEMBERS + 1);
    ensure!(texts.len() == 1, "mails differ, which tells them apart: {texts:?}");
    println!(
        "    notices: {} mails and 1 request, one key each, content-free; {} sent twice over a kill",
        MEMBERS,
        keys.values().filter(|times| **times > 1).count()
    );
    Ok(())
}

fn configuration(port: u64) -> String {
    format!(
        "timer = false\n[notices]\nurl = \"https://early.example\"\n[notices.mail]\nhost = \"127.0.0.1\"\nport = {port}\n\
         tls = \"none\"\nfrom = \"Early Warning <early@early.example>\"\n[notices.webhooks]\nloopback = true\n"
    )
}

/// Names a mail address for each member and an endpoint for the first, whose secret the judge is given.
fn prepare(story: &Story, judge: &mut Judge, members: &[String], url: &str) -> Result<()> {
    for member in members {
        let address = format!("psirt@{member}.example");
        let contact =
            ["member", "contact", member, "--role", "security", "--name", "desk", "--address", &address];
        stdout(story.command(&contact).args(["--as", "alice", "--data"]).arg(&story.data))?;
    }
    let first = members.first().context("no member")?;
    let add = ["notification", "endpoint", "add", "--member", first, url, "--as", "alice", "--data"];
    let secret = stdout(story.command(&add).arg(&story.data))?;
    Ok(writeln!(judge.input, "{}", secret.trim())?)
}

/// The ids of some active members.
fn members(story: &Story) -> Result<Vec<String>> {
    let text = stdout(story.command(&["member", "list", "--json", "--data"]).arg(&story.data))?;
    let members: Value = serde_json::from_str(&text)?;
    let active = |it: &&Value| it.get("standing").and_then(Value::as_str) == Some("active");
    let all = members.as_array().context("no members")?.iter().filter(active);
    let ids: Vec<String> =
        all.filter_map(|it| it.get("id")?.as_str().map(str::to_owned)).take(MEMBERS).collect();
    ensure!(ids.len() == MEMBERS, "too few active members");
    Ok(ids)
}

/// How many notices of tests were taken, as the log has it.
fn settled(story: &Story) -> Result<usize> {
    let text =
        stdout(story.command(&["notification", "list", "--all", "--json", "--data"]).arg(&story.data))?;
    let all: Value = serde_json::from_str(&text)?;
    let tests =
        all.as_array().context("no list")?.iter().filter(|it| it.get("about") == Some(&json!({"test": {}})));
    let notices = tests.filter_map(|it| it.get("notices")?.as_object());
    Ok(notices.flat_map(|it| it.values()).filter(|it| it.get("given_up").is_some_and(Value::is_null)).count())
}

/// A server, killed when it goes out of scope.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing is finished in order.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(story: &Story, config: &std::path::Path) -> Result<Server> {
    let mut command = story.command(&["serve", "--listen", "127.0.0.1:0", "--json", "--config"]);
    command.arg(config).arg("--data").arg(&story.data).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server(command.spawn().context("`forewarn serve` did not start")?);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().context("no output")?).read_line(&mut line)?;
    ensure!(line.contains("url"), "`forewarn serve` did not become ready");
    Ok(server)
}

impl Judge {
    fn start() -> Result<Self> {
        let mut command = Command::new(python());
        command.arg(crate::exec::root().join("tests/judges/notices.py"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take().context("input")?, child.stdout.take().context("output")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line)
                    && sender.send(value).is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { child, input, lines })
    }

    fn next(&mut self) -> Result<Value> {
        self.lines.recv_timeout(PATIENCE).context("the judge of notices is silent")
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
