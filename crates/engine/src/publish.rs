//! Publish: what was embargoed becomes public, without marks.

use std::fs;

use formats::advisory::{Advisory, Section};
use jiff::Timestamp;
use mark::render::render_default;
use policy::Class;
use program::{
    Command, Program,
    case::{Case, CaseCommand, Published, PublishedFile, check_publish},
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
    /// A case that was published already has its files written again, as they were.
    ///
    /// # Errors
    /// [`StepError`] before the public instant, without an advisory, or when a file cannot be written.
    pub async fn publish(&self, actor: &UserId, case: &CaseId) -> Result<Vec<PublicFile>, StepError> {
        let published = self.program().await.case(case)?.published().cloned();
        let files = match published {
            Some(published) => self.published_again(case, &published).await?,
            None => self.publish_first(actor, case).await?,
        };
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

    async fn publish_first(&self, actor: &UserId, id: &CaseId) -> Result<Vec<PublicFile>, StepError> {
        let at = self.clock.now();
        check_publish(self.program().await.case(id)?, at)?;
        let sections = self.sections(id).await?;
        let files = {
            let program = self.program().await;
            public_files(&program, program.case(id)?, at, &sections)
        };
        let command = Command::Case(id.clone(), CaseCommand::Publish { at, files: names(&files) });
        self.execute(actor, command).await?;
        Ok(files)
    }

    /// Makes the files of a publication again, from the log as it stood then.
    async fn published_again(&self, id: &CaseId, known: &Published) -> Result<Vec<PublicFile>, StepError> {
        let then = self.as_of(known.at).await?;
        let (program, sections) = (then.program(), self.sections(id).await?);
        let case = program.case(id)?;
        let files = public_files(program, case, known.at, &sections);
        if names(&files) == known.files { Ok(files) } else { Err(StepError::NotAsPublished(id.clone())) }
    }

    /// Renders the texts of a case for the public; every site shows its first branch, the same for everybody.
    async fn sections(&self, id: &CaseId) -> Result<Vec<Section>, StepError> {
        let items: Vec<Item> = self.program().await.case(id)?.items().cloned().collect();
        if !items.iter().any(|item| item.class == Class::Advisory) {
            return Err(program::Refusal::NoAdvisory { case: id.clone() }.into());
        }
        let rendered = render_default(&parse(&self.sources(&items).await?)?);
        Ok(items
            .iter()
            .filter(|item| item.class == Class::Advisory)
            .filter_map(|item| rendered.iter().find(|file| file.path == item.item.as_str()))
            .map(|file| Section { name: file.path.clone(), text: file.text.clone() })
            .collect())
    }
}

fn public_files(program: &Program, case: &Case, at: Timestamp, sections: &[Section]) -> Vec<PublicFile> {
    // People read whole seconds; the log has the rest.
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let mut advisory = Advisory::of(program, case, second);
    advisory.sections = sections.to_vec();
    let name = |ending: &str| format!("{}/advisory.{ending}", case.id());
    vec![
        PublicFile { name: name("md"), bytes: advisory.to_markdown().into_bytes() },
        PublicFile { name: name("json"), bytes: advisory.to_json().into_bytes() },
    ]
}

fn names(files: &[PublicFile]) -> Vec<PublishedFile> {
    let named = |file: &PublicFile| PublishedFile { name: file.name.clone(), sha256: sha256(&file.bytes) };
    files.iter().map(named).collect()
}
