//! `forewarn case view`: an operator reads an item, and the log says so first.

use serde_json::json;

use crate::world::{CASE, Desk};

const POC: &str = "TRACE = \"00c0ffee0000\"\nprint(TRACE)\n";

#[test]
fn a_reproduction_is_read_with_a_second_person_and_logged_before() {
    let desk = Desk::embargoed();
    desk.write("poc.py", POC);
    desk.by("alice", &["case", "item", CASE, "poc.py", "--class", "reproduction"]);
    let view = ["case", "view", CASE, "poc.py", "--reason", "checking"];
    desk.refuses(
        &view,
        &["may not read `poc.py`", "approval of a second operator", "forewarn operator roles"],
    );
    for (operator, roles) in [("alice", "coordinator,investigator"), ("bob", "auditor")] {
        let set = ["operator", "roles", operator, "--role", roles];
        assert!(desk.by("alice", &set).contains("another operator runs the same command"));
        desk.refuses(&set, &["two people"]);
        desk.by("bob", &set);
    }
    assert_eq!(
        desk.json(&["operator", "roles"]),
        json!([
            { "operator": "alice", "roles": ["coordinator", "investigator"] },
            { "operator": "bob", "roles": ["auditor"] },
            { "operator": "ines", "roles": null },
        ])
    );

    let said = desk.refused(&[&view[..], &["--as", "bob"]].concat());
    assert!(said.contains("no role of `bob` reads items"), "{said}");
    let noted = desk.by("alice", &view);
    assert!(noted.contains("forewarn case approve-view V1") && !noted.contains("TRACE"), "{noted}");
    desk.refuses(&view, &["waits for another operator"]);
    desk.refuses(&["case", "approve-view", "V1"], &["may not read", "approval of a second operator"]);
    desk.by("bob", &["case", "approve-view", "V1"]);
    let newest = |desk: &Desk| desk.json(&["log", "list", "--last", "1"])[0]["event"].clone();
    assert_eq!(newest(&desk), json!({ "viewing": { "approved": { "viewing": "V1" } } }));
    assert_eq!(desk.by("alice", &view).trim_end(), POC.trim_end());
    assert_eq!(newest(&desk)["viewing"]["viewed"]["viewing"], "V1");
    let listed = desk.json(&["case", "views", CASE]);
    assert_eq!((&listed[0]["by"], &listed[0]["approved"][0]), (&json!("alice"), &json!("bob")));
    assert!(listed[0]["viewed"].is_string());
    assert!(desk.by("alice", &view).contains("noted as `V2`"), "an approval is for once");

    // What is less than a reproduction takes a role alone.
    let advisory = desk.json_by("alice", &["case", "view", CASE, "notice.md", "--reason", "checking"]);
    assert!(advisory["text"].as_str().is_some_and(|text| !text.is_empty()), "{advisory}");
    desk.refused(&["case", "view", CASE, "notice.md", "--reason", "checking", "--as", "bob"]);
    let out =
        ["case", "view", CASE, "notice.md", "--reason", "checking", "--out", "notice.txt", "--as", "alice"];
    assert_eq!(desk.run(&out).code, 0);
    assert!(desk.path("notice.txt").is_file());
}
