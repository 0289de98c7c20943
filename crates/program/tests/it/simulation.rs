//! Whole programs at random: three operators, three members, two cases, three waves each, and time that moves.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use policy::{Class, DutySubject, Fact, Restriction, Role, Standing, Tier, Trigger};
use program::{
    Command, Entry, Event, Program, Refusal,
    case::{Case, CaseCommand, Observation, PublishedFile},
    embargo::EmbargoCommand,
    endpoint::EndpointCommand,
    grant::Copy,
    id::{CaseId, EndpointId, LeakId, MemberId, NotificationId, ReviewId, SightingId, WaveId},
    leak::{LeakCommand, TraceRecord, Verdict, epsilon_of_look},
    marks::MarksCommitment,
    member::{Member, MemberCommand, MemberEvent, fact_key},
    notification::{NotificationCommand, Receiver, Recipient},
    plan,
    policies::{PolicyCommand, PolicyState},
    review::{Outcome, ReviewCommand},
    sighting::{Report, SightingKind},
    vetting::{Answer, ContactRole, VettingCommand},
    viewing::ViewingCommand,
    wave::WaveCommand,
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{RngAlgorithm, RngSeed, TestRunner},
};

use crate::{
    news::counted,
    shadow::Shadow,
    world::{
        DAY, HOUR, OPERATORS, POLICY, World, agreement, case, contact, copy, criteria, criterion, file, item,
        lead, marks, member, no_duty, reading, screening, sha, sight, t, third_party_duty, tier, trace, user,
        wave,
    },
};

/// The last one is in vetting when a walk begins, its sheet complete and signed once.
const MEMBERS: [&str; 4] = ["acme", "bolt", "cord", "dune"];
const CASES: [&str; 2] = ["c", "d"];
const WAVES: [&str; 3] = ["w", "x", "y"];
const FILES: [&str; 4] = ["notice.md", "rule.yar", "poc.py", "more.md"];

/// What may be tried; a step that is refused is as good as one that is done.
#[derive(Clone, Copy, Debug)]
enum What {
    Apply,
    Vet,
    Admit,
    Move,
    ChangeTier,
    Sign,
    Fact,
    Withdraw,
    Key,
    Confirm,
    Reconfirm,
    SetCriteria,
    Assess,
    SignSheet,
    Screen,
    Contact,
    Policy,
    SetTier,
    Open,
    Observe,
    Publish,
    Close,
    Propose,
    Accept,
    Reject,
    Terminate,
    Keep,
    Items,
    Marks,
    Schedule,
    Approve,
    /// Every due copy and the finish, as the engine does it.
    Release,
    /// A copy that nobody asked whether it may be.
    Copy,
    Sight,
    OpenLeak,
    Read,
    Trace,
    Review,
    Reply,
    Outcome,
    Decide,
    Told,
    Notice,
    View,
    Wait,
}

const ONCE: [What; 22] = [
    What::Read,
    What::Trace,
    What::Apply,
    What::Vet,
    What::Admit,
    What::Key,
    What::Confirm,
    What::Open,
    What::Publish,
    What::Close,
    What::Reject,
    What::Keep,
    What::OpenLeak,
    What::Read,
    What::Trace,
    What::Trace,
    What::Review,
    What::Reply,
    What::Outcome,
    What::Outcome,
    What::Decide,
    What::Decide,
];
const OFTEN: [What; 23] = [
    What::Notice,
    What::Notice,
    What::Move,
    What::Move,
    What::View,
    What::View,
    What::ChangeTier,
    What::Sign,
    What::Fact,
    What::Withdraw,
    What::SetTier,
    What::Observe,
    What::Propose,
    What::Accept,
    What::Terminate,
    What::Items,
    What::Marks,
    What::Schedule,
    What::Approve,
    What::Release,
    What::Copy,
    What::Sight,
    What::Told,
];
const VETTING: [What; 10] = [
    What::Policy,
    What::Reconfirm,
    What::SetCriteria,
    What::SetCriteria,
    What::Assess,
    What::SignSheet,
    What::SignSheet,
    What::Admit,
    What::Screen,
    What::Contact,
];
const RELEASING: [What; 9] = [
    What::Marks,
    What::Schedule,
    What::Approve,
    What::Approve,
    What::Release,
    What::Release,
    What::Release,
    What::Copy,
    What::Wait,
];

