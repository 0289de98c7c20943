//! Reading a leak: how fast the blind reader goes through it.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use engine::Stopwatch;
use mark::{
    code::{Codebook, ReleaseSecret},
    master::Master,
    read::{LeakFile, Reader},
    reading::Seen,
    render::render,
    syntax::SourceFile,
};

/// Size of the package, in bytes.
const PACKAGE: usize = 100_000;
/// How often; the middle one counts.
const RUNS: usize = 11;

pub(crate) fn run() -> anyhow::Result<()> {
    let text = text()?;
    let sources = [SourceFile { path: String::from("guide.md"), text }];
    let master = Master::parse(&sources).ok().context("the bench package parses")?;
    let codebook = Codebook::new(&ReleaseSecret::new([9; 32]), &master);
    let leak: Vec<LeakFile> = render(&master, &codebook.codeword("member"))
        .into_iter()
        .map(|file| LeakFile { path: file.path, text: file.text })
        .collect();
    let bytes: usize = leak.iter().map(|file| file.text.len()).sum();
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        let reading = Reader::new(&master).read(&leak);
        times.push(watch.elapsed());
        let read = reading.sites.iter().filter(|site| site.seen != Seen::Erased).count();
        ensure!(reading.derived && read * 20 >= master.sites.len() * 19, "the leak is read");
    }
    times.sort_unstable();
    let middle = times.get(RUNS / 2).copied().unwrap_or_default();
    println!(
        "reader: {} sites, a {} KB copy of the package, one core, master compiled and copy read: {:.1} MB/s (middle of {RUNS})",
        master.sites.len(),
        bytes / 1000,
        bytes as f64 / 1e6 / middle.as_secs_f64().max(1e-9)
    );
    Ok(())
}

/// Writes paragraphs with two alternatives in every sentence; no two sentences are alike.
fn text() -> anyhow::Result<String> {
    const WORDS: [&str; 23] = [
        "harbor", "lantern", "meadow", "copper", "violet", "timber", "saddle", "marble", "garnet", "willow",
        "ember", "falcon", "pepper", "canyon", "anchor", "velvet", "bishop", "cobalt", "drift", "maple",
        "quartz", "raven", "summit",
    ];
    let word = |at: usize| WORDS.get(at % WORDS.len()).copied().unwrap_or_default();
    let mut text = String::from("# Guide\n");
    let mut at = 0_usize;
    while text.len() < PACKAGE {
        text.push('\n');
        for _ in 0..6 {
            let (a, b, c) = (word(at * 7), word(at * 5 + at / 23), word(at * 3 + at / 529));
            write!(
                text,
                "In the {a} stage the {b} reader number {at} {{~retains its state until the peer answers|keeps what it has got until a reply comes in~}}, \
                 and a {c} log of the {b} queue {{~names the session|tells which session~}} it came from. "
            )?;
            at += 1;
        }
        text.push('\n');
    }
    Ok(text)
}
