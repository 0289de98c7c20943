//! What a sighting's exhibits may be, and what `forewarn trace` makes of them.

use std::{fs, fs::File};

use engine::hash::sha256;
use serde_json::{Value, json};

use crate::{
    leaks::zipped,
    world::{CASE, Desk, identity, instant},
};

/// A released case, and veltrune's copy of its advisory.
pub(crate) fn leaking() -> (Desk, String) {
    let desk = Desk::due();
    desk.by("alice", &["wave", "release", CASE, "first"]);
    let copy = own(&desk, "advisory.md");
    (desk, copy)
}

/// Veltrune's copy of an item.
fn own(desk: &Desk, item: &str) -> String {
    desk.ok(&["copy", "export", "--member", "veltrune", "out"]);
    let sealed = fs::read(desk.path(&format!("out/{CASE}/{item}.age"))).unwrap();
    String::from_utf8(package::open(&sealed, &identity()).unwrap()).unwrap()
}

pub(crate) fn sighted(desk: &Desk, files: &[&str]) -> (Value, String) {
    let seen = instant(0);
    let mut args = vec!["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--note", "found"];
    args.extend(files.iter().flat_map(|file| ["--file", file]));
    args.extend(["--json", "--as", "ines"]);
    let ran = desk.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let done: Value = serde_json::from_str(&ran.out).unwrap();
    (done[0]["event"]["sighting"]["added"]["exhibits"].clone(), ran.err)
}

#[test]
fn archives_folders_and_encodings_are_traced_and_hashed_as_found() {
    let (desk, copy) = leaking();
    let units: Vec<u8> = copy.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let archive = zipped(&[("share/a.txt", &units), ("share/shot.png", b"\x89PNG\r\n\x1a\n")]);
    desk.write("dump.zip", &archive);
    desk.write("share/b/utf16.txt", &units);
    desk.write("share/a.txt", "nothing of it");
    desk.write("latin1.txt", [b"\xe9t\xe9 ".to_vec(), copy.into_bytes()].concat());
    for (n, leak) in [&["dump.zip"][..], &["share"], &["latin1.txt"]].iter().enumerate() {
        let (exhibits, said) = sighted(&desk, leak);
        assert_eq!(said.contains("skipped `share/shot.png`: is an image"), n == 0, "{said}");
        let hashed = |name: &str| json!(sha256(&fs::read(desk.path(name)).unwrap()).to_string());
        match n {
            0 => assert_eq!(
                (&exhibits[0]["name"], &exhibits[0]["sha256"]),
                (&json!("dump.zip"), &hashed("dump.zip"))
            ),
            1 => {
                assert_eq!(
                    (&exhibits[0]["name"], &exhibits[1]["name"]),
                    (&json!("a.txt"), &json!("b/utf16.txt"))
                );
                assert_eq!(exhibits[1]["sha256"], hashed("share/b/utf16.txt"));
            }
            _ => assert_eq!(exhibits[0]["sha256"], hashed("latin1.txt")),
        }
        let traced = desk.json_by("ines", &["trace", &format!("S{}", n + 1)]);
        assert_eq!(traced["accused"][0]["member"], "veltrune", "{leak:?}: {traced:#}");
    }
    assert!(desk.by("ines", &["trace", "S1"]).contains("skipped `share/shot.png`: is an image"));
}

#[test]
fn what_holds_no_text_is_kept_and_not_traced() {
    let (desk, _) = leaking();
    desk.write("shot.png", b"\x89PNG\r\n\x1a\n");
    desk.write("bomb.zip", zipped(&[("a.txt", &vec![b'a'; 10 << 20])]));
    let (exhibits, said) = sighted(&desk, &["shot.png"]);
    assert_eq!((exhibits[0]["name"].as_str(), exhibits[0]["size"].as_u64()), (Some("shot.png"), Some(8)));
    assert!(
        said.contains("a trace cannot read it: no exhibit can be read; `shot.png` is an image"),
        "{said}"
    );
    let (_, said) = sighted(&desk, &["bomb.zip"]);
    assert!(said.contains("`bomb.zip`: entry `a.txt`: expands more than 200 times"), "{said}");
    for (sighting, why) in
        [("S1", "`shot.png` is an image: give its text"), ("S2", "expands more than 200 times")]
    {
        let ran = desk.run(&["trace", sighting, "--as", "ines"]);
        assert!(ran.code == 1 && ran.err.contains(why), "{}", ran.err);
    }
    assert!(!desk.ok(&["log", "list"]).contains("read"), "no reading was logged");
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let (desk, _) = leaking();
    File::create(desk.path("huge.log")).unwrap().set_len(17 << 20).unwrap();
    let seen = instant(0);
    let add = ["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--as", "ines", "--file"];
    let refuses = |file: &str, part: &str| {
        let said = desk.refused(&[&add[..], &[file]].concat());
        assert!(said.contains(part), "{said}");
    };
    refuses("huge.log", "in at most 16 MiB of files");
    refuses("/dev/zero", "is no regular file");
    refuses("none.txt", "`none.txt`");
}

