//! `forewarn-member fetch`: every copy that may be had now, opened, with receipts and proofs.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use package::{Digest, Identity, MemberSigner, Receipt};
use serde::Serialize;
use tlog::LogVerifier;

use crate::{
    args::FetchArgs,
    client::{Client, Line, Me, is_passing},
    files,
    history::History,
    names, open,
    out::{HISTORY, Names, Out, SUMS, VKEY},
    output,
    settings::{Home, Settings, given},
    sums::Sums,
    watch,
};

/// A copy that was fetched now, or was there.
#[derive(Debug, Serialize)]
struct Fetched {
    case: String,
    item: String,
    file: String,
    size: u64,
    new: bool,
}

/// Everything that one look at the program needs.
pub(crate) struct Fetcher<'a> {
    client: Client,
    out: Out,
    identity: Identity,
    /// What requests are signed with, once the program confirmed it.
    signer: Option<MemberSigner>,
    /// The log's key that was given, or pinned when enrolling.
    vkey: Option<String>,
    args: &'a FetchArgs,
    json: bool,
}

pub(crate) fn run(json: bool, home: &Home, args: &FetchArgs) -> anyhow::Result<()> {
    let settings = home.settings()?;
    let known = settings.as_ref();
    let reached = home.server(&args.server)?;
    let path = given(&args.identity, known.map(|it| &it.identity), "--identity")?;
    let (identity, signer) = (open::identity(&path)?, signer(args, known, &path)?);
    let out = Out::at(&given(&args.out, known.map(|it| &it.out), "--out")?);
    let pinned = known.filter(|it| it.url == reached.url).map(|it| it.vkey.clone());
    let vkey = args.vkey.clone().or(pinned);
    let fetcher = Fetcher { client: Client::new(&reached)?, out, identity, signer, vkey, args, json };
    if args.watch { watch::run(&fetcher) } else { fetcher.once() }
}

