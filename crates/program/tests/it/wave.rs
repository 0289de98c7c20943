//! Scheduling and approving: what two people agreed to is what is released.

use policy::{Action, Class, Standing, Tier};
use program::{Command, Refusal, marks::MarksCommitment, wave::WaveCommand};

use crate::world::{
    DAY, END, POLICY, World, about, approve, case, commit, copy, early, embargo, file, finish, in_case,
    in_wave, item, items, lead, marks, propose, record, record_fact, schedule, t, third_party_duty, tier, to,
    wave,
};

fn approvals(world: &World) -> usize {
    world.program.case(&case("c")).unwrap().wave(&wave("w")).unwrap().approvals.len()
}

fn planned(tiers: &[&str], of: &[&str]) -> Command {
    in_wave(WaveCommand::Schedule {
        lead: lead(DAY),
        tiers: tiers.iter().map(|name| tier(name)).collect(),
        items: of.iter().map(|name| item(name)).collect(),
    })
}

#[test]
fn a_wave_is_of_something_to_somebody_under_embargo() {
    let mut world = World::peopled();
    world.ok("ann", crate::world::open());
    assert!(matches!(world.refused("ann", schedule(DAY)), Refusal::NoEmbargo { .. }));
    world.ok("ann", propose(END));
    assert!(matches!(world.refused("ann", schedule(DAY)), Refusal::NoEmbargo { .. }));

    let mut world = World::embargoed();
    assert!(matches!(world.refused("ann", schedule(DAY)), Refusal::EmptyWave { what: "item", .. }));
    let nothing = program::item::Item { size: 0, ..file("poc.py", 1) };
    let command = Command::AddItems(case("c"), vec![file("notice.md", 1), nothing]);
    assert!(matches!(world.refused("ann", command), Refusal::Empty(_)), "an empty file is a slip");
    world.ok("ann", items(&["poc.py"], 1));
    assert!(matches!(world.refused("ann", planned(&[], &[])), Refusal::EmptyWave { what: "tier", .. }));
    assert!(matches!(world.refused("ann", planned(&["gold"], &[])), Refusal::UnknownTier(_)));
    assert!(matches!(world.refused("ann", planned(&["early"], &["x.md"])), Refusal::UnknownItem { .. }));
    assert!(matches!(world.refused("ann", approve()), Refusal::UnknownWave { .. }));
    world.ok("ann", planned(&["early"], &["poc.py"]));
    world.now = t(END);
    assert!(matches!(world.refused("ann", schedule(DAY)), Refusal::NoEmbargo { .. }));
}

#[test]
fn two_different_people_approve_and_somebody_must_be_there() {
    let mut world = World::planned();
    world.ok("ann", approve());
    assert!(matches!(world.refused("ann", approve()), Refusal::ApprovedBySame { .. }));
    world.now = t(END - 14 * DAY);
    for command in [finish(), record(vec![copy("acme", "poc.py")]), record(Vec::new())] {
        assert!(matches!(world.refused("ann", command), Refusal::NotApproved { have: 1, need: 2, .. }));
    }
    world.ok("bob", approve());
    assert_eq!(approvals(&world), 2);

    let mut world = World::planned();
    world.ok("ann", to("acme", Standing::Suspended));
    world.both("bolt", Standing::Removed);
    assert!(matches!(world.refused("ann", approve()), Refusal::NobodyThere { .. }));
}

#[test]
fn approvals_start_over_when_the_wave_is_scheduled_again() {
    let mut world = World::due();
    world.ok("cyd", schedule(14 * DAY));
    assert_eq!(approvals(&world), 0);
    assert!(matches!(world.refused("ann", finish()), Refusal::NotApproved { have: 0, .. }));
}

#[test]
fn approvals_start_over_when_an_item_of_the_wave_is_replaced() {
    let mut world = World::due();
    world.idle("cyd", items(&["poc.py"], 1));
    assert_eq!(approvals(&world), 2, "the same item again replaces nothing");
    world.ok("cyd", items(&["later.md"], 1));
    assert_eq!(approvals(&world), 2, "a new item is in no wave");
    let reclassed = program::item::Item { class: Class::Notice, ..file("poc.py", 1) };
    for replaced in [file("poc.py", 2), reclassed] {
        let mut world = world.clone();
        world.ok("cyd", Command::AddItems(case("c"), vec![replaced]));
        assert_eq!(approvals(&world), 0);
        world.ok("cyd", commit(&world.program));
        assert!(matches!(world.release("cyd"), Err(Refusal::NotApproved { .. })));
        assert_eq!(world.granted(), "");
        world.ok("ann", approve());
        world.ok("bob", approve());
        world.release("cyd").unwrap();
    }
}

