//! Members' reports: what is refused, what is kept, and what an operator makes of one.

use program::{
    Command, Event, Refusal,
    actor::MEMBER,
    by::By,
    case::{CaseEvent, Observation},
    id::{ReportId, SightingId, TokenId},
    report::{LONGEST_NOTE, MOST, ReportCommand, Said},
    sighting::{Exhibit, SightingKind},
    token::{Holder, Scope, TokenCommand},
};

use crate::world::{DAY, END, World, case, member, sha, t};

fn token(to: &str, scope: Scope) -> Command {
    Command::Token(TokenCommand::Issue {
        sha256: sha(&format!("{to} {scope}")),
        holder: Holder::Member(member(to)),
        scopes: [scope].into(),
        until: t(100 * DAY),
        from: Vec::new(),
        certificate: None,
    })
}

/// Released, with tokens of acme: T1 reports, T2 fetches; dune was granted nothing and has T3.
fn released() -> World {
    let mut world = World::due();
    world.release("ann").unwrap();
    world.admit("dune", "late");
    world.ok("ann", token("acme", Scope::Report));
    world.ok("ann", token("acme", Scope::Fetch));
    world.ok("ann", token("dune", Scope::Report));
    world
}

fn file(who: &str, number: u32, said: Said, note: &str) -> Command {
    let (member, case, note) = (member(who), case("c"), note.to_owned());
    Command::Report(ReportCommand::File { member, by: By::Token(TokenId(number)), case, said, note })
}

fn seen(world: &World, kind: SightingKind, exhibits: Vec<Exhibit>) -> Said {
    Said::Sighting { kind, seen: world.now, exhibits }
}

fn exhibit(name: &str) -> Exhibit {
    Exhibit { name: name.to_owned(), sha256: sha("found"), size: 9, blob: sha("blob") }
}

fn adopt(number: u32) -> Command {
    Command::Report(ReportCommand::Adopt { report: ReportId(number) })
}

#[test]
fn what_is_no_report_changes_nothing() {
    let mut world = released();
    let now = world.now;
    let mistake = Said::Mistake { at: now };
    assert_eq!(world.refused("ann", file("acme", 1, mistake.clone(), "x")), Refusal::ByMemberAlone);
    for (who, number) in [("acme", 2), ("acme", 3), ("dune", 1), ("acme", 9)] {
        assert_eq!(world.refused(MEMBER, file(who, number, mistake.clone(), "x")), Refusal::TokenNotGood);
    }
    // A case that the member was granted nothing of does not exist for it.
    assert!(matches!(world.refused(MEMBER, file("dune", 3, mistake.clone(), "x")), Refusal::UnknownCase(_)));
    for said in [
        Said::Coverage { since: t(END) },
        Said::Mistake { at: t(END) },
        Said::Sighting { kind: SightingKind::Mention, seen: t(END), exhibits: Vec::new() },
    ] {
        assert!(matches!(world.refused(MEMBER, file("acme", 1, said, "x")), Refusal::SeenInTheFuture { .. }));
    }
    assert!(matches!(world.refused(MEMBER, file("acme", 1, mistake.clone(), " \n")), Refusal::Empty(_)));
    for note in ["a\0b", "\u{1b}[2J", &"x".repeat(LONGEST_NOTE + 1)] {
        let refused = world.refused(MEMBER, file("acme", 1, mistake.clone(), note));
        assert!(matches!(refused, Refusal::BadNote { .. }), "{refused}");
    }
    let empty = Exhibit { size: 0, ..exhibit("found.txt") };
    let bad = [
        vec![exhibit("")],
        vec![exhibit("a\nb")],
        vec![exhibit(&"x".repeat(201))],
        vec![exhibit("x"); 5],
        vec![empty],
    ];
    for exhibits in bad {
        let said = seen(&world, SightingKind::Leak, exhibits);
        assert!(matches!(world.refused(MEMBER, file("acme", 1, said, "x")), Refusal::BadExhibits { .. }));
    }
    assert!(matches!(world.refused("ann", adopt(1)), Refusal::UnknownReport(_)));
}

#[test]
fn a_report_is_kept_once_and_a_tool_gone_wild_is_stopped() {
    let mut world = released();
    let now = world.now;
    for number in 0..MOST {
        let command = file("acme", 1, Said::Mistake { at: now }, &format!("post {number}"));
        world.ok(MEMBER, command.clone());
        world.idle(MEMBER, command);
    }
    let more = file("acme", 1, Said::Coverage { since: now }, "");
    assert!(matches!(world.refused(MEMBER, more.clone()), Refusal::TooManyReports { .. }));
    world.now = now.checked_add(program::report::WITHIN).unwrap();
    world.ok(MEMBER, more);
    let kept: Vec<&str> = world.program.member_reports().map(program::report::MemberReport::what).collect();
    assert_eq!((kept.len(), kept.last()), (MOST + 1, Some(&"coverage")));
    let first = world.program.member_report(ReportId(1)).unwrap();
    assert_eq!(first.before_public(&world.program), Some(true));
}

#[test]
fn a_members_word_alone_moves_nothing_until_an_operator_adopts_it() {
    let mut world = released();
    let said = seen(&world, SightingKind::Exploitation, vec![exhibit("log.txt")]);
    let filed = world.ok(MEMBER, file("acme", 1, said, "on our honeypot"));
    assert_eq!(filed.len(), 1, "no exit decision is opened, no attack observed");
    assert_eq!(world.program.sightings().count(), 0);
    assert!(matches!(world.refused(MEMBER, adopt(1)), Refusal::NotAnOperator(_)));
    let adopted = world.ok("ann", adopt(1));
    let observed = |entry: &program::Entry| {
        matches!(&entry.event, Event::Case(CaseEvent::Observed { what: Observation::AttacksObserved, .. }))
    };
    assert!(adopted.iter().any(observed), "the operator's judgement has its consequences");
    let sighting = world.program.sighting(SightingId(1)).unwrap();
    assert_eq!(sighting.exhibits, [exhibit("log.txt")]);
    assert!(sighting.note.contains("`acme`") && sighting.note.contains("honeypot"));
    assert_eq!(world.program.member_report(ReportId(1)).unwrap().adopted, Some(SightingId(1)));
    world.idle("bob", adopt(1));
    let now = world.now;
    world.ok(MEMBER, file("acme", 1, Said::Coverage { since: now }, ""));
    assert_eq!(world.refused("ann", adopt(2)), Refusal::NoSightingReported(ReportId(2)));
}
