//! What a member keeps: a proof that its entry is in the log, readable without the log.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use thiserror::Error;

use crate::{
    Checkpoint, CheckpointError, Commitment, Hash, LogVerifier,
    checkpoint::{decimal, root},
    leaf_hash,
};

/// First line of the text. **Source:** C2SP tlog-proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Longest possible inclusion proof, in hashes, for sizes below 2^63.
const LONGEST: usize = 63;

/// Inclusion proof of one record with the checkpoint it leads to; files carry the extension `.tlog-proof`.
///
/// **Source:** C2SP tlog-proof; the hashes as in RFC 6962 section 2.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Data of the application's own; nothing authenticates it.
    pub extra: Option<Vec<u8>>,
    /// The record's index in the log, counted from 0.
    pub index: u64,
    /// The siblings from the leaf up to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, byte for byte as the log issued it.
    pub checkpoint: String,
}

/// A proof that does not read or does not prove.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The first line is not the format's.
    #[error("not a proof: its first line must be `c2sp.org/tlog-proof@v1`")]
    Header,
    /// The line with the extra data is not base64.
    #[error("the proof's line `extra` is not base64: fetch the proof again")]
    Extra,
    /// The line with the index is missing or is no plain decimal number.
    #[error("the proof's line `index` is missing or is not a plain decimal number: fetch the proof again")]
    Index,
    /// A hash line is not the base64 of 32 bytes, or there are more than any tree has.
    #[error("hash {line} of the proof is not the base64 of a SHA-256 hash, or is one too many")]
    Hash {
        /// Hash at fault, counted from 1.
        line: usize,
    },
    /// No empty line with a checkpoint after it.
    #[error("the proof ends without its checkpoint: it was cut off, fetch it again")]
    Cut,
    /// The checkpoint cannot be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead from the record to the checkpoint's root.
    #[error(
        "the record is not entry {index} of the log of {size} entries: the record, the index or the proof was \
         changed, fetch them again"
    )]
    NotIncluded {
        /// Index that the proof claims, counted from 0.
        index: u64,
        /// Size of the checkpoint.
        size: u64,
    },
}