#[test]
fn one_person_cannot_widen_what_two_approved_by_changing_a_tier() {
    let wider = Command::SetTier(
        tier("late"),
        Tier {
            id: String::from("late"),
            lead: lead(14 * DAY),
            classes: Class::ALL.iter().copied().collect(),
        },
    );
    let mut world = World::due();
    world.ok("ann", wider.clone());
    assert!(matches!(world.release("ann"), Err(Refusal::NotApproved { have: 0, .. })));

    // After the release too: what is left of the wave is given on two new approvals.
    let mut world = World::due();
    world.release("ann").unwrap();
    let before = world.granted();
    world.ok("ann", wider);
    assert!(matches!(world.release("ann"), Err(Refusal::NotApproved { have: 0, .. })));
    assert_eq!(world.granted(), before);
    world.ok("bob", approve());
    world.ok("cyd", approve());
    world.release("ann").unwrap();
    assert!(world.granted().contains("bolt/poc.py"));

    // A tier that no wave names disturbs none.
    let mut world = World::due();
    let other = Tier { id: String::from("gold"), ..early() };
    world.ok("ann", Command::SetTier(tier("gold"), other.clone()));
    world.ok("ann", Command::SetTier(tier("gold"), Tier { lead: lead(DAY), ..other }));
    assert_eq!(approvals(&world), 2);
}

#[test]
fn a_released_wave_is_neither_planned_nor_approved_again() {
    let mut world = World::due();
    world.release("ann").unwrap();
    assert!(matches!(world.refused("ann", schedule(DAY)), Refusal::AlreadyReleased { .. }));
    assert!(matches!(world.refused("cyd", approve()), Refusal::AlreadyReleased { .. }));
}

#[test]
fn a_wave_moves_with_the_embargo_and_is_never_early() {
    let mut world = World::approved();
    let refused_until = |world: &mut World, at: i64| {
        world.now = t(at) - jiff::SignedDuration::from_nanos(1);
        assert!(matches!(world.refused("ann", finish()), Refusal::NotDue { .. }));
        let copies = record(vec![copy("acme", "poc.py")]);
        assert!(matches!(world.refused("ann", copies), Refusal::NotDue { .. }));
        world.now = t(at);
    };
    refused_until(&mut world, END - 14 * DAY);
    world.ok("ann", propose(END + DAY));
    world.ok("bob", embargo(program::embargo::EmbargoCommand::Accept { ends: None }));
    refused_until(&mut world, END - 13 * DAY);
    assert_eq!(world.release("ann").unwrap().len(), 5, "three copies, the release, and that it is told");
}

#[test]
fn items_are_added_once_each_and_never_under_a_member() {
    let mut world = World::embargoed();
    assert!(matches!(world.refused("ann", items(&[], 1)), Refusal::Empty(_)));
    assert!(matches!(
        world.refused("ann", items(&["poc.py", "poc.py"], 1)),
        Refusal::Exists { what: "item", .. }
    ));
    let mut world = World::due();
    world.release("ann").unwrap();
    world.idle("ann", items(&["poc.py"], 1));
    assert!(matches!(world.refused("ann", items(&["new.md", "poc.py"], 2)), Refusal::ItemReleased { .. }));
    world.ok("ann", items(&["new.md"], 1));
}

#[test]
fn only_what_is_new_enters_the_package() {
    let mut world = World::embargoed();
    world.ok("ann", items(&["poc.py"], 1));
    let done = world.ok("ann", items(&["poc.py", "rule.yar"], 1));
    assert!(!format!("{done:?}").contains("poc.py"));
    let case = world.program.case(&case("c")).unwrap();
    assert_eq!((case.package(), case.items().count()), (2, 2));
    assert_eq!(case.items_of(1).len(), 1);
    assert_eq!(case.items_of(2).len(), 2);
}

#[test]
fn marks_are_committed_once_for_the_package_that_is_there() {
    let mut world = World::embargoed();
    assert!(matches!(
        world.refused("ann", commit(&world.program.clone())),
        Refusal::MarksNotCommitted { .. }
    ));
    world.ok("ann", items(&["poc.py"], 1));
    let good = marks(&world.program);
    let commit = |marks: MarksCommitment| Command::CommitMarks(case("c"), marks);
    for package in [0, 2] {
        let other = MarksCommitment { package, ..good.clone() };
        assert!(matches!(world.refused("ann", commit(other)), Refusal::MarksNotCommitted { .. }));
    }
    for epsilon in [f64::NAN, 0.0, -1.0, 1.01e-6, f64::INFINITY] {
        let loose = MarksCommitment { epsilon, ..good.clone() };
        assert!(matches!(world.refused("ann", commit(loose)), Refusal::LooseBound { .. }));
    }
    world.ok("ann", commit(good.clone()));
    world.idle("bob", commit(good.clone()));
    let other = MarksCommitment { sites: 1, ..good };
    assert!(matches!(world.refused("ann", commit(other)), Refusal::Exists { .. }));
}

#[test]
fn once_it_is_public_everybody_in_the_wave_has_everything() {
    let mut world = World::due();
    world.ok(
        "ann",
        in_case(program::case::CaseCommand::Observe {
            what: program::case::Observation::PublicAware,
            at: world.now,
        }),
    );
    // Everything is public now: the wave is released on its two approvals, to everybody, with everything.
    world.release("ann").unwrap();
    assert_eq!(
        world.granted(),
        "acme/notice.md acme/poc.py acme/rule.yar bolt/notice.md bolt/poc.py bolt/rule.yar"
    );
}

