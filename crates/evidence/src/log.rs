//! The opened entries of the log: that what the numbers rest on was fixed in time.
//!
//! That an entry *is* in the log is proved by its inclusion proof, which needs the log's key and is checked
//! by whoever holds it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::{Findings, Unchecked};
use crate::commit::row_commitment;
use crate::file::{Evidence, Log, RowOpening};

/// How far numbers of the log may be from those of the evidence, which have six decimals.
const TOLERANCE: f64 = 1e-6;

pub(crate) fn check(evidence: &Evidence, rows: &BTreeMap<&str, &RowOpening>, findings: &mut Findings) {
    let Some(log) = &evidence.log else {
        findings.unchecked.push(Unchecked {
            what: String::from("that the codebook was fixed before the leak"),
            needs: format!(
                "to have seen the root {} before it, or a program's log",
                evidence.commitment.root
            ),
            accusation: false,
        });
        return;
    };
    let mut opened = Vec::new();
    for entry in &log.entries {
        match serde_json::from_str::<Value>(&entry.body) {
            Ok(body) => opened.push((entry.seq, body)),
            Err(error) => findings.wrong.push(format!("entry {} is no entry: {error}", entry.seq)),
        }
    }
    let opened = Opened { log, opened };
    let marks = opened.marks(evidence, findings);
    let read = opened.reading(evidence, findings);
    let traced = opened.trace(evidence, findings);
    if let (Some(read), Some(traced)) = (read, traced) {
        findings.note(read < traced, "the reading was logged before the trace", || {
            format!("the reading is entry {read}, the trace entry {traced}: it was logged too late")
        });
    }
    for member in evidence.members.iter().filter(|member| member.accused) {
        if let Some(row) = rows.get(member.name.as_str()).and_then(|row| row_commitment(row)) {
            opened.grants(&member.name, &row, (marks, read), findings);
        }
    }
}

struct Opened<'a> {
    log: &'a Log,
    opened: Vec<(u64, Value)>,
}

