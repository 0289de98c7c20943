//! A log of a million entries: appended with proofs, written to disk, folded again.

use std::collections::BTreeSet;

use anyhow::ensure;
use engine::{Clock, Engine, Entropy, Founding, Stopwatch, ledger::Ledger, store};
use jiff::Timestamp;
use policy::{Class, Lead, Tier};
use program::{
    Command, Event,
    case::CaseEvent,
    grant::{Grant, GrantEvent},
    id::{CaseId, ItemId, MemberId, Sha256, UserId, WaveId},
    item::{Item, ItemEvent, Tlp},
    member::MemberEvent,
    program::Rules,
};
use tlog::{Tree, commitment, leaf_hash};

const ENTRIES: u64 = 1_000_000;
/// Members and items whose grants fill the log.
const MEMBERS: u64 = 1000;
/// Entries a transaction; what a busy writer groups.
const GROUP: usize = 512;

pub(crate) fn run() -> anyhow::Result<()> {
    proofs()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(group())?;
    runtime.block_on(disk())
}

/// Callers who each wait for their entry: one alone, then many at once; every answer is durable and signed.
async fn group() -> anyhow::Result<()> {
    const ALONE: u64 = 300;
    const CALLERS: u64 = 500;
    const EACH: u64 = 20;
    let dir = tempfile::tempdir()?;
    let root = dir.path().join("program");
    let actor: UserId = "alice".parse()?;
    let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let founding = founding(&actor);
    let engine = Engine::create(&root, founding, &actor, Clock::simulated(now), Entropy::seeded(4)).await?;
    let engine = std::sync::Arc::new(engine);
    let watch = Stopwatch::start();
    for number in 0..ALONE {
        ensure!(engine.execute(&actor, change(number)?).await?.len() == 1, "one entry a change");
    }
    let alone = ALONE as f64 / watch.elapsed().as_secs_f64();
    let before = engine.ledger().await.len();
    let watch = Stopwatch::start();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (engine, actor) = (engine.clone(), actor.clone());
            tokio::spawn(async move {
                for step in 0..EACH {
                    engine.execute(&actor, change(ALONE + caller * EACH + step)?).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    let together = (CALLERS * EACH) as f64 / watch.elapsed().as_secs_f64();
    ensure!(engine.ledger().await.len() == before + CALLERS * EACH, "every caller's entries, once each");
    println!(
        "log: one caller, each entry durable and signed for before the next {alone:.0} a second; {CALLERS} callers at once \
         {together:.0} a second, {:.0} times as many",
        together / alone
    );
    Ok(())
}

/// A change that always comes to one entry.
fn change(number: u64) -> anyhow::Result<Command> {
    let id = format!("t{number}");
    let tier = Tier { id: id.clone(), lead: Lead::from_seconds(60), classes: [Class::Notice].into() };
    Ok(Command::SetTier(id.parse()?, tier))
}

fn founding(actor: &UserId) -> Founding {
    Founding {
        name: String::from("bench"),
        origin: String::from("bench.example/log"),
        rules: Rules::default(),
        operators: BTreeSet::from([actor.clone()]),
        tiers: Vec::new(),
    }
}

/// Commits to a million bodies, appends them, and proves and checks each one's inclusion.
fn proofs() -> anyhow::Result<()> {
    let body = [b'x'; 400];
    let watch = Stopwatch::start();
    let mut tree = Tree::new();
    for at in 0..ENTRIES {
        let mut salt = [0; 16];
        for (slot, byte) in salt.iter_mut().zip(at.to_le_bytes()) {
            *slot = byte;
        }
        tree.push(leaf_hash(&commitment(&salt, &body)));
    }
    let appended = watch.elapsed();
    let watch = Stopwatch::start();
    let mut hashes = 0;
    for at in 0..ENTRIES {
        hashes += tree.inclusion(at, ENTRIES)?.len();
    }
    ensure!(hashes > 0, "proofs hold hashes");
    println!(
        "log: {ENTRIES} appends of 400-byte entries {:.2} s, an inclusion proof for every one of them {:.2} s",
        appended.as_secs_f64(),
        watch.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Writes a million entries durably, then opens the program on them.
async fn disk() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let root = dir.path().join("program");
    let actor: UserId = "alice".parse()?;
    let founding = founding(&actor);
    let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let clock = Clock::simulated(now);
    let engine = Engine::create(&root, founding, &actor, clock.clone(), Entropy::seeded(1)).await?;
    let mut ledger = engine.ledger().await.clone();
    let database = engine.folder().database();
    engine.close().await;

    let watch = Stopwatch::start();
    let log = store::open(&database, false).await?;
    let mut events = events()?;
    let entropy = Entropy::seeded(2);
    while ledger.len() < ENTRIES {
        let mut append = log.append().await?;
        for event in events.by_ref().take(GROUP) {
            let draft = ledger.draft(now, &actor, event, entropy.bytes())?;
            append.push(&draft.stored).await?;
            ledger.take_draft(draft);
        }
        append.commit().await?;
    }
    log.close().await;
    println!(
        "log: {} entries made durable in groups of {GROUP}: {:.1} s ({:.0} a second)",
        ledger.len(),
        watch.elapsed().as_secs_f64(),
        ledger.len() as f64 / watch.elapsed().as_secs_f64()
    );

    let watch = Stopwatch::start();
    let engine = Engine::open(&root, clock, Entropy::seeded(3)).await?;
    let folded = watch.elapsed();
    let opened: Ledger = engine.ledger().await.clone();
    ensure!(opened.len() == ledger.len() && opened.tree().root() == ledger.tree().root(), "the same log");
    println!(
        "log: {} entries read, hashed against their leaves, folded and checked against the checkpoint: {:.2} s",
        opened.len(),
        folded.as_secs_f64()
    );
    engine.close().await;
    Ok(())
}

/// Members, a case with items, then grants without end: what a long-lived program's log is made of.
fn events() -> anyhow::Result<impl Iterator<Item = Event>> {
    let case: CaseId = "BENCH-1".parse()?;
    let wave: WaveId = "first".parse()?;
    let members: Vec<MemberId> =
        (0..MEMBERS).map(|n| format!("member-{n:04}").parse()).collect::<Result<_, _>>()?;
    let items: Vec<ItemId> =
        (0..MEMBERS).map(|n| format!("item-{n:04}.md").parse()).collect::<Result<_, _>>()?;
    let opened = CaseEvent::Opened { case: case.clone(), title: String::from("bench"), cves: Vec::new() };
    let item = |item: &ItemId| Item {
        item: item.clone(),
        class: Class::Advisory,
        tlp: Tlp::AmberStrict,
        blob: Sha256([1; 32]),
        text: Sha256([2; 32]),
        size: 10_000,
    };
    let added = ItemEvent::Added { case: case.clone(), package: 1, items: items.iter().map(item).collect() };
    let applied: Vec<Event> = members
        .iter()
        .map(|member| {
            Event::Member(MemberEvent::Applied { member: member.clone(), name: member.to_string() })
        })
        .collect();
    let grants = items.into_iter().flat_map(move |item| {
        let (case, wave) = (case.clone(), wave.clone());
        members.clone().into_iter().map(move |member| {
            Event::Grant(GrantEvent::Given(Grant {
                case: case.clone(),
                wave: wave.clone(),
                item: item.clone(),
                member,
                sha256: Sha256([3; 32]),
                size: 10_000,
                package: 1,
                row: Sha256([4; 32]),
                key: String::from("aaaa bbbb cccc dddd"),
                policy_set: Sha256([5; 32]).to_string(),
                policies: vec![String::from("tier-lead-time")],
                facts: vec![String::from("tier: advance"), String::from("public: 2026-01-08T00:00:00Z")],
            }))
        })
    });
    Ok(applied.into_iter().chain([Event::Case(opened), Event::Item(added)]).chain(grants))
}
