//! Proposing marks and accepting them.

use std::{
    fs,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use crate::world::Desk;

const ADVISORY: &str =
    "# A fault\n\nThe relay usually stops. The sample request carried the trace id `5f3a90c1d27e`.\n";
const CODE: &str = "TRACE = \"5f3a90c1d27e\"\n";

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.write("package/advisory.md", ADVISORY);
    desk.write("package/poc.py", CODE);
    desk
}

fn read(desk: &Desk, file: &str) -> String {
    fs::read_to_string(desk.path(&format!("package/{file}"))).unwrap()
}

#[test]
fn nothing_is_written_unless_asked() {
    let desk = desk();
    let before = desk.files();
    let said = desk.ok(&["mark", "propose", "package"]);
    assert!(said.contains("  + TRACE") || said.contains("{~tr=rand:hex12~}"), "{said}");
    assert!(said.contains("2 proposals; accept with --accept ID, or --interactive"), "{said}");
    assert_eq!(desk.files(), before);
    assert!(desk.refused(&["mark", "propose", "package", "--accept", "00"]).contains("no proposal `00`"));
    assert!(desk.refused(&["mark", "propose", "package", "--channel", "x"]).contains("free-constant"));
    assert!(desk.refused(&["mark", "propose", "package", "--file", "x"]).contains("advisory.md"));
}

#[test]
fn accepted_proposals_are_written_and_not_proposed_again() {
    let desk = desk();
    let said = desk.json(&["mark", "propose", "package"]);
    let ids: Vec<String> =
        said["proposals"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect();
    desk.ok(&["mark", "propose", "package", "--accept", "all", "--tier", "A"]);
    assert!(read(&desk, "advisory.md").contains("`{~tr=rand:hex12~}`"));
    assert_eq!(read(&desk, "poc.py"), "TRACE = \"5f3a90c1d27e\"  #~ =tr\n");
    let left = desk.json(&["mark", "propose", "package"]);
    let [only] = left["proposals"].as_array().unwrap().as_slice() else { panic!("{left:#}") };
    assert!(ids.contains(&only["id"].as_str().unwrap().to_owned()));
    let id = only["id"].as_str().unwrap();
    let done = desk.json(&["mark", "propose", "package", "--accept", id]);
    assert_eq!(done["written"], serde_json::json!(["advisory.md"]));
    assert_eq!(fs::read_dir(desk.path("package")).unwrap().count(), 2);
    desk.ok(&["mark", "lint", "package"]);
}

/// Starts to ask about the package.
fn asking(desk: &Desk) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn"));
    command.args(["mark", "propose", "package", "--interactive"]).current_dir(desk.path(""));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads what is said until the next question.
fn question(child: &mut Child) -> String {
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !said.ends_with(b"[y/n/q] ") && child.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 1 {
        said.push(byte[0]);
    }
    String::from_utf8(said).unwrap()
}

fn answer(child: &mut Child, line: &str) {
    child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
}

#[test]
fn what_was_accepted_before_q_is_written() {
    let desk = desk();
    let before = desk.files();
    let mut child = asking(&desk);
    let first = question(&mut child);
    assert!(first.contains("accept 1 of 2?"), "{first}");
    answer(&mut child, "maybe\n");
    assert!(question(&mut child).contains("accept 1 of 2?"), "what is no answer is asked again");
    answer(&mut child, "y\n");
    assert!(question(&mut child).contains("accept 2 of 2?"));
    assert_eq!(desk.files(), before, "nothing is written while it asks");
    answer(&mut child, "q\n");
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && said.contains("accepted 1 proposal; wrote "), "{said}");
    // The first was taken, the second was not.
    let id = first.split("  ").next().unwrap().trim();
    let left = desk.json(&["mark", "propose", "package"]);
    let left: Vec<&str> =
        left["proposals"].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap()).collect();
    assert!(left.len() == 1 && left[0] != id, "{id}: {left:?}");
    assert_eq!(fs::read_dir(desk.path("package")).unwrap().count(), 2);
    assert!(desk.files().iter().zip(&before).any(|(now, before)| now != before));
}

#[test]
fn q_at_once_and_no_answer_write_nothing() {
    for line in ["q\n", ""] {
        let desk = desk();
        let before = desk.files();
        let mut child = asking(&desk);
        question(&mut child);
        answer(&mut child, line);
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success() && said.contains("nothing accepted; no file was changed"), "{said}");
        assert_eq!(desk.files(), before);
    }
}

#[test]
fn a_file_that_changed_meanwhile_is_left_alone() {
    let desk = desk();
    let mut child = asking(&desk);
    question(&mut child);
    let edited = ADVISORY.replace("usually", "always");
    desk.write("package/advisory.md", &edited);
    let now = desk.files();
    answer(&mut child, "y\ny\n");
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        said.contains("`package/advisory.md` was changed meanwhile and is left alone; run the command again")
    );
    assert_eq!(desk.files(), now, "the edit stands, no file is half written, nothing lies beside it");
}
