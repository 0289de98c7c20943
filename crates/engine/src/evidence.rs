//! Evidence: the entries of the log that fixed what a trace rests on, opened and proved.

use package::Opening;
use program::{Event, grant::GrantEvent, leak::LeakEvent, marks::MarksEvent};
use tlog::Proof;

use crate::{engine::Engine, error::StepError, ledger, trace::Traced, writer::WriteError};

/// An entry of the log that may be shown to others, with its proof.
pub struct ProvedEntry {
    /// The entry, opened.
    pub opening: Opening,
    /// That the log contains it.
    pub proof: Proof,
}

impl Engine {
    /// Opens the entries that a trace rests on: the commitment to the marks, the leak case, the reading, the
    /// trace, and the grants of these members. The trace's entry names everybody who held a copy; it is left
    /// out when `anonymous`.
    ///
    /// # Errors
    /// [`StepError`] when the log cannot be read.
    pub async fn trace_entries(
        &self,
        traced: &Traced,
        members: &[String],
        anonymous: bool,
    ) -> Result<Vec<ProvedEntry>, StepError> {
        let (case, leak, package) = (&traced.report.case, traced.report.leak, traced.package.version);
        let wanted = |event: &Event| match event {
            Event::Marks(MarksEvent::Committed { case: of, marks }) => of == case && marks.package == package,
            Event::Leak(LeakEvent::Opened { leak: of, .. } | LeakEvent::Read { leak: of, .. }) => *of == leak,
            Event::Leak(LeakEvent::Traced { leak: of, .. }) => *of == leak && !anonymous,
            Event::Grant(GrantEvent::Given(grant)) => {
                grant.case == *case
                    && grant.package == package
                    && members.iter().any(|member| member == grant.member.as_str())
            }
            _ => false,
        };
        let (mut proved, mut last) = (Vec::new(), None);
        loop {
            let page = self.store.tail(last).await?;
            let Some(end) = page.last() else { return Ok(proved) };
            last = Some(end.seq);
            for stored in page {
                let (entry, _) = ledger::check(&stored).map_err(WriteError::from)?;
                if wanted(&entry.event) {
                    let (opening, proof) = self.prove(stored).await?;
                    proved.push(ProvedEntry { opening, proof });
                }
            }
        }
    }
}
