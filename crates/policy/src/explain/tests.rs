use super::*;
use crate::decide::tests::{LEAD, PUBLIC, at, duty, entry, good, thing};
use crate::facts::{Class, Trigger};
use crate::lead::Lead;

const NOON: &str = "2026-12-08T12:00:00Z";

fn explain(subject: &Subject<'_>, class: Class, now: &str, tiers: &[Tier]) -> String {
    let set = PolicySet::default_set().unwrap();
    let explanation = set.explain(subject, &thing(class), at(now), tiers);
    let changes = explanation.changes.iter().map(|change| format!("{} -> {}", change.what, change.then));
    let because = explanation.because.iter().map(|because| format!("because {because}"));
    because.chain(changes).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_barring_fact_is_turned_by_confirming_it() {
    let tier = entry();
    let unconfirmed = [duty(DutySubject::OwnProduct, Trigger::Knowledge, None)];
    insta::assert_snapshot!(explain(&good(&tier, &unconfirmed), Class::Reproduction, NOON, &[]), @r"
    because the reporting duties of `acme` were never confirmed (policy disclosure-duty-unconfirmed)
    confirm its statement about disclosure duties anew (subject own-product) -> permitted: tier `entry` has reproduction items from 1d before they are public (policy tier-lead-time)
    ");
    let third =
        [duty(DutySubject::ThirdPartyVulnerability, Trigger::Knowledge, Some("2027-01-01T00:00:00Z"))];
    insta::assert_snapshot!(explain(&good(&tier, &third), Class::Reproduction, NOON, &[]), @r"
    because `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)
    confirm that it is under no such duty -> permitted: tier `entry` has reproduction items from 1d before they are public (policy tier-lead-time)
    ");
}

#[test]
fn one_change_each_or_the_smallest_combination() {
    let tier = entry();
    let suspended = Subject { standing: Standing::Suspended, ..good(&tier, &[]) };
    insta::assert_snapshot!(explain(&suspended, Class::Notice, NOON, &[]), @r"
    because `acme` is suspended, and only active and restricted members get anything (policy standing-not-admitted)
    make it active -> permitted: tier `entry` has notice items from 1d before they are public (policy tier-lead-time)
    ");
    let third = [duty(DutySubject::ThirdPartyVulnerability, Trigger::Knowledge, None)];
    let much = Subject { key: KeyState::Expired, agreement_until: None, ..good(&tier, &third) };
    insta::assert_snapshot!(explain(&much, Class::Notice, NOON, &[]), @r"
    because `acme` has no agreement in force (policy agreement-ended)
    because `acme` has no confirmed key (policy key-not-confirmed)
    because `acme` is under a duty to report third-party vulnerabilities it learns of (policy disclosure-duty)
    because the reporting duties of `acme` were never confirmed (policy disclosure-duty-unconfirmed)
    wait until 2026-12-08T18:00:00Z -> permitted: tier `entry` has notice items from 1d before they are public (policy tier-lead-time); every member has every class once it is public (policy after-public)
    confirm its key, and renew its agreement, and confirm that it is under no such duty -> permitted: tier `entry` has notice items from 1d before they are public (policy tier-lead-time)
    ");
}

#[test]
fn a_longer_lead_is_tried_and_the_shortest_that_does_is_named() {
    let tier = entry();
    let tiers = [14, 1, 5].map(|days| Tier {
        id: format!("t{days}"),
        lead: Lead::from_seconds(days * 86_400),
        ..entry()
    });
    insta::assert_snapshot!(explain(&good(&tier, &[]), Class::Detection, "2026-12-04T00:00:00Z", &tiers), @r"
    because denied: no policy lets `acme` fetch `poc` at 2026-12-04T00:00:00Z
    wait until 2026-12-07T18:00:00Z -> permitted: tier `entry` has detection items from 1d before they are public (policy tier-lead-time)
    move it to tier `t5` -> permitted: tier `t5` has detection items from 5d before they are public (policy tier-lead-time)
    ");
}

#[test]
fn a_permit_names_the_instant_it_ends() {
    let tier = entry();
    let ends = Subject { agreement_until: Some(at("2026-12-08T15:00:00Z")), ..good(&tier, &[]) };
    insta::assert_snapshot!(explain(&ends, Class::Notice, LEAD, &[]), @r"
    because tier `entry` has notice items from 1d before they are public (policy tier-lead-time)
    ask from 2026-12-08T15:00:00Z on -> denied: `acme` has no agreement in force (policy agreement-ended)
    ");
    assert_eq!(
        PolicySet::default_set().unwrap().explain(&ends, &thing(Class::Notice), at(PUBLIC), &[]).changes,
        []
    );
}
