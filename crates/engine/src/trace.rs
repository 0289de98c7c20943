//! Trace: from a sighting's exhibits to a verdict, the reading logged before the codebook is opened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mark::{
    accuse::{self, Trace},
    master::Master,
    read::LeakFile,
    reading::{ErasedChannel, Reading, Seen},
};
use program::{
    Command,
    id::{CaseId, LeakId, MemberId, SightingId, UserId},
    leak::{Accused, LeakCommand, ReadingRecord, TraceRecord, Verdict, could_have_known, epsilon_of_look},
    sighting::Exhibit,
};
use serde::Serialize;

use crate::{
    claim,
    engine::Engine,
    error::StepError,
    exhibit::{self, Found, Skipped, Texts},
    hash::sha256,
    master::Package,
};

/// What a trace says, with everything needed to doubt it.
#[derive(Clone, Debug, Serialize)]
pub struct TraceReport {
    /// The leak case.
    pub leak: LeakId,
    /// The case it leaked from.
    pub case: CaseId,
    /// What was sighted.
    pub sighting: SightingId,
    /// When it was seen out there.
    pub seen: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
    /// Who is accused, strongest first.
    pub accused: Vec<Accused>,
    /// Bound on accusing any innocent member, for this look.
    pub epsilon: f64,
    /// How many members held a copy.
    pub population: usize,
    /// Decimal logarithm of the evidence that accuses.
    pub threshold_log10_e: f64,
    /// The strongest evidence against anybody not accused.
    pub max_innocent_log10_e: Option<f64>,
    /// What the marks of the copies that were given support, in a sentence.
    pub claim: String,
    /// Sites of the package, and how many were read.
    pub sites: accuse::SiteCount,
    /// Channels that a tool flattened, which say nothing of whose copy it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erased_channels: Vec<ErasedChannel>,
    /// Exhibits, or files in them, that hold no text and were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Everybody's evidence, strongest first.
    pub members: Vec<accuse::MemberEvidence>,
    /// Who held a copy before the sighting: all that timing can say.
    pub timing: Vec<MemberId>,
    /// What to do and where to look next.
    pub next: Vec<String>,
}

/// A trace with what it was made from, for a report that others check.
pub struct Traced {
    /// What it says.
    pub report: TraceReport,
    /// What was sighted.
    pub exhibits: Vec<Exhibit>,
    /// The package that was read against, with its codebook.
    pub package: Package,
    /// Everybody who held a copy.
    pub members: Vec<String>,
    /// What the exhibits show.
    pub reading: Reading,
    /// The weighed result.
    pub trace: Trace,
    /// Which look into a leak of the case this is.
    pub look: u32,
    /// The bound over all looks.
    pub epsilon: f64,
}

struct Opened {
    leak: LeakId,
    /// Items of which anybody held a copy.
    items: BTreeSet<String>,
    colluders: u32,
    case: CaseId,
    version: u32,
    look: u32,
    epsilon: f64,
    seen: Timestamp,
    exhibits: Vec<Exhibit>,
    population: Vec<MemberId>,
    timing: Vec<MemberId>,
}

impl Engine {
    /// Traces a sighting; the same exhibits give the same verdict, however often it is asked.
    ///
    /// # Errors
    /// [`StepError`] when there is no exhibit, nobody held a copy, or the log cannot be written.
    pub async fn trace(&self, actor: &UserId, sighting: SightingId) -> Result<TraceReport, StepError> {
        Ok(self.trace_whole(actor, sighting).await?.report)
    }

