//! Opening, observing, publishing and closing a case; sightings; exit decisions.

use program::{
    Command, Event, Refusal,
    case::{CaseCommand, CaseEvent, Observation},
    embargo::{Embargo, EmbargoCommand},
    id::DeadlineId,
    sighting::{Report, SightingKind},
};

use crate::world::{
    DAY, END, HOUR, World, case, embargo, finish, in_case, items, keep, observe, open, propose, publish,
    schedule, sight, t, terminate,
};

fn state(world: &World) -> Embargo {
    world.program.case(&case("c")).unwrap().embargo()
}

/// When the running exit decision is due.
fn due(world: &World) -> Option<jiff::Timestamp> {
    world.program.deadlines().find(|deadline| deadline.closed.is_none()).map(|deadline| deadline.due)
}

#[test]
fn a_case_opens_once_and_with_a_title() {
    let mut world = World::founded();
    let blank = CaseCommand::Open { title: String::new(), cves: Vec::new() };
    assert!(matches!(world.refused("ann", in_case(blank)), Refusal::Empty(_)));
    world.ok("ann", open());
    assert!(matches!(world.refused("ann", open()), Refusal::Exists { what: "case", .. }));
}

#[test]
fn a_case_does_not_close_while_its_embargo_is_in_force() {
    let mut world = World::embargoed();
    world.now = t(END - 1);
    assert!(matches!(world.refused("ann", in_case(CaseCommand::Close)), Refusal::EmbargoInForce { .. }));
    world.ok("ann", propose(END - 1 + HOUR));
    assert!(matches!(world.refused("ann", in_case(CaseCommand::Close)), Refusal::EmbargoInForce { .. }));
    world.now = t(END);
    let done = world.ok("ann", in_case(CaseCommand::Close));
    assert_eq!(done.len(), 2, "the end is written down before the case is closed");
    assert_eq!(state(&world), Embargo::Exited { at: t(END) });
}

#[test]
fn nothing_begins_in_a_closed_case() {
    let mut world = World::founded();
    world.ok("ann", open());
    world.ok("ann", propose(DAY));
    world.ok("ann", in_case(CaseCommand::Close));
    for command in [
        propose(2 * DAY),
        embargo(EmbargoCommand::Accept { ends: None }),
        items(&["poc.py"], 1),
        schedule(DAY),
        in_case(CaseCommand::Close),
        publish(world.now),
    ] {
        assert_eq!(world.refused("bob", command), Refusal::CaseClosed { case: case("c") });
    }
    world.ok("ann", sight(SightingKind::Mention, t(0), false));
}

#[test]
fn nothing_is_published_before_the_public_instant_or_twice() {
    let mut world = World::founded();
    world.ok("ann", open());
    assert!(matches!(world.refused("ann", publish(world.now)), Refusal::NoEmbargo { .. }));
    let mut world = World::embargoed();
    world.now = t(END - 1);
    assert!(matches!(world.refused("ann", publish(world.now)), Refusal::PublishEarly { .. }));
    world.now = t(END);
    let nothing = in_case(CaseCommand::Publish { at: world.now, files: Vec::new() });
    assert!(matches!(world.refused("ann", nothing), Refusal::NoAdvisory { .. }));
    world.ok("ann", publish(world.now));
    assert_eq!(state(&world), Embargo::Exited { at: t(END) });
    assert!(matches!(world.refused("ann", publish(world.now)), Refusal::AlreadyPublished { .. }));
}

#[test]
fn publishing_late_does_not_move_the_public_instant() {
    let mut world = World::embargoed();
    world.now = t(END + 9 * DAY);
    world.ok("ann", publish(world.now));
    assert_eq!(state(&world), Embargo::Exited { at: t(END) });
}

#[test]
fn public_knowledge_ends_the_embargo_at_once() {
    for what in [Observation::PublicAware, Observation::ExploitPublic] {
        let mut world = World::embargoed();
        world.ok("ann", propose(END + DAY));
        world.now = t(DAY);
        let ahead = observe(what, t(DAY + 1));
        assert!(matches!(world.refused("ann", ahead), Refusal::SeenInTheFuture { .. }));
        world.ok("ann", observe(what, t(HOUR)));
        assert_eq!(state(&world), Embargo::Exited { at: t(DAY) }, "now, not when it was seen");
        let observed = world.program.case(&case("c")).unwrap().observed();
        assert_eq!(observed.public_aware, Some(t(HOUR)), "a public exploit makes the public aware");
        world.idle("bob", observe(what, t(DAY)));
    }
}

#[test]
fn an_observation_after_the_end_does_not_move_it() {
    let mut world = World::embargoed();
    world.now = t(END + DAY);
    world.ok("ann", observe(Observation::PublicAware, t(END + HOUR)));
    assert_eq!(state(&world), Embargo::Exited { at: t(END) });
}

