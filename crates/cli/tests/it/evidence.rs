//! A trace's report, and its check without the key.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use engine::hash::sha256;
use serde_json::Value;

use crate::world::{CASE, Desk, Ran, files, identity, instant, package};

const MEMBERS: [&str; 5] = ["veltrune", "ombrelis", "acme", "bolt", "cobalt"];

/// A leak of `bolt`'s advisory traced, with its report in `report`.
fn reported(more: &[&str]) -> Desk {
    let desk = Desk::empty();
    desk.write("members.txt", MEMBERS.join("\n"));
    desk.ok(&["mark", "keygen", "release.key"]);
    let release = [&package(), "--key", "release.key", "--members", "members.txt"];
    let said = desk.json(&[&["mark", "render"], &release[..], &["--out", "copies"]].concat());
    desk.write("root", said["root"].as_str().unwrap());
    let leak = fs::read(desk.path("copies/bolt/advisory.md")).unwrap();
    desk.write(r#"leak/<script>alert("1")<b>&'.md"#, leak);
    let args = [&["mark", "trace"], &release[..], &["leak", "--report", "report"], more].concat();
    assert!(desk.ok(&args).contains("`forewarn mark check-evidence report` checks it"));
    desk
}

fn check(desk: &Desk, more: &[&str]) -> Ran {
    desk.run(&[&["mark", "check-evidence", "report"], more].concat())
}

fn names(desk: &Desk) -> BTreeSet<String> {
    let report = desk.path("report");
    files(&report).iter().map(|(path, _)| path.strip_prefix(&report).unwrap().display().to_string()).collect()
}

/// Writes the hashes anew, as somebody who changed a file would.
fn hash_again(desk: &Desk) {
    let sums = names(desk)
        .into_iter()
        .filter(|name| name != "SHA256SUMS")
        .map(|name| format!("{}  {name}\n", sha256(&fs::read(desk.path("report").join(&name)).unwrap())));
    desk.write("report/SHA256SUMS", sums.collect::<String>());
}

#[test]
fn a_report_is_whole_and_holds() {
    let desk = reported(&[]);
    let all = ["README.txt", "SHA256SUMS", "evidence.json", "index.html", "rows/bolt.json"];
    assert_eq!(names(&desk), all.map(String::from).into());
    let page = fs::read_to_string(desk.path("report/index.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;b&gt;&amp;&#39;.md"));
    for part in
        ["none of the members", "<strong>bolt</strong>", "was not robbed", "prefers-color-scheme:dark"]
    {
        assert!(page.contains(part), "{part}");
    }
    for part in ["<script", "http://", "https://", "src=", "url("] {
        assert!(!page.contains(part), "{part}");
    }
    let beside = fs::read_to_string(desk.path("report/README.txt")).unwrap();
    assert!(beside.contains("A PDF among them counts as the text that pdf-extract "), "{beside}");
    let root = fs::read_to_string(desk.path("root")).unwrap();
    let said = desk.json(&["mark", "check-evidence", "report", "--root", &root]);
    assert_eq!(
        (&said["sound"], &said["complete"], &said["problems"]),
        (&true.into(), &true.into(), &Value::from(Vec::<u8>::new()))
    );
    let checked = said["checked"].as_array().unwrap();
    assert!(checked.contains(&"`bolt`: its own row is enough to accuse it".into()), "{checked:#?}");
    let ran = check(&desk, &["--root", &"0".repeat(64)]);
    assert!(ran.code == 3 && ran.out.contains("the codebook is not the one you knew"), "{}", ran.out);
    // Old and new are not mixed.
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt", "leak"];
    assert!(desk.refused(&[&args[..], &["--report", "report"]].concat()).contains("the folder is not empty"));
    let both = ["--report", "other", "--open", "all", "--anonymous"];
    assert!(desk.refused(&[&args[..], &both].concat()).contains("a row names its member"));
}

#[test]
fn every_changed_byte_is_noticed() {
    let desk = reported(&[]);
    for name in names(&desk) {
        let path = desk.path("report").join(&name);
        let sound = fs::read(&path).unwrap();
        for part in [0, 3, 5, 7, 10] {
            let mut changed = sound.clone();
            let at = (sound.len() - 1) * part / 10;
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let ran = check(&desk, &[]);
            assert_eq!(ran.code, 3, "{name}, byte {at}: {}{}", ran.out, ran.err);
            assert!(
                ran.out.contains("WRONG: ") && ran.out.contains("do not rely on this report"),
                "{}",
                ran.out
            );
        }
        fs::write(&path, &sound).unwrap();
    }
    assert_eq!(check(&desk, &[]).code, 0);
    desk.write("report/rows/added.json", "{}");
    assert_eq!(check(&desk, &[]).code, 3);
}

#[test]
fn a_liar_who_hashes_again_is_caught_by_the_numbers() {
    let desk = reported(&[]);
    let path = desk.path("report/evidence.json");
    let sound = fs::read_to_string(&path).unwrap();
    let evidence: Value = serde_json::from_str(&sound).unwrap();
    let bolt = evidence["members"].as_array().unwrap().iter().find(|m| m["name"] == "bolt").unwrap();
    let number = |of: &Value| of.to_string();
    let own = number(&bolt["own_log10_e"]);
    for (from, to, says) in [
        (own.clone(), format!("1{own}"), "its row alone gives evidence"),
        (number(&bolt["log10_p"]), String::from("-300.0"), "its row alone gives evidence"),
        (String::from("\"misread\": 0.01"), String::from("\"misread\": 0.02"), "the constants of the scorer"),
        (String::from("\"epsilon\": 1e-6"), String::from("\"epsilon\": 1e-9"), "the thresholds are not"),
        (String::from("\"index\": 1\n"), String::from("\"index\": 0\n"), "the reading was changed"),
        (String::from("32768"), String::from("32769"), "the probabilities of the symbols"),
        (String::from("\"attributed\""), String::from("\"inconclusive\""), "the verdict is Inconclusive"),
        (String::from("evidence/1"), String::from("evidence/9"), "it has version `forewarn-evidence/9`"),
    ] {
        assert!(sound.contains(&from), "{from}");
        desk.write("report/evidence.json", sound.replacen(&from, &to, 1));
        hash_again(&desk);
        let ran = check(&desk, &[]);
        assert!(ran.code == 3 && ran.out.contains(says), "{from} to {to}: {}", ran.out);
    }
    // The page cannot say something else either.
    desk.write("report/evidence.json", &sound);
    let page = fs::read_to_string(desk.path("report/index.html")).unwrap();
    desk.write("report/index.html", page.replace("<strong>bolt</strong>", "<strong>acme</strong>"));
    hash_again(&desk);
    assert!(check(&desk, &[]).out.contains("`index.html` does not say what the evidence says"));
}

#[test]
fn without_the_row_it_says_whose() {
    let desk = reported(&[]);
    fs::rename(desk.path("report/rows/bolt.json"), desk.path("bolt.json")).unwrap();
    hash_again(&desk);
    let ran = check(&desk, &[]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("not checked: the accusation of `bolt`: needs the rows of"), "{}", ran.out);
    assert_eq!(check(&desk, &["--row", "bolt.json"]).code, 0);
    let row = fs::read_to_string(desk.path("bolt.json")).unwrap();
    desk.write("bolt.json", row.replacen("\"index\": 1\n", "\"index\": 0\n", 1));
    let ran = check(&desk, &["--row", "bolt.json"]);
    assert!(ran.code == 3 && ran.out.contains("the row of `bolt` is not the one"), "{}", ran.out);
}

/// A leak that `m3` and `m8` mixed paragraph by paragraph; under this key `m3` is accused given `m8`'s row.
fn mixed() -> Desk {
    let words = "amber basin cedar delta ember fjord grove heron inlet juniper kettle lagoon meadow nectar orchid pebble quartz raven saddle timber umbra valley willow xenon yarrow zephyr";
    let words: Vec<&str> = words.split(' ').collect();
    let desk = Desk::empty();
    let steps = (0..80).map(|i| {
        let (one, other) = (words[i % 26], words[(i * 7 + 3) % 26]);
        format!("Step {i}: the {one} service {{~quickly|rapidly~}} hands request {} to the {other} worker, which writes it to queue {} before it answers.\n\n", i * 37 + 11, i * 13 + 5)
    });
    desk.write("package/a.md", steps.collect::<String>());
    desk.write("members.txt", (0..12).map(|i| format!("m{i}\n")).collect::<String>());
    desk.write("release.key", format!("forewarn-mark-key-v1:{}", "04".repeat(32)));
    fs::set_permissions(desk.path("release.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let release = ["package", "--key", "release.key", "--members", "members.txt"];
    desk.ok(&[&["mark", "render"], &release[..], &["--out", "copies", "--weaker-claim", "a test"]].concat());
    let copy = |member: &str| fs::read_to_string(desk.path("copies").join(member).join("a.md")).unwrap();
    let (one, other) = (copy("m3"), copy("m8"));
    let lines = one.lines().zip(other.lines()).enumerate();
    let mixed: Vec<&str> =
        lines.map(|(at, (one, other))| if at / 2 % 2 == 0 { one } else { other }).collect();
    desk.write("leak.md", mixed.join("\n"));
    desk
}

#[test]
fn an_accusation_that_rests_on_others_needs_their_rows() {
    let desk = mixed();
    let args = ["mark", "trace", "package", "--key", "release.key", "--members", "members.txt", "leak.md"];
    let claim = ["--claim", "copies/claim.json", "--report"];
    desk.ok(&[&args[..], &claim, &["report"]].concat());
    let ran = check(&desk, &[]);
    assert_eq!(ran.code, 4, "{}", ran.out);
    assert!(
        ran.out.contains("not checked: the accusation of `m3`: needs the rows of `m0`, `m1`"),
        "{}",
        ran.out
    );
    let evidence = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(desk.path(name).join("evidence.json")).unwrap()).unwrap()
    };
    assert_eq!(evidence("report")["members"][3]["given"], serde_json::json!(["m8"]));

    desk.ok(&[&args[..], &claim, &["open", "--open", "all"]].concat());
    let said = desk.json(&["mark", "check-evidence", "open"]);
    assert_eq!((&said["sound"], &said["complete"]), (&true.into(), &true.into()));
    let rows: Vec<String> = (0..12).filter(|i| *i != 3).map(|i| format!("open/rows/m{i}.json")).collect();
    let rows: Vec<&str> = rows.iter().flat_map(|row| ["--row", row.as_str()]).collect();
    assert_eq!(check(&desk, &rows).code, 0);

    // Nobody but the accused is named, not even as the one whose row it is given.
    desk.ok(&[&args[..], &claim, &["numbered", "--anonymous"]].concat());
    let numbered = fs::read_to_string(desk.path("numbered/evidence.json")).unwrap();
    let page = fs::read_to_string(desk.path("numbered/index.html")).unwrap();
    for other in (0..12).filter(|i| *i != 3) {
        assert!(
            !numbered.contains(&format!("\"m{other}\"")) && !page.contains(&format!(">m{other}<")),
            "m{other}"
        );
    }
    assert_eq!(evidence("numbered")["members"][0]["name"], "m3");
    assert_eq!(evidence("numbered")["members"][1]["name"], "member 2");
    assert_eq!(desk.run(&["mark", "check-evidence", "numbered"]).code, 4);
}

#[test]
fn what_is_no_report_is_refused() {
    let desk = Desk::empty();
    assert!(desk.refused(&["mark", "check-evidence", "none"]).contains("is not a folder"));
    desk.write("report/index.html", "");
    assert!(desk.refused(&["mark", "check-evidence", "report"]).contains("SHA256SUMS"));
    for text in ["", "{}", "null", "{\"version\": 1e999}", "\u{1b}[2J"] {
        desk.write("report/evidence.json", text);
        hash_again(&desk);
        let ran = check(&desk, &[]);
        assert!(
            ran.code == 3 && ran.out.contains("WRONG: `evidence.json`"),
            "{text}: {}{}",
            ran.out,
            ran.err
        );
        assert!(!ran.out.contains('\u{1b}'));
    }
    for line in ["../secret", "/etc/passwd", "rows/../../secret", ""] {
        desk.write("report/SHA256SUMS", format!("{}  {line}\n", "0".repeat(64)));
        let ran = check(&desk, &[]);
        assert!(ran.code == 3 && ran.out.contains("`SHA256SUMS` has the line"), "{}", ran.out);
    }
}

#[test]
fn a_programs_log_stands_behind_its_report() {
    let desk = Desk::due();
    desk.by("alice", &["wave", "release", CASE, "first"]);
    desk.ok(&["copy", "export", "--member", "veltrune", "out"]);
    let sealed = fs::read(desk.path(&format!("out/{CASE}/advisory.md.age"))).unwrap();
    desk.write("paste.txt", package::open(&sealed, &identity()).unwrap());
    let seen = instant(0);
    desk.by("ines", &["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--file", "paste.txt"]);
    let told = desk.by("ines", &["trace", "S1", "--report", "report"]);
    assert!(told.contains("`forewarn mark check-evidence report` checks it"), "{told}");
    let vkey = fs::read_to_string(desk.path("acme/vkey")).unwrap();
    let said = desk.json(&["mark", "check-evidence", "report", "--vkey", vkey.trim()]);
    assert_eq!((&said["sound"], &said["complete"]), (&true.into(), &true.into()), "{said:#}");
    let checked: Vec<&str> =
        said["checked"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    for part in [
        "entries are in the log, by its signed checkpoint",
        "fixed the package, its reader, its scorer and ε",
        "fixed this reading",
        "holds this verdict and these accusations",
        "gave `veltrune` a copy with the row that is open here",
        "the reading was logged before the trace",
        "share 6/(π²t²) of look t = 1",
    ] {
        assert!(checked.iter().any(|line| line.contains(part)), "{part}: {checked:#?}");
    }
    let path = desk.path("report/evidence.json");
    let sound = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        (r#"\"actor\":\"alice\""#, r#"\"actor\":\"bob\""#),
        (r#"\"population\":1"#, r#"\"population\":2"#),
        (r#"\"member\":\"veltrune\""#, r#"\"member\":\"ombrelis\""#),
        (r#""look": 1"#, r#""look": 2"#),
    ] {
        assert!(sound.contains(from), "{from}");
        desk.write("report/evidence.json", sound.replacen(from, to, 1));
        hash_again(&desk);
        assert_eq!(check(&desk, &["--vkey", vkey.trim()]).code, 3, "{from}");
    }
    // Numbered, it opens no entry that names everybody.
    desk.by("ines", &["trace", "S1", "--report", "numbered", "--anonymous"]);
    assert!(!fs::read_to_string(desk.path("numbered/evidence.json")).unwrap().contains("traced"));
    assert_eq!(desk.json(&["mark", "check-evidence", "numbered"])["sound"], true);
    // Another log's key does not speak for this one.
    desk.write("report/evidence.json", sound);
    hash_again(&desk);
    let other = Desk::peopled();
    let vkey = fs::read_to_string(other.path("acme/vkey")).unwrap();
    assert_eq!(check(&desk, &["--vkey", vkey.trim()]).code, 3);
}
