//! What is contradictory, gone or broken restricts; nothing of it ever releases.

use policy::{Fact, Standing, Trigger};
use program::{
    Entry, Event, Refusal,
    member::{MemberCommand, MemberEvent},
    plan::{Fate, Row},
    policies::PolicyEvent,
};

use crate::world::{
    DAY, END, POLICY, World, about, agreement, approve, copy, finish, item, member, no_duty, proposes_policy,
    record, record_fact, schedule, t, third_party_duty, tier,
};

fn row(world: &World, of: &str, what: &str) -> Row {
    let plan = world.plan();
    plan.rows.iter().find(|row| row.member == member(of) && row.item == item(what)).unwrap().clone()
}

#[test]
fn of_facts_that_contradict_each_other_the_stricter_decides() {
    // In either order: a duty, and the statement that there is none.
    for reversed in [false, true] {
        let mut world = World::due();
        let mut facts = [third_party_duty(Trigger::Knowledge), no_duty()];
        if reversed {
            facts.reverse();
        }
        for fact in facts {
            world.ok("ann", about("acme", record_fact(fact)));
        }
        let held = row(&world, "acme", "poc.py");
        assert_eq!(
            (held.fate, held.policies),
            (Fate::Withheld { until: None }, vec![String::from("disclosure-duty")])
        );
        assert!(held.says.contains("is under a duty to report"), "{}", held.says);
        world.release("ann").unwrap();
        assert_eq!(world.granted(), "");
    }
    // Two answers about when: the earlier end counts.
    let mut world = World::due();
    let ends = t(END - 14 * DAY);
    let short = Fact { until: Some(ends), subject: Some(policy::DutySubject::OwnProduct), ..no_duty() };
    world.now = ends - jiff::SignedDuration::from_secs(1);
    world.ok("ann", about("acme", record_fact(short)));
    world.now = ends;
    assert_eq!(row(&world, "acme", "poc.py").policies, ["disclosure-duty-expired"]);
}

#[test]
fn an_agreement_that_ends_in_the_middle_of_a_wave_stops_the_rest_of_it() {
    let mut world = World::due();
    let ends = END - 14 * DAY + 60;
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(ends) }));
    world.ok("ann", record(vec![copy("acme", "notice.md")]));
    world.now = t(ends);
    let refusal = world.refused("ann", record(vec![copy("acme", "poc.py")])).to_string();
    assert!(refusal.contains("no agreement in force"), "{refusal}");
    world.ok("ann", finish());
    assert_eq!(world.granted(), "acme/notice.md");
    let held = row(&world, "acme", "poc.py");
    assert_eq!(
        (held.fate, held.policies),
        (Fate::Withheld { until: Some(t(END)) }, vec![String::from("agreement-ended")])
    );
}

#[test]
fn a_member_whose_tier_does_not_exist_has_nothing_early() {
    let mut world = World::due();
    assert!(matches!(
        world.refused("ann", about("acme", MemberCommand::ChangeTier { tier: tier("gone") })),
        Refusal::UnknownTier(_)
    ));
    // No command gets there; a log could.
    let event = Event::Member(MemberEvent::Tiered { member: member("acme"), tier: tier("gone") });
    let actor = crate::world::user("ann");
    world.program.apply(&Entry { seq: world.log.len() as u64, at: world.now, actor, event });
    assert!(world.plan().rows.iter().all(|row| row.member != member("acme")), "it is in no wave's audience");
    assert!(matches!(world.refused("ann", record(vec![copy("acme", "poc.py")])), Refusal::Withheld { .. }));
    let (case, acme) = (
        world.program.case(&crate::world::case("c")).unwrap(),
        world.program.member(&member("acme")).unwrap(),
    );
    for of in case.items() {
        let ask = |at| {
            let action = policy::Action::Fetch;
            program::judge::judge(&world.program, &POLICY, case, of, acme, action, at)
        };
        assert_eq!(ask(t(END - 1)).effect, policy::Effect::Deny);
        assert_eq!(ask(t(END)).effect, policy::Effect::Permit, "with the public it is everybody's");
    }
}

#[test]
fn a_member_is_in_one_tier_at_a_time_and_once_in_a_wave_to_several() {
    let mut world = World::due();
    let of_acme = |world: &World| {
        let plan = world.plan();
        plan.rows.iter().filter(|row| row.member == member("acme")).map(|row| row.fate).collect::<Vec<_>>()
    };
    assert_eq!(of_acme(&world), [Fate::Due; 3]);
    world.ok("bob", about("acme", MemberCommand::ChangeTier { tier: tier("late") }));
    let now = of_acme(&world);
    assert_eq!(now.len(), 3, "the wave is to both tiers, and it is there once");
    assert!(
        now.iter().all(|fate| matches!(fate, Fate::Later { .. })),
        "the later tier alone counts: {now:?}"
    );
    assert!(matches!(world.refused("ann", record(vec![copy("acme", "poc.py")])), Refusal::Withheld { .. }));
}

