//! `forewarn mark propose`: places that could be marked, each accepted by its author.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{Args, ValueEnum};
use mark::{
    master::Master,
    propose::{Channel, FileTally, Proposal, Tier, accept, propose, tally},
    syntax::SourceFile,
};
use serde::Serialize;

use crate::{args::Common, case::count, output};

/// Propose marks.
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// A folder; every file in it is an item
    package: PathBuf,
    /// Only this channel, such as `free-constant` or `synonym`; may be given several times
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// Only proposals with a place in this file, by its name in the package
    #[arg(long)]
    file: Option<String>,
    /// Only this tier: A survives rewriting, B what machines do to a text, C verbatim copying
    #[arg(long)]
    tier: Option<TierArg>,
    /// Write these into the files: ids between commas, or `all` that are shown
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    accept: Vec<String>,
    /// Ask about each, y, n or q, and write what was accepted
    #[arg(long, conflicts_with_all = ["accept", "json"])]
    interactive: bool,
}

/// A tier on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "verbatim")]
enum TierArg {
    A,
    B,
    C,
}

/// What was proposed, as JSON.
#[derive(Serialize)]
struct Proposed<'a> {
    proposals: &'a [&'a Proposal],
    files: Vec<FileSummary>,
    accepted: Vec<&'a str>,
    written: Vec<String>,
}

/// What a file carries, and what it would with everything shown.
#[derive(Serialize)]
struct FileSummary {
    file: String,
    sites: usize,
    bits: f64,
    sites_after: usize,
    bits_after: f64,
}

pub(crate) fn run(common: &Common, args: &ProposeArgs) -> anyhow::Result<()> {
    let sources = super::sources(&args.package)?;
    let master = engine::master::parse(&sources)?;
    if let Some(file) = args.file.as_ref().filter(|file| !sources.iter().any(|source| source.path == **file))
    {
        let known: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
        bail!("the package has no file `{file}`; it has {}", known.join(", "));
    }
    let channels = channels(&args.channel)?;
    let all = propose(&sources);
    let shown: Vec<&Proposal> = all
        .iter()
        .filter(|proposal| channels.is_empty() || channels.contains(&proposal.channel))
        .filter(|proposal| args.tier.is_none_or(|tier| tier.tier() == proposal.tier))
        .filter(|proposal| {
            args.file.as_ref().is_none_or(|file| proposal.places.iter().any(|place| place.file == *file))
        })
        .collect();
    let accepted = if args.interactive { ask(&shown)? } else { named(&args.accept, &all, &shown)? };
    let (goal, writing) = if accepted.is_empty() { (&shown, false) } else { (&accepted, true) };
    let marked = accept(&sources, goal)?;
    let after = Master::parse(&marked).map_err(|_| anyhow!("the package would not parse; accept fewer"))?;
    let written = if writing { write_all(&args.package, &sources, &marked)? } else { Vec::new() };
    let files = summaries(&tally(&master), &tally(&after));
    if common.json {
        let accepted = accepted.iter().map(|proposal| proposal.id.as_str()).collect();
        return output::json(&Proposed { proposals: &shown, files, accepted, written });
    }
    if !writing && !args.interactive {
        shown.iter().for_each(|proposal| show(proposal));
    }
    if writing {
        output::say(format_args!(
            "accepted {}; wrote {}",
            count(accepted.len(), "proposal"),
            written.join(", ")
        ));
    } else if shown.is_empty() {
        output::say(
            "nothing to propose; alternatives for whole sentences are the author's to write: `{~one wording|another~}`",
        );
        return Ok(());
    } else if args.interactive {
        output::say("nothing accepted; no file was changed");
        return Ok(());
    } else {
        output::say(format_args!(
            "{}; accept with --accept ID, or --interactive",
            count(shown.len(), "proposal")
        ));
    }
    let rows = files.iter().map(|file| {
        vec![
            file.file.clone(),
            format!("{} → {}", file.sites, file.sites_after),
            format!("{:.1} → {:.1}", file.bits, file.bits_after),
        ]
    });
    output::table(false, &(), &["file", "sites", "bits"], rows)
}

impl TierArg {
    fn tier(self) -> Tier {
        match self {
            TierArg::A => Tier::A,
            TierArg::B => Tier::B,
            TierArg::C => Tier::C,
        }
    }
}

fn channels(written: &[String]) -> anyhow::Result<Vec<Channel>> {
    let known = || Channel::ALL.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    written
        .iter()
        .map(|name| {
            let found = Channel::ALL.into_iter().find(|channel| channel.to_string() == *name);
            found.ok_or_else(|| anyhow!("there is no channel `{name}`; take one of {}", known()))
        })
        .collect()
}

