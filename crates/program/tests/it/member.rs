//! Admission, standing, facts and keys.

use policy::{DutySubject, Fact, Lead, Standing, Trigger};
use program::{
    Refusal,
    member::{Enrolment, MemberCommand, fact_key},
    notification::About,
};

use crate::world::{
    DAY, World, about, agreement, key, member, no_duty, record_fact, t, third_party_duty, tier, to,
};

fn admit(into: &str, until: i64) -> MemberCommand {
    MemberCommand::Admit { tier: tier(into), agreement: agreement(until) }
}

fn enrolment(into: &str, until: i64, evidence: &str, recipient: &str) -> program::Command {
    let enrolment = Enrolment {
        name: String::from("Acme"),
        tier: tier(into),
        agreement: agreement(until),
        facts: vec![(no_duty(), evidence.to_owned())],
        key: Some((recipient.to_owned(), format!("fp-{recipient}"))),
    };
    about("acme", MemberCommand::Enrol(Box::new(enrolment)))
}

#[test]
fn an_enrolment_is_all_or_nothing() {
    let mut world = World::founded();
    world.admit("bolt", "early");
    let before = world.program.clone();
    let refused = [
        world.refused("ann", enrolment("nowhere", DAY, "letter", "age1acme")),
        world.refused("ann", enrolment("early", -DAY, "letter", "age1acme")),
        world.refused("ann", enrolment("early", 365 * DAY, " ", "age1acme")),
        world.refused("ann", enrolment("early", 365 * DAY, "letter", "age1bolt")),
    ];
    assert!(matches!(
        refused,
        [
            Refusal::UnknownTier(_),
            Refusal::AgreementEnded { .. },
            Refusal::Empty(_),
            Refusal::Exists { what: "key", .. }
        ]
    ));
    assert_eq!(world.program, before);
    world.ok("ann", enrolment("early", 365 * DAY, "letter", "age1acme"));
    assert_eq!(world.standing("acme"), Standing::Active);
    let record = world.program.member(&member("acme")).unwrap();
    assert_eq!((record.facts.len(), record.keys.len()), (1, 1));
    assert!(record.confirmed_key().is_none(), "a key is confirmed over a second channel, not by enrolling");
    assert!(matches!(
        world.refused("ann", enrolment("early", 365 * DAY, "letter", "age1other")),
        Refusal::Exists { what: "member", .. }
    ));
}

#[test]
fn admission_follows_vetting_and_nothing_else() {
    let mut world = World::founded();
    let apply = |name: &str| about("acme", MemberCommand::Apply { name: name.to_owned() });
    assert!(matches!(world.refused("ann", apply(" ")), Refusal::Empty(_)));
    world.ok("ann", apply("Acme"));
    assert!(matches!(world.refused("ann", apply("Acme")), Refusal::Exists { what: "member", .. }));
    assert!(matches!(
        world.refused("ann", about("acme", admit("early", DAY))),
        Refusal::IllegalStanding { .. }
    ));
    world.ok("ann", about("acme", MemberCommand::Vet));
    assert!(matches!(
        world.refused("ann", about("acme", MemberCommand::Vet)),
        Refusal::IllegalStanding { .. }
    ));
    assert!(matches!(world.refused("ann", about("acme", admit("gold", DAY))), Refusal::UnknownTier(_)));
    assert!(matches!(world.refused("ann", about("acme", admit("early", 0))), Refusal::AgreementEnded { .. }));
    world.ok("ann", about("acme", admit("early", 1)));
    assert_eq!(world.standing("acme"), Standing::Active);
}

#[test]
fn nobody_becomes_active_without_tier_and_agreement() {
    let mut world = World::founded();
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("Acme") }));
    world.ok("ann", about("acme", MemberCommand::Vet));
    assert_eq!(
        world.refused("ann", to("acme", Standing::Active)),
        Refusal::AdmitInstead { member: member("acme") }
    );
}

