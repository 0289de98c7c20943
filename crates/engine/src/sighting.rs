//! Sightings: what was found outside, kept as exhibits.

use jiff::Timestamp;
use program::{
    Command, Entry,
    id::{CaseId, UserId},
    sighting::{Exhibit, Report, SightingKind},
};

use crate::{engine::Engine, error::StepError, exhibit::Found, hash::sha256};

impl Engine {
    /// Records a sighting with its exhibits, which are encrypted and hashed first.
    ///
    /// # Errors
    /// [`StepError`] when an exhibit cannot be kept or the program refuses.
    pub async fn add_sighting(
        &self,
        actor: &UserId,
        case: &CaseId,
        kind: SightingKind,
        seen: Timestamp,
        note: String,
        found: Vec<Found>,
    ) -> Result<Vec<Entry>, StepError> {
        let mut report = Report { kind, seen, note, exhibits: found.iter().map(unkept).collect() };
        self.check(actor, Command::AddSighting(case.clone(), report.clone())).await?;
        for (exhibit, found) in report.exhibits.iter_mut().zip(&found) {
            exhibit.blob = self.blobs.put(&found.bytes, &self.keys.blob.to_public()).await?;
        }
        Ok(self.execute(actor, Command::AddSighting(case.clone(), report)).await?)
    }
}

/// The exhibit of a file that is not kept yet; the file's hash stands for the blob's name.
pub(crate) fn unkept(found: &Found) -> Exhibit {
    let hash = sha256(&found.bytes);
    Exhibit { name: found.name.clone(), sha256: hash, size: found.bytes.len() as u64, blob: hash }
}
