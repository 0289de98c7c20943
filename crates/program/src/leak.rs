//! Leak cases: from an exhibit to a reading, a trace and a finding.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    id::{CaseId, LeakId, MemberId, Sha256, SightingId},
    program::Program,
    refusal::Refusal,
    rules::check_bound,
};

/// An investigation of one sighting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeakCase {
    /// Its number.
    pub id: LeakId,
    /// What was sighted.
    pub sighting: SightingId,
    /// The case it leaked from.
    pub case: CaseId,
    /// Which look into a leak of that case this is, counted from 1; every look has its own share of ε.
    pub look: u32,
    /// When it was opened.
    pub opened: Timestamp,
    /// What the exhibits show, found without the codebook.
    pub reading: Option<ReadingRecord>,
    /// What the marks say.
    pub trace: Option<TraceRecord>,
}

/// The reading as logged before the codebook was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingRecord {
    /// SHA-256 of the reading.
    pub sha256: Sha256,
    /// Version of the reader.
    pub reader: String,
    /// Version of the package it was read against.
    pub package: u32,
    /// How many sites there are.
    pub sites: u32,
    /// How many could be read.
    pub read: u32,
}

/// What a trace concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The exhibit derives from the copy of the members named.
    Attributed,
    /// It derives from this package; whose copy cannot be said within the bound.
    Inconclusive,
    /// It does not derive from this package.
    NotDerived,
}

impl Verdict {
    /// Returns the verdict's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attributed => "attributed",
            Self::Inconclusive => "inconclusive",
            Self::NotDerived => "not derived",
        }
    }
}

/// A member whose copy the exhibit derives from, within the bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accused {
    /// Who.
    pub member: MemberId,
    /// Decimal logarithm of the evidence against it.
    pub log10_e: f64,
    /// Bound on an innocent member reaching as much, over the scores declared.
    pub p_value: f64,
}

/// The trace as logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRecord {
    /// Version of the scorer.
    pub scorer: String,
    /// Bound on accusing any innocent member in this look.
    pub epsilon: f64,
    /// How many members held a copy.
    pub population: u32,
    /// What it concluded.
    pub verdict: Verdict,
    /// Who is accused, strongest first.
    pub accused: Vec<Accused>,
    /// The strongest evidence against anybody who is not accused.
    pub max_innocent_log10_e: Option<f64>,
    /// Decimal logarithm of the evidence about everybody who was weighed: what the ledger adds up over cases.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<MemberId, f64>,
}

/// What is asked of a leak case.
#[derive(Clone, Debug, PartialEq)]
pub enum LeakCommand {
    /// Opens an investigation of a sighting; a second opening finds the first.
    Open {
        /// Which sighting.
        sighting: SightingId,
    },
    /// Records the reading.
    RecordReading {
        /// Which investigation.
        leak: LeakId,
        /// What was read.
        reading: ReadingRecord,
    },
    /// Records the trace; only after the reading.
    RecordTrace {
        /// Which investigation.
        leak: LeakId,
        /// What was concluded.
        trace: TraceRecord,
    },
}

/// What happened to a leak case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakEvent {
    /// It was opened.
    Opened {
        /// Its number.
        leak: LeakId,
        /// What was sighted.
        sighting: SightingId,
        /// The case it leaked from.
        case: CaseId,
        /// Which look this is, from 1.
        look: u32,
    },
    /// The exhibits were read.
    Read {
        /// Which investigation.
        leak: LeakId,
        /// What was read.
        reading: ReadingRecord,
    },
    /// The marks were weighed.
    Traced {
        /// Which investigation.
        leak: LeakId,
        /// What was concluded.
        trace: TraceRecord,
    },
}

/// Returns the share of ε that the `look`-th trace of a case may use.
///
/// All shares add up to ε, so that looking again as more leaks turn up never costs more than was promised.
///
/// **Source:** Σ 6/(π² t²) over t ≥ 1 is 1.
#[must_use]
pub fn epsilon_of_look(epsilon: f64, look: u32) -> f64 {
    let t = f64::from(look.max(1));
    epsilon * 6.0 / (std::f64::consts::PI.powi(2) * t * t)
}

/// Returns the members that held any copy of a case before an instant: all that timing alone can say.
#[must_use]
pub fn could_have_known(program: &Program, case: &CaseId, before: Timestamp) -> Vec<MemberId> {
    let Ok(case) = program.case(case) else { return Vec::new() };
    let mut members: Vec<MemberId> = case
        .grants()
        .filter(|(_, _, granted)| granted.at < before)
        .map(|(_, member, _)| member.clone())
        .collect();
    members.sort();
    members.dedup();
    members
}

