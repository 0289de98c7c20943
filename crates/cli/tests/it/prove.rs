//! `forewarn policy prove`: how it finds the prover, and what passes between them.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

/// `forewarn` in a folder of its own, so that no prover lies beside it unless the test puts one there.
struct Installed {
    dir: TempDir,
}

impl Installed {
    fn alone() -> Self {
        let installed = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(installed.path("beside")).unwrap();
        fs::create_dir(installed.path("bin")).unwrap();
        let (built, own) = (env!("CARGO_BIN_EXE_forewarn"), installed.path("beside/forewarn"));
        // A link where the file system allows one: the binary is large.
        fs::hard_link(built, &own).or_else(|_| fs::copy(built, &own).map(|_| ())).unwrap();
        installed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a prover into a folder that writes down its arguments, speaks, and ends in some way.
    fn prover(&self, folder: &str, ends: &str) {
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > arguments\necho proofs from {folder}\necho asides >&2\n{ends}\n"
        );
        let path = self.path(folder).join("forewarn-prove");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs `policy prove` with `bin` as the whole path.
    fn prove(&self, args: &[&str]) -> Output {
        Command::new(self.path("beside/forewarn"))
            .args(["policy", "prove"])
            .args(args)
            .current_dir(self.dir.path())
            .env("PATH", self.path("bin"))
            .output()
            .unwrap()
    }

    fn arguments(&self) -> String {
        fs::read_to_string(self.path("arguments")).unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn without_the_prover_it_says_how_to_get_it() {
    let ran = Installed::alone().prove(&[]);
    assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(1), ""));
    insta::assert_snapshot!(text(&ran.stderr), @"forewarn: `forewarn-prove` is not installed: put it beside `forewarn` or into the path (in the sources: `cargo install --path crates/prove`), and cvc5 with `apt-get install cvc5`");
}

#[test]
fn a_prover_that_does_not_start_is_named() {
    let installed = Installed::alone();
    installed.prover("beside", "exit 0");
    fs::set_permissions(installed.path("beside/forewarn-prove"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = installed.prove(&[]);
    assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(1), ""));
    assert!(text(&ran.stderr).contains("`forewarn-prove` does not start"), "{}", text(&ran.stderr));
    assert!(!installed.path("arguments").exists());
}

#[test]
fn every_argument_reaches_the_prover() {
    let installed = Installed::alone();
    installed.prover("bin", "exit 0");
    let ran = installed.prove(&[]);
    assert_eq!(installed.arguments(), "--like\ndefault\n--\n");
    assert_eq!((text(&ran.stdout), text(&ran.stderr)), ("proofs from bin\n", "asides\n"));
    installed.prove(&[
        "my own.cedar",
        "operators",
        "--like",
        "deadline-aware",
        "--add",
        "stricter.cedar",
        "--scenarios",
        "./found",
        "--json",
    ]);
    assert_eq!(
        installed.arguments(),
        "--like\ndeadline-aware\n--json\n--add\nstricter.cedar\n--scenarios\n./found\n--\nmy own.cedar\noperators\n"
    );
}

#[test]
fn the_provers_exit_code_is_passed_on() {
    let installed = Installed::alone();
    for code in [0, 1, 2, 3] {
        installed.prover("bin", &format!("exit {code}"));
        assert_eq!(installed.prove(&[]).status.code(), Some(code));
    }
    installed.prover("bin", "kill -9 $$");
    assert_eq!(installed.prove(&[]).status.code(), Some(1), "one that was killed proved nothing");
}

#[test]
fn a_prover_beside_it_comes_before_one_in_the_path() {
    let installed = Installed::alone();
    installed.prover("bin", "exit 3");
    installed.prover("beside", "exit 0");
    let ran = installed.prove(&[]);
    assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(0), "proofs from beside\n"));
}
