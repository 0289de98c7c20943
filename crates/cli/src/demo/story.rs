//! The story: every act of it goes through the same engine as the command line's.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use engine::{
    Clock, Engine, Entropy, Founding, exhibit::Found, keys::write_secret, places::Wanted, progress::Unwatched,
};
use jiff::Timestamp;
use package::ExposeSecret;
use policy::{Lead, Standing};
use program::{
    Command,
    case::CaseCommand,
    embargo::EmbargoCommand,
    id::{CaseId, MemberId, SightingId, TierId, UserId, WaveId},
    leak::could_have_known,
    member::MemberCommand,
    program::Rules,
    review::{Outcome as Decision, ReviewCommand},
    sighting::SightingKind,
    wave::WaveCommand,
};

use super::{
    Outcome, Teller, leaker,
    world::{self, Fictional},
};
use crate::{init::default_tiers, member::criteria, trace};

const DAY: u32 = 86_400;

/// The three notifications: lead before the patch, tier, name.
const WAVES: [(&str, u32, &str); 3] =
    [("wave-1", 14 * DAY, "validate"), ("wave-2", 5 * DAY, "advance"), ("wave-3", DAY, "entry")];

/// The tier whose member leaks.
const LEAKING_TIER: &str = "advance";

struct Stage {
    engine: Engine,
    clock: Clock,
    teller: Teller,
    case: CaseId,
    people: People,
}

/// The program's fictional operators.
struct People {
    alice: UserId,
    bob: UserId,
    ines: UserId,
    vera: UserId,
}

/// Plays the whole story into an empty folder.
pub(crate) async fn play(dir: &Path, wanted: &Wanted, seed: u64, teller: Teller) -> anyhow::Result<Outcome> {
    let entropy = Entropy::seeded(seed);
    let clock = Clock::simulated(at("2025-05-12T09:00:00Z")?);
    let people =
        People { alice: "alice".parse()?, bob: "bob".parse()?, ines: "ines".parse()?, vera: "vera".parse()? };
    let founding = Founding {
        name: String::from("Harborlight Early Warning (demonstration)"),
        origin: String::from("forewarn.example/demo"),
        rules: Rules { criteria: criteria::named("default")?, ..Rules::default() },
        operators: [&people.alice, &people.bob, &people.ines, &people.vera].into_iter().cloned().collect(),
        tiers: default_tiers()?,
    };
    let engine =
        Engine::create_in(dir, wanted, founding, &people.alice, clock.clone(), entropy.clone()).await?;
    let stage = Stage { engine, clock, teller, case: "TOOLSHELL-2025".parse()?, people };
    let played = stage.play(dir, &entropy).await;
    stage.engine.close().await;
    played
}

impl Stage {
    async fn play(&self, dir: &Path, entropy: &Entropy) -> anyhow::Result<Outcome> {
        self.teller.line(
            "A replay. Dates and CVE ids are historical; members, product, texts and leak are invented.\n",
        );
        let members = world::members(entropy)?;
        let leaker = choose(&members, entropy)?;
        self.enrol(dir, &members).await?;
        self.open_case().await?;
        self.prepare_waves().await?;
        let mut withheld = 0;
        for (number, (wave, ..)) in WAVES.iter().enumerate() {
            withheld += self.release(number + 1, wave).await?;
        }
        let accused = self.leak_and_trace(leaker, entropy).await?;
        self.sanction(&accused.report).await?;
        self.end_of_embargo().await?;
        self.aftermath();
        self.teller.line("");
        trace::lines(&accused.report).into_iter().for_each(|line| self.teller.line(line));
        self.teller.line(format_args!(
            "  assumption: only the days are known; the sighting is taken to follow the third notification. Had it come \
             before, timing would leave {} suspects, and the mark the same one.",
            accused.before_third
        ));
        let program = self.engine.program().await;
        let case = program.case(&self.case)?;
        Ok(Outcome {
            members: members.len(),
            waves: WAVES.len(),
            grants: case.grants().count(),
            withheld,
            log_size: program.entries(),
            leaker: leaker.id.to_string(),
            accused: accused.report.accused.iter().map(|accused| accused.member.to_string()).collect(),
            epsilon: accused.report.epsilon,
            max_innocent_log10_e: accused.report.max_innocent_log10_e,
            timing_suspects: accused.report.timing.len(),
            elapsed_ms: 0,
        })
    }

