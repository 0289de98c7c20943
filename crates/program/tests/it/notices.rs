//! Notices: what is owed to whom and where, what came of it, and warnings before something lapses.

use jiff::Timestamp;
use policy::Standing;
use program::{
    Command, Entry, Event, Refusal,
    endpoint::EndpointCommand,
    id::NotificationId,
    member::MemberCommand,
    notification::{
        About, Channels, LASTS, NotificationCommand, NotificationEvent, Recipient, owed, still_owed, warnings,
    },
    vetting::{Contact, ContactRole, VettingCommand},
};

use crate::world::{
    DAY, END, HOUR, World, about, agreement, in_wave, member, no_duty, record_fact, t, terminate, to, told,
    vetting,
};

const ALL: Channels = Channels { mail: true, webhooks: true, operators: true };

fn contact(id: &str, role: ContactRole, address: &str) -> Command {
    let contact = Contact { name: String::from("desk"), address: address.to_owned() };
    vetting(id, VettingCommand::SetContact(role, contact))
}

fn endpoint(id: &str, url: &str) -> Command {
    Command::Endpoint(EndpointCommand::Add {
        member: member(id),
        url: url.to_owned(),
        salt: String::from("5a"),
    })
}

fn record(number: u32, to: &str, given_up: Option<&str>) -> Command {
    Command::Notification(NotificationCommand::RecordDelivery {
        notification: NotificationId(number),
        to: [to.parse().unwrap()].into(),
        given_up: given_up.map(str::to_owned),
    })
}

fn retry(number: u32) -> Command {
    let (notification, members) = (NotificationId(number), std::collections::BTreeSet::new());
    Command::Notification(NotificationCommand::Retry { notification, members })
}

fn owes(world: &World, channels: Channels) -> Vec<String> {
    owed(&world.program, channels, world.now)
        .map(|owed| format!("{} {}", owed.notification, owed.to))
        .collect()
}

fn dues(entries: &[Entry]) -> Vec<(&About, Vec<&str>)> {
    let due = entries.iter().filter_map(|entry| match &entry.event {
        Event::Notification(NotificationEvent::Due { about, members, .. }) => {
            Some((about, members.iter().map(program::id::MemberId::as_str).collect()))
        }
        _ => None,
    });
    due.collect()
}

/// At a wave's instant, `acme` with two contacts, `bolt` with an endpoint.
fn reachable() -> World {
    let mut world = World::due();
    world.ok("ann", contact("acme", ContactRole::Security, "sec@acme.example"));
    world.ok("ann", contact("acme", ContactRole::Legal, "law@acme.example"));
    world.ok("ann", endpoint("bolt", "https://bolt.example/hook"));
    world
}

#[test]
fn whom_a_wave_granted_something_is_told_once_and_nobody_else() {
    let mut world = reachable();
    let before = world.log.len();
    world.release("ann").unwrap();
    let granted: Vec<_> = dues(&world.log[before..]);
    assert_eq!(granted.len(), 1);
    assert!(matches!(granted[0].0, About::Wave { .. }));
    assert_eq!(granted[0].1, ["acme"], "bolt hears later: nothing was granted to it");
    world.idle("ann", in_wave(program::wave::WaveCommand::Finish));
    assert_eq!(owes(&world, ALL), ["N1 acme/mail/security"]);

    // The wave goes on at the later tier's instant: whoever is new is told, and nobody twice.
    let (before, number) = (world.log.len(), world.program.notifications().count() + 1);
    world.now = t(END - DAY);
    world.release("ann").unwrap();
    assert_eq!(dues(&world.log[before..])[0].1, ["bolt"]);
    assert!(owes(&world, ALL).contains(&format!("N{number} bolt/webhook/E1")));
    assert!(
        !world.program.notification(NotificationId(1)).unwrap().stands(),
        "nobody must be told of copies"
    );
}

