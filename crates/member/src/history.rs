//! Every checkpoint that was ever seen, each with the proof that the log only grew since the one before.
//!
//! A log that shows this member something else than it showed before, or than it shows others, is found out by
//! comparing histories.

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use tlog::{Checkpoint, Hash, LogVerifier, check_consistency};

const VERSION: u32 = 1;

/// Checkpoints by size, smallest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct History {
    v: u32,
    seen: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The signed checkpoint, as the log issued it.
    checkpoint: String,
    /// That it continues the one before.
    proof: Vec<Hash>,
}

impl Default for History {
    fn default() -> Self {
        Self { v: VERSION, seen: Vec::new() }
    }
}

impl History {
    /// Reads a history, and writes it again to see that not a byte of it is another.
    pub(crate) fn from_json(json: &[u8]) -> anyhow::Result<Self> {
        let history: Self = serde_json::from_slice(json).context("the history of checkpoints is damaged")?;
        ensure!(history.v == VERSION, "the history has version {}: update the tool", history.v);
        ensure!(history.to_json()? == json, "the history of checkpoints was changed");
        Ok(history)
    }

    pub(crate) fn to_json(&self) -> anyhow::Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }

    /// Checks every checkpoint against the key and against the one before; returns how many there are.
    pub(crate) fn verify(&self, verifier: &LogVerifier) -> anyhow::Result<usize> {
        let mut before: Option<Checkpoint> = None;
        for seen in &self.seen {
            let checkpoint = Checkpoint::open(seen.checkpoint.as_bytes(), verifier)?;
            match &before {
                None => ensure!(seen.proof.is_empty(), "the first checkpoint has a proof of nothing"),
                Some(before) => check_consistency(before, &checkpoint, &seen.proof)?,
            }
            before = Some(checkpoint);
        }
        Ok(self.seen.len())
    }

    /// Tells whether a verified checkpoint is in the history.
    pub(crate) fn knows(&self, checkpoint: &Checkpoint, verifier: &LogVerifier) -> bool {
        let same = |seen: &Seen| {
            Checkpoint::open(seen.checkpoint.as_bytes(), verifier).is_ok_and(|known| known == *checkpoint)
        };
        self.seen.iter().any(same)
    }

    /// Takes a checkpoint in, with proofs that it fits between those that are known.
    ///
    /// `prove` returns the proof between two sizes of the log, as the server gives it.
    pub(crate) fn admit(
        &mut self,
        note: &str,
        verifier: &LogVerifier,
        prove: impl Fn(u64, u64) -> anyhow::Result<Vec<Hash>>,
    ) -> anyhow::Result<Checkpoint> {
        let fresh = Checkpoint::open(note.as_bytes(), verifier)?;
        let (mut at, mut before) = (0, None);
        for (index, seen) in self.seen.iter().enumerate() {
            let known = Checkpoint::open(seen.checkpoint.as_bytes(), verifier)?;
            if known.size() == fresh.size() {
                if known.root() == fresh.root() {
                    return Ok(fresh);
                }
                bail!(
                    "the log shows another past: its {} entries had another root before. Keep this folder as evidence and tell other members",
                    known.size()
                );
            }
            if known.size() < fresh.size() {
                (at, before) = (index + 1, Some(known));
            }
        }
        let proof = match &before {
            None => Vec::new(),
            Some(before) => proved(before, &fresh, &prove)?,
        };
        if let Some(after) = self.seen.get_mut(at) {
            let newer = Checkpoint::open(after.checkpoint.as_bytes(), verifier)?;
            after.proof = proved(&fresh, &newer, &prove)?;
        }
        self.seen.insert(at, Seen { checkpoint: note.to_owned(), proof });
        Ok(fresh)
    }
}

fn proved(
    old: &Checkpoint,
    new: &Checkpoint,
    prove: &impl Fn(u64, u64) -> anyhow::Result<Vec<Hash>>,
) -> anyhow::Result<Vec<Hash>> {
    let proof = if old.size() == 0 { Vec::new() } else { prove(old.size(), new.size())? };
    check_consistency(old, new, &proof)
        .context("the log does not continue what it showed before: keep this folder as evidence")?;
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use tlog::{LogSigner, Tree, commitment, leaf_hash};

    use super::*;

    fn tree(of: u8, size: u64) -> Tree {
        let mut tree = Tree::new();
        for n in 0..size {
            tree.push(leaf_hash(&commitment(&[of; 16], &n.to_be_bytes())));
        }
        tree
    }

    fn note(tree: &Tree, signer: &LogSigner) -> String {
        Checkpoint::new(signer.name(), tree.len(), tree.root()).unwrap().sign(signer).unwrap()
    }

    fn signer() -> LogSigner {
        LogSigner::from_seed("log.example/a", &[7; 32]).unwrap()
    }

    #[test]
    fn a_log_that_shows_another_past_is_found_out() {
        let signer = signer();
        let verifier = signer.verifier();
        let (ours, theirs) = (tree(1, 40), tree(2, 40));
        let mut history = History::default();
        let prove = |of: &Tree| {
            let of = of.clone();
            move |old, new| Ok(of.consistency(old, new)?)
        };
        history.admit(&note(&tree(1, 10), &signer), &verifier, prove(&ours)).unwrap();
        let before = history.clone();
        assert!(history.admit(&note(&tree(2, 10), &signer), &verifier, prove(&theirs)).is_err());
        assert!(history.admit(&note(&theirs, &signer), &verifier, prove(&theirs)).is_err());
        assert!(history.admit(&note(&tree(2, 5), &signer), &verifier, prove(&theirs)).is_err());
        let stranger = LogSigner::from_seed("log.example/a", &[8; 32]).unwrap();
        assert!(history.admit(&note(&ours, &stranger), &verifier, prove(&ours)).is_err());
        assert_eq!(history, before);
    }

    #[test]
    fn checkpoints_fit_in_whatever_order_they_come() {
        let signer = signer();
        let verifier = signer.verifier();
        let whole = tree(1, 40);
        let mut history = History::default();
        for size in [10, 40, 3, 25, 10, 26] {
            let prove = |old, new| Ok(whole.consistency(old, new)?);
            history.admit(&note(&tree(1, size), &signer), &verifier, prove).unwrap();
        }
        assert_eq!(history.verify(&verifier).unwrap(), 5);
        let json = history.to_json().unwrap();
        assert_eq!(History::from_json(&json).unwrap(), history);
        for at in 0..json.len() {
            let mut changed = json.clone();
            changed[at] ^= 1;
            let read = History::from_json(&changed).and_then(|history| history.verify(&verifier));
            assert!(read.is_err(), "byte {at}");
        }
    }
}
