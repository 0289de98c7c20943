//! `forewarn mark check-evidence`: a report's numbers computed again, without the key.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use clap::Args;
use evidence::{Evidence, Findings, RowOpening, Unchecked, file::Log, sha256_hex};
use serde::Serialize;
use tlog::{LogVerifier, Proof, SALT_SIZE, commitment};

use super::report::{EVIDENCE, PAGE, ROWS, SUMS, made_by, page};
use crate::{
    args::Common,
    case::count,
    output::{self, INCOMPLETE, UNSOUND},
};

/// Most bytes of a file that is read.
const MOST_BYTES: u64 = 256 << 20;
/// Most files of a folder.
const MOST_FILES: usize = 100_000;
/// Lines of what holds that are printed; JSON has all.
const SHOWN: usize = 24;

/// Check a report.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The folder that `--report` wrote
    folder: PathBuf,
    /// An opened row beside those in the folder
    #[arg(long = "row", value_name = "FILE")]
    rows: Vec<PathBuf>,
    /// The root of the commitment as you knew it before the leak
    #[arg(long, value_name = "SHA256")]
    root: Option<String>,
    /// The log's verifier key that you pinned, instead of the one in the report
    #[arg(long)]
    vkey: Option<String>,
}

pub(crate) fn check(common: &Common, args: &CheckArgs) -> anyhow::Result<ExitCode> {
    ensure!(
        args.folder.is_dir(),
        "`{}` is not a folder: give the folder that `--report` wrote",
        args.folder.display()
    );
    let mut findings = Findings::default();
    check_sums(&args.folder, &mut findings)?;
    let mut rows = Vec::new();
    let inside = inside(&args.folder)?;
    let given = args.rows.iter().map(|path| (path.display().to_string(), path.clone()));
    let found = inside.iter().filter(|name| name.starts_with(&format!("{ROWS}/")));
    for (name, path) in found.map(|name| (name.clone(), args.folder.join(name))).chain(given) {
        match RowOpening::from_json(&read(&path)?) {
            Ok(row) => rows.push(row),
            Err(error) => findings.wrong.push(format!("`{name}`: {error}")),
        }
    }
    match Evidence::from_json(&read(&args.folder.join(EVIDENCE))?) {
        Ok(evidence) => {
            check_page(&args.folder, &evidence, &rows, &mut findings)?;
            let told = evidence::check(&evidence, &rows);
            findings.checked.extend(told.checked);
            findings.wrong.extend(told.wrong);
            findings.unchecked.extend(told.unchecked);
            check_root(&evidence, args.root.as_deref(), &mut findings);
            if let Some(log) = &evidence.log {
                check_log(log, args.vkey.as_deref(), &mut findings)?;
            }
        }
        Err(error) => findings.wrong.push(format!("`{EVIDENCE}`: {error}")),
    }
    tell(common, &findings)?;
    Ok(match (findings.is_wrong(), findings.is_incomplete()) {
        (true, _) => ExitCode::from(UNSOUND),
        (false, true) => ExitCode::from(INCOMPLETE),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Checks that every file is the one whose hash is listed, and that no file is unlisted or missing.
fn check_sums(folder: &Path, findings: &mut Findings) -> anyhow::Result<()> {
    let sums = read(&folder.join(SUMS))?;
    let sums = String::from_utf8_lossy(&sums);
    let mut listed = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in sums.lines() {
        let Some((hash, name)) = line.split_once("  ").filter(|(_, name)| is_inside(name)) else {
            wrong.push(format!("`{SUMS}` has the line `{}`", line.escape_debug()));
            continue;
        };
        match read(&folder.join(name)) {
            Ok(bytes) if sha256_hex(&bytes) == hash => {}
            Ok(_) => wrong.push(format!("`{name}` was changed: it does not have its hash in `{SUMS}`")),
            Err(error) => wrong.push(format!("{error:#}")),
        }
        listed.insert(name.to_owned());
    }
    for name in inside(folder)?.iter().filter(|name| *name != SUMS && !listed.contains(*name)) {
        wrong.push(format!("`{name}` is not listed in `{SUMS}`"));
    }
    if wrong.is_empty() && !sums.ends_with('\n') {
        wrong.push(format!("`{SUMS}` was cut off"));
    }
    if wrong.is_empty() {
        findings.checked.push(format!("every file has its hash in `{SUMS}`"));
    }
    findings.wrong.extend(wrong);
    Ok(())
}

fn is_inside(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Lists the files of a report by name.
fn inside(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (prefix, folder) in [(String::new(), folder.to_owned()), (format!("{ROWS}/"), folder.join(ROWS))] {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("`{}`", folder.display()))? {
            let name = entry.with_context(|| format!("`{}`", folder.display()))?.file_name();
            let name = format!("{prefix}{}", name.to_string_lossy());
            if name != ROWS {
                names.insert(name);
            }
            ensure!(names.len() <= MOST_FILES, "`{}` holds too many files for a report", folder.display());
        }
    }
    Ok(names)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let context = || format!("`{}`", path.display());
    let size = fs::metadata(path).with_context(context)?.len();
    ensure!(size <= MOST_BYTES, "`{}` is too large for a report: {size} bytes", path.display());
    fs::read(path).with_context(context)
}

/// Checks that the page says what the evidence says: it is what this version makes of it.
fn check_page(
    folder: &Path,
    evidence: &Evidence,
    rows: &[RowOpening],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let same = read(&folder.join(PAGE))? == page(evidence, rows).as_bytes();
    let open = |name: &str| rows.iter().any(|row| row.member == name);
    let missing: Vec<String> = (evidence.members.iter())
        .filter(|member| member.accused && !open(&member.name))
        .map(|member| format!("`{}`", member.name))
        .collect();
    let needs = if evidence.made_by != made_by() {
        format!("`{}`, which wrote it; this is `{}`", evidence.made_by, made_by())
    } else if !missing.is_empty() {
        format!("the rows of {}", missing.join(", "))
    } else if same {
        findings.checked.push(format!("`{PAGE}` says what the evidence says"));
        return Ok(());
    } else {
        findings.wrong.push(format!("`{PAGE}` does not say what the evidence says"));
        return Ok(());
    };
    let what = format!("that `{PAGE}` says what the evidence says");
    findings.unchecked.push(Unchecked { what, needs, accusation: false });
    Ok(())
}

fn check_root(evidence: &Evidence, root: Option<&str>, findings: &mut Findings) {
    let Some(root) = root else { return };
    let own = &evidence.commitment.root;
    if own != root {
        findings.wrong.push(format!("the codebook is not the one you knew: its root is {own}"));
        return;
    }
    findings.checked.push(String::from("the codebook is the one whose root you knew before the leak"));
    findings.unchecked.retain(|unchecked| !unchecked.needs.contains(own));
}

/// Checks that the opened entries are in the log.
fn check_log(log: &Log, vkey: Option<&str>, findings: &mut Findings) -> anyhow::Result<()> {
    let verifier = match vkey {
        Some(vkey) => vkey.trim().parse::<LogVerifier>().context("the log's verifier key")?,
        None => match log.vkey.trim().parse::<LogVerifier>() {
            Ok(verifier) => {
                findings.unchecked.push(Unchecked {
                    what: String::from("that the log is the one you know"),
                    needs: format!(
                        "its verifier key from elsewhere, as --vkey; here it is {}",
                        log.vkey.trim()
                    ),
                    accusation: false,
                });
                verifier
            }
            Err(error) => {
                findings.wrong.push(format!("the log's verifier key: {error}"));
                return Ok(());
            }
        },
    };
    let mut sound = 0;
    for entry in &log.entries {
        let prove = || -> anyhow::Result<()> {
            let proof: Proof = entry.proof.parse()?;
            ensure!(proof.index == entry.seq, "its proof is for entry {}", proof.index);
            let salt = hex::decode(&entry.salt).ok().and_then(|salt| <[u8; SALT_SIZE]>::try_from(salt).ok());
            let salt = salt.context("its salt is no salt")?;
            proof.verify(&verifier, &commitment(&salt, entry.body.as_bytes()))?;
            Ok(())
        };
        match prove() {
            Ok(()) => sound += 1,
            Err(error) => findings.wrong.push(format!("entry {}: {error:#}", entry.seq)),
        }
    }
    if sound == log.entries.len() {
        findings.checked.push(format!("{sound} entries are in the log, by its signed checkpoint"));
    }
    Ok(())
}

fn tell(common: &Common, findings: &Findings) -> anyhow::Result<()> {
    let (sound, complete) = (!findings.is_wrong(), !findings.is_incomplete());
    if common.json {
        #[derive(Serialize)]
        struct Missing<'a> {
            what: &'a str,
            needs: &'a str,
            accusation: bool,
        }
        #[derive(Serialize)]
        struct Checked<'a> {
            sound: bool,
            complete: bool,
            problems: &'a [String],
            unchecked: Vec<Missing<'a>>,
            checked: &'a [String],
        }
        let unchecked = findings.unchecked.iter().map(|Unchecked { what, needs, accusation }| Missing {
            what,
            needs,
            accusation: *accusation,
        });
        return output::json(&Checked {
            sound,
            complete,
            problems: &findings.wrong,
            unchecked: unchecked.collect(),
            checked: &findings.checked,
        });
    }
    for line in findings.checked.iter().take(SHOWN) {
        output::say(format_args!("holds: {}", plain(line)));
    }
    let more = findings.checked.len().saturating_sub(SHOWN);
    if more > 0 {
        output::say(format_args!("holds: {more} more; --json lists them"));
    }
    for Unchecked { what, needs, .. } in &findings.unchecked {
        output::say(format_args!("not checked: {}: needs {}", plain(what), plain(needs)));
    }
    findings.wrong.iter().for_each(|line| output::say(format_args!("WRONG: {}", plain(line))));
    output::say(match (sound, complete) {
        (false, _) => {
            format!("{} found: do not rely on this report", count(findings.wrong.len(), "difference"))
        }
        (true, false) => String::from(
            "nothing differs, and an accusation could not be checked: add the rows named above with --row",
        ),
        (true, true) => String::from("everything that an accusation rests on holds"),
    });
    Ok(())
}

/// Shows what steers a terminal instead of obeying it: names in a report may be anybody's.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
