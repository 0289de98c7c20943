//! `forewarn case view`: an operator reads an item, with a second person where the policies ask for one.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use program::{
    Command,
    id::{CaseId, ItemId, ViewingId},
    viewing::{Viewing, ViewingCommand},
};

use crate::{args::Common, output, session::Session};

/// Read an item's text.
#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    /// Which case
    case: CaseId,
    /// Which item
    item: ItemId,
    /// Why; it is in the log with your name
    #[arg(long)]
    reason: String,
    /// Write the text to a file that is not there yet, instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn view(common: &Common, session: &Session, args: ViewArgs) -> anyhow::Result<()> {
    let viewed = session.engine.view(session.actor()?, &args.case, &args.item, &args.reason).await?;
    let Some(text) = &viewed.text else {
        if common.json {
            return output::json(&viewed);
        }
        output::say(format_args!(
            "noted as `{0}`; another operator runs `forewarn case approve-view {0}`, then run this again",
            viewed.viewing
        ));
        return Ok(());
    };
    if let Some(path) = &args.out {
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create_new(true).open(path);
        file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .with_context(|| format!("`{}`", path.display()))?;
        output::aside(format_args!("`{}` is logged: written to `{}`", viewed.viewing, path.display()));
        return Ok(());
    }
    if common.json {
        return output::json(&viewed);
    }
    output::say(text.trim_end_matches('\n'));
    Ok(())
}

pub(crate) async fn approve(common: &Common, session: &Session, viewing: ViewingId) -> anyhow::Result<()> {
    let command = ViewingCommand::Approve { viewing };
    let entries = session.execute(Command::Viewing(command)).await?;
    let program = session.engine.program().await;
    let known = program.viewing(viewing)?;
    let done = format!("`{}` may read `{}` of `{}` once", known.by, known.item, known.case);
    output::entries(common.json, &done, &entries)
}

pub(crate) async fn list(common: &Common, session: &Session, case: Option<&CaseId>) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let wanted = |viewing: &&Viewing| case.is_none_or(|case| viewing.case == *case);
    let viewings: Vec<&Viewing> = program.viewings().filter(wanted).collect();
    let rows = viewings.iter().map(|viewing| {
        let approved = viewing.approved.as_ref().map(|(by, at)| format!("{by}, {at}"));
        vec![
            viewing.id.to_string(),
            format!("{}: {}", viewing.case, viewing.item),
            format!("{}, {}: {}", viewing.by, viewing.asked, viewing.reason),
            approved.unwrap_or_default(),
            viewing.viewed.map_or_else(String::new, |at| at.to_string()),
        ]
    });
    output::table(common.json, &viewings, &["viewing", "item", "asked by", "approved by", "read"], rows)
}
