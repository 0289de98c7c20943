//! A small program to act on: three operators, two tiers, and shorthands for what every test needs.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::Timestamp;
use policy::{
    Class, DutySubject, Fact, FactKind, Lead, PolicySet, Restriction, Role, Standing, Tier, Trigger,
};
use program::{
    Command, Context, Entry, Program, Refusal,
    case::{Case, CaseCommand, Observation, PublishedFile},
    embargo::EmbargoCommand,
    grant::Copy,
    id::{
        CaseId, CriterionId, ItemId, LeakId, MemberId, NotificationId, ReviewId, Sha256, SightingId, TierId,
        UserId, WaveId,
    },
    item::{Item, Tlp},
    leak::{Accused, LeakCommand, ReadingRecord, TraceRecord, Verdict, epsilon_of_look},
    marks::MarksCommitment,
    member::{Agreement, MemberCommand},
    notification::NotificationCommand,
    plan::{self, Plan},
    policies::PolicyCommand,
    program::Rules,
    review::{Outcome, ReviewCommand},
    sighting::{Exhibit, Report, SightingKind},
    vetting::{Answer, Contact, ContactRole, Criterion, Screening, ScreeningOutcome, VettingCommand},
    wave::WaveCommand,
};

pub(crate) static POLICY: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::default_set().unwrap());

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
/// 2026-06-01T00:00:00Z, the first instant of every world.
pub(crate) const START: i64 = 1_780_272_000;
/// When the usual embargo ends.
pub(crate) const END: i64 = 30 * DAY;
pub(crate) const OPERATORS: [&str; 3] = ["ann", "bob", "cyd"];

pub(crate) type Done = Result<Vec<Entry>, Refusal>;

/// Seconds since [`START`] as an instant.
pub(crate) fn t(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

macro_rules! named {
    ($($name:ident: $id:ty),+) => {
        $(pub(crate) fn $name(text: &str) -> $id { text.parse().unwrap() })+
    };
}
named!(criterion: CriterionId, user: UserId, member: MemberId, tier: TierId, case: CaseId, item: ItemId, wave: WaveId);

pub(crate) fn lead(seconds: i64) -> Lead {
    Lead::from_seconds(u32::try_from(seconds).unwrap())
}

/// A hash that stands for the bytes that a text names.
pub(crate) fn sha(text: &str) -> Sha256 {
    let mut hash = [0_u8; 32];
    for (at, byte) in text.bytes().enumerate() {
        hash[at % 32] = hash[at % 32].wrapping_mul(31).wrapping_add(byte);
    }
    Sha256(hash)
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) program: Program,
    pub(crate) now: Timestamp,
    pub(crate) log: Vec<Entry>,
}

impl World {
    pub(crate) fn empty() -> Self {
        Self { program: Program::default(), now: t(0), log: Vec::new() }
    }

    /// Founded, with the tiers `early` (14 days, every class) and `late` (1 day, notices and detections).
    pub(crate) fn founded() -> Self {
        let mut world = Self::empty();
        world.ok("ann", found());
        world
    }

    /// Founded, with `acme` in tier `early` and `bolt` in tier `late`, in good order.
    pub(crate) fn peopled() -> Self {
        let mut world = Self::founded();
        world.admit("acme", "early");
        world.admit("bolt", "late");
        world
    }

    /// Peopled, with case `c` under embargo until [`END`].
    pub(crate) fn embargoed() -> Self {
        let mut world = Self::peopled();
        world.ok("ann", open());
        world.ok("ann", propose(END));
        world.ok("bob", embargo(EmbargoCommand::Accept { ends: None }));
        world
    }

    /// Embargoed, with a notice, a detection and a reproduction in wave `w`, 14 days ahead to both tiers.
    pub(crate) fn planned() -> Self {
        let mut world = Self::embargoed();
        world.ok("ann", items(&["notice.md", "rule.yar", "poc.py"], 1));
        world.ok("ann", schedule(14 * DAY));
        world
    }

