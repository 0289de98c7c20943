//! What every engine must do alike, asked of SQLite and of PostgreSQL.

use std::collections::BTreeMap;

use sqlx::{Executor as _, Row as _};
use testbed::postgres::{Cluster, Database, database, psql};

use super::{address::Server, *};

/// Every statement, with the types that its parameters have.
const STATEMENTS: [(&str, &[&str]); 5] = [
    (APPEND, &["bigint", "bigint", "bytea", "bytea", "bytea"]),
    (TAIL, &["bigint", "bigint"]),
    (ONE, &["bigint"]),
    (MOVED, &[]),
    (END, &["bigint", "text"]),
];

fn entry(seq: u64) -> Stored {
    let at = Timestamp::from_second(1_000_000 + i64::try_from(seq).unwrap()).unwrap();
    Stored { seq, at, salt: vec![7; 32], body: format!("body {seq}\0").into_bytes(), leaf: vec![9; 32] }
}

/// A store of each engine that can be had, and what keeps it alive.
struct Stores {
    all: Vec<(&'static str, Address, Store)>,
    _dir: tempfile::TempDir,
    _database: Option<Database>,
}

async fn stores() -> Stores {
    let dir = tempfile::tempdir().unwrap();
    let mut addresses = vec![("sqlite", Address::File(dir.path().join("forewarn.db")))];
    let database = database();
    if let Some(database) = &database {
        addresses.push(("postgres", Address::Server(Server::parse(&database.url).unwrap())));
    }
    let mut all = Vec::new();
    for (name, address) in addresses {
        let store = open_at(&address, true).await.unwrap();
        all.push((name, address, store));
    }
    Stores { all, _dir: dir, _database: database }
}

async fn fill(store: &Store, entries: std::ops::Range<u64>) {
    let mut append = store.append().await.unwrap();
    for seq in entries {
        append.push(&entry(seq)).await.unwrap();
    }
    append.commit().await.unwrap();
}

#[tokio::test]
async fn every_statement_is_taken_by_both_engines() {
    for (name, _, store) in stores().await.all {
        let all = STATEMENTS.into_iter().chain(outbox::STATEMENTS).chain(counter::STATEMENTS);
        for (statement, types) in all.chain(session::STATEMENTS) {
            let taken = match &store {
                Store::Sqlite(store) => {
                    store.read.prepare(sqlx::SqlStr::from_static(statement)).await.map(drop)
                }
                Store::Postgres(store) => {
                    let types: Vec<_> =
                        types.iter().map(|name| sqlx::postgres::PgTypeInfo::with_name(name)).collect();
                    store.pool.prepare_with(sqlx::SqlStr::from_static(statement), &types).await.map(drop)
                }
            };
            assert!(taken.is_ok(), "{name}: {statement}: {taken:?}");
        }
    }
}

#[tokio::test]
async fn both_schemas_have_the_same_tables_columns_and_nullability() {
    let stores = stores().await;
    let mut shapes = Vec::new();
    for (_, _, store) in &stores.all {
        let mut shape: BTreeMap<(String, String), (&str, bool)> = BTreeMap::new();
        match store {
            Store::Sqlite(store) => {
                let columns = "SELECT m.name, c.name, c.type, c.\"notnull\" = 1 OR c.pk > 0 \
                     FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                     WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
                for row in sqlx::query(columns).fetch_all(&store.read).await.unwrap() {
                    let kind: String = row.get(2);
                    let kind = match kind.as_str() {
                        "INTEGER" => "whole number",
                        "BLOB" => "bytes",
                        "TEXT" => "text",
                        other => panic!("a type that is not portable: {other}"),
                    };
                    shape.insert((row.get(0), row.get(1)), (kind, row.get::<bool, _>(3)));
                }
            }
            Store::Postgres(store) => {
                let columns = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), \
                     CAST(data_type AS TEXT), is_nullable = 'NO' FROM information_schema.columns \
                     WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
                for row in sqlx::query(columns).fetch_all(&store.pool).await.unwrap() {
                    let kind: String = row.get(2);
                    let kind = match kind.as_str() {
                        "bigint" => "whole number",
                        "bytea" => "bytes",
                        "text" => "text",
                        other => panic!("a type that is not portable: {other}"),
                    };
                    shape.insert((row.get(0), row.get(1)), (kind, row.get::<bool, _>(3)));
                }
            }
        }
        assert_eq!(shape.get(&("entry".to_owned(), "body".to_owned())), Some(&("bytes", true)));
        shapes.push(shape);
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:#?}");
}

#[tokio::test]
async fn entries_that_follow_are_taken_together_or_not_at_all() {
    for (name, _, store) in stores().await.all {
        fill(&store, 0..2).await;
        for (last, bad) in [(2, vec![4]), (2, vec![3, 5]), (2, vec![2]), (1, vec![2]), (0, vec![1])] {
            let mut append = store.append().await.unwrap();
            append.push(&entry(2)).await.unwrap();
            let more: Vec<Stored> = bad.iter().copied().map(entry).collect();
            let said = append.push_more(last, &more).await;
            assert!(said.is_err(), "{name} {last} {bad:?}");
        }
        // More than one statement takes.
        let mut append = store.append().await.unwrap();
        append.push(&entry(2)).await.unwrap();
        append.push_more(2, &[]).await.unwrap();
        append.push_more(2, &(3..1003).map(entry).collect::<Vec<_>>()).await.unwrap();
        drop(append);
        assert_eq!(
            store.tail(None).await.unwrap().len(),
            2,
            "{name}: nothing is there before it is committed"
        );
        let mut append = store.append().await.unwrap();
        append.push(&entry(2)).await.unwrap();
        append.push_more(2, &(3..1003).map(entry).collect::<Vec<_>>()).await.unwrap();
        append.commit().await.unwrap();
        assert_eq!(store.tail(None).await.unwrap(), (0..1003).map(entry).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn only_the_next_entry_is_taken_and_comes_back_byte_for_byte() {
    for (name, address, store) in stores().await.all {
        fill(&store, 0..3).await;
        for seq in [0, 2, 4, 9] {
            let mut append = store.append().await.unwrap();
            assert!(matches!(append.push(&entry(seq)).await, Err(StoreError::Conflict)), "{name} {seq}");
        }
        let mut append = store.append().await.unwrap();
        append.push(&entry(3)).await.unwrap();
        assert_eq!(append.tail(Some(2)).await.unwrap(), [entry(3)], "{name}");
        drop(append);
        assert_eq!(store.tail(None).await.unwrap(), (0..3).map(entry).collect::<Vec<_>>(), "{name}");
        assert_eq!(store.entry(1).await.unwrap(), Some(entry(1)));
        assert_eq!(store.entry(7).await.unwrap(), None);
        store.writable().await.unwrap();
        store.close().await;
        let again = open_at(&address, false).await.unwrap();
        assert_eq!(again.tail(Some(1)).await.unwrap(), [entry(2)], "{name}");
        assert!(again.soundness().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_writers_leave_no_gap_and_lose_nothing() {
    const WRITERS: u64 = 6;
    const EACH: u64 = 25;
    let stores = stores().await;
    for (name, address, store) in &stores.all {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let address = address.clone();
                tokio::spawn(async move {
                    let store = open_at(&address, false).await.unwrap();
                    let mut conflicts = 0;
                    let mut done = 0;
                    while done < EACH {
                        let mut append = store.append().await.unwrap();
                        let mut last = None;
                        while let Some(newest) = append.tail(last).await.unwrap().last() {
                            last = Some(newest.seq);
                        }
                        let seq = last.map_or(0, |seq| seq + 1);
                        let mine = Stored { body: format!("{writer} {done}").into_bytes(), ..entry(seq) };
                        match append.push(&mine).await {
                            Ok(()) => {
                                append.commit().await.unwrap();
                                done += 1;
                            }
                            Err(StoreError::Conflict) => conflicts += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                    store.close().await;
                    conflicts
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let all = store.tail(None).await.unwrap();
        assert_eq!(all.len() as u64, WRITERS * EACH, "{name}");
        assert!(all.iter().enumerate().all(|(place, stored)| stored.seq == place as u64), "{name}");
        let bodies: std::collections::BTreeSet<_> = all.iter().map(|stored| &stored.body).collect();
        assert_eq!(bodies.len(), all.len(), "{name}: every writer's entries, once each");
        let mine = |writer: u64| {
            let prefix = format!("{writer} ");
            all.iter().filter(move |stored| stored.body.starts_with(prefix.as_bytes())).count() as u64
        };
        assert!((0..WRITERS).all(|writer| mine(writer) == EACH), "{name}");
    }
}

#[tokio::test]
async fn nothing_is_ever_changed_or_removed_by_whoever_asks() {
    let stores = stores().await;
    for (name, _, store) in &stores.all {
        fill(store, 0..3).await;
        for statement in
            ["UPDATE entry SET seq = 9 WHERE seq = 1", "DELETE FROM entry WHERE seq = 2", "DELETE FROM entry"]
        {
            let said = reading_writer(store, statement).await.unwrap_err().to_string();
            assert!(said.contains("an entry is never"), "{name}: {said}");
        }
        if let Store::Postgres(_) = store {
            let said = reading_writer(store, "TRUNCATE entry").await.unwrap_err().to_string();
            assert!(said.contains("an entry is never"), "{said}");
            reading_writer(store, "ALTER TABLE entry DISABLE TRIGGER entry_is_never_emptied").await.unwrap();
            let found = store.soundness().await.unwrap();
            assert!(found.len() == 1 && found[0].contains("entry_is_never_emptied"), "{found:?}");
        }
        assert_eq!(store.tail(None).await.unwrap().len(), 3, "{name}");
    }
}

async fn reading_writer(store: &Store, statement: &'static str) -> Result<u64, sqlx::Error> {
    Ok(match store {
        Store::Sqlite(store) => sqlx::query(statement).execute(&store.write).await?.rows_affected(),
        Store::Postgres(store) => sqlx::query(statement).execute(&store.pool).await?.rows_affected(),
    })
}

#[tokio::test]
async fn a_log_that_was_moved_takes_nothing_more_from_anybody() {
    for (name, address, store) in stores().await.all {
        fill(&store, 0..2).await;
        let running = open_at(&address, false).await.unwrap();
        assert_eq!(store.moved().await.unwrap(), None);
        let mut append = store.append().await.unwrap();
        append.end(entry(1).at, "postgres://u@h:5432/d").await.unwrap();
        append.commit().await.unwrap();
        assert_eq!(store.moved().await.unwrap().as_deref(), Some("postgres://u@h:5432/d"), "{name}");
        let mut append = running.append().await.unwrap();
        let said = append.push(&entry(2)).await.unwrap_err();
        assert!(matches!(said, StoreError::Moved(None)), "{name}: {said:?}");
        drop(append);
        for statement in ["DELETE FROM moved", "UPDATE moved SET target = ''"] {
            assert!(reading_writer(&store, statement).await.is_err(), "{name}");
        }
        assert_eq!(running.tail(None).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_as_it_is() {
    let Some(database) = database() else { return };
    let address = Address::Server(Server::parse(&database.url).unwrap());
    for refused in [open_at(&address, false).await, look(&address).await] {
        assert!(matches!(refused, Err(StoreError::NotALog { says: "it has no table of entries", .. })));
    }
    psql(&database.url, "CREATE TABLE recipe(name TEXT)");
    let refused = open_at(&address, true).await;
    assert!(matches!(refused, Err(StoreError::NotALog { says, .. }) if says.contains("something else")));
    assert_eq!(psql(&database.url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").trim(), "1");
    psql(&database.url, "DROP TABLE recipe");
    open_at(&address, true).await.unwrap().close().await;
    psql(
        &database.url,
        "INSERT INTO _sqlx_migrations(version, description, success, checksum, execution_time) \
         VALUES (99, 'later', true, '', 0)",
    );
    for refused in [open_at(&address, false).await, look(&address).await] {
        assert!(matches!(refused, Err(StoreError::Newer(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_role_that_may_only_read_and_add_is_enough() {
    let Some(database) = database() else { return };
    let owner = Address::Server(Server::parse(&database.url).unwrap());
    open_at(&owner, true).await.unwrap().close().await;
    let role = format!("app_{}", database.url.split(['/', '?']).nth(3).unwrap());
    psql(&database.url, &format!("CREATE ROLE {role} LOGIN"));
    psql(&database.url, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"));
    let app =
        Address::Server(Server::parse(&database.url.replace("forewarn@", &format!("{role}@"))).unwrap());
    let store = open_at(&app, false).await.unwrap();
    assert!(matches!(store.writable().await, Err(StoreError::ReadOnly)));
    psql(&database.url, &format!("GRANT INSERT ON entry TO {role}"));
    store.writable().await.unwrap();
    fill(&store, 0..2).await;
    let said = reading_writer(&store, "DELETE FROM entry").await.unwrap_err().to_string();
    assert!(said.contains("permission denied"), "{said}");
    store.close().await;
    psql(&database.url, &format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"));
    psql(&database.url, &format!("DROP ROLE {role}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_an_error_until_it_is_back() {
    let Some(cluster) = Cluster::start() else { return };
    let address = Address::Server(Server::parse(&cluster.database()).unwrap());
    let store = open_at(&address, true).await.unwrap();
    fill(&store, 0..2).await;
    let mut torn = store.append().await.unwrap();
    torn.push(&entry(2)).await.unwrap();
    cluster.halt();
    let said = torn.commit().await.unwrap_err();
    assert!(matches!(said, StoreError::Unreachable(_) | StoreError::Unsettled(_)), "{said:?}");
    for said in [store.tail(None).await.map(drop), store.writable().await] {
        let said = said.unwrap_err();
        assert!(matches!(said, StoreError::Unreachable(_)), "{said:?}");
        assert!(said.to_string().contains("no connection to the database"), "{said}");
    }
    let refused = open_at(&address, false).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
    cluster.resume();
    assert_eq!(store.tail(None).await.unwrap().len(), 2, "what was not committed is not there");
    fill(&store, 2..4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_is_woken_by_a_commit_and_again_after_the_connection_broke() {
    let Some(cluster) = Cluster::start() else { return };
    let address = Address::Server(Server::parse(&cluster.database()).unwrap());
    let store = open_at(&address, true).await.unwrap();
    let (woken, mut count) = tokio::sync::watch::channel(0_u32);
    let following =
        tokio::spawn(store.wakes().unwrap().follow(move || woken.send_modify(|count| *count += 1)));
    // The first one says that somebody listens.
    count.wait_for(|count| *count >= 1).await.unwrap();
    fill(&store, 0..1).await;
    count.wait_for(|count| *count >= 2).await.unwrap();
    // Counted before: a wake-up may come at once.
    let before = *count.borrow();
    cluster.halt();
    cluster.resume();
    count.wait_for(|count| *count > before).await.unwrap();
    let before = *count.borrow();
    fill(&store, 1..2).await;
    count.wait_for(|count| *count > before).await.unwrap();
    following.abort();
}

fn put(recipient: &str, seq: i64) -> Put {
    Put { recipient: recipient.to_owned(), seq, notification: 1, id: format!("{recipient} {seq}") }
}

async fn queue(store: &Store, rows: &[Put], at: Timestamp) {
    let mut append = store.append().await.unwrap();
    for row in rows {
        append.outbox_put(row, at).await.unwrap();
    }
    append.commit().await.unwrap();
}

async fn claim(store: &Store, recipient: &str, seq: i64, now: i64) -> Option<Claimed> {
    let mut append = store.append().await.unwrap();
    let (now, until) = (second(now), second(now + 60));
    let claimed = append.outbox_claim(recipient, seq, until, now).await.unwrap();
    append.commit().await.unwrap();
    claimed
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[tokio::test]
async fn of_several_claims_on_a_notice_one_wins_until_it_runs_out() {
    for (name, _, store) in stores().await.all {
        queue(&store, &[put("a", 1)], second(100)).await;
        let tries = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { claim(&store, "a", 1, 100).await.is_some() })
        });
        let mut won = 0;
        for tried in tries.collect::<Vec<_>>() {
            won += usize::from(tried.await.unwrap());
        }
        assert_eq!(won, 1, "{name}");
        assert!(claim(&store, "a", 1, 159).await.is_none(), "{name}");
        assert!(claim(&store, "a", 1, 160).await.is_some(), "{name}: its holder died");
        assert!(claim(&store, "b", 1, 500).await.is_none(), "{name}: nothing of that kind waits");
    }
}

#[tokio::test]
async fn each_recipients_oldest_notice_comes_first_and_those_that_failed_last() {
    for (name, _, store) in stores().await.all {
        let rows = [put("a", 2), put("a", 1), put("b", 3), put("c", 4), put("late", 9)];
        queue(&store, &rows[..4], second(100)).await;
        queue(&store, &rows[4..], second(300)).await;
        queue(&store, &rows[..1], second(200)).await;
        let heads = async |now| store.outbox_heads(second(now), 10).await.unwrap();
        let head = |recipient: &str, seq| (recipient.to_owned(), seq);
        assert_eq!(heads(99).await, [], "{name}");
        assert_eq!(heads(100).await, [head("a", 1), head("b", 3), head("c", 4)], "{name}");
        assert_eq!(store.outbox_heads(second(100), 2).await.unwrap().len(), 2, "{name}");
        let mut append = store.append().await.unwrap();
        append.outbox_failed("a", 1, "no answer", second(150)).await.unwrap();
        append.outbox_retire("c", 4).await.unwrap();
        append.commit().await.unwrap();
        assert_eq!(heads(149).await, [head("b", 3)], "{name}: all of a recipient waits");
        assert_eq!(heads(300).await, [head("b", 3), head("late", 9), head("a", 1)], "{name}");
        let waiting = store.outbox().await.unwrap();
        let failed: Vec<_> = waiting.iter().map(|row| (row.seq, row.attempts, row.says.as_str())).collect();
        assert_eq!(failed, [(1, 1, "no answer"), (2, 0, ""), (3, 0, ""), (9, 0, "")], "{name}");
        assert_eq!(store.outbox_age().await.unwrap(), (4, Some(second(100))), "{name}");
        let mut append = store.append().await.unwrap();
        append.outbox_forget(second(101)).await.unwrap();
        for row in &rows {
            append.outbox_remove(&row.recipient, row.seq).await.unwrap();
        }
        append.commit().await.unwrap();
        assert_eq!(store.outbox_age().await.unwrap(), (0, None), "{name}");
    }
}

#[tokio::test]
async fn counters_count_for_all_who_share_the_log_and_end() {
    let second = |second| Timestamp::from_second(second).unwrap();
    for (name, address, store) in stores().await.all {
        let other = open_at(&address, false).await.unwrap();
        assert_eq!(store.counted("a").await.unwrap(), 0, "{name}");
        let (mine, theirs) = tokio::join!(store.count("a", second(10)), other.count("a", second(10)));
        let mut both = [mine.unwrap(), theirs.unwrap()];
        both.sort_unstable();
        assert_eq!(both, [1, 2], "{name}");
        assert_eq!(other.count("b", second(20)).await.unwrap(), 1, "{name}");
        store.forget_counters(second(10)).await.unwrap();
        assert_eq!((store.counted("a").await.unwrap(), store.counted("b").await.unwrap()), (0, 1), "{name}");
        assert_eq!(other.count("a", second(30)).await.unwrap(), 1, "{name}");
        other.close().await;
    }
}
