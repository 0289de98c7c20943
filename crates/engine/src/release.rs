//! Release: every due copy of a wave made, unless it is ready, and granted.

use std::{collections::BTreeSet, sync::Arc};

use program::{
    Command, Event, Refusal,
    grant::GrantEvent,
    id::{CaseId, UserId, WaveId},
    marks::MarksCommitment,
    plan::{self, Plan},
    wave::{WaveCommand, WaveEvent, check_due},
};
use serde::Serialize;

use crate::{
    engine::Engine, error::StepError, master::Package, progress::Progress, ready, writer::WriteError,
};

/// How many copies one command records.
const BATCH: usize = 1024;

/// How often a release plans anew when the program changes under it.
const PATIENCE: u32 = 8;

/// What a release came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Released {
    /// How many copies were granted now.
    pub granted: usize,
    /// How many members got one.
    pub members: usize,
    /// How many member and item pairs are withheld.
    pub withheld: usize,
    /// Whether the wave is released for the first time.
    pub first: bool,
}

impl Engine {
    /// Plans a wave for an instant; `None` stands for now.
    ///
    /// # Errors
    /// [`StepError`] when the case or wave is unknown or has no instant.
    pub async fn plan(
        &self,
        case: &CaseId,
        wave: &WaveId,
        at: Option<jiff::Timestamp>,
    ) -> Result<Plan, StepError> {
        let program = self.program().await;
        Ok(plan::plan(&program, program.policies(), case, wave, at.unwrap_or_else(|| self.clock.now()))?)
    }

    /// Releases what is due of a wave; run again, it goes on where it stopped and repeats nothing.
    ///
    /// # Errors
    /// [`StepError`] when the wave is not due or not approved, or a copy cannot be made.
    pub async fn release(
        &self,
        actor: &UserId,
        case: &CaseId,
        wave: &WaveId,
        progress: &dyn Progress,
    ) -> Result<Released, StepError> {
        let version = {
            let program = self.program().await;
            // Nothing is rendered for a wave that is not due: what is ready by now was due by the plan.
            check_due(&program, case, wave, self.clock.now())?;
            program.case(case)?.package()
        };
        let package = self.package(case, version).await?;
        self.commit_marks(actor, case, &package).await?;
        let package = Arc::new(package);
        let mut released = Released::default();
        let mut members = BTreeSet::new();
        for _ in 0..PATIENCE {
            let plan = self.plan(case, wave, None).await?;
            released.withheld = plan.withholdings().values().map(Vec::len).sum();
            let due = ready::due(&plan);
            if due.is_empty() {
                match self.execute(actor, finish(case, wave)).await {
                    Ok(entries) => {
                        released.first = entries
                            .iter()
                            .any(|entry| matches!(entry.event, Event::Wave(WaveEvent::Released { .. })));
                        released.members = members.len();
                        self.ready.forget(case);
                        return Ok(released);
                    }
                    Err(WriteError::Refused(Refusal::CopiesMissing { .. })) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            self.make(case, &package, due.clone(), progress).await?;
            progress.begin("granting copies", due.len() as u64);
            for batch in due.chunks(BATCH) {
                let copies = self.ready.of(case, &package, batch);
                // Somebody else has released the wave meanwhile.
                if copies.is_empty() {
                    break;
                }
                let command = Command::RecordCopies(case.clone(), wave.clone(), copies);
                match self.execute(actor, command).await {
                    Ok(entries) => {
                        released.granted += entries.len();
                        members.extend(entries.into_iter().filter_map(|entry| match entry.event {
                            Event::Grant(GrantEvent::Given(grant)) => Some(grant.member),
                            _ => None,
                        }));
                    }
                    // Somebody was suspended, or the clock passed an end, since the plan: plan again.
                    Err(WriteError::Refused(Refusal::Withheld { .. })) => break,
                    Err(error) => return Err(error.into()),
                }
                progress.step(batch.len() as u64);
            }
            progress.end();
        }
        Err(StepError::Unsettled(wave.to_string()))
    }

    /// Commits a package's marks and how a leak will be judged; a second commitment finds the first.
    async fn commit_marks(&self, actor: &UserId, case: &CaseId, package: &Package) -> Result<(), StepError> {
        let (epsilon, colluders) = {
            let program = self.program().await;
            (program.rules().epsilon, program.rules().colluders)
        };
        let sites = package.master.sites.len();
        let marks = MarksCommitment {
            package: package.version,
            codebook: self.keys.mark.commitment(case.as_str()),
            site_map: program::id::Sha256(mark::code::site_map_sha256(&package.master)),
            sites: u32::try_from(sites).unwrap_or(u32::MAX),
            renderer: mark::render::RENDERER.to_owned(),
            reader: mark::read::READER.to_owned(),
            scorer: mark::accuse::SCORER.to_owned(),
            epsilon,
            colluders,
            bias: Some(package.bias()),
        };
        self.execute(actor, Command::CommitMarks(case.clone(), marks)).await?;
        Ok(())
    }
}

fn finish(case: &CaseId, wave: &WaveId) -> Command {
    Command::Wave(case.clone(), wave.clone(), WaveCommand::Finish)
}
