//! The embargo's authority: two people, an end that comes, and no way back.

use program::{
    Refusal,
    case::Observation,
    embargo::{Embargo, EmbargoCommand},
};

use crate::world::{
    DAY, END, HOUR, World, case, embargo, member, observe, open, propose, t, terminate, to, told,
};

fn state(world: &World) -> Embargo {
    world.program.case(&case("c")).unwrap().embargo()
}

fn accept() -> program::Command {
    embargo(EmbargoCommand::Accept { ends: None })
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

#[test]
fn of_several_proposals_the_earliest_stands() {
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(END));
    for later in [END, END + DAY] {
        assert!(matches!(world.refused("bob", propose(later)), Refusal::LaterProposal { .. }));
    }
    world.ok("bob", propose(END - DAY));
    assert_eq!(state(&world), Embargo::Proposed { ends: t(END - DAY) });
    world.ok("ann", accept());
    // The later one is a revision now, and among revisions the earliest stands again.
    world.ok("ann", propose(END + DAY));
    assert!(matches!(world.refused("bob", propose(END + 2 * DAY)), Refusal::LaterProposal { .. }));
    world.ok("bob", propose(END));
    world.ok("ann", accept());
    assert_eq!(state(&world), Embargo::Active { ends: t(END) });
    // A proposal whose time has passed stands in nobody's way.
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(DAY));
    world.now = t(DAY);
    world.ok("bob", propose(2 * DAY));
}

#[test]
fn an_acceptance_names_the_proposal_and_no_other_is_accepted_unseen() {
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(END));
    let seen = |ends: i64| embargo(EmbargoCommand::Accept { ends: Some(t(ends)) });
    world.ok("cyd", propose(DAY));
    assert!(matches!(world.refused("bob", seen(END)), Refusal::OtherProposal { .. }));
    let done = world.ok("bob", seen(DAY));
    let body = serde_json::from_slice::<serde_json::Value>(&done[0].to_body().unwrap()).unwrap();
    let accepts = &body["event"]["embargo"]["moved"]["accepts"];
    assert_eq!(*accepts, serde_json::json!({"ends": t(DAY), "by": "cyd"}));
}

#[test]
fn an_early_end_is_told_to_all_who_know_or_were_about_to() {
    // Whoever is in the tiers of a wave learns of it with the public; whoever is not stays out of it.
    let mut world = World::planned();
    world.admit("cord", "late");
    world.ok("ann", to("cord", policy::Standing::Suspended));
    world.ok("ann", terminate());
    assert_eq!(world.program.notifications().count(), 1, "one person's word ends nothing");
    world.ok("bob", terminate());
    let told_of = |world: &World| {
        let newest = world.program.notifications().last().unwrap();
        newest.untold().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told_of(&world), "acme bolt");
    assert!(matches!(world.refused("ann", told(2, &["cord"])), Refusal::NotToBeTold { .. }));
    assert!(matches!(world.refused("ann", told(3, &[])), Refusal::UnknownNotification(_)));
    world.ok("ann", told(2, &["bolt"]));
    world.idle("bob", told(2, &["bolt"]));
    world.ok("bob", told(2, &[]));
    assert_eq!(told_of(&world), "");

    // Forced by what the public knows, it is told as well; an end that came by itself is not.
    let mut world = World::planned();
    world.ok("ann", observe(Observation::ExploitPublic, t(0)));
    assert_eq!(told_of(&world), "acme bolt");
    let mut world = World::planned();
    world.now = t(END);
    world.ok("ann", observe(Observation::PublicAware, t(END)));
    assert_eq!(world.program.notifications().count(), 0);
}

#[test]
fn an_end_that_moves_is_told_to_nobody_but_those_who_hold_a_copy() {
    let mut world = World::leaked();
    world.ok("ann", propose(END + DAY));
    world.ok("bob", accept());
    let told: Vec<_> = world.program.notifications().next().unwrap().untold().collect();
    assert_eq!(told, [&member("acme")]);
    assert!(world.program.member(&member("bolt")).is_ok());
}

#[test]
fn nothing_outlives_the_embargo() {
    let waves = |world: &World| {
        let case = world.program.case(&case("c")).unwrap();
        let public = case.embargo().public().unwrap();
        case.waves().map(|wave| program::embargo::before(public, wave.lead)).collect::<Vec<_>>()
    };
    for end in [
        |world: &mut World| {
            world.ok("ann", terminate());
            world.ok("bob", terminate());
        },
        |world: &mut World| {
            world.ok("ann", observe(Observation::PublicAware, world.now));
        },
        |world: &mut World| {
            world.ok("ann", observe(Observation::ExploitPublic, world.now));
        },
    ] {
        let mut world = World::approved();
        world.ok("ann", observe(Observation::AttacksObserved, t(0)));
        world.now = t(HOUR);
        let later = waves(&world);
        end(&mut world);
        // Every wave is due, the advisory may be published, no deadline runs on, and none can be scheduled after.
        assert!(waves(&world).iter().zip(later).all(|(at, was)| *at <= world.now && world.now < was));
        assert!(world.program.deadlines().all(|deadline| deadline.closed.is_some()));
        assert!(matches!(world.refused("ann", crate::world::schedule(0)), Refusal::NoEmbargo { .. }));
        world.release("ann").unwrap();
        assert_eq!(world.granted().split(' ').count(), 6, "everything to everybody in its tiers");
        world.ok("ann", crate::world::publish(world.now));
    }
}
