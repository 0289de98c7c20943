//! Group commit: every caller is answered, for itself, in order, and only once its entries are durable.

use std::fs;

use engine::WriteError;
use program::{Command, Event, program::ProgramEvent};
use sqlx::SqlitePool;

use crate::world::{World, harmless, sound, tier_of, user};

async fn database(world: &World) -> SqlitePool {
    SqlitePool::connect(&format!("sqlite:{}", world.root().join("forewarn.db").display())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_callers_are_each_answered_in_their_order() {
    let world = World::founded(31).await;
    let engine = world.engine.clone();
    let callers: Vec<_> = (0..50)
        .map(|caller| {
            let engine = engine.clone();
            tokio::spawn(async move {
                let mut places = Vec::new();
                for step in 0..10 {
                    // Every caller's sixth command is refused, which is nobody else's business.
                    let by = user(if step == 5 { "mallory" } else { "ann" });
                    let id = format!("op-{caller}-{step}");
                    match engine.execute(&by, harmless(&id)).await {
                        Ok(entries) => {
                            let [entry] = entries.as_slice() else { panic!("{entries:?}") };
                            assert_eq!(
                                entry.event,
                                Event::Program(ProgramEvent::TierSet { tier: tier_of(&id) })
                            );
                            assert!(engine.program().await.tiers().any(|known| known.id == id));
                            places.push(entry.seq);
                        }
                        Err(WriteError::Refused(_)) => assert_eq!(step, 5),
                        Err(error) => panic!("{error}"),
                    }
                }
                places
            })
        })
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        let places = caller.await.unwrap();
        assert_eq!(places.len(), 9);
        assert!(places.is_sorted(), "{places:?}");
        all.extend(places);
    }
    all.sort_unstable();
    let first = all[0];
    assert_eq!(all, (first..first + 450).collect::<Vec<_>>());
    assert_eq!(engine.newest(450).await.unwrap().first().unwrap().seq, first);
    sound(&engine::verify::verify(engine.folder().root(), &engine::progress::Unwatched).await);
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_steps_over_what_is_refused() {
    let world = World::founded(32).await;
    let commands = (0..600).map(|number| match number % 3 {
        2 => Command::Member("nobody".parse().unwrap(), program::member::MemberCommand::Vet),
        _ => harmless(&format!("op-{number}")),
    });
    let outcomes = world.engine.execute_all(&user("ann"), commands).await;
    assert_eq!(outcomes.len(), 600);
    let mut last = 0;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(entries) => {
                assert_ne!(number % 3, 2);
                assert!(entries[0].seq > last);
                last = entries[0].seq;
            }
            Err(error) => {
                assert_eq!(number % 3, 2, "{error}");
                assert!(error.to_string().contains("no member `nobody`"), "{error}");
            }
        }
    }
    assert_eq!(last + 1, world.entries().await);
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_everybody_and_changes_nothing() {
    let world = World::founded(33).await;
    let database = database(&world).await;
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON entry WHEN NEW.seq >= 20 \
                BEGIN SELECT RAISE(ABORT, 'the trap'); END";
    sqlx::query(trap).execute(&database).await.unwrap();
    let before = world.entries().await;
    assert!(before < 20);
    let wanted = |from: u32| (from..from + 40).map(|number| harmless(&format!("op-{number}")));
    let outcomes = world.engine.execute_all(&user("ann"), wanted(0)).await;
    let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    let done = outcomes.len() - failed;
    assert!(failed > 0);
    for outcome in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(outcome.to_string().contains("the trap"), "{outcome}");
    }
    // The state is the log: what was answered with an error is in neither.
    assert_eq!(world.entries().await, before + done as u64);
    assert_eq!(world.engine.program().await.tiers().count(), 3 + done);
    assert_eq!(world.engine.newest(u64::MAX).await.unwrap().len() as u64, before + done as u64);
    sqlx::query("DROP TRIGGER trap").execute(&database).await.unwrap();
    for outcome in world.engine.execute_all(&user("ann"), wanted(0)).await {
        outcome.unwrap();
    }
    assert_eq!(world.engine.program().await.tiers().count(), 43);
    database.close().await;
    sound(&world.verify().await);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_written_is_an_error_until_it_is() {
    let world = World::founded(34).await;
    // A folder where the fresh checkpoint goes stands for a disk that takes no more.
    let obstacle = world.root().join("checkpoint.new");
    fs::create_dir(&obstacle).unwrap();
    let said = world.engine.execute(&user("ann"), harmless("eve")).await.unwrap_err();
    assert!(matches!(said, WriteError::Unsigned(_)), "{said:?}");
    assert!(said.to_string().contains("is in the log") && said.to_string().contains("do the same again"));
    let signed = || fs::read_to_string(world.root().join("checkpoint")).unwrap();
    let size = |note: String| note.lines().nth(1).unwrap().parse::<u64>().unwrap();
    assert_eq!(size(signed()) + 1, world.entries().await);
    fs::remove_dir(&obstacle).unwrap();
    let again = world.engine.execute(&user("ann"), harmless("eve")).await.unwrap();
    assert!(again.is_empty(), "nothing is done twice");
    assert_eq!(size(signed()), world.entries().await);
    sound(&world.verify().await);
}
