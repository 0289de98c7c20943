//! The plan of a wave to a very large program.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use engine::{Entropy, Stopwatch, ledger::Ledger};
use jiff::Timestamp;
use policy::{Action, Class, DutySubject, Fact, FactKind, Lead, PolicySet, Standing, Tier, Trigger};
use program::{
    Event,
    case::CaseEvent,
    embargo::{EmbargoEvent, Move},
    id::{CaseId, ItemId, MemberId, Sha256, TierId, UserId, WaveId},
    item::{Item, ItemEvent, Tlp},
    judge::{self, Dossier},
    member::{Agreement, MemberEvent},
    plan::{Fate, plan},
    program::ProgramEvent,
    wave::WaveEvent,
};

use crate::cpu;

const MEMBERS: usize = 10_000;
const ITEMS: usize = 20;
/// Members that are each judged on their own for the rate of single decisions.
const ASKED: usize = 2_000;
const DAY: u32 = 86_400;

pub(crate) fn run() -> anyhow::Result<()> {
    let (actor, now): (UserId, Timestamp) = ("alice".parse()?, "2026-12-01T00:00:00Z".parse()?);
    let (case, wave): (CaseId, WaveId) = ("BENCH-1".parse()?, "first".parse()?);
    let mut ledger = Ledger::default();
    let entropy = Entropy::seeded(4);
    for event in events(&case, &wave)? {
        let draft = ledger.draft(now, &actor, event, entropy.bytes())?;
        ledger.take_draft(draft);
    }
    let policy = PolicySet::default_set()?;
    let watch = Stopwatch::start();
    let planned = plan(ledger.program(), &policy, &case, &wave, now)?;
    let taken = watch.elapsed();
    ensure!(planned.rows.len() == MEMBERS * ITEMS, "a row for every member and item");
    let withheld = planned.rows.iter().filter(|row| matches!(row.fate, Fate::Withheld { .. })).count();
    ensure!(withheld > 0 && planned.due().next().is_some(), "something is due and something withheld");
    println!(
        "plan: {MEMBERS} members, {ITEMS} items, every decision with its reasons: {:.2} s",
        taken.as_secs_f64()
    );
    let program = ledger.program();
    let case = program.case(&case)?;
    let things: Vec<_> = case.items().map(|item| policy.wanted(&judge::thing(case, item))).collect();
    let before = cpu::used()?.own;
    let mut asked = 0_u32;
    for member in program.members().take(ASKED) {
        let dossier = Dossier::of(program, member, now);
        let subject = dossier.subject(member);
        let asking = policy.at(now).of(&subject);
        for thing in &things {
            std::hint::black_box(asking.decide(Action::Fetch, thing));
            asked += 1;
        }
    }
    let rate = f64::from(asked) / cpu::used()?.own.saturating_sub(before).as_secs_f64();
    println!("decisions: each asked of the policies on its own: {rate:.0} a CPU second");
    Ok(())
}

/// A program whose members differ in tier, duty, standing and agreement, as large ones do.
fn events(case: &CaseId, wave: &WaveId) -> anyhow::Result<Vec<Event>> {
    let early = Tier {
        id: String::from("early"),
        lead: Lead::from_seconds(14 * DAY),
        classes: [Class::Advisory, Class::Detection, Class::Reproduction].into(),
    };
    let late = Tier { id: String::from("late"), lead: Lead::from_seconds(DAY), ..early.clone() };
    let tiers: [TierId; 2] = ["early".parse()?, "late".parse()?];
    let mut events = vec![
        Event::Program(ProgramEvent::TierSet { tier: early }),
        Event::Program(ProgramEvent::TierSet { tier: late }),
    ];
    for n in 0..MEMBERS {
        let tier = tiers.get(n % 2).context("a tier")?.clone();
        events.extend(member(n, tier)?.map(Event::Member));
    }
    let classes = [Class::Advisory, Class::Detection, Class::Reproduction, Class::Indicator];
    let item = |n: usize| {
        anyhow::Ok(Item {
            item: format!("item-{n}.md").parse()?,
            class: *classes.get(n % classes.len()).context("a class")?,
            tlp: Tlp::AmberStrict,
            blob: Sha256([1; 32]),
            text: Sha256([2; 32]),
            size: 10_000,
        })
    };
    let items = (0..ITEMS).map(item).collect::<anyhow::Result<Vec<_>>>()?;
    let names: BTreeSet<ItemId> = items.iter().map(|item| item.item.clone()).collect();
    let step = |step| {
        let reason = String::from("bench");
        Event::Embargo(EmbargoEvent::Moved { case: case.clone(), step, reason, accepts: None })
    };
    events.extend([
        Event::Case(CaseEvent::Opened { case: case.clone(), title: String::from("bench"), cves: Vec::new() }),
        step(Move::Propose("2026-12-08T18:00:00Z".parse()?)),
        step(Move::Accept),
        Event::Item(ItemEvent::Added { case: case.clone(), package: 1, items }),
        Event::Wave(WaveEvent::Scheduled {
            case: case.clone(),
            wave: wave.clone(),
            lead: Lead::from_seconds(14 * DAY),
            tiers: tiers.into(),
            items: names,
        }),
    ]);
    Ok(events)
}

fn member(n: usize, tier: TierId) -> anyhow::Result<[MemberEvent; 7]> {
    let member: MemberId = format!("member-{n:05}").parse()?;
    let until: Timestamp =
        if n.is_multiple_of(5) { "2026-12-03T00:00:00Z" } else { "2027-06-30T00:00:00Z" }.parse()?;
    let subject = if n.is_multiple_of(7) { DutySubject::ThirdPartyVulnerability } else { DutySubject::None };
    let fact = Fact {
        kind: FactKind::DisclosureDuty,
        subject: Some(subject),
        trigger: Some(Trigger::Knowledge),
        deadline: Some(Lead::from_seconds(2 * DAY)),
        says: None,
        until: Some(until),
    };
    let standing = if n.is_multiple_of(11) { Standing::Suspended } else { Standing::Active };
    let (recipient, fingerprint) = (format!("age1{n}"), format!("{n:04} {n:04}"));
    let id = || member.clone();
    Ok([
        MemberEvent::Applied { member: id(), name: member.to_string() },
        MemberEvent::Tiered { member: id(), tier },
        MemberEvent::Signed { member: id(), agreement: Agreement { version: String::from("1"), until } },
        MemberEvent::FactRecorded { member: id(), fact, evidence: String::from("bench") },
        MemberEvent::KeyAdded { member: id(), recipient, fingerprint: fingerprint.clone() },
        MemberEvent::KeyConfirmed { member: id(), fingerprint },
        MemberEvent::Moved { member: id(), to: standing, reason: String::from("bench") },
    ])
}
