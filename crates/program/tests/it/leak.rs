//! From a sighting to a reading to a trace, in that order, and nobody named without grounds.

use program::{
    Command, Refusal,
    id::LeakId,
    leak::{LeakCommand, ReadingRecord, TraceRecord, Verdict, could_have_known, epsilon_of_look},
    sighting::SightingKind,
};

use crate::world::{
    DAY, END, HOUR, World, case, member, open_leak, reading, record_reading, record_trace, sight, t, trace,
};

fn read() -> World {
    let mut world = World::leaked();
    world.ok("ann", open_leak(1));
    world.ok("ann", record_reading(reading()));
    world
}

#[test]
fn a_sighting_is_opened_once_and_only_with_an_exhibit() {
    let mut world = World::leaked();
    world.ok("ann", sight(SightingKind::Leak, world.now, false));
    assert!(matches!(world.refused("ann", open_leak(2)), Refusal::NoExhibit(_)));
    world.ok("ann", open_leak(1));
    world.idle("bob", open_leak(1));
    world.ok("ann", sight(SightingKind::Leak, world.now, true));
    world.ok("ann", open_leak(3));
    let looks: Vec<u32> = world.program.leaks().map(|leak| leak.look).collect();
    assert_eq!(looks, [1, 2], "every look has its own share of the bound");
}

#[test]
fn the_reading_comes_before_the_trace_and_each_once() {
    let mut world = World::leaked();
    world.ok("ann", open_leak(1));
    assert_eq!(world.refused("ann", record_trace(trace(&["acme"]))), Refusal::NotRead(LeakId(1)));
    let impossible = ReadingRecord { read: 65, ..reading() };
    assert!(matches!(world.refused("ann", record_reading(impossible)), Refusal::MoreReadThanThere { .. }));
    world.ok("ann", record_reading(reading()));
    world.idle("bob", record_reading(reading()));
    let other = ReadingRecord { read: 59, ..reading() };
    assert!(matches!(
        world.refused("ann", record_reading(other)),
        Refusal::OtherResult { what: "reading", .. }
    ));
    world.ok("ann", record_trace(trace(&["acme"])));
    world.idle("bob", record_trace(trace(&["acme"])));
    assert!(matches!(
        world.refused("ann", record_trace(trace(&[]))),
        Refusal::OtherResult { what: "trace", .. }
    ));
    assert!(world.run("ann", record_reading(reading())).unwrap().is_empty());
}

#[test]
fn nobody_is_accused_who_had_no_copy_when_the_leak_case_was_opened() {
    let mut world = read();
    for stranger in ["bolt", "nobody"] {
        let refusal = world.refused("ann", record_trace(trace(&["acme", stranger])));
        assert!(matches!(&refusal, Refusal::Unfounded { member: who, .. } if *who == member(stranger)));
    }
    // bolt gets its copies afterwards: it still cannot be where the leak came from.
    world.now = t(END - DAY);
    world.release("ann").unwrap();
    assert!(world.granted().contains("bolt"));
    assert!(matches!(world.refused("ann", record_trace(trace(&["bolt"]))), Refusal::Unfounded { .. }));
    let seen = t(END - 14 * DAY + HOUR);
    assert_eq!(could_have_known(&world.program, &case("c"), seen), [member("acme")]);
    assert_eq!(could_have_known(&world.program, &case("c"), t(END)).len(), 2);
    assert!(could_have_known(&world.program, &case("c"), t(END - 14 * DAY)).is_empty());
    assert!(could_have_known(&world.program, &case("other"), t(END)).is_empty());
}

#[test]
fn nobody_is_accused_without_the_evidence_the_bound_asks_for() {
    let mut world = read();
    let share = epsilon_of_look(1e-6, 1);
    let least = (2.0 / share).log10();
    for (log10_e, p_value) in [
        (least - 1e-6, 1.0),
        (0.0, share / 2.0 * 1.001),
        (f64::NAN, 1e-30),
        (f64::INFINITY, 1e-30),
        (30.0, f64::NAN),
        (30.0, -1.0),
        (30.0, 1.5),
    ] {
        let mut weak = trace(&["acme"]);
        weak.accused[0].log10_e = log10_e;
        weak.accused[0].p_value = p_value;
        let refusal = world.refused("ann", record_trace(weak));
        assert!(matches!(refusal, Refusal::Unfounded { .. }), "{log10_e} {p_value}: {refusal}");
    }
    let twice = trace(&["acme", "acme"]);
    assert!(matches!(world.refused("ann", record_trace(twice)), Refusal::Unfounded { why: "twice", .. }));
    let mut by_tail = trace(&["acme"]);
    by_tail.accused[0].log10_e = -2.0;
    by_tail.accused[0].p_value = share / 2.0;
    world.ok("ann", record_trace(by_tail));
}

