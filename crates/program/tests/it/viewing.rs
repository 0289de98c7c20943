//! Operators' roles, and who reads the text of an item.

use policy::Role;
use program::{
    Command, Event, Program, Refusal,
    id::ViewingId,
    viewing::{ViewingCommand, ViewingEvent},
};

use crate::world::{World, case, item, items, user};

fn view(of: &str) -> Command {
    Command::Viewing(ViewingCommand::View {
        case: case("c"),
        item: item(of),
        reason: String::from("to check"),
    })
}

fn approve_view(number: u32) -> Command {
    Command::Viewing(ViewingCommand::Approve { viewing: ViewingId(number) })
}

fn set_roles(of: &str, roles: &[Role]) -> Command {
    Command::SetRoles(user(of), roles.iter().copied().collect())
}

/// Planned, with ann an investigator, bob an auditor, and cyd without a role.
fn staffed() -> World {
    let mut world = World::planned();
    world.has_role("ann", Role::Investigator);
    world.has_role("bob", Role::Auditor);
    world
}

/// What was handed out, by whom, of what.
fn read(world: &World) -> usize {
    world
        .log
        .iter()
        .filter(|entry| matches!(entry.event, Event::Viewing(ViewingEvent::Viewed { .. })))
        .count()
}

#[test]
fn nobody_reads_without_a_role_and_one_person_gives_none() {
    let mut world = World::planned();
    for operator in ["ann", "bob", "cyd"] {
        assert!(matches!(world.refused(operator, view("notice.md")), Refusal::MayNotView { .. }));
    }
    world.ok("ann", set_roles("ann", &[Role::Coordinator]));
    assert!(matches!(
        world.refused("ann", set_roles("ann", &[Role::Coordinator])),
        Refusal::SamePerson { .. }
    ));
    assert!(
        matches!(world.refused("ann", view("notice.md")), Refusal::MayNotView { .. }),
        "proposed is not set"
    );
    // Somebody who wants other roles says so, and the first word is void.
    world.ok("bob", set_roles("ann", &[Role::Auditor]));
    world.ok("ann", set_roles("ann", &[Role::Coordinator]));
    assert_eq!(world.program.roles(&user("ann")), None);
    world.ok("bob", set_roles("ann", &[Role::Coordinator]));
    world.ok("ann", view("notice.md"));
    assert!(matches!(world.refused("bob", set_roles("zoe", &[Role::Auditor])), Refusal::NotAnOperator(_)));
    assert!(matches!(world.refused("zoe", view("notice.md")), Refusal::NotAnOperator(_)));
}

#[test]
fn what_is_less_than_a_reproduction_is_read_by_a_role_that_works_on_it() {
    let mut world = staffed();
    let done = world.ok("ann", view("notice.md"));
    assert_eq!(done.len(), 2, "asked for and handed out: {done:?}");
    let Event::Viewing(ViewingEvent::Viewed { policies, facts, .. }) = &done[1].event else {
        panic!("{done:?}")
    };
    assert_eq!(policies, &["work"]);
    assert_eq!(facts, &["roles: investigator", "class: notice"]);
    let refusal = world.refused("bob", view("notice.md")).to_string();
    assert!(refusal.contains("no role of `bob` reads items"), "{refusal}");
    let silent = ViewingCommand::View { case: case("c"), item: item("notice.md"), reason: String::from(" ") };
    assert!(matches!(world.refused("ann", Command::Viewing(silent)), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", view("gone.md")), Refusal::UnknownItem { .. }));
}

#[test]
fn a_reproduction_takes_somebody_else_who_has_a_role_each_time() {
    let mut world = staffed();
    let done = world.ok("ann", view("poc.py"));
    assert!(
        matches!(done.as_slice(), [entry] if matches!(entry.event, Event::Viewing(ViewingEvent::Asked { .. })))
    );
    assert_eq!(world.refused("ann", view("poc.py")), Refusal::ViewingWaits(ViewingId(1)));
    assert!(matches!(world.refused("ann", approve_view(1)), Refusal::MayNotView { .. }), "one's own");
    assert!(matches!(world.refused("cyd", approve_view(1)), Refusal::MayNotView { .. }), "without a role");
    assert_eq!(world.refused("bob", approve_view(2)), Refusal::UnknownViewing(ViewingId(2)));
    world.ok("bob", approve_view(1));
    assert_eq!(world.refused("bob", approve_view(1)), Refusal::ViewingApproved(ViewingId(1)));
    assert_eq!(read(&world), 0, "approved is not read");
    let done = world.ok("ann", view("poc.py"));
    let Event::Viewing(ViewingEvent::Viewed { viewing, facts, .. }) = &done[0].event else {
        panic!("{done:?}")
    };
    assert_eq!(*viewing, ViewingId(1));
    assert!(facts.contains(&String::from("approved by: bob")), "{facts:?}");
    // The approval was for once.
    let again = world.ok("ann", view("poc.py"));
    assert!(matches!(again[0].event, Event::Viewing(ViewingEvent::Asked { viewing: ViewingId(2), .. })));
    assert_eq!(read(&world), 1);
}

#[test]
fn an_approval_counts_as_the_roles_stand_when_it_is_used() {
    let mut world = staffed();
    world.ok("ann", view("poc.py"));
    world.ok("bob", approve_view(1));
    for actor in ["ann", "cyd"] {
        world.ok(actor, set_roles("bob", &[]));
    }
    assert_eq!(world.refused("ann", view("poc.py")), Refusal::ViewingWaits(ViewingId(1)));
    world.has_role("bob", Role::Coordinator);
    world.ok("ann", view("poc.py"));
}

#[test]
fn an_approval_is_for_the_text_as_it_was() {
    let mut world = staffed();
    world.ok("ann", view("poc.py"));
    world.ok("cyd", items(&["poc.py"], 2));
    assert_eq!(world.refused("bob", approve_view(1)), Refusal::ViewingStale(ViewingId(1)));
    let again = world.ok("ann", view("poc.py"));
    assert!(matches!(again[0].event, Event::Viewing(ViewingEvent::Asked { viewing: ViewingId(2), .. })));
    world.ok("bob", approve_view(2));
    world.ok("cyd", items(&["poc.py"], 3));
    assert!(matches!(world.ok("ann", view("poc.py"))[0].event, Event::Viewing(ViewingEvent::Asked { .. })));
    assert_eq!(read(&world), 0);
}

#[test]
fn a_log_from_before_there_were_roles_lets_nobody_read() {
    let world = staffed();
    let mut program = Program::default();
    let old =
        world.log.iter().filter(|entry| !serde_json::to_string(&entry.event).unwrap().contains("roles_"));
    old.for_each(|entry| program.apply(entry));
    let actor = user("ann");
    let ctx = program::Context { now: world.now, actor: &actor };
    assert!(matches!(program.decide(&ctx, view("notice.md")), Err(Refusal::MayNotView { .. })));
}