#[test]
fn one_person_suspends_and_two_give_back_not_even_by_admitting_again() {
    for held in [Standing::Suspended, Standing::Restricted] {
        let mut world = World::peopled();
        world.ok("ann", to("acme", held));
        if held == Standing::Restricted {
            world.ok("bob", to("acme", held));
        }
        assert_eq!(world.standing("acme"), held);
        world.ok("ann", to("acme", Standing::Active));
        assert_eq!(world.standing("acme"), held, "proposed is not decided");
        assert!(matches!(world.refused("ann", to("acme", Standing::Active)), Refusal::SamePerson { .. }));
        for operator in ["ann", "bob"] {
            assert!(matches!(
                world.refused(operator, about("acme", admit("early", DAY))),
                Refusal::NotVetted { .. }
            ));
        }
        world.ok("bob", to("acme", Standing::Active));
        assert_eq!(world.standing("acme"), Standing::Active);
    }
}

#[test]
fn one_person_restricts_and_removes_nobody() {
    for taken in [Standing::Restricted, Standing::Removed] {
        let mut world = World::peopled();
        world.ok("ann", to("acme", taken));
        assert_eq!(world.standing("acme"), Standing::Active);
        assert!(matches!(world.refused("ann", to("acme", taken)), Refusal::SamePerson { .. }));
        // Somebody who wants something else proposes that, and the first word is void.
        let other = if taken == Standing::Removed { Standing::Restricted } else { Standing::Removed };
        world.ok("bob", to("acme", other));
        world.ok("ann", to("acme", taken));
        assert_eq!(world.standing("acme"), Standing::Active);
        // A suspension is not the move that was proposed, and voids it.
        world.ok("cyd", to("acme", Standing::Suspended));
        world.ok("bob", to("acme", taken));
        assert_eq!(world.standing("acme"), Standing::Suspended);
        world.ok("cyd", to("acme", taken));
        assert_eq!(world.standing("acme"), taken);
    }
}

#[test]
fn a_member_is_told_of_every_move_and_of_no_reason() {
    let mut world = World::peopled();
    for (first, second, target) in [
        ("ann", None, Standing::Suspended),
        ("ann", Some("bob"), Standing::Active),
        ("ann", Some("bob"), Standing::Restricted),
        ("ann", Some("bob"), Standing::Removed),
    ] {
        let told = world.program.notifications().count();
        world.ok(first, to("acme", target));
        let waits = second.map_or(1, |_| 0);
        assert_eq!(world.program.notifications().count(), told + waits, "a proposal is told to nobody");
        if let Some(second) = second {
            world.ok(second, to("acme", target));
        }
        let notification = world.program.notifications().last().unwrap();
        assert_eq!(notification.about, About::Standing(member("acme")));
        assert!(notification.untold().eq([&member("acme")]));
        assert!(!notification.text.contains("because") && notification.text.contains("(agreement nda-3)"));
    }
    let texts: Vec<_> = world.program.notifications().map(|known| known.text.clone()).collect();
    assert!(texts[0].starts_with("it is suspended and has nothing"), "{texts:?}");
    assert!(texts[3].starts_with("it is removed from the program for good"), "{texts:?}");
}

#[test]
fn a_move_has_a_reason() {
    let move_to = MemberCommand::Move { to: Standing::Suspended, reason: String::from("  ") };
    assert!(matches!(World::peopled().refused("ann", about("acme", move_to)), Refusal::Empty(_)));
}

#[test]
fn removed_is_for_good_and_declined_may_apply_again() {
    let mut world = World::peopled();
    world.both("acme", Standing::Removed);
    for way in Standing::ALL {
        assert!(matches!(world.refused("bob", to("acme", *way)), Refusal::IllegalStanding { .. }));
    }
    let apply = |id: &str| about(id, MemberCommand::Apply { name: String::from("again") });
    assert!(matches!(world.refused("ann", apply("acme")), Refusal::Exists { .. }));
    world.ok("ann", apply("cord"));
    world.ok("ann", to("cord", Standing::Declined));
    world.ok("ann", apply("cord"));
    assert_eq!(world.standing("cord"), Standing::Applied);
}

#[test]
fn tiers_and_agreements_of_a_member_must_be_there_and_last() {
    let mut world = World::peopled();
    let change = |to: &str| about("acme", MemberCommand::ChangeTier { tier: tier(to) });
    let sign = |until| about("acme", MemberCommand::SignAgreement { agreement: agreement(until) });
    assert!(matches!(world.refused("ann", change("gold")), Refusal::UnknownTier(_)));
    assert!(matches!(world.refused("ann", sign(0)), Refusal::AgreementEnded { .. }));
    world.ok("ann", change("late"));
    world.ok("ann", sign(900 * DAY));
    let acme = world.program.member(&member("acme")).unwrap();
    assert_eq!(acme.tier, Some(tier("late")));
    assert_eq!(acme.agreement, Some(agreement(900 * DAY)));
}

