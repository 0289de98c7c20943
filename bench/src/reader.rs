//! Reading a leak: how fast the blind reader goes through it, in every kind of file.

use anyhow::{Context as _, ensure};
use engine::Stopwatch;
use mark::{
    master::Master,
    read::{LeakFile, Reader},
    reading::Seen,
};

use crate::{corpus, cpu};

/// Size of a package's copy, in bytes.
const PACKAGE: usize = 100_000;
/// How often; the middle one counts.
const RUNS: usize = 21;
/// One word in so many is another in a leak that was edited.
const EDITED: usize = 20;

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "reader: copies of about {} KB, all cores, master compiled and copy read (middle of {RUNS}; by CPU time, all of them) | one word in {EDITED} replaced",
        PACKAGE / 1000
    );
    measure("a file of each kind", &corpus::package(PACKAGE)?)?;
    corpus::KINDS.iter().try_for_each(|kind| measure(kind.name, &corpus::master(kind, PACKAGE)?))
}

fn measure(name: &str, master: &Master) -> anyhow::Result<()> {
    let (copy, bytes) = corpus::copy(master);
    let edited: Vec<LeakFile> =
        copy.iter().map(|file| LeakFile { path: file.path.clone(), text: edited(&file.text) }).collect();
    let [wall, cpu] = rate(master, &copy, bytes, 95)?;
    let [edited_wall, edited_cpu] = rate(master, &edited, bytes, 80)?;
    println!(
        "  {name}, {} sites, {} KB: {wall:.1} MB/s; {cpu:.1} | {edited_wall:.1} MB/s; {edited_cpu:.1}",
        master.sites.len(),
        bytes / 1000,
    );
    Ok(())
}

/// Reads a leak and returns MB/s by the clock and by CPU time; at least so many percent of the sites are read.
fn rate(master: &Master, leak: &[LeakFile], bytes: usize, percent: usize) -> anyhow::Result<[f64; 2]> {
    let mut times = Vec::with_capacity(RUNS);
    let before = cpu::used()?.own;
    for _ in 0..RUNS {
        let watch = Stopwatch::start();
        let reading = Reader::new(master).read(leak);
        times.push(watch.elapsed());
        let read = reading.sites.iter().filter(|site| site.seen != Seen::Erased).count();
        ensure!(reading.derived && read * 100 >= master.sites.len() * percent, "the leak is read");
    }
    let used = cpu::used()?.own.saturating_sub(before);
    times.sort_unstable();
    let middle = times.get(RUNS / 2).context("a run")?;
    let rate = |bytes: usize, seconds: f64| bytes as f64 / 1e6 / seconds.max(1e-9);
    Ok([rate(bytes, middle.as_secs_f64()), rate(bytes * RUNS, used.as_secs_f64())])
}

/// Puts another word in the place of every [`EDITED`]-th.
fn edited(text: &str) -> String {
    let replace = |(at, word)| if (at + 1) % EDITED == 0 { "zebra " } else { word };
    text.split_inclusive(' ').enumerate().map(replace).collect()
}