    /// Planned, approved by two, marks committed.
    pub(crate) fn approved() -> Self {
        let mut world = Self::planned();
        world.ok("ann", approve());
        world.ok("bob", approve());
        world.ok("ann", commit(&world.program));
        world
    }

    /// Approved, at the wave's instant.
    pub(crate) fn due() -> Self {
        let mut world = Self::approved();
        world.now = t(END - 14 * DAY);
        world
    }

    /// Due, released, and a leaked file seen an hour later.
    pub(crate) fn leaked() -> Self {
        let mut world = Self::due();
        world.release("ann").unwrap();
        world.now = t(END - 14 * DAY + HOUR);
        world.ok("ann", sight(SightingKind::Leak, world.now, true));
        world
    }

    /// Decides as of now and takes the events in, each through its stored bytes.
    pub(crate) fn run(&mut self, actor: &str, command: Command) -> Done {
        let actor = user(actor);
        let ctx = Context { now: self.now, actor: &actor };
        let events = self.program.decide(&ctx, command)?;
        let mut done = Vec::new();
        for event in events {
            let written = Entry { seq: self.log.len() as u64, at: self.now, actor: actor.clone(), event };
            let entry = Entry::from_body(written.seq, &written.to_body().unwrap()).unwrap();
            assert_eq!(entry, written);
            self.program.apply(&entry);
            self.log.push(entry.clone());
            done.push(entry);
        }
        Ok(done)
    }

    /// Runs what must be done, and must do something.
    #[track_caller]
    pub(crate) fn ok(&mut self, actor: &str, command: Command) -> Vec<Entry> {
        let said = format!("{command:?}");
        let done = self.run(actor, command).unwrap_or_else(|refusal| panic!("{said}: {refusal}"));
        assert!(!done.is_empty(), "{said} decided on nothing");
        done
    }

    /// Runs what must be refused, and must change nothing.
    #[track_caller]
    pub(crate) fn refused(&mut self, actor: &str, command: Command) -> Refusal {
        let before = self.program.clone();
        let said = format!("{command:?}");
        let refusal = self.run(actor, command).err().unwrap_or_else(|| panic!("{said} was done"));
        assert_eq!(self.program, before);
        refusal
    }

    /// Runs what is done already.
    #[track_caller]
    pub(crate) fn idle(&mut self, actor: &str, command: Command) {
        assert_eq!(self.run(actor, command.clone()), Ok(Vec::new()), "{command:?}");
    }

    pub(crate) fn plan(&self) -> Plan {
        plan::plan(&self.program, self.program.policies(), &case("c"), &wave("w"), self.now).unwrap()
    }

    /// Records every copy that is due and finishes the wave.
    pub(crate) fn release(&mut self, actor: &str) -> Done {
        let package = self.program.case(&case("c")).unwrap().package();
        let rendered = |row: &plan::Row| Copy { package, ..copy(row.member.as_str(), row.item.as_str()) };
        let due = self.plan().due().map(rendered).collect();
        let mut done = self.run(actor, record(due))?;
        done.extend(self.run(actor, finish())?);
        Ok(done)
    }

    /// Takes a member from its application to active, with a key and a statement that it has no duty.
    pub(crate) fn admit(&mut self, id: &str, into: &str) {
        self.ok("ann", about(id, MemberCommand::Apply { name: id.to_uppercase() }));
        self.ok("ann", about(id, MemberCommand::Vet));
        self.ok("ann", about(id, MemberCommand::Admit { tier: tier(into), agreement: agreement(365 * DAY) }));
        self.ok("ann", about(id, key(&format!("age1{id}"))));
        self.ok("bob", about(id, MemberCommand::ConfirmKey { fingerprint: format!("fp-age1{id}") }));
        self.ok("ann", about(id, record_fact(no_duty())));
    }

    /// Puts the usual criteria in force, by two people.
    pub(crate) fn ask_for(&mut self, criteria: Vec<Criterion>) {
        self.ok("ann", Command::SetCriteria(criteria.clone()));
        self.ok("bob", Command::SetCriteria(criteria));
    }

