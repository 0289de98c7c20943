//! A program with very many members, one package and one wave, on disk and in this machine's time.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;
use engine::{Clock, Engine, Entropy, Founding, intake::Upload, token::TokenText};
use jiff::{SignedDuration, Timestamp};
use package::Identity;
use policy::{Class, DutySubject, Fact, FactKind, Lead, Tier};
use program::{
    Command, Entry, Event,
    case::CaseCommand,
    embargo::EmbargoCommand,
    grant::GrantEvent,
    id::{CaseId, MemberId, TierId, UserId, WaveId},
    item::Tlp,
    member::{Agreement, Enrolment, MemberCommand},
    program::Rules,
    token::{Holder, Scope, TokenCommand},
    wave::WaveCommand,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long before the embargo's end the wave is due.
const LEAD: u32 = 14 * 86_400;
pub(crate) const CASE: &str = "BENCH-1";
pub(crate) const WAVE: &str = "first";
pub(crate) const ITEM: &str = "guide.md";

/// A member's token and secret key.
pub(crate) struct Member {
    pub(crate) token: TokenText,
    pub(crate) identity: Identity,
}

/// Founds a program with members that may fetch.
pub(crate) async fn found(root: &Path, members: usize) -> anyhow::Result<(Engine, Vec<Member>)> {
    let tier =
        Tier { id: String::from("all"), lead: Lead::from_seconds(LEAD), classes: [Class::Advisory].into() };
    let (alice, now) = (user("alice")?, Clock::system().now());
    let founding = Founding {
        name: String::from("bench"),
        origin: String::from("bench.example/log"),
        rules: Rules::default(),
        operators: BTreeSet::from([alice.clone(), user("bob")?]),
        tiers: vec![("all".parse::<TierId>()?, tier)],
    };
    let engine = Engine::create(root, founding, &alice, Clock::system(), Entropy::System).await?;
    let until = now.checked_add(DAY * 300)?;
    let mut commands = Vec::with_capacity(3 * members);
    let mut people = Vec::with_capacity(members);
    for number in 0..members {
        let id: MemberId = format!("member-{number:05}").parse()?;
        let mut seed = [7; 32];
        // A key's first bits are not all its own. **Source:** RFC 7748, section 5.
        seed.iter_mut().skip(8).zip(number.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
        let identity = Identity::from_random(&seed)?;
        let key = identity.to_public();
        let fact = Fact {
            kind: FactKind::DisclosureDuty,
            subject: Some(DutySubject::None),
            trigger: None,
            deadline: None,
            says: None,
            until: Some(until),
        };
        let enrolment = Enrolment {
            name: id.to_string(),
            tier: "all".parse()?,
            agreement: Agreement { version: String::from("1"), until },
            facts: vec![(fact, String::from("bench"))],
            key: Some((key.to_string(), key.fingerprint())),
        };
        let token = TokenText::of(&seed);
        let issue = TokenCommand::Issue {
            sha256: token.sha256(),
            holder: Holder::Member(id.clone()),
            scopes: [Scope::Fetch].into(),
            until,
            from: Vec::new(),
            certificate: None,
        };
        commands.push(Command::Member(id.clone(), MemberCommand::Enrol(Box::new(enrolment))));
        commands.push(Command::Member(id, MemberCommand::ConfirmKey { fingerprint: key.fingerprint() }));
        commands.push(Command::Token(issue));
        people.push(Member { token, identity });
    }
    for done in engine.execute_all(&alice, commands).await {
        done?;
    }
    Ok((engine, people))
}

/// Opens a case with a package of one text and a wave of it that is due at an instant.
pub(crate) async fn prepare(engine: &Engine, text: String, due: Timestamp) -> anyhow::Result<()> {
    let (alice, bob) = (user("alice")?, user("bob")?);
    let (case, wave): (CaseId, WaveId) = (CASE.parse()?, WAVE.parse()?);
    let ends = due.checked_add(SignedDuration::from_secs(i64::from(LEAD)))?;
    let open = CaseCommand::Open { title: String::from("bench"), cves: Vec::new() };
    engine.execute(&alice, Command::Case(case.clone(), open)).await?;
    engine.execute(&alice, Command::Embargo(case.clone(), EmbargoCommand::Propose { ends })).await?;
    engine.execute(&bob, Command::Embargo(case.clone(), EmbargoCommand::Accept { ends: None })).await?;
    let item = Upload { item: ITEM.parse()?, class: Class::Advisory, tlp: Tlp::AmberStrict, text };
    engine.add_items(&alice, &case, vec![item]).await?;
    let schedule = WaveCommand::Schedule {
        lead: Lead::from_seconds(LEAD),
        tiers: ["all".parse()?].into(),
        items: BTreeSet::new(),
    };
    engine.execute(&alice, Command::Wave(case.clone(), wave.clone(), schedule)).await?;
    for actor in [&alice, &bob] {
        let approve = WaveCommand::Approve { plan: None };
        engine.execute(actor, Command::Wave(case.clone(), wave.clone(), approve)).await?;
    }
    Ok(())
}

/// Counts the grants in the log, and how many members have one.
pub(crate) async fn granted(engine: &Engine) -> anyhow::Result<(usize, usize)> {
    let given = |entry: Entry| match entry.event {
        Event::Grant(GrantEvent::Given(grant)) => Some(grant.member),
        _ => None,
    };
    let grants: Vec<MemberId> = engine.newest(u64::MAX).await?.into_iter().filter_map(given).collect();
    Ok((grants.len(), grants.into_iter().collect::<BTreeSet<_>>().len()))
}

pub(crate) fn user(name: &str) -> anyhow::Result<UserId> {
    name.parse().with_context(|| format!("`{name}` is a user"))
}
