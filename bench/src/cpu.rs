//! CPU time of this process and of its children, and what machine this is.

use std::{fs, time::Duration};

/// Scheduler ticks a second in `/proc`; 100 on every Linux this runs on.
const TICKS: u64 = 100;

/// CPU time used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpu {
    /// By this process.
    pub(crate) own: Duration,
    /// By its children that have ended.
    pub(crate) children: Duration,
}

/// Reads the CPU time used so far. **Source:** proc(5), `/proc/self/stat`, fields 14 to 17.
pub(crate) fn used() -> anyhow::Result<Cpu> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field holds the program's name, which may hold spaces.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    let time = |a, b| Duration::from_millis((ticks(a) + ticks(b)) * 1000 / TICKS);
    Ok(Cpu { own: time(11, 12), children: time(13, 14) })
}

/// Describes the machine in a line.
pub(crate) fn setup() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name").and_then(|rest| rest.split(": ").nth(1)))
        .unwrap_or("an unnamed processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, release build")
}

/// Returns the load averages over 1, 5 and 15 minutes, which a figure measured on a shared machine needs beside it.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
