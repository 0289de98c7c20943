//! `forewarn publish`: the advisory, at the end of the embargo.

use clap::Args;
use program::id::CaseId;
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Publish a case's advisory at or after the end of its embargo.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn publish ACME-2026-7 --as alice

The public files carry no marks. They are written to `public/CASE` in the data folder as Markdown and JSON,
and their hashes are in the log.")]
pub(crate) struct PublishArgs {
    /// Which case
    case: CaseId,
}

pub(crate) async fn run(common: &Common, args: PublishArgs) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let folder = session.engine.folder().public();
    let done = async { Ok(session.engine.publish(session.actor()?, &args.case).await?) };
    let done = done.await;
    let files = session.close(done).await?;
    #[derive(Serialize)]
    struct Row {
        file: std::path::PathBuf,
        size: usize,
    }
    let rows: Vec<Row> =
        files.iter().map(|file| Row { file: folder.join(&file.name), size: file.bytes.len() }).collect();
    let cells = rows.iter().map(|row| vec![row.file.display().to_string(), row.size.to_string()]);
    output::table(common.json, &rows, &["published", "bytes"], cells)
}