/// The proposals that were named.
fn named<'a>(
    ids: &[String],
    all: &'a [Proposal],
    shown: &[&'a Proposal],
) -> anyhow::Result<Vec<&'a Proposal>> {
    let mut found: Vec<&Proposal> = Vec::new();
    for id in ids {
        if id == "all" {
            ensure!(!shown.is_empty(), "there is nothing to accept: no proposal is shown");
            found.extend(shown);
            continue;
        }
        let proposal = all.iter().find(|proposal| proposal.id == *id).ok_or_else(|| {
            anyhow!("there is no proposal `{id}`; it may be accepted already: run without --accept to see the others")
        })?;
        found.push(proposal);
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|proposal| seen.insert(proposal.id.as_str()));
    Ok(found)
}

/// Asks about each; the end of the answers is `q`.
fn ask<'a>(shown: &[&'a Proposal]) -> anyhow::Result<Vec<&'a Proposal>> {
    let mut accepted = Vec::new();
    let mut answers = io::stdin().lock().lines();
    for (number, proposal) in shown.iter().enumerate() {
        show(proposal);
        loop {
            let mut out = io::stdout().lock();
            // A closed pipe means that nobody reads on; the answers decide all the same.
            let _ =
                write!(out, "accept {} of {}? [y/n/q] ", number + 1, shown.len()).and_then(|()| out.flush());
            drop(out);
            match answers.next().transpose().context("reading the answer")?.as_deref().map(str::trim) {
                Some("y") => accepted.push(*proposal),
                Some("n") => {}
                Some("q") | None => {
                    output::say("");
                    return Ok(accepted);
                }
                Some(_) => continue,
            }
            break;
        }
    }
    Ok(accepted)
}

fn show(proposal: &Proposal) {
    output::say(format_args!(
        "{}  {}  tier {:?}  {:.1} bits  {}{}",
        proposal.id,
        proposal.channel,
        proposal.tier,
        proposal.bits,
        proposal.at,
        match proposal.places.len() {
            0 | 1 => String::new(),
            n => format!(" and {}", count(n - 1, "more place")),
        }
    ));
    proposal.before.lines().for_each(|line| output::say(format_args!("  - {line}")));
    proposal.after.lines().for_each(|line| output::say(format_args!("  + {line}")));
    output::say(format_args!("  safe: {}\n  survives: {}\n", proposal.safe, proposal.survives));
}

fn summaries(before: &[FileTally], after: &[FileTally]) -> Vec<FileSummary> {
    let after: BTreeMap<&str, &FileTally> = after.iter().map(|tally| (tally.file.as_str(), tally)).collect();
    let with = |tally: &FileTally| {
        let goal = after.get(tally.file.as_str());
        FileSummary {
            file: tally.file.clone(),
            sites: tally.sites,
            bits: tally.bits,
            sites_after: goal.map_or(tally.sites, |goal| goal.sites),
            bits_after: goal.map_or(tally.bits, |goal| goal.bits),
        }
    };
    before.iter().map(with).collect()
}

/// Writes the files that differ: all beside the old ones first, then each in its place.
fn write_all(package: &Path, before: &[SourceFile], after: &[SourceFile]) -> anyhow::Result<Vec<String>> {
    let changed: Vec<(&SourceFile, &SourceFile)> =
        before.iter().zip(after).filter(|(before, after)| before.text != after.text).collect();
    let mut fresh: Vec<(PathBuf, PathBuf, &SourceFile)> = Vec::with_capacity(changed.len());
    let written = changed.iter().try_for_each(|(before, after)| {
        let path = package.join(&before.path);
        let fail = || format!("`{}`", path.display());
        let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
        name.push(format!(".forewarn-{}", std::process::id()));
        let beside = path.with_file_name(name);
        let permissions = fs::metadata(&path).with_context(fail)?.permissions();
        let mut file = fs::File::create_new(&beside).with_context(fail)?;
        fresh.push((beside, path.clone(), *before));
        file.write_all(after.text.as_bytes()).with_context(fail)?;
        file.set_permissions(permissions).with_context(fail)?;
        file.sync_all().with_context(fail)
    });
    let moved = written.and_then(|()| {
        for (_, path, before) in &fresh {
            unchanged(path, before)?;
        }
        fresh.iter().try_for_each(|(beside, path, before)| {
            unchanged(path, before)?;
            fs::rename(beside, path).with_context(|| format!("`{}`", path.display()))
        })
    });
    if moved.is_err() {
        for (beside, ..) in &fresh {
            // What was renamed is gone from here; the error that is told is the first one.
            let _ = fs::remove_file(beside);
        }
    }
    moved?;
    Ok(changed.iter().map(|(before, _)| before.path.clone()).collect())
}

/// Refuses a file that somebody else has written meanwhile.
fn unchanged(path: &Path, before: &SourceFile) -> anyhow::Result<()> {
    let now = fs::read(path).with_context(|| format!("`{}`", path.display()))?;
    ensure!(
        now == before.text.as_bytes(),
        "`{}` was changed meanwhile and is left alone; run the command again",
        path.display()
    );
    Ok(())
}
