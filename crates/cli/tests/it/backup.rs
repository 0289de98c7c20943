//! `forewarn backup` and `forewarn restore`: refused where anything does not fit, and never going on unseen.

use std::fs;

use package::{ExposeSecret as _, Identity};
use testbed::{copy_folder, postgres, s3};

use crate::world::{Desk, identity};

/// A desk with a program, a backup of it, and the key that the backup's keys are sealed to.
fn backed_up() -> (Desk, String) {
    let desk = Desk::due();
    let key = identity();
    let text = key.to_key_file().expose_secret().to_owned();
    fs::write(desk.path("backup.agekey"), text).unwrap();
    std::process::Command::new("chmod").arg("600").arg(desk.path("backup.agekey")).status().unwrap();
    let recipient = key.to_public().to_string();
    desk.ok(&["backup", "saved", "--keys-to", &recipient]);
    (desk, recipient)
}

/// The same, said to the restored program.
fn on<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--data", "new"]].concat()
}

const SEALED: [&str; 4] = ["restore", "saved", "--identity", "backup.agekey"];

#[test]
fn a_backup_over_something_or_without_a_program_is_refused() {
    let desk = Desk::peopled();
    fs::create_dir(desk.path("there")).unwrap();
    fs::write(desk.path("there/notes"), "mine").unwrap();
    assert!(desk.refused(&["backup", "there"]).contains("`there` is not empty"));
    let said = desk.refused(&["backup", "new", "--data", "nowhere"]);
    assert!(said.contains("holds no program"), "{said}");
    desk.misused(&["backup", "new", "--keys-to", "age1nothing"], &["--keys-to"]);
    desk.misused(&["restore"], &["required"]);
    desk.misused(&["restore", "--accept"], &["--reason"]);
    desk.misused(&["restore", "saved", "--accept", "--reason", "x"], &["cannot be used with"]);
}

#[test]
fn a_backup_that_is_not_whole_is_never_restored() {
    let (desk, _) = backed_up();
    let restore = |more: &[&str]| {
        let said = desk.refused(&[&SEALED[..], &["--data", "new"], more].concat());
        assert!(!desk.path("new").exists());
        said
    };
    let said = desk.refused(&["restore", "saved", "--data", "new"]);
    assert!(said.contains("which keys?"), "{said}");
    let manifest = fs::read(desk.path("saved/backup.json")).unwrap();
    let files: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let names: Vec<String> = files["files"].as_object().unwrap().keys().cloned().collect();
    assert!(
        names.iter().any(|name| name == "keys.age") && names.iter().any(|name| name.starts_with("blobs/"))
    );
    for name in &names {
        let path = desk.path("saved").join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(restore(&[]).contains(&format!("`{name}` is not what was backed up")), "{name}");
        fs::remove_file(&path).unwrap();
        assert!(restore(&[]).contains(&format!("`{name}` is missing")), "{name}");
        fs::write(&path, good).unwrap();
    }
    fs::write(desk.path("saved/notes"), "mine").unwrap();
    assert!(restore(&[]).contains("`notes` is not of the backup"));
    fs::remove_file(desk.path("saved/notes")).unwrap();
    fs::remove_file(desk.path("saved/backup.json")).unwrap();
    assert!(restore(&[]).contains("is no backup"));
    fs::write(desk.path("saved/backup.json"), &manifest).unwrap();

    // A manifest that somebody wrote anew does not make other entries those of the log.
    let other = Desk::peopled();
    copy_folder(&desk.path("saved"), &other.path("saved"));
    let said = other.refused(&["restore", "saved", "--data", "new", "--keys", "acme/keys"]);
    assert!(said.contains("opened") || said.contains("verifier key") || said.contains("signature"), "{said}");
    fs::write(
        desk.path("wrong.agekey"),
        Identity::from_random(&[9; 32]).unwrap().to_key_file().expose_secret(),
    )
    .unwrap();
    std::process::Command::new("chmod").arg("600").arg(desk.path("wrong.agekey")).status().unwrap();
    let said = desk.refused(&["restore", "saved", "--data", "new", "--identity", "wrong.agekey"]);
    assert!(said.contains("cannot be opened"), "{said}");
    let said = desk.refused(&[&SEALED[..], &["--data", "acme"]].concat());
    assert!(said.contains("`acme` is not empty"), "{said}");
}

