//! Members' names against sanctions lists: who is worth a look, and what a person made of it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{ArgGroup, Args};
use engine::screening::{Given, Screened, THRESHOLD, TOP};
use jiff::civil::Date;
use program::{
    Command,
    id::{MemberId, Sha256},
    vetting::{Screening, ScreeningOutcome, VettingCommand},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Compare members' names with a sanctions list.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn member screen acme --list sdn.csv --aliases alt.csv
  forewarn member screen --all --list sdn.csv --aliases alt.csv --json
  forewarn member screened acme --list sdn.csv --aliases alt.csv --list-date 2026-11-19 \\
      --clear \"the listed one is a shipping line in another country\" --as vera

The lists are the OFAC's `sdn.csv` and `alt.csv` as published, or a file with one name a line; nothing is
fetched. A score is how alike two names are, from 0 to 1, without case, accents, punctuation and kind of
company. A person decides: nothing follows from a score.")]
pub(crate) struct ScreenArgs {
    /// Which member
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    member: Option<MemberId>,
    /// Every member and applicant
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    list: ListArgs,
    /// Show names from this score
    #[arg(long, default_value_t = THRESHOLD, value_name = "0..1")]
    threshold: f64,
    /// Show at most so many for each member
    #[arg(long, default_value_t = TOP)]
    top: usize,
}

/// Record what came of a screening.
#[derive(Debug, Args)]
#[command(override_usage = "forewarn member screened [OPTIONS] <MEMBER> --list FILE --list-date DATE \
                             <--clear REASON|--hit REASON>")]
#[command(group(ArgGroup::new("outcome").required(true).args(["clear", "hit"])))]
pub(crate) struct ScreenedArgs {
    /// Which member
    member: MemberId,
    #[command(flatten)]
    list: ListArgs,
    /// The day the list is of, as its publisher says
    #[arg(long, value_name = "DATE")]
    list_date: Date,
    /// Nobody on the list is this member, for this reason
    #[arg(long, value_name = "REASON")]
    clear: Option<String>,
    /// The member is on the list, for this reason; it is not signed for or admitted
    #[arg(long, value_name = "REASON")]
    hit: Option<String>,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The list: OFAC's sdn.csv, or a file with one name a line
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// OFAC's alt.csv, the other names of those on the list
    #[arg(long, value_name = "FILE")]
    aliases: Option<PathBuf>,
}

impl ListArgs {
    fn read(&self) -> anyhow::Result<Given> {
        let bytes = |path: &Path| std::fs::read(path).with_context(|| format!("`{}`", path.display()));
        let (list, aliases) = (bytes(&self.list)?, self.aliases.as_deref().map(bytes).transpose()?);
        let name = self.list.file_name().unwrap_or_default().to_string_lossy();
        Ok(Given::read(&name, &list, aliases.as_deref())?)
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    list: &'a str,
    sha256: Sha256,
    entries: usize,
    threshold: f64,
    members: Vec<Screened<'a>>,
}

pub(super) async fn screen(common: &Common, session: &Session, args: ScreenArgs) -> anyhow::Result<()> {
    let ScreenArgs { threshold, top, .. } = args;
    let given = args.list.read()?;
    let program = session.engine.program().await;
    let members = match &args.member {
        Some(id) => vec![program.member(id)?],
        None => program.members().collect(),
    };
    let names = members.into_iter().map(|member| (&member.id, member.name.as_str()));
    let members = given.screen(names, threshold, top)?;
    let (list, sha256) = (given.name.as_str(), given.sha256);
    let shown = Shown { list, sha256, entries: given.list.entries().len(), threshold, members };
    if common.json {
        return output::json(&shown);
    }
    output::say(format_args!("{} entries of `{list}` ({sha256})", shown.entries));
    let cells: Vec<Vec<String>> = shown
        .members
        .iter()
        .flat_map(|row| {
            row.hits.iter().map(move |hit| {
                let listed = hit.listed;
                let name = if hit.name == listed.name {
                    listed.name.clone()
                } else {
                    format!("{} (also {})", listed.name, hit.name)
                };
                vec![
                    format!("{:.3}", hit.score),
                    row.member.to_string(),
                    row.name.to_owned(),
                    name,
                    listed.number.to_string(),
                    listed.kind.clone(),
                    listed.programs.clone(),
                ]
            })
        })
        .collect();
    if !cells.is_empty() {
        let headings = ["score", "member", "its name", "on the list", "number", "is", "programs"];
        output::table(false, &(), &headings, cells)?;
    }
    for row in shown.members.iter().filter(|row| row.hits.is_empty()) {
        output::say(format_args!(
            "`{}`: nobody like it from {threshold} up; the closest scores {:.3}",
            row.member, row.best
        ));
    }
    output::say("a person decides: `forewarn member screened` records what came of it");
    Ok(())
}

pub(super) async fn screened(common: &Common, session: &Session, args: ScreenedArgs) -> anyhow::Result<()> {
    let ScreenedArgs { member, list, list_date, clear, hit } = args;
    let Given { name, sha256, .. } = list.read()?;
    let (outcome, reason) = match (clear, hit) {
        (_, Some(reason)) => (ScreeningOutcome::Hit, reason),
        (clear, None) => (ScreeningOutcome::Clear, clear.unwrap_or_default()),
    };
    let screening = Screening { list: name, sha256, list_date, outcome, reason };
    let done = match outcome {
        ScreeningOutcome::Clear => format!("screened `{member}`: clear"),
        ScreeningOutcome::Hit => format!(
            "screened `{member}`: on the list; it is not admitted, and a member is suspended with `forewarn member suspend {member}`"
        ),
    };
    let command = Command::Vetting(member, VettingCommand::Screen(screening));
    output::entries(common.json, &done, &session.execute(command).await?)
}
