//! Versions of the policies: in the log, changed by two people, and decided by from then on.

use policy::Class;
use program::{
    Command, Entry, Event, Program, Refusal,
    plan::Fate,
    policies::{PolicyCommand, PolicyEvent, PolicyState},
};

use crate::world::{
    DAY, END, POLICY, World, adopt, approve, confirm, member, open_review, proposes_policy, restrict, t,
    withdraw,
};

/// The shipped set, and nobody has anything early.
fn late() -> String {
    format!(
        "{}\n@id(\"nothing-early\") @says(\"nothing is early\") forbid (principal, action, resource)\n\
         unless {{ resource has public && context.now >= resource.public }};\n",
        POLICY.text()
    )
}

fn states(program: &Program) -> Vec<String> {
    let word = |state: &PolicyState| match state {
        PolicyState::Proposed => "proposed",
        PolicyState::Adopted { until: None, .. } => "in force",
        PolicyState::Adopted { .. } => "replaced",
        PolicyState::Withdrawn { .. } => "withdrawn",
        PolicyState::Superseded { .. } => "superseded",
    };
    program.policy_versions().map(|known| format!("{} {}", known.name, word(&known.state))).collect()
}

#[test]
fn one_person_changes_nothing() {
    let mut world = World::founded();
    world.ok("ann", proposes_policy("late", &late()));
    assert_eq!(world.program.policies().version(), POLICY.version(), "proposed is not in force");
    assert!(matches!(world.refused("ann", adopt(2)), Refusal::SamePerson { .. }));
    world.ok("bob", adopt(2));
    assert_eq!(world.program.policies().text(), late());
    assert_eq!(states(&world.program), ["default replaced", "late in force"]);
    assert_eq!(world.program.policy_in_force().unwrap().number, 2);
    assert_eq!(world.program.policy_in_force().unwrap().version, world.program.policies().version());
    let refusal = world.refused("cyd", adopt(2));
    assert_eq!(refusal, Refusal::PolicyNotWaiting { number: 2, state: "adopted" });
}

#[test]
fn what_is_not_sound_cannot_even_be_proposed() {
    let mut world = World::founded();
    for unsound in [
        "",
        "permit (principal, action, resource);",
        "@id(\"a\") permit (principal, action, resource);",
        "@id(\"a\") @says(\"a\") permit (principal, action, resource) when { principal.colour == 1 };",
        "@id(\"a\") @says(\"a\") permit (principal, action",
    ] {
        let refusal = world.refused("ann", proposes_policy("mine", unsound));
        assert!(matches!(refusal, Refusal::UnsoundPolicy(_)), "{refusal}");
    }
    assert!(matches!(world.refused("ann", proposes_policy(" ", &late())), Refusal::Empty(_)));
    let silent = PolicyCommand::Propose { name: String::from("x"), text: late(), reason: String::from(" ") };
    assert!(matches!(world.refused("ann", Command::Policy(silent)), Refusal::Empty(_)));
    assert_eq!(world.refused("ann", proposes_policy("default", POLICY.text())), Refusal::SamePolicy(1));
}

#[test]
fn a_proposal_is_superseded_or_withdrawn_for_good() {
    let mut world = World::founded();
    world.ok("ann", proposes_policy("late", &late()));
    assert_eq!(world.refused("bob", proposes_policy("late", &late())), Refusal::SamePolicy(2));
    world.ok("bob", proposes_policy("later", &late()));
    assert_eq!(world.refused("cyd", adopt(2)), Refusal::PolicyNotWaiting { number: 2, state: "superseded" });
    world.ok("ann", withdraw(3));
    for number in [1, 2, 3] {
        assert!(matches!(world.refused("ann", withdraw(number)), Refusal::PolicyNotWaiting { .. }));
        assert!(matches!(world.refused("cyd", adopt(number)), Refusal::PolicyNotWaiting { .. }));
    }
    assert_eq!(world.refused("cyd", adopt(9)), Refusal::UnknownPolicy(9));
    assert_eq!(states(&world.program), ["default in force", "late superseded", "later withdrawn"]);
    world.ok("ann", proposes_policy("late", &late()));
    world.ok("bob", adopt(4));
}