impl Proof {
    /// Checks that the log, which `verifier` speaks for, contains the record at the proof's index, and returns
    /// the verified checkpoint.
    ///
    /// # Errors
    ///
    /// [`ProofError::Checkpoint`] when the checkpoint is at fault, [`ProofError::NotIncluded`] otherwise.
    pub fn verify(&self, verifier: &LogVerifier, record: &Commitment) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), verifier)?;
        let refused = ProofError::NotIncluded { index: self.index, size: checkpoint.size() };
        if self.hashes.len() > LONGEST {
            return Err(refused);
        }
        let path = self.hashes.iter().map(|&hash| hash.into()).collect();
        let (size, root) = (checkpoint.size(), checkpoint.root().into());
        tlog_tiles::check_record(&path, size, root, self.index, leaf_hash(record).into())
            .map_err(|_| refused)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64_STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<Self, ProofError> {
        let rest =
            text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n')).ok_or(ProofError::Header)?;
        let (extra, rest) = match rest.strip_prefix("extra ") {
            None => (None, rest),
            Some(rest) => {
                let (line, rest) = rest.split_once('\n').ok_or(ProofError::Cut)?;
                (Some(BASE64_STANDARD.decode(line).map_err(|_| ProofError::Extra)?), rest)
            }
        };
        let rest = rest.strip_prefix("index ").ok_or(ProofError::Index)?;
        let (line, mut rest) = rest.split_once('\n').ok_or(ProofError::Cut)?;
        let index = decimal(line).ok_or(ProofError::Index)?;
        let mut hashes = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(ProofError::Cut)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            let number = hashes.len() + 1;
            let hash = root(line).filter(|_| number <= LONGEST).ok_or(ProofError::Hash { line: number })?;
            hashes.push(hash);
        }
        if rest.is_empty() {
            return Err(ProofError::Cut);
        }
        Ok(Self { extra, index, hashes, checkpoint: rest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{LogSigner, Tree, commitment};

    const ORIGIN: &str = "log.example/program";
    const SIZE: u64 = 70;

    fn signer() -> LogSigner {
        LogSigner::from_seed(ORIGIN, &[42; 32]).unwrap()
    }

    fn record(index: u64) -> Commitment {
        commitment(&[9; 16], &index.to_be_bytes())
    }

    fn proof(index: u64, size: u64) -> Proof {
        let tree: Tree = (0..size).map(|i| leaf_hash(&record(i))).collect();
        let checkpoint = Checkpoint::new(ORIGIN, size, tree.root()).unwrap();
        Proof {
            extra: None,
            index,
            hashes: tree.inclusion(index, size).unwrap(),
            checkpoint: checkpoint.sign(&signer()).unwrap(),
        }
    }

    fn verify(text: &str, index: u64) -> Result<Checkpoint, ProofError> {
        text.parse::<Proof>()?.verify(&signer().verifier(), &record(index))
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let text = proof(3, 7).to_string();
        assert!(verify(&text, 3).is_ok());
        for at in 0..text.len() {
            for flip in 1..=255 {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= flip;
                if let Ok(changed) = String::from_utf8(changed) {
                    assert!(verify(&changed, 3).is_err(), "byte {at} changed by {flip:#x} passes");
                }
            }
            if let Some(cut) = text.get(..at) {
                assert!(verify(cut, 3).is_err(), "cut at {at} it passes");
            }
        }
    }

    #[test]
    fn a_proof_is_for_its_own_record_and_index_only() {
        for index in 0..SIZE {
            let proof = proof(index, SIZE);
            let verifier = signer().verifier();
            assert_eq!(proof.verify(&verifier, &record(index)).unwrap().size(), SIZE);
            let refused = ProofError::NotIncluded { index, size: SIZE };
            assert_eq!(proof.verify(&verifier, &record(1_000)), Err(refused));
            for other in (0..SIZE + 3).chain([u64::MAX]).filter(|&other| other != index) {
                let moved = Proof { index: other, ..proof.clone() };
                assert_eq!(
                    moved.verify(&verifier, &record(index)),
                    Err(ProofError::NotIncluded { index: other, size: SIZE }),
                );
            }
        }
    }

    #[test]
    fn another_logs_proof_is_refused() {
        let other = LogSigner::from_seed("other.example", &[42; 32]).unwrap();
        let refused = proof(3, 7).verify(&other.verifier(), &record(3));
        assert!(matches!(refused, Err(ProofError::Checkpoint(CheckpointError::UnknownKey { .. }))));
    }

    #[test]
    fn damage_is_named() {
        let text = proof(3, 7).to_string();
        let parse = |text: String| text.parse::<Proof>().err();
        assert_eq!(parse(String::new()), Some(ProofError::Header));
        assert_eq!(parse(text.replace("@v1", "@v2")), Some(ProofError::Header));
        assert_eq!(parse(text.replace("index 3", "index 03")), Some(ProofError::Index));
        assert_eq!(parse(text.replace("index 3", "extra *\nindex 3")), Some(ProofError::Extra));
        assert_eq!(parse(text.replace("index 3\n", "index 3\nAAAA\n")), Some(ProofError::Hash { line: 1 }));
        let hash = format!("{}\n", BASE64_STANDARD.encode([1; 32]));
        let endless = text.replace("index 3\n", &format!("index 3\n{}", hash.repeat(100_000)));
        assert_eq!(parse(endless), Some(ProofError::Hash { line: 64 }));
        let (head, _) = text.split_once("\n\n").unwrap();
        assert_eq!(parse(format!("{head}\n\n")), Some(ProofError::Cut));
        assert_eq!(parse(head.to_owned()), Some(ProofError::Cut));
    }

    #[test]
    fn extra_data_travels_but_proves_nothing() {
        let with = Proof { extra: Some(b"hint".to_vec()), ..proof(3, 7) };
        let text = with.to_string();
        assert_eq!(text.parse::<Proof>().unwrap(), with);
        assert!(verify(&text, 3).is_ok());
        let other = Proof { extra: Some(Vec::new()), ..with };
        assert_eq!(other.to_string().parse::<Proof>().unwrap(), other);
        assert!(verify(&other.to_string(), 3).is_ok());
    }

    proptest! {
        #[test]
        fn texts_round_trip(
            extra: Option<Vec<u8>>,
            index: u64,
            hashes in prop::collection::vec(any::<[u8; 32]>(), 0..=LONGEST),
            checkpoint in "\\PC{1,80}\n",
        ) {
            let hashes = hashes.into_iter().map(Hash::from_bytes).collect();
            let proof = Proof { extra, index, hashes, checkpoint };
            prop_assert_eq!(proof.to_string().parse::<Proof>().unwrap(), proof);
        }

        #[test]
        fn no_text_panics(text in "(c2sp.org/tlog-proof@v1\n)?(extra \\PC{0,9}\n)?(index [0-9]{0,22}\n)?\\PC{0,50}\n{0,3}\\PC{0,9}") {
            let _ = verify(&text, 0);
        }
    }
}
