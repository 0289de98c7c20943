//! What is counted as it comes, against what is there.

use std::collections::BTreeSet;

use program::{Program, id::MemberId, plan};
use proptest::prelude::*;

use crate::{
    simulation::{begun, fixed},
    strategies,
    world::{DAY, World, member, t},
};

/// Counts what there is for a member, thing by thing.
pub(crate) fn counted(program: &Program, member: &MemberId) -> u64 {
    let copies = program
        .cases()
        .flat_map(|case| case.items().filter(|item| case.granted(&item.item, member).is_some()))
        .count();
    let named = program.notifications().filter(|known| known.members.contains_key(member)).count();
    (copies + named) as u64
}

#[test]
fn news_is_of_whoever_was_granted_something_and_of_nobody_else() {
    let mut world = World::due();
    let of = |world: &World, who: &str| world.program.news_of(&member(who));
    let before = (of(&world, "acme"), of(&world, "bolt"));
    world.release("ann").unwrap();
    for known in world.program.members() {
        assert_eq!(world.program.news_of(&known.id), counted(&world.program, &known.id), "{}", known.id);
    }
    assert!(of(&world, "acme") > before.0);
    assert_eq!(of(&world, "bolt"), before.1, "it is in no tier of the wave");
    assert_eq!(of(&world, "nobody"), 0);
}

/// What is due of every wave.
fn due(program: &Program, now: jiff::Timestamp) -> BTreeSet<(String, String, MemberId, String)> {
    let mut found = BTreeSet::new();
    for case in program.cases() {
        for wave in case.waves() {
            let Ok(plan) = plan::plan(program, program.policies(), case.id(), &wave.wave, now) else {
                continue;
            };
            found.extend(plan.due().map(|row| {
                (case.id().to_string(), wave.wave.to_string(), row.member.clone(), row.item.to_string())
            }));
        }
    }
    found
}

proptest! {
    #![proptest_config(fixed(192, 20_261_122))]

    /// Whoever looks again only after what is decisive misses nothing.
    #[test]
    fn only_what_is_decisive_makes_more_due(
        far: bool,
        days in 0..40_i64,
        entries in prop::collection::vec(strategies::entries(), 1..12),
    ) {
        let mut program = begun(far).program;
        let now = t(days * DAY);
        let mut before = (program.decisive(), due(&program, now));
        for mut entry in entries {
            entry.seq = program.entries();
            program.apply(&entry);
            let after = (program.decisive(), due(&program, now));
            if after.0 == before.0 {
                prop_assert!(after.1.is_subset(&before.1), "{:?} made more due", entry.event);
            }
            before = after;
        }
    }
}
