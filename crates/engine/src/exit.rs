//! Early exit: an embargo ended by two people, and everything that was waiting for it brought forward.

use program::{
    Command,
    embargo::{Embargo, EmbargoCommand, before},
    id::{CaseId, UserId, WaveId},
    notification::{About, Notification},
    wave::{APPROVALS, WaveCommand},
};
use serde::Serialize;

use crate::{engine::Engine, error::StepError, progress::Progress, release::Released, writer::WriteError};

/// What an early exit shall do beside ending the embargo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Approve every wave that lacks approvals, so that two people who end the embargo release all of it.
    pub approve: bool,
    /// Publish the advisory too.
    pub publish: bool,
}

/// How far an early exit has come.
#[derive(Clone, Debug, Serialize)]
pub struct Exit {
    /// Since when the embargo is over; absent while a second person has to say the same.
    pub over: Option<jiff::Timestamp>,
    /// Every wave of the case, by its instant.
    pub waves: Vec<WaveExit>,
    /// The files that were published now.
    pub published: Vec<String>,
    /// What must be told, and whom.
    pub tell: Vec<Notification>,
}

/// What became of one wave.
#[derive(Clone, Debug, Serialize)]
pub struct WaveExit {
    /// Which wave.
    pub wave: WaveId,
    /// What was released of it now.
    pub released: Option<Released>,
    /// Why it was not.
    pub says: Option<String>,
}

impl Engine {
    /// Ends an embargo early; with the second person's word every approved wave is released in the same command.
    ///
    /// Run again, it goes on where it stopped. A wave that cannot be released does not hold up the others.
    ///
    /// # Errors
    /// [`StepError`] when the end is refused, or the advisory cannot be published.
    pub async fn break_embargo(
        &self,
        actor: &UserId,
        case: &CaseId,
        reason: &str,
        asked: Asked,
        progress: &dyn Progress,
    ) -> Result<Exit, StepError> {
        if !matches!(self.program().await.case(case)?.embargo(), Embargo::Exited { .. }) {
            let terminate = EmbargoCommand::Terminate { reason: reason.to_owned() };
            self.execute(actor, Command::Embargo(case.clone(), terminate)).await?;
        }
        let (over, waves) = self.waves_by_instant(case).await?;
        let mut exit = Exit { over, waves: Vec::new(), published: Vec::new(), tell: Vec::new() };
        for (wave, approvals) in waves {
            let mut have = approvals;
            if asked.approve && approvals < APPROVALS {
                let approve = WaveCommand::Approve { plan: None };
                match self.execute(actor, Command::Wave(case.clone(), wave.clone(), approve)).await {
                    Ok(_) => have = have.saturating_add(1),
                    Err(WriteError::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let outcome = match over {
                None => Err(format!("{have} of {APPROVALS} approvals")),
                Some(_) => {
                    self.release(actor, case, &wave, progress).await.map_err(|error| error.to_string())
                }
            };
            exit.waves.push(match outcome {
                Ok(released) => WaveExit { wave, released: Some(released), says: None },
                Err(says) => WaveExit { wave, released: None, says: Some(says) },
            });
        }
        if over.is_some() && asked.publish {
            exit.published = self.publish(actor, case).await?.into_iter().map(|file| file.name).collect();
        }
        exit.tell = self.to_tell(case).await;
        Ok(exit)
    }

    /// Returns what members must still be told about a case's embargo.
    pub async fn to_tell(&self, case: &CaseId) -> Vec<Notification> {
        let about = About::Embargo(case.clone());
        let open = |notification: &&Notification| {
            notification.about == about && notification.untold().next().is_some()
        };
        self.program().await.notifications().filter(open).cloned().collect()
    }

    /// Returns the end of an embargo that is over, and the waves with their approvals, first due first.
    async fn waves_by_instant(
        &self,
        case: &CaseId,
    ) -> Result<(Option<jiff::Timestamp>, Vec<(WaveId, usize)>), StepError> {
        let program = self.program().await;
        let case = program.case(case)?;
        let over = match case.embargo() {
            Embargo::Exited { at } => Some(at),
            _ => None,
        };
        let mut waves: Vec<_> = case.waves().collect();
        waves.sort_by_key(|wave| case.embargo().public().map(|public| before(public, wave.lead)));
        Ok((over, waves.into_iter().map(|wave| (wave.wave.clone(), wave.approvals.len())).collect()))
    }
}
