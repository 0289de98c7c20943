//! A first program, as the README tells it.

use std::fs;

use serde_json::Value;

use crate::world::{CASE, Desk, identity, instant, package};

fn strings<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[test]
fn from_init_to_publish() {
    let desk = Desk::due();
    assert_eq!(desk.json(&["operator", "list"]).as_array().unwrap().len(), 3);
    assert_eq!(strings(&desk.json(&["tier", "list"]), "id"), ["advance", "entry", "validate"]);
    let until = instant(24 * 300);
    let fact =
        ["member", "fact", "veltrune", "criteria", "--until", &until, "--evidence", "review of 3 June"];
    assert_eq!(desk.json_by("alice", &fact).as_array().unwrap().len(), 1);
    let members = desk.json(&["member", "list"]);
    assert_eq!(strings(&members, "id"), ["ombrelis", "veltrune"]);
    assert_eq!(strings(&members, "key"), ["none", "confirmed"]);
    assert_eq!(desk.json(&["member", "show", "veltrune"])["standing"], "active");
    assert_eq!(desk.json(&["mark", "lint", &package()]), Value::Array(Vec::new()));

    // The same file again is nothing new.
    let advisory = crate::world::package_file("advisory.md");
    let again = desk.by("alice", &["case", "item", CASE, &advisory, "--class", "advisory"]);
    assert!(again.contains("nothing to do"), "{again}");
    assert_eq!(desk.json(&["case", "show"]).as_array().unwrap().len(), 1);
    let case = desk.json(&["case", "show", CASE]);
    assert_eq!((&case["embargo"]["state"], &case["title"]), (&"active".into(), &"Relay and Tidebook".into()));
    assert!(desk.ok(&["case", "show", CASE]).contains("2 of 2 approvals"));

    // The plan, and why.
    let plan = desk.json(&["wave", "plan", CASE, "first"]);
    let fates: Vec<_> =
        plan["rows"].as_array().unwrap().iter().map(|row| row["fate"]["fate"].as_str().unwrap()).collect();
    assert_eq!(fates, ["withheld", "withheld", "due", "due"]);
    let told = desk.ok(&["wave", "plan", CASE, "first"]);
    assert!(told.contains("2 due, 2 withheld") && told.contains("key-not-confirmed"), "{told}");
    let why = desk.ok(&["explain", CASE, "--member", "ombrelis", "--item", "advisory.md"]);
    assert!(why.contains("may not have") && why.contains("no confirmed key"), "{why}");
    let at = instant(100);
    let later = desk.json(&["explain", CASE, "--member", "ombrelis", "--item", "notice.md", "--at", &at]);
    assert_eq!(later["decision"]["effect"], "permit");

    // Release, and nothing twice.
    let released = desk.json_by("alice", &["wave", "release", CASE, "first"]);
    assert_eq!((&released["granted"], &released["withheld"]), (&2.into(), &2.into()));
    let log = desk.json(&["log", "list", "--last", "18446744073709551615"]);
    let again = desk.by("bob", &["wave", "release", CASE, "first"]);
    assert!(again.contains("released already"), "{again}");
    assert_eq!(desk.json(&["log", "list", "--last", "1000"]), log);

    // The member's copies, checked without the program, opened with its own key.
    let exported = desk.json(&["copy", "export", "--member", "veltrune", "for-veltrune"]);
    assert_eq!(strings(&exported, "item"), ["advisory.md", "notice.md"]);
    assert!(exported.as_array().unwrap().iter().all(|row| row["written"] == true));
    assert_eq!(desk.json(&["copy", "verify", "for-veltrune"])["sound"], true);
    let sealed = fs::read(desk.path(&format!("for-veltrune/{CASE}/advisory.md.age"))).unwrap();
    let opened = String::from_utf8(package::open(&sealed, &identity()).unwrap()).unwrap();
    let nothing = desk.refused(&["copy", "export", "--member", "ombrelis", "for-ombrelis"]);
    assert!(nothing.contains("no confirmed key") && nothing.contains("forewarn member key ombrelis"));

    // It leaks.
    desk.write("paste.txt", opened.lines().skip(12).collect::<Vec<_>>().join("\n"));
    let seen = instant(0);
    let add = ["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--file", "paste.txt"];
    let recorded = desk.by("ines", &add);
    assert!(recorded.contains("`S1`"), "{recorded}");
    assert_eq!(desk.json(&["sighting", "list"]).as_array().unwrap().len(), 1);
    let traced = desk.json_by("ines", &["trace", "S1"]);
    assert_eq!(traced["verdict"], "attributed");
    assert_eq!(strings(&traced["accused"], "member"), ["veltrune"]);
    assert_eq!(desk.json_by("alice", &["trace", "S1"]), traced);
    let told = desk.by("ines", &["trace", "S1"]);
    assert!(told.contains("not who acted nor that the member was not robbed"), "{told}");
    let ledger = desk.json(&["ledger"]);
    assert_eq!(strings(&ledger["members"], "member").first().copied(), Some("veltrune"));
    assert_eq!((&ledger["looks"], &ledger["members"][0]["releases"]), (&1.into(), &1.into()));
    desk.by("ines", &["review", "open", "veltrune", "--leak", "L1", "--reason", "trace of S1"]);
    desk.by("ines", &["review", "reply", "R1", "--text", "our laptop was stolen"]);
    desk.by("ines", &["review", "propose", "R1", "--outcome", "suspend", "--reason", "pending forensics"]);
    desk.by("bob", &["review", "confirm", "R1"]);
    assert_eq!(desk.json(&["review", "list"]).as_array().unwrap().len(), 1);
    let suspended = desk.refused(&["copy", "export", "--member", "veltrune", "again"]);
    assert!(suspended.contains("suspended"), "{suspended}");
    desk.by("ines", &["member", "reinstate", "veltrune", "--reason", "cleared"]);
    desk.by("alice", &["member", "reinstate", "veltrune", "--reason", "cleared"]);

    // Nothing is public before the end; two people end the embargo early.
    desk.refuses(&["publish", CASE], &["cannot be published before"]);
    let exit = ["case", "break-embargo", CASE, "--reason", "the leak made it public"];
    let noted = desk.by("alice", &exit);
    assert!(noted.contains("another person runs the same command"), "{noted}");
    let over = desk.by("bob", &exit);
    assert!(over.contains("over since") && over.contains("released wave `first`"), "{over}");
    assert!(over.contains("forewarn notification told") && over.contains("forewarn publish"), "{over}");
    assert!(desk.json_by("bob", &exit)["over"].is_string(), "run again, it repeats nothing");
    desk.refuses(&["notification", "told", "N9", "--how", "telephone"], &["no notification `N9`"]);
    let list = desk.json(&["notification", "list"]);
    // Of the review, twice, of the reinstatement, and of the early end; copies are found when the member looks.
    assert_eq!(strings(&list, "id"), ["N2", "N3", "N4", "N5"]);
    let all = desk.json(&["notification", "list", "--all"]);
    assert_eq!(all[0]["about"]["wave"]["wave"], "first");
    assert!(desk.ok(&["notification", "list"]).contains("no contact"));
    desk.by(
        "alice",
        &[
            "member",
            "contact",
            "veltrune",
            "--role",
            "emergency",
            "--name",
            "duty desk",
            "--address",
            "+43 1 555",
        ],
    );
    let list = desk.json(&["notification", "list"]);
    assert_eq!(list[2]["reach"]["veltrune"]["address"], "+43 1 555");
    assert!(desk.ok(&["notification", "list"]).contains("duty desk"));
    desk.by("alice", &["notification", "told", "N5", "--member", "veltrune", "--how", "telephone"]);
    for id in ["N2", "N3", "N4", "N5"] {
        desk.by("alice", &["notification", "told", id, "--how", "telephone"]);
    }
    assert!(desk.ok(&["notification", "list"]).contains("no notification yet"));
    assert!(desk.ok(&["notification", "list", "--all"]).contains("telephone"));
    let published = desk.json_by("alice", &["publish", CASE]);
    let public = fs::read_to_string(desk.path(published[0]["file"].as_str().unwrap())).unwrap();
    assert!(public.contains("has received a report of") && !public.contains("{~"));
    assert_eq!(desk.json_by("alice", &["publish", CASE]), published);
    desk.by("alice", &["case", "close", CASE]);

    // Others check.
    let before = crate::world::files(&desk.path("acme"));
    let verified = desk.json(&["verify"]);
    assert_eq!(verified["sound"], true, "{verified:#}");
    assert_eq!(crate::world::files(&desk.path("acme")), before);
    let exported = desk.json(&["log", "export", "public-log"]);
    let log = desk.json(&["log", "list", "--last", "1000"]);
    assert_eq!(exported["entries"], log.as_array().unwrap().len());
    for file in ["checkpoint", "vkey", "tile/0/000.p"] {
        assert!(desk.path("public-log").join(file).exists(), "{file}");
    }
}