#[test]
fn facts_have_evidence_hold_on_and_are_withdrawn_with_a_reason() {
    let mut world = World::peopled();
    let ended = Fact { until: Some(t(0)), ..no_duty() };
    assert!(matches!(world.refused("ann", about("acme", record_fact(ended))), Refusal::FactEnded { .. }));
    let bare = MemberCommand::RecordFact { fact: no_duty(), evidence: String::new() };
    assert!(matches!(world.refused("ann", about("acme", bare)), Refusal::Empty(_)));
    let withdraw = |key: &str, reason: &str| {
        about("acme", MemberCommand::WithdrawFact { key: key.to_owned(), reason: reason.to_owned() })
    };
    let key = fact_key(&no_duty());
    assert!(matches!(world.refused("ann", withdraw("other", "wrong")), Refusal::UnknownFact { .. }));
    assert!(matches!(world.refused("ann", withdraw(&key, "")), Refusal::Empty(_)));
    world.ok("ann", withdraw(&key, "they were bought"));
    assert!(matches!(world.refused("ann", withdraw(&key, "again")), Refusal::UnknownFact { .. }));
}

#[test]
fn a_second_law_never_hides_the_first() {
    let mut world = World::peopled();
    let two_days =
        Fact { deadline: Some(Lead::from_seconds(172_800)), ..third_party_duty(Trigger::Knowledge) };
    let slower = Fact { deadline: Some(Lead::from_seconds(864_000)), ..two_days.clone() };
    let other = third_party_duty(Trigger::Exploitation);
    for fact in [&two_days, &slower, &other] {
        world.ok("ann", about("acme", record_fact(fact.clone())));
    }
    let renewed = Fact { until: Some(t(700 * DAY)), ..two_days.clone() };
    world.ok("ann", about("acme", record_fact(renewed.clone())));
    let facts = &world.program.member(&member("acme")).unwrap().facts;
    let held: Vec<&Fact> = facts.values().map(|recorded| &recorded.fact).collect();
    assert_eq!(held.len(), 4, "{:?}", facts.keys());
    assert_eq!(facts[&fact_key(&two_days)].fact, renewed);
    assert_eq!(fact_key(&two_days), "disclosure-duty/third-party-vulnerability/knowledge/2d");
    assert_eq!(fact_key(&no_duty()), "disclosure-duty/none");
    let unanswered = Fact { subject: None::<DutySubject>, ..no_duty() };
    assert_eq!(fact_key(&unanswered), "disclosure-duty");
}

#[test]
fn a_key_is_one_members_and_confirmed_by_its_fingerprint() {
    let mut world = World::peopled();
    let twin = |fingerprint: &str, recipient: &str| MemberCommand::AddKey {
        recipient: recipient.to_owned(),
        fingerprint: fingerprint.to_owned(),
    };
    // bolt offers acme's key as its own: a leak of either would then be laid on the other.
    for (fingerprint, recipient) in [("fp-new", "age1acme"), ("fp-age1acme", "age1new")] {
        for id in ["acme", "bolt"] {
            let refusal = world.refused("ann", about(id, twin(fingerprint, recipient)));
            assert!(matches!(refusal, Refusal::Exists { what: "key", .. }));
        }
    }
    assert!(matches!(world.refused("ann", about("acme", twin("", "age1new"))), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", about("acme", twin("fp", " "))), Refusal::Empty(_)));
    let confirm =
        |fingerprint: &str| about("acme", MemberCommand::ConfirmKey { fingerprint: fingerprint.to_owned() });
    assert!(matches!(world.refused("ann", confirm("fp-age1bolt")), Refusal::UnknownKey { .. }));
    world.ok("ann", about("acme", key("age1next")));
    let recipient = |world: &World| {
        let acme = world.program.member(&member("acme")).unwrap();
        acme.confirmed_key().unwrap().recipient.clone()
    };
    assert_eq!(recipient(&world), "age1acme", "an unconfirmed key replaces nothing");
    world.ok("bob", confirm("fp-age1next"));
    assert_eq!(recipient(&world), "age1next");
    world.idle("bob", confirm("fp-age1acme"));
    assert_eq!(recipient(&world), "age1next", "an older key does not come back");
}
