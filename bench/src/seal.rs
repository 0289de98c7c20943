//! Sealing beside the `age` and `gpg` commands: the same files, one run, copies per CPU second.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use package::Identity;

use crate::cpu;

/// Sizes of the copies, and how many: an advisory, a whole package, and a large item.
const SIZES: [(usize, usize); 3] = [(16 << 10, 200), (200 << 10, 200), (1 << 20, 100)];

/// How often our own sealing goes through the files, so that the clock's ticks do not matter.
const ROUNDS: usize = 20;

pub(crate) fn run() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let identity = Identity::from_random(&[7; 32])?;
    let recipient = identity.to_public();
    let gpg = Gpg::new(home.path())?;
    for (size, files) in SIZES {
        let folder = tempfile::tempdir()?;
        let files = write(folder.path(), size, files)?;
        let ours = {
            let before = cpu::used()?.own;
            for _ in 0..ROUNDS {
                for file in &files {
                    // As the commands do: from a file, to nowhere.
                    let read = package::seal_to(fs::File::open(file)?, io::sink(), &recipient)?;
                    ensure!(read == size as u64, "the whole file is sealed");
                }
            }
            rate(files.len() * ROUNDS, cpu::used()?.own - before)
        };
        let age = children(&files, |file| {
            let mut command = Command::new("age");
            command.arg("-r").arg(recipient.to_string()).arg(file);
            command
        })?;
        let stored = children(&files, |file| gpg.encrypt(file, true))?;
        let packed = children(&files, |file| gpg.encrypt(file, false))?;
        println!(
            "sealing {} KiB copies, per CPU second: {ours:.0} here, {age:.0} `age` ({:.1}x), {stored:.0} `gpg -z 0` ({:.1}x), {packed:.0} `gpg` ({:.1}x)",
            size >> 10,
            ours / age,
            ours / stored,
            ours / packed,
        );
    }
    Ok(())
}

/// Writes distinct files of text-like bytes.
fn write(folder: &Path, size: usize, count: usize) -> anyhow::Result<Vec<PathBuf>> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut letter = || {
        // A fixed xorshift stream: the same files in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        LETTERS.get((state % 64) as usize).copied().unwrap_or(b'A')
    };
    (0..count)
        .map(|at| {
            let path = folder.join(format!("{at}.txt"));
            let bytes: Vec<u8> = (0..size).map(|_| letter()).collect();
            fs::write(&path, bytes)?;
            Ok(path)
        })
        .collect()
}

fn children(files: &[PathBuf], command: impl Fn(&Path) -> Command) -> anyhow::Result<f64> {
    let before = cpu::used()?.children;
    for file in files {
        let mut command = command(file);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let status = status.with_context(|| format!("`{:?}` is not installed", command.get_program()))?;
        ensure!(status.success(), "`{command:?}` failed");
    }
    Ok(rate(files.len(), cpu::used()?.children - before))
}

fn rate(copies: usize, cpu: Duration) -> f64 {
    copies as f64 / cpu.as_secs_f64().max(0.01)
}

/// A throw-away key ring.
struct Gpg {
    home: PathBuf,
}

impl Gpg {
    fn new(home: &Path) -> anyhow::Result<Self> {
        let gpg = Self { home: home.to_owned() };
        let mut command = gpg.command();
        command.args(["--quick-generate-key", "bench@example.org", "future-default", "default", "never"]);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(status.context("`gpg` is not installed")?.success(), "gpg could not make a key");
        Ok(gpg)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(&self.home).args([
            "--batch",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        ]);
        command
    }

    fn encrypt(&self, file: &Path, stored: bool) -> Command {
        let mut command = self.command();
        command.args(["--trust-model", "always", "-r", "bench@example.org", "-o", "-"]);
        if stored {
            command.args(["-z", "0"]);
        }
        command.arg("--encrypt").arg(file);
        command
    }
}
