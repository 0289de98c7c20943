//! What lapses soon, and what the policies make of it.

use jiff::SignedDuration;
use policy::{Fact, FactKind, Standing};
use program::{
    due::{Due, What, due, overdue},
    embargo::EmbargoCommand,
    member::MemberCommand,
    vetting::VettingCommand,
    wave::WaveCommand,
};

use crate::world::{
    DAY, HOUR, POLICY, World, about, agreement, criteria, embargo, in_wave, items, lead, member, no_duty,
    open, propose, record_fact, screening, t, tier, to, vetting,
};

fn soon(world: &World, days: i64) -> Vec<Due> {
    due(&world.program, &POLICY, world.now, SignedDuration::from_hours(24 * days))
}

fn told(world: &World, days: i64) -> Vec<String> {
    soon(world, days)
        .into_iter()
        .map(|due| format!("{} {} at {}: {}", due.member, due.what, due.at, due.then))
        .collect()
}

#[test]
fn nothing_is_due_too_soon_and_the_most_urgent_comes_first() {
    let mut world = World::founded();
    world.admit("acme", "early");
    assert_eq!(told(&world, 30), Vec::<String>::new());
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(20 * DAY) }));
    let duty = Fact { until: Some(t(6 * DAY)), ..no_duty() };
    world.ok("ann", about("acme", record_fact(duty)));
    let seat = Fact {
        kind: FactKind::Jurisdiction,
        subject: None,
        says: Some(String::from("AT")),
        until: Some(t(HOUR)),
        ..no_duty()
    };
    world.ok("ann", about("acme", record_fact(seat)));
    let of = |days| soon(&world, days).into_iter().map(|due| due.what).collect::<Vec<_>>();
    let (seat, duty) =
        (What::Fact(String::from("jurisdiction")), What::Fact(String::from("disclosure-duty/none")));
    assert_eq!(of(1), std::slice::from_ref(&seat));
    assert_eq!(of(7), [seat.clone(), duty.clone()]);
    assert_eq!(of(30), [seat.clone(), duty.clone(), What::Agreement]);
    // What has lapsed stays on the list until somebody renews it.
    world.now = t(10 * DAY);
    assert_eq!(soon(&world, 0).into_iter().map(|due| due.what).collect::<Vec<_>>(), [seat, duty]);
}

#[test]
fn says_what_the_policies_take_away_and_what_they_do_not_read() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.admit("bolt", "late");
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(DAY) }));
    let until = Some(t(2 * DAY));
    world.ok("ann", about("bolt", record_fact(Fact { until, ..no_duty() })));
    let criteria = Fact { kind: FactKind::Criteria, subject: None, until, ..no_duty() };
    world.ok("ann", about("acme", record_fact(criteria)));
    let told = told(&world, 7);
    assert!(
        told[0].starts_with("acme agreement at 2026-06-02T00:00:00Z: nothing of class notice, advisory, detection, indicator, reproduction, patch before it is public: denied"),
        "{told:#?}"
    );
    assert!(told[0].contains("no agreement in force"));
    // The agreement has ended by then, and the fact changes nothing more.
    assert!(told[1].starts_with("acme fact criteria") && told[1].contains("no policy reads it"), "{told:#?}");
    assert!(
        told[2].starts_with("bolt fact disclosure-duty/none at 2026-06-03T00:00:00Z: nothing of class notice, detection before"),
        "{told:#?}"
    );
    assert!(told[2].contains("has expired"));
}

#[test]
fn a_member_that_has_nothing_loses_nothing() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(DAY) }));
    world.ok("ann", to("acme", Standing::Suspended));
    let told = told(&world, 7);
    assert!(told[0].contains("nothing more than already") && told[0].contains("suspended"), "{told:#?}");
    world.both("acme", Standing::Removed);
    assert!(soon(&world, 7).is_empty(), "nothing is kept fresh about who was removed");
}

#[test]
fn key_sheet_and_screening_are_due_again_a_year_later() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.ask_for(criteria());
    world.now = t(2 * DAY);
    world.assess_all("ann", "acme");
    world.now = t(3 * DAY);
    world.ok("ann", crate::world::assess("acme", "nda", program::vetting::Answer::Met));
    world.ok("ann", vetting("acme", VettingCommand::Screen(screening(false))));
    let of = |world: &World| {
        soon(world, 30)
            .into_iter()
            .filter(|due| !matches!(due.what, What::Agreement | What::Fact(_)))
            .map(|due| (due.what, due.at))
            .collect::<Vec<_>>()
    };
    world.now = t(334 * DAY);
    assert!(of(&world).is_empty());
    world.now = t(340 * DAY);
    let key = What::Key(String::from("fp-age1acme"));
    assert_eq!(
        of(&world),
        // The sheet is as old as its oldest assessment.
        [(key, t(365 * DAY)), (What::Sheet, t(367 * DAY)), (What::Screening, t(368 * DAY))]
    );
    world.ok("bob", about("acme", MemberCommand::ReconfirmKey { fingerprint: String::from("fp-age1acme") }));
    world.assess_all("ann", "acme");
    world.ok("ann", vetting("acme", VettingCommand::Screen(screening(false))));
    assert!(of(&world).is_empty());
}

#[test]
fn a_fact_that_nobody_confirmed_is_due_at_once() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.ok("ann", about("acme", record_fact(Fact { subject: None, until: None, ..no_duty() })));
    let told = told(&world, 0);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("never confirmed at 2026-06-01T00:00:00Z: nothing more than already"),
        "{told:#?}"
    );
}

#[test]
fn what_is_overdue_at_whom_a_wave_reaches_is_told_with_its_plan() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.admit("bolt", "late");
    world.now = t(350 * DAY);
    world.ok("ann", open());
    world.ok("ann", propose(380 * DAY));
    world.ok("bob", embargo(EmbargoCommand::Accept { ends: None }));
    world.ok("ann", items(&["notice.md"], 1));
    let to_early =
        WaveCommand::Schedule { lead: lead(14 * DAY), tiers: [tier("early")].into(), items: [].into() };
    world.ok("ann", in_wave(to_early));
    assert!(overdue(&world.program, &world.plan()).is_empty());
    world.now = t(366 * DAY);
    let lapsed = overdue(&world.program, &world.plan());
    assert!(lapsed.iter().all(|due| due.member == member("acme")), "bolt is in no tier of it: {lapsed:?}");
    let key = What::Key(String::from("fp-age1acme"));
    let told = lapsed.iter().find(|due| due.what == key).unwrap();
    assert_eq!(told.at, t(365 * DAY));
    assert!(told.then.contains("compare its fingerprint"), "{}", told.then);
    world.ok("bob", about("acme", MemberCommand::ReconfirmKey { fingerprint: String::from("fp-age1acme") }));
    assert!(overdue(&world.program, &world.plan()).iter().all(|due| due.what != key));
}
