//! `forewarn backup` and `forewarn restore`: copies that were tried, and two people before a restored program goes on.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use engine::{
    Clock, Engine, Entropy,
    backup::Manifest,
    keys::read_as,
    progress::Progress,
    restore::{KeySource, Request, accept, restore},
    verify::{Verification, verify},
};
use package::{Identity, MemberKey};
use serde::Serialize;

use crate::{
    args::Common,
    output::{self, Bar, UNSOUND},
    places::PlaceArgs,
    session::{Session, data},
};

/// Copy the program into a folder, while it is at work.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn backup --data ./program ./backup-2026-06-01 --drill

A backup holds every entry, every blob, what was published, and a manifest of hashes. Keys are in it only with
`--keys-to age1…`, sealed to that age key: keep its secret key elsewhere. `--drill` restores the backup into a temporary
folder with the present keys and checks everything there; exit code 3 when something does not fit.

What is logged after a backup is not in it, and members may hold copies granted since: keep a standby or an archive
of the write-ahead log of PostgreSQL besides, and the newest checkpoint on another disk or in S3.")]
pub(crate) struct BackupArgs {
    /// A folder that is empty or not there
    to: PathBuf,
    /// Seal the keys to this age key (age1…) and put them into the backup
    #[arg(long, value_name = "KEY")]
    keys_to: Option<MemberKey>,
    /// Restore the backup into a temporary folder and verify it
    #[arg(long)]
    drill: bool,
}

/// Restore a program from a backup, or accept what a restore has lost.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn restore ./backup-2026-06-01 --data ./program --identity backup.agekey --newest ./head
  forewarn restore --accept --data ./program --reason \"disk of 2 June\" --as alice
  forewarn restore --accept --data ./program --reason \"disk of 2 June\" --as bob

Everything is checked before anything is made: every file by its hash, every entry, the log against its checkpoint. The
restored program does not start until two people have said `--accept`: the log then holds both heads, what was restored
and the newest checkpoint that is known. Give that one with `--newest`: the file `checkpoint` of the lost data folder, or
of anybody who saved one; with `--blobs` in S3 it is found there. Members whose checkpoints are newer will notice.")]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(required_unless_present = "accept", conflicts_with = "accept")]
    backup: Option<PathBuf>,
    /// The age secret key that the keys in the backup are sealed to
    #[arg(long, value_name = "FILE", conflicts_with_all = ["keys", "accept"])]
    identity: Option<PathBuf>,
    /// The folder of keys, where they were kept apart from the backup
    #[arg(long, value_name = "DIR", conflicts_with = "accept")]
    keys: Option<PathBuf>,
    /// The newest checkpoint that is known
    #[arg(long, value_name = "FILE", conflicts_with = "accept")]
    newest: Option<PathBuf>,
    #[command(flatten)]
    places: PlaceArgs,
    /// Say that the restored program goes on without what it lacks; takes effect when a second operator says the same
    #[arg(long, requires = "reason")]
    accept: bool,
    /// What happened
    #[arg(long, requires = "accept", value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) async fn run(common: &Common, args: BackupArgs) -> anyhow::Result<ExitCode> {
    let session = Session::open(common).await?;
    let done = session.engine.backup(&args.to, args.keys_to.as_ref(), &Bar::new()).await;
    let keys = session.engine.folder().keys();
    let manifest = session.close(done.map_err(Into::into)).await?;
    let drill = if args.drill { Some(drill(&args.to, keys).await?) } else { None };
    let sound = drill.as_ref().is_none_or(|drill| drill.sound);
    if common.json {
        #[derive(Serialize)]
        struct Done<'a> {
            backup: &'a Path,
            manifest: &'a Manifest,
            drill: Option<&'a Verification>,
        }
        output::json(&Done { backup: &args.to, manifest: &manifest, drill: drill.as_ref() })?;
    } else {
        told(&args.to, &manifest);
        if let Some(found) = &drill {
            drilled(found);
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}

fn told(to: &Path, manifest: &Manifest) {
    let files = manifest.files.len();
    output::say(format_args!(
        "backed up {} entries in {files} files to `{}`",
        manifest.entries,
        to.display()
    ));
    output::say(if manifest.keys {
        "the keys are in it, sealed; without the secret key that opens them it is of no use"
    } else {
        "the keys are not in it: without a copy of the folder `keys` it is of no use"
    });
}

fn drilled(found: &Verification) {
    if found.sound {
        let checked: u64 = found.checks.iter().map(|check| check.checked).sum();
        return output::say(format_args!("drill: restored and verified, {checked} checks, everything fits"));
    }
    output::say("drill: the restored backup does NOT fit:");
    for problem in found.checks.iter().flat_map(|check| &check.problems) {
        output::say(format_args!("  {problem}"));
    }
}

/// Restores a backup where nobody works with it, and checks everything.
async fn drill(backup: &Path, keys: PathBuf) -> anyhow::Result<Verification> {
    let scratch = Scratch::beside(backup)?;
    let root = scratch.0.join("program");
    let bar = Bar::new();
    let wanted = engine::places::Wanted::default();
    let keys = KeySource::Folder(keys);
    let request = Request { backup, root: &root, keys: &keys, wanted: &wanted, newest: None };
    restore(&request, Clock::system().now(), &bar as &dyn Progress).await.context("drill")?;
    Ok(verify(&root, &bar).await)
}

/// A folder that goes away, on the disk of the backup, where there is room.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(backup: &Path) -> anyhow::Result<Self> {
        let mut name = backup.file_name().unwrap_or_default().to_owned();
        name.push(format!(".drill-{}", std::process::id()));
        let path = backup.with_file_name(name);
        std::fs::create_dir(&path).with_context(|| format!("`{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays holds keys, and says so by its name.
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            output::aside(format_args!("warning: remove `{}`, it holds keys: {error}", self.0.display()));
        }
    }
}

