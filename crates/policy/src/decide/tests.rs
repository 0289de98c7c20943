use std::sync::LazyLock;

use super::*;
use crate::facts::{Class, DutySubject, Fact, FactKind, KeyState, Standing, Tier, Trigger};
use crate::lead::Lead;

static SET: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::default_set().unwrap());

pub(crate) const LEAD: &str = "2026-12-07T18:00:00Z";
pub(crate) const PUBLIC: &str = "2026-12-08T18:00:00Z";

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
        restriction: None,
    }
}

pub(crate) fn thing(class: Class) -> Thing<'static> {
    Thing { item: "poc", class, public: Some(at(PUBLIC)) }
}

pub(crate) fn duty(subject: DutySubject, trigger: Trigger, until: Option<&str>) -> Fact {
    Fact {
        kind: FactKind::DisclosureDuty,
        subject: Some(subject),
        trigger: Some(trigger),
        deadline: Some(Lead::from_seconds(172_800)),
        says: None,
        until: until.map(at),
    }
}

const THIRD: DutySubject = DutySubject::ThirdPartyVulnerability;
const LONG: Option<&str> = Some("2027-01-01T00:00:00Z");

/// Answers for a detection and a reproduction: at the lead, a millisecond before public, at public, days later.
fn answers(subject: &Subject<'_>) -> String {
    let ask = |class: Class| {
        let instants = [
            "2026-12-07T17:59:59.999Z",
            LEAD,
            "2026-12-08T17:59:59.999999999Z",
            PUBLIC,
            "2026-12-20T18:00:00Z",
        ];
        let answer = |now: &str| {
            let [list, fetch] = [Action::List, Action::Fetch]
                .map(|action| SET.decide(action, subject, &thing(class), at(now)).effect);
            assert_eq!(list, fetch, "existence is told when the item is");
            if fetch == Effect::Permit { 'y' } else { 'n' }
        };
        instants.map(answer).iter().collect::<String>()
    };
    // An advisory is not in the tier.
    [Class::Detection, Class::Reproduction, Class::Advisory].map(ask).join(" ")
}

#[test]
fn an_error_denies_although_cedar_would_allow() {
    let text = r#"
        @id("open") @says("it is open") permit (principal, action, resource);
        @id("shut") @says("it is shut") forbid (principal, action, resource)
        when { context.now < datetime("2026-12-08") };
    "#;
    // No set that is accepted can fail, so one is changed behind its back.
    let failing = r#"forbid (principal, action, resource)
        when { context.now.offset(duration("106751991167d")) < datetime("2026-12-08") };"#;
    assert!(PolicySet::parse("own", &format!("@id(\"shut\") @says(\"it is shut\") {failing}")).is_err());
    let mut set = PolicySet::parse("own", text).unwrap();
    let named = |id: &str, text: &str| {
        cedar_policy::Policy::parse(Some(cedar_policy::PolicyId::new(id)), text).unwrap()
    };
    let open = named("open", "permit (principal, action, resource);");
    set.all = cedar_policy::PolicySet::from_policies([open, named("shut", failing)]).unwrap();
    let tier = entry();
    let decision = set.decide(Action::Fetch, &good(&tier, &[]), &thing(Class::Notice), at(LEAD));
    assert_eq!((decision.effect, decision.policies), (Effect::Deny, vec!["shut".to_owned()]));
    insta::assert_snapshot!(decision.says, @"denied, since a policy could not be evaluated: it is shut (policy shut)");
    let outlook = set.outlook(&good(&tier, &[]), &thing(Class::Notice), at(LEAD));
    assert_eq!(outlook.effect, crate::Prospect::Withhold { until: None });
}

