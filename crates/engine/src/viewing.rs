//! Viewing: the text of an item for an operator, once the log says that it was handed out.

use program::{
    Command, Event,
    id::{CaseId, ItemId, Sha256, UserId, ViewingId},
    viewing::{ViewingCommand, ViewingEvent},
};
use serde::Serialize;

use crate::{engine::Engine, error::StepError, hash::sha256};

/// What came of asking for a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Viewed {
    /// The viewing.
    pub viewing: ViewingId,
    /// Hash of the text.
    pub sha256: Sha256,
    /// The text as its author wrote it; absent while a second person's approval is missing.
    pub text: Option<String>,
}

impl Engine {
    /// Reads an item for an operator, or asks for the approval that this takes; the entry is durable before a
    /// byte is read.
    ///
    /// # Errors
    /// [`StepError`] when it is refused, or the text cannot be read or is not the one that was logged.
    pub async fn view(
        &self,
        actor: &UserId,
        case: &CaseId,
        item: &ItemId,
        reason: &str,
    ) -> Result<Viewed, StepError> {
        let (case, id, reason) = (case.clone(), item.clone(), reason.to_owned());
        let command = ViewingCommand::View { case, item: id, reason };
        let entries = self.execute(actor, Command::Viewing(command)).await?;
        let handed_out = entries.iter().find_map(|entry| match &entry.event {
            Event::Viewing(ViewingEvent::Viewed { viewing, .. }) => Some(*viewing),
            _ => None,
        });
        let asked = entries.iter().find_map(|entry| match &entry.event {
            Event::Viewing(event) => Some(event.viewing()),
            _ => None,
        });
        let (known, item) = {
            let program = self.program().await;
            let viewing = handed_out.or(asked).unwrap_or(ViewingId(0));
            let known = program.viewing(viewing)?.clone();
            let item = program.case(&known.case)?.item(&known.item)?.clone();
            (known, item)
        };
        let (viewing, sha) = (known.id, known.text);
        if handed_out.is_none() {
            return Ok(Viewed { viewing, sha256: sha, text: None });
        }
        let name = item.item.clone();
        let text = self.sources(&[item]).await?.pop().map(|source| source.text);
        match text.filter(|text| sha256(text.as_bytes()) == sha) {
            Some(text) => Ok(Viewed { viewing, sha256: sha, text: Some(text) }),
            None => Err(StepError::NotText(name.as_str().into())),
        }
    }
}
