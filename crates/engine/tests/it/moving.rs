//! A program is moved while it is at work: nothing that was answered for is lost, and nothing is answered for twice.

use engine::{
    WriteError,
    moving::{MoveError, move_to},
    progress::Unwatched,
    store::StoreError,
};
use testbed::postgres::{database, psql};

use crate::world::{World, harmless, on_server, reopen, sound, t, user};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_before_is_there_and_nothing_is_answered_after() {
    let Some(database) = database() else { return };
    let world = World::founded(90).await;
    let before = world.entries().await;
    let engine = world.engine.clone();
    let (begun, mut some) = tokio::sync::watch::channel(0_u64);
    let working = tokio::spawn(async move {
        for number in 0.. {
            match engine.execute(&user("ann"), harmless(&format!("op-{number}"))).await {
                Ok(entries) => assert_eq!(entries.len(), 1),
                Err(error) => return (number, error),
            }
            begun.send_replace(number);
        }
        panic!("numbers end")
    });
    some.wait_for(|done| *done > 20).await.unwrap();
    let root = world.root();
    let moved = move_to(&root, &on_server(&database.url), t(0), &Unwatched).await.unwrap();
    let (answered, refused) = working.await.unwrap();
    assert!(matches!(refused, WriteError::Store(StoreError::Moved(_))), "{refused:?}");
    assert!(refused.to_string().contains("start again"), "{refused}");
    assert_eq!(moved.entries, before + answered);
    assert!(matches!(world.engine.writable().await, Err(StoreError::Moved(_))));
    let there = reopen(&root).await.unwrap();
    assert_eq!(there.ledger().await.len(), before + answered);
    assert_eq!(there.ledger().await.tree().root(), world.engine.ledger().await.tree().root());
    there.execute(&user("ann"), harmless("later")).await.unwrap();
    sound(&world.verify().await);
}

#[tokio::test]
async fn what_is_there_and_is_not_a_part_of_this_log_is_refused() {
    let Some(database) = database() else { return };
    let world = World::founded(91).await;
    let root = world.root();
    let wanted = on_server(&database.url);
    let first = move_to(&root, &wanted, t(0), &Unwatched).await.unwrap();
    let dir = world.closed().await;
    // A part of the log, as an interrupted move leaves it, is gone on with; anything else is not.
    let source = World::founded(91).await;
    psql(&database.url, "ALTER TABLE entry DISABLE TRIGGER ALL");
    psql(&database.url, &format!("DELETE FROM entry WHERE seq >= {}", first.entries / 2));
    let again = move_to(&source.root(), &wanted, t(0), &Unwatched).await.unwrap();
    assert_eq!((again.found, again.entries, &again.root), (first.entries / 2, first.entries, &first.root));
    let third = World::founded(91).await;
    psql(&database.url, "UPDATE entry SET salt = decode('00', 'hex') WHERE seq = 3");
    let said = move_to(&third.root(), &wanted, t(0), &Unwatched).await.unwrap_err();
    assert!(matches!(said, MoveError::Another { seq: 3, .. }), "{said:?}");
    third.ok("ann", harmless("still-here")).await;
    drop(dir);
}