#[derive(Clone, Debug)]
pub(crate) struct Step {
    what: What,
    actor: usize,
    member: usize,
    case: usize,
    wave: usize,
    n: u32,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        2 => select(ONCE.as_slice()),
        2 => select(OFTEN.as_slice()),
        3 => select(RELEASING.as_slice()),
        1 => select(VETTING.as_slice()),
    ];
    let case = prop_oneof![3 => Just(0_usize), 1 => Just(1)];
    let wave = prop_oneof![3 => Just(0_usize), 1 => 1..3_usize];
    // Vetting is worth trying at the applicant most of all.
    let vetted = |what: What, member: usize| match what {
        What::Vet | What::Admit | What::Assess | What::SignSheet | What::Screen => {
            member.max(3 * (member % 2))
        }
        _ => member % 3,
    };
    (what, 0..3_usize, 0..6_usize, case, wave, 0..720_u32)
        .prop_map(move |(what, actor, member, case, wave, n)| {
            (what, actor, vetted(what, member % 4), case, wave, n)
        })
        .prop_map(|(what, actor, member, case, wave, n)| Step { what, actor, member, case, wave, n })
}

/// Everybody is in, and the first case under embargo with a wave two people approved, or released and leaked.
pub(crate) fn begun(far: bool) -> World {
    static NEAR: LazyLock<World> = LazyLock::new(|| with_a_duty(World::approved()));
    static FAR: LazyLock<World> = LazyLock::new(|| with_a_duty(World::leaked()));
    if far { FAR.clone() } else { NEAR.clone() }
}

fn with_a_duty(mut world: World) -> World {
    world.admit("cord", "early");
    let fact = third_party_duty(Trigger::Knowledge);
    let duty = MemberCommand::RecordFact { fact, evidence: String::from("their law") };
    world.ok("ann", Command::Member(member("cord"), duty));
    for (operator, role) in OPERATORS.iter().zip(Role::ALL) {
        world.has_role(operator, *role);
    }
    world.apply_for_vetting("dune");
    world.assess_all("ann", "dune");
    world.ok("ann", Command::Vetting(member("dune"), VettingCommand::Sign));
    world
}

