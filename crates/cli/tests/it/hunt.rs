//! `forewarn mark hunt`: logs, folders, standard input and packet captures.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::world::Desk;

const HUNT: [&str; 7] = ["mark", "hunt", "package", "--key", "release.key", "--members", "members.txt"];

/// A package of two constants, rendered for three members, with veltrune's values.
fn rendered() -> (Desk, String, String) {
    let desk = Desk::empty();
    desk.write("package/guide.md", "Look for {~fn=rand:word12~}.ico and the id {~tr=rand:hex16~} there.\n");
    desk.write("members.txt", "veltrune\nombrelis\nacme\n");
    desk.ok(&["mark", "keygen", "release.key"]);
    let release = ["package", "--key", "release.key", "--members", "members.txt", "--out", "copies"];
    desk.ok(&[&["mark", "render"][..], &release].concat());
    let copy = fs::read_to_string(desk.path("copies/veltrune/guide.md")).unwrap();
    let words: Vec<&str> = copy.split([' ', '.']).collect();
    (desk, words[2].to_owned(), words[7].to_owned())
}

fn hunt(desk: &Desk, inputs: &[&str]) -> Value {
    desk.json(&[&HUNT, inputs].concat())
}

#[test]
fn a_value_in_a_log_names_its_member() {
    let (desk, file, id) = rendered();
    let log = format!("GET / 200\nGET /%2f{file}.ico 404 {}\n", id.to_uppercase());
    desk.write("logs/b.log", "GET / 200\n");
    desk.write("logs/old/a.log", &log);
    let found = hunt(&desk, &["logs"]);
    assert_eq!((&found["outcome"], &found["accused"]), (&json!("attributed"), &json!(["veltrune"])));
    assert_eq!(found["bytes"], json!(log.len() + 10));
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(
        hits[0],
        json!({
            "input": "logs/old/a.log", "line": 2, "offset": 18, "length": 12,
            "member": "veltrune", "constant": "fn", "encodings": ["escaped"]
        })
    );
    assert_eq!((&hits[1]["constant"], &hits[1]["encodings"], hits.len()), (&json!("tr"), &json!([]), 2));
    let text = desk.ok(&[&HUNT[..], &["logs"]].concat());
    for part in ["line 2", "attributed", "veltrune: 2 hits", "at most 1.0e-6"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn logs_without_a_value_accuse_nobody() {
    let (desk, file, id) = rendered();
    desk.write("empty.log", "");
    desk.write("other.log", format!("x{file} {id}0 00c0ffee00c0ffee bababilolofu\n").repeat(50));
    let found = hunt(&desk, &["empty.log", "other.log"]);
    assert_eq!((&found["outcome"], &found["accused"]), (&json!("nothing_found"), &json!([])));
    assert!(desk.ok(&[&HUNT[..], &["other.log"]].concat()).starts_with("nothing found"));
    // Another key's values are nobody's.
    desk.ok(&["mark", "keygen", "other.key"]);
    let args = ["mark", "hunt", "package", "--key", "other.key", "--members", "members.txt", "copies"];
    assert_eq!(desk.json(&args)["hit_count"], 0);
}

#[test]
fn standard_input_is_hunted_through() {
    let (desk, file, _) = rendered();
    for inputs in [&["-"][..], &[]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_forewarn"))
            .args(HUNT)
            .args(inputs)
            .arg("--json")
            .current_dir(desk.path("."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(format!("\n{file}.ico").as_bytes()).unwrap();
        let found: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
        let hit = &found["hits"][0];
        assert_eq!((&hit["input"], &hit["line"], &hit["offset"]), (&json!("-"), &json!(2), &json!(1)));
    }
}

#[test]
fn what_cannot_be_hunted_is_refused() {
    let (desk, ..) = rendered();
    desk.write("a.log.gz", [0x1f, 0x8b, 8, 0, 0, 0]);
    desk.write("bad.pcap", [0xd4, 0xc3, 0xb2, 0xa1, 2, 0]);
    desk.write("plain/guide.md", "No {~constant|value~} here.\n");
    desk.write("a.log", "GET /\n");
    let refused = |args: &[&str]| desk.refused(&[&HUNT[..], args].concat());
    assert!(refused(&["a.log.gz"]).contains("gzip -dc"));
    assert!(refused(&["bad.pcap"]).contains("no capture that can be read"));
    assert!(refused(&["none.log"]).contains("none.log"));
    assert!(refused(&["a.log", "--epsilon", "0"]).contains("not between 0 and 1"));
    let args = ["mark", "hunt", "plain", "--key", "release.key", "--members", "members.txt", "a.log"];
    assert!(desk.refused(&args).contains("no constant"));
}

/// An Ethernet frame with a TCP segment.
fn segment(sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 12];
    frame.extend([8, 0]);
    let length = (40 + payload.len()) as u16;
    frame.extend([0x45, 0]);
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7]);
    frame.extend([0xc0, 0, 0, 80]);
    frame.extend(sequence.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0];
    for frame in frames {
        let length = (frame.len() as u32).to_le_bytes();
        bytes.extend([&[0; 8], length.as_slice(), &length, frame].concat());
    }
    bytes
}

fn pcapng(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let body = [body, &vec![0; body.len().wrapping_neg() % 4]].concat();
        let length = (12 + body.len() as u32).to_le_bytes();
        bytes.extend([&kind.to_le_bytes()[..], &length, &body, &length].concat());
    };
    block(0x0a0d_0d0a, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    block(1, &[1, 0, 0, 0, 0, 0, 1, 0]);
    for frame in frames {
        let length = (frame.len() as u32).to_le_bytes();
        block(6, &[&[0; 12], length.as_slice(), &length, frame].concat());
    }
    bytes
}

#[test]
fn packets_of_a_capture_are_hunted_through() {
    let (desk, file, id) = rendered();
    let (head, tail) = file.split_at(5);
    let first = format!("GET /{head}");
    let second = format!("{tail}.ico HTTP/1.1\r\n");
    let next = 1000 + first.len() as u32;
    let mut arp = vec![0xff; 12];
    arp.extend([8, 6]);
    let frames = [
        segment(999, b""),
        segment(1000, first.as_bytes()),
        arp,
        segment(next, second.as_bytes()),
        // Sent again, then a gap: a value that a lost segment cuts is not put together.
        segment(1000, first.as_bytes()),
        segment(next + 5000, id.split_at(8).0.as_bytes()),
        segment(next + 6000, id.split_at(8).1.as_bytes()),
    ];
    for (name, bytes) in [("a.pcap", pcap(&frames)), ("a.pcapng", pcapng(&frames))] {
        desk.write(name, &bytes);
        let found = hunt(&desk, &[name]);
        assert_eq!(found["inputs"], json!([{ "name": name, "packets": 7, "cut": null }]));
        assert_eq!(
            found["hits"],
            json!([{
                "input": name, "packet": 2, "offset": 5, "length": 12,
                "member": "veltrune", "constant": "fn", "encodings": []
            }])
        );
    }
    // A capture that ends within its last packet says so, and keeps what was found.
    let whole = pcap(&frames[..4]);
    desk.write("cut.pcap", &whole[..whole.len() - 2]);
    let ran = desk.run(&[&HUNT[..], &["cut.pcap"]].concat());
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains("could not be read beyond packet 3"), "{}", ran.err);
}

#[test]
fn a_hunt_on_a_weaker_claim_says_so() {
    let (desk, file, _) = rendered();
    desk.write("access.log", format!("GET /{file}.ico 404\n"));
    assert_eq!(hunt(&desk, &["access.log"])["claim"]["weaker"], Value::Null);
    let args = [&["mark", "render"][..], &HUNT[2..], &["--out", "strong", "--colluders", "3"]].concat();
    desk.ok(&[&args[..], &["--weaker-claim", "a teaser for the press"]].concat());
    let claim = ["--claim", "strong/claim.json"];
    let found = desk.json(&[&HUNT[..], &["access.log"], &claim].concat());
    assert_eq!(found["claim"]["weaker"], "a teaser for the press");
    let told = desk.ok(&[&HUNT[..], &["access.log"], &claim].concat());
    let says = found["claim"]["says"].as_str().unwrap();
    assert!(says.starts_with("weaker claim: supports ") && told.contains(says), "{told}");
    // Beside what was found it needs no naming.
    desk.write("found/access.log", "GET / 200\n");
    std::fs::copy(desk.path("strong/claim.json"), desk.path("found/claim.json")).unwrap();
    assert_eq!(hunt(&desk, &["found/access.log"])["claim"], found["claim"]);
}
