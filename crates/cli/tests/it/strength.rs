//! `forewarn mark strength`, and the claim that `mark render` demands and `mark trace` repeats.

use std::fs;

use serde_json::{Value, json};

use crate::world::{Desk, instant, package_file};

const RENDER: [&str; 7] = ["mark", "render", "weak", "--key", "release.key", "--members", "members.txt"];
const TRACE: [&str; 7] = ["mark", "trace", "weak", "--key", "keys/release.key", "--members", "members.txt"];

/// Ten alternatives and no value: ten bits, where three members need 24.
const WEAK: &str = "\
The {~relay|hub~} that {~serves|feeds~} every browser keeps a {~table|list~} of its visitors.
When one of them {~leaves|goes~}, its row {~stays|remains~} as it was until the {~next|following~} visitor
{~comes|arrives~}, who is then taken for the {~former|earlier~} one. Restart the relay {~daily|each day~}
and install the update as soon as it {~is out|appears~}.
";

fn desk() -> Desk {
    let desk = Desk::empty();
    desk.write("weak/notice.md", WEAK);
    desk.write("members.txt", "veltrune\nombrelis\nacme\n");
    desk.ok(&["mark", "keygen", "release.key"]);
    desk
}

/// The weak package, rendered with a reason.
fn rendered() -> Desk {
    let desk = desk();
    desk.ok(&[&RENDER[..], &["--out", "copies", "--weaker-claim", "a notice of ten lines"]].concat());
    fs::create_dir(desk.path("keys")).unwrap();
    fs::rename(desk.path("release.key"), desk.path("keys/release.key")).unwrap();
    desk
}

#[test]
fn a_package_that_cannot_support_the_claim_is_refused() {
    let desk = desk();
    let render = |more: &[&str]| desk.refused(&[&RENDER[..], &["--out", "copies"], more].concat());
    insta::assert_snapshot!(render(&["--epsilon", "1e-6"]), @"the package's 10 sites hold 10 bits about each leaker where one leaker at 1e-6 among 3 members needs 24; add one `{~name=rand:hex12~}` constant or 14 binary sites; it supports one leaker at 1e-1: `--weaker-claim REASON` renders it all the same, and `forewarn mark strength` says more");
    assert!(render(&["--colluders", "2"]).contains("2 members together at 1e-6 among 3 members needs 24"));
    assert!(render(&["--colluders", "2", "--epsilon", "0.1"]).contains("binary sites"));
    assert!(
        render(&["--colluders", "4"]).contains("`4` of 3 members cannot leak together here, give 1 to 3")
    );
    assert!(render(&["--epsilon", "0"]).contains("not between 0 and 1"));
    assert!(render(&["--weaker-claim", " "]).contains("reason in words"));
    // From ten members on it is no trial any more, whether a claim is made or not.
    let crowd: Vec<String> = (0..10).map(|member| format!("m{member}\n")).collect();
    desk.write("crowd.txt", crowd.concat());
    let to = |members: &'static str| ["mark", "render", "weak", "--key", "release.key", "--members", members];
    let refused = desk.refused(&[&to("crowd.txt")[..], &["--out", "copies"]].concat());
    assert!(refused.contains("one leaker at 1e-6 among 10 members needs 26"), "{refused}");
    // What ten sites do support needs no excuse, nor does a look at a few copies.
    desk.ok(&[&RENDER[..], &["--out", "copies", "--epsilon", "0.1"]].concat());
    let trial = desk.run(&[&RENDER[..], &["--out", "trial"]].concat());
    assert_eq!(trial.code, 0);
    assert!(trial.err.ends_with("a trial for few members\n"), "{}", trial.err);
    assert!(!desk.path("trial/claim.json").exists());
    desk.ok(&[&to("crowd.txt")[..], &["--out", "unsaid", "--weaker-claim"]].concat());
    let claim = fs::read_to_string(desk.path("unsaid/claim.json")).unwrap();
    assert!(claim.contains("no reason was given"), "{claim}");
}

