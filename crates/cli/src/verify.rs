//! `forewarn verify`: everything checked against everything else.

use std::process::ExitCode;

use clap::Args;
use engine::folder::{Folder, FolderError};

use crate::{
    args::Common,
    output::{self, Bar, UNSOUND},
    session::data,
};

/// Check everything in the data folder: keys, database, every entry, checkpoint, blobs, copies, public files.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn verify --data ./program

Nothing is changed. Exit code 3 when something does not fit; the table says what.")]
pub(crate) struct VerifyArgs {}

pub(crate) async fn run(common: &Common, VerifyArgs {}: VerifyArgs) -> anyhow::Result<ExitCode> {
    let data = data(common)?;
    // A mistyped folder is no finding about a program.
    if let Err(missing @ FolderError::Missing(_)) = Folder::at(data).describe() {
        return Err(missing.into());
    }
    let found = engine::verify::verify(data, &Bar::new()).await;
    let rows = found.checks.iter().map(|check| {
        vec![
            check.what.to_owned(),
            check.checked.to_string(),
            check.failed.to_string(),
            check.problems.join("\n"),
        ]
    });
    output::table(common.json, &found, &["what", "checked", "failed", "problems"], rows)?;
    if !common.json {
        output::say(if found.sound { "everything fits" } else { "something does not fit: see above" });
    }
    Ok(if found.sound { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}