pub(crate) fn command(program: &Program, now: jiff::Timestamp, step: &Step) -> Command {
    let n = i64::from(step.n);
    let pick = step.n as usize;
    let (who, of) = (member(MEMBERS[step.member]), case(CASES[step.case]));
    let which: WaveId = wave(WAVES[step.wave]);
    let why = || String::from("so");
    let about = |command| Command::Member(who.clone(), command);
    let vetting = |command| Command::Vetting(who.clone(), command);
    let embargo = |command| Command::Embargo(of.clone(), command);
    let in_case = |command| Command::Case(of.clone(), command);
    let in_wave = |command| Command::Wave(of.clone(), which.clone(), command);
    let review = ReviewId(1 + u32::from(step.n.is_multiple_of(4)));
    let leak = LeakId(1 + u32::from(step.n.is_multiple_of(9)));
    match step.what {
        What::Apply => about(MemberCommand::Apply { name: why() }),
        What::Vet => about(MemberCommand::Vet),
        What::Admit => about(MemberCommand::Admit { tier: some_tier(pick), agreement: agreement(n * HOUR) }),
        What::Move => {
            let to = *Standing::ALL.iter().cycle().nth(pick).unwrap();
            // What one person asked for is mostly what the next one is asked about.
            let asked = |member: &Member| Some((member.id.clone(), member.proposed_move.as_ref()?.to));
            let asked = program.members().find_map(asked).filter(|_| !step.n.is_multiple_of(4));
            if let Some((who, to)) = asked {
                return Command::Member(who, MemberCommand::Move { to, reason: why() });
            }
            // Removed is for good, and would leave nothing to do.
            let to = if to == Standing::Removed && !step.n.is_multiple_of(5) { Standing::Active } else { to };
            about(MemberCommand::Move { to, reason: why() })
        }
        What::ChangeTier => about(MemberCommand::ChangeTier { tier: some_tier(pick) }),
        What::Sign => about(MemberCommand::SignAgreement { agreement: agreement(n * 2 * HOUR) }),
        What::Fact => about(MemberCommand::RecordFact { fact: some_fact(pick, now), evidence: why() }),
        What::Withdraw => {
            let key = fact_key(&some_fact(pick, now));
            about(MemberCommand::WithdrawFact { key, reason: why() })
        }
        What::Key => {
            let name = format!("age1{}", step.n % 4);
            about(MemberCommand::AddKey { fingerprint: format!("fp-{name}"), recipient: name })
        }
        What::Confirm => about(MemberCommand::ConfirmKey { fingerprint: format!("fp-age1{}", step.n % 4) }),
        What::Reconfirm => about(MemberCommand::ReconfirmKey { fingerprint: format!("fp-age1{}", who) }),
        What::SetCriteria => Command::SetCriteria(criteria().into_iter().take(1 + pick % 2).collect()),
        What::Assess => {
            let answer = match step.n % 7 {
                0 => Answer::NotMet,
                1 => Answer::Waived { reason: why() },
                _ => Answer::Met,
            };
            let criterion = criterion(["nda", "api", "gone"][pick % 7 % 3]);
            vetting(VettingCommand::Assess { criterion, answer, evidence: why() })
        }
        What::SignSheet => vetting(VettingCommand::Sign),
        What::Screen => vetting(VettingCommand::Screen(screening(step.n.is_multiple_of(5)))),
        What::Contact => vetting(contact(pick)),
        What::Policy => Command::Policy(policy_command(program, step.n)),
        What::SetTier => {
            let id = some_tier(pick);
            let classes = Class::ALL.iter().copied().take(pick % 7).collect();
            let tier = Tier { id: id.to_string(), lead: lead(n * HOUR), classes };
            Command::SetTier(id, tier)
        }
        What::Open => in_case(CaseCommand::Open { title: why(), cves: Vec::new() }),
        What::Observe => {
            let what = match step.n % 9 {
                0 => Observation::PublicAware,
                1 => Observation::ExploitPublic,
                _ => Observation::AttacksObserved,
            };
            in_case(CaseCommand::Observe { what, at: now })
        }
        What::Publish => {
            let file = PublishedFile { name: why(), sha256: sha("public") };
            in_case(CaseCommand::Publish { at: now, files: vec![file] })
        }
        What::Close => in_case(CaseCommand::Close),
        What::Propose => embargo(EmbargoCommand::Propose { ends: t(n * 3 * HOUR) }),
        What::Accept => {
            // Now and then somebody accepts an end that is not on the table.
            let ends = step.n.is_multiple_of(13).then(|| t(n * HOUR));
            embargo(EmbargoCommand::Accept { ends })
        }
        What::Reject => embargo(EmbargoCommand::Reject),
        What::Terminate => embargo(EmbargoCommand::Terminate { reason: why() }),
        What::Keep => embargo(EmbargoCommand::Keep { reason: why() }),
        What::Items => {
            let names = FILES.iter().skip(pick % 4).step_by(2);
            Command::AddItems(of, names.map(|name| file(name, step.n % 3)).collect())
        }
        What::Marks => Command::CommitMarks(of.clone(), marks_of(program, &of)),
        What::Schedule => in_wave(WaveCommand::Schedule {
            lead: lead(n * HOUR),
            tiers: [some_tier(pick), some_tier(pick / 2)].into(),
            items: FILES.iter().take(pick % 4).map(|name| item(name)).collect::<BTreeSet<_>>(),
        }),
        What::Approve => {
            // Half of them name the plan they saw; now and then it is another one.
            let looked = step.n.is_multiple_of(2);
            let saw = looked.then(|| plan::plan(program, program.policies(), &of, &which, now).ok());
            let saw = saw.flatten().map(|plan| plan.hash);
            let plan = if step.n.is_multiple_of(15) { Some(sha("another")) } else { saw };
            in_wave(WaveCommand::Approve { plan })
        }
        What::Copy => {
            // Now and then a copy of an older package, which must be refused.
            let package = program.case(&of).map_or(0, Case::package);
            let package = package.saturating_sub(u32::from(step.n.is_multiple_of(11)));
            let one = Copy { package, ..copy(MEMBERS[step.member], FILES[pick % 4]) };
            let twice = if step.n.is_multiple_of(7) { vec![one.clone(), one] } else { vec![one] };
            Command::RecordCopies(of, which, twice)
        }
        What::Sight => {
            let kind = [SightingKind::Leak, SightingKind::Mention, SightingKind::Exploitation][pick % 3];
            let Command::AddSighting(_, Report { exhibits, .. }) = sight(kind, now, step.n.is_multiple_of(2))
            else {
                panic!("a sighting is one")
            };
            Command::AddSighting(of, Report { kind, seen: now, note: why(), exhibits })
        }
        What::OpenLeak => {
            Command::Leak(LeakCommand::Open { sighting: SightingId(1 + u32::from(step.n.is_multiple_of(4))) })
        }
        What::Read => {
            let package = 1 + u32::from(step.n.is_multiple_of(5));
            let reading = program::leak::ReadingRecord { package, ..reading() };
            Command::Leak(LeakCommand::RecordReading { leak, reading })
        }
        What::Trace => {
            let accused: &[&str] =
                if step.n.is_multiple_of(3) { &[] } else { &MEMBERS[step.member..=step.member] };
            let epsilon = epsilon_of_look(1e-6, leak.0);
            let verdict = if accused.is_empty() { Verdict::NotDerived } else { Verdict::Attributed };
            let trace = TraceRecord { epsilon, verdict, ..trace(accused) };
            Command::Leak(LeakCommand::RecordTrace { leak, trace })
        }
        What::Review => Command::Review(ReviewCommand::Open {
            member: who,
            leak: (step.n.is_multiple_of(2)).then_some(leak),
            reason: why(),
        }),
        What::Reply => Command::Review(ReviewCommand::Reply { review, text: why() }),
        What::Outcome => {
            let all = [
                Outcome::Clear,
                Outcome::Warn,
                Outcome::Restrict,
                Outcome::Suspend,
                Outcome::Clear,
                Outcome::Restrict,
            ];
            let outcome = all[pick % 6];
            let until = (!step.n.is_multiple_of(3)).then(|| t(n * HOUR));
            let classes = Class::ALL.iter().copied().skip(pick % 4).collect();
            let restriction = Some(Restriction { classes, until })
                .filter(|_| outcome == Outcome::Restrict && step.n.is_multiple_of(2));
            let (reason, finding) = (why(), None);
            Command::Review(ReviewCommand::Propose { review, outcome, reason, finding, restriction })
        }
        What::Decide => Command::Review(ReviewCommand::Confirm { review }),
        What::Told => {
            let members = (!step.n.is_multiple_of(3)).then_some(who).into_iter().collect();
            let notification = NotificationId(1 + step.n % 3);
            Command::Notification(NotificationCommand::Told { notification, members, how: why() })
        }
        What::Notice => notice(program, pick, who),
        What::View => match program.viewings().last() {
            Some(known) if known.approved.is_none() && step.n.is_multiple_of(2) => {
                Command::Viewing(ViewingCommand::Approve { viewing: known.id })
            }
            _ if step.n.is_multiple_of(5) => {
                let operator = user(OPERATORS[pick % 3]);
                Command::SetRoles(operator, Role::ALL.iter().copied().skip(pick % 4).collect())
            }
            _ => {
                let item = item(FILES[pick % 4]);
                Command::Viewing(ViewingCommand::View { case: of, item, reason: why() })
            }
        },
        What::Release | What::Wait => in_wave(WaveCommand::Finish),
    }
}