    /// Puts the usual criteria in force and takes an organisation to its vetting.
    pub(crate) fn apply_for_vetting(&mut self, id: &str) {
        self.ask_for(criteria());
        self.ok("ann", about(id, MemberCommand::Apply { name: id.to_uppercase() }));
        self.ok("ann", about(id, MemberCommand::Vet));
    }

    /// Finds every criterion in force met.
    pub(crate) fn assess_all(&mut self, by: &str, id: &str) {
        for criterion in self.program.rules().criteria.clone() {
            self.ok(by, assess(id, criterion.id.as_str(), Answer::Met));
        }
    }

    /// Gives an operator one role, as it takes two people.
    pub(crate) fn has_role(&mut self, operator: &str, role: Role) {
        for actor in ["ann", "bob"] {
            self.ok(actor, Command::SetRoles(user(operator), [role].into()));
        }
    }

    /// Moves a member as it takes two people.
    pub(crate) fn both(&mut self, id: &str, target: Standing) {
        self.ok("ann", to(id, target));
        self.ok("bob", to(id, target));
        assert_eq!(self.standing(id), target);
    }

    pub(crate) fn standing(&self, id: &str) -> Standing {
        self.program.member(&member(id)).unwrap().standing
    }

    /// Who has what, as `member/item`.
    pub(crate) fn granted(&self) -> String {
        let case = self.program.case(&case("c")).unwrap();
        let mut all: Vec<String> =
            case.grants().map(|(item, member, _)| format!("{member}/{item}")).collect();
        all.sort();
        all.join(" ")
    }
}

pub(crate) fn proposes_policy(name: &str, text: &str) -> Command {
    let reason = String::from("so");
    Command::Policy(PolicyCommand::Propose { name: name.to_owned(), text: text.to_owned(), reason })
}

pub(crate) fn adopt(number: u32) -> Command {
    Command::Policy(PolicyCommand::Adopt { number })
}

pub(crate) fn withdraw(number: u32) -> Command {
    Command::Policy(PolicyCommand::Withdraw { number, reason: String::from("not so") })
}

pub(crate) fn found() -> Command {
    Command::Found {
        name: String::from("psirt"),
        rules: Rules::default(),
        operators: OPERATORS.map(user).into(),
        tiers: vec![(tier("early"), early()), (tier("late"), late())],
    }
}

pub(crate) fn early() -> Tier {
    Tier { id: String::from("early"), lead: lead(14 * DAY), classes: Class::ALL.iter().copied().collect() }
}

pub(crate) fn late() -> Tier {
    Tier { id: String::from("late"), lead: lead(DAY), classes: [Class::Notice, Class::Detection].into() }
}

pub(crate) fn about(id: &str, command: MemberCommand) -> Command {
    Command::Member(member(id), command)
}

/// The usual criteria.
pub(crate) fn criteria() -> Vec<Criterion> {
    let one = |id, sentence: &str| Criterion {
        id: criterion(id),
        sentence: sentence.to_owned(),
        source: String::from("the program's charter"),
    };
    vec![one("nda", "it signed the agreement"), one("api", "it fetches by an interface")]
}

pub(crate) fn vetting(id: &str, command: VettingCommand) -> Command {
    Command::Vetting(member(id), command)
}

pub(crate) fn assess(id: &str, of: &str, answer: Answer) -> Command {
    let evidence = String::from("a letter");
    vetting(id, VettingCommand::Assess { criterion: criterion(of), answer, evidence })
}

pub(crate) fn sign_sheet(id: &str) -> Command {
    vetting(id, VettingCommand::Sign)
}

pub(crate) fn screening(hit: bool) -> Screening {
    Screening {
        list: String::from("sdn.csv"),
        sha256: sha("sdn"),
        list_date: jiff::civil::date(2026, 5, 30),
        outcome: if hit { ScreeningOutcome::Hit } else { ScreeningOutcome::Clear },
        reason: String::from("compared by hand"),
    }
}

pub(crate) fn contact(pick: usize) -> VettingCommand {
    let role = ContactRole::ALL[pick % ContactRole::ALL.len()];
    VettingCommand::SetContact(
        role,
        Contact { name: String::from("desk"), address: format!("{pick}@example.com") },
    )
}

