//! From an application to an admission by a sheet that two people signed.

use policy::Standing;
use program::{
    Refusal,
    member::{Enrolment, MemberCommand},
    vetting::{Answer, Contact, ContactRole, Criterion, Screening, State, VettingCommand, rows, signers},
};

use crate::world::{
    DAY, World, about, agreement, assess, contact, criteria, criterion, lead, member, no_duty, screening,
    sign_sheet, t, tier, to, user, vetting,
};

fn admit() -> MemberCommand {
    MemberCommand::Admit { tier: tier("early"), agreement: agreement(700 * DAY) }
}

/// `acme` in vetting with every criterion met by ann.
fn assessed() -> World {
    let mut world = World::founded();
    world.apply_for_vetting("acme");
    world.assess_all("ann", "acme");
    world
}

fn states(world: &World) -> Vec<State> {
    let acme = world.program.member(&member("acme")).unwrap();
    rows(world.program.rules(), &acme.sheet, world.now).map(|row| row.state).collect()
}

#[test]
fn two_different_people_sign_before_anybody_is_admitted() {
    let mut world = assessed();
    assert_eq!(
        world.refused("ann", about("acme", admit())),
        Refusal::SheetUnsigned { member: member("acme"), have: 0 }
    );
    world.ok("ann", sign_sheet("acme"));
    world.idle("ann", sign_sheet("acme"));
    assert_eq!(
        world.refused("bob", about("acme", admit())),
        Refusal::SheetUnsigned { member: member("acme"), have: 1 }
    );
    assert!(matches!(world.refused("eve", sign_sheet("acme")), Refusal::NotAnOperator(_)));
    world.ok("bob", sign_sheet("acme"));
    world.ok("ann", about("acme", admit()));
    assert_eq!(world.standing("acme"), Standing::Active);
}

#[test]
fn nobody_signs_or_is_admitted_with_a_criterion_open_or_not_met() {
    let mut world = World::founded();
    world.apply_for_vetting("acme");
    let incomplete = |world: &mut World| {
        for command in [sign_sheet("acme"), about("acme", admit())] {
            let Refusal::SheetIncomplete { missing, .. } = world.refused("bob", command) else {
                panic!("it is not complete")
            };
            assert!(missing.contains("`api` is "), "{missing}");
        }
    };
    world.ok("ann", assess("acme", "nda", Answer::Met));
    incomplete(&mut world);
    world.ok("ann", assess("acme", "api", Answer::NotMet));
    assert_eq!(states(&world), [State::Met, State::NotMet]);
    incomplete(&mut world);
    world.ok("ann", assess("acme", "api", Answer::Waived { reason: String::from("a research body") }));
    assert_eq!(states(&world), [State::Met, State::Waived]);
    world.ok("ann", sign_sheet("acme"));
    world.ok("bob", sign_sheet("acme"));
    world.ok("bob", about("acme", admit()));
}

#[test]
fn whatever_changes_the_sheet_voids_the_signatures_on_it() {
    let other = Criterion { sentence: String::from("something else"), ..criteria().remove(0) };
    let changes: [fn(&mut World); 4] = [
        |world| drop(world.ok("bob", assess("acme", "nda", Answer::Met))),
        |world| drop(world.ok("bob", vetting("acme", VettingCommand::Screen(screening(false))))),
        |world| {
            // The same words again, a second later, are another assessment.
            world.now = t(1);
            world.ok("ann", assess("acme", "nda", Answer::Met));
        },
        |world| world.ask_for(criteria().into_iter().take(1).collect()),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut world = assessed();
        world.ok("ann", sign_sheet("acme"));
        world.ok("bob", sign_sheet("acme"));
        change(&mut world);
        let acme = world.program.member(&member("acme")).unwrap();
        assert!(signers(world.program.rules(), acme).is_empty(), "change {at}");
        assert_eq!(acme.sheet.signatures.len(), 2, "what was signed stays on record");
        assert!(matches!(
            world.refused("ann", about("acme", admit())),
            Refusal::SheetUnsigned { have: 0, .. }
        ));
        world.ok("cyd", sign_sheet("acme"));
        world.ok("ann", sign_sheet("acme"));
        world.ok("bob", about("acme", admit()));
    }
    let mut world = assessed();
    world.ok("ann", sign_sheet("acme"));
    world.ok("bob", sign_sheet("acme"));
    world.ask_for(vec![other, criteria().remove(1)]);
    assert!(matches!(world.refused("ann", about("acme", admit())), Refusal::SheetUnsigned { have: 0, .. }));
    // What has nothing to do with the sheet voids nothing.
    let mut world = assessed();
    world.ok("ann", sign_sheet("acme"));
    world.ok("ann", vetting("acme", contact(0)));
    world.ok("bob", about("acme", crate::world::record_fact(no_duty())));
    world.ok("bob", sign_sheet("acme"));
    world.ok("bob", about("acme", admit()));
}