#[test]
fn judging_equal_records_once_changes_no_row() {
    let mut world = World::due();
    for (id, into) in [("cord", "early"), ("dune", "late"), ("elm", "early")] {
        world.admit(id, into);
    }
    world.ok("ann", about("dune", record_fact(third_party_duty(policy::Trigger::Knowledge))));
    world.ok("ann", to("elm", policy::Standing::Suspended));
    for now in [world.now, t(END - 1), t(END), t(END + 400 * DAY)] {
        let plan = program::plan::plan(&world.program, &POLICY, &case("c"), &wave("w"), now).unwrap();
        let case = world.program.case(&case("c")).unwrap();
        assert!(plan.rows.len() > 8);
        for row in &plan.rows {
            let member = world.program.member(&row.member).unwrap();
            let dossier = program::judge::Dossier::of(&world.program, member, now);
            let item = case.item(&row.item).unwrap();
            let own = program::judge::outlook(&POLICY, case, item, member, &dossier, Action::Fetch, now);
            assert_eq!((&row.policies, &row.facts, &row.says), (&own.policies, &own.facts, &own.says));
        }
    }
}

#[test]
fn an_approval_names_the_plan_and_no_other_is_approved_unseen() {
    let saw = |world: &World| in_wave(WaveCommand::Approve { plan: Some(world.plan().hash) });
    let changes: [fn(&mut World); 7] = [
        |world| world.admit("cord", "late"),
        |world| {
            world.ok("ann", to("bolt", Standing::Suspended));
        },
        |world| {
            world.ok("ann", items(&["poc.py"], 2));
        },
        |world| {
            world.ok("ann", schedule(13 * DAY));
        },
        |world| {
            world.ok(
                "ann",
                Command::SetTier(tier("late"), Tier { lead: lead(2 * DAY), ..crate::world::late() }),
            );
        },
        |world| {
            world.ok("ann", propose(END - DAY));
            world.ok("bob", embargo(program::embargo::EmbargoCommand::Accept { ends: None }));
        },
        |world| {
            world.ok("ann", about("acme", record_fact(third_party_duty(policy::Trigger::Knowledge))));
        },
    ];
    for change in changes {
        let mut world = World::planned();
        let seen = saw(&world);
        change(&mut world);
        assert!(matches!(world.refused("ann", seen), Refusal::PlanChanged { .. }));
        let now = saw(&world);
        world.ok("ann", now);
    }
    let mut world = World::planned();
    let hash = world.plan().hash;
    let approved = saw(&world);
    world.ok("ann", approved);
    let wave = world.program.case(&case("c")).unwrap().wave(&wave("w")).unwrap();
    let approval = wave.approvals.values().next().unwrap();
    assert_eq!((approval.plan, approval.package), (Some(hash), Some(1)));
}

#[test]
fn a_plan_keeps_its_hash_as_time_goes_by_and_copies_go_out() {
    let mut world = World::approved();
    world.ok("ann", about("bolt", record_fact(third_party_duty(policy::Trigger::Knowledge))));
    let hash = world.plan().hash;
    for at in [DAY, END - 14 * DAY, END - DAY, END, END + DAY] {
        world.now = t(at);
        assert_eq!(world.plan().hash, hash, "{at}");
        if at == END - 14 * DAY {
            world.release("ann").unwrap();
            assert_eq!(world.plan().hash, hash);
        }
    }
}

#[test]
fn a_wave_that_reaches_nobody_is_neither_approved_nor_released() {
    let mut world = World::due();
    for id in ["acme", "bolt"] {
        world.ok("ann", to(id, Standing::Suspended));
    }
    assert!(matches!(world.refused("ann", finish()), Refusal::NobodyThere { .. }));
    world.ok("ann", schedule(14 * DAY));
    assert!(matches!(world.refused("ann", approve()), Refusal::NobodyThere { .. }));
    // A member that only waits for the public is somebody.
    world.both("bolt", Standing::Restricted);
    world.ok("ann", approve());
}

#[test]
fn a_plan_counts_every_member_once_for_each_item() {
    let mut world = World::due();
    world.admit("cord", "early");
    world.ok("ann", about("cord", record_fact(third_party_duty(policy::Trigger::Knowledge))));
    let plan = world.plan();
    let counts = plan.counts();
    for (name, class, expected) in [
        // Due, later, withheld until some instant, never.
        ("notice.md", Class::Notice, (1, 1, 1, 0)),
        ("rule.yar", Class::Detection, (1, 1, 1, 0)),
        ("poc.py", Class::Reproduction, (1, 1, 0, 1)),
    ] {
        let of = counts[&item(name)];
        assert_eq!((of.due, of.later, of.withheld, of.never), expected, "{name}");
        assert_eq!((of.class, of.granted, of.blocked), (class, 0, 0));
    }
}
