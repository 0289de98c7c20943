//! The default policies against a reference written by hand: the real authorizer must never differ.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use std::cell::Cell;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use policy::{
    Action, Class, DutySubject, Effect, Fact, FactKind, KeyState, Lead, PolicySet, Prospect, Restriction,
    Standing, Subject, Thing, Tier, Trigger,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

const PUBLIC: &str = "2026-12-08T18:00:00Z";
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The rules, in Rust; `aware` is the set in which a duty bars only where it falls due before the public instant.
fn reference(aware: bool, subject: &Subject<'_>, thing: &Thing<'_>, now: Timestamp) -> bool {
    let Some(public) = thing.public else { return false };
    if !matches!(subject.standing, Standing::Active | Standing::Restricted) {
        return false;
    }
    let barred = subject.facts.iter().any(|fact| bars(aware, fact, public, now));
    if barred && thing.class == Class::Reproduction {
        return false;
    }
    if now >= public {
        return true;
    }
    let taken = subject.restriction.is_some_and(|restriction| {
        restriction.classes.contains(&thing.class) && restriction.until.is_none_or(|until| now < until)
    });
    let in_order = subject.standing == Standing::Active
        && subject.key == KeyState::Confirmed
        && subject.agreement_until.is_some_and(|until| now < until);
    in_order
        && !barred
        && !taken
        && subject.tier.classes.contains(&thing.class)
        && now >= public - subject.tier.lead.duration()
}

fn bars(aware: bool, fact: &Fact, public: Timestamp, now: Timestamp) -> bool {
    if fact.kind != FactKind::DisclosureDuty {
        return false;
    }
    let unknown = match (fact.subject, fact.trigger) {
        (None, _) | (Some(DutySubject::ThirdPartyVulnerability), None) => true,
        _ => fact.until.is_none_or(|until| until <= now),
    };
    let on_knowledge = fact.subject == Some(DutySubject::ThirdPartyVulnerability)
        && fact.trigger == Some(Trigger::Knowledge);
    let due_early = !aware || fact.deadline.is_none_or(|deadline| now + deadline.duration() < public);
    unknown || (on_knowledge && due_early)
}

#[derive(Clone, Debug)]
struct Case {
    tier: Tier,
    standing: Standing,
    agreement_until: Option<Timestamp>,
    key: KeyState,
    facts: Vec<Fact>,
    restriction: Option<Restriction>,
    class: Class,
    public: Option<Timestamp>,
    now: Timestamp,
}

impl Case {
    fn subject(&self) -> Subject<'_> {
        Subject {
            member: "acme",
            tier: &self.tier,
            standing: self.standing,
            agreement_until: self.agreement_until,
            key: self.key,
            facts: &self.facts,
            restriction: self.restriction.as_ref(),
        }
    }

    fn thing(&self) -> Thing<'static> {
        Thing { item: "poc", class: self.class, public: self.public }
    }

    /// Every six hours, and one millisecond around every instant that could matter.
    fn grid(&self) -> BTreeSet<Timestamp> {
        let near = |millis: i64| [-1, 0, 1].map(|step| public(millis + step));
        let ends = self
            .facts
            .iter()
            .filter_map(|fact| fact.until)
            .chain(self.agreement_until)
            .chain(self.restriction.as_ref().and_then(|restriction| restriction.until));
        let deadlines = self.facts.iter().filter_map(|fact| fact.deadline);
        (-100..=200)
            .map(|quarter| public(quarter * 6 * HOUR))
            .chain(near(0))
            .chain(near(-i64::from(self.tier.lead.seconds()) * 1_000))
            .chain(deadlines.flat_map(|deadline| near(-i64::from(deadline.seconds()) * 1_000)))
            .chain(ends.flat_map(|end| near(end.as_millisecond() - public(0).as_millisecond())))
            .collect()
    }
}

fn public(millis: i64) -> Timestamp {
    PUBLIC.parse::<Timestamp>().unwrap() + SignedDuration::from_millis(millis)
}