/// A case of one item, released, and veltrune's copy of it.
fn released(text: &str) -> (Desk, String) {
    let desk = Desk::peopled();
    desk.write("steps.md", text);
    desk.by("alice", &["case", "new", CASE, "--title", "Relay", "--cve", "CVE-2025-49704"]);
    desk.by("alice", &["case", "item", CASE, "steps.md", "--class", "advisory"]);
    desk.by("alice", &["case", "embargo", "propose", CASE, "--ends", &instant(72)]);
    desk.by("bob", &["case", "embargo", "accept", CASE]);
    desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "14d", "--tier", "validate"]);
    for who in ["alice", "bob"] {
        // Weak marks are said beside the result.
        assert_eq!(desk.run(&["wave", "approve", CASE, "first", "--as", who]).code, 0);
    }
    desk.by("alice", &["wave", "release", CASE, "first"]);
    let copy = own(&desk, "steps.md");
    (desk, copy)
}

#[test]
fn a_report_on_weak_marks_says_so() {
    let (desk, copy) =
        released("# Relay\n\nEvery node {~hands|passes~} a slot on as it stands, and keeps none of it.\n");
    desk.write("paste.txt", copy);
    sighted(&desk, &["paste.txt"]);
    let told = desk.by("ines", &["trace", "S1", "--report", "report"]);
    let claim = "weaker claim: supports no claim at all, not one leaker at 1e-6: its waves were released all the same";
    assert!(told.contains(claim), "{told}");
    let evidence: Value =
        serde_json::from_slice(&fs::read(desk.path("report/evidence.json")).unwrap()).unwrap();
    assert_eq!(evidence["claim"], claim);
    assert!(fs::read_to_string(desk.path("report/index.html")).unwrap().contains(claim));
}

#[test]
fn a_flattened_channel_is_shown_and_its_report_holds() {
    const PAIRS: [[&str; 2]; 3] = [["colour", "color"], ["normalise", "normalize"], ["licence", "license"]];
    let mut text = String::from("# Relay\n\nThe marker {~fn=rand:word12~} and the id {~tr=rand:hex16~}.\n\n");
    for n in 0..14 {
        let [british, american] = PAIRS[n % 3];
        text += &format!("Step {n} of the relay keeps its {{~{british}|{american}~}} in slot {}.\n\n", n * 7);
    }
    let (desk, mut copy) = released(&text);
    for [british, american] in PAIRS {
        copy = copy.replace(british, american);
    }
    desk.write("paste.txt", copy);
    sighted(&desk, &["paste.txt"]);
    let traced = desk.json_by("ines", &["trace", "S1"]);
    assert_eq!(traced["erased_channels"][0]["channel"], "spelling", "{traced:#}");
    let told = desk.by("ines", &["trace", "S1", "--report", "report"]);
    assert!(told.contains("  left out: spelling") && told.contains("sites read `American`"), "{told}");
    let claim = traced["claim"].as_str().unwrap();
    assert!(claim.starts_with("claim: supports one leaker at 1e-6 among 1 member"), "{claim}");
    let evidence: Value =
        serde_json::from_slice(&fs::read(desk.path("report/evidence.json")).unwrap()).unwrap();
    assert!(told.contains(claim) && evidence["claim"] == claim, "{told}");
    let said = desk.json(&["mark", "check-evidence", "report"]);
    assert_eq!((&said["sound"], &said["complete"]), (&true.into(), &true.into()), "{said:#}");
}
