//! For tests alone: a small program on disk, with three tiers, six members, one case with two items and two waves.
#![expect(missing_docs, reason = "names say what they are, and only tests read them")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

pub mod postgres;
pub mod s3;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use engine::{
    Clock, Engine, Entropy, Founding, OpenError, StepError,
    exhibit::Found,
    hash::sha256,
    intake::Upload,
    places::Wanted,
    progress::Unwatched,
    release::Released,
    verify::{Verification, verify},
};
use jiff::{SignedDuration, Timestamp};
use package::{Identity, MemberSigner};
use policy::{Class, DutySubject, Fact, FactKind, Lead, Standing, Tier, Trigger};
use program::{
    Command, Entry, Event,
    case::CaseCommand,
    embargo::EmbargoCommand,
    grant::GrantEvent,
    id::{CaseId, ItemId, MemberId, Sha256, TierId, UserId, WaveId},
    item::Tlp,
    member::{Agreement, Enrolment, MemberCommand},
    program::Rules,
    sighting::SightingKind,
    wave::WaveCommand,
};
use tempfile::TempDir;

pub const DAY: i64 = 86_400;
/// When the embargo ends, counted from [`t`]'s zero.
pub const END: i64 = 30 * DAY;
/// When wave `w1` is due.
pub const W1: i64 = END - 14 * DAY;
/// When wave `w2` is due.
pub const W2: i64 = END - 5 * DAY;

/// Members by what the record says of them; the last three lack something.
pub const MEMBERS: [&str; 6] = ["acme", "bolt", "cobalt", "dutiful", "keyless", "unasked"];

const ADVISORY: &str = "\
# Mixed-up identities in the relay

The relay {~hands a slot on as it stands|passes a slot to its successor unchanged~}.
A visitor {~without an account|who is not signed in~} acts under {~another person's name|a borrowed name~}.
We saw it under trace `{~tr=rand:hex12~}` and file {~fn=rand:hex12~}.hlm in the laboratory.
Look for the boundary `{~bd=rand:hex16~}` {~in the stored requests|among the requests on record~}.
The berth was `{~br=rand:hex16~}`, the notebook `{~nb=rand:hex12~}`.
";

const REPRODUCTION: &str = "\
TRACE = \"00c0ffee0000\"  #~ =tr
BOUNDARY = \"1000000000000001\"  #~ =bd
ATTEMPTS = 40  #~ pick 40|45|50|55
print(TRACE, BOUNDARY, ATTEMPTS)
";

/// Seconds since 2026-06-01T00:00:00Z as an instant.
pub fn t(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_272_000 + seconds).unwrap()
}

macro_rules! named {
    ($($name:ident: $id:ty),+) => {
        $(pub fn $name(text: &str) -> $id { text.parse().unwrap() })+
    };
}
named!(user: UserId, member: MemberId, tier: TierId, case: CaseId, item: ItemId, wave: WaveId);

/// A program in a folder that goes away with it.
pub struct World {
    pub dir: TempDir,
    pub clock: Clock,
    pub engine: Arc<Engine>,
}

impl World {
    /// Founded, with operators ann, bob and ines and three tiers.
    pub async fn founded(seed: u64) -> Self {
        Self::founded_in(seed, &Wanted::default()).await
    }

