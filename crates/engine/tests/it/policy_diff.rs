//! Policy diff: what another set would change, held against the decisions themselves.

use std::collections::BTreeSet;

use engine::{
    policy_diff::{Change, Effect, PolicyDiff},
    progress::Unwatched,
};
use jiff::{SignedDuration, Timestamp};
use policy::{Action, PolicySet};
use program::{Command, case::CaseCommand, judge::judge};

use crate::world::{DAY, END, W1, W2, World, case, suspend, t};

const SET: &str = include_str!("../../../policy/policies/default.cedar");

fn block(id: &str) -> &'static str {
    SET.split("\n\n").find(|block| block.contains(&format!("@id(\"{id}\")"))).unwrap()
}

fn set(text: &str) -> PolicySet {
    PolicySet::parse("other", text).unwrap()
}

fn without(id: &str) -> PolicySet {
    set(&SET.replace(block(id), ""))
}

fn with(effect: &str, scope: &str, when: &str) -> PolicySet {
    set(&format!("{SET}\n@id(\"added\") @says(\"added\")\n{effect} ({scope}) when {{ {when} }};"))
}

/// Due, with one member suspended, a day before the first wave.
async fn world(seed: u64) -> World {
    let world = World::due(seed).await;
    world.clock.set(t(W1 - DAY));
    world.ok("ann", suspend("bolt")).await;
    world
}

async fn diff(world: &World, other: &PolicySet) -> PolicyDiff {
    world.engine.policy_diff(other, &Unwatched).await
}

/// A change as `more? who item actions from → to because`, without its instants.
fn line(change: &Change) -> String {
    let mark = if change.more_permissive { "! " } else { "" };
    let members: Vec<&str> = change.members.iter().map(|member| member.as_str()).collect();
    let effect = |effect: Effect| match effect {
        Effect::Release => String::from("release"),
        Effect::Withhold { until } => until.map_or(String::from("withhold"), |until| until.to_string()),
    };
    format!(
        "{mark}{} {} {} → {} ({} → {})",
        members.join("+"),
        change.item,
        effect(change.from.effect),
        effect(change.to.effect),
        change.from.policies.join("+"),
        change.to.policies.join("+")
    )
}

#[tokio::test]
async fn the_set_in_force_changes_nothing_and_nothing_is_written() {
    let world = world(1).await;
    let before = world.entries().await;
    let same = diff(&world, &set(SET)).await;
    // Now, and four instants around each of two waves and the public instant, for six members and two items.
    assert_eq!((same.decisions, same.changed, same.more_permissive), (6 * 2 * 2 * 7, 0, 0));
    assert!(same.changes.is_empty());
    assert_eq!((same.entries, world.entries().await), (before, before));
}