    /// Traces a sighting as [`Engine::trace`] does and keeps what the trace was made from.
    ///
    /// # Errors
    /// As [`Engine::trace`].
    pub async fn trace_whole(&self, actor: &UserId, sighting: SightingId) -> Result<Traced, StepError> {
        let opened = self.open_leak(actor, sighting).await?;
        let package = self.package(&opened.case, opened.version).await?;
        let Texts { files, skipped } = self.texts(&opened.exhibits).await?;
        let leak: Vec<LeakFile> = files.into_iter().map(|leaked| leaked.file).collect();
        let reading = mark::read::read(&package.master, &leak);
        let record = record_of(&reading, opened.version)?;
        let command = LeakCommand::RecordReading { leak: opened.leak, reading: record };
        self.execute(actor, Command::Leak(command)).await?;
        // Only now is the codebook opened: the reading can no longer depend on it.
        let members: Vec<String> = opened.population.iter().map(ToString::to_string).collect();
        let (laws, rows) = (
            mark::trace::laws(&package.master, &package.codebook),
            mark::trace::rows(&package.codebook, &members),
        );
        let (look, epsilon, exhibits) = (opened.look, opened.epsilon, opened.exhibits.clone());
        let trace = accuse::accuse(&laws, &rows, &reading, epsilon_of_look(epsilon, look))
            .map_err(|error| StepError::Trace(error.to_string()))?;
        let evidence = trace
            .members
            .iter()
            .filter_map(|found| Some((found.member.parse().ok()?, found.log10_e)))
            .collect();
        let claim = claim(&opened, &package.master, &laws)?;
        let report = report(opened, sighting, (&reading, &trace), skipped, claim);
        let record = TraceRecord {
            scorer: accuse::SCORER.to_owned(),
            epsilon: report.epsilon,
            population: u32::try_from(report.population).unwrap_or(u32::MAX),
            verdict: report.verdict,
            accused: report.accused.clone(),
            max_innocent_log10_e: report.max_innocent_log10_e,
            evidence,
        };
        let command = LeakCommand::RecordTrace { leak: report.leak, trace: record };
        self.execute(actor, Command::Leak(command)).await?;
        Ok(Traced { report, exhibits, package, members, reading, trace, look, epsilon })
    }

    /// Reads kept exhibits as text.
    async fn texts(&self, exhibits: &[Exhibit]) -> Result<Texts, StepError> {
        let mut found = Vec::with_capacity(exhibits.len());
        for exhibit in exhibits {
            let bytes = self.blobs.get(exhibit.blob, &self.keys.blob).await?;
            found.push(Found { name: exhibit.name.clone(), bytes });
        }
        Ok(exhibit::texts(&found)?)
    }

    async fn open_leak(&self, actor: &UserId, id: SightingId) -> Result<Opened, StepError> {
        self.execute(actor, Command::Leak(LeakCommand::Open { sighting: id })).await?;
        let program = self.program().await;
        let sighting = program.sighting(id)?;
        let leak =
            program.leaks().find(|leak| leak.sighting == id).ok_or(program::Refusal::UnknownSighting(id))?;
        let case = program.case(&leak.case)?;
        // A trace that was begun goes on with the package and the people it began with.
        let began = leak.opened;
        let held = || case.grants().filter(|(_, _, granted)| granted.at <= began);
        let mut population: Vec<MemberId> = held().map(|(_, member, _)| member.clone()).collect();
        population.sort();
        population.dedup();
        let items = held().map(|(item, _, _)| item.to_string()).collect();
        let version = held().map(|(_, _, granted)| granted.package).max().unwrap_or(0);
        let Some(marks) = case.marks(version).filter(|_| !population.is_empty()) else {
            return Err(StepError::NobodyHeld { case: leak.case.clone(), sighting: id });
        };
        Ok(Opened {
            leak: leak.id,
            items,
            colluders: marks.colluders,
            case: leak.case.clone(),
            version,
            look: leak.look,
            epsilon: marks.epsilon,
            seen: sighting.seen,
            exhibits: sighting.exhibits.clone(),
            population,
            timing: could_have_known(&program, &leak.case, sighting.seen),
        })
    }
}

fn record_of(reading: &Reading, package: u32) -> Result<ReadingRecord, StepError> {
    let json = serde_json::to_vec(reading).map_err(|error| StepError::Trace(error.to_string()))?;
    let read = reading.sites.iter().filter(|site| site.seen != Seen::Erased).count();
    Ok(ReadingRecord {
        sha256: sha256(&json),
        reader: reading.reader.clone(),
        package,
        sites: u32::try_from(reading.sites.len()).unwrap_or(u32::MAX),
        read: u32::try_from(read).unwrap_or(u32::MAX),
    })
}

