//! Founding a program: all of it, or nothing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use engine::{Clock, Engine, Entropy, Founding};
use program::program::Rules;

use crate::world::{World, founding, t, user};

async fn found(root: &Path, founding: Founding) -> Result<Engine, engine::OpenError> {
    Engine::create(root, founding, &user("ann"), Clock::simulated(t(0)), Entropy::seeded(1)).await
}

#[tokio::test]
async fn a_refused_founding_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("program");
    let rules = |epsilon| Founding { rules: Rules { epsilon, ..Rules::default() }, ..founding() };
    let origin = |origin: &str| Founding { origin: origin.to_owned(), ..founding() };
    let mut twice = founding();
    twice.tiers.push(twice.tiers[0].clone());
    for (wrong, says) in [
        (Founding { name: String::from(" "), ..founding() }, "the program's name must not be empty"),
        (Founding { operators: [].into(), ..founding() }, "the list of operators must not be empty"),
        (rules(0.0), "no bound"),
        (rules(1.0), "no bound"),
        (rules(f64::NAN), "no bound"),
        (twice, "tier `validate` exists already"),
        (origin(""), "cannot name a log"),
        (origin("two words"), "cannot name a log"),
        (origin("a+b"), "cannot name a log"),
    ] {
        let Err(refused) = found(&root, wrong).await else { panic!("`{says}` was founded") };
        assert!(refused.to_string().contains(says), "{refused}");
        assert!(!root.exists(), "{says}");
    }
    found(&root, founding()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_folder_with_something_in_it_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let Err(refused) = found(dir.path(), founding()).await else { panic!("founded over notes") };
    assert!(refused.to_string().contains("is not empty"), "{refused}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn only_the_owner_reads_keys_blobs_and_log() {
    let world = World::due(21).await;
    let mode = |name: &str| fs::metadata(world.root().join(name)).unwrap().permissions().mode() & 0o777;
    for (name, expected) in [
        ("keys", 0o700),
        ("blobs", 0o700),
        ("forewarn.db", 0o600),
        ("forewarn.db-wal", 0o600),
        ("forewarn.db-shm", 0o600),
        ("keys/mark.key", 0o600),
    ] {
        assert_eq!(mode(name), expected, "{name}: {:o}", mode(name));
    }
}
