//! Hostile leaks cost bounded memory, and get an answer or a clear error.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use wait4::Wait4 as _;

use crate::{
    leaks::zipped,
    marks::rendered,
    pdf,
    world::{CASE, Desk, instant, package},
};

/// Most memory of the process and of what it starts, in bytes.
const MOST: u64 = 256 << 20;
/// As many bytes of text as a trace reads in all.
const FULL: usize = 4 << 20;

/// Runs the binary; returns its exit code, what it says, and its peak memory.
fn run(desk: &Desk, args: &[&str]) -> (i32, String, u64) {
    let file = |name: &str| File::create(desk.path(name)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn"));
    command.args(args).current_dir(desk.path("")).env("FOREWARN_DATA", "acme").stdin(Stdio::null());
    let mut child = command.stdout(file(".out")).stderr(file(".err")).spawn().unwrap();
    let ended = child.wait4().unwrap();
    let said = [".out", ".err"].map(|name| std::fs::read_to_string(desk.path(name)).unwrap()).concat();
    assert!(!said.contains("panicked"), "{args:?}: {said}");
    (ended.status.code().unwrap_or(-1), said, ended.rusage.maxrss)
}

fn line(piece: &[u8]) -> Vec<u8> {
    piece.iter().copied().cycle().take(FULL).collect()
}

/// Writes leaks that are as large, as deep or as dense as they may be; one at a time, for a child's peak begins
/// at what its parent holds.
fn answered(desk: &Desk) -> Vec<&'static str> {
    let noise = |n: usize| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
    let copy = std::fs::read(desk.path("copies/bolt/advisory.md")).unwrap();
    desk.write("empty.txt", "");
    desk.write("blank.txt", vec![b'\n'; 1_000_000]);
    desk.write("line.txt", line(b"relay"));
    desk.write("words.txt", line(b"a "));
    desk.write("values.txt", line(b"4be1209ac77d "));
    desk.write("copies.txt", line(&copy));
    desk.write("deep.json", line(b"[{\"a\":"));
    desk.write("deep.yml", line(b"- "));
    desk.write("deep.py", line(b"("));
    desk.write("utf16.txt", line(b"a\0 \0"));
    desk.write("accents.txt", line("é".as_bytes()));
    desk.write("binary.bin", (0..FULL / 2).map(noise).collect::<Vec<_>>());
    desk.write(
        "packed.zip",
        zipped(&[("a.txt", b"relay slot".repeat(9000).as_slice()), ("b.json", &b"[".repeat(9000))]),
    );
    vec![
        "empty.txt",
        "blank.txt",
        "line.txt",
        "words.txt",
        "values.txt",
        "copies.txt",
        "deep.json",
        "deep.yml",
        "deep.py",
        "utf16.txt",
        "accents.txt",
        "binary.bin",
        "packed.zip",
    ]
}

/// Writes leaks that are too much.
fn refused(desk: &Desk) -> Vec<&'static str> {
    File::create(desk.path("huge.log")).unwrap().set_len(1 << 30).unwrap();
    desk.write("long.txt", vec![b'a'; 50_000_000]);
    desk.write("full.txt", line(b"a").repeat(3));
    desk.write("bomb.zip", zipped(&[("a.txt", &vec![b'a'; 10 << 20])]));
    let pdfs = pdf::hostile().into_iter().map(|(name, bytes)| {
        desk.write(name, bytes);
        name
    });
    ["huge.log", "long.txt", "full.txt", "bomb.zip"].into_iter().chain(pdfs).collect()
}

#[test]
fn a_hostile_leak_is_answered_in_bounded_memory() {
    let desk = rendered();
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt"];
    let leaks = answered(&desk).into_iter().map(|leak| (leak, 0));
    for (leak, expected) in leaks.chain(refused(&desk).into_iter().map(|leak| (leak, 1))) {
        let (code, said, memory) = run(&desk, &[&args[..], &[leak]].concat());
        assert!(memory <= MOST, "{leak}: {} MiB; {said}", memory >> 20);
        assert_eq!(code, expected, "{leak}: {said}");
        assert!(code == 0 || said.starts_with(&format!("forewarn: `{leak}`: ")), "{leak}: {said}");
    }
}

#[test]
fn a_hostile_exhibit_is_kept_in_bounded_memory() {
    let desk = Desk::due();
    desk.by("alice", &["wave", "release", CASE, "first"]);
    desk.write("words.txt", line(b"a "));
    File::create(desk.path("huge.log")).unwrap().set_len(1 << 30).unwrap();
    let seen = instant(0);
    let add = ["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--as", "ines", "--file"];
    for (args, expected) in [
        ([&add[..], &["words.txt"]].concat(), 0),
        ([&add[..], &["huge.log"]].concat(), 1),
        (vec!["trace", "S1", "--as", "ines"], 0),
    ] {
        let (code, said, memory) = run(&desk, &args);
        assert_eq!(code, expected, "{args:?}: {said}");
        assert!(memory <= MOST, "{args:?}: {} MiB; {said}", memory >> 20);
    }
}