impl Fetcher<'_> {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches what is to be had and not there yet. One copy that fails does not keep the others.
    pub(crate) fn once(&self) -> anyhow::Result<()> {
        let me = self.client.me()?;
        self.out.create()?;
        let verifier = self.pinned()?;
        let mut history = self.out.history()?;
        let mut sums = self.out.sums()?;
        self.admit(&mut history, &self.client.checkpoint()?, &verifier)?;
        let (mut fetched, mut failed) = (Vec::new(), Vec::new());
        for line in self.client.copies()? {
            match self.one(&me, &line, &verifier, &mut history, &mut sums) {
                Ok(copy) => fetched.push(copy),
                Err(error) => failed.push(error.context(format!("`{}/{}`", line.case, line.item))),
            }
        }
        self.list(&mut sums, &[VKEY, HISTORY])?;
        self.report(&fetched)?;
        match failed.len() {
            0 => Ok(()),
            1 => Err(failed.remove(0)),
            several => {
                failed.iter().for_each(output::complain);
                bail!("{several} copies were not fetched: run this again, it goes on where it stopped")
            }
        }
    }

    fn one(
        &self,
        me: &Me,
        line: &Line,
        verifier: &LogVerifier,
        history: &mut History,
        sums: &mut Sums,
    ) -> anyhow::Result<Fetched> {
        let (case, item) = (names::check(&line.case)?, names::check(&line.item)?);
        let names = Names::of(case, item);
        let files = [names.copy.as_str(), names.receipt.as_str(), names.proof.as_str()];
        let listed = sums.0.get(&names.copy).is_some_and(|digest| digest.to_string() == line.sha256);
        if listed && files.iter().all(|file| self.out.fits(sums, file)) {
            let size = fs::metadata(self.out.path(&names.copy))?.len();
            return Ok(fetched(case, item, names.copy, size, false));
        }
        let copy = self.opened(me, case, item)?;
        let json = self.client.receipt(case, item)?;
        let receipt = Receipt::from_json(&json)?;
        let facts = receipt.verify(verifier, Some(&copy))?;
        ensure!(
            facts.member == me.member && facts.case == case && facts.item == item,
            "its receipt is for another copy: tell the program's operators"
        );
        ensure!(
            receipt.to_json()?.as_bytes() == json,
            "its receipt is not written as receipts are: update the tool"
        );
        let proof: tlog::Proof = receipt.proof.parse()?;
        self.admit(history, &proof.checkpoint, verifier)?;
        self.out.write(&names.receipt, &json)?;
        self.out.write(&names.proof, receipt.proof.as_bytes())?;
        self.out.write(&names.copy, &copy)?;
        self.list(sums, &[&files[..], &[VKEY, HISTORY]].concat())?;
        self.hook(case, item, &self.out.path(&names.copy))?;
        Ok(fetched(case, item, names.copy, copy.len() as u64, true))
    }

    /// Fetches a sealed copy, from where an earlier attempt stopped, and opens it.
    fn opened(&self, me: &Me, case: &str, item: &str) -> anyhow::Result<Vec<u8>> {
        let part = self.out.part(case, item)?;
        let tag = part.with_extension("tag");
        let there = fs::metadata(&part).map_or(0, |found| found.len());
        let known = fs::read_to_string(&tag).ok().filter(|_| there > 0);
        let from = known.as_deref().map(|known| (there, known));
        let signer = self.signer_for(me)?;
        let mut coming = match self.client.copy(case, item, from, signer) {
            // Whose clock is wrong, or behind whose proxy the host is another, gets its copies as before.
            Err(error) if signer.is_some() && !me.signature_required && !is_passing(&error) => {
                output::aside(format_args!("fetched without a signature: {error:#}"));
                self.client.copy(case, item, from, None)?
            }
            coming => coming?,
        };
        let mut file = if coming.goes_on {
            OpenOptions::new().append(true).open(&part)?
        } else {
            fs::write(&tag, &coming.tag)?;
            File::create(&part)?
        };
        let bar = bar(item, coming.size);
        let done = pump(&mut coming.bytes, &mut file, &bar);
        bar.finish_and_clear();
        done.context("the connection broke off: run this again, it goes on where it stopped")?;
        let opened = package::open(&fs::read(&part)?, &self.identity);
        // Whole or not, what is there is done with: bytes that do not open are fetched anew.
        fs::remove_file(&part)?;
        fs::remove_file(&tag)?;
        Ok(opened?)
    }

    /// Returns what to sign with: the key that the program confirmed, if it is ours. One that nobody compared yet would
    /// be refused, where nothing may be asked of it.
    fn signer_for(&self, me: &Me) -> anyhow::Result<Option<&MemberSigner>> {
        let ours = |signer: &&MemberSigner| me.fetch_key.as_ref() == Some(&signer.verifier().fingerprint());
        let found = self.signer.as_ref().filter(ours);
        ensure!(
            found.is_some() || !me.signature_required,
            "the program takes signed fetches alone, by the key {}: give its file with `--signing-key`, or have your key's fingerprint compared with an operator",
            me.fetch_key.as_deref().unwrap_or("that is to be compared again")
        );
        Ok(found)
    }

    /// Returns the log's key: the pinned one, the one that was given, or the server's for the first time.
    fn pinned(&self) -> anyhow::Result<LogVerifier> {
        let given = self.vkey.as_deref().map(str::parse::<LogVerifier>).transpose().context("`--vkey`")?;
        if let Some(text) = self.out.maybe(VKEY)? {
            let pinned: LogVerifier = String::from_utf8_lossy(&text).trim_end().parse()?;
            ensure!(
                given.is_none_or(|given| given == pinned),
                "`{}` pinned another key than `--vkey` says: use a new folder, and ask the program's operators why",
                self.out.root().display()
            );
            return Ok(pinned);
        }
        let verifier = match given {
            Some(given) => given,
            None => {
                let told: LogVerifier = self.client.vkey()?.trim_end().parse()?;
                output::aside(format_args!(
                    "pinned the log key `{told}`, as the server told it: compare it with what you were told over another channel"
                ));
                told
            }
        };
        self.out.write(VKEY, format!("{verifier}\n").as_bytes())?;
        Ok(verifier)
    }

    fn admit(&self, history: &mut History, note: &str, verifier: &LogVerifier) -> anyhow::Result<()> {
        history.admit(note, verifier, |old, new| self.client.consistency(old, new))?;
        self.out.write(HISTORY, &history.to_json()?)
    }

    /// Lists files as they are now.
    fn list(&self, sums: &mut Sums, files: &[&str]) -> anyhow::Result<()> {
        for file in files {
            sums.0.insert((*file).to_owned(), Digest::of(&self.out.read(file)?));
        }
        self.out.write(SUMS, sums.to_text().as_bytes())
    }

    fn hook(&self, case: &str, item: &str, file: &Path) -> anyhow::Result<()> {
        let Some(command) = &self.args.exec else { return Ok(()) };
        let status = Command::new("sh")
            .args(["-c", command])
            .env("FOREWARN_CASE", case)
            .env("FOREWARN_ITEM", item)
            .env("FOREWARN_FILE", file)
            .status()
            .with_context(|| format!("`{command}`"))?;
        // The copy is there and listed; what the hook made of it is the hook's affair.
        if !status.success() {
            output::aside(format_args!("`{command}` ended with {status} for `{case}/{item}`"));
        }
        Ok(())
    }

    fn report(&self, copies: &[Fetched]) -> anyhow::Result<()> {
        if self.json {
            return output::json(&copies);
        }
        let new: Vec<&Fetched> = copies.iter().filter(|copy| copy.new).collect();
        for copy in &new {
            output::say(format_args!("{}  {} bytes", self.out.path(&copy.file).display(), copy.size));
        }
        if !self.args.watch || !new.is_empty() {
            output::say(format_args!(
                "{} new, {} there already; each fits its receipt, and the log",
                new.len(),
                copies.len() - new.len()
            ));
        }
        Ok(())
    }
}

/// Reads the key to sign with: the one that was named, or remembered, or that lies beside the other key.
fn signer(
    args: &FetchArgs,
    known: Option<&Settings>,
    identity: &Path,
) -> anyhow::Result<Option<MemberSigner>> {
    if let Some(path) = &args.signing_key {
        return files::signer(path).map(Some);
    }
    let remembered = known.filter(|it| it.identity == identity).map(|it| it.signing_key.clone());
    let path = remembered.unwrap_or_else(|| files::beside(identity));
    if path.exists() { files::signer(&path).map(Some) } else { Ok(None) }
}

fn fetched(case: &str, item: &str, file: String, size: u64, new: bool) -> Fetched {
    Fetched { case: case.to_owned(), item: item.to_owned(), file, size, new }
}

fn bar(item: &str, size: Option<u64>) -> ProgressBar {
    let watched = io::stderr().is_terminal();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(size, target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(item.to_owned());
    bar
}

fn pump(from: &mut dyn io::Read, to: &mut File, bar: &ProgressBar) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return to.sync_all() };
        to.write_all(bytes)?;
        bar.inc(read as u64);
    }
}
