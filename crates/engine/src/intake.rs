//! Intake: an author's files become items of a case.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mark::syntax::SourceFile;
use policy::Class;
use program::{
    Command, Entry,
    id::{CaseId, ItemId, UserId},
    item::{Item, Tlp},
};

use crate::{engine::Engine, error::StepError, hash::sha256, master::parse};

/// A file on its way to becoming an item.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its item id.
    pub item: ItemId,
    /// What kind of artifact it is.
    pub class: Class,
    /// How far a reader may pass it on.
    pub tlp: Tlp,
    /// Its text, with the author's markup.
    pub text: String,
}

impl Upload {
    /// Reads a file; its name becomes the item's id.
    ///
    /// # Errors
    /// [`StepError`] when it cannot be read, is no text, or has a name no item can have.
    pub fn read(path: &Path, class: Class, tlp: Tlp) -> Result<Self, StepError> {
        let io = |source| StepError::Io { path: path.to_owned(), source };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let item = name.parse().map_err(|error: program::id::BadId| StepError::Name {
            path: path.to_owned(),
            says: error.to_string(),
        })?;
        let bytes = fs::read(path).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|_| StepError::NotText(PathBuf::from(path)))?;
        Ok(Self { item, class, tlp, text })
    }
}

impl Engine {
    /// Adds files to a case as items; the package must parse with them before anything is kept.
    ///
    /// # Errors
    /// [`StepError`] when the markup is wrong or the program refuses.
    pub async fn add_items(
        &self,
        actor: &UserId,
        case: &CaseId,
        uploads: Vec<Upload>,
    ) -> Result<Vec<Entry>, StepError> {
        let known: Vec<Item> = self.program().await.case(case)?.items().cloned().collect();
        let mut items: Vec<Item> = uploads.iter().map(|upload| stored_or_new(upload, &known)).collect();
        self.check(actor, Command::AddItems(case.clone(), items.clone())).await?;
        let stays = |item: &&Item| uploads.iter().all(|new| new.item != item.item);
        let staying: Vec<Item> = known.iter().filter(stays).cloned().collect();
        let mut sources = self.sources(&staying).await?;
        let new = |upload: &Upload| SourceFile { path: upload.item.to_string(), text: upload.text.clone() };
        sources.extend(uploads.iter().map(new));
        parse(&sources)?;
        for (item, upload) in items.iter_mut().zip(&uploads).filter(|(item, _)| !known.contains(item)) {
            // The blob is durable before the entry that names it: a crash leaves a stray blob, no dangling name.
            item.blob = self.blobs.put(upload.text.as_bytes(), &self.keys.blob.to_public()).await?;
        }
        Ok(self.execute(actor, Command::AddItems(case.clone(), items)).await?)
    }
}

/// The item that an upload comes to: the one that stands there word for word, or a new one, where the text's
/// hash stands for the name of the blob that is still to be made.
fn stored_or_new(upload: &Upload, known: &[Item]) -> Item {
    let text = sha256(upload.text.as_bytes());
    let size = upload.text.len() as u64;
    let new =
        Item { item: upload.item.clone(), class: upload.class, tlp: upload.tlp, blob: text, text, size };
    known.iter().find(|item| Item { blob: item.blob, ..new.clone() } == **item).cloned().unwrap_or(new)
}
