//! Hunting for members' values through a web server's log.

use std::{fmt::Write as _, fs, process::Command, time::Duration};

use anyhow::{Context as _, ensure};
use engine::Stopwatch;
use mark::{
    code::{Codebook, ReleaseSecret},
    hunt::{Hunter, Stream},
    master::{Master, Symbol},
    syntax::SourceFile,
};

const BYTES: usize = 200 << 20;
const CHUNK: usize = 1 << 18;
const FEW: usize = 100;
const MANY: usize = 1_000_000;
/// How often; the middle one counts.
const RUNS: usize = 5;
/// Lines between two requests that carry a value.
const BETWEEN: u64 = 400_000;

pub(crate) fn run() -> anyhow::Result<()> {
    let text = "Send {~tr=rand:hex12~} to {~h=rand:word12~}.example.net, drop {~fn=rand:word12~}.ico, end with {~bd=rand:num24~}.\n";
    let sources = [SourceFile { path: String::from("guide.md"), text: text.to_owned() }];
    let master = Master::parse(&sources).ok().context("the bench package parses")?;
    let codebook = Codebook::new(&ReleaseSecret::new([9; 32]), &master);
    let members: Vec<String> = (0..MANY).map(|n| format!("member-{n}")).collect();
    let few = members.get(..FEW).context("some members")?;
    let leaker = few.get(FEW / 2).context("a leaker")?;
    let log = log(&values(&codebook, leaker))?;

    let mut speeds = Vec::new();
    for members in [few, &members] {
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let mut hunter = Hunter::new(&master, &codebook, members, 1e-6)?;
            let mut stream = Stream::new(0);
            let watch = Stopwatch::start();
            log.as_bytes().chunks(CHUNK).for_each(|chunk| hunter.feed(&mut stream, chunk));
            hunter.end(stream);
            times.push(watch.elapsed());
            let report = hunter.finish();
            ensure!(report.hit_count > 0 && report.members.len() == 1, "the leaker's values are found");
            ensure!(members.len() > FEW || report.accused == [leaker.clone()], "the leaker is named");
        }
        speeds.push(speed(&mut times));
    }
    let constants = master.sites.len();
    let grep = ripgrep(&log, &codebook, few)?;
    println!(
        "hunt: {constants} constants, {} MB of web log, one core, plain, escapes, base64 and hex (middle of {RUNS}): {} MB/s for {FEW} members, {} MB/s for {MANY}; `rg -F -f` with the same {} values, plain only: {grep}",
        BYTES / 1_000_000,
        speeds.first().copied().unwrap_or_default(),
        speeds.last().copied().unwrap_or_default(),
        constants * FEW,
    );
    Ok(())
}

/// Times ripgrep over the same log from a file that is in memory; says so where there is none.
fn ripgrep(log: &str, codebook: &Codebook, members: &[String]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let (file, patterns) = (folder.path().join("access.log"), folder.path().join("values"));
    fs::write(&file, log)?;
    fs::write(
        &patterns,
        members.iter().flat_map(|member| values(codebook, member)).collect::<Vec<_>>().join("\n"),
    )?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        let done = Command::new("rg").args(["-j1", "-F", "-c", "-f"]).arg(&patterns).arg(&file).output();
        let Ok(done) = done else { return Ok(String::from("not installed")) };
        times.push(watch.elapsed());
        ensure!(done.status.success(), "`rg` finds what the hunt finds");
    }
    Ok(format!("{} MB/s", speed(&mut times)))
}

fn speed(times: &mut [Duration]) -> u64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    (BYTES as f64 / 1e6 / middle.as_secs_f64().max(1e-9)).round() as u64
}

fn values(codebook: &Codebook, member: &str) -> Vec<String> {
    let word = codebook.codeword(member);
    let values = word.symbols().iter().filter_map(|symbol| match symbol {
        Symbol::Value(value) => Some(value.clone()),
        Symbol::Index(_) => None,
    });
    values.collect()
}

/// Writes requests in the combined log format with a request id each, and some that carry the leaker's values.
fn log(values: &[String]) -> anyhow::Result<String> {
    const PATHS: [&str; 7] = [
        "/api/v1/users/profile",
        "/static/js/app.bundle.js",
        "/search?q=hello%20world&page=2",
        "/index.html",
        "/wp-login.php",
        "/images/logo-large.png",
        "/checkout/cart?item=48213&token=dGhpcyBpcyBhIHRva2Vu",
    ];
    const AGENTS: [&str; 3] = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "curl/8.5.0",
        "python-requests/2.32.3",
    ];
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = |below: u64| {
        // **Source:** Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut log = String::with_capacity(BYTES + (1 << 12));
    let mut lines = 0_u64;
    while log.len() < BYTES {
        lines += 1;
        let path = PATHS.get(usize::try_from(random(7))?).copied().unwrap_or_default();
        let agent = AGENTS.get(usize::try_from(random(3))?).copied().unwrap_or_default();
        let (a, b, size, from) = (random(256), random(256), random(1 << 14), random(1 << 12));
        let (minute, second, id) = (lines / 60 % 60, lines % 60, random(u64::MAX));
        writeln!(
            log,
            "10.7.{a}.{b} - - [12/Nov/2026:10:{minute:02}:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {size} \"https://shop.example.com/{from}\" \"{agent}\" {id:016x}"
        )?;
        if lines % BETWEEN == 7 {
            writeln!(
                log,
                "10.7.0.1 - - [12/Nov/2026:10:{minute:02}:{second:02} +0000] \"GET /x/?{} HTTP/1.1\" 404 0",
                values.join("&")
            )?;
        }
    }
    Ok(log)
}
