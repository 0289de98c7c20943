//! Explain: why a member may or may not have an item, at any instant, past or to come.

use jiff::Timestamp;
use policy::Explanation;
use program::{
    Program,
    embargo::before,
    id::{CaseId, ItemId, MemberId},
    judge,
};
use serde::Serialize;

use crate::{engine::Engine, error::StepError, ledger::Ledger};

/// A decision explained.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Who.
    pub member: MemberId,
    /// Of which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// The instant asked about.
    pub at: Timestamp,
    /// How many entries of the log the answer rests on.
    pub entries: u64,
    /// What the policies say, why, and what would change it.
    #[serde(flatten)]
    pub policy: Explanation,
    /// Whether the member has its copy at that instant, and since when.
    pub granted: Option<Timestamp>,
    /// What the program adds: the waves that would bring it, and what they lack.
    pub waves: Vec<String>,
}

impl Engine {
    /// Explains a decision; an instant in the past is answered from the log as it stood then.
    ///
    /// # Errors
    /// [`StepError`] when the member, case or item was unknown at that instant.
    pub async fn explain(
        &self,
        case: &CaseId,
        item: &ItemId,
        member: &MemberId,
        at: Option<Timestamp>,
    ) -> Result<Explained, StepError> {
        let at = at.unwrap_or_else(|| self.clock.now());
        let past = self.program().await.high_water().is_some_and(|mark| at < mark);
        if past {
            let then = self.as_of(at).await?;
            self.explain_on(then.program(), case, item, member, at)
        } else {
            self.explain_on(&*self.program().await, case, item, member, at)
        }
    }

    /// Folds the log up to an instant.
    ///
    /// # Errors
    /// [`StepError`] when the log cannot be read.
    pub async fn as_of(&self, at: Timestamp) -> Result<Ledger, StepError> {
        let mut ledger = Ledger::default();
        loop {
            let mut page = self.store.tail(ledger.last()).await?;
            let whole = page.len();
            // Instants never fall along the log, so the first later entry ends it.
            page.truncate(page.partition_point(|entry| entry.at <= at));
            ledger.take(&page).map_err(crate::writer::WriteError::from)?;
            if page.len() < whole || page.is_empty() {
                return Ok(ledger);
            }
        }
    }

    fn explain_on(
        &self,
        program: &Program,
        case_id: &CaseId,
        item_id: &ItemId,
        member_id: &MemberId,
        at: Timestamp,
    ) -> Result<Explained, StepError> {
        let case = program.case(case_id)?;
        let (item, member) = (case.item(item_id)?, program.member(member_id)?);
        let covers = |wave: &&program::wave::Wave| {
            wave.items.contains(item_id) && member.tier.as_ref().is_some_and(|tier| wave.tiers.contains(tier))
        };
        let mut waves: Vec<String> = case
            .waves()
            .filter(covers)
            .map(|wave| {
                let due = match case.embargo().public() {
                    Some(public) => format!("due {}", before(public, wave.lead)),
                    None => String::from("without an instant until an embargo is in force"),
                };
                let state = match wave.released {
                    Some(when) => format!("released {when}"),
                    None => format!("{} of {} approvals", wave.approvals.len(), program::wave::APPROVALS),
                };
                format!("wave `{}` covers it: {due}, {state}", wave.wave)
            })
            .collect();
        if waves.is_empty() {
            waves.push(String::from(
                "no wave covers it for this member's tier: nothing is released without one",
            ));
        }
        Ok(Explained {
            member: member_id.clone(),
            case: case_id.clone(),
            item: item_id.clone(),
            at,
            entries: program.entries(),
            policy: judge::explain(program, program.policies(), case, item, member, at),
            granted: case.granted(item_id, member_id).map(|granted| granted.at),
            waves,
        })
    }
}