#[test]
fn what_came_of_a_notice_is_recorded_once_and_a_second_try_may_succeed() {
    let mut world = reachable();
    world.release("ann").unwrap();
    let to = "acme/mail/security";
    assert!(matches!(world.refused("ann", retry(1)), Refusal::NothingGivenUp { .. }));
    assert!(matches!(
        world.refused("notifier", record(1, "bolt/webhook/E1", None)),
        Refusal::NotToBeTold { .. }
    ));
    assert!(matches!(world.refused("notifier", retry(1)), Refusal::NotAnOperator(_)), "a person's decision");
    world.ok("notifier", record(1, to, Some("no answer")));
    world.idle("notifier", record(1, to, Some("no answer")));
    assert_eq!(owes(&world, ALL), [""; 0], "given up is given up");
    assert!(world.program.notification(NotificationId(1)).unwrap().stands());

    world.now = t(END - DAY - HOUR);
    world.ok("ann", retry(1));
    assert_eq!(owes(&world, ALL), ["N1 acme/mail/security"], "a week counts from the last try");
    world.ok("notifier", record(1, to, None));
    world.idle("notifier", record(1, to, None));
    world.idle("notifier", record(1, to, Some("too late to fail")));
    let known = world.program.notification(NotificationId(1)).unwrap();
    assert!(known.untold().next().is_none() && !known.stands());
    assert_eq!(known.notices[&to.parse::<Recipient>().unwrap()].by.as_str(), "notifier");
}

#[test]
fn a_notice_is_enough_but_for_a_members_own_standing() {
    let mut world = reachable();
    world.release("ann").unwrap();
    world.ok("ann", to("acme", Standing::Suspended));
    assert_eq!(owes(&world, ALL), ["N2 acme/mail/legal"], "not woken for copies that it may not have");
    world.ok("notifier", record(2, "acme/mail/legal", None));
    assert!(world.program.notification(NotificationId(2)).unwrap().stands(), "it cannot read what there is");
    world.ok("ann", told(2, &["acme"]));
    assert!(!world.program.notification(NotificationId(2)).unwrap().stands());

    for operator in ["ann", "bob"] {
        world.ok(operator, terminate());
    }
    assert_eq!(owes(&world, ALL), ["N3 acme/mail/security", "N3 bolt/webhook/E1"]);
    world.ok("notifier", record(3, "bolt/webhook/E1", None));
    let untold: Vec<_> = world.program.notification(NotificationId(3)).unwrap().untold().cloned().collect();
    assert_eq!(untold, [member("acme")]);
    world.ok("ann", told(3, &["acme"]));
    assert_eq!(owes(&world, ALL), [""; 0], "whom a person told is sent nothing more");
}

#[test]
fn nothing_is_owed_by_a_channel_that_is_not_there_or_was_not_then_or_too_late() {
    let mut world = reachable();
    world.release("ann").unwrap();
    world.now = t(END - 14 * DAY + HOUR);
    world.ok("ann", endpoint("acme", "https://acme.example/late"));
    assert_eq!(owes(&world, Channels { mail: false, ..ALL }), [""; 0], "it was added after the release");
    assert_eq!(owes(&world, ALL), ["N1 acme/mail/security"]);
    let to: Recipient = "acme/mail/security".parse().unwrap();
    let id = NotificationId(1);
    assert!(still_owed(&world.program, id, &to, world.now));
    let last = t(END - 14 * DAY).checked_add(LASTS).unwrap();
    assert!(still_owed(&world.program, id, &to, last));
    assert!(!still_owed(
        &world.program,
        id,
        &to,
        last.checked_add(jiff::SignedDuration::from_secs(1)).unwrap()
    ));
    world.ok("ann", contact("acme", ContactRole::Security, "+43 1 0000000"));
    assert_eq!(owes(&world, ALL), ["N1 acme/mail/legal"], "somebody there rather than nobody");
    world.ok("ann", contact("acme", ContactRole::Legal, "sec@acme.example, boss@acme.example"));
    assert_eq!(owes(&world, ALL), [""; 0], "two addresses are none");
    assert_eq!(owes(&world, Channels::default()), [""; 0]);
}

#[test]
fn one_address_gets_one_notice() {
    let mut world = reachable();
    world.ok("ann", contact("acme", ContactRole::Emergency, "sec@acme.example"));
    world.ok("ann", Command::Notification(NotificationCommand::Test { member: member("acme") }));
    assert_eq!(owes(&world, ALL), ["N1 acme/mail/security", "N1 acme/mail/legal"]);
    assert!(!world.program.notification(NotificationId(1)).unwrap().stands());
}

