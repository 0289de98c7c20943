//! Reviews: two people, grounds, a reply, and one decision.

use policy::Standing;
use program::{
    Command, Refusal,
    id::ReviewId,
    member::MemberCommand,
    review::{Outcome, ReviewCommand},
};

use crate::world::{
    World, about, confirm, member, open_leak, open_review, outcome, reading, record_reading, record_trace,
    reply, to, trace,
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
    let silent =
        ReviewCommand::Propose { review: ReviewId(1), outcome: Outcome::Warn, reason: String::new() };
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
    world.ok("cyd", to("acme", Standing::Removed));
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
