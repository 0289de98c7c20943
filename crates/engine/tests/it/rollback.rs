//! The checkpoint outside the database: an older or another database is noticed, and nothing is built on it.

use std::{fs, path::Path};

use engine::{WriteError, ledger::LedgerError, progress::Unwatched, verify::verify};
use sqlx::SqlitePool;

use crate::world::{World, copy_folder, files, harmless, problems, refusal, reopen, sound, user};

/// A program with its log grown in two steps; the folder is kept as it was after each.
async fn two_states(seed: u64) -> (tempfile::TempDir, [std::path::PathBuf; 2]) {
    let world = World::founded(seed).await;
    let root = world.root();
    let dir = world.closed().await;
    let older = dir.path().join("older");
    copy_folder(&root, &older);
    add(&root, &["eve", "mia", "zoe"]).await;
    (dir, [older, root])
}

async fn add(root: &Path, operators: &[&str]) {
    let engine = reopen(root).await.unwrap();
    for id in operators {
        engine.execute(&user("ann"), harmless(id)).await.unwrap();
    }
    engine.close().await;
}

fn take(from: &Path, to: &Path, name: &str) {
    fs::copy(from.join(name), to.join(name)).unwrap();
}

async fn refused(root: &Path, says: &[&str]) {
    let before = files(root);
    let said = refusal(root).await;
    let found = problems(root).await;
    for part in says {
        assert!(said.contains(part), "`{part}` is not in: {said}");
        assert!(found.contains(part), "`{part}` is not in: {found}");
    }
    assert_eq!(files(root), before, "a refusal changes nothing");
}

#[tokio::test]
async fn a_database_ahead_of_its_checkpoint_is_caught_up_with() {
    let (_dir, [older, newer]) = two_states(51).await;
    let whole = fs::read(newer.join("checkpoint")).unwrap();
    take(&older, &newer, "checkpoint");
    sound(&verify(&newer, &Unwatched).await);
    let engine = reopen(&newer).await.unwrap();
    assert_eq!(fs::read(newer.join("checkpoint")).unwrap(), whole, "signed again, the same");
    engine.execute(&user("ann"), harmless("ida")).await.unwrap();
    engine.close().await;
    sound(&verify(&newer, &Unwatched).await);
}

#[tokio::test]
async fn a_database_behind_its_checkpoint_is_refused() {
    let (_dir, [older, newer]) = two_states(52).await;
    take(&older, &newer, "forewarn.db");
    refused(&newer, &["3 entries are lost", "restore the newest database, never the checkpoint"]).await;
    refused(&newer, &["3 entries are lost"]).await;
}

#[tokio::test]
async fn a_forked_database_is_refused_whether_shorter_or_longer() {
    for others in [&["x", "y", "z"][..], &["x", "y", "z", "w"]] {
        let (_dir, [older, newer]) = two_states(53).await;
        add(&older, others).await;
        take(&older, &newer, "forewarn.db");
        refused(&newer, &["are not the ones that checkpoint", "the log was changed"]).await;
    }
}

#[tokio::test]
async fn without_a_checkpoint_of_its_own_no_log_is_opened() {
    let (_dir, [_, newer]) = two_states(54).await;
    let checkpoint = fs::read(newer.join("checkpoint")).unwrap();
    fs::remove_file(newer.join("checkpoint")).unwrap();
    refused(&newer, &["is missing although the log has 12 entries"]).await;

    let (_other, [_, other]) = two_states(55).await;
    take(&other, &newer, "checkpoint");
    refused(&newer, &["checkpoint", "verifier key"]).await;

    fs::write(newer.join("checkpoint"), b"").unwrap();
    refused(&newer, &["not a checkpoint"]).await;
    fs::write(newer.join("checkpoint"), checkpoint).unwrap();
    sound(&verify(&newer, &Unwatched).await);
}

#[tokio::test]
async fn no_byte_of_the_checkpoint_can_change() {
    let (_dir, [_, root]) = two_states(56).await;
    let sound_one = fs::read(root.join("checkpoint")).unwrap();
    for at in 0..sound_one.len() {
        let mut bytes = sound_one.clone();
        bytes[at] ^= 0x01;
        fs::write(root.join("checkpoint"), bytes).unwrap();
        let found = problems(&root).await;
        assert!(found.contains("checkpoint"), "byte {at}: {found}");
    }
}

#[tokio::test]
async fn a_database_rolled_back_under_a_running_engine_is_not_built_on() {
    let world = World::founded(57).await;
    world.ok("ann", harmless("eve")).await;
    world.ok("ann", harmless("mia")).await;
    let len = world.entries().await;
    let database =
        SqlitePool::connect(&format!("sqlite:{}", world.root().join("forewarn.db").display())).await.unwrap();
    sqlx::query("DROP TRIGGER entry_is_never_removed").execute(&database).await.unwrap();
    let last = i64::try_from(len).unwrap() - 1;
    sqlx::query("DELETE FROM entry WHERE seq = $1").bind(last).execute(&database).await.unwrap();
    for _ in 0..3 {
        let said = world.engine.execute(&user("ann"), harmless("zoe")).await.unwrap_err();
        assert!(matches!(said, WriteError::Ledger(LedgerError::Replaced(at)) if at + 1 == len), "{said}");
    }
    // What is done already is not vouched for either: the log that said so is gone.
    assert!(world.engine.execute(&user("ann"), harmless("mia")).await.is_err());
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM entry").fetch_one(&database).await.unwrap();
    assert_eq!(rows, last);
    database.close().await;
    let root = world.root();
    let _dir = world.closed().await;
    assert!(refusal(&root).await.contains("1 entries are lost"));
}

#[tokio::test]
async fn a_checkpoint_taken_away_under_a_running_engine_stops_it() {
    let world = World::founded(58).await;
    fs::remove_file(world.root().join("checkpoint")).unwrap();
    let said = world.engine.execute(&user("ann"), harmless("eve")).await.unwrap_err();
    assert!(said.to_string().contains("is missing although"), "{said}");
    assert_eq!(world.engine.newest(u64::MAX).await.unwrap().len() as u64, world.entries().await);
}