#[test]
fn the_set_in_force_decides_and_a_wave_is_approved_anew() {
    let mut world = World::due();
    assert!(world.plan().due().count() > 0);
    world.ok("ann", proposes_policy("late", &late()));
    world.ok("bob", adopt(2));
    assert!(matches!(world.release("ann").unwrap_err(), Refusal::NotApproved { have: 0, .. }));
    world.ok("ann", approve());
    world.ok("bob", approve());
    assert_eq!(world.plan().due().count(), 0);
    assert_eq!(world.plan().policy_set, world.program.policies().version());
    world.release("ann").unwrap();
    assert_eq!(world.granted(), "", "nothing is early by the set in force");
    let withheld = world.log.iter().find_map(|entry| match &entry.event {
        Event::Wave(program::wave::WaveEvent::Withheld { policy_set, .. }) => policy_set.clone(),
        _ => None,
    });
    assert_eq!(withheld.as_deref(), Some(world.program.policies().version()));
    world.now = t(END);
    world.release("ann").unwrap();
    assert!(world.granted().contains("acme/poc.py"));
}

#[test]
fn the_log_alone_says_what_was_in_force_when() {
    let mut world = World::due();
    world.now = t(END - 13 * DAY);
    world.ok("ann", proposes_policy("late", &late()));
    world.ok("bob", adopt(2));
    let then = |until| {
        let mut program = Program::default();
        world.log.iter().filter(|entry| entry.at <= until).for_each(|entry| program.apply(entry));
        program
    };
    let fates = |program: &Program, now| {
        let plan = program::plan::plan(
            program,
            program.policies(),
            &crate::world::case("c"),
            &crate::world::wave("w"),
            now,
        );
        plan.unwrap().rows.iter().filter(|row| row.fate == Fate::Due).count()
    };
    let (before, after) = (t(END - 14 * DAY), t(END - 13 * DAY));
    assert_eq!(then(before).policies().version(), POLICY.version());
    assert!(fates(&then(before), before) > 0);
    assert_eq!(then(after), world.program);
    assert_eq!(fates(&then(after), after), 0);
}

#[test]
fn a_log_from_before_there_were_versions_is_judged_by_the_shipped_set() {
    let world = World::due();
    let mut program = Program::default();
    let old = world.log.iter().filter(|entry| !matches!(entry.event, Event::Policy(_)));
    old.for_each(|entry| program.apply(entry));
    assert_eq!(program.policy_versions().count(), 0);
    assert_eq!(program.policy_in_force(), None);
    assert_eq!(program.policies().version(), POLICY.version());
}

#[test]
fn a_set_that_this_version_cannot_read_withholds_everything_and_says_so() {
    let mut world = World::due();
    let text = String::from(
        "@id(\"new\") @says(\"new\") permit (principal, action, resource) when { principal.mood };",
    );
    let events = [
        PolicyEvent::Proposed {
            number: 2,
            name: String::from("newer"),
            text,
            version: String::from("of another schema"),
            reason: String::from("so"),
        },
        PolicyEvent::Adopted { number: 2 },
    ];
    for event in events {
        let actor = crate::world::user("ann");
        let entry = Entry { seq: world.log.len() as u64, at: world.now, actor, event: Event::Policy(event) };
        world.program.apply(&entry);
        world.log.push(entry);
    }
    assert!(world.program.policies().closed_because().unwrap().contains("mood"));
    for now in [END - 14 * DAY, END, END + DAY] {
        world.now = t(now);
        let plan = world.plan();
        assert!(!plan.reaches_anybody());
        assert!(
            plan.rows.iter().all(|row| row.says.contains("cannot be read by this version")),
            "{:?}",
            plan.rows
        );
    }
    assert!(matches!(world.refused("ann", approve()), Refusal::NobodyThere { .. }));
    // Two people mend it.
    world.ok("ann", proposes_policy("default", POLICY.text()));
    world.ok("bob", adopt(3));
    assert!(world.plan().reaches_anybody());
}

#[test]
fn a_set_that_ignores_a_restriction_in_force_is_not_adopted() {
    let mut world = World::due();
    let deaf = "@id(\"all\") @says(\"all\") permit (principal, action, resource);";
    world.ok("ann", open_review("acme", None));
    world.ok("ann", restrict(&[Class::Reproduction], Some(END)));
    world.ok("bob", confirm());
    world.ok("ann", proposes_policy("deaf", deaf));
    let refusal = world.refused("bob", adopt(2));
    assert_eq!(refusal, Refusal::RestrictionIgnored { number: 2, member: member("acme") });
    world.now = t(END);
    world.ok("bob", adopt(2));
}
