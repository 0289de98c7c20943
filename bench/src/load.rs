//! A stampede: ten thousand members wait for a wave, are woken at its instant, and fetch at once.
//!
//! The server is a process of its own, as are its files; this one plays the members.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use engine::{Clock, Engine, Entropy, hash::sha256};
use jiff::Timestamp;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::Semaphore,
    time::sleep,
};

use crate::{corpus, cpu, crowd};

/// Members unless `FOREWARN_BENCH_MEMBERS` says otherwise.
const MEMBERS: usize = 10_000;
/// Size of the package, in bytes.
const PACKAGE: usize = 200 << 10;
/// Time to connect, and for the copies to be made ready, for each thousand members and in all, in seconds.
const EACH: i64 = 12;
const LEAST: i64 = 20;
/// Connections that are being opened at a time.
const OPENING: usize = 256;
/// File descriptors, for streams and fetches.
const FILES: u64 = 65_536;

pub(crate) fn run() -> anyhow::Result<()> {
    let members = match std::env::var("FOREWARN_BENCH_MEMBERS") {
        Ok(text) => text.parse()?,
        Err(_) => MEMBERS,
    };
    rlimit::increase_nofile_limit(FILES)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(members))
}

async fn measure(members: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let root = dir.path().join("program");
    let (engine, people) = crowd::found(&root, members).await?;
    let (text, bytes) = corpus::prose_package(PACKAGE)?;
    let wait = LEAST + EACH * i64::try_from(members.div_ceil(1000))?;
    // A whole second, as people say when an embargo ends.
    let due = Timestamp::from_second(Clock::system().now().as_second() + wait)?;
    crowd::prepare(&engine, text, due).await?;
    engine.close().await;

    let mut server = Server::start(&root)?;
    let idle = server.memory("VmRSS")?;
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut waiting = Vec::with_capacity(members);
    for member in people {
        let (address, opening) = (server.address.clone(), opening.clone());
        waiting.push(tokio::spawn(async move { one(&address, &opening, member, due).await }));
    }
    let mut woken = Vec::with_capacity(members);
    let mut fetched = Vec::with_capacity(members);
    let mut last = Timestamp::MIN;
    for member in waiting {
        let seen = member.await??;
        woken.push(seen.woken);
        fetched.push(seen.fetched);
        last = last.max(seen.done);
    }
    let most = server.memory("VmHWM")?;
    server.stop()?;

    let engine = Engine::open(&root, Clock::system(), Entropy::System).await?;
    let (grants, holders) = crowd::granted(&engine).await?;
    engine.close().await;
    ensure!(
        (grants, holders) == (members, members),
        "{grants} grants to {holders} members: none missing or double"
    );
    println!(
        "load: {members} members with open streams, a wave of {} KiB, server and members on {}",
        bytes >> 10,
        cpu::setup()
    );
    println!("load: woken after the instant {}", spread(&mut woken));
    println!(
        "load: a fetch (list, sealed copy, receipt; opened and compared by every hundredth) {}",
        spread(&mut fetched)
    );
    println!(
        "load: the last was done {:.1} s after the instant; all {members} had what was due, each granted once; server's memory {idle} MiB before anybody came, {most} MiB at most",
        last.duration_since(due).as_secs_f64()
    );
    Ok(())
}

/// What one member saw.
struct Seen {
    /// How long after the instant it was woken.
    woken: Duration,
    /// How long its fetch took.
    fetched: Duration,
    done: Timestamp,
}

