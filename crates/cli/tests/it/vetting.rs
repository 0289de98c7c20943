//! From an application to an admission, as the README tells it.

use serde_json::Value;

use crate::world::{Desk, instant};

const CRITERIA: &str = r#"
[[criterion]]
id = "nda"
sentence = "It signed."
source = "Our charter."

[[criterion]]
id = "api"
sentence = "It fetches by an interface."
source = "Our charter."
"#;

/// A program of alice, bob and ines that admits by two criteria.
fn strict() -> Desk {
    let desk = Desk::empty();
    desk.write("criteria.toml", CRITERIA);
    desk.ok(&[
        "init",
        "--name",
        "Acme",
        "--criteria",
        "criteria.toml",
        "--operator",
        "alice",
        "--operator",
        "bob",
        "--operator",
        "ines",
    ]);
    desk
}

fn admission(until: &str) -> [&str; 7] {
    ["member", "admit", "veltrune", "--tier", "entry", "--agreement-until", until]
}

#[test]
fn two_people_sign_the_sheet_that_admits() {
    let desk = strict();
    let until = instant(24 * 300);
    desk.refuses(
        &["member", "add", "veltrune", "--name", "V", "--tier", "entry", "--agreement-until", &until],
        &["admits by its criteria sheet", "forewarn member apply veltrune"],
    );
    desk.by("alice", &["member", "apply", "veltrune", "--name", "Veltrune Security"]);
    desk.refuses(
        &["member", "assess", "veltrune", "nda", "--met", "--evidence", "e"],
        &["is applied", "forewarn member vet"],
    );
    desk.by("alice", &["member", "vet", "veltrune"]);
    desk.refuses(&admission(&until), &["not complete", "`nda` is open", "`api` is open"]);
    desk.by("alice", &["member", "assess", "veltrune", "nda", "--met", "--evidence", "signed copy"]);
    let assess = ["member", "assess", "veltrune", "api", "--not-met", "--evidence", "no client yet"];
    assert!(desk.by("alice", &assess).contains("`api` of `veltrune` is not met"));
    desk.refuses(&["member", "sign", "veltrune"], &["`api` is not met"]);
    let assess = ["member", "assess", "veltrune", "api", "--waived", "a CERT", "--evidence", "its law"];
    desk.by("alice", &assess);
    desk.by("alice", &["member", "sign", "veltrune"]);
    assert!(desk.by("alice", &["member", "sign", "veltrune"]).contains("nothing to do"));
    desk.refuses(&admission(&until), &["1 of 2 signatures"]);

    // A late word on a criterion voids what was signed.
    desk.by(
        "ines",
        &["member", "assess", "veltrune", "api", "--met", "--evidence", "fetched a test package"],
    );
    desk.refuses(&admission(&until), &["0 of 2 signatures"]);
    let told = desk.ok(&["member", "sheet", "veltrune"]);
    assert!(told.contains("signed by alice") && told.contains("void: the sheet has changed since"), "{told}");
    assert!(
        told.contains("no contact for: security, technical") && told.contains("no confirmed key"),
        "{told}"
    );
    desk.by("alice", &["member", "sign", "veltrune"]);
    desk.by("bob", &["member", "sign", "veltrune"]);
    let sheet = desk.json(&["member", "sheet", "veltrune"]);
    assert_eq!((&sheet["complete"], &sheet["ready"]), (&true.into(), &true.into()), "{sheet:#}");
    let holds: Vec<&Value> =
        sheet["signatures"].as_array().unwrap().iter().map(|signed| &signed["holds"]).collect();
    assert_eq!(holds, [false, true, true]);
    desk.by("ines", &admission(&until));
    assert_eq!(desk.json(&["member", "show", "veltrune"])["standing"], "active");
    let log = desk.json(&["log", "list", "--last", "5"]);
    assert_eq!(log[1]["event"]["vetting"]["sheet_signed"]["sheet"], sheet["sheet"]);
    assert_eq!(desk.json(&["verify"])["sound"], true);
}