#[test]
fn an_instant_that_cedar_cannot_hold_denies() {
    let set = PolicySet::default_set().unwrap();
    let (tier, ancient) = (entry(), at("-000001-01-01T00:00:00Z"));
    for thing in [thing(Class::Notice), Thing { public: Some(ancient), ..thing(Class::Notice) }] {
        let subject = Subject { agreement_until: Some(ancient), ..good(&tier, &[]) };
        let decision = set.decide(Action::Fetch, &subject, &thing, at(PUBLIC));
        assert_eq!(decision.effect, Effect::Deny);
        assert!(decision.says.starts_with("denied: the question could not be put"), "{}", decision.says);
        assert_eq!(
            set.outlook(&subject, &thing, at(PUBLIC)).effect,
            crate::Prospect::Withhold { until: None }
        );
        assert!(
            set.explain(&subject, &thing, at(PUBLIC), &[])
                .changes
                .iter()
                .all(|change| change.then.starts_with("permitted"))
        );
    }
    let early = set.decide(Action::Fetch, &good(&tier, &[]), &thing(Class::Notice), ancient);
    assert_eq!(early.effect, Effect::Deny);
}

#[test]
fn a_public_instant_within_a_millisecond_is_never_early() {
    let set = PolicySet::default_set().unwrap();
    let tier = entry();
    let thing = Thing { public: Some(at("2026-12-08T18:00:00.000000001Z")), ..thing(Class::Advisory) };
    let ask = |now: &str| set.decide(Action::Fetch, &good(&tier, &[]), &thing, at(now)).effect;
    assert_eq!(ask("2026-12-08T18:00:00.000999999Z"), Effect::Deny);
    assert_eq!(ask("2026-12-08T18:00:00.001Z"), Effect::Permit);
}

#[test]
fn every_rule_of_the_default_set() {
    let tier = entry();
    let good_order = "nyyyy nyyyy nnnyy";
    let public_only = "nnnyy nnnyy nnnyy";
    let duty_bound = "nnnyy nnnnn nnnyy";
    let never = "nnnnn nnnnn nnnnn";
    assert_eq!(answers(&good(&tier, &[])), good_order);

    use Standing as S;
    for (standing, expected) in [
        (S::Applied, never),
        (S::Vetting, never),
        (S::Active, good_order),
        (S::Restricted, public_only),
        (S::Suspended, never),
        (S::Removed, never),
        (S::Declined, never),
    ] {
        assert_eq!(answers(&Subject { standing, ..good(&tier, &[]) }), expected, "{standing}");
    }
    use KeyState as K;
    for (key, expected) in [
        (K::None, public_only),
        (K::Unconfirmed, public_only),
        (K::Expired, public_only),
        (K::Confirmed, good_order),
    ] {
        assert_eq!(answers(&Subject { key, ..good(&tier, &[]) }), expected, "{key}");
    }
    for (agreement, expected) in [
        (None, public_only),
        (Some(LEAD), public_only),
        (Some("2026-12-07T18:00:00.001Z"), "nynyy nynyy nnnyy"),
        (Some(PUBLIC), good_order),
    ] {
        let subject = Subject { agreement_until: agreement.map(at), ..good(&tier, &[]) };
        assert_eq!(answers(&subject), expected, "{agreement:?}");
    }
    use {DutySubject as D, Trigger as T};
    for (fact, expected) in [
        (duty(THIRD, T::Knowledge, LONG), duty_bound),
        (duty(THIRD, T::Exploitation, LONG), good_order),
        (duty(THIRD, T::Incident, LONG), good_order),
        (duty(D::OwnProduct, T::Knowledge, LONG), good_order),
        (duty(D::Incident, T::Incident, LONG), good_order),
        (duty(D::None, T::Knowledge, LONG), good_order),
        (duty(D::None, T::Knowledge, None), duty_bound),
        (duty(D::OwnProduct, T::Knowledge, None), duty_bound),
        (duty(D::OwnProduct, T::Knowledge, Some(LEAD)), duty_bound),
        (duty(D::None, T::Knowledge, Some("2026-12-08T12:00:00Z")), "nynyy nynnn nnnyy"),
        (Fact { subject: None, ..duty(D::None, T::Knowledge, LONG) }, duty_bound),
        (Fact { trigger: None, ..duty(THIRD, T::Knowledge, LONG) }, duty_bound),
        (Fact { deadline: None, ..duty(THIRD, T::Knowledge, LONG) }, duty_bound),
        (Fact { kind: FactKind::Jurisdiction, ..duty(THIRD, T::Knowledge, None) }, good_order),
    ] {
        // A second statement that bars nothing must not hide the first.
        let far = duty(D::None, T::Incident, Some("2030-01-01T00:00:00Z"));
        assert_eq!(answers(&good(&tier, std::slice::from_ref(&fact))), expected, "{fact}");
        assert_eq!(answers(&good(&tier, &[far, fact.clone()])), expected, "{fact} and none");
    }
    assert_eq!(
        answers(&Subject { standing: S::Suspended, ..good(&tier, &[duty(THIRD, T::Knowledge, LONG)]) }),
        never
    );

    let set = PolicySet::default_set().unwrap();
    let unset = Thing { public: None, ..thing(Class::Notice) };
    let decision = set.decide(Action::Fetch, &good(&tier, &[]), &unset, at("2027-01-01T00:00:00Z"));
    assert_eq!((decision.effect, decision.policies), (Effect::Deny, vec!["embargo-end-unknown".to_owned()]));
}

