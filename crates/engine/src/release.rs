//! Release: every due copy of a wave rendered, hashed and granted.

use std::collections::{BTreeMap, BTreeSet};

use mark::kinds::check::Checker;
use program::{
    Command, Event, Refusal,
    grant::{Copy, GrantEvent},
    id::{CaseId, ItemId, MemberId, UserId, WaveId},
    marks::MarksCommitment,
    plan::{self, Plan},
    wave::{WaveCommand, WaveEvent, check_due},
};
use serde::Serialize;

use crate::{
    engine::Engine, error::StepError, hash::sha256, master::Package, progress::Progress, writer::WriteError,
};

/// How many copies one command records.
const BATCH: usize = 256;

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
            // Nothing is rendered before it may be: a withheld or early copy never exists.
            check_due(&program, case, wave, self.clock.now())?;
            program.case(case)?.package()
        };
        let package = self.package(case, version).await?;
        self.commit_marks(actor, case, &package).await?;
        let mut checker = Checker::new(&package.master);
        let mut checked = BTreeSet::new();
        let mut released = Released::default();
        let mut members = BTreeSet::new();
        for _ in 0..PATIENCE {
            let plan = self.plan(case, wave, None).await?;
            released.withheld = plan.withholdings().values().map(Vec::len).sum();
            let due: Vec<(MemberId, ItemId)> =
                plan.due().map(|row| (row.member.clone(), row.item.clone())).collect();
            if due.is_empty() {
                match self.execute(actor, finish(case, wave)).await {
                    Ok(entries) => {
                        released.first = entries
                            .iter()
                            .any(|entry| matches!(entry.event, Event::Wave(WaveEvent::Released { .. })));
                        released.members = members.len();
                        return Ok(released);
                    }
                    Err(WriteError::Refused(Refusal::CopiesMissing { .. })) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            // Every copy before the first grant: a package whose copies differ is released to nobody.
            check(&package, &mut checker, &mut checked, &due, progress)?;
            progress.begin("rendering copies", due.len() as u64);
            for batch in due.chunks(BATCH) {
                let copies = render(&package, batch)?;
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

/// Checks that the copies of members mean what the package means, each member's once.
fn check<'d>(
    package: &Package,
    checker: &mut Checker<'_>,
    checked: &mut BTreeSet<MemberId>,
    due: &'d [(MemberId, ItemId)],
    progress: &dyn Progress,
) -> Result<(), StepError> {
    let members: BTreeSet<&'d MemberId> =
        due.iter().map(|(member, _)| member).filter(|member| !checked.contains(*member)).collect();
    progress.begin("checking copies", members.len() as u64);
    for member in members {
        checker.check(&package.codebook.codeword(member.as_str()))?;
        checked.insert(member.clone());
        progress.step(1);
    }
    progress.end();
    Ok(())
}

/// Renders copies; each member's marks are derived once for all of its items.
fn render(package: &Package, due: &[(MemberId, ItemId)]) -> Result<Vec<Copy>, StepError> {
    let mut words = BTreeMap::new();
    let mut copies = Vec::with_capacity(due.len());
    for (member, item) in due {
        let (word, row) = words
            .entry(member)
            .or_insert_with(|| (package.codebook.codeword(member.as_str()), package.row(member.as_str())));
        let rendered = package
            .index_of(item)
            .and_then(|file| mark::render::render_file(&package.master, file, word))
            .ok_or_else(|| StepError::NotReproduced { item: item.clone(), member: member.clone() })?;
        copies.push(Copy {
            member: member.clone(),
            item: item.clone(),
            sha256: sha256(rendered.text.as_bytes()),
            size: rendered.text.len() as u64,
            package: package.version,
            row: *row,
        });
    }
    Ok(copies)
}