#[test]
fn a_restored_program_starts_when_two_people_have_seen_what_is_lost() {
    let (desk, _) = backed_up();
    let before = desk.ok(&["log", "list", "--last", "1000", "--json"]);
    let entries = serde_json::from_str::<serde_json::Value>(&before).unwrap().as_array().unwrap().len();
    // The wave is released after the backup: members hold copies that the backup knows nothing of.
    desk.by("alice", &["wave", "release", "ACME-2026-7", "first"]);
    fs::copy(desk.path("acme/checkpoint"), desk.path("newest")).unwrap();
    let known: usize =
        fs::read_to_string(desk.path("newest")).unwrap().lines().nth(1).unwrap().parse().unwrap();
    assert!(known > entries);
    let said = desk.refused(&["restore", "--accept", "--reason", "none", "--as", "alice"]);
    assert!(said.contains("nothing to accept"), "{said}");

    let restored = desk.json(&[&SEALED[..], &["--data", "new", "--newest", "newest"]].concat());
    assert_eq!(restored["lost"].as_u64().unwrap() as usize, known - entries);
    for verb in
        [&["log", "list"][..], &["wave", "release", "ACME-2026-7", "first", "--as", "alice"], &["serve"]]
    {
        let said = desk.refused(&on(verb));
        assert!(said.contains("two people say that it goes on"), "{said}");
    }
    let accept = |who: &'static str| on(&["restore", "--accept", "--reason", "a disk failed", "--as", who]);
    let said = desk.refused(&accept("mallory"));
    assert!(said.contains("not an operator"), "{said}");
    let said = desk.ok(&accept("alice"));
    assert!(said.contains(&format!("lost: entries {entries} to {}", known - 1)), "{said}");
    assert!(said.contains("another operator"), "{said}");
    let said = desk.refused(&accept("alice"));
    assert!(said.contains("already") || said.contains("another"), "{said}");
    let said = desk.refused(&on(&["log", "list"]));
    assert!(said.contains("two people say that it goes on"), "{said}");
    let said = desk.ok(&accept("bob"));
    assert!(said.contains("the program starts again"), "{said}");
    assert_eq!(desk.run(&on(&["verify"])).code, 0, "{}", desk.run(&on(&["verify"])).out);
    let log = desk.ok(&on(&["log", "list", "--last", "2", "--json"]));
    assert!(
        log.contains("restore_proposed") && log.contains("restore_accepted") && log.contains("a disk failed")
    );
    desk.by("alice", &on(&["wave", "release", "ACME-2026-7", "first"]));

    // Without the newest checkpoint nothing tells what is lost, and still nobody goes on alone.
    let said = desk.ok(&[&SEALED[..], &["--data", "unknown"]].concat());
    assert!(said.contains("no newer checkpoint is known"), "{said}");
    assert!(desk.refused(&["log", "list", "--data", "unknown"]).contains("two people"));
}

#[test]
fn an_older_database_put_in_place_is_gone_on_with_by_two_people_alone() {
    let desk = Desk::peopled();
    let older = fs::read(desk.path("acme/forewarn.db")).unwrap();
    desk.by("alice", &["operator", "add", "mia"]);
    desk.by("alice", &["operator", "add", "zoe"]);
    fs::write(desk.path("acme/forewarn.db"), older).unwrap();
    let said = desk.refused(&["log", "list"]);
    assert!(said.contains("2 entries are lost") && said.contains("forewarn restore --accept"), "{said}");
    desk.by("alice", &["restore", "--accept", "--reason", "x"]);
    assert!(desk.refused(&["log", "list"]).contains("lost"));
    desk.by("bob", &["restore", "--accept", "--reason", "x"]);
    desk.by("alice", &["operator", "add", "mia"]);
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn a_drill_restores_and_verifies_and_leaves_nothing() {
    let desk = Desk::due();
    desk.by("alice", &["wave", "release", "ACME-2026-7", "first"]);
    let done = desk.json(&["backup", "saved", "--drill"]);
    assert_eq!(done["drill"]["sound"], true);
    assert_eq!(done["manifest"]["keys"], false);
    let here: Vec<String> = fs::read_dir(desk.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(here.iter().all(|name| !name.contains("drill")), "{here:?}");
    let said = desk.refused(&["restore", "saved", "--data", "new", "--keys", "elsewhere"]);
    assert!(said.contains("elsewhere"), "{said}");
    desk.ok(&["restore", "saved", "--data", "new", "--keys", "acme/keys"]);
    // A blob that is damaged where it lies is found when it is copied.
    let blob = fs::read_dir(desk.path("acme/blobs")).unwrap().next().unwrap().unwrap().path();
    let blob = fs::read_dir(blob).unwrap().next().unwrap().unwrap().path();
    fs::write(&blob, "changed").unwrap();
    let ran = desk.run(&["backup", "second", "--drill"]);
    assert!(ran.code == 1 && ran.err.contains("was changed"), "{}", ran.err);
    assert!(!desk.path("second/backup.json").exists(), "what is not whole has no manifest");
}

#[test]
fn a_server_is_backed_up_and_restored_in_the_same_shape() {
    let (Some(database), Some(target), Some(bucket)) =
        (postgres::database(), postgres::database(), s3::bucket())
    else {
        return;
    };
    let mut desk = Desk::due();
    desk.environment.extend(bucket.environment());
    desk.ok(&["move", "--to", &database.url, "--blobs", &format!("s3://{}/one", bucket.name)]);
    let done = desk.json(&["backup", "saved", "--drill"]);
    assert_eq!(done["drill"]["sound"], true);
    let log = desk.ok(&["log", "list", "--last", "1000", "--json"]);
    let restore = ["restore", "saved", "--data", "new", "--keys", "acme/keys", "--database"];
    let said = desk.refused(&[&restore[..], &[&database.url]].concat());
    assert!(said.contains("holds the log of a program already"), "{said}");
    // The bucket knows the newest checkpoint.
    desk.by("alice", &["operator", "add", "mia"]);
    let restored =
        desk.json(&[&restore[..], &[&target.url, "--blobs", &format!("s3://{}/one", bucket.name)]].concat());
    assert_eq!(restored["lost"], 1);
    for who in ["alice", "bob"] {
        desk.by(who, &["restore", "--accept", "--data", "new", "--reason", "a failed server"]);
    }
    assert_eq!(desk.run(&["verify", "--data", "new"]).code, 0);
    let again = desk.ok(&["log", "list", "--last", "1000", "--json", "--data", "new"]);
    assert!(again.starts_with(log.trim_end().trim_end_matches(']').trim_end()), "{again}");
}
