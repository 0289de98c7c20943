//! Bad input: one clear sentence that says what to do, and nothing changed.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::world::{CASE, Desk, admission, identity, instant, package, package_file};

#[test]
fn a_program_is_founded_whole_or_not_at_all() {
    let desk = Desk::empty();
    let init = |more: &[&'static str]| {
        [&["init", "--name", "Acme", "--operator", "alice", "--operator", "bob"], more].concat()
    };
    for epsilon in ["0", "1", "-1e-6", "nan", "inf"] {
        let said = desk.refused(&init(&["--epsilon", epsilon].map(|text| text)));
        assert!(said.contains("probability between 0 and 1"), "{said}");
    }
    for origin in ["", "two words", "a+b"] {
        let said = desk.refused(&init(&["--origin", origin].map(|text| text)));
        assert!(said.contains("cannot name a log"), "{said}");
    }
    assert!(desk.refused(&["init", "--name", " ", "--operator", "alice"]).contains("must not be empty"));
    assert!(!desk.path("acme").exists());
    desk.misused(&["init", "--name", "Acme", "--operator", "two words"], &["cannot be a user id"]);
    desk.misused(&["init", "--name", "Acme"], &["--operator"]);
    desk.ok(&init(&[]));
    assert!(desk.refused(&init(&[])).contains("is not empty"));
    let nowhere = desk.run_with(None, &init(&[]));
    assert_eq!(nowhere.code, 1);
    assert!(nowhere.err.contains("--data DIR"), "{}", nowhere.err);
}

#[test]
fn who_and_which_program_must_be_said() {
    let desk = Desk::embargoed();
    for verb in [
        &["operator", "add", "eve"][..],
        &["member", "suspend", "veltrune", "--reason", "so"],
        &["case", "close", CASE],
        &["wave", "approve", CASE, "first"],
        &["publish", CASE],
        &["trace", "S1"],
    ] {
        let said = desk.refused(verb);
        assert!(said.contains("--as USER"), "{verb:?}: {said}");
        let ran = desk.run_with(None, &[verb, &["--as", "alice"]].concat());
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("--data DIR") && ran.err.contains("forewarn init"), "{}", ran.err);
    }
    for verb in [&["member", "list"][..], &["verify"], &["log", "list"]] {
        let ran = desk.run_with(None, verb);
        assert_eq!(ran.code, 1, "{verb:?}");
        assert!(ran.err.contains("--data DIR"), "{}", ran.err);
    }
    let mallory = desk.refused(&["operator", "add", "eve", "--as", "mallory"]);
    assert!(mallory.contains("`mallory` is not an operator"), "{mallory}");
    let elsewhere = desk.run_with(Some("elsewhere"), &["member", "list"]);
    assert_eq!(elsewhere.code, 1);
    assert!(elsewhere.err.contains("`elsewhere` holds no program"), "{}", elsewhere.err);
    assert!(!desk.path("elsewhere").exists());
}