/// Says what the marks of the copies that were given support.
fn claim(opened: &Opened, master: &Master, laws: &[accuse::SiteLaw]) -> Result<String, StepError> {
    let sites = mark::strength::shown_in(master, laws, |path| opened.items.contains(path));
    let members = opened.population.len();
    let colluders = claim::withstood(opened.colluders).min(u32::try_from(members).unwrap_or(u32::MAX));
    let plan = claim::weigh(&sites, members, colluders, opened.epsilon)
        .map_err(|error| StepError::Trace(error.to_string()))?;
    Ok(claim::says(&plan, "its waves were released all the same"))
}

fn report(
    opened: Opened,
    sighting: SightingId,
    (reading, trace): (&Reading, &Trace),
    skipped: Vec<Skipped>,
    claim: String,
) -> TraceReport {
    let evidence: BTreeMap<&str, &accuse::MemberEvidence> =
        trace.members.iter().map(|member| (member.member.as_str(), member)).collect();
    let mut accused: Vec<Accused> = trace
        .accused
        .iter()
        .filter_map(|id| evidence.get(id.as_str()))
        .filter_map(|found| {
            Some(Accused {
                member: found.member.parse().ok()?,
                log10_e: found.log10_e,
                p_value: found.p_value,
            })
        })
        .collect();
    accused.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    let innocent = trace.members.iter().filter(|member| !trace.accused.contains(&member.member));
    let max_innocent_log10_e = innocent.map(|member| member.log10_e).max_by(f64::total_cmp);
    let population = opened.population.len();
    let mut members = trace.members.clone();
    members.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    let verdict = match trace.verdict {
        accuse::Verdict::Attributed => Verdict::Attributed,
        accuse::Verdict::Inconclusive => Verdict::Inconclusive,
        accuse::Verdict::NotDerived => Verdict::NotDerived,
    };
    let next = next_steps(&opened, verdict, &accused);
    TraceReport {
        leak: opened.leak,
        case: opened.case,
        sighting,
        seen: opened.seen,
        verdict,
        accused,
        epsilon: trace.epsilon,
        population,
        threshold_log10_e: accuse::bound::ln_e_threshold(population, trace.epsilon) / std::f64::consts::LN_10,
        max_innocent_log10_e,
        claim,
        sites: trace.sites,
        erased_channels: reading.erased_channels.clone(),
        skipped,
        members,
        timing: opened.timing,
        next,
    }
}

/// What to do next; the trace never says who inside a member acted, nor that it was not robbed.
fn next_steps(opened: &Opened, verdict: Verdict, accused: &[Accused]) -> Vec<String> {
    let mut next = Vec::new();
    match verdict {
        Verdict::Attributed => {
            for Accused { member, .. } in accused {
                next.push(format!(
                    "hear the member: `forewarn review open {member} --leak {} --reason …`; the trace shows whose copy it was, not who acted nor that the member was not robbed",
                    opened.leak
                ));
                if !opened.timing.contains(member) {
                    next.push(format!(
                        "`{member}` held no copy before {}: check when the exhibit was really seen",
                        opened.seen
                    ));
                }
                next.push(format!(
                    "at `{member}`: who opened the copy, its internal need-to-know list, its key and mail logs from the grant on"
                ));
            }
            next.push(String::from(
                "look for more of the same source: every further exhibit is read as the same leak, and a second colluder may show",
            ));
        }
        Verdict::Inconclusive => {
            next.push(String::from(
                "get more of the leaked text, or the leaked code itself: too few sites could be read to name anybody within the bound",
            ));
            next.push(String::from(
                "search attack traffic and public places for the case's constants; one whole constant is enough",
            ));
            next.push(format!(
                "{} members held a copy before {}: timing narrows the search, and accuses nobody",
                opened.timing.len(),
                opened.seen
            ));
        }
        Verdict::NotDerived => {
            next.push(String::from(
                "nothing shows that the exhibit comes from this package: get more of it, or consider an independent find, a patch comparison, the reporter, the vendor's own side",
            ));
            next.push(String::from(
                "if it may come from another case, add it there as a sighting and trace that",
            ));
        }
    }
    next
}