#[test]
fn an_old_assessment_is_as_good_as_none() {
    let mut world = assessed();
    world.ok("ann", sign_sheet("acme"));
    world.ok("bob", sign_sheet("acme"));
    world.now = t(365 * DAY - 1);
    assert_eq!(states(&world), [State::Met, State::Met]);
    world.now = t(365 * DAY);
    assert_eq!(states(&world), [State::Stale, State::Stale]);
    assert!(matches!(world.refused("ann", about("acme", admit())), Refusal::SheetIncomplete { .. }));
    world.assess_all("ann", "acme");
    assert!(matches!(world.refused("ann", about("acme", admit())), Refusal::SheetUnsigned { have: 0, .. }));
}

#[test]
fn nobody_on_a_list_is_signed_for_or_admitted() {
    let mut world = assessed();
    world.ok("ann", sign_sheet("acme"));
    world.ok("ann", vetting("acme", VettingCommand::Screen(screening(true))));
    for command in [sign_sheet("acme"), about("acme", admit())] {
        assert!(matches!(world.refused("bob", command), Refusal::OnList { .. }));
    }
    // Without criteria, too.
    let mut world = World::founded();
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("Acme") }));
    world.ok("ann", about("acme", MemberCommand::Vet));
    world.ok("ann", vetting("acme", VettingCommand::Screen(screening(true))));
    assert!(matches!(world.refused("bob", about("acme", admit())), Refusal::OnList { .. }));
    world.ok("bob", vetting("acme", VettingCommand::Screen(screening(false))));
    world.ok("bob", about("acme", admit()));
}

#[test]
fn a_screening_says_which_list_of_which_day_and_why() {
    let mut world = World::peopled();
    let screen = |change: fn(&mut Screening)| {
        let mut screening = screening(false);
        change(&mut screening);
        vetting("acme", VettingCommand::Screen(screening))
    };
    let empty = [
        screen(|screening| screening.list = String::from(" ")),
        screen(|screening| screening.reason.clear()),
    ];
    for command in empty {
        assert!(matches!(world.refused("ann", command), Refusal::Empty(_)));
    }
    let tomorrow = screen(|screening| screening.list_date = jiff::civil::date(2026, 6, 2));
    world.ok("ann", tomorrow);
    let later = screen(|screening| screening.list_date = jiff::civil::date(2026, 6, 3));
    assert!(matches!(world.refused("ann", later), Refusal::ListFromTheFuture { .. }));
}

#[test]
fn with_criteria_nobody_is_enrolled_past_the_sheet() {
    let mut world = World::founded();
    let enrolment = || Enrolment {
        name: String::from("Acme"),
        tier: tier("early"),
        agreement: agreement(365 * DAY),
        facts: Vec::new(),
        key: None,
    };
    world.ok("ann", about("acme", MemberCommand::Enrol(Box::new(enrolment()))));
    world.ask_for(criteria());
    assert_eq!(
        world.refused("ann", about("bolt", MemberCommand::Enrol(Box::new(enrolment())))),
        Refusal::SheetFirst { member: member("bolt") }
    );
    assert_eq!(world.standing("acme"), Standing::Active, "who was admitted before stays");
}