#[test]
fn criteria_are_data_and_two_people_change_them() {
    let desk = Desk::empty();
    desk.ok(&["init", "--name", "Acme", "--operator", "alice", "--operator", "bob"]);
    assert!(desk.ok(&["member", "criteria"]).contains("no criterion yet"));
    let set = ["member", "criteria", "--set", "default"];
    assert!(desk.by("alice", &set).contains("another operator runs the same"));
    desk.refuses(&set, &["it takes two people to change the criteria"]);
    assert!(desk.by("bob", &set).contains("9 criteria are in force"));
    assert_eq!(desk.json(&["member", "criteria"]).as_array().unwrap().len(), 9);
    desk.write("own.toml", "[[criterion]]\nid = \"nda\"\nsentence = \"a\"\n");
    desk.refuses(
        &["member", "criteria", "--set", "own.toml"],
        &["`own.toml` holds no list of criteria", "source"],
    );
    desk.refuses(&["member", "criteria", "--set", "gone.toml"], &["`gone.toml`", "check the path"]);
}

#[test]
fn an_assessment_is_one_of_three() {
    let desk = strict();
    let base = ["member", "assess", "veltrune", "nda", "--evidence", "e", "--as", "alice"];
    desk.misused(&base, &["--met", "--not-met", "--waived"]);
    desk.misused(&[&base[..], &["--met", "--not-met"]].concat(), &["cannot be used with"]);
}

#[test]
fn what_lapses_is_listed_with_what_follows() {
    let desk = Desk::peopled();
    assert!(desk.ok(&["member", "due"]).contains("nothing lapses within 30d"));
    let (soon, later) = (instant(20), instant(24 * 6));
    desk.by("alice", &["member", "agreement", "veltrune", "v4", "--until", &later]);
    desk.by(
        "alice",
        &[
            "member",
            "fact",
            "veltrune",
            "jurisdiction",
            "--says",
            "AT",
            "--until",
            &soon,
            "--evidence",
            "register",
        ],
    );
    let rows = desk.json(&["member", "due"]);
    let told: Vec<(&str, &str, i64)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["what"].as_str().unwrap(),
                row["urgency"].as_str().unwrap(),
                row["days_left"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("fact jurisdiction", "in a day", 0), ("agreement", "in 7 days", 5)]);
    assert!(rows[0]["then"].as_str().unwrap().contains("no policy reads it"));
    assert!(rows[1]["then"].as_str().unwrap().contains("no agreement in force"), "{rows:#}");
    assert_eq!(desk.json(&["member", "due", "--within", "1d"]).as_array().unwrap().len(), 1);
    assert!(desk.ok(&["member", "due"]).contains("days left"));
}

#[test]
fn contacts_and_keys_are_kept_fresh() {
    let desk = Desk::peopled();
    let contact = [
        "member",
        "contact",
        "veltrune",
        "--role",
        "emergency",
        "--name",
        "Duty desk",
        "--address",
        "+43 1 0",
    ];
    desk.by("alice", &contact);
    assert!(desk.by("alice", &contact).contains("nothing to do"));
    assert!(desk.ok(&["member", "show", "veltrune"]).contains("Duty desk, +43 1 0"));
    let other = ["member", "contact", "veltrune", "--role", "boss", "--name", "a", "--address", "b"];
    desk.misused(&other, &["`boss` is not one of security"]);
    let fingerprint = crate::world::identity().to_public().fingerprint();
    desk.by("bob", &["member", "key", "veltrune", "--reconfirm", &fingerprint]);
    let shown = desk.json(&["member", "show", "veltrune"]);
    assert_eq!(shown["keys"][0]["confirmed_by"], "bob");
    desk.refuses(&["member", "key", "veltrune", "--reconfirm", "nothing"], &["has no key `nothing`"]);
}

