//! A folder to run the binary in, and a program in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use engine::{Clock, hash::sha256};
use jiff::{SignedDuration, Timestamp};
use package::Identity;
use program::id::Sha256;
use serde_json::Value;
use tempfile::TempDir;

/// The case of every test.
pub(crate) const CASE: &str = "ACME-2026-7";

/// What a run of the binary came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A folder to work in; `acme` in it becomes the program.
pub(crate) struct Desk {
    dir: TempDir,
    /// What every run finds in its environment beside the usual.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Desk {
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// A program of alice, bob and ines, with `veltrune` in good order and `ombrelis` without a confirmed key.
    pub(crate) fn peopled() -> Self {
        let desk = Self::empty();
        desk.found(&[]);
        desk.by("alice", &["operator", "add", "ines"]);
        desk.by("bob", &["operator", "add", "ines"]);
        for member in ["veltrune", "ombrelis"] {
            desk.by("alice", &admission(member).iter().map(String::as_str).collect::<Vec<_>>());
        }
        let key = identity().to_public();
        desk.by("alice", &["member", "key", "veltrune", &key.to_string()]);
        desk.by("alice", &["member", "key", "veltrune", "--confirm", &key.fingerprint()]);
        desk
    }

    /// Makes the program of alice and bob.
    #[track_caller]
    pub(crate) fn found(&self, more: &[&str]) {
        let init =
            ["init", "--name", "Acme Early Warning", "--origin", "acme.example/early-warning", "--operator"];
        self.ok(&[&init[..], &["alice", "--operator", "bob"], more].concat());
    }

    /// Peopled, with two items under embargo for three days.
    pub(crate) fn embargoed() -> Self {
        let desk = Self::peopled();
        desk.by("alice", &["case", "new", CASE, "--title", "Relay and Tidebook", "--cve", "CVE-2025-49704"]);
        let (advisory, notice) = (package_file("advisory.md"), package_file("notice.md"));
        desk.by("alice", &["case", "item", CASE, &advisory, &notice, "--class", "advisory"]);
        desk.by("alice", &["case", "embargo", "propose", CASE, "--ends", &instant(72)]);
        desk.by("bob", &["case", "embargo", "accept", CASE]);
        desk
    }

    /// Embargoed, with wave `first` due and approved by two people.
    pub(crate) fn due() -> Self {
        let desk = Self::embargoed();
        desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "14d", "--tier", "validate"]);
        desk.by("alice", &["wave", "approve", CASE, "first"]);
        desk.by("bob", &["wave", "approve", CASE, "first"]);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Runs the binary in this folder, with `acme` as its data folder.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(Some("acme"), args)
    }

    pub(crate) fn run_with(&self, data: Option<&str>, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("COLUMNS", "100").env_remove("FOREWARN_USER").env_remove("FOREWARN_DATA");
        command.env_remove("DATABASE_URL").envs(self.environment.iter().cloned());
        if let Some(data) = data {
            command.env("FOREWARN_DATA", data);
        }
        let done = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) };
        assert!(!ran.err.contains("panicked"), "{args:?}: {}", ran.err);
        ran
    }

    /// Runs what must be done, and returns what it prints.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.err, "", "{args:?}");
        ran.out
    }

    /// Runs what must be done, as somebody.
    #[track_caller]
    pub(crate) fn by(&self, actor: &str, args: &[&str]) -> String {
        self.ok(&[args, &["--as", actor]].concat())
    }

    /// Runs what must be done, and returns the JSON it prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    #[track_caller]
    pub(crate) fn json_by(&self, actor: &str, args: &[&str]) -> Value {
        self.json(&[args, &["--as", actor]].concat())
    }

    /// Runs what must be refused, change nothing, and say why in one line that is said once.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let before = self.files();
        let ran = self.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{args:?}: {}", ran.err);
        assert_eq!(self.files(), before, "{args:?} changed something");
        let said = ran.err.strip_prefix("forewarn: ").unwrap_or_else(|| panic!("{args:?}: {}", ran.err));
        let parts: Vec<&str> = said.trim_end().split(": ").collect();
        for (at, part) in parts.iter().enumerate() {
            assert!(!parts.iter().skip(at + 1).any(|later| later == part), "said twice: {said}");
        }
        said.trim_end().to_owned()
    }

    /// Runs what must be refused, as alice, and checks that every part is in what it says.
    #[track_caller]
    pub(crate) fn refuses(&self, args: &[&str], parts: &[&str]) {
        let said = self.refused(&[args, &["--as", "alice"]].concat());
        for part in parts {
            assert!(said.contains(part), "{args:?}: `{part}` is not in: {said}");
        }
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    }

    /// Runs what is no command line, and checks that every part is in what it says.
    #[track_caller]
    pub(crate) fn misused(&self, args: &[&str], parts: &[&str]) {
        let before = self.files();
        let ran = self.run(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {}", ran.err);
        assert_eq!(self.files(), before, "{args:?} changed something");
        for part in parts {
            assert!(ran.err.contains(part), "{args:?}: `{part}` is not in: {}", ran.err);
        }
    }

    /// Every file here with the hash of its bytes.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Sha256)> {
        files(self.dir.path())
    }
}

/// Every file below a folder with the hash of its bytes.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Sha256)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let hash = sha256(&fs::read(&path).unwrap());
            found.push((path, hash));
        }
    }
    found.sort();
    found
}

/// The secret key of `veltrune`.
pub(crate) fn identity() -> Identity {
    Identity::from_random(&[3; 32]).unwrap()
}

/// Some hours from now, as an instant on the command line.
pub(crate) fn instant(hours: i64) -> String {
    let now: Timestamp = Clock::system().now();
    now.checked_add(SignedDuration::from_hours(hours)).unwrap().to_string()
}

/// The package of the demonstration.
pub(crate) fn package() -> String {
    demo("package")
}

pub(crate) fn package_file(name: &str) -> String {
    demo(&format!("package/{name}"))
}

pub(crate) fn demo(name: &str) -> String {
    format!("{}/demo/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn admission(member: &str) -> Vec<String> {
    let until = instant(24 * 300);
    let text = format!(
        "member add {member} --tier validate --agreement v3 --agreement-until {until} --duty none --duty-until {until}"
    );
    let mut args: Vec<String> = text.split(' ').map(ToOwned::to_owned).collect();
    args.extend(["--name", "Veltrune Security", "--evidence", "counsel's letter"].map(ToOwned::to_owned));
    args
}
