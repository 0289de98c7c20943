//! Copies: to the right member, at the right instant, once.

use policy::{Fact, Standing, Trigger};
use program::{
    Event, Refusal,
    grant::{Copy, GrantEvent},
    member::MemberCommand,
    plan::Fate,
    wave::WaveEvent,
};

use crate::world::{
    DAY, END, World, about, agreement, approve, case, commit, copy, finish, items, key, member, no_duty,
    record, record_fact, sha, t, third_party_duty, tier, to, wave,
};

#[test]
fn nothing_is_granted_without_committed_marks() {
    let mut world = World::planned();
    world.ok("ann", approve());
    world.ok("bob", approve());
    world.now = t(END - 14 * DAY);
    let copies = record(vec![copy("acme", "poc.py")]);
    assert!(matches!(world.refused("ann", copies.clone()), Refusal::MarksNotCommitted { .. }));
    world.ok("ann", commit(&world.program));
    // A package that grew has marks of its own.
    world.ok("ann", items(&["more.md"], 1));
    assert!(matches!(world.refused("ann", copies.clone()), Refusal::MarksNotCommitted { .. }));
    world.ok("ann", commit(&world.program));
    // A copy rendered before the package grew carries the marks of the old one.
    assert!(matches!(world.refused("ann", copies), Refusal::MarksNotCommitted { .. }));
    world.ok("ann", record(vec![Copy { package: 2, ..copy("acme", "poc.py") }]));
}

#[test]
fn what_the_wave_does_not_cover_is_withheld() {
    let mut world = World::due();
    world.ok("ann", items(&["more.md"], 1));
    world.ok("ann", commit(&world.program));
    let newer = |copy| Copy { package: 2, ..copy };
    let withheld = |refusal| matches!(refusal, Refusal::Withheld { .. });
    assert!(withheld(world.refused("ann", record(vec![newer(copy("acme", "more.md"))]))));
    world.admit("cord", "early");
    world.ok(
        "ann",
        program::Command::SetTier(
            tier("gold"),
            policy::Tier { id: String::from("gold"), ..crate::world::early() },
        ),
    );
    world.ok("ann", about("cord", MemberCommand::ChangeTier { tier: tier("gold") }));
    assert!(withheld(world.refused("ann", record(vec![newer(copy("cord", "poc.py"))]))));
    for unknown in [copy("nobody", "poc.py"), copy("acme", "nothing.md")] {
        let refusal = world.refused("ann", record(vec![newer(unknown)]));
        assert!(matches!(refusal, Refusal::UnknownMember(_) | Refusal::UnknownItem { .. }));
    }
}

#[test]
fn one_refused_copy_refuses_the_batch() {
    let mut world = World::due();
    let batch = record(vec![copy("acme", "notice.md"), copy("bolt", "notice.md")]);
    assert!(matches!(world.refused("ann", batch), Refusal::Withheld { .. }));
    assert_eq!(world.granted(), "");
}

#[test]
fn a_member_has_one_copy_of_an_item() {
    let mut world = World::due();
    let one = copy("acme", "poc.py");
    let other = Copy { sha256: sha("another rendering"), ..one.clone() };
    for twin in [one.clone(), other.clone()] {
        let batch = record(vec![one.clone(), twin]);
        assert!(matches!(world.refused("ann", batch), Refusal::TwoCopies { .. }));
    }
    world.ok("ann", record(vec![one.clone()]));
    world.idle("bob", record(vec![one]));
    world.idle("bob", record(vec![other]));
    let acme = member("acme");
    let case = world.program.case(&case("c")).unwrap();
    assert_eq!(
        case.granted(&crate::world::item("poc.py"), &acme).unwrap().sha256,
        copy("acme", "poc.py").sha256
    );
}

#[test]
fn a_grant_says_what_decided() {
    let mut world = World::due();
    let entries = world.ok("ann", record(vec![copy("acme", "poc.py")]));
    let [Event::Grant(GrantEvent::Given(grant))] = [&entries[0].event] else { panic!("{entries:?}") };
    assert_eq!(grant.key, "fp-age1acme");
    assert_eq!(grant.package, 1);
    assert_eq!(grant.policies, ["tier-lead-time"]);
    assert!(!grant.facts.is_empty());
    assert_eq!(grant.policy_set, crate::world::POLICY.version());
    assert_eq!(grant.row, sha("acme"));
}

#[test]
fn suspension_bites_at_once() {
    let mut world = World::due();
    world.ok("ann", record(vec![copy("acme", "notice.md")]));
    world.ok("ann", to("acme", Standing::Suspended));
    let refusal = world.refused("ann", record(vec![copy("acme", "rule.yar")]));
    assert!(matches!(refusal, Refusal::Withheld { .. }));
    let plan = world.plan();
    assert_eq!(plan.due().count(), 0);
    assert!(plan.withholdings().contains_key(&member("acme")));
    world.now = t(END + DAY);
    let refusal = world.refused("ann", record(vec![copy("acme", "rule.yar")]));
    assert!(matches!(refusal, Refusal::Withheld { .. }), "after the public instant too");
}

