//! `forewarn-member verify`: a folder of fetched copies, offline.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use package::{Digest, Receipt, ReceiptFacts};
use serde::Serialize;
use tlog::LogVerifier;

use crate::{
    args::VerifyArgs,
    history::History,
    out::{HISTORY, Out, PART, SUMS, VKEY},
    output,
    settings::{Home, given as either},
    sums::Sums,
};

/// What a check of a folder came to.
#[derive(Debug, Default, Serialize)]
struct Verdict {
    sound: bool,
    copies: usize,
    acknowledged: usize,
    /// First fetches by a signed request.
    signed: usize,
    /// Fingerprints of the keys that signed them: all of them should be yours.
    keys: BTreeSet<String>,
    checkpoints: usize,
    problems: Vec<String>,
}

pub(crate) fn run(json: bool, home: &Home, args: &VerifyArgs) -> ExitCode {
    let checked = home.settings().and_then(|settings| {
        let root = either(&args.out, settings.as_ref().map(|it| &it.out), "--out")?;
        let vkey =
            args.vkey.as_deref().or(settings.as_ref().filter(|it| it.out == root).map(|it| it.vkey.as_str()));
        let out = Out::at(&root);
        Ok((check(&out, vkey)?, root))
    });
    match checked {
        Ok((verdict, root)) => {
            let told = if json { output::json(&verdict) } else { tell(&verdict, &root) };
            match (verdict.sound, told) {
                (true, Ok(())) => ExitCode::SUCCESS,
                (true, Err(error)) => failed(&error),
                (false, _) => ExitCode::from(output::UNSOUND),
            }
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    output::complain(error);
    ExitCode::from(output::FAILED)
}

fn tell(verdict: &Verdict, out: &Path) -> anyhow::Result<()> {
    verdict.problems.iter().for_each(output::say);
    let Verdict { copies, acknowledged, signed, checkpoints, problems, .. } = verdict;
    let keys: Vec<&str> = verdict.keys.iter().map(String::as_str).collect();
    let by = if keys.is_empty() { String::new() } else { format!(" (by the key {})", keys.join(", ")) };
    if problems.is_empty() {
        output::say(format_args!(
            "`{}` is sound. Copies that fit their receipts, and receipts that fit the log: {copies}. Of these fetched by signed request: {signed}{by}; acknowledged: {acknowledged}. Checkpoints that fit each other: {checkpoints}",
            out.display()
        ));
    } else {
        output::say(format_args!("`{}` is not sound, see above", out.display()));
    }
    Ok(())
}

fn check(out: &Out, given: Option<&str>) -> anyhow::Result<Verdict> {
    ensure!(out.root().is_dir(), "`{}` is no folder that was fetched to", out.root().display());
    let mut verdict = Verdict::default();
    let note = |verdict: &mut Verdict, error: anyhow::Error| verdict.problems.push(format!("{error:#}"));
    let sums = match out.read(SUMS).and_then(|text| String::from_utf8(text)?.parse::<Sums>()) {
        Ok(sums) => sums,
        Err(error) => {
            note(&mut verdict, error.context(format!("`{SUMS}`")));
            Sums::default()
        }
    };
    for error in files(out, &sums) {
        note(&mut verdict, error);
    }
    match pinned(out, given) {
        Err(error) => note(&mut verdict, error.context(format!("`{VKEY}`"))),
        Ok(verifier) => {
            let history = out.read(HISTORY).and_then(|json| History::from_json(&json));
            let history = match history.and_then(|history| Ok((history.verify(&verifier)?, history))) {
                Ok((checkpoints, history)) => {
                    verdict.checkpoints = checkpoints;
                    history
                }
                Err(error) => {
                    note(&mut verdict, error.context(format!("`{HISTORY}`")));
                    History::default()
                }
            };
            for name in sums.0.keys().filter_map(|name| name.strip_suffix(".receipt.json")) {
                match copy(out, name, &verifier, &history) {
                    Ok(facts) => {
                        verdict.copies += 1;
                        verdict.acknowledged += usize::from(facts.acknowledged.is_some());
                        verdict.signed += usize::from(facts.fetched.is_some());
                        verdict.keys.extend(facts.fetched.map(|fetched| fetched.key.fingerprint()));
                    }
                    Err(error) => note(&mut verdict, error.context(format!("`{name}`"))),
                }
            }
        }
    }
    verdict.sound = verdict.problems.is_empty();
    Ok(verdict)
}

/// Compares what is listed with what is there.
fn files(out: &Out, sums: &Sums) -> Vec<anyhow::Error> {
    let mut problems = Vec::new();
    for (name, listed) in &sums.0 {
        match out.read(name) {
            Ok(bytes) if Digest::of(&bytes) == *listed => {}
            Ok(_) => problems.push(anyhow::anyhow!("`{name}` was changed: fetch it again")),
            Err(error) => problems.push(error),
        }
    }
    let mut present = BTreeSet::new();
    if let Err(error) = walk(out.root(), &mut PathBuf::new(), &mut present) {
        problems.push(error.context("the folder cannot be read"));
    }
    for name in present {
        let passing = name == SUMS || name.starts_with(PART) || sums.0.contains_key(&name);
        if !passing {
            problems.push(anyhow::anyhow!("`{name}` does not belong here: it was not fetched"));
        }
    }
    problems
}

fn walk(root: &Path, below: &mut PathBuf, names: &mut BTreeSet<String>) -> anyhow::Result<()> {
    for file in fs::read_dir(root.join(&*below))? {
        let file = file?;
        below.push(file.file_name());
        if file.file_type()?.is_dir() {
            walk(root, below, names)?;
        } else {
            names.insert(below.to_string_lossy().replace('\\', "/"));
        }
        below.pop();
    }
    Ok(())
}

fn pinned(out: &Out, given: Option<&str>) -> anyhow::Result<LogVerifier> {
    let text = String::from_utf8(out.read(VKEY)?)?;
    let pinned: LogVerifier = text.trim_end().parse()?;
    ensure!(text == format!("{pinned}\n"), "the pinned key was changed");
    if let Some(given) = given {
        let given: LogVerifier = given.parse().context("`--vkey`")?;
        ensure!(given == pinned, "the folder pinned another key than `--vkey` says");
    }
    Ok(pinned)
}

/// Checks a copy with its receipt.
fn copy(out: &Out, name: &str, verifier: &LogVerifier, history: &History) -> anyhow::Result<ReceiptFacts> {
    let json = out.read(&format!("{name}.receipt.json"))?;
    let receipt = Receipt::from_json(&json)?;
    ensure!(receipt.to_json()?.as_bytes() == json, "its receipt was changed");
    let facts = receipt.verify(verifier, Some(&out.read(name)?))?;
    ensure!(format!("{}/{}", facts.case, facts.item) == name, "its receipt is for another copy");
    ensure!(
        history.knows(&facts.checkpoint, verifier),
        "its receipt rests on a checkpoint that is not in the history"
    );
    let proof = out.read(&format!("{name}.tlog-proof"))?;
    ensure!(proof == receipt.proof.as_bytes(), "its proof was changed");
    Ok(facts)
}
