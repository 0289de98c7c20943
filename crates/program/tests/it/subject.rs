//! Who an operator is at an identity provider: said by two operators, or by the console, and by nobody else.

use program::{
    Command, Refusal,
    actor::{CONSOLE, MEMBER, TIMER},
    subject::{Subject, SubjectCommand},
};

use crate::world::{World, user};

fn subject(name: &str) -> Subject {
    Subject { issuer: String::from("https://id.example"), subject: name.to_owned() }
}

fn link(name: &str, operator: &str) -> Command {
    Command::Subject(SubjectCommand::Link { operator: user(operator), subject: subject(name) })
}

fn unlink(name: &str, reason: &str) -> Command {
    Command::Subject(SubjectCommand::Unlink { subject: subject(name), reason: reason.to_owned() })
}

fn signs_in(world: &World, name: &str) -> Option<String> {
    world.program.subjects().operator(&subject(name)).map(ToString::to_string)
}

#[test]
fn one_person_lets_nobody_in() {
    let mut world = World::founded();
    world.ok("ann", link("7", "bob"));
    assert_eq!(signs_in(&world, "7"), None);
    assert!(matches!(world.refused("ann", link("7", "bob")), Refusal::SamePerson { .. }));
    world.ok("bob", link("7", "bob"));
    assert_eq!(signs_in(&world, "7").as_deref(), Some("bob"));
    world.idle("ann", link("7", "bob"));
    assert!(matches!(world.refused("ann", link("7", "cyd")), Refusal::Exists { .. }));
    world.ok("ann", link("8", "bob"));
    world.ok("bob", link("8", "cyd"));
    assert_eq!(signs_in(&world, "8"), None, "two people who mean different operators");
    world.ok(CONSOLE, link("9", "cyd"));
    assert_eq!(signs_in(&world, "9").as_deref(), Some("cyd"));
    for nobody in [MEMBER, TIMER, "stranger"] {
        assert!(matches!(world.refused(nobody, link("10", "cyd")), Refusal::NotAnOperator(_)));
    }
}

#[test]
fn what_is_no_subject_and_who_is_no_operator_is_refused() {
    let mut world = World::founded();
    assert!(matches!(world.refused("ann", link("7", "stranger")), Refusal::NotAnOperator(_)));
    assert!(matches!(world.refused("ann", link("", "bob")), Refusal::Empty(_)));
    for bad in [" 7", "7\n", &"x".repeat(256)] {
        assert!(matches!(world.refused("ann", link(bad, "bob")), Refusal::BadName { .. }));
    }
    assert!(matches!(world.refused("ann", unlink("7", "left")), Refusal::UnknownSubject(_)));
}

#[test]
fn an_unlinked_subject_is_nobody_and_ends_what_it_began() {
    let mut world = World::founded();
    world.ok(CONSOLE, link("7", "bob"));
    assert!(matches!(world.refused("ann", unlink("7", " ")), Refusal::Empty(_)));
    assert_eq!(world.program.subjects().barred(&user("bob")), None);
    world.ok("ann", unlink("7", "left the organisation"));
    assert_eq!(signs_in(&world, "7"), None);
    assert_eq!(world.program.subjects().barred(&user("bob")), Some(world.now));
    world.ok("ann", link("7", "cyd"));
    assert_eq!(signs_in(&world, "7"), None, "two people again");
}