/// The shipped rules under other names, so that what is judged is known; mostly what comes next.
fn policy_command(program: &Program, n: u32) -> PolicyCommand {
    let last = program.policy_versions().last();
    let number = last.map_or(1, |known| known.number);
    let waits = last.is_some_and(|known| known.state == PolicyState::Proposed);
    match n % 8 {
        0 => PolicyCommand::Withdraw { number, reason: String::from("so") },
        1 => PolicyCommand::Adopt { number: n % 4 },
        2..6 if waits => PolicyCommand::Adopt { number },
        _ => {
            let (name, text) = (format!("set-{}", n % 3), POLICY.text().to_owned());
            PolicyCommand::Propose { name, text, reason: String::from("so") }
        }
    }
}

fn some_tier(pick: usize) -> program::id::TierId {
    tier(["early", "late"][pick % 2])
}

fn some_fact(pick: usize, now: jiff::Timestamp) -> Fact {
    let until = now.checked_add(jiff::SignedDuration::from_secs(DAY * (1 + pick as i64))).unwrap();
    let until = Some(until).filter(|_| !pick.is_multiple_of(11));
    match pick % 4 {
        0 => Fact { until, ..third_party_duty([Trigger::Knowledge, Trigger::Incident][pick / 4 % 2]) },
        1 => Fact { subject: Some(DutySubject::OwnProduct), until, ..no_duty() },
        2 => Fact { subject: None, until, ..no_duty() },
        _ => Fact { until, ..no_duty() },
    }
}

