//! `cargo xtask package`: the Debian package, of what was built in release.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::exec::{cargo, release_folder, root, run, stdout, succeeds};

/// The version that the package's description was written for.
const CARGO_DEB: &str = "3.8.0";

/// How exposed the unit may be, in tenths of systemd's points: 0 is closed, 100 open.
/// **Source:** systemd-analyze(1), `security --threshold`.
const EXPOSURE: u32 = 20;

/// What the package must hold, as paths in it.
const HELD: [&str; 7] = [
    "./usr/bin/forewarn",
    "./usr/bin/forewarn-member",
    "./usr/lib/systemd/system/forewarn.service",
    "./etc/forewarn/serve.toml",
    "./usr/share/man/man1/forewarn-serve.1.gz",
    "./usr/share/bash-completion/completions/forewarn",
    "./usr/share/doc/forewarn/README.md",
];

/// Builds both programs, what is made from them, and the package; looks into it.
///
/// # Errors
/// When a step fails, or the package lacks something.
pub(crate) fn make() -> Result<()> {
    run(&mut cargo(&["build", "--release", "--locked", "-p", "cli"]))?;
    let release = release_folder()?;
    let out = release.join("package");
    describe(&release.join("forewarn"), &out)?;
    members_tool(&release, &out)?;
    closed_off()?;
    if !succeeds(&mut cargo(&["deb", "--version"])) {
        run(&mut cargo(&["install", "--locked", "--version", CARGO_DEB, "cargo-deb"]))?;
    }
    let said = stdout(&mut cargo(&["deb", "--no-build", "--locked", "-p", "cli"]))?;
    let package = said.lines().last().map(PathBuf::from).context("cargo-deb names the package it made")?;
    let contents = stdout(Command::new("dpkg-deb").arg("--contents").arg(&package))?;
    for path in HELD {
        ensure!(contents.lines().any(|line| line.ends_with(path)), "the package lacks `{path}`:\n{contents}");
    }
    println!("{}", package.display());
    Ok(())
}

/// Builds the members' tool without a C library of the host's, so that a member may run it anywhere.
fn members_tool(release: &Path, out: &Path) -> Result<()> {
    let said = stdout(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    // For a named target the flag does not reach what runs during the build.
    run(cargo(&["build", "--release", "--locked", "-p", "member", "--target", host])
        .env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    let target = release.parent().context("the target folder")?;
    let built = target.join(host).join("release/forewarn-member");
    let dynamic = stdout(Command::new("readelf").arg("--dynamic").arg(&built))?;
    ensure!(!dynamic.contains("(NEEDED)"), "`{}` needs a library of the host's:\n{dynamic}", built.display());
    fs::copy(&built, out.join("forewarn-member"))?;
    Ok(())
}

/// Writes manual pages and completions by the program itself.
fn describe(program: &Path, out: &Path) -> Result<()> {
    let manual = out.join("man");
    if manual.exists() {
        fs::remove_dir_all(&manual)?;
    }
    run(Command::new(program).arg("man").arg(&manual))?;
    // Without a name and an instant in it, so that the same page is the same file.
    run(Command::new("gzip").args(["--best", "--no-name", "--recursive"]).arg(&manual))?;
    let folder = out.join("completions");
    fs::create_dir_all(&folder)?;
    for (shell, name) in [("bash", "forewarn.bash"), ("zsh", "_forewarn"), ("fish", "forewarn.fish")] {
        let text = stdout(Command::new(program).args(["completions", shell]))?;
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// Checks how far the unit is closed off, where systemd is there to say so.
pub(crate) fn closed_off() -> Result<()> {
    if !succeeds(Command::new("systemd-analyze").arg("--version")) {
        println!("    systemd-analyze is not there: the unit's exposure is not looked at");
        return Ok(());
    }
    let threshold = format!("--threshold={EXPOSURE}");
    let unit = root().join("packaging/forewarn.service");
    stdout(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", &threshold])
            .arg(unit),
    )
    .map(|_| ())
}