pub(crate) fn to(id: &str, to: Standing) -> Command {
    about(id, MemberCommand::Move { to, reason: String::from("because") })
}

pub(crate) fn key(recipient: &str) -> MemberCommand {
    MemberCommand::AddKey { recipient: recipient.to_owned(), fingerprint: format!("fp-{recipient}") }
}

pub(crate) fn agreement(until: i64) -> Agreement {
    Agreement { version: String::from("nda-3"), until: t(until) }
}

pub(crate) fn record_fact(fact: Fact) -> MemberCommand {
    MemberCommand::RecordFact { fact, evidence: String::from("a letter") }
}

pub(crate) fn no_duty() -> Fact {
    Fact {
        kind: FactKind::DisclosureDuty,
        subject: Some(DutySubject::None),
        trigger: None,
        deadline: None,
        says: None,
        until: Some(t(365 * DAY)),
    }
}

pub(crate) fn third_party_duty(trigger: Trigger) -> Fact {
    Fact { subject: Some(DutySubject::ThirdPartyVulnerability), trigger: Some(trigger), ..no_duty() }
}

pub(crate) fn in_case(command: CaseCommand) -> Command {
    Command::Case(case("c"), command)
}

pub(crate) fn open() -> Command {
    in_case(CaseCommand::Open { title: String::from("a hole"), cves: vec![String::from("CVE-2026-1")] })
}

pub(crate) fn observe(what: Observation, at: Timestamp) -> Command {
    in_case(CaseCommand::Observe { what, at })
}

pub(crate) fn publish(at: Timestamp) -> Command {
    let file = PublishedFile { name: String::from("advisory.json"), sha256: sha("advisory") };
    in_case(CaseCommand::Publish { at, files: vec![file] })
}

pub(crate) fn embargo(command: EmbargoCommand) -> Command {
    Command::Embargo(case("c"), command)
}

pub(crate) fn propose(ends: i64) -> Command {
    embargo(EmbargoCommand::Propose { ends: t(ends) })
}

pub(crate) fn terminate() -> Command {
    embargo(EmbargoCommand::Terminate { reason: String::from("it is out") })
}

pub(crate) fn keep() -> Command {
    embargo(EmbargoCommand::Keep { reason: String::from("no fix yet") })
}

pub(crate) fn class_of(name: &str) -> Class {
    match name.split('.').next() {
        Some("notice") => Class::Notice,
        Some("rule") => Class::Detection,
        Some("poc") => Class::Reproduction,
        _ => Class::Advisory,
    }
}

pub(crate) fn file(name: &str, revision: u32) -> Item {
    Item {
        item: item(name),
        class: class_of(name),
        tlp: Tlp::Amber,
        blob: sha(&format!("blob {name} {revision}")),
        text: sha(&format!("text {name} {revision}")),
        size: 100,
    }
}

pub(crate) fn items(names: &[&str], revision: u32) -> Command {
    Command::AddItems(case("c"), names.iter().map(|name| file(name, revision)).collect())
}

pub(crate) fn marks(program: &Program) -> MarksCommitment {
    MarksCommitment {
        package: program.case(&case("c")).map_or(0, Case::package),
        codebook: sha("codebook"),
        site_map: sha("sites"),
        sites: 64,
        renderer: String::from("renderer-1"),
        reader: String::from("reader-1"),
        scorer: String::from("scorer-1"),
        epsilon: program.rules().epsilon,
        colluders: program.rules().colluders,
        bias: Some(sha("bias")),
    }
}

pub(crate) fn commit(program: &Program) -> Command {
    Command::CommitMarks(case("c"), marks(program))
}

pub(crate) fn in_wave(command: WaveCommand) -> Command {
    Command::Wave(case("c"), wave("w"), command)
}

/// The whole case to both tiers.
pub(crate) fn schedule(ahead: i64) -> Command {
    let tiers = ["early", "late"].map(tier).into();
    in_wave(WaveCommand::Schedule { lead: lead(ahead), tiers, items: BTreeSet::new() })
}

