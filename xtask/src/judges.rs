//! Outside judges: programs that share no code with Forewarn look at what it produced.

use crate::exec::{cargo, root, run, stdout, succeeds};
use crate::steps::Skips;
use crate::story::Story;
use crate::{notices, serving};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package that the demonstration ships to its members.
const PACKAGE: &str = "crates/cli/demo/package";

/// For how many members the package is rendered.
const RENDERED: usize = 12;

/// How many members' sealed copies are opened with `age`.
const OPENED: usize = 3;

/// Where Debian's `golang-golang-x-mod-dev` puts the library.
const GO_LIBRARY: &str = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog";

/// Runs every judge on a finished demonstration.
///
/// # Errors
/// When a judge rejects what it is shown. A judge that is not installed is a skip.
pub(crate) fn run_all(story: &Story, skips: &mut Skips) -> Result<()> {
    log(story, skips).context("Go judge of the log")?;
    seal(story, skips).context("age judge of the copies")?;
    renderings(story, skips).context("judges of the rendered package")?;
    serving::check(story, skips).context("the demonstration served")?;
    notices::check(story, skips).context("notices of the demonstration")
}

/// Go's `x/mod/sumdb` judges the exported log, after proving on damaged logs that it can say no.
fn log(story: &Story, skips: &mut Skips) -> Result<()> {
    let export = story.scratch.path().join("log");
    stdout(story.command(&["log", "export", "--data"]).arg(&story.data).arg(&export))?;
    if !succeeds(Command::new("go").arg("version")) || !Path::new(GO_LIBRARY).exists() {
        skips.push("Go or its x/mod library is missing; no outside judge saw the log".to_owned());
        return Ok(());
    }
    let judge = root().join("tests/judges/tlog");
    let sample = story.scratch.path().join("sample-log");
    stdout(
        cargo(&["run", "--quiet", "--locked", "-p", "tlog", "--example", "export", "--"])
            .arg(&sample)
            .arg("600"),
    )?;
    run(Command::new("bash").arg(judge.join("selftest.sh")).arg(&sample))?;
    // Proofs and older checkpoints are judged too where the export has them.
    let more = ["proofs", "older"].map(|name| export.join(name)).into_iter().filter(|folder| folder.exists());
    run(Command::new("go")
        .args(["run", "main.go"])
        .arg(&export)
        .args(more)
        .current_dir(judge)
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode"))
}

/// Debian's `age` opens the exported copies of a few members, and proves that it can say no.
fn seal(story: &Story, skips: &mut Skips) -> Result<()> {
    if !succeeds(Command::new("age").arg("--version")) || !succeeds(Command::new("python3").arg("--version"))
    {
        skips.push("age or python3 is missing; no outside judge opened a copy".to_owned());
        return Ok(());
    }
    let text = stdout(story.command(&["member", "list", "--json", "--data"]).arg(&story.data))?;
    let members: Value = serde_json::from_str(&text).context("`member list --json` printed no JSON")?;
    let members = members.as_array().context("`member list --json` printed no list")?;
    let mut opened = 0;
    for id in members.iter().filter_map(|it| it.get("id")?.as_str()) {
        let identity = story.data.join("members").join(format!("{id}.agekey"));
        let folder = story.scratch.path().join("copies").join(id);
        let export = ["copy", "export", "--member", id, "--data"];
        // Not every member is granted something, and a suspended one is refused.
        if opened == OPENED || !succeeds(story.command(&export).arg(&story.data).arg(&folder)) {
            continue;
        }
        stdout(story.command(&["copy", "verify"]).arg(&folder))?;
        let manifests = files_named(&folder, "manifest.json")?;
        ensure!(!manifests.is_empty(), "the export for `{id}` has no `manifest.json`");
        for manifest in manifests {
            let folder = manifest.parent().unwrap_or(&folder);
            run(Command::new("bash").arg(root().join("tests/judges/age.sh")).arg(folder).arg(&identity))?;
        }
        opened += 1;
    }
    ensure!(opened == OPENED, "{opened} of {} members had copies to export", members.len());
    Ok(())
}

/// Renders the package for every member; rules must compile and hit each sample, the code must run.
fn renderings(story: &Story, skips: &mut Skips) -> Result<()> {
    let key = story.scratch.path().join("release.key");
    let out = story.scratch.path().join("rendered");
    let members = story.scratch.path().join("members.txt");
    let ids: Vec<String> = (1..=RENDERED).map(|number| format!("member-{number}\n")).collect();
    std::fs::write(&members, ids.concat())?;
    stdout(&mut story.command(&["mark", "lint", PACKAGE]))?;
    stdout(story.command(&["mark", "keygen"]).arg(&key))?;
    let mut render = story.command(&["mark", "render", PACKAGE, "--key"]);
    stdout(render.arg(&key).arg("--members").arg(&members).arg("--out").arg(&out))?;
    let rules = files_named(&out, "yara.yar")?;
    ensure!(rules.len() == RENDERED, "`mark render` wrote {} of {RENDERED} `yara.yar`", rules.len());
    println!("    {} rendered packages", rules.len());
    if succeeds(Command::new("yara").arg("--version")) {
        for rule in &rules {
            yara(rule)?;
        }
    } else {
        skips.push("yara is missing; rendered rules were not compiled".to_owned());
    }
    if succeeds(Command::new("python3").arg("--version")) {
        for script in files_named(&out, "reproduction.py")? {
            stdout(Command::new("python3").args(["-I", "-B", "-W", "error"]).arg(&script))?;
        }
    } else {
        skips.push("python3 is missing; rendered reproductions were not run".to_owned());
    }
    Ok(())
}

/// Compiles a rendered rule file and holds it against the sample of the same rendering.
fn yara(rule: &Path) -> Result<()> {
    let sample = rule.with_file_name("http-sample.http");
    let hits = stdout(Command::new("yara").arg("--fail-on-warnings").arg(rule).arg(&sample))?;
    let source = std::fs::read_to_string(rule)?;
    let rules = source.lines().filter(|line| line.starts_with("rule ")).count();
    if hits.lines().count() != rules {
        bail!("`{}` has {rules} rules, of which hit its own sample: {}", rule.display(), hits.trim());
    }
    Ok(())
}

/// Files of one name anywhere under a folder, in path order.
fn files_named(folder: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut found = files(folder)?;
    found.retain(|path| path.file_name() == Some(OsStr::new(name)));
    Ok(found)
}

/// Every file under a folder, in path order.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("reading `{}`", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_in_subfolders_only_by_full_name() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/yara.yar", "a/yara.yar", "a/not-yara.yar"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = files_named(folder.path(), "yara.yar").unwrap();
        assert_eq!(found, [folder.path().join("a/yara.yar"), folder.path().join("b/yara.yar")]);
        assert!(files_named(&folder.path().join("absent"), "x").is_err());
    }
}
