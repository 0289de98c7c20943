//! A whole trace: reading a leak and weighing it against everybody.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use engine::Stopwatch;
use mark::{
    accuse::Verdict,
    code::{Codebook, ReleaseSecret},
    master::Master,
    read::LeakFile,
    render::render,
    syntax::SourceFile,
};

const MEMBERS: usize = 100;
const SITES: usize = 200;
/// How often; the middle one counts.
const RUNS: usize = 21;

pub(crate) fn run() -> anyhow::Result<()> {
    let text = text()?;
    let size = text.len();
    let sources = [SourceFile { path: String::from("guide.md"), text }];
    let master = Master::parse(&sources).ok().context("the bench package parses")?;
    ensure!(master.sites.len() == SITES, "the bench package has {} sites", master.sites.len());
    let codebook = Codebook::new(&ReleaseSecret::new([9; 32]), &master);
    let members: Vec<String> = (0..MEMBERS).map(|n| format!("member-{n}")).collect();
    let leaker = members.get(MEMBERS / 2).context("a leaker")?;
    let leak: Vec<LeakFile> = render(&master, &codebook.codeword(leaker))
        .into_iter()
        .map(|file| LeakFile { path: file.path, text: file.text })
        .collect();
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        let (_, trace) = mark::trace::trace(&master, &codebook, &members, &leak, 1e-6)?;
        times.push(watch.elapsed());
        ensure!(
            trace.verdict == Verdict::Attributed && trace.accused == [leaker.clone()],
            "the leaker is named"
        );
    }
    times.sort_unstable();
    let middle = times.get(RUNS / 2).copied().unwrap_or_default();
    println!(
        "trace: {MEMBERS} members, {SITES} sites, a {} KiB leak read and weighed: {:.1} ms (middle of {RUNS})",
        size >> 10,
        middle.as_secs_f64() * 1000.0
    );
    Ok(())
}

/// Writes prose with a binary alternative in every sentence; no two sentences are alike.
fn text() -> anyhow::Result<String> {
    const SUBJECTS: [&str; 10] =
        ["parser", "listener", "queue", "session", "token", "worker", "cache", "gateway", "upload", "header"];
    const PLACES: [&str; 20] = [
        "harbor", "lantern", "meadow", "copper", "violet", "timber", "saddle", "marble", "garnet", "willow",
        "ember", "falcon", "pepper", "canyon", "anchor", "velvet", "bishop", "cobalt", "drift", "maple",
    ];
    let mut text = String::from("# Guide\n");
    for (at, place) in PLACES.iter().enumerate() {
        text.push('\n');
        for (turn, subject) in SUBJECTS.iter().enumerate() {
            write!(
                text,
                "In the {place} stage the {subject} number {} {{~retains its state until the peer answers|keeps what it has got until a reply comes in~}}, \
                 and the {place} log names the {subject} it came from. ",
                at * 31 + turn * 7 + 3
            )?;
        }
        text.push('\n');
    }
    Ok(text)
}
