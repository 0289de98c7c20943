//! A case's package: its items' texts out of the blobs, parsed.

use std::{collections::VecDeque, sync::Arc};

use mark::{
    code::{Bias, Codebook},
    master::Master,
    syntax::{Problem, SourceFile},
};
use package::Identity;
use program::{
    Program, Refusal,
    id::{CaseId, ItemId, Sha256},
    item::Item,
};
use tokio::sync::Mutex;

use crate::{blobs::Blobs, engine::Engine, error::StepError, keys::MarkKey};

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

    /// Returns the commitment to how likely each symbol is.
    #[must_use]
    pub fn bias(&self) -> Sha256 {
        self.codebook.bias_opening().commitment().parse().unwrap_or(Sha256([0; 32]))
    }
}

/// How many packages a program keeps at hand; a release wave is of one case.
const AT_HAND: usize = 8;

/// Packages that were asked for lately; what a version of a package holds never changes.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<VecDeque<(CaseId, Arc<Package>)>>);

impl Engine {
    /// Returns a version of a case's package, from the shelf if it lies there.
    ///
    /// # Errors
    /// As [`Engine::package`].
    pub(crate) async fn shelved(&self, case: &CaseId, version: u32) -> Result<Arc<Package>, StepError> {
        // Whoever comes second waits for the first one's work instead of doing it again.
        let mut shelf = self.shelf.0.lock().await;
        if let Some(at) = shelf.iter().position(|(of, package)| of == case && package.version == version)
            && let Some(found) = shelf.remove(at)
        {
            let package = found.1.clone();
            shelf.push_back(found);
            return Ok(package);
        }
        let package = Arc::new(self.package(case, version).await?);
        if shelf.len() >= AT_HAND {
            shelf.pop_front();
        }
        shelf.push_back((case.clone(), package.clone()));
        Ok(package)
    }

    /// Loads a version of a case's package.
    ///
    /// # Errors
    /// [`StepError`] when the case is unknown or a text cannot be read.
    pub async fn package(&self, case: &CaseId, version: u32) -> Result<Package, StepError> {
        let (items, bias) = {
            let program = self.program().await;
            let items: Vec<Item> = program.case(case)?.items_of(version).into_values().cloned().collect();
            (items, bias_of(&program, case, version)?)
        };
        load(&self.blobs, (&self.keys.blob, &self.keys.mark), case, version, (&items, bias)).await
    }

    /// Looks for weak marks in a case's package as it stands; none of them keeps it from being released.
    ///
    /// # Errors
    /// [`StepError`] when the case is unknown or a text cannot be read.
    pub async fn lint(&self, case: &CaseId) -> Result<Vec<Problem>, StepError> {
        let items: Vec<Item> = self.program().await.case(case)?.items().cloned().collect();
        let sources = self.sources(&items).await?;
        Ok(mark::lint::lint(&parse(&sources)?, &sources))
    }

    /// Reads items' texts as their authors wrote them.
    pub(crate) async fn sources(&self, items: &[Item]) -> Result<Vec<SourceFile>, StepError> {
        sources(&self.blobs, &self.keys.blob, items).await
    }
}

/// Makes a package of items: their texts out of the blobs, parsed, with the case's codebook.
///
/// # Errors
/// [`StepError`] when a text cannot be read or does not parse.
pub(crate) async fn load(
    blobs: &Blobs,
    (blob_key, mark_key): (&Identity, &MarkKey),
    case: &CaseId,
    version: u32,
    (items, bias): (&[Item], Bias),
) -> Result<Package, StepError> {
    let master = parse(&sources(blobs, blob_key, items).await?)?;
    let codebook = Codebook::biased(&mark_key.release(case.as_str()), &master, bias);
    Ok(Package { version, master, codebook })
}

/// Tells the law that a package's marks are drawn by: the one committed to, before that the program's.
pub(crate) fn bias_of(program: &Program, case: &CaseId, version: u32) -> Result<Bias, Refusal> {
    let committed = program.case(case)?.marks(version).map(|marks| marks.colluders);
    Ok(Bias::for_colluders(committed.unwrap_or(program.rules().colluders)))
}

/// Reads items' texts out of the blobs.
///
/// # Errors
/// [`StepError`] when a blob is missing, changed or no text.
pub(crate) async fn sources(
    blobs: &Blobs,
    key: &Identity,
    items: &[Item],
) -> Result<Vec<SourceFile>, StepError> {
    let mut sources = Vec::with_capacity(items.len());
    for item in items {
        let bytes = blobs.get(item.blob, key).await?;
        let text = String::from_utf8(bytes).map_err(|_| StepError::NotText(item.item.as_str().into()))?;
        sources.push(SourceFile { path: item.item.to_string(), text });
    }
    Ok(sources)
}

/// Parses a package's files.
///
/// # Errors
/// [`StepError::Markup`] with every problem found.
pub fn parse(sources: &[SourceFile]) -> Result<Master, StepError> {
    Master::parse(sources).map_err(|problems: Vec<Problem>| StepError::Markup(problems))
}
