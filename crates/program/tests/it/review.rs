//! Reviews: two people, grounds, a reply, and one decision.

use policy::{Class, Restriction, Standing};
use program::{
    Command, Refusal,
    id::ReviewId,
    member::MemberCommand,
    plan::Fate,
    review::{Outcome, ReviewCommand, warnings},
};

use crate::world::{
    DAY, END, World, about, adopt, confirm, item, member, open_leak, open_review, outcome, proposes,
    proposes_policy, reading, record_reading, record_trace, reply, restrict, t, to, trace,
};

fn reviewed() -> World {
    let mut world = World::peopled();
    world.ok("ann", open_review("acme", None));
    world
}

#[test]
fn a_review_has_a_reason_and_a_leak_only_where_the_trace_accuses() {
    let mut world = World::leaked();
    let reason = String::from(" ");
    let silent = ReviewCommand::Open { member: member("acme"), leak: None, reason };
    assert!(matches!(world.refused("ann", Command::Review(silent)), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", open_review("acme", Some(1))), Refusal::UnknownLeak(_)));
    world.ok("ann", open_leak(1));
    assert!(matches!(world.refused("ann", open_review("acme", Some(1))), Refusal::NotAccused { .. }));
    world.ok("ann", record_reading(reading()));
    assert!(matches!(world.refused("ann", open_review("acme", Some(1))), Refusal::NotAccused { .. }));
    let mut unclear = world.clone();
    unclear.ok("ann", record_trace(trace(&[])));
    assert!(matches!(unclear.refused("ann", open_review("acme", Some(1))), Refusal::NotAccused { .. }));
    world.ok("ann", record_trace(trace(&["acme"])));
    assert!(matches!(world.refused("ann", open_review("bolt", Some(1))), Refusal::NotAccused { .. }));
    world.ok("ann", open_review("acme", Some(1)));
}

#[test]
fn an_outcome_is_proposed_by_one_and_confirmed_by_another() {
    let mut world = reviewed();
    assert_eq!(world.refused("bob", confirm()), Refusal::NothingProposed(ReviewId(1)));
    let silent = ReviewCommand::Propose {
        review: ReviewId(1),
        outcome: Outcome::Warn,
        reason: String::new(),
        finding: None,
        restriction: None,
    };
    assert!(matches!(world.refused("ann", Command::Review(silent)), Refusal::Empty(_)));
    world.ok("ann", reply());
    let mute = ReviewCommand::Reply { review: ReviewId(1), text: String::new() };
    assert!(matches!(world.refused("ann", Command::Review(mute)), Refusal::Empty(_)));
    world.ok("ann", outcome(Outcome::Suspend));
    assert!(matches!(world.refused("ann", confirm()), Refusal::SamePerson { .. }));
    world.ok("bob", outcome(Outcome::Remove));
    assert!(matches!(world.refused("bob", confirm()), Refusal::SamePerson { .. }), "it is bob's now");
    world.ok("cyd", confirm());
    assert_eq!(world.standing("acme"), Standing::Removed);
    let review = world.program.review(ReviewId(1)).unwrap();
    assert_eq!(review.reply.as_deref(), Some("not us"));
    for done in [reply(), outcome(Outcome::Warn), confirm()] {
        assert_eq!(world.refused("ann", done), Refusal::ReviewDecided(ReviewId(1)));
    }
}

#[test]
fn every_outcome_gives_its_standing() {
    for (wanted, standing) in [
        (Outcome::Clear, Standing::Active),
        (Outcome::Warn, Standing::Suspended),
        (Outcome::Restrict, Standing::Restricted),
        (Outcome::Suspend, Standing::Suspended),
        (Outcome::Remove, Standing::Removed),
    ] {
        let mut world = reviewed();
        world.ok("ann", to("acme", Standing::Suspended));
        world.ok("ann", outcome(wanted));
        world.ok("bob", confirm());
        assert_eq!(world.standing("acme"), standing, "{}", wanted.as_str());
    }
}

#[test]
fn an_outcome_that_no_longer_fits_is_not_confirmed() {
    let mut world = reviewed();
    world.ok("ann", outcome(Outcome::Suspend));
    world.both("acme", Standing::Removed);
    assert!(matches!(world.refused("bob", confirm()), Refusal::IllegalStanding { .. }));
    assert!(matches!(world.refused("ann", outcome(Outcome::Clear)), Refusal::IllegalStanding { .. }));
    world.ok("ann", outcome(Outcome::Remove));
    world.ok("bob", confirm());
}

#[test]
fn a_review_does_not_admit() {
    let mut world = World::founded();
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("Acme") }));
    world.ok("ann", about("acme", MemberCommand::Vet));
    world.ok("ann", open_review("acme", None));
    assert_eq!(
        world.refused("ann", outcome(Outcome::Clear)),
        Refusal::AdmitInstead { member: member("acme") }
    );
}

#[test]
fn a_restriction_takes_classes_for_a_time_and_ends_by_itself() {
    let mut world = World::due();
    world.ok("ann", open_review("acme", None));
    let until = END - 10 * DAY;
    world.ok("ann", restrict(&[Class::Reproduction, Class::Detection], Some(until)));
    assert_eq!(world.standing("acme"), Standing::Active);
    assert!(matches!(world.refused("ann", confirm()), Refusal::SamePerson { .. }));
    let fate = |world: &World, of: &str| {
        let plan = world.plan();
        let row = plan.rows.iter().find(|row| row.member == member("acme") && row.item == item(of)).unwrap();
        (row.fate, row.policies.join(" "))
    };
    assert_eq!(fate(&world, "poc.py").0, Fate::Due, "proposed is not decided");
    world.ok("bob", confirm());
    let withheld = (Fate::Withheld { until: Some(t(until)) }, String::from("classes-restricted"));
    assert_eq!(fate(&world, "poc.py"), withheld);
    assert_eq!(fate(&world, "rule.yar"), withheld);
    assert_eq!(fate(&world, "notice.md").0, Fate::Due);
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "acme/notice.md");
    world.now = t(until) - jiff::SignedDuration::from_nanos(1);
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "acme/notice.md");
    world.now = t(until);
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "acme/notice.md acme/poc.py acme/rule.yar");
}