#[test]
fn what_an_exported_copy_says_can_be_checked_and_not_changed() {
    let desk = Desk::due();
    desk.by("bob", &["wave", "release", CASE, "first"]);
    desk.ok(&["copy", "export", "--member", "veltrune", "out"]);
    let vkey = fs::read_to_string(desk.path("acme/vkey")).unwrap();
    desk.ok(&["copy", "verify", "out", "--vkey", vkey.trim()]);
    for name in [
        format!("out/{CASE}/advisory.md.age"),
        format!("out/{CASE}/notice.md.receipt.json"),
        String::from("out/manifest.json"),
    ] {
        let bytes = fs::read(desk.path(&name)).unwrap();
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(desk.path(&name), changed).unwrap();
        let ran = desk.run(&["copy", "verify", "out"]);
        assert!(matches!(ran.code, 1 | 3), "{name}: {}{}", ran.out, ran.err);
        fs::write(desk.path(&name), bytes).unwrap();
    }
    let other = Desk::peopled();
    let foreign = fs::read_to_string(other.path("acme/vkey")).unwrap();
    let ran = desk.run(&["copy", "verify", "out", "--vkey", foreign.trim()]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(desk.run(&["copy", "verify", "out", "--vkey", "nonsense"]).err.contains("verifier key"));
}

#[test]
fn a_wave_may_be_scheduled_at_an_instant() {
    let desk = Desk::embargoed();
    let at = instant(48);
    desk.by("alice", &["wave", "schedule", CASE, "later", "--at", &at, "--tier", "validate"]);
    desk.by("alice", &["wave", "approve", CASE, "later"]);
    desk.by("bob", &["wave", "approve", CASE, "later"]);
    let plan = desk.json(&["wave", "plan", CASE, "later"]);
    // A lead has whole seconds; the wave moves by less than one, and never before the instant asked for.
    let due: jiff::Timestamp = plan["at"].as_str().unwrap().parse().unwrap();
    let asked: jiff::Timestamp = at.parse().unwrap();
    assert!(due >= asked && due.duration_since(asked).as_secs() < 1, "{due} for {asked}");
    desk.refuses(&["wave", "release", CASE, "later"], &["nothing is released early"]);
}

#[test]
fn every_verb_answers_in_json() {
    let desk = Desk::empty();
    let made = desk.json(&["init", "--name", "Acme", "--operator", "alice", "--operator", "bob"]);
    assert_eq!(made["data"], "acme");
    let empty = Value::Array(Vec::new());
    for verb in [&["member", "list"][..], &["case", "show"], &["sighting", "list"], &["review", "list"]] {
        assert_eq!(desk.json(verb), empty, "{verb:?}");
    }
    let done = desk.json_by("alice", &["operator", "add", "ines"]);
    assert_eq!(done[0]["event"]["program"]["operator_proposed"]["operator"], "ines");
    let done = desk.json_by("bob", &["operator", "add", "ines"]);
    assert_eq!(done[0]["event"]["program"]["operator_added"]["operator"], "ines");
    assert_eq!(desk.json_by("alice", &["operator", "add", "ines"]), empty);
    let tier = ["tier", "set", "late", "--lead", "2h", "--class", "notice"];
    assert_eq!(desk.json_by("alice", &tier).as_array().unwrap().len(), 1);
    assert_eq!(desk.json(&["mark", "keygen", "release.key"])["key"], "release.key");
}

#[test]
fn an_export_says_what_was_held_back() {
    let desk = Desk::embargoed();
    desk.write("rule.txt", "any beacon longer than the relay permits\n");
    desk.by("alice", &["case", "item", CASE, "rule.txt", "--class", "detection"]);
    desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "14d", "--tier", "validate"]);
    desk.by("alice", &["wave", "approve", CASE, "first"]);
    desk.by("bob", &["wave", "approve", CASE, "first"]);
    assert_eq!(desk.json_by("alice", &["wave", "release", CASE, "first"])["granted"], 3);
    desk.by("alice", &["tier", "set", "validate", "--lead", "14d", "--class", "advisory"]);
    let told = desk.ok(&["copy", "export", "--member", "veltrune", "one"]);
    assert!(told.contains("wrote 2 copies") && told.contains("held back: `rule.txt`"), "{told}");
    let rows = desk.json(&["copy", "export", "--member", "veltrune", "two"]);
    assert_eq!(strings(&rows, "item"), ["advisory.md", "notice.md", "rule.txt"]);
    let written: Vec<bool> =
        rows.as_array().unwrap().iter().map(|row| row["written"].as_bool().unwrap()).collect();
    assert_eq!(written, [true, true, false]);
    assert!(rows[2]["says"].as_str().unwrap().contains("veltrune"), "{rows:#}");
    assert!(!desk.path("two").join(CASE).join("rule.txt.age").exists());
}