#[test]
fn what_does_not_exist_is_called_by_its_name() {
    let desk = Desk::due();
    let (at, until) = (instant(0), instant(900));
    let key = identity().to_public().to_string();
    let unknown: &[(&[&str], &str)] = &[
        (&["member", "show", "nobody"], "no member `nobody`: `forewarn member list`"),
        (&["member", "suspend", "nobody", "--reason", "so"], "no member `nobody`"),
        (&["member", "key", "nobody", &key], "no member `nobody`"),
        (&["member", "key", "veltrune", "--confirm", "0000"], "forewarn member show veltrune"),
        (&["member", "agreement", "nobody", "v4", "--until", &until], "no member `nobody`"),
        (&["member", "fact", "veltrune", "criteria", "--withdraw", "why"], "forewarn member show veltrune"),
        (&["case", "show", "NONE-1"], "no case `NONE-1`: `forewarn case show`"),
        (&["case", "close", "NONE-1"], "no case `NONE-1`"),
        (&["case", "embargo", "accept", "NONE-1"], "no case `NONE-1`"),
        (&["wave", "plan", CASE, "ninth"], "no wave `ninth`"),
        (&["wave", "approve", CASE, "ninth"], "no wave `ninth`"),
        (&["wave", "release", CASE, "ninth"], "no wave `ninth`"),
        (&["wave", "schedule", CASE, "w", "--lead", "1d", "--tier", "gold"], "no tier `gold`"),
        (
            &["wave", "schedule", CASE, "w", "--lead", "1d", "--tier", "entry", "--item", "x.md"],
            "no item `x.md`",
        ),
        (&["explain", CASE, "--member", "veltrune", "--item", "x.md"], "no item `x.md`"),
        (&["explain", CASE, "--member", "nobody", "--item", "notice.md"], "no member `nobody`"),
        (&["copy", "export", "--member", "nobody", "out"], "no member `nobody`"),
        (&["sighting", "add", "NONE-1", "--kind", "leak", "--seen", &at, "--note", "n"], "no case `NONE-1`"),
        (&["trace", "S7"], "no sighting `S7`: `forewarn sighting list`"),
        (&["review", "open", "nobody", "--reason", "so"], "no member `nobody`"),
        (&["review", "open", "veltrune", "--leak", "L9", "--reason", "so"], "no leak case `L9`"),
        (&["review", "confirm", "R9"], "no review `R9`"),
        (&["publish", "NONE-1"], "no case `NONE-1`"),
    ];
    for (args, says) in unknown {
        desk.refuses(args, &[says]);
    }
    desk.misused(&["trace", "first"], &["`first` is not", "`S1`"]);
    desk.misused(&["member", "show", "../x"], &["cannot be a member id"]);
    desk.misused(&["case", "new", "C-2", "--title", "t", "--cve", "2026-1"], &["as in CVE-2026-1234"]);
    desk.refuses(&["member", "key", "veltrune", "age1nonsense"], &["mistyped or cut off"]);
    desk.misused(&["member", "frobnicate"], &["unrecognized subcommand"]);
}

#[test]
fn an_instant_is_complete_or_refused() {
    let desk = Desk::embargoed();
    for bad in ["2026-12-08T18:00:00", "2026-12-08", "tomorrow", "18:00", "2026-13-01T00:00:00Z", ""] {
        for args in [
            &["case", "embargo", "propose", CASE, "--ends", bad][..],
            &["wave", "schedule", CASE, "w", "--tier", "validate", "--at", bad],
            &["sighting", "add", CASE, "--kind", "leak", "--seen", bad],
            &["explain", CASE, "--member", "veltrune", "--item", "notice.md", "--at", bad],
            &["wave", "plan", CASE, "w", "--at", bad],
            &["case", "observe", CASE, "public-aware", "--at", bad],
            &["member", "agreement", "veltrune", "v4", "--until", bad],
        ] {
            desk.misused(args, &["is not an instant: write date, time and offset", "2026-12-08T18:00:00Z"]);
        }
    }
}

