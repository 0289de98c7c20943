//! `forewarn policy`: the rules, checked and tried, without a program.

use serde_json::{Value, json};

use crate::world::{CASE, Desk};

const SCENARIO: &str = r#"
now    = 2026-12-01T00:00:00Z
public = 2026-12-08T18:00:00Z

[[tier]]
id = "entry"
lead = "24h"
classes = ["notice", "advisory"]

[[member]]
id = "acme"
tier = "entry"
standing = "active"
agreement_until = 2027-06-30T00:00:00Z
key = "confirmed"

[[member]]
id = "bolt"
tier = "entry"
standing = "active"
agreement_until = 2027-06-30T00:00:00Z
key = "confirmed"
[[member.fact]]
kind = "disclosure-duty"
subject = "third-party-vulnerability"
trigger = "knowledge"
deadline = "48h"
until = 2027-01-01T00:00:00Z

[[member]]
id = "cord"
tier = "entry"
standing = "suspended"
agreement_until = 2027-06-30T00:00:00Z
key = "confirmed"

[[item]]
id = "advisory"
class = "advisory"

[[item]]
id = "poc"
class = "reproduction"
"#;

/// Member, item and what becomes of it, in the order of the scenario.
fn fates(desk: &Desk, set: &str) -> Vec<String> {
    let tested = desk.json(&["policy", "test", "what-if.toml", "--set", set]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("null").to_owned();
    let fate = |row: &Value| {
        let when = if row["effect"] == "release" { text(row, "at") } else { text(row, "until") };
        format!("{} {} {} {when}", text(row, "member"), text(row, "item"), text(row, "effect"))
    };
    tested["decisions"].as_array().unwrap().iter().map(fate).collect()
}

#[test]
fn a_scenario_decides_for_every_member_and_item() {
    let desk = Desk::empty();
    desk.write("what-if.toml", SCENARIO);
    assert_eq!(
        fates(&desk, "default"),
        [
            "acme advisory release 2026-12-07T18:00:00Z",
            "acme poc release 2026-12-08T18:00:00Z",
            "bolt advisory withhold 2026-12-08T18:00:00Z",
            "bolt poc withhold null",
            "cord advisory withhold null",
            "cord poc withhold null",
        ]
    );
    let aware = fates(&desk, "deadline-aware");
    assert_eq!(
        aware[2], "bolt advisory release 2026-12-07T18:00:00Z",
        "48 h from then fall after the public instant"
    );
    assert!(desk.ok(&["policy", "test", "what-if.toml"]).contains("disclosure-duty"));
}

#[test]
fn a_scenario_that_does_not_read_is_refused_with_its_place() {
    let desk = Desk::empty();
    assert!(desk.refused(&["policy", "test", "none.toml"]).contains("none.toml"));
    desk.write("what-if.toml", SCENARIO.replace("2026-12-08T18:00:00Z", "2026-12-08T18:00:00"));
    assert!(desk.refused(&["policy", "test", "what-if.toml"]).contains("what-if.toml"));
    desk.write("what-if.toml", SCENARIO.replace("standing = \"suspended\"", "standing = \"asleep\""));
    assert!(desk.refused(&["policy", "test", "what-if.toml"]).contains("asleep"));
}

#[test]
fn a_set_is_checked_before_it_decides_anything() {
    let desk = Desk::empty();
    let listed = desk.json(&["policy", "list"]);
    assert!(listed.as_array().unwrap().iter().any(|policy| policy["id"] == "disclosure-duty"));
    let checked = desk.json(&["policy", "check", "--set", "deadline-aware"]);
    assert_eq!(checked["set"], json!("deadline-aware"));
    desk.write("mine.cedar", "permit (principal, action, resource);");
    assert!(desk.refused(&["policy", "check", "--set", "mine.cedar"]).contains("@id"));
    desk.write(
        "mine.cedar",
        "@id(\"all\") @says(\"all\") permit (principal, action, resource) when { principal.colour == 1 };",
    );
    assert!(desk.refused(&["policy", "check", "--set", "mine.cedar"]).contains("colour"));
    assert!(desk.refused(&["policy", "list", "--set", "nowhere"]).contains("nowhere"));
}

const SET: &str = include_str!("../../../policy/policies/default.cedar");

#[test]
fn a_set_that_opens_something_is_told_before_it_is_in_force() {
    let desk = Desk::due();
    let key = SET.split("\n\n").find(|block| block.contains("@id(\"key-not-confirmed\")")).unwrap();
    desk.write("open.cedar", SET.replace(key, ""));
    desk.write(
        "closed.cedar",
        format!("{SET}\n@id(\"no\") @says(\"no\") forbid (principal, action, resource);"),
    );
    let before = desk.files();

    let told = desk.json(&["policy", "diff", "open.cedar"]);
    assert_eq!((&told["in_force"]["set"], &told["other"]["set"]), (&json!("default"), &json!("open.cedar")));
    // Two items, two actions, and every instant before the public one.
    assert_eq!(told["more_permissive"], told["changed"]);
    let changes = told["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{told:#}");
    for change in changes {
        assert_eq!(change["members"], json!(["ombrelis"]));
        assert_eq!(change["actions"], json!(["list", "fetch"]));
        assert_eq!(change["from"]["effect"], "withhold");
        assert_eq!(change["from"]["policies"], json!(["key-not-confirmed"]));
        assert_eq!(change["to"], json!({ "effect": "release", "policies": ["tier-lead-time"] }));
    }
    let table = desk.ok(&["policy", "diff", "open.cedar"]);
    for part in [
        "!",
        "ombrelis",
        "advisory.md",
        "withhold until",
        "→ release",
        "key-not-confirmed",
        "more permissive",
    ] {
        assert!(table.contains(part), "`{part}` is not in: {table}");
    }
    assert!(!table.contains("veltrune"), "{table}");

    let strict = desk.run(&["policy", "diff", "open.cedar", "--strict"]);
    assert_eq!((strict.code, strict.err.as_str()), (3, ""));
    assert_eq!(strict.out.lines().last(), table.lines().last(), "the answer is the same");
    let closed = desk.ok(&["policy", "diff", "closed.cedar", "--strict"]);
    assert!(closed.contains("veltrune"), "{closed}");
    assert!(closed.contains("none becomes more permissive"), "{closed}");
    let same = desk.ok(&["policy", "diff", "default", "--strict"]);
    assert!(same.contains(": 0 of ") && same.lines().count() == 1, "{same}");
    assert_eq!(desk.files(), before, "a comparison writes nothing");
}

#[test]
fn a_set_that_is_not_sound_is_compared_with_nothing() {
    let desk = Desk::peopled();
    desk.write("mine.cedar", SET.replace("principal.standing", "principal.colour"));
    let said = desk.refused(&["policy", "diff", "mine.cedar"]);
    assert_eq!(said, desk.refused(&["policy", "check", "--set", "mine.cedar"]));
    assert!(said.contains("colour"), "{said}");
    assert!(desk.refused(&["policy", "diff", "nowhere.cedar"]).contains("nowhere.cedar"));
    assert!(Desk::empty().refused(&["policy", "diff", "default"]).contains("acme"));
}

#[test]
fn two_people_change_the_policies_and_the_log_keeps_every_version() {
    let desk = Desk::due();
    let closed = format!("{SET}\n@id(\"no\") @says(\"not now\") forbid (principal, action, resource);");
    desk.write("closed.cedar", &closed);
    desk.write("unsound.cedar", SET.replace("principal.standing", "principal.colour"));
    let first = desk.json(&["policy", "versions"]);
    assert_eq!(
        (&first[0]["number"], &first[0]["name"], &first[0]["state"]),
        (&json!(1), &json!("default"), &json!("adopted"))
    );
    assert_eq!(desk.ok(&["policy", "show"]).trim_end(), SET.trim_end());

    desk.refuses(&["policy", "propose", "unsound.cedar", "--reason", "so"], &["colour", "unsound.cedar"]);
    desk.refuses(&["policy", "propose", "default", "--reason", "so"], &["version 1 already"]);
    let said = desk.by("alice", &["policy", "propose", "closed.cedar", "--reason", "a leak"]);
    assert!(said.contains("none becomes more permissive"), "what it would change is shown: {said}");
    assert!(
        said.ends_with("proposed as version 2; another operator runs `forewarn policy adopt 2`\n"),
        "{said}"
    );
    desk.refuses(&["policy", "adopt", "2"], &["two people", "propose and adopt policies"]);
    let waits = desk.json(&["policy", "versions"]);
    assert_eq!(waits[1]["state"], "proposed");
    assert_eq!(desk.json(&["wave", "plan", CASE, "first"])["policy_set"], waits[0]["version"]);

    desk.by("bob", &["policy", "adopt", "2"]);
    let plan = desk.json(&["wave", "plan", CASE, "first"]);
    assert_eq!(plan["policy_set"], waits[1]["version"]);
    assert!(plan["rows"].as_array().unwrap().iter().all(|row| row["policies"] == json!(["no"])), "{plan:#}");
    desk.refuses(&["wave", "release", CASE, "first"], &["0 of 2 approvals"]);
    assert_eq!(desk.ok(&["policy", "show", "2"]).trim_end(), closed);
    assert!(desk.ok(&["policy", "list", "--set", "in-force"]).contains("not now"));
    let table = desk.ok(&["policy", "versions"]);
    for part in ["closed.cedar", "leak", "IN FORCE", "bob", "alice"] {
        assert!(table.contains(part), "`{part}` is not in: {table}");
    }

    desk.by("alice", &["policy", "propose", "default", "--reason", "as before"]);
    desk.by("alice", &["policy", "withdraw", "3", "--reason", "too soon"]);
    desk.refuses(&["policy", "adopt", "3"], &["is withdrawn", "propose the set again"]);
    desk.refuses(&["policy", "show", "9"], &["no version 9", "forewarn policy versions"]);
    assert!(desk.ok(&["verify"]).contains("everything fits"));
}