#[tokio::test]
async fn what_opens_comes_first_with_its_reasons() {
    let world = world(2).await;
    // The duty opens, and the last tier loses its lead.
    let text = SET.replace(block("disclosure-duty"), "").replace(
        "resource.public.durationSince(context.now) <= principal.tier.lead",
        "context.now >= resource.public",
    );
    let found = diff(&world, &set(&text)).await;
    let lines: Vec<String> = found.changes.iter().map(line).collect();
    let (public, w1, w2) = (t(END), t(W1), t(W2));
    assert!(lines[0].starts_with("! dutiful reproduction.py"), "{lines:#?}");
    let first_closing = found.changes.iter().position(|change| !change.more_permissive).unwrap();
    assert!(found.changes.iter().skip(first_closing).all(|change| !change.more_permissive));
    assert!(
        lines.iter().any(|line| line.starts_with(&format!("acme advisory.md {w1} → {public}"))),
        "{lines:#?}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with(&format!("cobalt advisory.md {w2} → {public}"))),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn a_bound_that_moves_by_a_millisecond_shows() {
    let world = world(3).await;
    let later = SET.replace(
        "resource.public.durationSince(context.now) <= principal.tier.lead",
        "resource.public.durationSince(context.now) < principal.tier.lead",
    );
    let found = diff(&world, &set(&later)).await;
    assert_eq!(found.more_permissive, 0);
    let tick = SignedDuration::from_millis(1);
    let at_w1: Vec<&Change> = found.changes.iter().filter(|change| change.at == [t(W1)]).collect();
    assert!(!at_w1.is_empty());
    for change in at_w1 {
        assert_eq!(change.from.effect, Effect::Release);
        assert_eq!(change.to.effect, Effect::Withhold { until: Some(t(W1) + tick) });
    }
}

#[tokio::test]
async fn a_stretch_between_two_waves_shows_beforehand() {
    let world = world(4).await;
    let between = |seconds: i64| format!("datetime(\"{}\")", t(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z"));
    let when =
        format!("context.now >= {} && context.now < {}", between(W1 + 3 * DAY), between(W1 + 3 * DAY + 60));
    let found = diff(&world, &with("permit", "principal, action, resource", &when)).await;
    assert!(found.more_permissive > 0);
    let opened =
        found.changes.iter().filter(|change| change.members.iter().any(|id| id.as_str() == "cobalt"));
    for change in opened {
        assert_eq!(change.to.effect, Effect::Withhold { until: Some(t(W1 + 3 * DAY)) });
    }
}

#[tokio::test]
async fn a_set_that_names_a_member_changes_that_member_alone() {
    let world = world(5).await;
    let favour = with("permit", "principal == Member::\"acme\", action, resource", "resource has public");
    let found = diff(&world, &favour).await;
    assert!(!found.changes.is_empty());
    for change in &found.changes {
        assert!(change.more_permissive && !change.all || change.members.len() == 1);
        assert!(change.members.iter().all(|member| member.as_str() == "acme"), "{}", line(change));
    }
}

#[tokio::test]
async fn a_listing_is_compared_too() {
    let world = world(6).await;
    let early = with("permit", "principal, action == Action::\"list\", resource", "resource has public");
    let found = diff(&world, &early).await;
    assert!(!found.changes.is_empty());
    assert!(found.changes.iter().all(|change| change.actions == [Action::List] && change.more_permissive));
}

#[tokio::test]
async fn a_closed_case_is_left_alone() {
    let world = world(7).await;
    let open = with("permit", "principal, action, resource", "resource has public");
    assert!(diff(&world, &open).await.changed > 0);
    world.clock.set(t(END + DAY));
    assert_eq!(diff(&world, &open).await.decisions, 6 * 2 * 2, "what is past is not asked again");
    world.ok("ann", Command::Case(case("c"), CaseCommand::Close)).await;
    let found = diff(&world, &open).await;
    assert_eq!((found.decisions, found.changed), (0, 0));
}

/// Every decision asked one by one, of sets that lack a policy, add one, or name somebody.
#[tokio::test]
async fn the_decisions_themselves_say_the_same() {
    let world = world(8).await;
    let live = PolicySet::default_set().unwrap();
    let mut others = vec![without("disclosure-duty"), without("tier-lead-time")];
    others.push(with("forbid", "principal, action, resource", "resource.class == Class::\"reproduction\""));
    others.push(with("permit", "principal == Member::\"keyless\", action, resource", "resource has public"));
    others.push(with(
        "forbid",
        "principal, action, resource == Item::\"advisory.md\"",
        "resource has public",
    ));
    let tick = SignedDuration::from_millis(1);
    let instants: BTreeSet<Timestamp> = [W1, W2, END]
        .into_iter()
        .flat_map(|second| [t(second) - tick, t(second)])
        .chain([world.clock.now()])
        .collect();
    let mut changed = 0;
    for other in &others {
        let found = diff(&world, other).await;
        let program = world.engine.program().await;
        let case = program.case(&case("c")).unwrap();
        let told: u64 = found.changes.iter().map(decisions).sum();
        assert_eq!(told, found.changed);
        let opens = found.changes.iter().filter(|change| change.more_permissive);
        assert_eq!(opens.map(decisions).sum::<u64>(), found.more_permissive);
        assert_eq!(found.decisions, count(program.members().count() * 2 * 2 * instants.len()));
        for member in program.members() {
            for item in case.items() {
                for (action, at) in
                    Action::ALL.iter().flat_map(|action| instants.iter().map(move |at| (*action, *at)))
                {
                    let permits = |set| judge(&program, set, case, item, member, action, at).effect;
                    let mut here = found.changes.iter().filter(|change| {
                        change.item == item.item
                            && change.members.contains(&member.id)
                            && change.actions.contains(&action)
                            && change.at.contains(&at)
                    });
                    let change = here.next();
                    assert!(here.next().is_none(), "told twice");
                    let now = permits(&live);
                    let then = permits(other);
                    let effect = |effect| match effect {
                        Effect::Release => policy::Effect::Permit,
                        Effect::Withhold { .. } => policy::Effect::Deny,
                    };
                    match change {
                        None => assert_eq!(now, then, "{} {action} {} at {at}", member.id, item.item),
                        Some(change) => {
                            changed += 1;
                            assert_eq!((effect(change.from.effect), effect(change.to.effect)), (now, then));
                            assert!(
                                now == then || change.more_permissive == (then == policy::Effect::Permit)
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(changed > 100, "{changed}");
}

fn decisions(change: &Change) -> u64 {
    count(change.members.len() * change.actions.len() * change.at.len())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}
