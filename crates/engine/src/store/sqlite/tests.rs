use super::*;
use crate::store::{Address, Store, Stored};

async fn open(path: &Path, create: bool) -> Result<Store, StoreError> {
    crate::store::open(path, create).await
}

async fn look(path: &Path) -> Result<Store, StoreError> {
    crate::store::look(&Address::File(path.to_owned())).await
}

fn writer(store: &Store) -> &SqlitePool {
    let Store::Sqlite(store) = store else { panic!("a file") };
    &store.write
}

fn entry(seq: u64) -> Stored {
    let at = jiff::Timestamp::from_second(1_000_000 + seq as i64).unwrap();
    Stored { seq, at, salt: vec![7; 32], body: format!("body {seq}").into_bytes(), leaf: vec![9; 32] }
}

async fn filled(path: &Path, entries: u64) -> Store {
    let store = open(path, true).await.unwrap();
    let mut append = store.append().await.unwrap();
    for seq in 0..entries {
        append.push(&entry(seq)).await.unwrap();
    }
    append.commit().await.unwrap();
    store
}

fn listing(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_no_log_is_refused_as_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    assert!(matches!(open(&path, false).await, Err(StoreError::Missing(_))));
    assert!(matches!(look(&path).await, Err(StoreError::Missing(_))));
    assert!(listing(dir.path()).is_empty());

    for (bytes, says) in [(&b""[..], "it is empty"), (b"a shopping list\n", "it does not begin as one")] {
        fs::write(&path, bytes).unwrap();
        let before = listing(dir.path());
        for refused in [open(&path, false).await, look(&path).await] {
            assert!(matches!(refused, Err(StoreError::NotALog { says: said, .. }) if said == says));
        }
        assert_eq!(listing(dir.path()), before);
    }

    fs::remove_file(&path).unwrap();
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let other = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("CREATE TABLE recipe(name TEXT)").execute(&other).await.unwrap();
    other.close().await;
    for refused in [open(&path, false).await, look(&path).await] {
        assert!(matches!(refused, Err(StoreError::NotALog { says: "it has no table of entries", .. })));
    }
}

#[tokio::test]
async fn a_damaged_database_is_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    filled(&path, 50).await.close().await;
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let Err(refused) = open(&path, false).await else { panic!("opened") };
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused:?}");
    assert!(refused.to_string().contains("forewarn verify"));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    let store = filled(&path, 1).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations(version, description, success, checksum, execution_time) \
         VALUES (99, 'later', 1, x'00', 0)",
    )
    .execute(writer(&store))
    .await
    .unwrap();
    store.close().await;
    assert!(matches!(open(&path, false).await, Err(StoreError::Newer(_))));
    assert!(matches!(look(&path).await, Err(StoreError::Newer(_))), "whoever only looks is told as well");
}

#[tokio::test]
async fn entries_are_never_changed_nor_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir.path().join("forewarn.db"), 3).await;
    for statement in ["UPDATE entry SET body = x'00' WHERE seq = 1", "DELETE FROM entry WHERE seq = 2"] {
        let said = sqlx::query(statement).execute(writer(&store)).await.unwrap_err().to_string();
        assert!(said.contains("an entry is never"), "{said}");
    }
    let replaced = sqlx::query("INSERT OR REPLACE INTO entry SELECT seq, at, salt, x'00', leaf FROM entry")
        .execute(writer(&store))
        .await;
    let kept = store.tail(None).await.unwrap();
    assert_eq!(kept, (0..3).map(entry).collect::<Vec<_>>(), "{replaced:?}");
}

#[tokio::test]
async fn only_the_next_entry_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir.path().join("forewarn.db"), 3).await;
    for seq in [0, 2, 4, 9] {
        let mut append = store.append().await.unwrap();
        assert!(matches!(append.push(&entry(seq)).await, Err(StoreError::Conflict)), "{seq}");
    }
    let mut append = store.append().await.unwrap();
    append.push(&entry(3)).await.unwrap();
    drop(append);
    assert_eq!(store.tail(None).await.unwrap().len(), 3, "what is not committed is not there");
}