    async fn enrol(&self, dir: &Path, members: &[Fictional]) -> anyhow::Result<()> {
        let keys = dir.join("members");
        fs::create_dir_all(&keys).with_context(|| format!("`{}`", keys.display()))?;
        let until = at("2027-06-30T00:00:00Z")?;
        let rules = self.engine.program().await.rules().clone();
        let mut commands = Vec::new();
        for member in members {
            let path = keys.join(format!("{}.agekey", member.id));
            write_secret(&path, member.identity.to_key_file().expose_secret().trim_end())?;
            commands.extend(world::vetting(member, &rules, until));
        }
        let signatures: Vec<Command> = members.iter().map(world::signature).collect();
        let admissions: Vec<Command> =
            members.iter().map(|member| world::admission(member, until)).collect::<anyhow::Result<_>>()?;
        let (vera, alice) = (&self.people.vera, &self.people.alice);
        for (actor, commands) in
            [(vera, commands), (vera, signatures.clone()), (alice, signatures), (vera, admissions)]
        {
            for outcome in self.engine.execute_all(actor, commands).await {
                outcome?;
            }
        }
        let duty = members.iter().filter(|member| member.duty).count();
        self.tell(&format!(
            "{} fictional members admitted in {} tiers, each on a sheet of {} criteria that vera and alice signed; {duty} \
             of them under a duty to disclose",
            members.len(),
            members.iter().map(|member| member.tier.as_str()).collect::<BTreeSet<_>>().len(),
            rules.criteria.len()
        ));
        Ok(())
    }

    async fn open_case(&self) -> anyhow::Result<()> {
        self.set("2025-05-16T15:00:00Z")?;
        self.tell(
            "Pwn2Own Berlin: the chain later called ToolShell is shown (day unverified); a case is opened",
        );
        let title = String::from("Chained flaws in a collaboration server");
        let cves = vec![String::from("CVE-2025-49704"), String::from("CVE-2025-49706")];
        let (alice, bob) = (&self.people.alice, &self.people.bob);
        self.run(alice, Command::Case(self.case.clone(), CaseCommand::Open { title, cves })).await?;
        let ends = at("2025-07-08T17:00:00Z")?;
        let embargo = |command| Command::Embargo(self.case.clone(), command);
        self.run(alice, embargo(EmbargoCommand::Propose { ends })).await?;
        self.run(bob, embargo(EmbargoCommand::Accept { ends: None })).await?;
        self.tell("embargo until 2025-07-08T17:00:00Z, proposed by alice, accepted by bob");
        Ok(())
    }

    async fn prepare_waves(&self) -> anyhow::Result<()> {
        self.set("2025-06-20T10:00:00Z")?;
        let (alice, bob) = (&self.people.alice, &self.people.bob);
        self.engine.add_items(bob, &self.case, world::package()?).await?;
        for (wave, lead, tier) in WAVES {
            let wave: WaveId = wave.parse()?;
            let command = |command| Command::Wave(self.case.clone(), wave.clone(), command);
            let tiers: BTreeSet<TierId> = [tier.parse()?].into();
            let schedule =
                WaveCommand::Schedule { lead: Lead::from_seconds(lead), tiers, items: BTreeSet::new() };
            self.run(bob, command(schedule)).await?;
            self.run(alice, command(WaveCommand::Approve { plan: None })).await?;
            self.run(bob, command(WaveCommand::Approve { plan: None })).await?;
        }
        let items = self.engine.program().await.case(&self.case)?.items().count();
        self.tell(&format!("{items} items added; three waves scheduled, each approved by alice and bob"));
        Ok(())
    }

    async fn release(&self, number: usize, wave: &str) -> anyhow::Result<usize> {
        let wave: WaveId = wave.parse()?;
        let plan = self.engine.plan(&self.case, &wave, None).await?;
        self.clock.set(plan.at);
        let released = self.engine.release(&self.people.bob, &self.case, &wave, &Unwatched).await?;
        self.tell(&format!(
            "notification {number}: {} copies to {} members, each with its own marks; {} withheld under a duty",
            released.granted, released.members, released.withheld
        ));
        Ok(released.withheld)
    }

    async fn leak_and_trace(&self, leaker: &Fictional, entropy: &Entropy) -> anyhow::Result<Traced> {
        let third = self.clock.now();
        self.set("2025-07-07T19:30:00Z")?;
        let (ines, case) = (&self.people.ines, &self.case);
        let note = String::from("first exploitation attempts against CVE-2025-49704 and CVE-2025-49706");
        let seen = self.clock.now();
        self.engine.add_sighting(ines, case, SightingKind::Exploitation, seen, note, Vec::new()).await?;
        self.tell(
            "first exploitation attempts are sighted, 21 hours before the patch: an exit decision is due",
        );
        self.set("2025-07-07T20:10:00Z")?;
        let opened = self.opened_copies(leaker).await?;
        let pasted = leaker::paste(&opened, entropy);
        let found = Found { name: String::from("paste.txt"), bytes: pasted.into_bytes() };
        let note = String::from("found on a paste site: edited, reflowed, identifiers scrubbed");
        let seen = self.clock.now();
        self.engine.add_sighting(ines, case, SightingKind::Leak, seen, note, vec![found]).await?;
        self.tell("a paste turns up: paragraphs of the embargoed guidance, edited, no names in it");
        let before_third = could_have_known(&*self.engine.program().await, case, third).len();
        self.set("2025-07-07T20:25:00Z")?;
        let report = self.engine.trace(ines, SightingId(2)).await?;
        let names: Vec<String> =
            report.accused.iter().map(|accused| format!("`{}`", accused.member)).collect();
        self.tell(&match names.as_slice() {
            [] => format!(
                "ines traces it: {} of {} sites read, nobody can be named",
                report.sites.read, report.sites.total
            ),
            names => format!(
                "ines traces it: {} of {} sites read, it is the copy of {}",
                report.sites.read,
                report.sites.total,
                names.join(", ")
            ),
        });
        Ok(Traced { report, before_third })
    }