#[test]
fn endpoints_are_the_members_own_few_and_never_numbered_twice() {
    let mut world = World::peopled();
    assert!(matches!(
        world.refused("ann", endpoint("nobody", "https://x.example/")),
        Refusal::UnknownMember(_)
    ));
    assert!(matches!(world.refused("ann", endpoint("acme", "http://x.example/")), Refusal::BadUrl { .. }));
    assert!(matches!(
        world.refused("timer", endpoint("acme", "https://x.example/")),
        Refusal::NotAnOperator(_)
    ));
    for number in 0..5 {
        world.ok("ann", endpoint("acme", &format!("https://x.example/{number}")));
    }
    assert!(matches!(world.refused("ann", endpoint("acme", "https://x.example/0")), Refusal::Exists { .. }));
    assert!(matches!(
        world.refused("ann", endpoint("acme", "https://x.example/6")),
        Refusal::TooManyEndpoints { .. }
    ));
    let remove = |id: &str| Command::Endpoint(EndpointCommand::Remove { endpoint: id.parse().unwrap() });
    world.ok("ann", remove("E5"));
    assert!(matches!(world.refused("ann", remove("E5")), Refusal::UnknownEndpoint(_)));
    world.ok("ann", endpoint("bolt", "https://x.example/6"));
    assert_eq!(world.program.endpoints().of(&member("bolt")).next().unwrap().id.to_string(), "E6");
}

/// Every warning given by a server that looks each hour until an instant, as `member days-before`.
fn watch(world: &mut World, until: Timestamp) -> Vec<String> {
    let mut given = Vec::new();
    while world.now < until {
        if !warnings(&world.program, world.now).is_empty() {
            let done = world.ok("notifier", Command::Notification(NotificationCommand::Warn));
            given.extend(dues(&done).into_iter().map(|(about, members)| match about {
                About::Lapse { what, days, .. } => format!("{} {what} {days}", members.join("+")),
                other => panic!("{other:?}"),
            }));
            assert!(
                world.run("notifier", Command::Notification(NotificationCommand::Warn)).unwrap().is_empty()
            );
        }
        world.now = world.now.checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    }
    given
}

#[test]
fn what_lapses_is_warned_of_three_times_once_each() {
    let mut world = World::peopled();
    for id in ["acme", "bolt"] {
        world.ok("ann", about(id, MemberCommand::SignAgreement { agreement: agreement(40 * DAY) }));
    }
    let fact = policy::Fact { until: Some(t(20 * DAY)), ..no_duty() };
    world.ok("ann", about("acme", record_fact(fact)));
    let given = watch(&mut world, t(41 * DAY));
    assert_eq!(
        given,
        [
            "acme fact disclosure-duty/none 30",
            "acme+bolt agreement 30",
            "acme fact disclosure-duty/none 7",
            "acme fact disclosure-duty/none 1",
            "acme+bolt agreement 7",
            "acme+bolt agreement 1",
        ]
    );
    assert!(owes(&world, ALL).iter().any(|it| it.ends_with(" operators")), "the operators are told too");
}

#[test]
fn a_server_that_was_away_gives_the_nearest_warning_and_a_renewal_begins_anew() {
    let mut world = World::peopled();
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(40 * DAY) }));
    world.now = t(39 * DAY + HOUR);
    assert_eq!(watch(&mut world, t(39 * DAY + 3 * HOUR)), ["acme agreement 1"]);
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(100 * DAY) }));
    assert_eq!(watch(&mut world, t(94 * DAY)), ["acme agreement 30", "acme agreement 7"]);
    assert_eq!(world.run("notifier", Command::Notification(NotificationCommand::Warn)).unwrap(), []);
}

#[test]
fn a_key_that_must_be_compared_again_is_warned_of() {
    let mut world = World::peopled();
    world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement: agreement(800 * DAY) }));
    world.ok("ann", about("bolt", MemberCommand::SignAgreement { agreement: agreement(800 * DAY) }));
    world.now = t(330 * DAY);
    let given = watch(&mut world, t(366 * DAY));
    let keys: Vec<_> = given.iter().filter(|it| it.contains(" key ")).collect();
    assert_eq!(keys.len(), 6, "two members, three times each: {given:?}");
}
