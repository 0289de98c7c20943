//! Publish: what was embargoed becomes public, without marks.

use std::fs;

use formats::advisory::{Advisory, Section};
use mark::{render::render_default, syntax::SourceFile};
use policy::Class;
use program::{
    Command,
    case::{CaseCommand, PublishedFile, check_publish},
    id::{CaseId, UserId},
    item::Item,
};

use crate::{checkpoint::write_durably, engine::Engine, error::StepError, hash::sha256, master::parse};

/// A public file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicFile {
    /// Its name below the folder of what was published.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Engine {
    /// Publishes a case's advisory at or after the public instant: Markdown and JSON.
    ///
    /// A case that was published already has its files written again where they are missing.
    ///
    /// # Errors
    /// [`StepError`] before the public instant, without an advisory, or when a file cannot be written.
    pub async fn publish(&self, actor: &UserId, case: &CaseId) -> Result<Vec<PublicFile>, StepError> {
        let now = self.clock.now();
        let published = {
            let program = self.program().await;
            let case = program.case(case)?;
            match case.published() {
                Some(published) => Some(published.clone()),
                None => {
                    check_publish(case, now)?;
                    None
                }
            }
        };
        let at = published.as_ref().map_or(now, |published| published.at);
        let files = self.public_files(case, at).await?;
        let names: Vec<PublishedFile> = files
            .iter()
            .map(|file| PublishedFile { name: file.name.clone(), sha256: sha256(&file.bytes) })
            .collect();
        match published {
            Some(published) if published.files != names => {
                return Err(program::Refusal::AlreadyPublished { case: case.clone() }.into());
            }
            Some(_) => {}
            None => {
                let command = Command::Case(case.clone(), CaseCommand::Publish { files: names });
                self.execute(actor, command).await?;
            }
        }
        for file in &files {
            let path = self.folder.public().join(&file.name);
            let io = |source| StepError::Io { path: path.clone(), source };
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(io)?;
            }
            write_durably(&path, &file.bytes).map_err(io)?;
        }
        Ok(files)
    }

    /// Makes the public files; every site shows its first branch, so they are the same for everybody.
    async fn public_files(&self, id: &CaseId, at: jiff::Timestamp) -> Result<Vec<PublicFile>, StepError> {
        let (items, mut advisory) = {
            let program = self.program().await;
            let case = program.case(id)?;
            let items: Vec<Item> = case.items().cloned().collect();
            (items, Advisory::of(&program, case, at))
        };
        if !items.iter().any(|item| item.class == Class::Advisory) {
            return Err(program::Refusal::NoAdvisory { case: id.clone() }.into());
        }
        let mut sources = Vec::with_capacity(items.len());
        for item in &items {
            sources.push(SourceFile { path: item.item.to_string(), text: self.text_of(item).await? });
        }
        let rendered = render_default(&parse(&sources)?);
        advisory.sections = items
            .iter()
            .filter(|item| item.class == Class::Advisory)
            .filter_map(|item| rendered.iter().find(|file| file.path == item.item.as_str()))
            .map(|file| Section { name: file.path.clone(), text: file.text.clone() })
            .collect();
        Ok(vec![
            PublicFile { name: format!("{id}/advisory.md"), bytes: advisory.to_markdown().into_bytes() },
            PublicFile { name: format!("{id}/advisory.json"), bytes: advisory.to_json().into_bytes() },
        ])
    }
}
