use super::*;
use crate::decide::tests::{LEAD, PUBLIC, at, duty, entry, good, thing};
use crate::facts::{Class, DutySubject, KeyState, Standing, Trigger};

const NOW: &str = "2026-12-01T00:00:00Z";

fn ask(subject: &Subject<'_>, class: Class, now: &str) -> Outlook {
    PolicySet::default_set().unwrap().outlook(subject, &thing(class), at(now))
}

fn release(text: &str) -> Prospect {
    Prospect::Release { at: at(text) }
}

fn withhold(until: Option<&str>) -> Prospect {
    Prospect::Withhold { until: until.map(at) }
}

#[test]
fn a_bar_withholds() {
    let tier = entry();
    let duty = [duty(DutySubject::ThirdPartyVulnerability, Trigger::Knowledge, Some("2027-01-01T00:00:00Z"))];
    let bound = good(&tier, &duty);
    assert_eq!(ask(&bound, Class::Detection, NOW).effect, withhold(Some(PUBLIC)));
    assert_eq!(ask(&bound, Class::Reproduction, NOW).effect, withhold(None));
    assert_eq!(
        ask(&bound, Class::Advisory, NOW).effect,
        release(PUBLIC),
        "the class waits for the public anyway"
    );
    assert_eq!(ask(&bound, Class::Detection, PUBLIC).effect, release(PUBLIC), "over");
    let suspended = Subject { standing: Standing::Suspended, ..bound };
    let outlook = ask(&suspended, Class::Reproduction, NOW);
    assert_eq!(outlook.effect, withhold(None));
    assert_eq!(outlook.policies, ["standing-not-admitted", "disclosure-duty"]);
    let unset = Thing { public: None, ..thing(Class::Notice) };
    let outlook = PolicySet::default_set().unwrap().outlook(&good(&tier, &[]), &unset, at(NOW));
    assert_eq!((outlook.effect, outlook.policies), (withhold(None), vec!["embargo-end-unknown".to_owned()]));
}

#[test]
fn tier_and_class_release() {
    let tier = entry();
    for now in [NOW, LEAD, "2026-12-08T00:00:00Z", PUBLIC, "2027-01-01T00:00:00Z"] {
        assert_eq!(ask(&good(&tier, &[]), Class::Detection, now).effect, release(LEAD), "{now}");
        assert_eq!(ask(&good(&tier, &[]), Class::Advisory, now).effect, release(PUBLIC), "{now}");
    }
}

#[test]
fn what_ends_before_it_would_be_given_counts() {
    let tier = entry();
    let none = [duty(DutySubject::None, Trigger::Knowledge, Some("2026-12-03T00:00:00Z"))];
    let outlook = ask(&good(&tier, &none), Class::Detection, NOW);
    assert_eq!(outlook.effect, withhold(Some(PUBLIC)), "confirmed now, expired by then");
    assert_eq!(outlook.policies, ["disclosure-duty-expired"]);
    let ends = Subject { agreement_until: Some(at("2026-12-08T00:00:00Z")), ..good(&tier, &[]) };
    assert_eq!(ask(&ends, Class::Detection, NOW).effect, release(LEAD), "it has a stretch of six hours");
    assert_eq!(
        ask(&ends, Class::Detection, "2026-12-08T00:00:00Z").effect,
        withhold(Some(PUBLIC)),
        "that is over"
    );
}

#[test]
fn the_words_of_an_outlook() {
    let tier = entry();
    let duty = [duty(DutySubject::ThirdPartyVulnerability, Trigger::Knowledge, Some("2027-01-01T00:00:00Z"))];
    let say = |subject: &Subject<'_>, class: Class| {
        let outlook = ask(subject, class, NOW);
        format!("{}\n{}", outlook.says, outlook.facts.join("\n"))
    };
    insta::assert_snapshot!(say(&good(&tier, &duty), Class::Detection), @r"
    withheld until 2026-12-08T18:00:00Z: `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)
    disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z
    class: detection
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(say(&good(&tier, &duty), Class::Reproduction), @r"
    never released: `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)
    disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z
    class: reproduction
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(say(&good(&tier, &[]), Class::Reproduction), @r"
    released from 2026-12-07T18:00:00Z: tier `entry` has reproduction items from 1d before they are public (policy tier-lead-time)
    tier: entry, lead 1d, classes notice detection reproduction
    class: reproduction
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(say(&good(&tier, &[]), Class::Advisory), @r"
    released from 2026-12-08T18:00:00Z: every member has every class once it is public (policy after-public)
    public: 2026-12-08T18:00:00Z
    ");
    let lapsing = Subject { agreement_until: Some(at(NOW)), key: KeyState::None, ..good(&tier, &[]) };
    insta::assert_snapshot!(say(&lapsing, Class::Notice), @r"
    withheld until 2026-12-08T18:00:00Z: `acme` has no agreement in force (policy agreement-ended); `acme` has no confirmed key (policy key-not-confirmed)
    agreement: ended 2026-12-01T00:00:00Z
    key: none
    public: 2026-12-08T18:00:00Z
    ");
    insta::assert_snapshot!(ask(&good(&tier, &[]), Class::Notice, PUBLIC).says, @"released since 2026-12-07T18:00:00Z: tier `entry` has notice items from 1d before they are public (policy tier-lead-time)");
}

#[test]
fn follows_the_times_written_in_a_policy() {
    let own = |condition: &str| {
        let text = format!(
            "@id(\"open\") @says(\"open\") permit (principal, action, resource) when {{ {condition} }};"
        );
        let tier = entry();
        let set = PolicySet::parse("own", &text).unwrap();
        set.outlook(&good(&tier, &[]), &thing(Class::Notice), at(NOW)).effect
    };
    let early = "resource has public && context.now >= resource.public.offset(duration(\"-1d2h3m4s5ms\"))";
    assert_eq!(own(early), release("2026-12-07T15:56:55.995Z"));
    let after = "resource has public && context.now > resource.public";
    assert_eq!(own(after), release("2026-12-08T18:00:00.001Z"));
    assert_eq!(own("context.now >= datetime(\"2026-12-04\")"), release("2026-12-04T00:00:00Z"));
    assert_eq!(own("context.now >= datetime(\"2026-12-04T11:00:00+0700\")"), release("2026-12-04T04:00:00Z"));
    assert_eq!(
        own("context.now.durationSince(datetime(\"2026-12-04\")) >= duration(\"12h\")"),
        release("2026-12-04T12:00:00Z")
    );
    assert_eq!(own("context.now < datetime(\"2026-12-01\")"), withhold(None));
}
