//! Heartbeats: one for each stretch, whoever comes first, and nothing but the timer's.

use program::{Command, Refusal, actor::TIMER};

use crate::world::{World, lead, t};

#[test]
fn a_heartbeat_comes_once_a_stretch_and_moves_the_high_water_mark() {
    let mut world = World::founded();
    let beat = Command::Heartbeat(lead(60));
    for actor in ["ann", "member", "console"] {
        assert!(matches!(world.refused(actor, beat.clone()), Refusal::NotAnOperator(_)), "{actor}");
    }
    world.now = t(59);
    world.ok(TIMER, beat.clone());
    world.idle(TIMER, beat.clone());
    assert_eq!(world.program.high_water(), Some(t(59)));
    world.now = t(60);
    world.ok(TIMER, beat.clone());
    world.now = t(119);
    world.idle(TIMER, beat.clone());
    // After a time without a server there is one, and not one for each stretch that was missed.
    world.now = t(3_000);
    assert_eq!(world.ok(TIMER, beat.clone()).len(), 1);
    world.idle(TIMER, beat);
    let last = world.program.heartbeat().unwrap();
    assert_eq!((last.at, last.entries), (t(3_000), world.program.entries()));
    // A cadence of nothing is one of a second.
    world.now = t(3_001);
    world.ok(TIMER, Command::Heartbeat(lead(0)));
    world.idle(TIMER, Command::Heartbeat(lead(0)));
}
