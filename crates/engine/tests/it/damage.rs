//! Damage is noticed before anything is done on it, and `verify` names it without touching anything.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use engine::{progress::Unwatched, verify::verify};
use sqlx::SqlitePool;

use crate::world::{World, case, copy_folder, files, problems, refusal, reopen, sound};

/// A program that was released once, closed.
async fn released(seed: u64) -> (tempfile::TempDir, PathBuf) {
    let world = World::due(seed).await;
    world.release("w1").await.unwrap();
    let root = world.root();
    (world.closed().await, root)
}

/// Runs statements on the log behind everybody's back.
async fn tamper(root: &Path, statement: &str) {
    let database =
        SqlitePool::connect(&format!("sqlite:{}", root.join("forewarn.db").display())).await.unwrap();
    for trigger in ["changed", "removed", "replaced"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP TRIGGER entry_is_never_{trigger}")))
            .execute(&database)
            .await
            .unwrap();
    }
    let done = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&database).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
    database.close().await;
}

#[tokio::test]
async fn a_changed_entry_is_refused_and_named() {
    let (dir, root) = released(61).await;
    for (number, (statement, says)) in [
        ("UPDATE entry SET body = replace(body, 'acme', 'bolt') WHERE seq = 9", "entry 9 was changed"),
        ("UPDATE entry SET salt = randomblob(32) WHERE seq = 9", "entry 9 was changed"),
        ("UPDATE entry SET salt = x'00' WHERE seq = 9", "entry 9 was changed"),
        ("UPDATE entry SET leaf = randomblob(32) WHERE seq = 9", "entry 9 was changed"),
        ("UPDATE entry SET leaf = x'' WHERE seq = 9", "entry 9 was changed"),
        ("UPDATE entry SET at = at + 1 WHERE seq = 9", "entry 9 was changed: its instant"),
        ("UPDATE entry SET at = 9223372036854775807 WHERE seq = 9", "row 9"),
        ("DELETE FROM entry WHERE seq = 9", "entry 9 is missing"),
        ("UPDATE entry SET seq = -1 WHERE seq = 9", "entry 9 is missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = dir.path().join(format!("copy-{number}"));
        copy_folder(&root, &copy);
        // A body is bytes; as text it can be edited in SQL.
        let statement = statement.replace(
            "replace(body, 'acme', 'bolt')",
            "CAST(replace(CAST(body AS TEXT), 'acme', 'bolt') AS BLOB)",
        );
        tamper(&copy, &statement).await;
        let before = files(&copy);
        let said = refusal(&copy).await;
        assert!(said.contains(says), "{statement}: {said}");
        let found = problems(&copy).await;
        assert!(found.contains(says), "{statement}: {found}");
        assert_eq!(files(&copy), before, "{statement}");
    }
}

#[tokio::test]
async fn a_forgery_with_all_its_hashes_right_breaks_the_checkpoint() {
    let (_dir, root) = released(62).await;
    let database =
        SqlitePool::connect(&format!("sqlite:{}", root.join("forewarn.db").display())).await.unwrap();
    let (salt, body): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("SELECT salt, body FROM entry WHERE seq = 9").fetch_one(&database).await.unwrap();
    database.close().await;
    let forged = String::from_utf8(body.clone()).unwrap().replace("ACME", "ACNE");
    assert_ne!(forged.as_bytes(), body);
    let leaf = tlog::leaf_hash(&tlog::commitment(&salt.try_into().unwrap(), forged.as_bytes()));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (body, leaf) = (hex(forged.as_bytes()), hex(leaf.as_bytes()));
    tamper(&root, &format!("UPDATE entry SET body = x'{body}', leaf = x'{leaf}' WHERE seq = 9")).await;
    assert!(refusal(&root).await.contains("the log was changed"));
    assert!(problems(&root).await.contains("the log was changed"));
}

#[tokio::test]
async fn one_damaged_entry_hides_no_other() {
    let (_dir, root) = released(63).await;
    tamper(&root, "UPDATE entry SET salt = randomblob(32) WHERE seq IN (3, 9, 12)").await;
    let found = problems(&root).await;
    for entry in ["entry 3 ", "entry 9 ", "entry 12 "] {
        assert!(found.contains(entry), "{found}");
    }
}

#[tokio::test]
async fn a_byte_flipped_in_the_database_file_is_noticed() {
    let (_dir, root) = released(64).await;
    let path = root.join("forewarn.db");
    let bytes = fs::read(&path).unwrap();
    let place = bytes.windows(6).position(|window| window == b"COBALT").unwrap();
    for at in [place, place + 5] {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        fs::write(&path, changed).unwrap();
        let said = refusal(&root).await;
        assert!(said.contains("was changed"), "{said}");
        assert!(problems(&root).await.contains("was changed"));
    }
    fs::write(&path, bytes).unwrap();
    sound(&verify(&root, &Unwatched).await);
}

#[tokio::test]
async fn keys_that_are_missing_exposed_or_damaged_are_refused() {
    let (_dir, root) = released(65).await;
    for name in ["log.key", "blob.key", "mark.key"] {
        let path = root.join("keys").join(name);
        let text = fs::read(&path).unwrap();
        let says = async |part: &str| {
            let (said, found) = (refusal(&root).await, problems(&root).await);
            for text in [&said, &found] {
                assert!(text.contains(part) && text.contains(name), "{name}, {part}: {text}");
            }
            assert!(!said.contains(String::from_utf8_lossy(&text).trim_end()), "a message holds a key");
        };
        fs::remove_file(&path).unwrap();
        says("is missing: restore it from the backup of the keys").await;
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        says("chmod 600").await;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for damaged in [&text[..text.len() / 2], b"", b"\xff\xfe", b"something else\n"] {
            fs::write(&path, damaged).unwrap();
            says("cannot be used").await;
        }
        fs::write(&path, &text).unwrap();
    }
    sound(&verify(&root, &Unwatched).await);
}

#[tokio::test]
async fn another_programs_keys_open_nothing() {
    let (_dir, root) = released(66).await;
    let (_other, other) = released(67).await;
    for (name, says) in [("log.key", "verifier key"), ("blob.key", "cannot be opened"), ("mark.key", "copy")]
    {
        let path = root.join("keys").join(name);
        let text = fs::read(&path).unwrap();
        fs::copy(other.join("keys").join(name), &path).unwrap();
        let found = problems(&root).await;
        assert!(found.contains(says), "{name}: {found}");
        if name == "mark.key" {
            let engine = reopen(&root).await.unwrap();
            let Err(said) = engine.copies(&"acme".parse().unwrap()).await else { panic!("other marks") };
            assert!(said.to_string().contains("does not come out as it was granted"), "{said}");
            engine.close().await;
        }
        fs::write(&path, text).unwrap();
    }
    let description = fs::read_to_string(root.join("forewarn.toml")).unwrap();
    fs::write(root.join("forewarn.toml"), description.replace("acme.example", "evil.example")).unwrap();
    let said = refusal(&root).await;
    assert!(said.contains("evil.example/log") && said.contains("acme.example/log"), "{said}");
    assert!(problems(&root).await.contains("evil.example/log"));
}

#[tokio::test]
async fn a_folder_of_a_newer_version_or_without_a_program_is_refused() {
    let (dir, root) = released(68).await;
    fs::write(root.join("forewarn.toml"), "format = 9\nshape = \"new\"\n").unwrap();
    assert!(refusal(&root).await.contains("newer forewarn (format 9, this one knows 2)"));
    assert!(problems(&root).await.contains("newer forewarn"));
    fs::write(root.join("forewarn.toml"), "format = one").unwrap();
    assert!(refusal(&root).await.contains("is damaged"));
    let nothing = dir.path().join("nothing");
    assert!(refusal(&nothing).await.contains("forewarn init --data"));
    assert!(problems(&nothing).await.contains("holds no program"));
    assert!(!nothing.exists());
}

#[tokio::test]
async fn a_database_that_is_missing_or_something_else_is_refused_in_plain_words() {
    let (_dir, root) = released(69).await;
    let path = root.join("forewarn.db");
    let whole = fs::read(&path).unwrap();
    let cases: [(Option<&[u8]>, &str); 4] = [
        (None, "is missing: restore the newest one"),
        (Some(b""), "is no database of a log: it is empty"),
        (Some(b"PK\x03\x04 a zip"), "is no database of a log: it does not begin as one"),
        (Some(&whole[..4096]), "the database is damaged"),
    ];
    for (bytes, says) in cases {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let before = files(&root);
        let said = refusal(&root).await;
        assert!(said.contains(says), "{said}");
        assert!(problems(&root).await.contains("database"));
        assert_eq!(files(&root), before, "{says}");
    }
}

#[tokio::test]
async fn a_missing_or_changed_blob_is_named_and_nothing_is_made_of_it() {
    let (_dir, root) = released(70).await;
    let blobs = files(&root.join("blobs"));
    for (path, _) in &blobs {
        let bytes = &fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::remove_file(path).unwrap();
        let found = problems(&root).await;
        assert!(found.contains(name) && found.contains("is missing"), "{found}");
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(path, changed).unwrap();
        let found = problems(&root).await;
        assert!(found.contains(name) && found.contains("was changed"), "{found}");
        let engine = reopen(&root).await.unwrap();
        let copies = engine.copies(&"acme".parse().unwrap()).await;
        let Err(said) = copies else { panic!("copies were made of a changed blob") };
        assert!(said.to_string().contains("was changed"), "{said}");
        assert!(engine.package(&case("c"), 1).await.is_err());
        engine.close().await;
        fs::write(path, bytes).unwrap();
    }
    fs::write(root.join("blobs").join("stray.txt"), "mine").unwrap();
    assert!(problems(&root).await.contains("is no blob"));
}

#[tokio::test]
async fn a_sound_blob_in_the_place_of_another_is_noticed() {
    let (_dir, root) = released(73).await;
    let blobs = files(&root.join("blobs"));
    let [(one, _), (two, _)] = blobs.as_slice() else { panic!("{blobs:?}") };
    let (first, second) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    fs::write(one, second).unwrap();
    fs::write(two, first).unwrap();
    let engine = reopen(&root).await.unwrap();
    let Err(said) = engine.copies(&"acme".parse().unwrap()).await else { panic!("copies of swapped texts") };
    assert!(said.to_string().contains("its bytes do not hash to its name"), "{said}");
    engine.close().await;
    let found = problems(&root).await;
    for path in [one, two] {
        assert!(found.contains(path.file_name().unwrap().to_str().unwrap()), "{found}");
    }
}

#[tokio::test]
async fn a_published_file_that_changed_is_named() {
    let world = World::due(71).await;
    world.clock.set(crate::world::t(crate::world::END));
    let files = world.engine.publish(&crate::world::user("ann"), &case("c")).await.unwrap();
    let path = world.engine.folder().public().join(&files[0].name);
    fs::write(&path, "something else").unwrap();
    assert!(problems(&world.root()).await.contains("is not what was published"));
    fs::remove_file(&path).unwrap();
    assert!(problems(&world.root()).await.contains("`forewarn publish` writes it again"));
    world.engine.publish(&crate::world::user("bob"), &case("c")).await.unwrap();
    sound(&world.verify().await);
}

#[tokio::test]
async fn verifying_changes_nothing() {
    let world = World::due(72).await;
    world.release("w1").await.unwrap();
    let root = world.root();
    let crashed = world.dir.path().join("crashed");
    copy_folder(&root, &crashed);
    let _dir = world.closed().await;
    for folder in [&root, &crashed] {
        let times = || -> Vec<_> {
            files(folder).iter().map(|(path, _)| fs::metadata(path).unwrap().modified().unwrap()).collect()
        };
        let before = (files(folder), times());
        sound(&verify(folder, &Unwatched).await);
        assert_eq!((files(folder), times()), before);
    }
    assert!(!root.join("forewarn.db-shm").exists() && !root.join("forewarn.db-wal").exists());
}
