//! `forewarn policy`: the rules, checked and tried, without a program.

use serde_json::{Value, json};

use crate::world::Desk;

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