#[test]
fn unknown_and_expired_restrict() {
    let withheld = |change: fn(&mut World)| {
        let mut world = World::due();
        change(&mut world);
        let refusal = world.refused("ann", record(vec![copy("acme", "poc.py")]));
        assert!(matches!(refusal, Refusal::Withheld { .. }), "{refusal}");
        let plan = world.plan();
        let row = plan.rows.iter().find(|row| row.member == member("acme")).unwrap();
        assert!(matches!(row.fate, Fate::Withheld { .. }), "{row:?}");
    };
    withheld(|world| {
        let withdrawn = program::member::fact_key(&no_duty());
        let command = MemberCommand::WithdrawFact { key: withdrawn, reason: String::from("unsure") };
        world.ok("ann", about("acme", command));
    });
    withheld(|world| {
        world.ok("ann", about("acme", record_fact(Fact { subject: None, ..no_duty() })));
    });
    withheld(|world| {
        world.ok("ann", about("acme", record_fact(Fact { until: None, ..no_duty() })));
    });
    withheld(|world| {
        let short = Fact { until: Some(t(END - 14 * DAY + 1)), ..no_duty() };
        world.ok("ann", about("acme", record_fact(short)));
        world.now = t(END - 14 * DAY + 1);
    });
    withheld(|world| {
        world.ok("ann", about("acme", record_fact(third_party_duty(Trigger::Knowledge))));
        // The duty stands although a milder one is recorded after it.
        world.ok("ann", about("acme", record_fact(third_party_duty(Trigger::Exploitation))));
    });
    withheld(|world| {
        world.both("acme", Standing::Restricted);
    });
    withheld(|world| {
        let agreement = crate::world::agreement(END - 14 * DAY + 1);
        world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement }));
        world.now = t(END - 14 * DAY + 1);
    });
}

#[test]
fn an_unconfirmed_key_gets_nothing_early() {
    let mut world = World::due();
    for command in [
        MemberCommand::Apply { name: String::from("Cord") },
        MemberCommand::Vet,
        MemberCommand::Admit { tier: tier("early"), agreement: crate::world::agreement(365 * DAY) },
        record_fact(no_duty()),
        key("age1cord"),
    ] {
        world.ok("ann", about("cord", command));
    }
    let copies = record(vec![copy("cord", "notice.md")]);
    assert!(matches!(world.refused("ann", copies.clone()), Refusal::Withheld { .. }));
    world.ok("bob", about("cord", MemberCommand::ConfirmKey { fingerprint: String::from("fp-age1cord") }));
    world.ok("ann", copies);
}

#[test]
fn a_wave_is_finished_when_nothing_due_is_missing_and_then_decides_on_nothing() {
    let mut world = World::due();
    assert!(matches!(world.refused("ann", finish()), Refusal::CopiesMissing { missing: 3, .. }));
    world.ok("ann", record(vec![copy("acme", "poc.py")]));
    assert!(matches!(world.refused("ann", finish()), Refusal::CopiesMissing { missing: 2, .. }));
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "acme/notice.md acme/poc.py acme/rule.yar");
    world.idle("bob", finish());
    assert_eq!(world.release("bob"), Ok(Vec::new()));
    world.now = t(END - DAY - 1);
    assert_eq!(world.release("bob"), Ok(Vec::new()), "nothing changes until bolt's tier hears");
    world.now = t(END - DAY);
    assert_eq!(world.release("bob").unwrap().len(), 3, "bolt's notice and detection, and that it is told");
    assert_eq!(world.release("ann"), Ok(Vec::new()));
    let case = world.program.case(&case("c")).unwrap();
    assert_eq!(case.wave(&wave("w")).unwrap().released, Some(t(END - 14 * DAY)));
}

#[test]
fn a_reproduction_never_reaches_a_member_with_a_third_party_duty() {
    let mut world = World::approved();
    world.ok("ann", about("acme", record_fact(third_party_duty(Trigger::Knowledge))));
    world.now = t(END - 14 * DAY);
    let done = world.release("ann").unwrap();
    let recorded = done.iter().any(|entry| matches!(entry.event, Event::Wave(WaveEvent::Withheld { .. })));
    assert!(recorded, "what is withheld is written down");
    assert_eq!(world.granted(), "");
    world.now = t(END - 1);
    world.release("ann").unwrap();
    assert!(!world.granted().contains("acme"));
    world.now = t(END);
    world.release("ann").unwrap();
    world.now = t(END + 60 * DAY);
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "acme/notice.md acme/rule.yar bolt/notice.md bolt/poc.py bolt/rule.yar");
}

#[test]
fn without_a_confirmed_key_nothing_is_granted_after_the_public_instant_either() {
    let mut world = World::due();
    for command in [
        MemberCommand::Apply { name: String::from("Cord") },
        MemberCommand::Vet,
        MemberCommand::Admit { tier: tier("early"), agreement: agreement(900 * DAY) },
        key("age1cord"),
        record_fact(no_duty()),
    ] {
        world.ok("ann", about("cord", command));
    }
    world.now = t(END);
    let of_cord = |world: &World| {
        let plan = world.plan();
        plan.rows
            .into_iter()
            .filter(|row| row.member == member("cord"))
            .map(|row| row.fate)
            .collect::<Vec<_>>()
    };
    assert!(of_cord(&world).iter().all(|fate| *fate == Fate::Blocked), "{:?}", of_cord(&world));
    let refusal = world.refused("ann", record(vec![copy("cord", "notice.md")]));
    assert!(matches!(refusal, Refusal::Withheld { .. }), "{refusal}");
    world.release("ann").unwrap();
    assert!(!world.granted().contains("cord"));
    world.ok("bob", about("cord", MemberCommand::ConfirmKey { fingerprint: String::from("fp-age1cord") }));
    world.release("ann").unwrap();
    assert!(world.granted().contains("cord"), "a key confirmed late is not too late");
}
