//! A release that was cut off goes on where it stopped; two replicas share one log.

use std::{collections::BTreeSet, path::Path};

use engine::{Clock, Engine, Entropy, progress::Unwatched};

use crate::world::{W1, World, case, copy_folder, granted, harmless, in_wave, reopen, sound, t, user, wave};

const DUE: [&str; 4] =
    ["acme/advisory.md", "acme/reproduction.py", "bolt/advisory.md", "bolt/reproduction.py"];

async fn release(engine: &Engine) -> engine::release::Released {
    engine.release(&user("bob"), &case("c"), &wave("w1"), &Unwatched).await.unwrap()
}

/// Waits until the log is so long.
async fn reached(engine: &Engine, entries: u64) {
    while engine.ledger().await.len() < entries {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_release_cut_off_anywhere_is_finished_by_the_next_one() {
    let world = World::due(41).await;
    let root = world.root();
    let before = world.entries().await;
    world.release("w1").await.unwrap();
    let after = world.entries().await;
    let other = World::due(41).await;
    assert_eq!(other.entries().await, before);
    let (root, _dirs) = (other.root(), (root, world.closed().await, other.closed().await));
    let mut states = BTreeSet::new();
    for entries in before..=after {
        let copy = tempfile::tempdir().unwrap();
        let folder = copy.path().join("program");
        copy_folder(&root, &folder);
        let first = reopen(&folder).await.unwrap();
        tokio::select! {
            biased;
            () = reached(&first, entries) => {}
            _ = release(&first) => {}
        }
        first.close().await;
        let second = reopen(&folder).await.unwrap();
        let had = granted(&second).await.len();
        states.insert((second.ledger().await.len() > before, had));
        let finished = release(&second).await;
        assert_eq!(finished.granted, DUE.len() - had);
        assert_eq!(granted(&second).await, DUE, "cut off at {entries} entries");
        let whole = second.ledger().await.len();
        let third = release(&second).await;
        assert_eq!((third.granted, third.members, third.first), (0, 0, false));
        assert_eq!(second.ledger().await.len(), whole, "a second release decides on no events");
        assert_eq!(whole, after);
        second.close().await;
        sound(&engine::verify::verify(&folder, &Unwatched).await);
    }
    // Cut off before anything, after the commitment to the marks, and after the copies.
    assert_eq!(states, [(false, 0), (true, 0), (true, DUE.len())].into());
}

#[tokio::test]
async fn half_of_the_copies_recorded_are_not_given_again() {
    let world = World::due(42).await;
    let keys = engine::keys::Keys::read(world.engine.folder()).unwrap();
    let package = world.engine.package(&case("c"), 1).await.unwrap();
    let marks = program::marks::MarksCommitment {
        package: 1,
        codebook: keys.mark.commitment("c"),
        site_map: program::id::Sha256(mark::code::site_map_sha256(&package.master)),
        sites: package.master.sites.len() as u32,
        renderer: mark::render::RENDERER.to_owned(),
        reader: mark::read::READER.to_owned(),
        scorer: mark::accuse::SCORER.to_owned(),
        epsilon: 1e-6,
        colluders: 2,
        bias: Some(package.bias()),
    };
    world.ok("ann", program::Command::CommitMarks(case("c"), marks)).await;
    let file = package.index_of(&"reproduction.py".parse().unwrap()).unwrap();
    let word = package.codebook.codeword("acme");
    let text = mark::render::render_file(&package.master, file, &word).unwrap().text;
    let copy = program::grant::Copy {
        member: "acme".parse().unwrap(),
        item: "reproduction.py".parse().unwrap(),
        sha256: engine::hash::sha256(text.as_bytes()),
        size: text.len() as u64,
        package: 1,
        row: package.row("acme"),
    };
    world.ok("ann", program::Command::RecordCopies(case("c"), wave("w1"), vec![copy])).await;
    let released = world.release("w1").await.unwrap();
    assert_eq!((released.granted, released.members, released.first), (3, 2, true));
    assert_eq!(world.granted().await, DUE);
    assert_eq!(world.opened("acme").await[1].1, text);
    sound(&world.verify().await);
}

async fn replica(root: &Path, seed: u64) -> Engine {
    Engine::open(root, Clock::simulated(t(W1)), Entropy::seeded(seed)).await.unwrap()
}

/// Lets a replica take in what the other one wrote; the command itself comes to nothing.
async fn catch_up(engine: &Engine) {
    assert!(
        engine.execute(&user("ann"), program::Command::AddOperator(user("ann"))).await.unwrap().is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_write_one_log() {
    let world = World::due(43).await;
    let root = world.root();
    let (one, two) = (replica(&root, 1).await, replica(&root, 2).await);
    let before = world.entries().await;
    let write = async |engine: &Engine, name: &str| {
        for round in 0..20 {
            let commands = (0..5).map(|step| harmless(&format!("{name}-{round}-{step}")));
            for outcome in engine.execute_all(&user("ann"), commands).await {
                assert_eq!(outcome.unwrap().len(), 1);
            }
        }
    };
    tokio::join!(write(&one, "one"), write(&two, "two"));
    catch_up(&one).await;
    catch_up(&two).await;
    assert_eq!(*one.program().await, *two.program().await);
    assert_eq!(one.ledger().await.tree().root(), two.ledger().await.tree().root());
    let entries = one.newest(u64::MAX).await.unwrap();
    assert!(entries.iter().enumerate().all(|(place, entry)| entry.seq == place as u64));
    assert_eq!(entries.len() as u64, before + 200);
    let tiers = one.program().await.tiers().count();
    assert_eq!(tiers, 203);
    sound(&engine::verify::verify(&root, &Unwatched).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_release_one_wave_once() {
    let world = World::due(44).await;
    let root = world.root();
    for round in 0..3 {
        let copy = world.dir.path().join(format!("round-{round}"));
        copy_folder(&root, &copy);
        let (one, two) = (replica(&copy, 1).await, replica(&copy, 2).await);
        let (first, second) = tokio::join!(release(&one), release(&two));
        assert_eq!(first.granted + second.granted, DUE.len());
        assert!(first.first != second.first, "the wave is released for the first time once");
        catch_up(&one).await;
        assert_eq!(granted(&one).await, DUE);
        one.close().await;
        two.close().await;
        sound(&engine::verify::verify(&copy, &Unwatched).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_program_can_be_opened_while_another_replica_writes() {
    let world = World::founded(45).await;
    let root = world.root();
    let writing = async {
        for number in 0..150 {
            world.ok("ann", harmless(&format!("op-{number}"))).await;
        }
    };
    let opening = async {
        for _ in 0..30 {
            replica(&root, 1).await.close().await;
            sound(&engine::verify::verify(&root, &Unwatched).await);
        }
    };
    tokio::join!(writing, opening);
}

#[tokio::test]
async fn a_member_suspended_in_the_middle_gets_nothing_more() {
    let world = World::due(46).await;
    let plan = world.engine.plan(&case("c"), &wave("w1"), None).await.unwrap();
    assert_eq!(plan.due().count(), DUE.len());
    world.ok("ann", crate::world::suspend("acme")).await;
    assert_eq!(world.release("w1").await.unwrap().granted, 2);
    assert_eq!(world.granted().await, DUE[2..]);
    let finish = in_wave("w1", program::wave::WaveCommand::Finish);
    assert!(world.engine.execute(&user("ann"), finish).await.unwrap().is_empty());
}