#[test]
fn what_comes_too_early_too_late_or_from_one_person_is_refused() {
    let desk = Desk::embargoed();
    let late = instant(73);
    let schedule = |at: &str| {
        let args = ["wave", "schedule", CASE, "first", "--tier", "validate", "--at", at];
        args.map(ToOwned::to_owned)
    };
    let args = schedule(&late);
    desk.refuses(
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
        &["the embargo of", "ends at", "before wave `first`"],
    );
    desk.by("alice", &["wave", "schedule", CASE, "first", "--lead", "14d", "--tier", "validate"]);
    desk.refuses(&["wave", "release", CASE, "first"], &["0 of 2 approvals", "forewarn wave approve"]);
    desk.by("alice", &["wave", "approve", CASE, "first"]);
    desk.refuses(&["wave", "approve", CASE, "first"], &["`alice` has approved", "another operator must"]);
    desk.refuses(&["wave", "release", CASE, "first"], &["1 of 2 approvals"]);
    desk.by("alice", &["wave", "schedule", CASE, "nobody", "--lead", "14d", "--tier", "entry"]);
    desk.refuses(&["wave", "approve", CASE, "nobody"], &["reaches nobody"]);

    desk.by("alice", &["case", "embargo", "propose", CASE, "--ends", &instant(80)]);
    desk.refuses(&["case", "embargo", "accept", CASE], &["another operator must"]);
    desk.refuses(&["case", "embargo", "propose", CASE, "--ends", &instant(-1)], &["not after now"]);
    desk.refuses(&["case", "embargo", "propose", CASE, "--ends", &instant(24 * 400)], &["longer than"]);
    desk.refuses(&["case", "close", CASE], &["has an open embargo"]);
    desk.refuses(&["publish", CASE], &["cannot be published before"]);
    let seen = instant(5);
    desk.refuses(
        &["sighting", "add", CASE, "--kind", "leak", "--seen", &seen, "--note", "n"],
        &["lies after now"],
    );
    desk.by("alice", &["member", "suspend", "veltrune", "--reason", "so"]);
    let noted = desk.by("alice", &["member", "reinstate", "veltrune", "--reason", "so"]);
    assert!(noted.contains("when another operator runs the same command"), "{noted}");
    desk.refuses(&["member", "reinstate", "veltrune", "--reason", "so"], &["another operator must"]);
    let again = admission("veltrune");
    desk.refuses(&again.iter().map(String::as_str).collect::<Vec<_>>(), &["`veltrune` exists already"]);
    desk.by("alice", &["case", "new", "BARE-1", "--title", "t"]);
    desk.refuses(
        &["wave", "schedule", "BARE-1", "w", "--at", &instant(1), "--tier", "validate"],
        &["no embargo in force", "forewarn case embargo"],
    );
}

#[test]
fn what_one_person_cannot_do_alone_is_noted_and_not_done() {
    let desk = Desk::embargoed();
    let end = ["case", "embargo", "terminate", CASE, "--reason", "an exploit is out"];
    let said = desk.by("alice", &end);
    assert!(said.contains("when another person says the same; the embargo is in force"), "{said}");
    desk.refuses(&end, &["it takes two people to end the embargo early", "`--as`"]);
    let said = desk.by("bob", &end);
    assert!(said.contains("ended early; the embargo is over"), "{said}");
}

#[test]
fn a_wave_before_any_embargo_is_told_the_command_that_makes_one() {
    let desk = Desk::peopled();
    desk.by("alice", &["case", "new", CASE, "--title", "Relay"]);
    let schedule = ["wave", "schedule", CASE, "first", "--lead", "1d", "--tier", "validate"];
    desk.refuses(&schedule, &[&format!("`forewarn case embargo propose {CASE} --ends INSTANT`")]);
    let shown = desk.ok(&["case", "show", CASE]);
    assert!(shown.starts_with(&format!("{CASE}: Relay\n")), "{shown}");
    assert!(
        ["no item yet", "no wave yet", "no sighting yet"].iter().all(|line| shown.contains(line)),
        "{shown}"
    );
}

#[test]
fn a_member_without_a_confirmed_key_gets_nothing_and_is_told_how_to_get_it() {
    let desk = Desk::due();
    let released = desk.json_by("alice", &["wave", "release", CASE, "first"]);
    assert_eq!((&released["granted"], &released["withheld"]), (&2.into(), &2.into()));
    desk.refuses(
        &["copy", "export", "--member", "ombrelis", "out"],
        &["`ombrelis` has no confirmed key", "forewarn member key ombrelis age1…"],
    );
    assert!(!desk.path("out").exists());
    let key = package::Identity::from_random(&[4; 32]).unwrap().to_public();
    let added = desk.by("alice", &["member", "key", "ombrelis", &key.to_string()]);
    assert!(added.contains(&key.fingerprint()) && added.contains("over a second channel"), "{added}");
    desk.refuses(&["copy", "export", "--member", "ombrelis", "out"], &["has no confirmed key"]);
    desk.by("alice", &["member", "key", "ombrelis", "--confirm", &key.fingerprint()]);
    let late = desk.json_by("alice", &["wave", "release", CASE, "first"]);
    assert_eq!(late["granted"], 2);
    desk.ok(&["copy", "export", "--member", "ombrelis", "out"]);
    desk.refuses(&["member", "key", "veltrune", &key.to_string()], &["key", "exists already"]);
}