pub(crate) async fn run_restore(common: &Common, args: RestoreArgs) -> anyhow::Result<()> {
    let root = data(common)?;
    let Some(backup) = args.backup else {
        return run_accept(common, root, args.reason.unwrap_or_default()).await;
    };
    let keys = match (args.identity, args.keys) {
        (Some(path), _) => KeySource::Sealed(read_as(&path, Identity::parse)?),
        (None, Some(folder)) => KeySource::Folder(folder),
        (None, None) => anyhow::bail!(
            "which keys? give `--identity FILE` for those sealed in the backup, or `--keys DIR` for a folder of them"
        ),
    };
    let wanted = args.places.wanted()?;
    let request =
        Request { backup: &backup, root, keys: &keys, wanted: &wanted, newest: args.newest.as_deref() };
    let restored = restore(&request, Clock::system().now(), &Bar::new()).await?;
    if common.json {
        return output::json(&restored);
    }
    output::say(format_args!(
        "restored {} entries and {} blobs, as they were at {}",
        restored.entries, restored.blobs, restored.made
    ));
    if restored.lost > 0 {
        output::say(format_args!(
            "{} entries are LOST: the newest checkpoint that is known has {}; members may hold copies granted in them",
            restored.lost, restored.known
        ));
    } else {
        output::say("no newer checkpoint is known: whether later entries are lost, nothing here can tell");
    }
    let data = root.display();
    output::say(format_args!(
        "it does not start until two people run `forewarn restore --accept --data {data} --reason … --as USER`"
    ));
    Ok(())
}

async fn run_accept(common: &Common, root: &Path, reason: String) -> anyhow::Result<()> {
    let actor =
        common.actor.as_ref().context("who acts? name an operator with `--as USER` or FOREWARN_USER")?;
    let accepted = accept(root, actor, reason, &Clock::system(), &Entropy::System).await?;
    if common.json {
        return output::json(&accepted);
    }
    let (have, newest) = (&accepted.loss.have, &accepted.loss.newest);
    output::say(format_args!("restored: {} entries, root {}", have.size, have.root));
    output::say(format_args!("newest checkpoint known: {} entries, root {}", newest.size, newest.root));
    if newest.size > have.size {
        output::say(format_args!("lost: entries {} to {}", have.size, newest.size - 1));
    }
    if !accepted.done {
        output::say("noted; it starts again when another operator says the same");
        return Ok(());
    }
    let engine = Engine::open(root, Clock::system(), Entropy::System).await?;
    engine.close().await;
    output::say("two people have said so: the program starts again");
    Ok(())
}