/// What a sender of notices does, or a person about them.
fn notice(program: &Program, pick: usize, member: MemberId) -> Command {
    let known = program.notifications().rev().find(|known| known.members.contains_key(&member));
    let notification = known.map_or(NotificationId(1), |known| known.id);
    let receiver = match pick % 3 {
        0 => Receiver::Webhook(EndpointId(1)),
        _ => Receiver::Mail(ContactRole::ALL[pick / 3 % 5]),
    };
    let to = Recipient::Member(member.clone(), receiver);
    let given_up = pick.is_multiple_of(2).then(|| String::from("no answer"));
    Command::Notification(match pick / 32 % 8 {
        0..=2 => NotificationCommand::RecordDelivery { notification, to: [to].into(), given_up },
        3 => NotificationCommand::Retry { notification, members: BTreeSet::new() },
        4 => NotificationCommand::Warn,
        5 => NotificationCommand::Test { member },
        6 => {
            let endpoint = EndpointId(1 + u32::try_from(pick % 3).unwrap());
            return Command::Endpoint(EndpointCommand::Remove { endpoint });
        }
        _ => {
            let (url, salt) = (format!("https://example.net/{}", pick % 4), String::from("s"));
            return Command::Endpoint(EndpointCommand::Add { member, url, salt });
        }
    })
}

fn marks_of(program: &Program, of: &CaseId) -> MarksCommitment {
    let package = program.case(of).map_or(0, program::case::Case::package);
    MarksCommitment { package, ..marks(program) }
}

/// Whether the same command again, at once, is documented to decide on nothing.
fn repeats(what: What) -> bool {
    matches!(
        what,
        What::SetTier
            | What::Confirm
            | What::Reconfirm
            | What::SignSheet
            | What::Contact
            | What::Items
            | What::Marks
            | What::OpenLeak
            | What::Read
            | What::Trace
            | What::Observe
            | What::Told
    )
}

/// Releases as the engine does: what the plan says is due is never refused, and nothing is left over.
fn release(world: &mut World, actor: &str, of: &CaseId, which: &WaveId) -> Vec<Entry> {
    let Ok(plan) = plan::plan(&world.program, world.program.policies(), of, which, world.now) else {
        return Vec::new();
    };
    if program::wave::check_due(&world.program, of, which, world.now).is_err() {
        return Vec::new();
    }
    let package = world.program.case(of).unwrap().package();
    let due: Vec<_> =
        plan.due().map(|row| Copy { package, ..copy(row.member.as_str(), row.item.as_str()) }).collect();
    let count = due.len();
    let mut done = match world.run(actor, Command::RecordCopies(of.clone(), which.clone(), due)) {
        Ok(done) => done,
        Err(Refusal::MarksNotCommitted { .. }) => return Vec::new(),
        Err(refusal) => panic!("the plan says due, the program says {refusal}"),
    };
    assert_eq!(done.len(), count, "exactly once");
    let finish = Command::Wave(of.clone(), which.clone(), WaveCommand::Finish);
    match world.run(actor, finish.clone()) {
        Ok(finished) => done.extend(finished),
        Err(Refusal::NobodyThere { .. }) => return done,
        Err(refusal) => panic!("every due copy is recorded, the program says {refusal}"),
    }
    world.idle(actor, finish);
    done
}