fn all<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    select(values)
}

fn lead() -> impl Strategy<Value = Lead> {
    select(vec![0u32, 3_600, 86_400, 172_800, 432_000, 1_209_600, 1_209_600]).prop_map(Lead::from_seconds)
}

fn end() -> impl Strategy<Value = Option<Timestamp>> {
    let ends = vec![-20 * DAY, -14 * DAY, -2 * DAY - HOUR, -12 * HOUR, -1, 0, 1, 30 * DAY];
    prop_oneof![1 => Just(None), 4 => select(ends).prop_map(|millis| Some(public(millis)))]
}

fn fact() -> impl Strategy<Value = Fact> {
    let kind = prop_oneof![5 => Just(FactKind::DisclosureDuty), 1 => all(FactKind::ALL)];
    let third = Some(DutySubject::ThirdPartyVulnerability);
    let subject = prop_oneof![1 => Just(None), 4 => Just(third), 8 => all(DutySubject::ALL).prop_map(Some)];
    let until = prop_oneof![3 => Just(Some(public(200 * DAY))), 2 => end()];
    let knowledge = Some(Trigger::Knowledge);
    let trigger = prop_oneof![1 => Just(None), 6 => Just(knowledge), 6 => all(Trigger::ALL).prop_map(Some)];
    (kind, subject, trigger, proptest::option::of(lead()), until).prop_map(
        |(kind, subject, trigger, deadline, until)| Fact {
            kind,
            subject,
            trigger,
            deadline,
            says: None,
            until,
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let standing = prop_oneof![4 => Just(Standing::Active), 2 => all(Standing::ALL)];
    let key = prop_oneof![4 => Just(KeyState::Confirmed), 2 => all(KeyState::ALL)];
    let facts = prop_oneof![2 => Just(Vec::new()), 3 => proptest::collection::vec(fact(), 1..4)];
    let public_at = prop_oneof![9 => Just(Some(public(0))), 1 => Just(None)];
    let tier = (lead(), subsequence(Class::ALL, 3..=Class::ALL.len())).prop_map(|(lead, classes)| Tier {
        id: "entry".to_owned(),
        lead,
        classes: classes.into_iter().collect(),
    });
    let restriction = (subsequence(Class::ALL, 1..=3), end())
        .prop_map(|(classes, until)| Restriction { classes: classes.into_iter().collect(), until });
    let restriction = prop_oneof![2 => Just(None), 1 => restriction.prop_map(Some)];
    let agreement = prop_oneof![3 => Just(Some(public(200 * DAY))), 2 => end()];
    let parts = (tier, standing, agreement, key, (facts, restriction), all(Class::ALL), public_at);
    (parts, any::<prop::sample::Index>(), select(vec![0i64, 1, -1, 400_000]), prop::bool::weighted(0.8))
        .prop_map(
            |(
                (tier, standing, agreement_until, key, (facts, restriction), class, ends),
                place,
                nanos,
                early,
            )| {
                let mut case = Case {
                    tier,
                    standing,
                    agreement_until,
                    key,
                    facts,
                    restriction,
                    class,
                    public: ends,
                    now: Timestamp::UNIX_EPOCH,
                };
                let window = public(-15 * DAY)..public(DAY);
                let grid: Vec<_> =
                    case.grid().into_iter().filter(|at| !early || window.contains(at)).collect();
                case.now = *place.get(&grid) + SignedDuration::from_nanos(nanos);
                case
            },
        )
}

fn sets() -> [(bool, PolicySet); 2] {
    [(false, PolicySet::default_set().unwrap()), (true, PolicySet::deadline_aware().unwrap())]
}

/// Compares one case with the reference under both sets and both actions.
fn agrees(sets: &[(bool, PolicySet)], case: &Case) -> Result<bool, TestCaseError> {
    let mut permitted = false;
    for (aware, set) in sets {
        let expected = reference(*aware, &case.subject(), &case.thing(), case.now);
        permitted |= expected;
        for action in [Action::List, Action::Fetch] {
            let decided = set.decide(action, &case.subject(), &case.thing(), case.now);
            prop_assert_eq!(decided.effect == Effect::Permit, expected, "{} {:?}", set.name(), decided);
            prop_assert!(
                !decided.policies.is_empty() || !expected,
                "a permit names its policy: {:?}",
                decided
            );
        }
    }
    Ok(permitted)
}

/// Compares the outlook with what the reference answers at every instant of the grid.
fn looks_ahead(aware: bool, set: &PolicySet, case: &Case) -> TestCaseResult {
    let (subject, thing, now) = (case.subject(), case.thing(), case.now);
    let outlook = set.outlook(&subject, &thing, now);
    let ask = |at: Timestamp| reference(aware, &subject, &thing, at);
    let grid: Vec<_> = case.grid().into_iter().filter(|at| *at >= now).collect();
    let first = std::iter::once(now).chain(grid.iter().copied()).find(|at| ask(*at));
    let tick = SignedDuration::from_millis(1);
    // Tier and class alone: the same member without anything that could bar it.
    let free = Subject {
        standing: Standing::Active,
        agreement_until: Some(public(400 * DAY)),
        key: KeyState::Confirmed,
        facts: &[],
        restriction: None,
        ..subject
    };
    let granted =
        std::iter::once(now).chain(grid.iter().copied()).find(|at| reference(aware, &free, &thing, *at));
    match outlook.effect {
        Prospect::Release { at } => {
            prop_assert!(ask(at) && !ask(at - tick), "a stretch starts at {}: {:?}", at, outlook);
            prop_assert_eq!(first, Some(at.max(now)), "{:?}", outlook);
            prop_assert!(at <= now || granted == first, "a bar delays it: {:?}", outlook);
        }
        Prospect::Withhold { until: Some(until) } => {
            prop_assert!(until > now && ask(until) && !ask(until - tick), "{:?}", outlook);
            prop_assert_eq!(first, Some(until), "{:?}", outlook);
            prop_assert!(granted < first, "nothing delays it: {:?}", outlook);
        }
        Prospect::Withhold { until: None } => prop_assert_eq!(first, None, "{:?}", outlook),
    }
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    let rng_seed = RngSeed::Fixed(0x00f0_7e3a_2b1c);
    TestRunner::new(Config { cases, rng_seed, failure_persistence: None, ..Config::default() })
}

#[test]
fn the_authorizer_never_differs_from_the_reference() {
    let sets = sets();
    let permitted = Cell::new(0);
    let outcome = runner(1_000).run(&case(), |case| {
        permitted.set(permitted.get() + usize::from(agrees(&sets, &case)?));
        Ok(())
    });
    outcome.unwrap();
    // A generator that never reaches a permit would prove nothing.
    assert!((150..850).contains(&permitted.get()), "{} permitted", permitted.get());
}

#[test]
fn the_outlook_is_what_the_reference_answers_later() {
    let sets = sets();
    let outcome = runner(200)
        .run(&case(), |case| sets.iter().try_for_each(|(aware, set)| looks_ahead(*aware, set, &case)));
    outcome.unwrap();
}

#[test]
fn the_reference_notices_when_any_policy_is_missing() {
    let text = include_str!("../policies/default.cedar");
    let blocks: Vec<_> = text.split("\n\n").collect();
    let policies = blocks.iter().filter(|block| block.contains("@id("));
    for missing in policies.clone() {
        let rest: Vec<_> = blocks.iter().filter(|block| *block != missing).copied().collect();
        let set = PolicySet::parse("mutant", &rest.join("\n\n")).unwrap();
        assert_eq!(set.policies().count() + 1, policies.clone().count());
        let sets = [(false, set)];
        let outcome = runner(1_500).run(&case(), |case| agrees(&sets, &case).map(|_| ()));
        // Without the explicit bar nothing is given either, as every permit asks for the public instant.
        let harmless = missing.contains("embargo-end-unknown");
        assert_eq!(outcome.is_ok(), harmless, "{missing}");
    }
}