impl Opened<'_> {
    /// Finds the one event of a kind that is about this case, or this leak case.
    fn one(&self, kind: &str, what: &str, findings: &mut Findings) -> Option<(u64, &Value)> {
        let mut found = self.opened.iter().filter_map(|(seq, body)| {
            let event = body.pointer(kind)?;
            let is = |name: &str, own: &str| event.get(name).is_none_or(|value| value == own);
            (is("case", &self.log.case) && is("leak", &self.log.leak)).then_some((*seq, event))
        });
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one),
            _ => {
                findings.wrong.push(format!("not exactly one entry holds {what}"));
                None
            }
        }
    }

    fn marks(&self, evidence: &Evidence, findings: &mut Findings) -> Option<u64> {
        let what = "the commitment to the marks";
        let (seq, event) = self.one("/event/marks/committed", what, findings)?;
        let marks = event.get("marks")?;
        let is = |name: &str, own: Value| marks.get(name) == Some(&own);
        let commitment = &evidence.commitment;
        let fits = is("package", self.log.package.into())
            && is("site_map", commitment.site_map.clone().into())
            && is("scorer", evidence.scorer.version.clone().into())
            && is("reader", evidence.reading.reader.clone().into())
            && is("sites", evidence.reading.sites.len().into())
            && number(marks, "epsilon").is_some_and(|epsilon| close(epsilon, self.log.epsilon));
        let says = format!("entry {seq} fixed the package, its reader, its scorer and ε");
        findings
            .note(fits, says, || format!("entry {seq} committed to another package, scorer, reader or ε"));
        match marks.get("bias").and_then(Value::as_str) {
            Some(bias) => {
                findings.note(bias == commitment.bias, format!("entry {seq} fixed the probabilities"), || {
                    format!("entry {seq} committed to other probabilities of the symbols")
                })
            }
            None => findings.unchecked.push(Unchecked {
                what: String::from("that the probabilities of the symbols were fixed beforehand"),
                needs: format!("a commitment to them, which entry {seq} does not hold"),
                accusation: false,
            }),
        }
        Some(seq)
    }

    fn reading(&self, evidence: &Evidence, findings: &mut Findings) -> Option<u64> {
        let (_, opened) = self.one("/event/leak/opened", "the beginning of the leak case", findings)?;
        let look = f64::from(self.log.look);
        let share = self.log.epsilon * 6.0 / (std::f64::consts::PI * look).powi(2);
        let fits = opened.get("look") == Some(&self.log.look.into()) && close(share, evidence.epsilon);
        findings.note(fits, format!("ε is the share 6/(π²t²) of look t = {look}"), || {
            format!("ε is not the share of look {look} in {}", self.log.epsilon)
        });
        let (seq, event) = self.one("/event/leak/read", "the reading", findings)?;
        let reading = event.get("reading")?;
        let fits = reading.get("sha256") == Some(&evidence.reading.sha256.clone().into())
            && reading.get("package") == Some(&self.log.package.into());
        findings.note(fits, format!("entry {seq} fixed this reading"), || {
            format!("entry {seq} holds another reading of the leak")
        });
        Some(seq)
    }

    fn trace(&self, evidence: &Evidence, findings: &mut Findings) -> Option<u64> {
        if evidence.anonymous {
            findings.unchecked.push(Unchecked {
                what: String::from("that the log holds this verdict"),
                needs: String::from("the trace's entry, which names everybody"),
                accusation: false,
            });
            return None;
        }
        let (seq, event) = self.one("/event/leak/traced", "the trace", findings)?;
        let trace = event.get("trace")?;
        let verdict = serde_json::to_value(evidence.verdict).unwrap_or_default();
        let mut fits = trace.get("verdict") == Some(&verdict)
            && trace.get("population") == Some(&evidence.members.len().into())
            && number(trace, "epsilon").is_some_and(|epsilon| close(epsilon, evidence.epsilon));
        let logged = trace.get("accused").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let accused: Vec<_> = evidence.members.iter().filter(|member| member.accused).collect();
        fits &= logged.len() == accused.len();
        for member in accused {
            let found = logged.iter().find(|found| found.get("member") == Some(&member.name.clone().into()));
            let near = |name: &str, written: f64, of: fn(f64) -> f64| {
                let logged = found.and_then(|found| number(found, name));
                logged.is_some_and(|logged| (of(logged) - written).abs() <= TOLERANCE)
            };
            fits &= near("log10_e", member.log10_e, |e| e) && near("p_value", member.log10_p, f64::log10);
        }
        findings.note(fits, format!("entry {seq} holds this verdict and these accusations"), || {
            format!("entry {seq} holds another verdict or other accusations")
        });
        Some(seq)
    }

    /// Checks that a member's grants hold its row, after the marks and before the reading.
    fn grants(
        &self,
        member: &str,
        row: &str,
        (marks, read): (Option<u64>, Option<u64>),
        findings: &mut Findings,
    ) {
        let mut any = false;
        for (seq, body) in &self.opened {
            let Some(grant) = body.pointer("/event/grant/given") else { continue };
            let is = |name: &str, own: Value| grant.get(name) == Some(&own);
            if !is("member", member.into()) || !is("package", self.log.package.into()) {
                continue;
            }
            any = true;
            let fits = is("row", row.into())
                && is("case", self.log.case.clone().into())
                && marks.is_none_or(|marks| marks < *seq)
                && read.is_none_or(|read| *seq < read);
            findings.note(
                fits,
                format!("entry {seq} gave `{member}` a copy with the row that is open here"),
                || format!("entry {seq} gave `{member}` a copy with another row, or at another time"),
            );
        }
        if !any {
            findings.unchecked.push(Unchecked {
                what: format!("that the row of `{member}` was fixed before the leak"),
                needs: format!("a grant of package version {} to it, which is not here", self.log.package),
                accusation: true,
            });
        }
    }
}

fn number(value: &Value, name: &str) -> Option<f64> {
    value.get(name)?.as_f64()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs()
}