#[test]
fn a_trace_keeps_to_what_was_committed_before_the_copies() {
    let mut world = read();
    let other = TraceRecord { scorer: String::from("scorer-2"), ..trace(&["acme"]) };
    assert!(matches!(world.refused("ann", record_trace(other)), Refusal::OtherScorer { .. }));
    for epsilon in [1e-6, f64::NAN, 0.0, 0.5] {
        let loose = TraceRecord { epsilon, ..trace(&["acme"]) };
        assert!(matches!(world.refused("ann", record_trace(loose)), Refusal::LooseBound { .. }));
    }
    let mut world = World::leaked();
    world.ok("ann", open_leak(1));
    world.ok("ann", record_reading(ReadingRecord { package: 7, ..reading() }));
    assert!(matches!(
        world.refused("ann", record_trace(trace(&["acme"]))),
        Refusal::NeverCommitted { package: 7, .. }
    ));
}

#[test]
fn a_later_look_has_a_smaller_share() {
    let mut world = read();
    world.ok("ann", sight(SightingKind::Leak, world.now, true));
    world.ok("ann", open_leak(2));
    let leak = LeakId(2);
    world.ok("ann", Command::Leak(LeakCommand::RecordReading { leak, reading: reading() }));
    let second = |epsilon| {
        Command::Leak(LeakCommand::RecordTrace { leak, trace: TraceRecord { epsilon, ..trace(&[]) } })
    };
    assert!(matches!(world.refused("ann", second(epsilon_of_look(1e-6, 1))), Refusal::LooseBound { .. }));
    world.ok("ann", second(epsilon_of_look(1e-6, 2)));
}

#[test]
fn a_verdict_names_somebody_exactly_when_it_attributes() {
    let mut world = read();
    for (verdict, accused) in [
        (Verdict::Attributed, Vec::new()),
        (Verdict::Inconclusive, vec!["acme"]),
        (Verdict::NotDerived, vec!["acme"]),
    ] {
        let unsound = TraceRecord { verdict, ..trace(&accused) };
        assert!(matches!(world.refused("ann", record_trace(unsound)), Refusal::TraceUnsound { .. }));
    }
    for innocent in [f64::NAN, f64::INFINITY] {
        let unsound = TraceRecord { max_innocent_log10_e: Some(innocent), ..trace(&["acme"]) };
        assert!(matches!(world.refused("ann", record_trace(unsound)), Refusal::TraceUnsound { .. }));
    }
    for e in [f64::NAN, f64::NEG_INFINITY] {
        let evidence = [(member("acme"), e)].into();
        let unsound = TraceRecord { evidence, ..trace(&["acme"]) };
        assert!(matches!(world.refused("ann", record_trace(unsound)), Refusal::TraceUnsound { .. }));
    }
    world.ok("ann", record_trace(TraceRecord { verdict: Verdict::NotDerived, ..trace(&[]) }));
}

#[test]
fn no_evidence_at_all_against_anybody_survives_the_log() {
    let mut world = read();
    let clean = TraceRecord { max_innocent_log10_e: Some(f64::NEG_INFINITY), ..trace(&["acme"]) };
    world.ok("ann", record_trace(clean.clone()));
    world.idle("ann", record_trace(clean));
    let kept = world.program.leak(LeakId(1)).unwrap().trace.clone().unwrap();
    assert_eq!(kept.max_innocent_log10_e, None);
}

#[test]
fn a_trace_that_weighed_too_few_accuses_nobody() {
    let mut world = World::due();
    world.now = t(END - DAY);
    world.release("ann").unwrap();
    world.ok("ann", sight(SightingKind::Leak, world.now, true));
    world.ok("ann", open_leak(1));
    world.ok("ann", record_reading(reading()));
    let share = epsilon_of_look(1e-6, 1);
    let mut alone = TraceRecord { population: 1, ..trace(&["acme"]) };
    alone.accused[0].log10_e = (1.5 / share).log10();
    alone.accused[0].p_value = 1.0;
    let refusal = world.refused("ann", record_trace(alone.clone()));
    assert!(matches!(refusal, Refusal::Unfounded { .. }), "two held a copy: {refusal}");
    alone.accused[0].log10_e = (2.0 / share).log10() + 1e-9;
    world.ok("ann", record_trace(alone));
}
