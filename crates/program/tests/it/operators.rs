//! Removing an operator: by two, never down to one, with every way in and every half of what takes two.

use policy::{Role, Standing};
use program::{
    Command, Event, Refusal,
    actor::CONSOLE,
    id::UserId,
    passkey::{PasskeyCommand, Registering, User},
    program::ProgramEvent,
    subject::{Subject, SubjectCommand},
    token::{Holder, Scope, TokenCommand},
};

use crate::world::{
    self, DAY, World, adopt, approve, case, member, propose, proposes_policy, sha, sign_sheet, t, terminate,
    to, user, wave,
};

fn remove(operator: &str) -> Command {
    Command::RemoveOperator { operator: user(operator), reason: String::from("left") }
}

/// Removes cyd.
fn without_cyd(world: &mut World) -> Vec<program::Entry> {
    world.ok("ann", remove("cyd"));
    world.ok("bob", remove("cyd"))
}

#[test]
fn it_takes_two_and_leaves_two() {
    let mut world = World::founded();
    assert!(matches!(world.refused("ann", remove("dan")), Refusal::NotAnOperator(_)));
    let silent = Command::RemoveOperator { operator: user("cyd"), reason: String::from(" ") };
    assert!(matches!(world.refused("ann", silent), Refusal::Empty(_)));
    assert!(matches!(world.refused(CONSOLE, remove("cyd")), Refusal::NotAnOperator(_)));
    world.ok("ann", remove("cyd"));
    assert!(matches!(world.refused("ann", remove("cyd")), Refusal::SamePerson { .. }));
    world.ok("cyd", world::open());
    let done = world.ok("bob", remove("cyd"));
    assert!(matches!(&done[..], [entry] if matches!(&entry.event,
        Event::Program(ProgramEvent::OperatorRemoved { operator, .. }) if *operator == user("cyd"))));
    assert!(matches!(world.refused("cyd", approve()), Refusal::NotAnOperator(_)));
    for (by, who) in [("ann", "bob"), ("bob", "bob")] {
        assert!(matches!(world.refused(by, remove(who)), Refusal::TwoOperators { .. }), "{by} {who}");
    }
    // Added again, a person begins anew.
    world.ok("ann", Command::AddOperator(user("cyd")));
    world.ok("bob", Command::AddOperator(user("cyd")));
    assert_eq!(world.program.roles(&user("cyd")), None);
    world.ok("ann", remove("cyd"));
    world.ok("cyd", remove("cyd"));
    assert_eq!(world.program.operators().count(), 2, "who leaves may be one of the two");
}

#[test]
fn every_way_in_ends() {
    let mut world = World::founded();
    world.has_role("cyd", Role::Coordinator);
    let subject = Subject { issuer: String::from("https://id.example"), subject: String::from("7") };
    let (holder, who) = (Holder::Operator(user("cyd")), User::Operator(user("cyd")));
    for text in ["one", "two"] {
        world.ok(
            "cyd",
            Command::Token(TokenCommand::Issue {
                sha256: sha(text),
                holder: holder.clone(),
                scopes: [Scope::Act].into(),
                until: t(100 * DAY),
                from: Vec::new(),
                certificate: None,
            }),
        );
    }
    let link = SubjectCommand::Link { operator: user("cyd"), subject: subject.clone() };
    world.ok(CONSOLE, Command::Subject(link));
    let invite = PasskeyCommand::Invite { user: who.clone(), sha256: sha("link"), until: t(DAY) };
    world.ok(CONSOLE, Command::Passkey(invite));
    let registering = Registering {
        sha256: sha("link"),
        credential: String::from("Y3JlZA"),
        public: serde_json::json!({"k": 1}),
        label: String::from("key"),
    };
    world.ok("cyd", Command::Passkey(PasskeyCommand::Register(registering)));

    let done = without_cyd(&mut world);
    assert_eq!(done.len(), 1 + 2 + 1 + 1, "{done:?}");
    assert!(world.program.tokens().iter().all(|token| token.revoked.is_some()));
    assert!(world.program.passkeys().of(&who).all(|passkey| passkey.revoked.is_some()));
    assert_eq!(world.program.subjects().operator(&subject), None);
    // With the name none of them comes back.
    world.ok("ann", Command::AddOperator(user("cyd")));
    world.ok("bob", Command::AddOperator(user("cyd")));
    assert!(world.program.tokens().by_hash(&sha("one")).unwrap().revoked.is_some());
    assert!(!world.program.passkeys().of(&who).any(|passkey| passkey.good(&world.program)));
}

