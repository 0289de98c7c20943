//! Passkeys: who may have a link, what it is good for, when a passkey is good.

use policy::Standing;
use program::{
    Command, Context, Entry, Event, Program, Refusal,
    actor::{CONSOLE, MEMBER, TIMER},
    assertion::{Asserting, Assertion},
    delivery::{Delivery, DeliveryCommand},
    id::{LinkId, PasskeyId},
    passkey::{PasskeyCommand, PasskeyEvent, Registering, User},
};
use proptest::prelude::*;

use crate::world::{DAY, World, case, item, member, sha, t, to, user};

fn operator(id: &str) -> User {
    User::Operator(user(id))
}

fn at(id: &str, name: &str) -> User {
    User::AtMember { member: member(id), name: name.to_owned() }
}

fn invite(user: User, code: &str, until: i64) -> Command {
    Command::Passkey(PasskeyCommand::Invite { user, sha256: sha(code), until: t(until) })
}

fn register(code: &str, credential: &str) -> Command {
    Command::Passkey(PasskeyCommand::Register(Registering {
        sha256: sha(code),
        credential: credential.to_owned(),
        public: serde_json::json!({ "key": credential }),
        label: String::from("the blue one"),
    }))
}

fn revoke(number: u32, by: Option<u32>) -> Command {
    let (passkey, by) = (PasskeyId(number), by.map(PasskeyId));
    Command::Passkey(PasskeyCommand::Revoke { passkey, reason: String::from("lost"), by })
}

fn good(program: &Program, credential: &str) -> bool {
    program.passkeys().by_credential(credential).is_some_and(|passkey| passkey.good(program))
}

#[test]
fn who_gets_no_link() {
    let mut world = World::peopled();
    let mut refused = |actor: &str, command| world.refused(actor, command);
    assert_eq!(refused("ann", invite(operator("zoe"), "x", DAY)), Refusal::NotAnOperator(user("zoe")));
    assert!(matches!(refused("ann", invite(at("nobody", "Jo"), "x", DAY)), Refusal::UnknownMember(_)));
    for actor in [MEMBER, TIMER, "zoe"] {
        assert!(matches!(refused(actor, invite(at("acme", "Jo"), "x", DAY)), Refusal::NotAnOperator(_)));
    }
    for until in [0, -1, 8 * DAY] {
        assert!(matches!(
            refused("ann", invite(at("acme", "Jo"), "x", until)),
            Refusal::InvitationEnd { .. }
        ));
    }
    assert!(matches!(refused("ann", invite(at("acme", " "), "x", DAY)), Refusal::Empty(_)));
    for name in [" Jo", "Jo\n", "J\u{7}o", &"o".repeat(101)] {
        assert!(matches!(refused("ann", invite(at("acme", name), "x", DAY)), Refusal::BadName { .. }));
    }
    world.ok("ann", invite(at("acme", "Jo"), "x", DAY));
    assert!(matches!(world.refused("ann", invite(at("acme", "Bo"), "x", DAY)), Refusal::Exists { .. }));
    world.ok("ann", to("bolt", Standing::Suspended));
    assert!(matches!(world.refused("ann", invite(at("bolt", "Jo"), "y", DAY)), Refusal::NotInvited { .. }));
}

#[test]
fn nobody_alone_lets_an_operator_sign_in() {
    let mut world = World::founded();
    let proposed = |done: &[Entry]| {
        matches!(done, [Entry { event: Event::Passkey(PasskeyEvent::LinkProposed { .. }), .. }])
    };
    // Neither another alone nor the operator alone, whoever asks first.
    assert!(proposed(&world.ok("ann", invite(operator("bob"), "1", DAY))));
    assert!(matches!(world.refused("ann", invite(operator("bob"), "2", DAY)), Refusal::SamePerson { .. }));
    assert!(proposed(&world.ok("ann", invite(operator("ann"), "3", DAY))));
    assert!(matches!(world.refused("ann", invite(operator("ann"), "4", DAY)), Refusal::SamePerson { .. }));
    assert_eq!(world.program.passkeys().links().count(), 0);
    // A code of a proposal is good for nothing.
    assert_eq!(world.refused("bob", register("1", "cred")), Refusal::NoInvitation);
    // Two are enough, the operator being one of them; and what was proposed is used up.
    world.ok("bob", invite(operator("bob"), "5", DAY));
    assert_eq!(world.program.passkeys().links().count(), 1);
    assert!(proposed(&world.ok("ann", invite(operator("bob"), "6", DAY))));
    // Whoever has a good passkey asks for a further one alone, and for nobody else's.
    world.ok("bob", register("5", "bob1"));
    world.ok("bob", invite(operator("bob"), "7", DAY));
    world.ok("ann", revoke(1, None));
    assert!(proposed(&world.ok("bob", invite(operator("bob"), "8", DAY))), "a revoked one does not count");
    // The console is enough.
    world.ok(CONSOLE, invite(operator("ann"), "9", DAY));
    assert_eq!(world.refused("bob", register("9", "cred")), Refusal::NoInvitation, "it is ann's");
    assert_eq!(world.refused(MEMBER, register("9", "cred")), Refusal::NoInvitation);
    world.ok("ann", register("9", "ann1"));
    assert!(good(&world.program, "ann1") && !good(&world.program, "bob1"));
}

