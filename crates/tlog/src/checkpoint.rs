//! A tree head, signed: what the log promises about everything before it.

use base64::{Engine, prelude::BASE64_STANDARD};
use signed_note::{Note, NoteError, VerifierList};
use thiserror::Error;

use crate::{
    Hash, LogSigner, LogVerifier,
    hash::{EMPTY_ROOT, HASH_SIZE},
    key::check_name,
};

/// Largest size that every reader of the format can hold: Go reads it into a signed 64-bit integer.
const LARGEST: u64 = i64::MAX as u64;

/// The root over the first `size` entries of the log named `origin`.
///
/// **Source:** C2SP tlog-checkpoint. The log writes no extension lines, and reading ignores them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

/// A checkpoint that cannot be trusted or made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// The bytes are no signed note.
    #[error(
        "not a checkpoint: expected text, an empty line and signature lines, as C2SP signed-note has them"
    )]
    Malformed,
    /// No signature by the expected key.
    #[error("the checkpoint has no signature by `{key}`: check that the verifier key belongs to this log")]
    UnknownKey {
        /// Name and id of the expected key.
        key: String,
    },
    /// The signature by the expected key does not fit the text.
    #[error("the checkpoint was changed after `{key}` signed it, or it is a forgery: fetch it again")]
    BadSignature {
        /// Name and id of the expected key.
        key: String,
    },
    /// The first line names another log.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// Name of the expected key.
        expected: String,
        /// First line of the checkpoint.
        found: String,
    },
    /// The origin cannot be a log's name.
    #[error("a checkpoint's origin must not be empty nor hold spaces, control characters or `+`")]
    OriginName,
    /// The second line is not a plain decimal size.
    #[error("the checkpoint's size `{found}` is not a plain decimal number up to 9223372036854775807")]
    Size {
        /// Second line of the checkpoint.
        found: String,
    },
    /// The third line is not a root, or not the one of an empty log although the size is 0.
    #[error("the checkpoint's root `{found}` is not the base64 of a SHA-256 hash that fits its size")]
    Root {
        /// Third line of the checkpoint.
        found: String,
    },
}

impl Checkpoint {
    /// Makes a checkpoint that is not signed yet.
    ///
    /// # Errors
    ///
    /// Refuses an origin that is no log's name, a size above 2^63 - 1, and a size of 0 with a root.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        check_name(origin).map_err(|_| CheckpointError::OriginName)?;
        if size > LARGEST {
            return Err(CheckpointError::Size { found: size.to_string() });
        }
        if size == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::Root { found: BASE64_STANDARD.encode(root.as_bytes()) });
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Signs the checkpoint and returns the note's text: what `checkpoint` in the log's folder holds.
    ///
    /// A log must never sign two checkpoints of one size with different roots, so the caller makes the entries
    /// durable first and signs what [`Tree::extends`] accepted.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Origin`] when the signer is another log's.
    ///
    /// [`Tree::extends`]: crate::Tree::extends
    pub fn sign(&self, signer: &LogSigner) -> Result<String, CheckpointError> {
        self.check_origin(signer.name())?;
        let mut note = Note::new(self.text().as_bytes(), &[]).map_err(|_| CheckpointError::Malformed)?;
        note.add_sigs(&[signer]).map_err(|_| CheckpointError::Malformed)?;
        String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Malformed)
    }

    /// Opens a signed note: checks the signature first, then reads the text.
    ///
    /// Signatures by other keys (witnesses) are ignored.
    ///
    /// # Errors
    ///
    /// Says whether the signature, the origin, the size or the root is at fault.
    pub fn open(note: &[u8], verifier: &LogVerifier) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(note).map_err(|_| CheckpointError::Malformed)?;
        let known = VerifierList::new(vec![Box::new(verifier.clone())]);
        note.verify(&known).map_err(|error| match error {
            NoteError::InvalidSignature { .. } => CheckpointError::BadSignature { key: verifier.short() },
            NoteError::UnverifiedNote => CheckpointError::UnknownKey { key: verifier.short() },
            _ => CheckpointError::Malformed,
        })?;
        let checkpoint = Self::read(note.text())?;
        checkpoint.check_origin(verifier.name())?;
        Ok(checkpoint)
    }

    /// Returns the log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root over these entries.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root.as_bytes()))
    }

    fn read(text: &[u8]) -> Result<Self, CheckpointError> {
        let text = std::str::from_utf8(text).map_err(|_| CheckpointError::Malformed)?;
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Malformed);
        let (origin, size_line, root_line) = (line()?, line()?, line()?);
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        let size = decimal(size_line).ok_or_else(|| CheckpointError::Size { found: shown(size_line) })?;
        let root = root(root_line).ok_or_else(|| CheckpointError::Root { found: shown(root_line) })?;
        Self::new(origin, size, root)
    }

    fn check_origin(&self, expected: &str) -> Result<(), CheckpointError> {
        if self.origin == expected {
            return Ok(());
        }
        Err(CheckpointError::Origin { expected: expected.to_owned(), found: shown(&self.origin) })
    }
}

/// Reads a decimal number that has no second spelling: no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number = text.parse::<u64>().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Reads one base64 line of 32 bytes; the decoder refuses second spellings.
pub(crate) fn root(line: &str) -> Option<Hash> {
    let bytes: [u8; HASH_SIZE] = BASE64_STANDARD.decode(line).ok()?.try_into().ok()?;
    Some(Hash::from_bytes(bytes))
}

fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