    /// What the leaking member has: its own copies, opened with its own key.
    async fn opened_copies(&self, leaker: &Fictional) -> anyhow::Result<Vec<String>> {
        let copies = self.engine.copies(&leaker.id).await?;
        copies
            .sealed
            .iter()
            .filter(|copy| matches!(copy.item.as_str(), "advisory.md" | "detection-guidance.md"))
            .map(|copy| Ok(String::from_utf8(package::open(&copy.sealed, &leaker.identity)?)?))
            .collect()
    }

    async fn sanction(&self, report: &engine::trace::TraceReport) -> anyhow::Result<()> {
        self.set("2025-07-07T20:40:00Z")?;
        for accused in &report.accused {
            let member: MemberId = accused.member.clone();
            let reason = format!("leak case {}: the paste derives from its copy", report.leak);
            let suspend = MemberCommand::Move { to: Standing::Suspended, reason: reason.clone() };
            self.run(&self.people.vera, Command::Member(member.clone(), suspend)).await?;
            self.tell(&format!("vera suspends `{member}`: its next request is refused"));
            let open = ReviewCommand::Open { member, leak: Some(report.leak), reason };
            self.run(&self.people.ines, Command::Review(open)).await?;
        }
        let keep = EmbargoCommand::Keep {
            reason: String::from(
                "the patch ships within 21 hours; ending now would leave everybody without it",
            ),
        };
        self.run(&self.people.alice, Command::Embargo(self.case.clone(), keep)).await?;
        self.tell("exit decision: the embargo is kept, the patch ships tomorrow");
        Ok(())
    }

    async fn end_of_embargo(&self) -> anyhow::Result<()> {
        self.set("2025-07-08T17:00:00Z")?;
        let mut late = 0;
        for (wave, ..) in WAVES {
            let wave: WaveId = wave.parse()?;
            late += self.engine.release(&self.people.bob, &self.case, &wave, &Unwatched).await?.granted;
        }
        self.tell(&format!("the embargo ends: {late} copies that were withheld until now go out"));
        let files = self.engine.publish(&self.people.alice, &self.case).await?;
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        self.tell(&format!("Patch Tuesday: the advisory is public, without marks ({})", names.join(", ")));
        self.set("2025-07-10T09:00:00Z")?;
        let reviews: Vec<_> = self.engine.program().await.reviews().map(|review| review.id).collect();
        for review in reviews {
            let reason = String::from("suspended until its forensics are reviewed");
            let propose = ReviewCommand::Propose {
                review,
                outcome: Decision::Suspend,
                reason,
                finding: None,
                restriction: None,
            };
            self.run(&self.people.ines, Command::Review(propose)).await?;
            self.run(&self.people.alice, Command::Review(ReviewCommand::Confirm { review })).await?;
            self.tell(&format!("review {review}: suspension proposed by ines, confirmed by alice"));
        }
        Ok(())
    }

    /// What happened next in 2025; no part of the program.
    fn aftermath(&self) {
        for (day, text) in [
            ("2025-07-18", "history: mass exploitation begins; the July fixes were incomplete"),
            (
                "2025-07-19",
                "history: guidance for CVE-2025-53770; it and CVE-2025-53771 bypass the July fixes",
            ),
            ("2025-07-20", "history: emergency patches"),
            ("2025-07-25", "history: a leak investigation is reported; no finding was ever published"),
            ("2025-08-20", "history: members under a duty to report get no reproductions any more"),
        ] {
            self.teller.line(format_args!("{day:17}  {text}"));
        }
    }

    async fn run(&self, actor: &UserId, command: Command) -> anyhow::Result<()> {
        self.engine.execute(actor, command).await?;
        Ok(())
    }

    fn set(&self, instant: &str) -> anyhow::Result<()> {
        self.clock.set(at(instant)?);
        Ok(())
    }

    fn tell(&self, text: &str) {
        let now = self.clock.now().to_string();
        let minute = now.get(..16).unwrap_or(&now).replace('T', " ");
        self.teller.line(format_args!("{minute}Z  {text}"));
    }
}

struct Traced {
    report: engine::trace::TraceReport,
    before_third: usize,
}

/// Chooses the leaker among the members of the second notification that got everything.
fn choose<'a>(members: &'a [Fictional], entropy: &Entropy) -> anyhow::Result<&'a Fictional> {
    let eligible: Vec<&Fictional> =
        members.iter().filter(|member| member.tier == LEAKING_TIER && !member.duty).collect();
    let pick = usize::from(u16::from_le_bytes(entropy.bytes())) % eligible.len().max(1);
    eligible.get(pick).copied().context("no member of the second notification could leak")
}

fn at(text: &str) -> anyhow::Result<Timestamp> {
    Ok(text.parse()?)
}
