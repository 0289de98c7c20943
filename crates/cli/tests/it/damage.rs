//! A data folder that cannot be used: every verb says so in one sentence, and touches nothing.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::world::{Desk, files};

/// Checks what reading and writing verbs and `verify` say of the folder as it is.
#[track_caller]
fn says(desk: &Desk, parts: &[&str]) {
    for args in [&["member", "list"][..], &["operator", "add", "eve"]] {
        desk.refuses(args, parts);
    }
    let before = files(&desk.path("acme"));
    let ran = desk.run(&["verify", "--json"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let problems = found["checks"].to_string();
    for part in parts {
        assert!(problems.contains(part), "`{part}` is not in: {problems}");
    }
    assert_eq!(files(&desk.path("acme")), before, "verifying changed something");
}

#[test]
fn keys_that_are_missing_or_exposed() {
    let desk = Desk::peopled();
    let key = desk.path("acme/keys/mark.key");
    let text = fs::read(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    says(&desk, &["acme/keys/mark.key` can be read by others (mode 644)", "chmod 600"]);
    fs::remove_file(&key).unwrap();
    says(&desk, &["acme/keys/mark.key` is missing", "restore it from the backup of the keys"]);
    fs::write(&key, "AGE-SECRET-KEY-1").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    says(&desk, &["acme/keys/mark.key` cannot be used"]);
    fs::write(&key, text).unwrap();
    desk.ok(&["verify"]);
}

#[test]
fn a_folder_of_a_newer_version() {
    let desk = Desk::peopled();
    fs::write(desk.path("acme/forewarn.toml"), "format = 9\n").unwrap();
    says(&desk, &["`acme` was written by a newer forewarn (format 9, this one knows 2): use that version"]);
}

#[test]
fn a_database_behind_its_checkpoint() {
    let desk = Desk::peopled();
    let older = fs::read(desk.path("acme/forewarn.db")).unwrap();
    desk.by("alice", &["operator", "add", "mia"]);
    desk.by("alice", &["operator", "add", "zoe"]);
    fs::write(desk.path("acme/forewarn.db"), older).unwrap();
    says(&desk, &["2 entries are lost", "restore the newest database, never the checkpoint"]);
}

#[test]
fn a_database_that_is_none() {
    let desk = Desk::peopled();
    let path = desk.path("acme/forewarn.db");
    fs::write(&path, "a shopping list").unwrap();
    says(&desk, &["`acme/forewarn.db` is no database of a log: it does not begin as one"]);
    fs::write(&path, "").unwrap();
    says(&desk, &["`acme/forewarn.db` is no database of a log: it is empty"]);
    fs::remove_file(&path).unwrap();
    says(&desk, &["database `acme/forewarn.db` is missing: restore the newest one"]);
    assert!(!path.exists());
}
