//! The embargo's authority: two people, an end that comes, and no way back.

use program::{
    Refusal,
    case::Observation,
    embargo::{Embargo, EmbargoCommand},
};

use crate::world::{DAY, END, HOUR, World, case, embargo, observe, open, propose, t, terminate};

fn state(world: &World) -> Embargo {
    world.program.case(&case("c")).unwrap().embargo()
}

fn accept() -> program::Command {
    embargo(EmbargoCommand::Accept)
}

fn reject() -> program::Command {
    embargo(EmbargoCommand::Reject)
}

#[test]
fn an_embargo_begins_when_a_second_person_accepts() {
    let mut world = World::founded();
    world.ok("ann", open());
    for early in [accept(), reject(), terminate()] {
        assert!(matches!(world.refused("bob", early), Refusal::IllegalMove(_)));
    }
    assert!(matches!(world.refused("ann", propose(0)), Refusal::EndsInThePast { .. }));
    assert!(matches!(world.refused("ann", propose(90 * DAY + 1)), Refusal::EmbargoTooLong { .. }));
    world.ok("ann", propose(90 * DAY));
    assert!(matches!(world.refused("ann", accept()), Refusal::SamePerson { .. }));
    assert!(matches!(world.refused("bob", terminate()), Refusal::IllegalMove(_)));
    world.ok("bob", propose(END));
    assert!(matches!(world.refused("bob", accept()), Refusal::SamePerson { .. }), "it is bob's now");
    world.ok("ann", accept());
    assert_eq!(state(&world), Embargo::Active { ends: t(END) });
}

#[test]
fn a_rejected_proposal_binds_nobody() {
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(END));
    world.ok("ann", reject());
    assert_eq!(state(&world), Embargo::None);
    assert!(matches!(world.refused("bob", accept()), Refusal::IllegalMove(_)));
}

#[test]
fn a_proposal_that_waited_too_long_is_not_accepted() {
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(DAY));
    world.now = t(DAY);
    assert!(matches!(world.refused("bob", accept()), Refusal::EndsInThePast { .. }));
}

#[test]
fn a_revision_holds_the_old_end_until_a_second_person_accepts() {
    let mut world = World::embargoed();
    assert!(matches!(world.refused("bob", accept()), Refusal::IllegalMove(_)));
    world.ok("ann", propose(END + DAY));
    assert_eq!(state(&world).public(), Some(t(END)));
    assert!(matches!(world.refused("ann", accept()), Refusal::SamePerson { .. }));
    world.ok("bob", reject());
    assert_eq!(state(&world), Embargo::Active { ends: t(END) });
    world.ok("ann", propose(END + DAY));
    world.ok("bob", accept());
    assert_eq!(state(&world), Embargo::Active { ends: t(END + DAY) });
}

#[test]
fn extending_again_and_again_comes_to_an_end() {
    let mut world = World::embargoed();
    for days in [60, 89] {
        world.now = t((days - 31) * DAY);
        world.ok("ann", propose(days * DAY));
        world.ok("bob", accept());
    }
    world.now = t(88 * DAY);
    assert!(matches!(world.refused("ann", propose(90 * DAY + 1)), Refusal::EmbargoTooLong { .. }));
    world.ok("ann", propose(90 * DAY));
    world.ok("bob", accept());
}

#[test]
fn an_embargo_that_has_run_out_takes_no_step() {
    let mut world = World::embargoed();
    world.now = t(END);
    for step in [propose(END + DAY), accept(), reject(), terminate()] {
        for operator in ["ann", "bob"] {
            let refusal = world.refused(operator, step.clone());
            assert!(matches!(refusal, Refusal::IllegalMove(_)), "{refusal}");
        }
    }
    // The same with a revision that nobody accepted in time: what was public stays public.
    let mut world = World::embargoed();
    world.ok("ann", propose(END + DAY));
    world.now = t(END);
    assert!(matches!(world.refused("bob", accept()), Refusal::IllegalMove(_)));
    assert_eq!(state(&world).public(), Some(t(END)));
}

#[test]
fn an_early_end_takes_two_people_and_a_reason() {
    let mut world = World::embargoed();
    let silent = embargo(EmbargoCommand::Terminate { reason: String::from(" ") });
    assert!(matches!(world.refused("ann", silent), Refusal::Empty(_)));
    world.ok("ann", terminate());
    assert_eq!(state(&world), Embargo::Active { ends: t(END) });
    assert!(matches!(world.refused("ann", terminate()), Refusal::SamePerson { .. }));
    world.now = t(HOUR);
    world.ok("bob", terminate());
    assert_eq!(state(&world), Embargo::Exited { at: t(HOUR) });
    for step in [propose(2 * END), accept(), reject(), terminate()] {
        assert!(matches!(world.refused("cyd", step), Refusal::IllegalMove(_)));
    }
}

#[test]
fn a_wish_to_end_does_not_outlast_the_end_it_was_about() {
    let mut world = World::embargoed();
    world.ok("ann", terminate());
    world.ok("ann", propose(END + DAY));
    world.ok("bob", accept());
    world.ok("bob", terminate());
    assert_eq!(state(&world), Embargo::Active { ends: t(END + DAY) });
    world.ok("cyd", terminate());
    assert_eq!(state(&world), Embargo::Exited { at: t(0) });
}

#[test]
fn keeping_the_embargo_takes_back_the_wish_to_end_it() {
    let mut world = World::embargoed();
    world.ok("ann", observe(Observation::AttacksObserved, t(0)));
    world.ok("ann", terminate());
    world.ok("bob", crate::world::keep());
    world.ok("bob", terminate());
    assert_eq!(state(&world), Embargo::Active { ends: t(END) });
}

#[test]
fn no_embargo_begins_and_none_is_extended_once_the_world_knows() {
    for what in [Observation::PublicAware, Observation::ExploitPublic, Observation::AttacksObserved] {
        let mut world = World::founded();
        world.ok("ann", open());
        world.ok("ann", propose(END));
        world.ok("ann", observe(what, t(0)));
        assert!(matches!(world.refused("bob", accept()), Refusal::TooLateForEmbargo { .. }));
        assert!(matches!(world.refused("bob", propose(DAY)), Refusal::TooLateForEmbargo { .. }));
    }
    let mut world = World::embargoed();
    world.ok("ann", propose(END + DAY));
    world.ok("ann", observe(Observation::AttacksObserved, t(0)));
    assert!(matches!(world.refused("bob", accept()), Refusal::NoExtension { .. }));
    assert!(matches!(world.refused("bob", propose(END + 1)), Refusal::NoExtension { .. }));
    world.ok("bob", propose(END - DAY));
    world.ok("ann", accept());
    assert_eq!(state(&world), Embargo::Active { ends: t(END - DAY) });
}
