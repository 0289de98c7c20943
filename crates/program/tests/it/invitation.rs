//! Invitations: a code that is good once, for one member, for a while.

use policy::{KeyState, Standing};
use program::{
    Command, Refusal,
    actor::{CONSOLE, MEMBER},
    invitation::{Accepting, InvitationCommand},
};

use crate::{
    delivery::confirm,
    world::{DAY, World, about, member, sha, t, to},
};

fn invite(who: &str, code: &str, until: i64) -> Command {
    Command::Invitation(InvitationCommand::Invite { member: member(who), sha256: sha(code), until: t(until) })
}

fn accept(code: &str, keys: &str, token: &str) -> Command {
    let pair = |kind: &str| (format!("{kind}{keys}"), format!("fp-{kind}{keys}"));
    Command::Invitation(InvitationCommand::Accept(Accepting {
        sha256: sha(code),
        sealing: pair("age1"),
        signing: pair("sign1"),
        token: sha(token),
    }))
}

#[test]
fn codes_that_are_used_over_replaced_or_foreign_are_refused_alike() {
    let mut world = World::peopled();
    world.ok("ann", invite("acme", "first", DAY));
    world.ok("ann", invite("acme", "second", DAY));
    world.ok("ann", invite("bolt", "used", DAY));
    world.ok(MEMBER, accept("used", "b2", "tb"));
    for code in ["nobody's", "first", "used"] {
        assert_eq!(world.refused(MEMBER, accept(code, "new", "t")), Refusal::NoInvitation, "{code}");
    }
    world.ok("ann", to("acme", Standing::Suspended));
    assert_eq!(world.refused(MEMBER, accept("second", "new", "t")), Refusal::NoInvitation);
    world.both("acme", Standing::Active);
    world.now = t(DAY);
    assert_eq!(world.refused(MEMBER, accept("second", "new", "t")), Refusal::NoInvitation);
}

#[test]
fn who_invites_and_for_how_long() {
    let mut world = World::peopled();
    assert!(matches!(world.refused("ann", invite("nobody", "x", DAY)), Refusal::UnknownMember(_)));
    for actor in [CONSOLE, MEMBER, "zoe"] {
        assert!(
            matches!(world.refused(actor, invite("acme", "x", DAY)), Refusal::NotAnOperator(_)),
            "{actor}"
        );
    }
    for until in [0, -1, 31 * DAY] {
        assert!(matches!(world.refused("ann", invite("acme", "x", until)), Refusal::InvitationEnd { .. }));
    }
    world.ok("ann", invite("acme", "x", DAY));
    assert!(matches!(world.refused("ann", invite("bolt", "x", DAY)), Refusal::Exists { .. }));
    assert_eq!(world.refused("ann", accept("x", "new", "t")), Refusal::ByMemberAlone);
    world.ok("ann", to("bolt", Standing::Suspended));
    assert!(matches!(world.refused("ann", invite("bolt", "y", DAY)), Refusal::NotInvited { .. }));
}

#[test]
fn an_accepted_invitation_gives_a_token_and_keys_that_count_once_confirmed() {
    let mut world = World::peopled();
    world.ok("ann", invite("acme", "code", DAY));
    world.ok("ann", invite("bolt", "other", DAY));
    // Keys that are another member's: nothing changes, and the code stays good.
    assert!(matches!(world.refused(MEMBER, accept("code", "bolt", "t")), Refusal::Exists { .. }));
    assert_eq!(world.ok(MEMBER, accept("code", "new", "t")).len(), 4);
    let acme = world.program.member(&member("acme")).unwrap();
    assert_eq!(
        acme.confirmed_key().unwrap().recipient,
        "age1acme",
        "the key in use stays until another counts"
    );
    assert_eq!(acme.key_state(world.program.rules(), world.now), KeyState::Confirmed);
    assert!(acme.signing_key().is_none());
    let token = world.program.tokens().by_hash(&sha("t")).unwrap();
    assert!(token.good(&world.program, world.now, "::1".parse().unwrap(), None));
    assert_eq!(
        token.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["fetch", "acknowledge", "report"]
    );
    let accepted = world.program.invitations().iter().next().unwrap().accepted;
    assert_eq!(accepted.map(|(_, token)| token), Some(token.id));
    world.ok("bob", about("acme", confirm("age1new")));
    world.ok("bob", about("acme", confirm("sign1new")));
    let acme = world.program.member(&member("acme")).unwrap();
    assert_eq!(acme.confirmed_key().unwrap().recipient, "age1new");
    assert_eq!(acme.signing_key().unwrap().key, "sign1new");

    // Invited again, with the keys it has: another token, the same keys, still confirmed.
    world.ok("ann", invite("acme", "again", DAY));
    assert_eq!(world.ok(MEMBER, accept("again", "new", "t2")).len(), 2);
    assert!(world.program.member(&member("acme")).unwrap().signing_key().is_some());
}
