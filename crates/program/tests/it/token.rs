//! Tokens: who may have which, and when one is good.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::Timestamp;
use policy::Standing;
use program::{
    Command, Program, Refusal,
    actor::{CONSOLE, TIMER},
    id::{Sha256, TokenId},
    restore::{Head, Loss},
    token::{Holder, Scope, TokenCommand},
};

use crate::world::{DAY, World, early, finish, member, sha, t, tier, to, user};

fn issue(text: &str, holder: Holder, scopes: &[Scope], until: i64) -> Command {
    let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
    Command::Token(TokenCommand::Issue {
        sha256: sha(text),
        holder,
        scopes,
        until: t(until),
        from: Vec::new(),
        certificate: None,
    })
}

fn revoke(number: u32, reason: &str) -> Command {
    Command::Token(TokenCommand::Revoke { token: TokenId(number), reason: reason.to_owned() })
}

fn of_member(id: &str) -> Holder {
    Holder::Member(member(id))
}

fn good(program: &Program, text: &str, now: Timestamp, from: &str) -> bool {
    let from: IpAddr = from.parse().unwrap();
    program.tokens().by_hash(&sha(text)).is_some_and(|token| token.good(program, now, from, None))
}

#[test]
fn what_is_not_issued() {
    let mut world = World::founded();
    world.admit("acme", "early");
    let mut refused = |actor: &str, command| world.refused(actor, command);
    let fetch = &[Scope::Fetch];
    assert!(matches!(refused("ann", issue("a", of_member("nobody"), fetch, DAY)), Refusal::UnknownMember(_)));
    assert!(matches!(
        refused("ann", issue("a", Holder::Operator(user("zoe")), &[Scope::Act], DAY)),
        Refusal::NotAnOperator(_)
    ));
    assert!(matches!(refused("ann", issue("a", of_member("acme"), &[], DAY)), Refusal::Empty(_)));
    for (holder, scope) in [
        (of_member("acme"), Scope::Act),
        (of_member("acme"), Scope::Read),
        (Holder::Operator(user("ann")), Scope::Fetch),
        (Holder::Observer, Scope::Act),
    ] {
        assert!(matches!(refused("ann", issue("a", holder, &[scope], DAY)), Refusal::ScopeUnfit { .. }));
    }
    for until in [0, -DAY, 367 * DAY] {
        assert!(matches!(
            refused("ann", issue("a", of_member("acme"), fetch, until)),
            Refusal::TokenEnd { .. }
        ));
    }
    assert!(matches!(refused(TIMER, issue("a", of_member("acme"), fetch, DAY)), Refusal::NotAnOperator(_)));
    assert!(matches!(refused("ann", revoke(1, "lost")), Refusal::UnknownToken(_)));
}

#[test]
fn a_token_ends_with_its_time_its_holder_and_its_revocation() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.ok("ann", issue("a", of_member("acme"), &[Scope::Fetch, Scope::Report], 10 * DAY));
    assert!(good(&world.program, "a", t(DAY), "192.0.2.7"));
    assert!(!good(&world.program, "b", t(DAY), "192.0.2.7"), "a text nobody issued");
    assert!(good(&world.program, "a", t(10 * DAY - 1), "::1"));
    assert!(!good(&world.program, "a", t(10 * DAY), "::1"));

    world.ok("bob", to("acme", Standing::Suspended));
    assert_eq!(world.standing("acme"), Standing::Suspended);
    assert!(!good(&world.program, "a", t(DAY), "::1"), "a suspension bites at once");

    let again = issue("a", of_member("acme"), &[Scope::Fetch], DAY);
    assert!(matches!(world.refused("ann", again), Refusal::Exists { what: "token", .. }));
    assert!(matches!(world.refused("ann", revoke(1, " ")), Refusal::Empty(_)));
    world.ok("ann", issue("o", Holder::Operator(user("ann")), &[Scope::Read, Scope::Act], DAY));
    assert!(good(&world.program, "o", t(1), "::1"));
    world.ok("bob", revoke(2, "the laptop is gone"));
    assert!(!good(&world.program, "o", t(1), "::1"));
    world.idle("bob", revoke(2, "again"));
}

#[test]
fn a_token_is_good_from_its_networks_alone() {
    let mut world = World::founded();
    world.admit("acme", "early");
    let from = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let scopes = BTreeSet::from([Scope::Fetch]);
    let (sha256, holder, until) = (sha("a"), of_member("acme"), t(DAY));
    let command = TokenCommand::Issue { sha256, holder, scopes, until, from, certificate: None };
    world.ok("ann", Command::Token(command));
    for (from, expected) in [
        ("192.0.2.200", true),
        ("::ffff:192.0.2.200", true),
        ("2001:db8:1::1", true),
        ("192.0.3.1", false),
        ("::1", false),
    ] {
        assert_eq!(good(&world.program, "a", t(1), from), expected, "{from}");
    }
}

