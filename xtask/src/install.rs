//! Installs what the checks need where that is possible, and says so.

use crate::exec::{cargo, root, run, stdout, succeeds};
use crate::steps::Skips;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian packages: the outside judges for sealing, log, rules and the Go library they use; the solver of the proofs;
/// the second database.
const PACKAGES: [&str; 8] =
    ["age", "golang-go", "golang-golang-x-mod-dev", "yara", "gnupg", "cvc5", "python3-venv", "postgresql"];

/// Cargo subcommands with the versions the checks were written against.
const TOOLS: [(&str, &str); 2] = [("nextest", "0.9.143"), ("deny", "0.20.2")];

/// The judge of the interface, with the version that the check was written against.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The judges of mail and of requests to endpoints, with the versions that the checks were written against.
const AIOSMTPD: &str = "aiosmtpd==1.4.6";
const WEBHOOKS: &str = "standardwebhooks==1.1.0";

/// A server that speaks S3, with the version that the tests were written against.
const MOTO: &str = "moto[server,s3]==5.2.5";

/// Installs the missing Debian packages and cargo tools, and the judge of the interface.
///
/// # Errors
/// Never for a tool that cannot be installed: the step that needs it skips its part and says so.
pub(crate) fn all(skips: &mut Skips) -> Result<()> {
    packages(skips)?;
    for (tool, version) in TOOLS {
        if succeeds(&mut cargo(&[tool, "--version"])) {
            continue;
        }
        let name = format!("cargo-{tool}");
        println!("    {name} is missing: building {version}, which takes some minutes");
        if let Err(error) = run(&mut cargo(&["install", "--locked", "--version", version, &name])) {
            skips.push(format!("`{name}` could not be installed: {error}"));
        }
    }
    let wanted = [
        (schemathesis().exists(), SCHEMATHESIS),
        (moto().exists(), MOTO),
        (takes_notices(), AIOSMTPD),
        (takes_notices(), WEBHOOKS),
    ];
    for (there, package) in wanted {
        if !there && let Err(error) = install_python(package) {
            skips.push(format!("`{package}` could not be installed: {error}"));
        }
    }
    Ok(())
}

/// Says what of the tests' servers is missing; tests on it are left out then.
pub(crate) fn servers(skips: &mut Skips) {
    let found = |program: &str| succeeds(Command::new(program).arg("--version"));
    let debian = std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| versions.next().is_some());
    if !debian && !found("initdb") {
        skips.push("PostgreSQL is missing; nothing was tested on it".to_owned());
    }
    if !moto().exists() && !succeeds(Command::new("moto_server").arg("--help")) {
        skips.push("moto_server is missing; nothing was tested on S3".to_owned());
    }
}

fn moto() -> PathBuf {
    judges().join("bin").join("moto_server")
}

/// Returns where the judge of the interface is, in a folder of its own that outlives a checkout.
pub(crate) fn schemathesis() -> PathBuf {
    judges().join("bin").join("schemathesis")
}

/// Returns the Python that the judges were installed for.
pub(crate) fn python() -> PathBuf {
    judges().join("bin").join("python3")
}

/// Tells whether the judges of mail and of requests to endpoints are there.
pub(crate) fn takes_notices() -> bool {
    succeeds(Command::new(python()).args(["-c", "import aiosmtpd, standardwebhooks"]))
}

fn judges() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(|| root().join("target")).join("forewarn-judges")
}

fn install_python(package: &str) -> Result<()> {
    println!("    {package} is missing: installing it");
    run(Command::new("python3").args(["-m", "venv"]).arg(judges()))?;
    run(Command::new(judges().join("bin").join("pip")).args(["install", "--quiet", package]))
}

/// Installs the missing Debian packages.
///
/// # Errors
/// As for [`all`].
pub(crate) fn packages(skips: &mut Skips) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        println!(
            "    not Debian: age, Go, yara, GnuPG, cvc5 and PostgreSQL are used when they are in the path"
        );
        return Ok(());
    }
    let missing: Vec<&str> = PACKAGES.into_iter().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        println!("    Debian packages present: {}", PACKAGES.join(" "));
        return Ok(());
    }
    let user = stdout(Command::new("id").arg("-u"))?;
    if user.trim() != "0" {
        println!("    missing: {}; install them with apt-get to run every judge", missing.join(" "));
        return Ok(());
    }
    println!("    installing with apt-get: {}", missing.join(" "));
    let result = run(apt().args(["update", "-qq"]))
        .and_then(|()| run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing)));
    if let Err(error) = result {
        skips.push(format!("Debian packages could not be installed ({}): {error}", missing.join(" ")));
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    stdout(Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]))
        .is_ok_and(|status| status == "install ok installed")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