#[test]
fn two_people_break_an_embargo_and_everything_goes_out_at_once() {
    let desk = Desk::embargoed();
    for (wave, lead) in [("first", "1d"), ("second", "12h")] {
        desk.by("alice", &["wave", "schedule", CASE, wave, "--lead", lead, "--tier", "validate"]);
    }
    desk.by("ines", &["wave", "approve", CASE, "first"]);
    let exit = ["case", "break-embargo", CASE, "--reason", "exploited since noon", "--approve-waves"];
    desk.refuses(&["case", "break-embargo", CASE, "--reason", " "], &["the reason must not be empty"]);
    let noted = desk.by("alice", &exit);
    assert!(noted.contains("`first` is ready") && noted.contains("1 of 2 approvals"), "{noted}");
    desk.refuses(&exit, &["two people to end the embargo early"]);
    assert_eq!(desk.json(&["case", "show", CASE])["embargo"]["state"], "active");
    let done = desk.json_by("bob", &[&exit[..], &["--publish"]].concat());
    assert!(done["over"].is_string());
    for wave in done["waves"].as_array().unwrap() {
        // Everything is public, and one member has no key that a copy could be sealed to.
        assert_eq!(wave["says"], Value::Null, "{done:#}");
        let first = wave["wave"] == "first";
        assert_eq!(wave["released"]["granted"], if first { 2 } else { 0 }, "{done:#}");
    }
    assert_eq!(done["published"].as_array().unwrap().len(), 2);
    let members: Vec<_> = done["tell"][0]["members"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["ombrelis", "veltrune"]);

    // A wave that two people never approved is not released, and the command says so.
    let desk = Desk::embargoed();
    desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "1d", "--tier", "validate"]);
    let exit = ["case", "break-embargo", CASE, "--reason", "it is out"];
    desk.by("alice", &exit);
    let ran = desk.run(&[&exit[..], &["--as", "bob"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("is over since") && ran.out.contains("0 of 2 approvals"), "{}", ran.out);
    assert!(ran.err.contains("run the same command again"), "{}", ran.err);
    assert!(desk.ok(&["case", "show", CASE]).contains("over since"));
}

#[test]
fn a_plan_is_approved_by_its_hash() {
    let desk = Desk::embargoed();
    desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "14d", "--tier", "validate"]);
    let plan = desk.json(&["wave", "plan", CASE, "first"]);
    let hash = plan["hash"].as_str().unwrap();
    assert_eq!(plan["counts"]["advisory.md"]["due"], 1, "{plan:#}");
    let each = desk.ok(&["wave", "plan", CASE, "first", "--each"]);
    assert!(each.contains(hash) && each.contains("tier-lead-time") && each.contains("key: none"), "{each}");
    let notice = crate::world::package_file("notice.md");
    desk.by("alice", &["case", "item", CASE, &notice, "--class", "notice"]);
    desk.refuses(&["wave", "approve", CASE, "first", "--plan", hash], &["look again", hash]);
    desk.misused(&["wave", "approve", CASE, "first", "--plan", "abc"], &["not a SHA-256 hash"]);
    let now = desk.json(&["wave", "plan", CASE, "first"]);
    desk.by("alice", &["wave", "approve", CASE, "first", "--plan", now["hash"].as_str().unwrap()]);
}