#[test]
fn attacks_open_one_exit_decision_that_somebody_must_take() {
    let mut world = World::embargoed();
    assert!(matches!(world.refused("ann", keep()), Refusal::NothingToDecide { .. }));
    world.ok("ann", sight(SightingKind::Exploitation, t(0), false));
    assert_eq!(due(&world), Some(t(DAY)));
    world.idle("ann", observe(Observation::AttacksObserved, t(0)));
    assert_eq!(world.ok("ann", sight(SightingKind::Exploitation, t(0), false)).len(), 1);
    let why_not = embargo(EmbargoCommand::Keep { reason: String::new() });
    assert!(matches!(world.refused("ann", why_not), Refusal::Empty(_)));
    world.ok("ann", keep());
    assert_eq!(due(&world), None);
    assert!(matches!(world.refused("ann", keep()), Refusal::NothingToDecide { .. }));
    world.ok("ann", sight(SightingKind::Exploitation, t(0), false));
    assert_eq!(due(&world), Some(t(DAY)), "a new attack asks anew");
    assert!(world.program.deadlines().any(|deadline| deadline.id == DeadlineId(2)));
}

#[test]
fn an_exit_decision_never_outlives_the_embargo() {
    let mut world = World::embargoed();
    world.now = t(END - HOUR);
    world.ok("ann", observe(Observation::AttacksObserved, world.now));
    assert_eq!(due(&world), Some(t(END)), "opened near the end");

    let mut world = World::embargoed();
    world.ok("ann", observe(Observation::AttacksObserved, t(0)));
    world.ok("ann", propose(2 * HOUR));
    assert_eq!(due(&world), Some(t(DAY)), "a revision binds nobody yet");
    world.ok("bob", embargo(EmbargoCommand::Accept { ends: None }));
    assert_eq!(due(&world), Some(t(2 * HOUR)), "shortened with the embargo");
    world.now = t(2 * HOUR);
    world.ok("ann", publish(world.now));
    assert_eq!(due(&world), None, "over with it");
}

#[test]
fn every_way_out_answers_the_exit_decision() {
    let ways: [fn(&mut World); 4] = [
        |world| {
            world.ok("ann", terminate());
            world.ok("bob", terminate());
        },
        |world| {
            world.ok("ann", observe(Observation::PublicAware, t(0)));
        },
        |world| {
            world.now = t(END);
            world.ok("ann", publish(world.now));
        },
        |world| {
            world.now = t(END);
            world.ok("ann", in_case(CaseCommand::Close));
        },
    ];
    for way in ways {
        let mut world = World::embargoed();
        world.ok("ann", observe(Observation::AttacksObserved, t(0)));
        way(&mut world);
        assert_eq!(due(&world), None);
        assert!(matches!(
            world.refused("ann", keep()),
            Refusal::NothingToDecide { .. } | Refusal::CaseClosed { .. }
        ));
    }
}

#[test]
fn there_is_no_exit_to_decide_once_the_embargo_has_run_out() {
    let mut world = World::embargoed();
    world.ok("ann", observe(Observation::AttacksObserved, t(0)));
    world.now = t(END);
    assert!(matches!(world.refused("ann", keep()), Refusal::NothingToDecide { .. }));
    let mut world = World::embargoed();
    world.now = t(END);
    assert_eq!(world.ok("ann", observe(Observation::AttacksObserved, t(END))).len(), 1);
}

#[test]
fn a_sighting_lies_in_the_past_and_shows_something() {
    let mut world = World::embargoed();
    assert!(matches!(
        world.refused("ann", sight(SightingKind::Mention, t(1), false)),
        Refusal::SeenInTheFuture { .. }
    ));
    let empty = Report { kind: SightingKind::Leak, seen: t(0), note: String::new(), exhibits: Vec::new() };
    assert!(matches!(world.refused("ann", Command::AddSighting(case("c"), empty)), Refusal::Empty(_)));
    world.ok("ann", sight(SightingKind::Leak, t(0), false));
    world.ok("ann", sight(SightingKind::Mention, t(0), false));
    let numbers: Vec<String> = world.program.sightings().map(|seen| seen.id.to_string()).collect();
    assert_eq!(numbers, ["S1", "S2"]);
}

#[test]
fn a_case_is_closed_after_its_last_wave_too() {
    let mut world = World::due();
    world.release("ann").unwrap();
    world.now = t(END);
    let done = world.ok("ann", publish(world.now));
    assert!(done.iter().any(|entry| matches!(entry.event, Event::Case(CaseEvent::Published { .. }))));
    world.ok("ann", in_case(CaseCommand::Close));
    // bolt's lead was shorter than the wave's; what it is owed is public now and not lost.
    assert!(matches!(world.refused("ann", finish()), Refusal::CopiesMissing { .. }));
    world.release("ann").unwrap();
    world.idle("ann", finish());
}