#[test]
fn links_that_are_used_over_replaced_or_foreign_are_refused_alike() {
    let mut world = World::peopled();
    for (who, code) in [("Jo", "first"), ("Jo", "second"), ("Bo", "used")] {
        world.ok("ann", invite(at("acme", who), code, DAY));
    }
    world.ok(MEMBER, register("used", "cred"));
    for code in ["nobody's", "first", "used"] {
        assert_eq!(world.refused(MEMBER, register(code, "new")), Refusal::NoInvitation, "{code}");
    }
    assert_eq!(world.refused("ann", register("second", "new")), Refusal::NoInvitation, "it is a member's");
    world.ok("ann", to("acme", Standing::Suspended));
    assert_eq!(world.refused(MEMBER, register("second", "new")), Refusal::NoInvitation);
    world.both("acme", Standing::Active);
    for (credential, label) in [("", "x"), ("a b", "x"), ("a=", "x"), (&*"a".repeat(1365), "x"), ("a", "\n")]
    {
        let command = PasskeyCommand::Register(Registering {
            sha256: sha("second"),
            credential: credential.to_owned(),
            public: serde_json::Value::Null,
            label: label.to_owned(),
        });
        world.refused(MEMBER, Command::Passkey(command));
    }
    assert!(matches!(world.refused(MEMBER, register("second", "cred")), Refusal::Exists { .. }));
    world.now = t(DAY);
    assert_eq!(world.refused(MEMBER, register("second", "new")), Refusal::NoInvitation);
}

#[test]
fn who_revokes_what() {
    let mut world = World::peopled();
    for (who, name) in [("acme", "Jo"), ("acme", "Bo"), ("bolt", "Jo")] {
        let code = format!("{who}{name}");
        world.ok("ann", invite(at(who, name), &code, DAY));
        world.ok(MEMBER, register(&code, &code));
    }
    world.ok("ann", invite(at("acme", "Jo"), "again", DAY));
    world.ok(MEMBER, register("again", "again"));
    assert_eq!(world.refused("ann", revoke(9, None)), Refusal::UnknownPasskey(PasskeyId(9)));
    for by in [None, Some(2), Some(3), Some(9)] {
        assert_eq!(world.refused(MEMBER, revoke(1, by)), Refusal::UnknownPasskey(PasskeyId(1)), "{by:?}");
    }
    world.ok(MEMBER, revoke(1, Some(4)));
    world.idle("ann", revoke(1, None));
    assert_eq!(world.refused(MEMBER, revoke(4, Some(1))), Refusal::UnknownPasskey(PasskeyId(4)), "gone");
    world.ok(CONSOLE, revoke(4, None));
    let left: Vec<&str> = ["acmeJo", "again", "acmeBo", "boltJo"]
        .into_iter()
        .filter(|credential| good(&world.program, credential))
        .collect();
    assert_eq!(left, ["acmeBo", "boltJo"]);
}

#[test]
fn a_passkey_is_good_while_its_holder_may_act_and_sessions_end_with_a_suspension_for_good() {
    let mut world = World::peopled();
    world.ok("ann", invite(at("acme", "Jo"), "x", DAY));
    world.ok(MEMBER, register("x", "cred"));
    let jo = at("acme", "Jo");
    assert!(good(&world.program, "cred") && world.program.passkeys().barred(&jo).is_none());
    world.now = t(60);
    world.ok("ann", to("acme", Standing::Suspended));
    assert!(!good(&world.program, "cred"));
    world.now = t(120);
    world.both("acme", Standing::Active);
    assert!(good(&world.program, "cred"));
    assert_eq!(world.program.passkeys().barred(&jo), Some(t(60)));
    world.both("acme", Standing::Removed);
    assert!(!good(&world.program, "cred"));

    // Nobody's in a program that does not have the operator, whatever the log says of it.
    let mut other = Program::default();
    let made =
        PasskeyEvent::LinkMade { link: LinkId(1), user: operator("gone"), sha256: sha("x"), until: t(DAY) };
    let registered = PasskeyEvent::Registered {
        link: LinkId(1),
        passkey: PasskeyId(1),
        credential: String::from("cred"),
        public: serde_json::Value::Null,
        label: String::from("x"),
    };
    for (seq, event) in [made, registered].into_iter().enumerate() {
        let entry = Entry { seq: seq as u64, at: t(0), actor: user("ann"), event: Event::Passkey(event) };
        other.apply(&entry);
    }
    assert!(other.passkeys().by_credential("cred").is_some() && !good(&other, "cred"));
}

