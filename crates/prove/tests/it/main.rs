//! What proofs take for granted, asked of random questions: it must hold of everything a program can ask.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::sync::LazyLock;

use jiff::Timestamp;
use policy::{
    Action, Class, DutySubject, Effect, Fact, FactKind, KeyState, Lead, PolicySet, Standing, Subject, Thing,
    Tier, Trigger,
};
use proptest::{option, prelude::*, sample::select};

const WORLD: &str = include_str!("../../theorems/world.cedar");

/// Permits everything inside the world.
static OPEN: LazyLock<PolicySet> = LazyLock::new(|| {
    let open = "@id(\"open\") @says(\"open\") permit (principal, action, resource);";
    PolicySet::parse("world", &format!("{open}\n{WORLD}")).unwrap()
});

/// Every instant that Cedar can write; before the year 0 there is no question to ask.
fn instant() -> impl Strategy<Value = Timestamp> {
    let first = "0000-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_nanosecond();
    let last = Timestamp::MAX.as_nanosecond();
    prop_oneof![
        1 => Just(first),
        1 => Just(last),
        8 => first..last,
    ]
    .prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap())
}

fn length() -> impl Strategy<Value = Lead> {
    prop_oneof![Just(0), Just(u32::MAX), any::<u32>()].prop_map(Lead::from_seconds)
}

fn fact() -> impl Strategy<Value = Fact> {
    let kind = prop_oneof![4 => Just(FactKind::DisclosureDuty), 1 => select(FactKind::ALL)];
    let words = (option::of(select(DutySubject::ALL)), option::of(select(Trigger::ALL)));
    (kind, words, option::of(length()), option::of(instant())).prop_map(
        |(kind, (subject, trigger), deadline, until)| Fact {
            kind,
            subject,
            trigger,
            deadline,
            says: None,
            until,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x0f0e),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_question_keeps_to_the_world(
        facts in proptest::collection::vec(fact(), 0..5),
        lead in length(),
        standing in select(Standing::ALL),
        key in select(KeyState::ALL),
        class in select(Class::ALL),
        action in select(Action::ALL),
        (agreement_until, public) in (option::of(instant()), option::of(instant())),
        now in instant(),
    ) {
        let tier = Tier { id: "tier".to_owned(), lead, classes: [class].into() };
        let subject =
            Subject { member: "member", tier: &tier, standing, agreement_until, key, facts: &facts, restriction: None };
        let decided = OPEN.decide(action, &subject, &Thing { item: "item", class, public }, now);
        prop_assert_eq!(decided.effect, Effect::Permit, "{:?}", decided);
    }
}