const SDN: &str = "36,\"AEROCARIBBEAN AIRLINES\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\
    41,\"VELTRUN SECURITY LIMITED\",-0- ,\"CYBER2\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a\r\n";

#[test]
fn a_name_like_one_on_a_list_is_shown_and_a_person_decides() {
    let desk = strict();
    desk.write("sdn.csv", SDN);
    desk.write("alt.csv", "36,12,\"aka\",\"HARBOUR AIR\",-0- \r\n");
    desk.by("alice", &["member", "apply", "veltrune", "--name", "Veltrune Security"]);
    desk.by("alice", &["member", "apply", "harbour", "--name", "Harbour Air GmbH"]);
    desk.by("alice", &["member", "apply", "ombrelis", "--name", "Ombrelis"]);
    let shown = desk.json(&["member", "screen", "--all", "--list", "sdn.csv", "--aliases", "alt.csv"]);
    assert_eq!((&shown["entries"], &shown["list"]), (&2.into(), &"sdn.csv".into()));
    let hits: Vec<(&str, usize)> = shown["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["member"].as_str().unwrap(), row["hits"].as_array().unwrap().len()))
        .collect();
    assert_eq!(hits, [("harbour", 1), ("ombrelis", 0), ("veltrune", 1)]);
    assert_eq!(shown["members"][0]["hits"][0]["name"], "HARBOUR AIR");
    let told = desk.ok(&["member", "screen", "veltrune", "--list", "sdn.csv"]);
    assert!(told.contains("VELTRUN SECURITY LIMITED") && told.contains("CYBER2"), "{told}");
    assert!(desk.ok(&["member", "screen", "ombrelis", "--list", "sdn.csv"]).contains("nobody like it"));

    // Recorded with the list's hash; a hit stops the vetting until somebody clears it.
    let screened = ["member", "screened", "veltrune", "--list", "sdn.csv", "--list-date", "2026-11-19"];
    desk.misused(&screened, &["--clear", "--hit"]);
    desk.by("alice", &["member", "vet", "veltrune"]);
    desk.by("alice", &[&screened[..], &["--hit", "same address"]].concat());
    for criterion in ["nda", "api"] {
        desk.by("alice", &["member", "assess", "veltrune", criterion, "--met", "--evidence", "form"]);
    }
    desk.refuses(&["member", "sign", "veltrune"], &["on a sanctions list (same address)"]);
    let cleared = desk.json_by("bob", &[&screened[..], &["--clear", "another country"]].concat());
    let event = &cleared[0]["event"]["vetting"]["screened"]["screening"];
    let sha256 = engine::hash::sha256(SDN.as_bytes()).to_string();
    assert_eq!((&event["sha256"], &event["outcome"]), (&sha256.into(), &"clear".into()));
    desk.by("alice", &["member", "sign", "veltrune"]);
    let told = desk.ok(&["member", "sheet", "veltrune"]);
    assert!(told.contains("sdn.csv of 2026-11-19: another country"), "{told}");

    desk.refuses(&["member", "screen", "veltrune", "--list", "gone.csv"], &["`gone.csv`", "check the path"]);
    desk.write("names.txt", "# nobody\n");
    desk.refuses(
        &["member", "screen", "veltrune", "--list", "names.txt"],
        &["`names.txt` is no list", "nobody is on it"],
    );
    desk.write("page.csv", "<html>\n");
    desk.refuses(
        &["member", "screen", "veltrune", "--list", "page.csv"],
        &["line 1: has 1 fields and not 12"],
    );
    desk.refuses(
        &["member", "screen", "veltrune", "--list", "sdn.csv", "--threshold", "0"],
        &["`0` is no threshold"],
    );
}

fn verdicts(desk: &Desk, wanted: &str) -> Vec<String> {
    let shown = desk.json(&["member", "duties", "veltrune"]);
    let rows = shown["duties"].as_array().unwrap().iter();
    rows.filter(|row| row["verdict"] == wanted).map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn duties_follow_from_facts_and_a_person_records_them() {
    let desk = Desk::peopled();
    assert_eq!(verdicts(&desk, "unknown").len(), 11, "nobody asked yet");
    let until = instant(24 * 200);
    let ask = |kind: &str, values: &[&str]| {
        let values: Vec<&str> = values.iter().flat_map(|value| ["--value", value]).collect();
        let rest = ["--until", &until, "--evidence", "questionnaire"];
        desk.by("alice", &[&["member", "fact", "veltrune", kind], &values[..], &rest].concat());
    };
    for kind in ["jurisdiction", "ownership", "data-location"] {
        ask(kind, &["AT"]);
    }
    ask("staff-location", &["AT", "IN"]);
    ask("legal-role", &["manufacturer-eu-market"]);
    ask("government-programme", &["none"]);
    assert_eq!(verdicts(&desk, "follows"), ["eu-cra-exploited", "eu-cra-incident", "in-cert-in"]);
    assert!(verdicts(&desk, "unknown").is_empty());
    let told = desk.ok(&["member", "duties", "veltrune"]);
    assert!(told.contains("Not legal advice") && told.contains("staff-location: IN"), "{told}");
    assert!(
        told.contains("`in-cert-in` follows, but fact disclosure-duty/none says that there is no duty"),
        "{told}"
    );
    desk.refuses(
        &["member", "fact", "veltrune", "legal-role", "--value", "boss", "--evidence", "e"],
        &["`boss` is nothing a legal-role fact can say", "nis2-entity"],
    );

    // Recorded for review, a duty restricts until a person confirms it.
    let may = |desk: &Desk| {
        let why =
            desk.json(&["explain", crate::world::CASE, "--member", "veltrune", "--item", "advisory.md"]);
        (why["decision"]["effect"].as_str().unwrap().to_owned(), why["decision"]["policies"].to_string())
    };
    desk.by("alice", &["case", "new", crate::world::CASE, "--title", "t"]);
    let (advisory, notice) =
        (crate::world::package_file("advisory.md"), crate::world::package_file("notice.md"));
    desk.by("alice", &["case", "item", crate::world::CASE, &advisory, &notice, "--class", "advisory"]);
    desk.by("alice", &["case", "embargo", "propose", crate::world::CASE, "--ends", &instant(72)]);
    desk.by("bob", &["case", "embargo", "accept", crate::world::CASE]);
    assert_eq!(may(&desk).0, "permit");
    let told = desk.by("alice", &["member", "duties", "veltrune", "--record"]);
    assert!(told.contains("recorded 3 duties of `veltrune` as never confirmed"), "{told}");
    assert!(desk.by("alice", &["member", "duties", "veltrune", "--record"]).contains("nothing to do"));
    let (effect, policies) = may(&desk);
    assert!(effect == "deny" && policies.contains("disclosure-duty-unconfirmed"), "{policies}");
    let due = desk.json(&["member", "due"]);
    assert_eq!(due.as_array().unwrap().len(), 3, "{due:#}");
    let confirm =
        ["member", "duties", "veltrune", "--record", "--until", &until, "--evidence", "counsel's letter"];
    desk.by("bob", &confirm);
    // Own products and incidents are not what an early warning is about.
    assert_eq!(may(&desk).0, "permit");
    let facts = desk.json(&["member", "show", "veltrune"]);
    let incident = &facts["facts"]["disclosure-duty/incident/incident/6h"];
    assert!(
        incident["evidence"].as_str().unwrap().contains("derived from the pack of 2026-11-20: in-cert-in")
    );

    // A duty about other people's vulnerabilities bars, whatever else is on record: the stricter statement decides.
    ask("government-programme", &["cnnvd-technical-support-unit"]);
    desk.by("bob", &confirm);
    let (effect, policies) = may(&desk);
    assert!(effect == "deny" && policies.contains("disclosure-duty"), "{policies}");
    assert!(desk.json(&["member", "show", "veltrune"])["facts"]["disclosure-duty/none"].is_object());
}
