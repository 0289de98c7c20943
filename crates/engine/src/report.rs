//! Members' reports: their exhibits are kept and hashed as those of sightings are.

use program::{
    Command, Context, Entry,
    by::By,
    id::{CaseId, MemberId, UserId},
    report::{ReportCommand, Said},
};

use crate::{engine::Engine, error::StepError, exhibit::Found, sighting::unkept};

impl Engine {
    /// Files a member's report; only a sighting has exhibits. One that is refused, or was filed already, keeps no
    /// blob.
    ///
    /// # Errors
    /// [`StepError`] when an exhibit cannot be kept or the program refuses.
    pub async fn file_report(
        &self,
        member: MemberId,
        by: By,
        case: CaseId,
        mut said: Said,
        note: String,
        found: Vec<Found>,
    ) -> Result<Vec<Entry>, StepError> {
        if let Said::Sighting { exhibits, .. } = &mut said {
            *exhibits = found.iter().map(unkept).collect();
        }
        let command = |said: Said| {
            let (member, case, note) = (member.clone(), case.clone(), note.clone());
            Command::Report(ReportCommand::File { member, by, case, said, note })
        };
        let actor = UserId::member();
        let repeated = {
            let program = self.program().await;
            program
                .decide(&Context { now: self.clock.now(), actor: &actor }, command(said.clone()))?
                .is_empty()
        };
        if repeated {
            return Ok(Vec::new());
        }
        if let Said::Sighting { exhibits, .. } = &mut said {
            for (exhibit, found) in exhibits.iter_mut().zip(&found) {
                exhibit.blob = self.blobs.put(&found.bytes, &self.keys.blob.to_public()).await?;
            }
        }
        Ok(self.execute(&actor, command(said)).await?)
    }
}
