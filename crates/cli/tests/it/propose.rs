//! Proposing marks and accepting them.

use std::fs;

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