#[test]
fn a_duty_may_bar_only_where_it_falls_due_before_the_public_instant() {
    let set = PolicySet::deadline_aware().unwrap();
    let long_tier = Tier { lead: Lead::from_seconds(14 * 86_400), ..entry() };
    let facts = [duty(THIRD, Trigger::Knowledge, LONG)];
    let ask = |facts: &[Fact], now: &str| {
        set.decide(Action::Fetch, &good(&long_tier, facts), &thing(Class::Reproduction), at(now)).effect
    };
    assert_eq!(ask(&facts, "2026-12-06T17:59:59.999Z"), Effect::Deny);
    assert_eq!(ask(&facts, "2026-12-06T18:00:00Z"), Effect::Permit, "48 hours before");
    let open_ended = Fact { deadline: None, ..facts[0].clone() };
    let both = [facts[0].clone(), open_ended];
    assert_eq!(ask(&both, "2026-12-06T18:00:00Z"), Effect::Deny);
    assert_eq!(ask(&both, "2030-12-06T18:00:00Z"), Effect::Deny);
    let shorter = Fact { deadline: Some(Lead::from_seconds(3_600)), ..facts[0].clone() };
    let both = [facts[0].clone(), shorter];
    assert_eq!(ask(&both, "2026-12-08T16:59:59Z"), Effect::Deny, "the shortest deadline counts");
    assert_eq!(ask(&both, "2026-12-08T17:00:00Z"), Effect::Permit);
}