#[test]
fn a_folder_with_something_in_it_is_not_written_to() {
    let desk = Desk::due();
    desk.by("alice", &["wave", "release", CASE, "first"]);
    desk.write("taken/notes.txt", "mine");
    for args in [
        &["copy", "export", "--member", "veltrune", "taken"][..],
        &["log", "export", "taken"],
        &["demo", "--dir", "taken"],
    ] {
        let said = desk.refused(args);
        assert!(said.contains("not empty") && said.contains("taken"), "{said}");
    }
    desk.write("file", "mine");
    assert!(desk.refused(&["log", "export", "file"]).contains("`file`"));
}

#[test]
fn markup_that_does_not_parse_is_shown_with_its_place() {
    let desk = Desk::embargoed();
    for (text, says) in [
        ("One {~two|three\n", "open.md:1:"),
        ("One {~name~}\n", "open.md:1:"),
        ("One {~same|same~}\n", "open.md:1:"),
        ("One\n{~~}\n", "open.md:2:"),
    ] {
        desk.write("p/open.md", text);
        let said = desk.refused(&["case", "item", CASE, "p/open.md", "--class", "notice", "--as", "alice"]);
        assert!(said.contains(says) && said.contains("nothing was done"), "{said}");
        let ran = desk.run(&["mark", "lint", "p", "--json"]);
        assert_eq!(ran.code, 1, "{text}");
        let problems: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(problems[0]["severity"], "error");
        assert_eq!(problems[0]["at"]["file"], "open.md");
        let ran = desk.run(&["mark", "lint", "p"]);
        assert!(ran.code == 1 && ran.out.contains("1 error"), "{}", ran.out);
    }
    desk.write("p/open.md", [0xff, 0xfe, 0x00]);
    desk.refuses(&["case", "item", CASE, "p/open.md", "--class", "notice"], &["is not UTF-8 text"]);
    desk.refuses(
        &["case", "item", CASE, "p/none.md", "--class", "notice"],
        &["`p/none.md`", "No such file", "check the path"],
    );
    desk.refuses(&["case", "item", CASE, "p", "--class", "notice"], &["`p`", "name the files in it"]);
    desk.write("p/two words.md", "text\n");
    desk.refuses(&["case", "item", CASE, "p/two words.md", "--class", "notice"], &["cannot be an item id"]);
    desk.misused(&["case", "item", CASE, "p/open.md", "--class", "secret"], &["notice, advisory"]);
    let advisory = package_file("advisory.md");
    desk.refuses(
        &["case", "item", CASE, &advisory, &advisory, "--class", "advisory"],
        &["item `advisory.md` exists already"],
    );
}