#[test]
fn criteria_change_by_two_people_and_are_sound() {
    let mut world = World::founded();
    let set = |criteria: Vec<Criterion>| program::Command::SetCriteria(criteria);
    let bare = |change: fn(&mut Criterion)| {
        let mut all = criteria();
        change(&mut all[0]);
        set(all)
    };
    assert!(matches!(world.refused("ann", bare(|one| one.sentence.clear())), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", bare(|one| one.source.clear())), Refusal::Empty(_)));
    let twice = bare(|one| one.id = criterion("api"));
    assert!(matches!(world.refused("ann", twice), Refusal::Exists { what: "criterion", .. }));
    world.ok("ann", set(criteria()));
    assert!(world.program.rules().criteria.is_empty(), "proposed is not in force");
    assert!(matches!(world.refused("ann", set(criteria())), Refusal::SamePerson { .. }));
    // Another list is another proposal: bob has not agreed to ann's.
    world.ok("bob", set(criteria().into_iter().take(1).collect()));
    world.ok("ann", set(criteria()));
    world.ok("bob", set(criteria()));
    assert_eq!(world.program.rules().criteria, criteria());
    world.idle("ann", set(criteria()));
    world.ok("ann", set(Vec::new()));
    world.ok("cyd", set(Vec::new()));
    assert!(world.program.rules().criteria.is_empty());
}

#[test]
fn only_who_is_on_the_way_or_a_member_is_assessed() {
    let mut world = World::founded();
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("Acme") }));
    world.ok("ann", about("acme", MemberCommand::Vet));
    assert_eq!(world.refused("ann", assess("acme", "nda", Answer::Met)), Refusal::NoCriteria);
    assert_eq!(world.refused("ann", sign_sheet("acme")), Refusal::NoCriteria);
    world.ask_for(criteria());
    assert_eq!(
        world.refused("ann", assess("acme", "gold", Answer::Met)),
        Refusal::UnknownCriterion(criterion("gold"))
    );
    let waived = Answer::Waived { reason: String::from(" ") };
    assert!(matches!(world.refused("ann", assess("acme", "nda", waived)), Refusal::Empty(_)));
    let bare =
        VettingCommand::Assess { criterion: criterion("nda"), answer: Answer::Met, evidence: String::new() };
    assert!(matches!(world.refused("ann", vetting("acme", bare)), Refusal::Empty(_)));
    world.ok("ann", to("acme", Standing::Declined));
    for command in [assess("acme", "nda", Answer::Met), sign_sheet("acme")] {
        assert!(matches!(world.refused("ann", command), Refusal::NotInVetting { .. }));
    }
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("Acme") }));
    assert!(matches!(
        world.refused("ann", assess("acme", "nda", Answer::Met)),
        Refusal::NotInVetting { standing: Standing::Applied, .. }
    ));
}

#[test]
fn who_applies_again_begins_with_an_empty_sheet() {
    let mut world = assessed();
    world.ok("ann", sign_sheet("acme"));
    world.ok("ann", to("acme", Standing::Declined));
    world.ok("ann", about("acme", MemberCommand::Apply { name: String::from("ACME") }));
    world.ok("ann", about("acme", MemberCommand::Vet));
    assert_eq!(states(&world), [State::Open, State::Open]);
    assert!(world.program.member(&member("acme")).unwrap().sheet.signatures.is_empty());
}

#[test]
fn a_contact_has_a_name_and_an_address_and_replaces_the_one_before() {
    let mut world = World::peopled();
    let named = |name: &str, address: &str| {
        let contact = Contact { name: name.to_owned(), address: address.to_owned() };
        vetting("acme", VettingCommand::SetContact(ContactRole::Security, contact))
    };
    for command in [named(" ", "a@example.com"), named("desk", "")] {
        assert!(matches!(world.refused("ann", command), Refusal::Empty(_)));
    }
    world.ok("ann", named("desk", "a@example.com"));
    world.idle("ann", named("desk", "a@example.com"));
    world.ok("ann", named("desk", "b@example.com"));
    let acme = world.program.member(&member("acme")).unwrap();
    assert_eq!(acme.contacts[&ContactRole::Security].address, "b@example.com");
    assert_eq!(acme.contacts.len(), 1);
}

#[test]
fn only_the_key_in_use_is_confirmed_once_more() {
    let mut world = World::peopled();
    let again = |fingerprint: &str| {
        about("acme", MemberCommand::ReconfirmKey { fingerprint: fingerprint.to_owned() })
    };
    assert!(matches!(world.refused("ann", again("fp-age1bolt")), Refusal::UnknownKey { .. }));
    world.idle("ann", again("fp-age1acme"));
    world.now = t(DAY);
    world.ok("cyd", again("fp-age1acme"));
    let acme = world.program.member(&member("acme")).unwrap();
    let key = acme.confirmed_key().unwrap();
    assert_eq!((&key.confirmed_by, key.confirmed_at), (&Some(user("cyd")), Some(t(DAY))));
    world.ok("ann", about("acme", crate::world::key("age1next")));
    assert!(matches!(world.refused("ann", again("fp-age1next")), Refusal::UnknownKey { .. }));
    world.ok("ann", about("acme", MemberCommand::ConfirmKey { fingerprint: String::from("fp-age1next") }));
    assert!(matches!(world.refused("ann", again("fp-age1acme")), Refusal::UnknownKey { .. }));
}

#[test]
fn rules_ask_for_an_attestation_some_time() {
    let mut command = crate::world::found();
    if let program::Command::Found { rules, .. } = &mut command {
        rules.attest_every = lead(0);
    }
    assert!(matches!(World::empty().refused("ann", command), Refusal::Empty(_)));
}

/// A log from before there were criteria reads as a program that asks for none, and attests yearly.
#[test]
fn rules_without_the_newer_fields_still_read() {
    let old = r#"{"max_embargo":"90d","exit_decision":"1d","epsilon":0.000001}"#;
    let rules: program::program::Rules = serde_json::from_str(old).unwrap();
    assert_eq!(rules, program::program::Rules::default());
}