#[test]
fn the_words_of_a_decision() {
    let set = PolicySet::default_set().unwrap();
    let tier = entry();
    let say = |subject: &Subject<'_>, class: Class, now: &str| {
        let decision = set.decide(Action::Fetch, subject, &thing(class), at(now));
        format!("{}\n{}", decision.says, decision.facts.join("\n"))
    };
    insta::assert_snapshot!(say(&good(&tier, &[]), Class::Detection, LEAD), @r"
    permitted: tier `entry` has detection items from 1d before they are public (policy tier-lead-time)
    tier: entry, lead 1d, classes notice detection reproduction
    class: detection
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(say(&good(&tier, &[]), Class::Detection, PUBLIC), @r"
    permitted: tier `entry` has detection items from 1d before they are public (policy tier-lead-time); every member has every class once it is public (policy after-public)
    tier: entry, lead 1d, classes notice detection reproduction
    class: detection
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(say(&good(&tier, &[]), Class::Advisory, LEAD), @r"
    denied: no policy lets `acme` fetch `poc` at 2026-12-07T18:00:00Z
    tier: entry, lead 1d, classes notice detection reproduction
    class: advisory
    public: 2026-12-08T18:00:00Z
    ");
    let suspended = Subject { standing: Standing::Suspended, ..good(&tier, &[]) };
    insta::assert_snapshot!(say(&suspended, Class::Notice, LEAD), @r"
    denied: `acme` is suspended, and only active and restricted members get anything (policy standing-not-admitted)
    standing: suspended
    ");
    let facts = [duty(THIRD, Trigger::Knowledge, LONG), duty(DutySubject::None, Trigger::Knowledge, None)];
    insta::assert_snapshot!(say(&good(&tier, &facts), Class::Reproduction, LEAD), @r"
    denied: `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty); the reporting duties of `acme` were never confirmed (policy disclosure-duty-unconfirmed)
    disclosure-duty: none on knowledge within 2d, never confirmed
    disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z
    class: reproduction
    public: 2026-12-08T18:00:00Z
    ");
    let lapsed = Subject { agreement_until: Some(at(LEAD)), key: KeyState::Unconfirmed, ..good(&tier, &[]) };
    insta::assert_snapshot!(say(&lapsed, Class::Notice, LEAD), @r"
    denied: `acme` has no agreement in force (policy agreement-ended); `acme` has no confirmed key (policy key-not-confirmed)
    agreement: ended 2026-12-07T18:00:00Z
    key: unconfirmed
    public: 2026-12-08T18:00:00Z
    ");
}

#[test]
fn a_name_opens_no_gap_and_no_policy() {
    let set = PolicySet::default_set().unwrap();
    let tier = entry();
    let subject = Subject { member: "{key}\" || true", standing: Standing::Removed, ..good(&tier, &[]) };
    let decision = set.decide(Action::Fetch, &subject, &thing(Class::Notice), at(PUBLIC));
    assert!(decision.says.contains("`{key}\" || true` is removed"), "{}", decision.says);
    assert_eq!(decision.effect, Effect::Deny);
}

#[test]
fn what_is_handed_to_cedar_fits_the_schema() {
    let schema = include_str!("../../policies/schema.cedarschema");
    let (schema, _) = cedar_policy::Schema::from_cedarschema_str(schema).unwrap();
    let set = PolicySet::default_set().unwrap();
    let (tier, untils) = (entry(), [None, LONG]);
    let mut facts: Vec<Fact> = Vec::new();
    for subject in DutySubject::ALL {
        for (trigger, until) in Trigger::ALL.iter().zip(untils.iter().cycle()) {
            facts.push(Fact { deadline: None, ..duty(*subject, *trigger, *until) });
            facts.push(duty(*subject, *trigger, *until));
            let short = [duty(*subject, *trigger, *until)];
            for facts in [&facts[..], &short[..], &[]] {
                for (standing, key) in Standing::ALL.iter().zip(KeyState::ALL.iter().cycle()) {
                    let subject = Subject {
                        standing: *standing,
                        key: *key,
                        agreement_until: None,
                        ..good(&tier, facts)
                    };
                    for thing in [thing(Class::Patch), Thing { public: None, ..thing(Class::Notice) }] {
                        let pair = set.pair(Action::List, &subject, &thing).unwrap();
                        let entities = pair.entities.iter().cloned();
                        cedar_policy::Entities::from_entities(entities, Some(&schema)).unwrap();
                    }
                }
            }
        }
    }
}

#[test]
fn a_set_that_could_not_be_read_refuses_everything_and_says_so() {
    let why = PolicySet::parse("mine", "permit (principal, action, resource);").unwrap_err();
    let closed = PolicySet::closed("mine", "permit (principal, action, resource);", &why);
    let tier = entry();
    let (subject, thing) = (good(&tier, &[]), thing(Class::Notice));
    let long_after = at("2027-12-08T18:00:00Z");
    let decided = closed.decide(Action::Fetch, &subject, &thing, long_after);
    assert_eq!(decided.effect, Effect::Deny);
    assert!(
        decided.says.contains("cannot be read by this version") && decided.says.contains("`@id"),
        "{decided:?}"
    );
    let outlook = closed.outlook(&subject, &thing, long_after);
    assert_eq!(outlook.effect, crate::outlook::Prospect::Withhold { until: None });
    assert!(closed.heeds_restrictions() && closed.closed_because().is_some());
}
