//! `forewarn-member acknowledge`: signs that copies were opened.

use anyhow::{Context as _, bail, ensure};
use package::{Acknowledgement, MemberSigner, Receipt};
use serde::Serialize;
use tlog::LogVerifier;

use crate::{
    args::AcknowledgeArgs,
    client::Client,
    files,
    history::History,
    out::{HISTORY, Names, Out, SUMS, VKEY},
    output,
    settings::{Home, given},
    sums::Sums,
};

/// A copy that was acknowledged now, or was before.
#[derive(Debug, Serialize)]
struct Done {
    copy: String,
    new: bool,
}

/// Everything that one run needs.
struct Acknowledger {
    client: Client,
    signer: MemberSigner,
    out: Out,
    verifier: LogVerifier,
}

pub(crate) fn run(json: bool, home: &Home, args: &AcknowledgeArgs) -> anyhow::Result<()> {
    let settings = home.settings()?;
    let known = settings.as_ref();
    let out = Out::at(&given(&args.out, known.map(|it| &it.out), "--out")?);
    let signer = files::signer(&given(&args.signing_key, known.map(|it| &it.signing_key), "--signing-key")?)?;
    let client = Client::new(&home.server(&args.server)?)?;
    let pinned =
        out.maybe(VKEY)?.context("nothing was fetched there yet: run `forewarn-member fetch` first")?;
    let verifier = String::from_utf8(pinned)?.trim_end().parse().context("the pinned log key")?;
    Acknowledger { client, signer, out, verifier }.all(json)
}

impl Acknowledger {
    /// Acknowledges every copy of the folder. One that fails does not keep the others.
    fn all(&self, json: bool) -> anyhow::Result<()> {
        let (mut history, mut sums) = (self.out.history()?, self.out.sums()?);
        let copies: Vec<String> =
            sums.0.keys().filter_map(|name| name.strip_suffix(".receipt.json")).map(str::to_owned).collect();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for copy in copies {
            match self.one(&copy, &mut history, &mut sums) {
                Ok(new) => done.push(Done { copy, new }),
                Err(error) => failed.push(error.context(format!("`{copy}`"))),
            }
        }
        let new = done.iter().filter(|copy| copy.new).count();
        if json {
            output::json(&done)?;
        } else {
            for Done { copy, .. } in done.iter().filter(|copy| copy.new) {
                output::say(format_args!("{copy}"));
            }
            output::say(format_args!("{new} acknowledged now, {} before", done.len() - new));
        }
        match failed.len() {
            0 => Ok(()),
            1 => Err(failed.remove(0)),
            several => {
                failed.iter().for_each(output::complain);
                bail!("{several} copies were not acknowledged: mend what is said above, then run this again")
            }
        }
    }

    /// Acknowledges one copy, checked against its receipt first; tells whether it was not before.
    fn one(&self, copy: &str, history: &mut History, sums: &mut Sums) -> anyhow::Result<bool> {
        let (case, item) = copy.split_once('/').context("it is not where a copy lies")?;
        let names = Names::of(case, item);
        let receipt = Receipt::from_json(&self.out.read(&names.receipt)?)?;
        let statement = Acknowledgement::of(&receipt, &self.verifier, &self.out.read(&names.copy)?)?;
        ensure!(statement.case == case && statement.item == item, "its receipt is for another copy");
        if receipt.acknowledgement.is_some() {
            return Ok(false);
        }
        let signed = statement.sign(&self.signer)?;
        let answered =
            self.client.post(&format!("/api/v1/cases/{case}/items/{item}/acknowledge"), &signed)?;
        let receipt = Receipt::from_json(&answered)?;
        let facts = receipt.verify(&self.verifier, Some(&self.out.read(&names.copy)?))?;
        let taken =
            facts.acknowledged.context("the program answered with a receipt that lacks the signature")?;
        ensure!(
            taken.key == self.signer.verifier()
                && (facts.seq, &facts.member) == (statement.seq, &statement.member),
            "the program answered with another receipt: tell its operators"
        );
        ensure!(
            receipt.to_json()?.as_bytes() == answered,
            "its receipt is not written as receipts are: update the tool"
        );
        let proof: tlog::Proof = receipt.proof.parse()?;
        history.admit(&proof.checkpoint, &self.verifier, |old, new| self.client.consistency(old, new))?;
        self.out.write(HISTORY, &history.to_json()?)?;
        self.out.write(&names.receipt, &answered)?;
        self.out.write(&names.proof, receipt.proof.as_bytes())?;
        for file in [HISTORY, &names.receipt, &names.proof] {
            sums.0.insert(file.to_owned(), package::Digest::of(&self.out.read(file)?));
        }
        self.out.write(SUMS, sums.to_text().as_bytes())?;
        Ok(true)
    }
}