    /// Founded, with the log and the blobs where they are wanted.
    pub async fn founded_in(seed: u64, wanted: &Wanted) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated(t(0));
        let root = dir.path().join("program");
        let entropy = Entropy::seeded(seed);
        let engine =
            Engine::create_in(&root, wanted, founding(), &user("ann"), clock.clone(), entropy).await.unwrap();
        Self { dir, clock, engine: Arc::new(engine) }
    }

    /// Founded, with the six members.
    pub async fn peopled(seed: u64) -> Self {
        Self::peopled_in(seed, &Wanted::default()).await
    }

    pub async fn peopled_in(seed: u64, wanted: &Wanted) -> Self {
        let world = Self::founded_in(seed, wanted).await;
        for (number, id) in MEMBERS.into_iter().enumerate() {
            world.ok("ann", about(id, enrol(id, number))).await;
            if id != "keyless" {
                let fingerprint = identity(number).to_public().fingerprint();
                world.ok("bob", about(id, MemberCommand::ConfirmKey { fingerprint })).await;
            }
        }
        world
    }

    /// Peopled, with a package under embargo and both waves approved by two people; the first one is due.
    pub async fn due(seed: u64) -> Self {
        Self::due_in(seed, &Wanted::default()).await
    }

    pub async fn due_in(seed: u64, wanted: &Wanted) -> Self {
        Self::ending_in(seed, wanted, t(END)).await
    }

    /// As [`World::due`], with another end of the embargo; the clock is where it would be.
    pub async fn ending_in(seed: u64, wanted: &Wanted, ends: Timestamp) -> Self {
        let world = Self::peopled_in(seed, wanted).await;
        let open = CaseCommand::Open { title: String::from("Relay"), cves: Vec::new() };
        world.ok("ann", Command::Case(case("c"), open)).await;
        world.ok("ann", embargo(EmbargoCommand::Propose { ends })).await;
        world.ok("bob", embargo(EmbargoCommand::Accept { ends: None })).await;
        world.engine.add_items(&user("ann"), &case("c"), package()).await.unwrap();
        for (id, lead, tiers) in
            [("w1", 14 * DAY, &["validate"][..]), ("w2", 5 * DAY, &["advance", "entry"][..])]
        {
            world.ok("ann", schedule(id, lead, tiers)).await;
            world.ok("ann", in_wave(id, WaveCommand::Approve { plan: None })).await;
            world.ok("bob", in_wave(id, WaveCommand::Approve { plan: None })).await;
        }
        world.clock.set(t(W1));
        world
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("program")
    }

    pub async fn ok(&self, actor: &str, command: Command) -> Vec<Entry> {
        let said = format!("{command:?}");
        let done = self.engine.execute(&user(actor), command).await;
        let done = done.unwrap_or_else(|error| panic!("{said}: {error}"));
        assert!(!done.is_empty(), "{said} decided on nothing");
        done
    }

    pub async fn refused(&self, actor: &str, command: Command) -> String {
        let before = self.entries().await;
        let refusal = self.engine.execute(&user(actor), command).await.unwrap_err().to_string();
        assert_eq!(self.entries().await, before);
        refusal
    }

    pub async fn release(&self, id: &str) -> Result<Released, StepError> {
        self.engine.release(&user("bob"), &case("c"), &wave(id), &Unwatched).await
    }

    pub async fn leak(&self, name: &str, text: &str) -> Vec<Entry> {
        let found = Found { name: name.to_owned(), bytes: text.as_bytes().to_vec() };
        let seen = self.clock.now();
        self.engine
            .add_sighting(&user("ines"), &case("c"), SightingKind::Leak, seen, String::new(), vec![found])
            .await
            .unwrap()
    }

    /// A member's own copies as it opens them with its own key, by item.
    pub async fn opened(&self, id: &str) -> Vec<(String, String)> {
        let identity = identity(MEMBERS.iter().position(|known| *known == id).unwrap());
        let copies = self.engine.copies(&member(id)).await.unwrap();
        let open = |copy: &engine::copy::SealedCopy| {
            let text = package::open(&copy.sealed, &identity).unwrap();
            (copy.item.to_string(), String::from_utf8(text).unwrap())
        };
        copies.sealed.iter().map(open).collect()
    }

    pub async fn entries(&self) -> u64 {
        self.engine.ledger().await.len()
    }

    /// Every grant in the log, as `member/item`, sorted; one that was given twice is there twice.
    pub async fn granted(&self) -> Vec<String> {
        granted(&self.engine).await
    }

    pub async fn blobs(&self) -> usize {
        count(&self.root().join("blobs"))
    }

    pub async fn verify(&self) -> Verification {
        verify(&self.root(), &Unwatched).await
    }

    /// Registers a member's signing key; bob confirms it.
    pub async fn signs(&self, id: &str) {
        let key = signer(MEMBERS.iter().position(|known| *known == id).unwrap()).verifier();
        let (key, fingerprint) = (key.to_string(), key.fingerprint());
        let add = MemberCommand::AddSigningKey { key, fingerprint: fingerprint.clone() };
        self.ok("ann", about(id, add)).await;
        self.ok("bob", about(id, MemberCommand::ConfirmKey { fingerprint })).await;
    }

    /// Closes the program and hands out its folder.
    pub async fn closed(self) -> TempDir {
        let Some(engine) = Arc::into_inner(self.engine) else { panic!("somebody still has the program") };
        engine.close().await;
        self.dir
    }
}

pub async fn granted(engine: &Engine) -> Vec<String> {
    let entries = engine.newest(u64::MAX).await.unwrap();
    let mut all: Vec<String> = entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Grant(GrantEvent::Given(given)) => Some(format!("{}/{}", given.member, given.item)),
            _ => None,
        })
        .collect();
    all.sort();
    all
}

/// Asks for a log in a database that a test may have for itself.
pub fn on_server(url: &str) -> Wanted {
    let database = Some(engine::store::address::Server::parse(url).unwrap());
    Wanted { database, keep_address: true, ..Wanted::default() }
}

/// Opens a program again, with the clock at the first wave's instant.
pub async fn reopen(root: &Path) -> Result<Engine, OpenError> {
    Engine::open(root, Clock::simulated(t(W1)), Entropy::seeded(99)).await
}

