//! What a member signs when it has opened its copy.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tlog::{Hash, LogVerifier};

use crate::{Digest, MemberSigner, MemberVerifier, Receipt, ReceiptError, Signature};

/// First line of what is signed: nothing else that a member's key signs begins with it.
const DOMAIN: &str = "forewarn.acknowledgement/v1";

/// A member's word that it opened the copy of a grant, and which log it saw that grant in.
///
/// Signed are nine lines, each ended by a line feed: `forewarn.acknowledgement/v1`, the log's name, member, case,
/// item, the number of the grant's entry, SHA-256 of the opened copy, size and root of the log that the receipt was
/// checked against. Numbers are decimal, hashes 64 lower-case hexadecimal digits.
///
/// **Source:** Ed25519 (RFC 8032) over these bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Name of the log: the origin of its checkpoints.
    pub origin: String,
    /// Who signs.
    pub member: String,
    /// Which case.
    pub case: String,
    /// Which item.
    pub item: String,
    /// The grant's entry.
    pub seq: u64,
    /// SHA-256 of the opened copy.
    pub sha256: Digest,
    /// How many entries the log had that the member saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Hash,
}

/// An acknowledgement on its way to the program: what it cannot know without the member, and the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAcknowledgement {
    /// The grant's entry.
    pub seq: u64,
    /// SHA-256 of the opened copy.
    pub sha256: Digest,
    /// How many entries the log had that the member saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Hash,
    /// The key that signed.
    pub key: MemberVerifier,
    /// The signature.
    pub signature: Signature,
}

/// An acknowledgement that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AcknowledgementError {
    /// A name would make two statements one.
    #[error("`{0}` has a control character in it and is no name that can be signed")]
    Name(String),
    /// The signature is another's, or of something else.
    #[error("the signature is not that of this key over this acknowledgement: sign it again")]
    Signature,
}

impl Acknowledgement {
    /// Says what there is to sign for a copy that was opened: the receipt is checked first, against the pinned key and
    /// the copy.
    ///
    /// # Errors
    ///
    /// As [`Receipt::verify`].
    pub fn of(receipt: &Receipt, verifier: &LogVerifier, copy: &[u8]) -> Result<Self, ReceiptError> {
        let facts = receipt.verify(verifier, Some(copy))?;
        Ok(Self {
            origin: verifier.name().to_owned(),
            member: facts.member,
            case: facts.case,
            item: facts.item,
            seq: facts.seq,
            sha256: facts.copy.sha256,
            tree_size: facts.checkpoint.size(),
            root: facts.checkpoint.root(),
        })
    }

    /// Signs it.
    ///
    /// # Errors
    ///
    /// [`AcknowledgementError::Name`] for names that no program has.
    pub fn sign(&self, signer: &MemberSigner) -> Result<SignedAcknowledgement, AcknowledgementError> {
        let Self { seq, sha256, tree_size, root, .. } = *self;
        let (key, signature) = (signer.verifier(), signer.sign(&self.to_bytes()?));
        Ok(SignedAcknowledgement { seq, sha256, tree_size, root, key, signature })
    }

    /// Checks a signature of it.
    ///
    /// # Errors
    ///
    /// [`AcknowledgementError::Signature`] for any other key or text.
    pub fn check(&self, key: &MemberVerifier, signature: &Signature) -> Result<(), AcknowledgementError> {
        if key.signed(&self.to_bytes()?, signature) { Ok(()) } else { Err(AcknowledgementError::Signature) }
    }

    /// Writes what is signed.
    ///
    /// # Errors
    ///
    /// [`AcknowledgementError::Name`] for a name that could pass as two lines.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AcknowledgementError> {
        let Self { origin, member, case, item, seq, sha256, tree_size, root } = self;
        if let Some(bad) =
            [origin, member, case, item].into_iter().find(|name| name.contains(char::is_control))
        {
            return Err(AcknowledgementError::Name(bad.escape_debug().to_string()));
        }
        let text =
            format!("{DOMAIN}\n{origin}\n{member}\n{case}\n{item}\n{seq}\n{sha256}\n{tree_size}\n{root}\n");
        Ok(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Acknowledgement {
        Acknowledgement {
            origin: "log.example/program".into(),
            member: "acme".into(),
            case: "c1".into(),
            item: "advisory.md".into(),
            seq: 12,
            sha256: Digest::of(b"copy"),
            tree_size: 40,
            root: Hash::from_bytes([9; 32]),
        }
    }

    #[test]
    fn the_signed_bytes_are_these() {
        let expected = "forewarn.acknowledgement/v1\nlog.example/program\nacme\nc1\nadvisory.md\n12\n\
            5c7c3bd7bf6d05f6ecedd6e0b9cda0c9a79e58ed8d95bcc3c8e7bd3acc57a6a4\n40\n\
            0909090909090909090909090909090909090909090909090909090909090909\n";
        let hash = Digest::of(b"copy").to_string();
        let expected =
            expected.replace("5c7c3bd7bf6d05f6ecedd6e0b9cda0c9a79e58ed8d95bcc3c8e7bd3acc57a6a4", &hash);
        assert_eq!(statement().to_bytes().unwrap(), expected.as_bytes());
    }

    #[test]
    fn no_other_statement_and_no_other_key_fits_the_signature() {
        let signer = MemberSigner::from_random(&[1; 32]);
        let signed = statement().sign(&signer).unwrap();
        statement().check(&signed.key, &signed.signature).unwrap();
        let changes: [fn(&mut Acknowledgement); 8] = [
            |it| it.origin.push('x'),
            |it| it.member = "bolt".into(),
            |it| it.case = "c2".into(),
            |it| it.item = "notice.md".into(),
            |it| it.seq = 13,
            |it| it.sha256 = Digest::of(b"other"),
            |it| it.tree_size = 41,
            |it| it.root = Hash::from_bytes([8; 32]),
        ];
        for change in changes {
            let mut other = statement();
            change(&mut other);
            assert_eq!(other.check(&signed.key, &signed.signature), Err(AcknowledgementError::Signature));
        }
        let stranger = MemberSigner::from_random(&[2; 32]).verifier();
        assert_eq!(statement().check(&stranger, &signed.signature), Err(AcknowledgementError::Signature));
    }

    #[test]
    fn names_that_hold_line_feeds_are_not_signed() {
        let mut bad = statement();
        bad.case = "c1\nadvisory.md".into();
        assert!(matches!(bad.to_bytes(), Err(AcknowledgementError::Name(_))));
    }
}