#[test]
fn marks_alone_refuse_what_cannot_be_marked_or_traced() {
    let desk = Desk::empty();
    desk.write("members.txt", "# early\nveltrune\n\nombrelis\n");
    desk.ok(&["mark", "keygen", "release.key"]);
    let (package, leak) = (package(), package_file("notice.md"));
    let render = |key: &str, members: &str, out: &str, of: &str| {
        let args = ["mark", "render", of, "--key", key, "--members", members, "--out", out];
        desk.refused(&args)
    };
    for (list, says) in [
        ("veltrune\nombrelis\nveltrune\n", "line 3: member `veltrune` is there twice"),
        ("veltrune\n../etc\n", "line 2: `../etc` cannot be a member id"),
        ("# nobody\n\n", "names no member"),
    ] {
        desk.write("bad.txt", list);
        let said = render("release.key", "bad.txt", "out", &package);
        assert!(said.contains(says), "{said}");
    }
    assert!(render("release.key", "none.txt", "out", &package).contains("`none.txt`"));
    let missing = render("none.key", "members.txt", "out", &package);
    assert!(missing.contains("`none.key` is missing") && missing.contains("mark keygen"), "{missing}");
    assert!(render("members.txt", "members.txt", "out", &package).contains("chmod 600"));
    fs::set_permissions(desk.path("members.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(render("members.txt", "members.txt", "out", &package).contains("no mark key"));
    assert!(render("release.key", "members.txt", "out", "none").contains("`none` is not a folder"));
    fs::create_dir(desk.path("hollow")).unwrap();
    assert!(render("release.key", "members.txt", "out", "hollow").contains("holds no file"));
    desk.write("taken/notes.txt", "mine");
    assert!(render("release.key", "members.txt", "taken", &package).contains("not empty"));
    assert!(!desk.path("out").exists());
    for epsilon in ["0", "1", "2", "-1e-6", "nan"] {
        let said = desk.refused(&[
            "mark",
            "trace",
            &package,
            "--key",
            "release.key",
            "--members",
            "members.txt",
            &leak,
            "--epsilon",
            epsilon,
        ]);
        assert!(said.contains("not between 0 and 1"), "{said}");
    }
    desk.write("plain/notes.md", "Nothing is marked here.\n");
    let bare = ["mark", "trace", "plain", "--key", "release.key", "--members", "members.txt", &leak];
    assert!(
        desk.refused(&bare).contains("`plain` has no marks"),
        "nothing is said of where the leak comes from"
    );
    let ran = desk.run(&[
        "mark",
        "render",
        "plain",
        "--key",
        "release.key",
        "--members",
        "members.txt",
        "--out",
        "equal",
        "--weaker-claim",
        "unmarked on purpose",
    ]);
    assert!(ran.code == 0 && ran.err.contains("no leak can be traced"), "{}", ran.err);
    let gone = ["mark", "trace", &package, "--key", "release.key", "--members", "members.txt", "none.txt"];
    assert!(desk.refused(&gone).contains("`none.txt`"));
    let lint = desk.run(&["mark", "lint", "none"]);
    assert!(lint.code == 1 && lint.err.contains("not a folder"), "{}", lint.err);
}

#[test]
fn weak_marks_are_warned_of_and_stop_nothing() {
    let desk = Desk::embargoed();
    desk.write("sheet.md", "Look for {~token=rand:hex12~} in the log.\n");
    let said = desk.by("alice", &["case", "item", CASE, "sheet.md", "--class", "detection"]);
    assert!(said.contains(&format!("`forewarn case lint {CASE}`")), "{said}");
    let weak = desk.json(&["case", "lint", CASE]);
    let here = |problem: &&serde_json::Value| problem["at"]["file"] == "sheet.md" && problem["id"] == "E2";
    assert_eq!(
        weak.as_array().unwrap().iter().filter(here).count(),
        1,
        "a value in one file only couples nothing"
    );
}

#[test]
fn a_secret_key_given_by_mistake_is_not_repeated() {
    let desk = Desk::peopled();
    let file = identity().to_key_file();
    let secret = package::ExposeSecret::expose_secret(&file).lines().last().unwrap().to_owned();
    let mut add = admission("cobalt");
    add.extend([String::from("--key"), secret.clone()]);
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    for args in [&["member", "key", "veltrune", &secret][..], &add] {
        let said = desk.refused(&[args, &["--as", "alice"]].concat());
        assert!(said.contains("secret") && !said.contains(&secret), "{said}");
    }
}
