//! A program whose log is on a server: the same program, several hosts, and connections that break.

use std::path::{Path, PathBuf};

use engine::{Clock, Engine, Entropy, WriteError, progress::Unwatched, store::StoreError, verify::verify};
use testbed::postgres::{Cluster, database, psql};

use crate::world::{W1, World, copy_folder, granted, harmless, on_server, reopen, sound, t, user};

/// The data folder as another host has it, with a checkpoint of its own.
fn other_host(world: &World, name: &str) -> PathBuf {
    let other = world.dir.path().join(name);
    copy_folder(&world.root(), &other);
    other
}

async fn replica(root: &Path, seed: u64) -> Engine {
    Engine::open(root, Clock::simulated(t(W1)), Entropy::seeded(seed)).await.unwrap()
}

#[tokio::test]
async fn a_database_in_use_or_of_something_else_is_refused_and_nothing_is_made() {
    let Some(database) = database() else { return };
    let world = World::founded_in(80, &on_server(&database.url)).await;
    let second = world.dir.path().join("second");
    let make = async || {
        let founding = crate::world::founding();
        let (wanted, ann) = (on_server(&database.url), user("ann"));
        let made =
            Engine::create_in(&second, &wanted, founding, &ann, Clock::simulated(t(0)), Entropy::seeded(81));
        made.await.err().map(|error| error.to_string()).unwrap()
    };
    let said = make().await;
    assert!(said.contains("holds the log of a program already"), "{said}");
    assert!(!second.exists());
    assert!(!world.root().join("forewarn.db").exists());
    let kept = world.root().join("database");
    assert_eq!(std::fs::read_to_string(&kept).unwrap().trim(), database.url);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&kept, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = crate::world::refusal(&world.root()).await;
    assert!(said.contains("can be read by others") && said.contains("change its password"), "{said}");
    std::fs::remove_file(&kept).unwrap();
    let said = crate::world::refusal(&world.root()).await;
    assert!(said.contains("DATABASE_URL"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hosts_write_one_log_at_once() {
    let Some(database) = database() else { return };
    let world = World::founded_in(82, &on_server(&database.url)).await;
    let before = world.entries().await;
    let hosts = ["one", "two", "three"].map(|name| other_host(&world, name));
    let mut engines = Vec::new();
    for (seed, root) in (1..).zip(&hosts) {
        engines.push(std::sync::Arc::new(replica(root, seed).await));
    }
    let writers: Vec<_> = engines
        .iter()
        .enumerate()
        .map(|(host, engine)| {
            let engine = engine.clone();
            tokio::spawn(async move {
                for round in 0..15 {
                    let commands = (0..4).map(|step| harmless(&format!("op-{host}-{round}-{step}")));
                    for outcome in engine.execute_all(&user("ann"), commands).await {
                        assert_eq!(outcome.unwrap().len(), 1);
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let expected = before + 3 * 15 * 4;
    for engine in &engines {
        engine.refresh().await.unwrap();
        assert_eq!(engine.ledger().await.len(), expected);
        assert_eq!(engine.program().await.tiers().count(), 3 + 3 * 15 * 4);
        assert_eq!(engine.ledger().await.tree().root(), engines[0].ledger().await.tree().root());
    }
    drop(engines);
    for root in hosts {
        sound(&verify(&root, &Unwatched).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wave_released_by_two_hosts_at_once_is_granted_once() {
    let Some(database) = database() else { return };
    let world = World::due_in(83, &on_server(&database.url)).await;
    let (one, two) =
        (replica(&other_host(&world, "one"), 1).await, replica(&other_host(&world, "two"), 2).await);
    let release = async |engine: &Engine| {
        engine
            .release(&user("bob"), &crate::world::case("c"), &crate::world::wave("w1"), &Unwatched)
            .await
            .unwrap()
    };
    let (first, second) = tokio::join!(release(&one), release(&two));
    assert_eq!(first.granted + second.granted, 4);
    assert!(first.first != second.first, "the wave is released for the first time once");
    let grants = granted(&one).await;
    let mut once = grants.clone();
    once.dedup();
    assert_eq!((grants.len(), &once), (4, &grants));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_host_appends_wakes_the_others() {
    let Some(database) = database() else { return };
    let world = World::founded_in(84, &on_server(&database.url)).await;
    let other = replica(&other_host(&world, "other"), 1).await;
    let mut stirs = other.stirs();
    // It may listen already: nothing comes after that until somebody appends.
    let listening = *stirs.wait_for(|stirs| *stirs > 0).await.unwrap();
    assert!(!other.refresh().await.unwrap());
    world.ok("ann", harmless("eve")).await;
    stirs.wait_for(|stirs| *stirs > listening).await.unwrap();
    assert!(other.refresh().await.unwrap());
    assert_eq!(other.ledger().await.len(), world.entries().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_told_and_the_engine_comes_back_by_itself() {
    let Some(cluster) = Cluster::start() else { return };
    let world = World::founded_in(85, &on_server(&cluster.database())).await;
    world.ok("ann", harmless("eve")).await;
    let before = world.entries().await;
    cluster.halt();
    for _ in 0..2 {
        let said = world.engine.execute(&user("ann"), harmless("mia")).await.unwrap_err();
        assert!(matches!(said, WriteError::Store(StoreError::Unreachable(_))), "{said:?}");
        assert!(!said.to_string().contains("forewarn@localhost/"), "{said}");
    }
    assert!(world.engine.writable().await.is_err());
    assert_eq!(world.entries().await, before, "what is known stays known");
    cluster.resume();
    world.ok("ann", harmless("mia")).await;
    assert_eq!(world.entries().await, before + 1);
    sound(&world.verify().await);
}

/// Makes every commit of entries wait for ever.
const STUCK: &str = "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN PERFORM pg_sleep(86400); RETURN NULL; END'; \
     CREATE CONSTRAINT TRIGGER stuck AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED \
     FOR EACH ROW EXECUTE FUNCTION stuck()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_in_the_middle_of_a_commit_keeps_nobody_waiting() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.database();
    let world = std::sync::Arc::new(World::founded_in(88, &on_server(&database)).await);
    let before = world.entries().await;
    psql(&database, STUCK);
    let (asking, asked) = (world.clone(), user("ann"));
    let asking = tokio::spawn(async move { asking.engine.execute(&asked, harmless("eve")).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while psql(&database, waits).trim() != "1" {
        tokio::task::yield_now().await;
    }
    cluster.halt();
    let said = asking.await.unwrap().unwrap_err();
    assert!(matches!(said, WriteError::Store(StoreError::Unsettled(_))), "{said:?}");
    // The state is ahead of the log, and the log cannot be read: whoever asks is told, and does not wait for it.
    let said = world.engine.refresh().await.unwrap_err();
    assert!(matches!(&said, WriteError::Store(StoreError::Unreachable(_))), "{said:?}");
    assert!(said.to_string().contains("read anew once it is back"), "{said}");
    cluster.resume();
    psql(&database, "DROP TRIGGER stuck ON entry");
    while world.engine.refresh().await.is_err() {}
    assert_eq!(world.entries().await, before, "what was not committed is not known");
    world.ok("ann", harmless("eve")).await;
    assert_eq!(world.entries().await, before + 1);
    sound(&world.verify().await);
}

#[tokio::test]
async fn a_log_rolled_back_on_its_server_is_refused() {
    let Some(database) = database() else { return };
    let world = World::founded_in(86, &on_server(&database.url)).await;
    world.ok("ann", harmless("eve")).await;
    world.ok("ann", harmless("mia")).await;
    let last = world.entries().await - 1;
    psql(&database.url, "ALTER TABLE entry DISABLE TRIGGER entry_is_never_removed");
    psql(&database.url, &format!("DELETE FROM entry WHERE seq = {last}"));
    let said = world.engine.execute(&user("ann"), harmless("zoe")).await.unwrap_err().to_string();
    assert!(said.contains("not in the database any more"), "{said}");
    let root = world.root();
    let dir = world.closed().await;
    let Err(refused) = reopen(&root).await else { panic!("it opened") };
    assert!(refused.to_string().contains("1 entries are lost"), "{refused}");
    let found = crate::world::problems(&root).await;
    assert!(found.contains("1 entries are lost") && found.contains("entry_is_never_removed"), "{found}");
    drop(dir);
}
