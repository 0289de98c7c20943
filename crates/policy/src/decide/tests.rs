use super::*;
use crate::facts::{Class, KeyState, Standing, Tier};
use crate::{Fact, Lead};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn entry() -> Tier {
    Tier {
        id: "entry".to_owned(),
        lead: Lead::from_seconds(86_400),
        classes: [Class::Notice, Class::Detection, Class::Reproduction].into(),
    }
}

pub(crate) fn good<'a>(tier: &'a Tier, facts: &'a [Fact]) -> Subject<'a> {
    let agreement_until = Some(at("2027-06-30T00:00:00Z"));
    Subject {
        member: "acme",
        tier,
        standing: Standing::Active,
        agreement_until,
        key: KeyState::Confirmed,
        facts,
    }
}

pub(crate) fn thing(class: Class) -> Thing<'static> {
    Thing { item: "poc", class, public: Some(at("2026-12-08T18:00:00Z")) }
}

#[test]
fn smoke() {
    let set = PolicySet::default_set().unwrap();
    let tier = entry();
    let d =
        set.decide(Action::Fetch, &good(&tier, &[]), &thing(Class::Detection), at("2026-12-07T18:00:00Z"));
    println!("{d:#?}");
    let o = set.outlook(&good(&tier, &[]), &thing(Class::Detection), at("2026-12-01T18:00:00Z"));
    println!("{o:#?}");
    assert_eq!(d.effect, Effect::Permit);
    PolicySet::deadline_aware().unwrap();
}