#[test]
fn a_review_takes_classes_for_a_time_and_the_member_must_be_told() {
    let desk = Desk::due();
    desk.by("ines", &["review", "open", "veltrune", "--reason", "copies on a shared drive"]);
    let propose = ["review", "propose", "R1", "--outcome", "restrict", "--reason", "until it is mended"];
    let until = instant(1);
    let past = [&propose[..], &["--restrict", "advisory", "--until", "2020-01-01T00:00:00Z"]].concat();
    desk.refuses(&past, &["has ended already"]);
    let ever = ["review", "propose", "R1", "--outcome", "warn", "--reason", "so", "--restrict", "notice"];
    desk.refuses(&ever, &["with the outcome restrict"]);
    desk.misused(&[&propose[..], &["--restrict", "gossip"]].concat(), &["`gossip` is not one of"]);
    let limits = ["--restrict", "advisory,reproduction", "--until", &until, "--finding", "it was theirs"];
    desk.by("ines", &[&propose[..], &limits].concat());
    let done = desk.by("bob", &["review", "confirm", "R1"]);
    assert!(done.contains("tell the member"), "{done}");
    let shown = desk.ok(&["review", "show", "R1"]);
    for part in ["it was theirs", "restrict advisory, reproduction until", "confirmed by bob", "due since"] {
        assert!(shown.contains(part), "`{part}` is not in: {shown}");
    }
    let json = desk.json(&["review", "show", "R1"]);
    assert_eq!(json["restriction"]["classes"], serde_json::json!(["advisory", "reproduction"]));
    assert_eq!(json["tell"].as_array().unwrap().len(), 2);
    assert_eq!(desk.json(&["member", "show", "veltrune"])["standing"], "active");
    let released = desk.json_by("alice", &["wave", "release", CASE, "first"]);
    assert_eq!(released["granted"], 0, "both of its items are advisories");
    let why = desk.ok(&["explain", CASE, "--member", "veltrune", "--item", "advisory.md"]);
    assert!(why.contains("classes-restricted") && why.contains("lift its restriction"), "{why}");
}