#[test]
fn policies_that_could_fail_when_they_are_asked_cannot_be_proposed_and_never_release() {
    let mut world = World::due();
    let failing = format!(
        "{}\n@id(\"far\") @says(\"far away\") forbid (principal, action, resource)\n\
         when {{ context.now.offset(duration(\"106751991167d\")) < datetime(\"2026-12-08\") }};\n",
        POLICY.text()
    );
    let refusal = world.refused("ann", proposes_policy("failing", &failing));
    assert!(
        matches!(refusal, Refusal::UnsoundPolicy(_)) && refusal.to_string().contains("`far`"),
        "{refusal}"
    );
    // Were one in force, say by a log of another version, it would refuse everything.
    let proposed = PolicyEvent::Proposed {
        number: 2,
        name: String::from("failing"),
        text: failing,
        version: String::from("another"),
        reason: String::from("so"),
    };
    for event in [proposed, PolicyEvent::Adopted { number: 2 }] {
        let (seq, actor) = (world.program.entries(), crate::world::user("ann"));
        world.program.apply(&Entry { seq, at: world.now, actor, event: Event::Policy(event) });
    }
    for row in world.plan().rows {
        assert_eq!(row.fate, Fate::Withheld { until: None }, "{row:?}");
        assert!(row.says.contains("policy `far`"), "{row:?}");
    }
    assert!(matches!(world.release("ann").unwrap_err(), Refusal::NotApproved { .. }));
}

#[test]
fn a_wave_that_nobody_is_in_or_of_nothing_is_refused_and_so_is_a_clock_that_went_back() {
    let mut world = World::embargoed();
    world.ok("ann", crate::world::items(&["notice.md"], 1));
    for id in ["acme", "bolt"] {
        world.both(id, Standing::Removed);
    }
    world.ok("ann", schedule(14 * DAY));
    assert!(world.plan().rows.is_empty());
    assert!(matches!(world.refused("ann", approve()), Refusal::NobodyThere { .. }));
    let high_water = world.now;
    world.now = high_water - jiff::SignedDuration::from_nanos(1);
    let refusal = world.refused("ann", schedule(DAY));
    assert!(matches!(refusal, Refusal::ClockBehind { mark, .. } if mark == high_water), "{refusal}");
    assert!(refusal.to_string().contains("nothing is done before then"));
}

#[test]
fn a_key_that_nobody_compared_again_in_time_stops_delivery_until_somebody_does() {
    let mut world = World::due();
    let confirmed =
        world.program.member(&member("acme")).unwrap().confirmed_key().unwrap().confirmed_at.unwrap();
    let wave = t(END - 14 * DAY);
    let every = wave.duration_since(confirmed);
    // Attested again exactly as often as the wave is away.
    let mut rules = world.program.rules().clone();
    rules.attest_every = policy::Lead::from_seconds(u32::try_from(every.as_secs()).unwrap());
    let asked = |rules: &program::program::Rules, now| {
        world.program.member(&member("acme")).unwrap().key_state(rules, now)
    };
    let moment = jiff::SignedDuration::from_micros(1);
    assert_eq!(asked(&rules, wave.checked_sub(moment).unwrap()), policy::KeyState::Confirmed);
    assert_eq!(asked(&rules, wave), policy::KeyState::Expired);

    // By the program's own rules: a year.
    world.now = confirmed.checked_add(world.program.rules().attest_every.duration()).unwrap();
    let case = world.program.case(&crate::world::case("c")).unwrap();
    assert!(case.embargo().public().unwrap() < world.now, "the usual embargo is over by then");
    let due = program::due::due(&world.program, &POLICY, world.now, jiff::SignedDuration::ZERO);
    let key = due.iter().find(|due| matches!(due.what, program::due::What::Key(_))).unwrap();
    assert!(key.then.contains("nothing of class"), "{}", key.then);
    let fingerprint = String::from("fp-age1acme");
    world.ok("bob", about("acme", MemberCommand::ReconfirmKey { fingerprint }));
    let member = world.program.member(&member("acme")).unwrap();
    assert_eq!(member.key_state(world.program.rules(), world.now), policy::KeyState::Confirmed);
}
