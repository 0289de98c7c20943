//! The ledger: what all leaks of all cases together say about each member.

use std::collections::BTreeMap;

use mark::accuse::ledger::{LedgerLine, Look, ledger};
use program::id::CaseId;
use serde::Serialize;

use crate::{engine::Engine, error::StepError};

/// Everybody's evidence over all traces in the log.
#[derive(Clone, Debug, Serialize)]
pub struct LeakLedger {
    /// Bound on the ledger ever accusing any innocent member; its own, beside those of the traces.
    pub epsilon: f64,
    /// Traces that are counted.
    pub looks: usize,
    /// Traces in the log that hold no evidence about those they did not accuse, and cannot be counted.
    pub uncounted: usize,
    /// Cases with a counted trace.
    pub cases: usize,
    /// Everybody, strongest first.
    pub members: Vec<LedgerLine>,
}

impl Engine {
    /// Adds up the evidence of every trace: looks into one case are averaged, cases multiply.
    ///
    /// # Errors
    /// [`StepError::Trace`] when the log's evidence cannot be added up.
    pub async fn leak_ledger(&self) -> Result<LeakLedger, StepError> {
        let program = self.program().await;
        let epsilon = program.rules().epsilon;
        let mut members: Vec<_> = program.members().map(|member| (member.place, &member.id)).collect();
        members.sort();
        let members: Vec<String> = members.into_iter().map(|(_, id)| id.to_string()).collect();

        let mut leaks: Vec<_> =
            program.leaks().filter_map(|leak| Some((leak, leak.trace.as_ref()?))).collect();
        leaks.sort_by_key(|(leak, _)| (&leak.case, leak.look));
        let (mut releases, mut uncounted) = (BTreeMap::<&CaseId, Vec<Look>>::new(), 0);
        for (leak, trace) in leaks {
            if trace.evidence.is_empty() {
                uncounted += 1;
                continue;
            }
            let look = trace.evidence.iter().map(|(member, e)| (member.to_string(), *e)).collect();
            releases.entry(&leak.case).or_default().push(look);
        }
        let releases: Vec<Vec<Look>> = releases.into_values().collect();
        // Adding up may take long: whoever writes does not wait for it.
        drop(program);
        let mut lines =
            ledger(&members, &releases, epsilon).map_err(|error| StepError::Trace(error.to_string()))?;
        lines.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
        Ok(LeakLedger {
            epsilon,
            looks: releases.iter().map(Vec::len).sum(),
            uncounted,
            cases: releases.len(),
            members: lines,
        })
    }
}