async fn one(
    address: &str,
    opening: &Semaphore,
    member: crowd::Member,
    due: Timestamp,
) -> anyhow::Result<Seen> {
    let mut stream = {
        let _permit = opening.acquire().await?;
        let mut stream = BufReader::new(TcpStream::connect(address).await?);
        ask(&mut stream, "/api/v1/events", &member).await?;
        let (status, _) = head(&mut stream).await?;
        ensure!(status == 200, "the stream was answered with {status}");
        // The first event says that the stream is open.
        change(&mut stream).await?;
        stream
    };
    let within = change(&mut stream).await?;
    let now = Clock::system().now();
    ensure!(now >= due, "woken before the instant");
    let woken = Duration::try_from(now.duration_since(due))?;
    sleep(within.mul_f64(f64::from(member.token.sha256().0.first().copied().unwrap_or(0)) / 255.0)).await;

    let start = Clock::system().now();
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let item = format!("/api/v1/cases/{}/items/{}", crowd::CASE, crowd::ITEM);
    let list = get(&mut stream, "/api/v1/copies", &member).await?;
    let list: serde_json::Value = serde_json::from_slice(&list)?;
    let hash =
        list.pointer("/0/sha256").and_then(|hash| hash.as_str()).context("what is due is in the list")?;
    let sealed = get(&mut stream, &format!("{item}/copy"), &member).await?;
    let receipt = get(&mut stream, &format!("{item}/receipt"), &member).await?;
    let done = Clock::system().now();
    ensure!(!receipt.is_empty(), "a receipt");
    // The members' own work is on their own machines; of some it is done here, to see that it comes out right.
    if member.token.sha256().0.first().is_some_and(|byte| *byte < 3) {
        let opened = package::open(&sealed, &member.identity)?;
        ensure!(sha256(&opened).to_string() == hash, "the copy is what was granted");
    }
    Ok(Seen { woken, fetched: Duration::try_from(done.duration_since(start))?, done })
}

/// Reads a stream's next change, and within how long the server asks to be asked.
async fn change(stream: &mut (impl AsyncBufRead + Unpin)) -> anyhow::Result<Duration> {
    let mut changed = false;
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line).await? > 0, "the stream ended");
        match line.trim_end().split_once(": ") {
            Some(("event", "change")) => changed = true,
            Some(("data", within)) if changed => {
                return Ok(Duration::from_millis(within.parse().unwrap_or(0)));
            }
            _ if changed && line.trim_end().is_empty() => return Ok(Duration::ZERO),
            _ => {}
        }
    }
}

async fn get(
    stream: &mut BufReader<TcpStream>,
    path: &str,
    member: &crowd::Member,
) -> anyhow::Result<Vec<u8>> {
    ask(stream, path, member).await?;
    let (status, length) = head(stream).await?;
    let mut body = vec![0; length.context("an answer says how long it is")?];
    stream.read_exact(&mut body).await?;
    ensure!(status == 200, "`{path}` was answered with {status}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}

async fn ask(stream: &mut BufReader<TcpStream>, path: &str, member: &crowd::Member) -> anyhow::Result<()> {
    let text = format!(
        "GET {path} HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {}\r\n\r\n",
        member.token.reveal()
    );
    Ok(stream.get_mut().write_all(text.as_bytes()).await?)
}

/// Reads an answer's status and length.
async fn head(stream: &mut BufReader<TcpStream>) -> anyhow::Result<(u16, Option<usize>)> {
    let (mut status, mut length) = (None, None);
    loop {
        let mut line = String::new();
        ensure!(stream.read_line(&mut line).await? > 0, "the server closed the connection");
        let line = line.trim_end();
        if line.is_empty() {
            return Ok((status.context("a status line")?, length));
        }
        if status.is_none() {
            status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        } else if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().ok();
        }
    }
}

fn spread(all: &mut [Duration]) -> String {
    all.sort_unstable();
    let at = |percent: usize| {
        let index = (all.len() * percent / 100).min(all.len().saturating_sub(1));
        all.get(index).copied().unwrap_or_default().as_secs_f64()
    };
    format!("p50 {:.2} s, p99 {:.2} s, at most {:.2} s", at(50), at(99), at(100))
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts `forewarn serve` as it lies beside this program.
    fn start(root: &Path) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("forewarn");
        let mut child = Command::new(&binary)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`: build it in release", binary.display()))?;
        let mut line = String::new();
        let out = child.stdout.as_mut().context("its output")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
        let said: serde_json::Value = serde_json::from_str(&line).context("the server does not start")?;
        let url = said.pointer("/url").and_then(|url| url.as_str()).context("its address")?;
        let address = url.trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }

    /// Reads what it uses of memory, in MiB. **Source:** proc(5), `/proc/PID/status`.
    fn memory(&self, name: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let Some(kib) = line.and_then(|line| line.trim().strip_suffix(" kB")) else {
            bail!("`{name}` is not told");
        };
        Ok(kib.parse::<u64>()? >> 10)
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "it is told to stop");
        ensure!(self.child.wait()?.success(), "it stops in good order");
        Ok(())
    }
}