fn walk(far: bool, steps: &[Step]) -> World {
    let mut world = begun(far);
    let mut shadow = Shadow::default();
    shadow.take(&world.log.clone());
    for step in steps {
        let actor = OPERATORS[step.actor];
        if let What::Wait = step.what {
            let wait = jiff::SignedDuration::from_secs(i64::from(step.n % 96) * HOUR);
            world.now = world.now.checked_add(wait).unwrap();
            continue;
        }
        let entries = if let What::Release = step.what {
            release(&mut world, actor, &case(CASES[step.case]), &wave(WAVES[step.wave]))
        } else {
            let command = command(&world.program, world.now, step);
            let before = world.program.clone();
            let done = world.run(actor, command.clone());
            if done.is_err() {
                assert_eq!(world.program, before, "a refusal changes nothing");
            } else if repeats(step.what) {
                world.idle(actor, command);
            }
            done.unwrap_or_default()
        };
        shadow.take(&entries);
        shadow.checked(&world.program);
    }
    // Thousands of questions a walk; a third of the walks is enough to ask them all.
    if steps.len().is_multiple_of(3) {
        shadow.judged(&world.program, world.program.policies(), world.now);
    }
    world
}

fn replayed(world: &World) -> Program {
    let mut program = Program::default();
    for entry in &world.log {
        let body = entry.to_body().unwrap();
        program.apply(&Entry::from_body(entry.seq, &body).unwrap());
    }
    program
}

pub(crate) fn fixed(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The simulation must also reach what it is there to watch, or its silence means nothing.
#[test]
fn no_promise_is_broken_whatever_is_tried() {
    let seen = RefCell::new(BTreeMap::<String, usize>::new());
    let walks = (any::<bool>(), prop::collection::vec(step(), 1..120));
    let watched = TestRunner::new(fixed(176, 20_261_208)).run(&walks, |(far, steps)| {
        let world = walk(far, &steps);
        assert_eq!(replayed(&world), world.program);
        assert_eq!(replayed(&world), replayed(&world));
        for known in world.program.members() {
            assert_eq!(world.program.news_of(&known.id), counted(&world.program, &known.id), "{}", known.id);
        }
        for entry in &world.log[begun(far).log.len()..] {
            *seen.borrow_mut().entry(name_of(entry)).or_default() += 1;
            if let Event::Member(MemberEvent::Moved { to: Standing::Active, reason, .. }) = &entry.event
                && reason == "admitted"
            {
                *seen.borrow_mut().entry(String::from("admitted")).or_default() += 1;
            }
        }
        Ok(())
    });
    watched.unwrap_or_else(|broken| panic!("{broken}"));
    let seen = seen.into_inner();
    for (what, least) in [
        ("grant/given", 40),
        ("wave/released", 6),
        ("wave/withheld", 8),
        ("wave/approved", 100),
        ("embargo/moved", 40),
        ("embargo/exit_proposed", 20),
        ("case/published", 4),
        ("case/closed", 4),
        ("deadline/opened", 20),
        ("leak/traced", 1),
        ("review/decided", 1),
        ("marks/committed", 20),
        ("member/moved", 20),
        ("notification/due", 10),
        ("notification/told", 2),
        ("notification/sent", 4),
        ("notification/given_up", 4),
        ("notification/retried", 1),
        ("endpoint/added", 4),
        ("endpoint/removed", 1),
        ("member/key_reconfirmed", 8),
        ("vetting/assessed", 20),
        ("vetting/sheet_signed", 10),
        ("vetting/screened", 10),
        ("vetting/contact_set", 4),
        ("program/criteria_proposed", 10),
        ("program/criteria_set", 1),
        ("viewing/asked", 10),
        ("viewing/approved", 2),
        ("viewing/viewed", 4),
        ("program/roles_proposed", 4),
        ("policy/proposed", 4),
        ("policy/adopted", 2),
        ("admitted", 4),
    ] {
        assert!(seen.get(what).copied().unwrap_or(0) >= least, "{what} is too rare: {seen:?}");
    }
}

/// What happened, as `kind/what`.
fn name_of(entry: &Entry) -> String {
    let event = serde_json::to_value(&entry.event).unwrap();
    let (kind, rest) = event.as_object().unwrap().iter().next().unwrap();
    format!("{kind}/{}", rest.as_object().unwrap().keys().next().unwrap())
}
