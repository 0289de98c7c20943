//! Nothing early: neither by a microsecond nor by a clock that was set back.

use engine::{StepError, WriteError};
use program::{Refusal, id::SightingId};

use crate::world::{DAY, END, W1, World, after, case, files, harmless, item, member, t, user, wave};

#[tokio::test]
async fn a_wave_one_microsecond_early_makes_nothing() {
    let world = World::due(11).await;
    world.clock.set(after(t(W1), -1));
    let before = (world.entries().await, files(&world.root().join("blobs")));
    let early = world.release("w1").await.unwrap_err();
    assert!(matches!(early, StepError::Write(WriteError::Refused(Refusal::NotDue { .. }))), "{early}");
    assert!(early.to_string().contains("nothing is released early"), "{early}");
    assert_eq!((world.entries().await, files(&world.root().join("blobs"))), before);
    assert!(world.engine.copies(&member("acme")).await.unwrap().sealed.is_empty());
    world.clock.set(t(W1));
    assert_eq!(world.release("w1").await.unwrap().granted, 4);
}

#[tokio::test]
async fn copies_made_elsewhere_are_not_recorded_early_either() {
    let world = World::due(12).await;
    world.clock.set(after(t(W1), -1));
    let copy = program::grant::Copy {
        member: member("acme"),
        item: item("advisory.md"),
        sha256: program::id::Sha256([1; 32]),
        size: 1,
        package: 1,
        row: program::id::Sha256([2; 32]),
    };
    let record = program::Command::RecordCopies(case("c"), wave("w1"), vec![copy]);
    assert!(world.refused("ann", record).await.contains("nothing is released early"));
}

#[tokio::test]
async fn a_clock_behind_the_log_refuses_everything() {
    let world = World::due(13).await;
    world.clock.set(t(W1 + DAY));
    world.ok("ann", harmless("eve")).await;
    world.leak("paste.txt", "anything").await;
    let blobs = files(&world.root().join("blobs"));
    world.clock.set(after(t(W1 + DAY), -1));
    assert!(world.refused("ann", harmless("dora")).await.contains("set the clock right"));
    for said in [
        world.release("w1").await.unwrap_err().to_string(),
        world.engine.trace(&user("ines"), SightingId(1)).await.unwrap_err().to_string(),
        world
            .engine
            .add_items(&user("ann"), &case("c"), crate::world::package()[..1].to_vec())
            .await
            .unwrap_err()
            .to_string(),
    ] {
        assert!(said.contains("the log has been at"), "{said}");
    }
    assert!(world.granted().await.is_empty());
    assert_eq!(files(&world.root().join("blobs")), blobs);
    world.clock.set(t(END));
    // Everybody in the wave by now, but for the member without a confirmed key.
    assert_eq!(world.release("w1").await.unwrap().granted, 5);
}
