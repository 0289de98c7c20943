//! The timer: nothing early, everything once, whoever else is at work.

use engine::{
    Engine, Entropy,
    timer::{Tick, Timer, overdue},
};
use jiff::SignedDuration;
use program::{id::UserId, wave::WaveCommand};

use crate::world::{
    END, W1, W2, World, about, after, case, identity, in_wave, member, schedule, sound, suspend, t,
};

async fn tick(timer: &mut Timer, engine: &Engine) -> Tick {
    timer.tick(engine).await.unwrap()
}

fn waves(tick: &Tick) -> Vec<(String, usize, bool)> {
    tick.released
        .iter()
        .map(|done| (done.wave.to_string(), done.released.granted, done.released.first))
        .collect()
}

#[tokio::test]
async fn nothing_is_released_a_microsecond_early_and_everything_at_its_instant_once() {
    let world = World::due(41).await;
    let mut timer = Timer::default();
    world.clock.set(after(t(W1), -1));
    let before = world.entries().await;
    for _ in 0..3 {
        assert!(waves(&tick(&mut timer, &world.engine).await).is_empty());
    }
    assert_eq!(world.entries().await, before);
    world.clock.set(t(W1));
    assert_eq!(waves(&tick(&mut timer, &world.engine).await), [("w1".into(), 4, true)]);
    let entries = world.entries().await;
    for _ in 0..3 {
        assert!(waves(&tick(&mut timer, &world.engine).await).is_empty());
    }
    assert_eq!(world.entries().await, entries, "a second look decides on nothing");
    world.clock.set(after(t(W2), 5_000_000));
    let done = tick(&mut timer, &world.engine).await;
    assert_eq!(done.released[0].lag, SignedDuration::from_secs(5));
    let granted = world.granted().await;
    let mut once = granted.clone();
    once.dedup();
    assert_eq!(granted, once);
    let by: Vec<UserId> =
        world.engine.newest(1).await.unwrap().into_iter().map(|entry| entry.actor).collect();
    assert_eq!(by, [UserId::timer()]);
    sound(&world.verify().await);
}

#[tokio::test]
async fn what_becomes_due_later_is_released_later() {
    let world = World::due(42).await;
    let mut timer = Timer::default();
    tick(&mut timer, &world.engine).await;
    assert!(!world.granted().await.iter().any(|grant| grant.starts_with("keyless/")));
    // A key that is confirmed after the wave.
    let fingerprint = identity(4).to_public().fingerprint();
    world.ok("bob", about("keyless", program::member::MemberCommand::ConfirmKey { fingerprint })).await;
    assert_eq!(waves(&tick(&mut timer, &world.engine).await), [("w1".into(), 2, false)]);
    // What a duty holds back comes with the public instant, with no new entry in between.
    world.clock.set(t(W2));
    tick(&mut timer, &world.engine).await;
    tick(&mut timer, &world.engine).await;
    assert!(!world.granted().await.contains(&String::from("dutiful/advisory.md")));
    world.clock.set(after(t(END), -1));
    assert!(waves(&tick(&mut timer, &world.engine).await).is_empty());
    world.clock.set(t(END));
    assert!(!waves(&tick(&mut timer, &world.engine).await).is_empty());
    assert!(world.granted().await.contains(&String::from("dutiful/advisory.md")));
}

#[tokio::test]
async fn a_wave_that_cannot_be_released_is_tried_again_and_keeps_no_other_from_it() {
    let world = World::due(43).await;
    // Everybody whom the first wave is for is suspended: it would reach nobody.
    for id in ["acme", "bolt", "keyless", "unasked"] {
        world.ok("ann", suspend(id)).await;
    }
    let mut timer = Timer::default();
    world.clock.set(t(W2));
    let done = tick(&mut timer, &world.engine).await;
    assert_eq!(waves(&done).len(), 1, "the second wave");
    assert_eq!(done.failed.len(), 1);
    let late = overdue(&*world.engine.program().await, t(W2), SignedDuration::ZERO);
    assert_eq!(late.iter().map(|(case, wave, _)| format!("{case}/{wave}")).collect::<Vec<_>>(), ["c/w1"]);
    tick(&mut timer, &world.engine).await;
    assert!(tick(&mut timer, &world.engine).await.failed.is_empty(), "not again within the minute");
    world.clock.set(after(t(W2), 61_000_000));
    assert_eq!(tick(&mut timer, &world.engine).await.failed.len(), 1);
}

#[tokio::test]
async fn a_wave_that_was_moved_is_not_released_at_its_old_instant() {
    let world = World::peopled(44).await;
    world
        .ok(
            "ann",
            program::Command::Case(
                case("c"),
                program::case::CaseCommand::Open { title: "x".into(), cves: vec![] },
            ),
        )
        .await;
    world.ok("ann", crate::world::embargo(program::embargo::EmbargoCommand::Propose { ends: t(END) })).await;
    world.ok("bob", crate::world::embargo(program::embargo::EmbargoCommand::Accept { ends: None })).await;
    world.engine.add_items(&crate::world::user("ann"), &case("c"), crate::world::package()).await.unwrap();
    let approve = || in_wave("w1", WaveCommand::Approve { plan: None });
    world.ok("ann", schedule("w1", END - W1, &["validate"])).await;
    world.ok("ann", approve()).await;
    world.ok("bob", approve()).await;
    let mut timer = Timer::default();
    tick(&mut timer, &world.engine).await;
    world.ok("ann", schedule("w1", END - W2, &["validate"])).await;
    world.clock.set(t(W1));
    assert!(
        waves(&tick(&mut timer, &world.engine).await).is_empty(),
        "its approvals are void, and it is not due"
    );
    world.ok("ann", approve()).await;
    world.ok("bob", approve()).await;
    assert!(waves(&tick(&mut timer, &world.engine).await).is_empty());
    world.clock.set(t(W2));
    assert_eq!(waves(&tick(&mut timer, &world.engine).await).len(), 1);
}

#[tokio::test]
async fn replicas_with_a_timer_each_grant_every_copy_once() {
    let world = World::due(45).await;
    let root = world.root();
    let open = |seed| Engine::open(&root, world.clock.clone(), Entropy::seeded(seed));
    let (second, third) = (open(1).await.unwrap(), open(2).await.unwrap());
    let run = async |engine: &Engine| {
        let mut timer = Timer::default();
        for _ in 0..3 {
            // A replica that lost a race says so and looks again.
            let _ = timer.tick(engine).await;
        }
    };
    tokio::join!(run(&world.engine), run(&second), run(&third));
    let granted = world.granted().await;
    assert_eq!(
        granted,
        ["acme/advisory.md", "acme/reproduction.py", "bolt/advisory.md", "bolt/reproduction.py"]
    );
    for engine in [&second, &third] {
        engine.refresh().await.unwrap();
        assert_eq!(engine.ledger().await.tree().root(), world.engine.ledger().await.tree().root());
        assert_eq!(engine.copies(&member("acme")).await.unwrap().sealed.len(), 2);
    }
    second.close().await;
    third.close().await;
    let dir = world.closed().await;
    sound(&engine::verify::verify(&root, &engine::progress::Unwatched).await);
    drop(dir);
}
