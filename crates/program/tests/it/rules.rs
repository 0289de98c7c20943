//! Founding, operators, tiers, and what holds for every command.

use program::{Command, Refusal, program::Rules};

use crate::world::{self, DAY, World, about, early, found, lead, member, t, tier, user};

#[test]
fn founding_is_refused_without_sound_rules_and_only_happens_once() {
    let with = |change: fn(&mut Rules)| {
        let mut command = found();
        if let Command::Found { rules, .. } = &mut command {
            change(rules);
        }
        World::empty().refused("ann", command)
    };
    for change in [
        |rules: &mut Rules| rules.epsilon = f64::NAN,
        |rules: &mut Rules| rules.epsilon = f64::INFINITY,
        |rules: &mut Rules| rules.epsilon = 0.0,
        |rules: &mut Rules| rules.epsilon = -1e-6,
        |rules: &mut Rules| rules.epsilon = 1.0,
    ] {
        assert!(matches!(with(change), Refusal::LooseBound { .. }));
    }
    assert!(matches!(with(|rules| rules.max_embargo = lead(0)), Refusal::Empty(_)));
    assert!(matches!(with(|rules| rules.colluders = 0), Refusal::Empty(_)));
    assert!(matches!(World::founded().refused("ann", found()), Refusal::Exists { what: "program", .. }));
}

#[test]
fn founding_names_the_program_somebody_and_each_tier_once() {
    let founded = |name: &str, operators: &[&str], tiers: Vec<_>| Command::Found {
        name: name.to_owned(),
        rules: Rules::default(),
        operators: operators.iter().map(|name| user(name)).collect(),
        tiers,
    };
    let mut world = World::empty();
    assert!(matches!(world.refused("ann", founded(" ", &["ann"], Vec::new())), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", founded("p", &[], Vec::new())), Refusal::Empty(_)));
    let twice = vec![(tier("early"), early()), (tier("early"), early())];
    assert!(matches!(
        world.refused("ann", founded("p", &["ann"], twice)),
        Refusal::Exists { what: "tier", .. }
    ));
    let renamed = vec![(tier("other"), early())];
    assert!(matches!(world.refused("ann", founded("p", &["ann"], renamed)), Refusal::OtherTier { .. }));
    world.ok("ann", founded("p", &["ann"], vec![(tier("early"), early())]));
    assert_eq!(world.program.name(), "p");
    assert_eq!(world.program.tier(&tier("early")), Ok(&early()));
}

#[test]
fn only_operators_act_and_never_before_the_log() {
    let mut world = World::founded();
    assert_eq!(world.refused("eve", world::open()), Refusal::NotAnOperator(user("eve")));
    world.ok("ann", world::open());
    world.now = t(-1);
    assert!(matches!(world.refused("ann", world::propose(DAY)), Refusal::ClockBehind { .. }));
    world.now = t(0);
    world.ok("ann", world::propose(DAY));
}

#[test]
fn what_is_unknown_is_named() {
    let mut world = World::founded();
    let unknown = Refusal::UnknownCase(world::case("c"));
    for command in [
        world::propose(DAY),
        world::publish(world.now),
        world::items(&["poc.py"], 1),
        world::schedule(DAY),
        world::approve(),
        world::finish(),
        world::record(Vec::new()),
        world::sight(program::sighting::SightingKind::Mention, t(0), false),
    ] {
        assert_eq!(world.refused("ann", command), unknown);
    }
    assert_eq!(
        world.refused("ann", about("acme", program::member::MemberCommand::Vet)),
        Refusal::UnknownMember(member("acme"))
    );
    assert!(matches!(world.refused("ann", world::open_leak(1)), Refusal::UnknownSighting(_)));
    assert!(matches!(world.refused("ann", world::record_reading(world::reading())), Refusal::UnknownLeak(_)));
    assert!(matches!(world.refused("ann", world::record_trace(world::trace(&[]))), Refusal::UnknownLeak(_)));
    assert!(matches!(world.refused("ann", world::confirm()), Refusal::UnknownReview(_)));
    assert!(matches!(world.refused("ann", world::open_review("acme", None)), Refusal::UnknownMember(_)));
}

#[test]
fn a_lone_operator_may_name_the_second_one() {
    let mut world = World::empty();
    let Command::Found { name, rules, tiers, .. } = world::found() else { panic!("founding founds") };
    world.ok("ann", Command::Found { name, rules, tiers, operators: [user("ann")].into() });
    world.ok("ann", Command::AddOperator(user("bob")));
    world.ok("ann", Command::AddOperator(user("cyd")));
    assert_eq!(world.program.operators().count(), 2, "the third one takes two");
}

#[test]
fn operators_and_tiers_are_set_once() {
    let mut world = World::founded();
    world.idle("ann", Command::AddOperator(user("bob")));
    world.ok("ann", Command::AddOperator(user("dan")));
    assert!(
        matches!(world.refused("dan", world::open()), Refusal::NotAnOperator(_)),
        "proposed is not added"
    );
    assert!(matches!(world.refused("ann", Command::AddOperator(user("dan"))), Refusal::SamePerson { .. }));
    world.ok("bob", Command::AddOperator(user("dan")));
    world.idle("ann", Command::AddOperator(user("dan")));
    world.ok("dan", world::open());

    world.idle("ann", Command::SetTier(tier("early"), early()));
    let renamed = Command::SetTier(tier("other"), early());
    assert!(matches!(world.refused("ann", renamed), Refusal::OtherTier { .. }));
    let longer = policy::Tier { lead: lead(20 * DAY), ..early() };
    world.ok("ann", Command::SetTier(tier("early"), longer.clone()));
    world.idle("ann", Command::SetTier(tier("early"), longer));
}