pub(crate) fn decide(
    program: &Program,
    _ctx: &Context<'_>,
    command: LeakCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        LeakCommand::Open { sighting } => {
            let seen = program.sighting(sighting)?;
            if seen.exhibits.is_empty() {
                return Err(Refusal::NoExhibit(sighting));
            }
            if program.leaks().any(|leak| leak.sighting == sighting) {
                return Ok(Vec::new());
            }
            let looks = program.leaks().filter(|leak| leak.case == seen.case).count();
            Ok(vec![Event::Leak(LeakEvent::Opened {
                leak: program.next_leak(),
                sighting,
                case: seen.case.clone(),
                look: u32::try_from(looks).unwrap_or(u32::MAX).saturating_add(1),
            })])
        }
        LeakCommand::RecordReading { leak, reading } => match &program.leak(leak)?.reading {
            _ if reading.read > reading.sites => {
                Err(Refusal::MoreReadThanThere { read: reading.read, sites: reading.sites })
            }
            Some(known) if *known == reading => Ok(Vec::new()),
            Some(_) => Err(Refusal::OtherResult { leak, what: "reading" }),
            None => Ok(vec![Event::Leak(LeakEvent::Read { leak, reading })]),
        },
        LeakCommand::RecordTrace { leak, trace } => {
            let known = program.leak(leak)?;
            let Some(reading) = &known.reading else { return Err(Refusal::NotRead(leak)) };
            let trace = written(trace);
            match &known.trace {
                Some(before) if *before == trace => Ok(Vec::new()),
                Some(_) => Err(Refusal::OtherResult { leak, what: "trace" }),
                None => {
                    check_trace(program, known, reading, &trace)?;
                    Ok(vec![Event::Leak(LeakEvent::Traced { leak, trace })])
                }
            }
        }
    }
}

/// JSON has no minus infinity: no evidence at all against anybody is written as none.
fn written(trace: TraceRecord) -> TraceRecord {
    let max_innocent_log10_e = trace.max_innocent_log10_e.filter(|e| *e != f64::NEG_INFINITY);
    TraceRecord { max_innocent_log10_e, ..trace }
}

/// Checks a trace against what was committed before the copies were made, and against who had one.
///
/// This repeats no scoring; it holds what must be true of any trace before a name enters the log.
fn check_trace(
    program: &Program,
    leak: &LeakCase,
    reading: &ReadingRecord,
    trace: &TraceRecord,
) -> Result<(), Refusal> {
    let case = program.case(&leak.case)?;
    let package = reading.package;
    let marks = case.marks(package).ok_or(Refusal::NeverCommitted { leak: leak.id, package })?;
    if trace.scorer != marks.scorer {
        let (given, committed) = (trace.scorer.clone(), marks.scorer.clone());
        return Err(Refusal::OtherScorer { leak: leak.id, given, committed });
    }
    check_bound(trace.epsilon, epsilon_of_look(marks.epsilon, leak.look))?;
    let mut numbers = trace.max_innocent_log10_e.iter().chain(trace.evidence.values());
    let finite = numbers.all(|e| e.is_finite());
    if !finite || (trace.verdict == Verdict::Attributed) == trace.accused.is_empty() {
        let (verdict, accused) = (trace.verdict.as_str(), trace.accused.len());
        return Err(Refusal::TraceUnsound { leak: leak.id, verdict, accused });
    }
    // Not by when it was seen: that is hearsay, and wrong more often than the marks.
    let holders: BTreeSet<&MemberId> = case
        .grants()
        .filter(|(_, _, granted)| granted.at <= leak.opened)
        .map(|(_, member, _)| member)
        .collect();
    let n = trace.population.max(u32::try_from(holders.len()).unwrap_or(u32::MAX));
    let mut named = BTreeSet::new();
    for accused in &trace.accused {
        let why = if !named.insert(&accused.member) {
            "twice"
        } else if !holders.contains(&accused.member) {
            "which had no copy when the leak case was opened"
        } else if !outweighs(accused, n, trace.epsilon) {
            "without the evidence that its bound asks for"
        } else {
            continue;
        };
        return Err(Refusal::Unfounded { leak: leak.id, member: accused.member.clone(), why });
    }
    Ok(())
}

/// The least that accuses one of `n` within ε: an e-value of n/ε, or a tail of ε/n.
///
/// **Source:** Markov's inequality, and a union bound over the members.
fn outweighs(accused: &Accused, n: u32, epsilon: f64) -> bool {
    let Accused { log10_e, p_value, .. } = accused;
    let n = f64::from(n);
    let sound = log10_e.is_finite() && (0.0..=1.0).contains(p_value);
    sound && (*log10_e >= (n / epsilon).log10() || *p_value <= epsilon / n)
}

pub(crate) fn apply(program: &mut Program, event: &LeakEvent, at: Timestamp) {
    match event {
        LeakEvent::Opened { leak, sighting, case, look } => program.put_leak(LeakCase {
            id: *leak,
            sighting: *sighting,
            case: case.clone(),
            look: *look,
            opened: at,
            reading: None,
            trace: None,
        }),
        LeakEvent::Read { leak, reading } => {
            if let Some(leak) = program.leak_mut(*leak) {
                leak.reading = Some(reading.clone());
            }
        }
        LeakEvent::Traced { leak, trace } => {
            if let Some(leak) = program.leak_mut(*leak) {
                leak.trace = Some(trace.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_looks_stay_below_epsilon() {
        let spent: f64 = (1..=100_000).map(|look| epsilon_of_look(1e-6, look)).sum();
        assert!(spent < 1e-6 && spent > 0.9999e-6, "{spent}");
    }
}
