use super::*;

const SCENARIO: &str = r#"
now    = 2026-12-01T00:00:00Z
public = 2026-12-08T19:00:00+01:00

[[tier]]
id = "entry"
lead = "24h"
classes = ["notice", "advisory", "detection", "indicator", "reproduction"]

[[member]]
id = "acme"
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
id = "bolt"
tier = "entry"
standing = "active"
agreement_until = 2027-06-30T00:00:00Z
key = "confirmed"

[[item]]
id = "poc"
class = "reproduction"
[[item]]
id = "rule"
class = "detection"
"#;

fn refused(from: &str, to: &str) -> String {
    assert!(SCENARIO.contains(from), "{from}");
    Scenario::parse(&SCENARIO.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn refuses_a_scenario_that_is_not_one() {
    insta::assert_snapshot!(refused("2026-12-01T00:00:00Z", "2026-12-01T00:00:00"), @r"
    TOML parse error at line 2, column 10
      |
    2 | now    = 2026-12-01T00:00:00
      |          ^^^^^^^^^^^^^^^^^^^
    `2026-12-01T00:00:00` is no instant; write date, time and offset, for example `2026-12-08T18:00:00Z`
    ");
    insta::assert_snapshot!(refused("2027-01-01T00:00:00Z", "2027-01-01"), @r"
    TOML parse error at line 21, column 9
       |
    21 | until = 2027-01-01
       |         ^^^^^^^^^^
    `2027-01-01` is no instant; write date, time and offset, for example `2026-12-08T18:00:00Z`
    ");
    insta::assert_snapshot!(refused("now    = 2026-12-01T00:00:00Z", ""), @r"
    TOML parse error at line 1, column 1
      |
    1 | 
      | ^
    missing field `now`
    ");
    insta::assert_snapshot!(refused("standing", "standng"), @r#"
    TOML parse error at line 13, column 1
       |
    13 | standng = "active"
       | ^^^^^^^
    unknown field `standng`, expected one of `id`, `tier`, `standing`, `agreement_until`, `key`, `restricted_classes`, `restricted_until`, `fact`
    "#);
    insta::assert_snapshot!(refused("\"48h\"", "\"two days\""), @r#"
    TOML parse error at line 20, column 12
       |
    20 | deadline = "two days"
       |            ^^^^^^^^^^
    `two days` is not a length of time; write for example `14d`, `24h`, `30m`, `90s` or `1d12h`
    "#);
    insta::assert_snapshot!(refused("deadline = ", "deadlin = "), @r#"
    TOML parse error at line 20, column 1
       |
    20 | deadlin = "48h"
       | ^^^^^^^
    unknown field `deadlin`, expected one of `kind`, `subject`, `trigger`, `deadline`, `says`, `until`
    "#);
    insta::assert_snapshot!(refused("id = \"bolt\"", "id = \"acme\""), @"the member `acme` is there twice; give each member its own id");
    insta::assert_snapshot!(refused("tier = \"entry\"", "tier = \"ans\""), @"the member `acme` is in tier `ans`, which is not defined; add a [[tier]] with that id");
    insta::assert_snapshot!(refused("\"advisory\"", "\"advisories\""), @r#"
    TOML parse error at line 8, column 22
      |
    8 | classes = ["notice", "advisories", "detection", "indicator", "reproduction"]
      |                      ^^^^^^^^^^^^
    unknown variant `advisories`, expected one of `notice`, `advisory`, `detection`, `indicator`, `reproduction`, `patch`
    "#);
}

#[test]
fn runs_members_by_items() {
    let rows = Scenario::parse(SCENARIO).unwrap().run(&PolicySet::default_set().unwrap());
    insta::assert_snapshot!(serde_json::to_string_pretty(&rows).unwrap(), @r#"
    [
      {
        "member": "acme",
        "item": "poc",
        "effect": "withhold",
        "until": null,
        "reasons": [
          "disclosure-duty"
        ],
        "facts": [
          "disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z",
          "class: reproduction",
          "public: 2026-12-08T18:00:00Z"
        ],
        "says": "never released: `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)"
      },
      {
        "member": "acme",
        "item": "rule",
        "effect": "withhold",
        "until": "2026-12-08T18:00:00Z",
        "reasons": [
          "disclosure-duty"
        ],
        "facts": [
          "disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z",
          "class: detection",
          "public: 2026-12-08T18:00:00Z"
        ],
        "says": "withheld until 2026-12-08T18:00:00Z: `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)"
      },
      {
        "member": "bolt",
        "item": "poc",
        "effect": "release",
        "at": "2026-12-07T18:00:00Z",
        "reasons": [
          "tier-lead-time"
        ],
        "facts": [
          "tier: entry, lead 1d, classes notice advisory detection indicator reproduction",
          "class: reproduction",
          "public: 2026-12-08T18:00:00Z"
        ],
        "says": "released from 2026-12-07T18:00:00Z: tier `entry` has reproduction items from 1d before they are public (policy tier-lead-time)"
      },
      {
        "member": "bolt",
        "item": "rule",
        "effect": "release",
        "at": "2026-12-07T18:00:00Z",
        "reasons": [
          "tier-lead-time"
        ],
        "facts": [
          "tier: entry, lead 1d, classes notice advisory detection indicator reproduction",
          "class: detection",
          "public: 2026-12-08T18:00:00Z"
        ],
        "says": "released from 2026-12-07T18:00:00Z: tier `entry` has detection items from 1d before they are public (policy tier-lead-time)"
      }
    ]
    "#);
    let aware = Scenario::parse(SCENARIO).unwrap().run(&PolicySet::deadline_aware().unwrap());
    let at = "2026-12-07T18:00:00Z".parse().unwrap();
    assert!(
        aware.iter().all(|row| row.effect == Prospect::Release { at }),
        "48 hours end after the public instant"
    );
}

/// One line a decision: member, item, effect, instant, deciding policies.
fn told(text: &str) -> String {
    let rows = Scenario::parse(text).unwrap().run(&PolicySet::default_set().unwrap());
    let line = |row: &Row| {
        let fate = match row.effect {
            Prospect::Release { at } => format!("release {at}"),
            Prospect::Withhold { until: Some(until) } => format!("withhold until {until}"),
            Prospect::Withhold { until: None } => "withhold".to_owned(),
        };
        format!("{} {}: {fate} ({})\n", row.member, row.item, row.reasons.join(", "))
    };
    rows.iter().map(line).collect()
}

#[test]
fn the_worked_examples_say_what_their_comments_say() {
    insta::assert_snapshot!(told(include_str!("../../scenarios/vendor-2025-before.toml")), @r"
    checker description: release 2025-06-24T17:00:00Z (tier-lead-time)
    checker reproduction: release 2025-06-24T17:00:00Z (tier-lead-time)
    scanner description: release 2025-07-03T17:00:00Z (tier-lead-time)
    scanner reproduction: release 2025-07-03T17:00:00Z (tier-lead-time)
    reporter description: release 2025-07-07T17:00:00Z (tier-lead-time)
    reporter reproduction: release 2025-07-07T17:00:00Z (tier-lead-time)
    ");
    insta::assert_snapshot!(told(include_str!("../../scenarios/vendor-2025-after.toml")), @r"
    checker description: release 2025-06-24T17:00:00Z (tier-lead-time)
    checker reproduction: release 2025-06-24T17:00:00Z (tier-lead-time)
    scanner description: release 2025-07-03T17:00:00Z (tier-lead-time)
    scanner reproduction: release 2025-07-03T17:00:00Z (tier-lead-time)
    reporter description: withhold until 2025-07-08T17:00:00Z (disclosure-duty)
    reporter reproduction: withhold (disclosure-duty)
    ");
    insta::assert_snapshot!(told(include_str!("../../scenarios/distribution-list.toml")), @r"
    distribution second-notice: release 2026-11-26T12:00:00Z (tier-lead-time)
    distribution fix: release 2026-11-26T12:00:00Z (tier-lead-time)
    latecomer second-notice: withhold (standing-not-admitted)
    latecomer fix: withhold (standing-not-admitted)
    hosting second-notice: release 2026-12-09T12:00:00Z (tier-lead-time)
    hosting fix: release 2026-12-10T12:00:00Z (after-public)
    ");
}

#[test]
fn what_is_written_reads_back() {
    let text = format!("action = \"list\"\n{SCENARIO}");
    for text in [SCENARIO, text.as_str()] {
        let read = Scenario::parse(text).unwrap();
        assert_eq!(Scenario::parse(&read.to_toml().unwrap()).unwrap(), read);
    }
    let before_our_era = SCENARIO.replacen("2026-12-01T00:00:00Z", "0000-01-01T00:00:00Z", 1);
    let mut early = Scenario::parse(&before_our_era).unwrap();
    early.0.now.0 = Timestamp::MIN;
    assert!(early.to_toml().unwrap_err().to_string().contains("-009999"));
}

#[test]
fn a_scenario_may_ask_for_the_list_alone() {
    let policy = |id: &str, action: &str| {
        format!("@id(\"{id}\") @says(\"x\") permit (principal, action == Action::\"{action}\", resource);")
    };
    for (action, released) in [("list", true), ("fetch", false)] {
        let set = PolicySet::parse("own", &policy("some", "list")).unwrap();
        let scenario = Scenario::parse(&format!("action = \"{action}\"\n{SCENARIO}")).unwrap();
        let rows = scenario.run(&set);
        assert!(rows.iter().all(|row| matches!(row.effect, Prospect::Release { .. }) == released));
    }
}

#[test]
fn a_restriction_is_read_written_and_heeded() {
    let with = |classes: &str, until: &str| {
        let restricted = format!("id = \"bolt\"\nrestricted_classes = {classes}\n{until}");
        Scenario::parse(&SCENARIO.replacen("id = \"bolt\"\n", &restricted, 1)).unwrap()
    };
    let set = PolicySet::default_set().unwrap();
    let fates = |scenario: &Scenario| {
        let rows = scenario.run(&set);
        rows.iter().filter(|row| row.member == "bolt").map(|row| row.says.clone()).collect::<Vec<_>>()
    };
    let until = "restricted_until = 2026-12-08T06:00:00Z\n";
    let scenario = with("[\"reproduction\"]", until);
    insta::assert_snapshot!(fates(&scenario).join("\n"), @r"
    withheld until 2026-12-08T06:00:00Z: a review took reproduction items from `bolt` before they are public (policy classes-restricted)
    released from 2026-12-07T18:00:00Z: tier `entry` has detection items from 1d before they are public (policy tier-lead-time)
    ");
    assert_eq!(Scenario::parse(&scenario.to_toml().unwrap()).unwrap(), scenario);
    let rows = with("[\"detection\"]", "").run(&set);
    let row = rows.iter().find(|row| row.member == "bolt" && row.item == "rule").unwrap();
    assert!(row.says.starts_with("withheld until 2026-12-08T18:00:00Z"), "{}", row.says);
    assert!(row.facts.contains(&String::from("restriction: detection until a review lifts it")), "{row:?}");
}