#[test]
fn a_weaker_claim_is_in_every_report() {
    let desk = rendered();
    let says = "weaker claim: supports one leaker at 1e-1, not one leaker at 1e-6: a notice of ten lines";
    let claim: Value = serde_json::from_slice(&fs::read(desk.path("copies/claim.json")).unwrap()).unwrap();
    assert_eq!((&claim["says"], &claim["weaker"]), (&json!(says), &json!("a notice of ten lines")));
    // Found two folders above the leak.
    let leak = "copies/acme/notice.md";
    assert!(desk.ok(&[&TRACE[..], &[leak]].concat()).ends_with(&format!("{says}\n")));
    assert_eq!(desk.json(&[&TRACE[..], &[leak]].concat())["claim"], claim);
    // Named, when the leak lies elsewhere.
    fs::copy(desk.path(leak), desk.path("paste.txt")).unwrap();
    let without = desk.json(&[&TRACE[..], &["paste.txt"]].concat());
    assert_eq!(
        without["claim"]["says"],
        "weaker claim: supports one leaker at 1e-1, not one leaker at 1e-6: no claim.json was given"
    );
    let named = [&TRACE[..], &["paste.txt", "--claim", "copies/claim.json"]].concat();
    assert_eq!(desk.json(&named)["claim"], claim);
    // Beside the key.
    fs::rename(desk.path("copies/claim.json"), desk.path("keys/claim.json")).unwrap();
    assert_eq!(desk.json(&[&TRACE[..], &["paste.txt"]].concat())["claim"], claim);
}

#[test]
fn a_claim_about_something_else_is_not_repeated() {
    let desk = rendered();
    desk.write("weak/notice.md", WEAK.replace("relay", "beacon"));
    let trace = |claim: &str| desk.refused(&[&TRACE[..], &["copies/acme", "--claim", claim]].concat());
    assert!(trace("copies/claim.json").contains("another package"));
    assert!(trace("members.txt").contains("is not a claim"));
    assert!(trace("none.json").contains("none.json"));
    let found = desk.json(&[&TRACE[..], &["copies/acme"]].concat());
    assert!(found["claim"]["says"].as_str().unwrap().ends_with("no claim.json was given"));
}

#[test]
fn copies_for_a_coalition_are_traced_with_their_claim() {
    let desk = desk();
    desk.ok(&["mark", "keygen", "three.key", "--colluders", "3"]);
    // The advisory of the demonstration without its values: alternatives alone have to name the member.
    let mut text = fs::read_to_string(package_file("advisory.md")).unwrap();
    for value in ["{~fn=rand:word12~}", "{~nb=rand:word12~}", "{~br=rand:hex16~}", "{~rf~}"] {
        assert!(text.contains(value));
        text = text.replace(value, "sample");
    }
    desk.write("weak/notice.md", text);
    let with = |verb, more: &[&'static str]| {
        let args = ["mark", verb, "weak", "--key", "three.key", "--members", "members.txt"];
        [&args[..], more].concat()
    };
    let refused = desk.refused(&with("render", &["--out", "copies", "--epsilon", "1e-6"]));
    assert!(refused.contains("3 members together at 1e-6"), "the key says for whom: {refused}");
    desk.ok(&with("render", &["--out", "copies", "--weaker-claim", "test"]));
    fs::copy(desk.path("copies/acme/notice.md"), desk.path("paste.txt")).unwrap();
    let traced = desk.json(&with("trace", &["paste.txt"]));
    assert_eq!(traced["accused"][0]["member"], "acme", "the law is the key's, not an option of the trace");
}

#[test]
fn a_wave_of_weak_marks_is_planned_with_a_warning() {
    let desk = Desk::peopled();
    desk.write("weak.md", WEAK);
    let by = |args: &[&str]| desk.by("alice", args);
    by(&["case", "new", "WEAK-1", "--title", "Weak"]);
    by(&["case", "item", "WEAK-1", "weak.md", "--class", "notice"]);
    by(&["case", "embargo", "propose", "WEAK-1", "--ends", &instant(72)]);
    desk.by("bob", &["case", "embargo", "accept", "WEAK-1"]);
    by(&["wave", "schedule", "WEAK-1", "first", "--lead", "14d", "--tier", "validate"]);
    let plan = ["wave", "plan", "WEAK-1", "first"];
    let said = desk.ok(&plan);
    let warned = "weak marks: the package's 10 sites hold 10 bits about each leaker";
    assert!(said.lines().any(|line| line.starts_with(warned)), "{said}");
    let ran = desk.run(&[&plan[..], &["--json"]].concat());
    assert!(ran.code == 0 && ran.err.starts_with(warned), "{}", ran.err);
    assert!(serde_json::from_str::<Value>(&ran.out).is_ok());
}