/// What opening says when it refuses.
pub async fn refusal(root: &Path) -> String {
    match reopen(root).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

pub fn sound(found: &Verification) {
    assert!(found.sound, "{found:#?}");
}

/// Every problem that a verification of a folder names.
pub async fn problems(root: &Path) -> String {
    let found = verify(root, &Unwatched).await;
    assert!(!found.sound, "everything fits");
    found.checks.into_iter().flat_map(|check| check.problems).collect::<Vec<_>>().join("\n")
}

pub fn founding() -> Founding {
    let tiers = [("validate", 14, Class::ALL), ("advance", 5, Class::ALL), ("entry", 1, &EARLY)];
    let tier = |(id, days, classes): (&str, i64, &[Class])| {
        let classes = classes.iter().copied().collect();
        (tier(id), Tier { id: id.to_owned(), lead: lead(days * DAY), classes })
    };
    Founding {
        name: String::from("Acme Early Warning"),
        origin: String::from("acme.example/log"),
        rules: Rules::default(),
        operators: ["ann", "bob", "ines"].map(user).into(),
        tiers: tiers.map(tier).into(),
    }
}

const EARLY: [Class; 4] = [Class::Notice, Class::Advisory, Class::Detection, Class::Indicator];

pub fn lead(seconds: i64) -> Lead {
    Lead::from_seconds(u32::try_from(seconds).unwrap())
}

/// The secret key of a member, by its place among [`MEMBERS`].
pub fn identity(number: usize) -> Identity {
    Identity::from_random(&[u8::try_from(number).unwrap() + 1; 32]).unwrap()
}

/// The secret signing key of a member, by its place among [`MEMBERS`].
pub fn signer(number: usize) -> MemberSigner {
    MemberSigner::from_random(&[u8::try_from(number).unwrap() + 101; 32])
}

pub fn about(id: &str, command: MemberCommand) -> Command {
    Command::Member(member(id), command)
}

pub fn suspend(id: &str) -> Command {
    about(id, MemberCommand::Move { to: Standing::Suspended, reason: String::from("a finding") })
}

pub fn embargo(command: EmbargoCommand) -> Command {
    Command::Embargo(case("c"), command)
}

pub fn in_wave(id: &str, command: WaveCommand) -> Command {
    Command::Wave(case("c"), wave(id), command)
}

pub fn schedule(id: &str, seconds: i64, tiers: &[&str]) -> Command {
    let tiers: BTreeSet<TierId> = tiers.iter().map(|id| tier(id)).collect();
    in_wave(id, WaveCommand::Schedule { lead: lead(seconds), tiers, items: BTreeSet::new() })
}

/// A harmless command that always comes to one entry.
pub fn harmless(id: &str) -> Command {
    Command::SetTier(tier(id), tier_of(id))
}

/// A tier that nobody is in.
pub fn tier_of(id: &str) -> policy::Tier {
    policy::Tier { id: id.to_owned(), lead: lead(60), classes: [policy::Class::Notice].into() }
}

fn enrol(id: &str, number: usize) -> MemberCommand {
    let key = identity(number).to_public();
    let fact = |subject, trigger| Fact {
        kind: FactKind::DisclosureDuty,
        subject: Some(subject),
        trigger,
        deadline: None,
        says: None,
        until: Some(t(365 * DAY)),
    };
    let facts = match id {
        "unasked" => Vec::new(),
        "dutiful" => vec![fact(DutySubject::ThirdPartyVulnerability, Some(Trigger::Knowledge))],
        _ => vec![fact(DutySubject::None, None)],
    };
    let tier = match id {
        "cobalt" => "advance",
        "dutiful" => "entry",
        _ => "validate",
    };
    MemberCommand::Enrol(Box::new(Enrolment {
        name: id.to_uppercase(),
        tier: tier.parse().unwrap(),
        agreement: Agreement { version: String::from("3"), until: t(365 * DAY) },
        facts: facts.into_iter().map(|fact| (fact, String::from("a letter"))).collect(),
        key: Some((key.to_string(), key.fingerprint())),
    }))
}

pub fn package() -> Vec<Upload> {
    [("advisory.md", Class::Advisory, ADVISORY), ("reproduction.py", Class::Reproduction, REPRODUCTION)]
        .map(|(name, class, text)| Upload {
            item: item(name),
            class,
            tlp: Tlp::AmberStrict,
            text: text.to_owned(),
        })
        .into()
}

/// How many files lie below a folder.
pub fn count(folder: &Path) -> usize {
    files(folder).len()
}

/// Every file below a folder with the hash of its bytes, but for SQLite's shared memory, which holds no data.
pub fn files(folder: &Path) -> Vec<(PathBuf, Sha256)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.to_string_lossy().ends_with("-shm") {
            let bytes = fs::read(&path).unwrap();
            found.push((path, sha256(&bytes)));
        }
    }
    found.sort();
    found
}

/// Copies a folder as it lies, open database and all: what a crash leaves, or a careless backup.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A moment later.
pub fn after(at: Timestamp, microseconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_micros(microseconds)).unwrap()
}
