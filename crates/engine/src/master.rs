//! A case's package: its items' texts out of the blobs, parsed.

use mark::{
    code::Codebook,
    master::Master,
    syntax::{Problem, SourceFile},
};
use program::{
    id::{CaseId, ItemId, Sha256},
    item::Item,
};

use crate::{engine::Engine, error::StepError};

/// A version of a case's package, ready to render.
pub struct Package {
    /// Its version.
    pub version: u32,
    /// Its parsed files.
    pub master: Master,
    /// Its codebook.
    pub codebook: Codebook,
}

impl Package {
    /// Returns where an item's file stands in the master.
    #[must_use]
    pub fn index_of(&self, item: &ItemId) -> Option<usize> {
        self.master.files.iter().position(|file| file.path == item.as_str())
    }

    /// Returns the commitment to a member's marks.
    #[must_use]
    pub fn row(&self, member: &str) -> Sha256 {
        // The commitment is the hex of a SHA-256 hash by its definition.
        self.codebook.row_opening(member).commitment().parse().unwrap_or(Sha256([0; 32]))
    }
}

impl Engine {
    /// Loads a version of a case's package.
    ///
    /// # Errors
    /// [`StepError`] when the case is unknown or a text cannot be read.
    pub async fn package(&self, case: &CaseId, version: u32) -> Result<Package, StepError> {
        let items: Vec<Item> = {
            let program = self.program().await;
            program.case(case)?.items_of(version).into_values().cloned().collect()
        };
        let mut sources = Vec::with_capacity(items.len());
        for item in &items {
            sources.push(SourceFile { path: item.item.to_string(), text: self.text_of(item).await? });
        }
        let master = parse(&sources)?;
        let codebook = Codebook::new(&self.keys.mark.release(case.as_str()), &master);
        Ok(Package { version, master, codebook })
    }

    /// Reads an item's text as its author wrote it.
    ///
    /// # Errors
    /// [`StepError`] when the blob is missing, changed or no text.
    pub async fn text_of(&self, item: &Item) -> Result<String, StepError> {
        let bytes = self.blobs.get(item.blob, &self.keys.blob).await?;
        String::from_utf8(bytes).map_err(|_| StepError::NotText(item.item.as_str().into()))
    }
}

/// Parses a package's files.
///
/// # Errors
/// [`StepError::Markup`] with every problem found.
pub fn parse(sources: &[SourceFile]) -> Result<Master, StepError> {
    Master::parse(sources).map_err(|problems: Vec<Problem>| StepError::Markup(problems))
}
