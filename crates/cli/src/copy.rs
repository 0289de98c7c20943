//! `forewarn copy`: a member's sealed copies with their receipts.

mod list;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Subcommand;
use engine::{
    copy::{Copies, SealedCopy},
    export::{new_folder, write},
};
use package::{CopyEntry, Digest, Manifest, Receipt};
use program::id::{CaseId, MemberId};
use serde::Serialize;
use tlog::LogVerifier;

use crate::{
    args::Common,
    case::count,
    output::{self, UNSOUND},
    session::Session,
};

/// Name of the list of copies in an export.
const MANIFEST: &str = "manifest.json";

/// Export a member's sealed copies, or check such an export.
#[derive(Debug, Subcommand)]
pub(crate) enum CopyVerb {
    /// Write everything a member may have now: sealed copies, receipts, a manifest
    #[command(after_help = "\
Example:
  forewarn copy export --member acme ./for-acme
  age -d -i acme.agekey ./for-acme/ACME-2026-7/advisory.md.age

The policies are asked again: what a member may no longer have is not written.")]
    Export {
        /// Whose copies
        #[arg(long)]
        member: MemberId,
        /// A folder that is empty or not there
        out: PathBuf,
    },
    /// List how far copies have come: not granted, granted, fetched, acknowledged, by whom and when
    #[command(after_help = "\
Example:
  forewarn copy list
  forewarn copy list --case ACME-2026-7 --member acme --json")]
    List {
        /// Of this case alone
        #[arg(long)]
        case: Option<CaseId>,
        /// Of this member alone
        #[arg(long)]
        member: Option<MemberId>,
    },
    /// Check an export without the program: hashes, receipts, proofs
    Verify {
        /// The folder that was exported
        out: PathBuf,
        /// The log's verifier key that you pinned, instead of the one in the folder
        #[arg(long)]
        vkey: Option<String>,
    },
}

pub(crate) async fn run(common: &Common, verb: CopyVerb) -> anyhow::Result<ExitCode> {
    match verb {
        CopyVerb::Export { member, out } => {
            let session = Session::open(common).await?;
            let done = export(common, &session, &member, &out).await;
            session.close(done).await.map(|()| ExitCode::SUCCESS)
        }
        CopyVerb::List { case, member } => {
            let session = Session::open(common).await?;
            let done = list::list(common, &session, case.as_ref(), member.as_ref()).await;
            session.close(done).await.map(|()| ExitCode::SUCCESS)
        }
        CopyVerb::Verify { out, vkey } => verify(common, &out, vkey.as_deref()),
    }
}

async fn export(common: &Common, session: &Session, member: &MemberId, out: &Path) -> anyhow::Result<()> {
    let copies = session.engine.copies(member).await?;
    if copies.sealed.is_empty() {
        let says = match copies.held_back.first() {
            Some(held) => held.says.clone(),
            None => String::from("it was granted no copy yet"),
        };
        return Err(engine::StepError::NothingFor { member: member.clone(), says }.into());
    }
    new_folder(out)?;
    let vkey = fs::read_to_string(session.engine.folder().vkey())?;
    write(&out.join("vkey"), vkey.as_bytes())?;
    let mut entries = Vec::with_capacity(copies.sealed.len());
    for copy in &copies.sealed {
        entries.push(write_copy(out, copy)?);
    }
    let manifest = Manifest::new(entries)?;
    write(&out.join(MANIFEST), manifest.to_json()?.as_bytes())?;
    report(common, member, out, &copies)
}

fn write_copy(out: &Path, copy: &SealedCopy) -> anyhow::Result<CopyEntry> {
    let file = format!("{}/{}", copy.case, copy.item);
    let (sealed_file, receipt_file) = (format!("{file}.age"), format!("{file}.receipt.json"));
    write(&out.join(&sealed_file), &copy.sealed)?;
    write(&out.join(&receipt_file), copy.receipt.to_json()?.as_bytes())?;
    write(&out.join(format!("{file}.tlog-proof")), copy.receipt.proof.as_bytes())?;
    Ok(CopyEntry {
        case: copy.case.to_string(),
        item: copy.item.to_string(),
        class: copy.class.to_string(),
        tlp: copy.tlp.to_string().parse()?,
        file,
        sha256: copy.receipt.copy.sha256,
        size: copy.receipt.copy.size,
        sealed_sha256: Digest::of(&copy.sealed),
        sealed_size: copy.sealed.len() as u64,
        sealed_file,
        receipt_file: Some(receipt_file),
    })
}

fn report(common: &Common, member: &MemberId, out: &Path, copies: &Copies) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Row<'a> {
        case: &'a str,
        item: &'a str,
        written: bool,
        says: &'a str,
    }
    if common.json {
        let written = copies.sealed.iter().map(|copy| Row {
            case: copy.case.as_str(),
            item: copy.item.as_str(),
            written: true,
            says: "",
        });
        let held_back = copies.held_back.iter().map(|held| Row {
            case: held.case.as_str(),
            item: held.item.as_str(),
            written: false,
            says: &held.says,
        });
        return output::json(&written.chain(held_back).collect::<Vec<_>>());
    }
    output::say(format_args!(
        "wrote {} of `{member}` to `{}`, sealed to its key, each with its receipt",
        count(copies.sealed.len(), "copy").replace("copys", "copies"),
        out.display()
    ));
    for held in &copies.held_back {
        output::say(format_args!("held back: `{}` of `{}`: {}", held.item, held.case, held.says));
    }
    Ok(())
}

fn verify(common: &Common, out: &Path, vkey: Option<&str>) -> anyhow::Result<ExitCode> {
    let read = |name: &str| {
        let path = out.join(name);
        fs::read(&path).with_context(|| format!("`{}`", path.display()))
    };
    let text = match vkey {
        Some(given) => given.to_owned(),
        None => String::from_utf8_lossy(&read("vkey")?).into_owned(),
    };
    let verifier: LogVerifier = text.trim_end().parse().context("the log's verifier key")?;
    let manifest = Manifest::from_json(&read(MANIFEST)?)?;
    let mut problems = Vec::new();
    let mut checked = 0_u32;
    for copy in manifest.copies() {
        checked += 1;
        let sound = || -> anyhow::Result<()> {
            manifest.check(&copy.sealed_file, &read(&copy.sealed_file)?)?;
            let Some(name) = &copy.receipt_file else { anyhow::bail!("it has no receipt") };
            let facts = Receipt::from_json(&read(name)?)?.verify(&verifier, None)?;
            anyhow::ensure!(
                facts.copy.sha256 == copy.sha256 && facts.item == copy.item && facts.case == copy.case,
                "its receipt is for another copy"
            );
            Ok(())
        };
        if let Err(error) = sound() {
            problems.push(format!("`{}`: {error:#}", copy.sealed_file));
        }
    }
    if common.json {
        #[derive(Serialize)]
        struct Checked<'a> {
            sound: bool,
            checked: u32,
            problems: &'a [String],
        }
        output::json(&Checked { sound: problems.is_empty(), checked, problems: &problems })?;
    } else {
        problems.iter().for_each(output::say);
        output::say(format_args!("{checked} copies checked, {} do not fit", problems.len()));
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}