#[test]
fn what_was_approved_is_approved_anew() {
    let mut world = World::planned();
    world.ok("cyd", approve());
    world.ok("ann", approve());
    without_cyd(&mut world);
    let approvals =
        |world: &World| world.program.case(&case("c")).unwrap().wave(&wave("w")).unwrap().approvals.len();
    assert_eq!(approvals(&world), 0, "neither hers nor what was said beside it");
    world.ok("ann", approve());
    world.ok("bob", approve());
    assert_eq!(approvals(&world), 2);
}

#[test]
fn nobody_is_the_second_of_two_after_somebody_who_is_gone() {
    let mut world = World::approved();
    world.apply_for_vetting("dune");
    world.assess_all("ann", "dune");
    world.ok("cyd", sign_sheet("dune"));
    let roles = Command::SetRoles(user("ann"), [Role::Auditor].into());
    let link = Command::Subject(SubjectCommand::Link {
        operator: user("ann"),
        subject: Subject { issuer: String::from("https://id.example"), subject: String::from("8") },
    });
    let passkey = Command::Passkey(PasskeyCommand::Invite {
        user: User::Operator(user("ann")),
        sha256: sha("link"),
        until: t(2 * DAY),
    });
    // Each of these waits for a second person, who could be anybody.
    let halves = [
        Command::AddOperator(user("dan")),
        roles,
        Command::SetCriteria(Vec::new()),
        to("acme", Standing::Restricted),
        terminate(),
        Command::ConfirmClock,
        link,
        passkey,
    ];
    let mut waits = world.clone();
    for half in &halves {
        waits.ok("cyd", half.clone());
    }
    let adopted = proposes_policy("other", world::POLICY.text());
    waits.ok("cyd", adopted);
    without_cyd(&mut waits);
    for half in &halves {
        let mut proposed = world.clone();
        proposed.ok("ann", half.clone());
        let (alone, first) = (waits.ok("ann", half.clone()), proposed.log.last().unwrap());
        let kind = |entry: &program::Entry| std::mem::discriminant(&entry.event);
        let names = |entry: &program::Entry| {
            serde_json::to_value(&entry.event).unwrap().as_object().unwrap().values().next().unwrap().clone()
        };
        assert_eq!(alone.len(), 1, "{half:?} takes effect");
        assert_eq!(kind(&alone[0]), kind(first));
        let key = |value: serde_json::Value| value.as_object().map(|it| it.keys().next().cloned());
        assert_eq!(key(names(&alone[0])), key(names(first)), "{half:?} is a first half, not a second");
        assert!(
            matches!(waits.refused("ann", half.clone()), Refusal::SamePerson { .. }),
            "{half:?} waits for another person now"
        );
    }
    let number = waits.program.policy_versions().last().unwrap().number;
    let gone = |refusal: &Refusal| matches!(refusal, Refusal::FirstPersonGone { first, .. } if *first == user("cyd"));
    assert!(gone(&waits.refused("ann", adopt(number))));
    assert!(
        !program::vetting::signers(waits.program.rules(), waits.program.member(&member("dune")).unwrap())
            .contains::<UserId>(&user("cyd"))
    );
}

#[test]
fn an_end_that_somebody_who_is_gone_proposed_is_not_accepted() {
    let mut world = World::peopled();
    world.ok("ann", world::open());
    world.ok("cyd", propose(20 * DAY));
    without_cyd(&mut world);
    let accept = world::embargo(program::embargo::EmbargoCommand::Accept { ends: None });
    let said = world.refused("ann", accept.clone());
    assert!(matches!(&said, Refusal::FirstPersonGone { .. }), "{said}");
    assert!(said.to_string().contains("`cyd`, who was the first, is no operator any more"), "{said}");
    world.ok("ann", world::embargo(program::embargo::EmbargoCommand::Reject));
    world.ok("ann", propose(20 * DAY));
    world.ok("bob", accept);
}