#[tokio::test]
async fn who_waits_too_long_for_another_writer_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    let first = filled(&path, 1).await;
    let held = first.append().await.unwrap();
    let second = open_patiently(&path, false, Duration::from_millis(1)).await.unwrap();
    let second = Store::Sqlite(second);
    let Err(refused) = second.append().await else { panic!("two writers at once") };
    assert!(matches!(refused, StoreError::Busy), "{refused:?}");
    assert!(refused.to_string().contains("another process"));
    drop(held);
}

#[tokio::test]
async fn looking_changes_no_file_neither_after_a_close_nor_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    filled(&path, 40).await.close().await;
    let before = listing(dir.path());
    let store = look(&path).await.unwrap();
    assert_eq!(store.tail(None).await.unwrap().len(), 40);
    assert!(!store.disturbed());
    assert_eq!(listing(dir.path()), before);
    store.close().await;
    assert_eq!(listing(dir.path()), before);

    // What a crash leaves: entries in the write-ahead log that the database does not have yet.
    let other = open(&path, false).await.unwrap();
    let mut append = other.append().await.unwrap();
    append.push(&entry(40)).await.unwrap();
    append.commit().await.unwrap();
    let crashed = tempfile::tempdir().unwrap();
    for (name, bytes) in listing(dir.path()) {
        fs::write(crashed.path().join(name), bytes).unwrap();
    }
    let contents = |folder: &Path| -> Vec<_> {
        listing(folder).into_iter().filter(|(name, _)| !name.ends_with("-shm")).collect()
    };
    let before = contents(crashed.path());
    let store = look(&crashed.path().join("forewarn.db")).await.unwrap();
    assert_eq!(store.tail(None).await.unwrap().len(), 41);
    store.close().await;
    assert_eq!(contents(crashed.path()), before);
}

#[tokio::test]
async fn looking_notices_who_begins_to_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("forewarn.db");
    filled(&path, 2).await.close().await;
    let store = look(&path).await.unwrap();
    assert!(!store.disturbed());
    let other = open(&path, false).await.unwrap();
    assert!(store.disturbed());
    let again = look(&path).await.unwrap();
    assert_eq!(again.tail(None).await.unwrap().len(), 2);
    assert!(!again.disturbed());
    drop(other);
}

#[tokio::test]
async fn a_trigger_that_was_dropped_or_exchanged_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir.path().join("forewarn.db"), 3).await;
    assert!(store.soundness().await.unwrap().is_empty());
    sqlx::query("DROP TRIGGER entry_is_never_removed").execute(writer(&store)).await.unwrap();
    let said = store.soundness().await.unwrap();
    assert!(said.len() == 1 && said[0].contains("entry_is_never_removed"), "{said:?}");
    sqlx::query("CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT 1; END")
        .execute(writer(&store))
        .await
        .unwrap();
    assert_eq!(store.soundness().await.unwrap(), said, "a trigger of the same name that does nothing");
}

#[tokio::test]
async fn a_database_of_every_earlier_version_is_looked_at_as_it_is_and_brought_forward_whole() {
    for taken in 1..=SQLITE.len() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("forewarn.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let pool = SqlitePool::connect_with(options.journal_mode(SqliteJournalMode::Wal)).await.unwrap();
        migrations::migrator(&SQLITE[..taken]).run(&pool).await.unwrap();
        let insert = "INSERT INTO entry(seq, at, salt, body, leaf) VALUES (0, $1, $2, $3, $4)";
        let first = entry(0);
        let insert = sqlx::query(insert).bind(first.at.as_microsecond()).bind(&first.salt);
        insert.bind(&first.body).bind(&first.leaf).execute(&pool).await.unwrap();
        pool.close().await;

        let before = listing(dir.path());
        let store = look(&path).await.unwrap();
        assert_eq!(store.tail(None).await.unwrap(), [entry(0)], "step {taken}");
        assert_eq!(store.moved().await.unwrap(), None);
        assert!(store.soundness().await.unwrap().is_empty());
        store.close().await;
        assert_eq!(listing(dir.path()), before, "looking brings nothing forward");

        let store = open(&path, false).await.unwrap();
        assert_eq!(steps_taken(writer(&store)).await.unwrap(), migrations::newest());
        let mut append = store.append().await.unwrap();
        append.push(&entry(1)).await.unwrap();
        append.commit().await.unwrap();
        assert_eq!(store.tail(None).await.unwrap(), [entry(0), entry(1)]);
        assert!(store.soundness().await.unwrap().is_empty());
    }
}