proptest! {
    /// Whatever two operators, the console and members ask in whatever order: who has a good passkey as an operator
    /// got it with two people's word or the console's, and no link registers twice.
    #[test]
    fn no_order_of_asking_gives_one_person_two_names(steps in prop::collection::vec((0_usize..3, 0_usize..2, 0_usize..4), 1..40)) {
        let mut world = World::founded();
        let actors = ["ann", "bob", CONSOLE];
        let mut asked: [Vec<&str>; 2] = Default::default();
        for (number, (actor, whose, what)) in steps.into_iter().enumerate() {
            let (actor, name) = (actors[actor], ["ann", "bob"][whose]);
            let before = world.program.passkeys().links().count();
            let owns = world.program.passkeys().of(&operator(name)).any(|it| it.good(&world.program));
            let command = match what {
                0 | 1 => invite(operator(name), &format!("c{number}"), DAY),
                2 => register(&format!("c{}", number.saturating_sub(1)), &format!("k{number}")),
                _ => revoke(u32::try_from(number % 5).unwrap(), None),
            };
            let asks = what < 2;
            let ctx = Context { now: world.now, actor: &user(actor) };
            let decided = world.program.decide(&ctx, command.clone()).is_ok();
            if decided {
                world.run(actor, command).unwrap();
            }
            if asks && decided {
                let made = world.program.passkeys().links().count() > before;
                let other = asked[whose].iter().any(|first| *first != actor);
                prop_assert_eq!(made, actor == CONSOLE || (actor == name && owns) || other);
                if made { asked[whose].clear() } else { asked[whose].push(actor) }
            }
        }
        for link in world.program.passkeys().links() {
            let by = world.program.passkeys().iter().filter(|it| link.used.is_some_and(|(_, id)| id == it.id));
            prop_assert_eq!(by.count(), usize::from(link.used.is_some()));
        }
    }
}

#[test]
fn a_copy_is_acknowledged_once_by_a_good_passkey_of_its_member() {
    let mut world = World::due();
    world.release("ann").unwrap();
    for (number, (who, name)) in [("acme", "Jo"), ("acme", "Bo"), ("bolt", "Jo")].into_iter().enumerate() {
        let code = format!("c{number}");
        world.ok("ann", invite(at(who, name), &code, 17 * DAY));
        world.ok(MEMBER, register(&code, &format!("k{number}")));
    }
    let granted = {
        let case = world.program.case(&case("c")).unwrap();
        case.granted(&item("notice.md"), &member("acme")).unwrap().clone()
    };
    let asserting = |change: fn(&mut Asserting)| {
        let assertion = Assertion {
            credential: String::from("k0"),
            authenticator_data: String::from("data"),
            client_data: String::from("client"),
            signature: String::from("signature"),
        };
        let mut asserting = Asserting {
            case: case("c"),
            item: item("notice.md"),
            member: member("acme"),
            grant: granted.seq,
            sha256: granted.sha256,
            tree_size: granted.seq + 1,
            root: sha("root"),
            passkey: PasskeyId(1),
            assertion,
        };
        change(&mut asserting);
        Command::Delivery(DeliveryCommand::Assert(Box::new(asserting)))
    };
    type Change = fn(&mut Asserting);
    let changes: [(Change, Refusal); 7] = [
        (|it| it.grant += 1, Refusal::OtherGrant),
        (|it| it.sha256 = sha("other"), Refusal::OtherGrant),
        (|it| it.tree_size -= 1, Refusal::OtherGrant),
        (|it| it.tree_size += 10_000, Refusal::OtherGrant),
        (|it| it.passkey = PasskeyId(2), Refusal::BadPasskey),
        (|it| it.passkey = PasskeyId(3), Refusal::TokenNotGood),
        (|it| it.member = member("bolt"), Refusal::TokenNotGood),
    ];
    for (change, refusal) in changes {
        assert_eq!(world.refused(MEMBER, asserting(change)), refusal);
    }
    assert_eq!(world.refused("ann", asserting(|_| {})), Refusal::ByMemberAlone);
    world.ok(MEMBER, asserting(|_| {}));
    world.idle(MEMBER, asserting(|_| {}));
    let other = asserting(|it| it.assertion.signature = String::from("other"));
    assert_eq!(world.refused(MEMBER, other), Refusal::AcknowledgedAlready);
    let case = world.program.case(&case("c")).unwrap();
    let granted = case.granted(&item("notice.md"), &member("acme")).unwrap();
    assert_eq!((granted.delivery(), granted.acknowledged_at()), (Delivery::Acknowledged, Some(world.now)));
    world.ok("ann", revoke(1, None));
    assert_eq!(world.refused(MEMBER, asserting(|_| {})), Refusal::TokenNotGood);
}
