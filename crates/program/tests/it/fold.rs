//! `apply` on logs that were decided, and on entries that never should have been.

use program::{Context, Program, plan};
use proptest::prelude::*;

use crate::{
    simulation::{begun, command, fixed, step},
    strategies,
    world::{POLICY, World, case, t, user, wave},
};

fn fold<'a>(entries: impl IntoIterator<Item = &'a program::Entry>) -> Program {
    let mut program = Program::default();
    entries.into_iter().for_each(|entry| program.apply(entry));
    program
}

#[test]
fn every_prefix_is_a_state_and_continues_to_the_same_one() {
    let world = begun(true);
    let whole = fold(&world.log);
    assert_eq!(whole, world.program);
    assert_eq!(whole.entries(), world.log.len() as u64);
    assert_eq!(whole.high_water(), Some(world.now));
    for cut in 0..world.log.len() {
        let mut prefix = fold(&world.log[..cut]);
        assert_ne!(prefix, whole, "entry {cut} changes nothing");
        world.log[cut..].iter().for_each(|entry| prefix.apply(entry));
        assert_eq!(prefix, whole);
    }
}

#[test]
fn a_last_place_in_the_log_does_not_overflow() {
    let mut world = World::peopled();
    let mut last = world.log.pop().unwrap();
    last.seq = u64::MAX;
    world.program.apply(&last);
    assert_eq!(world.program.entries(), u64::MAX);
}

proptest! {
    #![proptest_config(fixed(256, 2))]

    /// A corrupt log is caught by its hashes; if one ever gets here it may be refused, and must not crash.
    #[test]
    fn entries_that_nobody_decided_never_panic(
        upon_a_program: bool,
        entries in prop::collection::vec(strategies::entries(), 0..60),
        then in prop::collection::vec(step(), 0..12),
    ) {
        let mut program = if upon_a_program { begun(true).program } else { Program::default() };
        let again = program.clone();
        entries.iter().for_each(|entry| program.apply(entry));
        let mut twice = again;
        entries.iter().for_each(|entry| twice.apply(entry));
        prop_assert_eq!(&twice, &program);
        let now = program.high_water().unwrap_or(t(0)).max(t(0));
        let actor = user("ann");
        for step in &then {
            let ctx = Context { now, actor: &actor };
            let _ = program.decide(&ctx, command(&program, t(0), step));
        }
        let _ = plan::plan(&program, &POLICY, &case("c"), &wave("w"), now);
    }

    /// Entries out of order, doubled and missing.
    #[test]
    fn a_shuffled_log_never_panics(picks in prop::collection::vec(any::<prop::sample::Index>(), 0..120)) {
        let log = begun(true).log;
        let entries: Vec<_> = picks.iter().map(|pick| pick.get(&log)).collect();
        prop_assert_eq!(fold(entries.clone()), fold(entries));
    }
}