#[test]
fn who_is_no_person_does_nothing_that_takes_a_judgement() {
    let mut world = World::founded();
    world.admit("acme", "early");
    world.ok(CONSOLE, issue("a", of_member("acme"), &[Scope::Fetch], DAY));
    for actor in [CONSOLE, TIMER] {
        for command in [
            to("acme", Standing::Suspended),
            to("acme", Standing::Removed),
            Command::SetTier(tier("late"), early()),
            name(actor),
        ] {
            assert!(matches!(world.refused(actor, command), Refusal::NotAnOperator(_)), "{actor}");
        }
        assert!(matches!(world.refused("ann", name(actor)), Refusal::Reserved(_)));
    }
}

fn name(operator: &str) -> Command {
    Command::AddOperator(user(operator))
}

#[test]
fn the_timer_releases_what_two_people_approved_and_nothing_sooner() {
    let mut world = World::approved();
    assert!(matches!(world.refused(TIMER, finish()), Refusal::NotDue { .. }));
    let mut world = World::due();
    assert!(matches!(world.refused(CONSOLE, finish()), Refusal::NotAnOperator(_)));
    world.release(TIMER).unwrap();
    assert!(!world.granted().is_empty());
}

#[test]
fn the_clock_is_confirmed_by_two_people_who_looked_at_it_together() {
    let mut world = World::founded();
    world.ok("ann", Command::ConfirmClock);
    assert!(matches!(world.refused("ann", Command::ConfirmClock), Refusal::SamePerson { .. }));
    assert!(matches!(world.refused(TIMER, Command::ConfirmClock), Refusal::NotAnOperator(_)));
    world.now = t(15 * 60);
    world.ok("bob", Command::ConfirmClock);
    assert_eq!(world.program.clock().confirmed(), None, "the first look says nothing any more");
    world.now = t(16 * 60);
    world.ok("ann", Command::ConfirmClock);
    assert_eq!(world.program.clock().confirmed(), Some(t(16 * 60)));
}

#[test]
fn what_was_lost_is_accepted_by_two_people_who_mean_the_same() {
    let mut world = World::founded();
    let head = |size, root| Head { size, root: Sha256([root; 32]) };
    let loss =
        |root| Loss { have: head(9, 1), newest: head(12, root), reason: String::from("a disk failed") };
    let accept = |root| Command::AcceptLoss(loss(root));
    assert!(matches!(world.refused("mallory", accept(2)), Refusal::NotAnOperator(_)));
    assert!(matches!(world.refused(TIMER, accept(2)), Refusal::NotAnOperator(_)));
    world.ok("ann", accept(2));
    assert!(matches!(world.refused("ann", accept(2)), Refusal::SamePerson { .. }));
    world.ok("bob", accept(3));
    assert!(!world.program.restore().accepts(&head(12, 3)), "each meant another head");
    world.ok("ann", accept(3));
    assert!(world.program.restore().accepts(&head(12, 3)));
    assert!(!world.program.restore().accepts(&head(12, 2)));
    assert!(!world.program.restore().accepts(&head(13, 3)));
}

#[test]
fn a_bound_token_is_good_with_its_certificate_alone_and_others_as_they_were_written() {
    let mut world = World::founded();
    world.admit("acme", "early");
    let command = |text: &str, certificate: Option<Sha256>| {
        let (sha256, holder, until) = (sha(text), of_member("acme"), t(DAY));
        let scopes = BTreeSet::from([Scope::Fetch]);
        Command::Token(TokenCommand::Issue { sha256, holder, scopes, until, from: Vec::new(), certificate })
    };
    let pinned = sha("certificate");
    let [bound] = &world.ok("ann", command("bound", Some(pinned)))[..] else { panic!("one entry") };
    let [free] = &world.ok("ann", command("free", None))[..] else { panic!("one entry") };
    let good = |world: &World, text: &str, shown: Option<Sha256>| {
        let token = world.program.tokens().by_hash(&sha(text)).unwrap();
        token.good(&world.program, world.now, "::1".parse().unwrap(), shown.as_ref())
    };
    assert!(good(&world, "bound", Some(pinned)));
    assert!(!good(&world, "bound", None) && !good(&world, "bound", Some(sha("another"))));
    assert!(good(&world, "free", None) && good(&world, "free", Some(pinned)));
    let body = |entry: &program::Entry| String::from_utf8(entry.to_body().unwrap()).unwrap();
    assert!(body(bound).contains(&format!(r#","certificate":"{pinned}"}}"#)), "{}", body(bound));
    assert!(!body(free).contains("certificate"), "tokens of before read and are written as ever");
}