#[test]
fn a_restriction_does_not_outlive_the_embargo_and_is_lifted_by_a_review() {
    let restricted = || {
        let mut world = World::due();
        world.ok("ann", open_review("acme", None));
        world.ok("ann", restrict(&[Class::Notice, Class::Reproduction, Class::Detection], None));
        world.ok("bob", confirm());
        world.release("ann").unwrap();
        assert_eq!(world.granted(), "");
        world
    };
    let mut world = restricted();
    world.now = t(END);
    world.release("ann").unwrap();
    assert!(world.granted().contains("acme/poc.py"));

    let mut world = restricted();
    world.ok("ann", open_review("acme", None));
    let again = |outcome, restriction| {
        Command::Review(ReviewCommand::Propose {
            review: ReviewId(2),
            outcome,
            reason: String::from("so"),
            finding: None,
            restriction,
        })
    };
    let less = Restriction { classes: [Class::Reproduction].into(), until: None };
    let shorter = Restriction { classes: Class::ALL.iter().copied().collect(), until: Some(t(END)) };
    for weaker in [less, shorter] {
        let refusal = world.refused("ann", again(Outcome::Restrict, Some(weaker)));
        assert!(matches!(refusal, Refusal::RestrictsLess { .. }), "{refusal}");
    }
    world.ok("ann", again(Outcome::Clear, None));
    world.ok("bob", Command::Review(ReviewCommand::Confirm { review: ReviewId(2) }));
    world.release("ann").unwrap();
    assert!(world.granted().contains("acme/poc.py"));
}

#[test]
fn a_restriction_that_would_bar_nothing_is_refused() {
    let mut world = reviewed();
    assert!(matches!(world.refused("ann", restrict(&[], None)), Refusal::Empty(_)));
    assert!(matches!(
        world.refused("ann", restrict(&[Class::Notice], Some(0))),
        Refusal::RestrictionEnded { .. }
    ));
    let some = Restriction { classes: [Class::Notice].into(), until: None };
    for outcome in [Outcome::Clear, Outcome::Warn, Outcome::Suspend, Outcome::Remove] {
        let refusal = world.refused("ann", proposes(outcome, Some(some.clone())));
        assert!(matches!(refusal, Refusal::NothingToRestrict { .. }), "{refusal}");
    }
    world.ok("ann", restrict(&[Class::Notice], Some(DAY)));
    world.now = t(DAY);
    assert!(
        matches!(world.refused("bob", confirm()), Refusal::RestrictionEnded { .. }),
        "its time has passed"
    );
    // Under a set that does not read restrictions, one would be a word without an effect.
    let deaf = "@id(\"all\") @says(\"all\") permit (principal, action, resource);";
    world.ok("ann", proposes_policy("deaf", deaf));
    world.ok("bob", adopt(2));
    assert_eq!(world.refused("ann", restrict(&[Class::Notice], None)), Refusal::RestrictionUnheeded);
}

#[test]
fn a_member_is_told_of_its_review_and_its_outcome() {
    let mut world = reviewed();
    world.ok("ann", restrict(&[Class::Reproduction], Some(DAY)));
    world.ok("bob", confirm());
    let told: Vec<_> = world.program.notifications().map(|known| known.text.clone()).collect();
    assert_eq!(
        told,
        [
            "review R1 of it was opened, and it may reply before that is decided",
            "review R1 of it was decided: it is restricted, reproduction until 2026-06-02T00:00:00Z",
        ]
    );
    assert!(world.program.notifications().all(|known| known.untold().eq([&member("acme")])));
}

#[test]
fn a_warning_changes_no_standing_and_is_counted() {
    let mut world = reviewed();
    let warned = |world: &World| warnings(&world.program, &member("acme"), world.now);
    world.ok("ann", outcome(Outcome::Warn));
    assert!(matches!(world.refused("ann", confirm()), Refusal::SamePerson { .. }));
    assert_eq!(warned(&world), 0, "proposed is not decided");
    let done = world.ok("bob", confirm());
    assert_eq!(world.standing("acme"), Standing::Active);
    assert_eq!(done.len(), 2, "decided and told, and nothing else: {done:?}");
    assert_eq!(warned(&world), 1);
    assert_eq!(warnings(&world.program, &member("bolt"), world.now), 0);
    assert_eq!(warnings(&world.program, &member("acme"), t(-1)), 0, "not yet then");
    let told = world.program.notifications().last().unwrap();
    assert_eq!(told.text, "review R1 of it was decided: it is warned, and its standing stays as it is");
    world.ok("bob", open_review("acme", None));
    assert_eq!(warned(&world), 1);
}

#[test]
fn one_ground_has_one_open_review() {
    let mut world = reviewed();
    let refusal = world.refused("bob", open_review("acme", None));
    assert_eq!(refusal, Refusal::ReviewOpen { review: ReviewId(1), member: member("acme") });
    world.ok("bob", open_review("bolt", None));
    world.ok("ann", outcome(Outcome::Clear));
    world.ok("bob", confirm());
    world.ok("bob", open_review("acme", None));
}