#[test]
fn strength_says_which_file_cannot_be_attributed_alone() {
    let desk = desk();
    desk.write("weak/poc.py", "TRACE = \"00c0ffee0000\"  #~ =tr\nprint(TRACE)\n");
    desk.write("weak/sample.http", "GET /{~tr=rand:hex12~} HTTP/1.1\nHost: relay.example.net\n");
    let strength = ["mark", "strength", "weak", "--members", "100", "--trials", "24"];
    let said = desk.ok(&strength);
    let line =
        |start: &str| said.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default();
    assert_eq!(
        line("10 sites"),
        "10 sites of two symbols, 0 of more, 1 generated value. The floor of one leaker at 1e-6 among 100 members is 29 bits; the sites hold 58."
    );
    let words = |start: &str| line(start).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        words("notice.md")[1..],
        ["0!!", "0!!", "0!!", "0!!", "0!!", "0!!", "-", "-", "-", "0!!", "0!!", "0!!", "0!!"]
    );
    assert_eq!(words("poc.py")[1..4], ["100", "100", "100"]);
    assert_eq!(
        line("- `notice.md`"),
        "- `notice.md` cannot be attributed alone: 10 bits of 29; use the package's `{~tr~}` in it, add one `{~name=rand:hex12~}` constant, or add 19 binary sites"
    );
    assert!(said.contains("innocents accused: 0 of "), "{said}");
    let found = desk.json(&strength);
    assert_eq!(found["innocents_accused"], 0);
    assert!(found["innocents_weighed"].as_u64().unwrap() > 10_000);
    assert_eq!(found["advice"][0]["file"], "notice.md");
    assert_eq!(found["rows"].as_array().unwrap().len(), 4);
    for row in found["rows"].as_array().unwrap() {
        assert_eq!(row["cells"].as_array().unwrap().len(), found["leaks"].as_array().unwrap().len());
        for cell in row["cells"].as_array().unwrap().iter().filter(|cell| !cell.is_null()) {
            let number = |name: &str| cell[name].as_f64().unwrap();
            assert!(number("low") <= number("share") && number("share") <= number("high"), "{cell}");
        }
    }
    assert_eq!(found, desk.json(&strength));
}

#[test]
fn the_page_stands_alone_and_has_the_same_numbers() {
    let desk = desk();
    desk.write("weak/<b>&.md", WEAK);
    let args = ["mark", "strength", "weak", "--members", "2", "--trials", "12", "--html", "page.html"];
    let found = desk.json(&args);
    let page = fs::read_to_string(desk.path("page.html")).unwrap();
    for part in ["<script", "http://", "https://", "url(", "@import", "<link", "<b>"] {
        assert!(!page.contains(part), "`{part}` is in the page");
    }
    assert!(page.contains("&lt;b&gt;&amp;.md") && page.contains("prefers-color-scheme:dark"));
    let cells = found["rows"].as_array().unwrap().iter().flat_map(|row| row["cells"].as_array().unwrap());
    let tried: Vec<&Value> = cells.filter(|cell| !cell.is_null()).collect();
    assert_eq!(page.matches("<rect class=").count(), tried.len() + 3, "squares and key");
    assert_eq!(page.matches("<small>").count(), tried.len());
    for cell in tried {
        let said = format!(": {} of {} named", cell["named"], cell["trials"]);
        assert!(page.contains(&said), "`{said}` is not in the page");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let desk = desk();
    let strength = |more: &[&str]| desk.refused(&[&["mark", "strength"], more].concat());
    assert!(strength(&["none", "--members", "9"]).contains("`none` is not a folder"));
    assert!(strength(&["weak", "--members", "0"]).contains("at least one member"));
    assert!(strength(&["weak", "--members", "9", "--colluders", "10"]).contains("give 1 to 8"));
    assert!(strength(&["weak", "--members", "9", "--epsilon", "1"]).contains("not between 0 and 1"));
    let html = ["weak", "--members", "2", "--trials", "12", "--html", "none/page.html"];
    assert!(strength(&html).contains("none/page.html"));
    desk.misused(&["mark", "strength", "weak"], &["--members"]);
    desk.misused(&["mark", "strength", "weak", "--members", "9", "--trials", "3"], &["12"]);
}