pub(crate) fn approve() -> Command {
    in_wave(WaveCommand::Approve { plan: None })
}

pub(crate) fn finish() -> Command {
    in_wave(WaveCommand::Finish)
}

pub(crate) fn copy(to: &str, of: &str) -> Copy {
    let bytes = sha(&format!("{to} {of}"));
    Copy { member: member(to), item: item(of), sha256: bytes, size: 101, package: 1, row: sha(to) }
}

pub(crate) fn record(copies: Vec<Copy>) -> Command {
    Command::RecordCopies(case("c"), wave("w"), copies)
}

pub(crate) fn sight(kind: SightingKind, seen: Timestamp, with_file: bool) -> Command {
    let exhibit = Exhibit {
        name: String::from("found.py"),
        sha256: sha("found"),
        size: 99,
        blob: sha("found, encrypted"),
    };
    let exhibits = with_file.then_some(exhibit).into_iter().collect();
    Command::AddSighting(case("c"), Report { kind, seen, note: String::from("on a forum"), exhibits })
}

pub(crate) fn open_leak(sighting: u32) -> Command {
    Command::Leak(LeakCommand::Open { sighting: SightingId(sighting) })
}

pub(crate) fn reading() -> ReadingRecord {
    ReadingRecord {
        sha256: sha("reading"),
        reader: String::from("reader-1"),
        package: 1,
        sites: 64,
        read: 60,
    }
}

pub(crate) fn record_reading(reading: ReadingRecord) -> Command {
    Command::Leak(LeakCommand::RecordReading { leak: LeakId(1), reading })
}

/// A trace that names these members, each beyond doubt.
pub(crate) fn trace(accused: &[&str]) -> TraceRecord {
    let accused: Vec<Accused> =
        accused.iter().map(|name| Accused { member: member(name), log10_e: 18.25, p_value: 1e-17 }).collect();
    TraceRecord {
        scorer: String::from("scorer-1"),
        epsilon: epsilon_of_look(Rules::default().epsilon, 1),
        population: 2,
        verdict: if accused.is_empty() { Verdict::Inconclusive } else { Verdict::Attributed },
        accused,
        max_innocent_log10_e: Some(-3.1),
        evidence: [(member("acme"), 18.25), (member("bolt"), -3.1)].into(),
    }
}

pub(crate) fn record_trace(trace: TraceRecord) -> Command {
    Command::Leak(LeakCommand::RecordTrace { leak: LeakId(1), trace })
}

pub(crate) fn open_review(of: &str, leak: Option<u32>) -> Command {
    let reason = String::from("a leak");
    Command::Review(ReviewCommand::Open { member: member(of), leak: leak.map(LeakId), reason })
}

pub(crate) fn outcome(outcome: Outcome) -> Command {
    proposes(outcome, None)
}

pub(crate) fn proposes(outcome: Outcome, restriction: Option<Restriction>) -> Command {
    let (review, reason, finding) = (ReviewId(1), String::from("so"), Some(String::from("it was theirs")));
    Command::Review(ReviewCommand::Propose { review, outcome, reason, finding, restriction })
}

/// Takes classes from a member, until some second or for good.
pub(crate) fn restrict(classes: &[Class], until: Option<i64>) -> Command {
    let classes = classes.iter().copied().collect();
    proposes(Outcome::Restrict, Some(Restriction { classes, until: until.map(t) }))
}

pub(crate) fn reply() -> Command {
    Command::Review(ReviewCommand::Reply { review: ReviewId(1), text: String::from("not us") })
}

pub(crate) fn confirm() -> Command {
    Command::Review(ReviewCommand::Confirm { review: ReviewId(1) })
}

/// Tells some of whom a notification names, or all.
pub(crate) fn told(notification: u32, members: &[&str]) -> Command {
    Command::Notification(NotificationCommand::Told {
        notification: NotificationId(notification),
        members: members.iter().map(|name| member(name)).collect(),
        how: String::from("by telephone"),
    })
}
