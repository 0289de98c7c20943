//! A member's acknowledgement within a receipt: the entry that holds its signature, opened and proved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tlog::{Checkpoint, LogVerifier};

use super::{Opening, ReceiptError, proved};
use crate::{
    Acknowledgement,
    grant::{Acknowledging, Given},
};

/// The entry that acknowledges the copy, opened, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledged {
    /// What the log's record commits to.
    pub opening: Opening,
    /// Inclusion proof with the same checkpoint as the grant's.
    pub proof: String,
}

/// What a verified acknowledgement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgementFacts {
    /// When it was logged.
    pub at: Timestamp,
    /// Index of its entry in the log.
    pub seq: u64,
    /// The member's key that signed, which the program had confirmed.
    pub key: crate::MemberVerifier,
}

impl Acknowledged {
    /// Checks proof and signature against the grant that it belongs to.
    pub(super) fn verify(
        &self,
        verifier: &LogVerifier,
        checkpoint: &Checkpoint,
        grant: u64,
        given: &Given,
    ) -> Result<AcknowledgementFacts, ReceiptError> {
        let fail = |says: &str| ReceiptError::Acknowledgement(says.to_owned());
        if proved(&self.opening, &self.proof, verifier)? != *checkpoint {
            return Err(fail("it is proved against another checkpoint than the grant"));
        }
        let (at, found) = Acknowledging::read(&self.opening.body)
            .map_err(|says| ReceiptError::Acknowledgement(format!("its log entry is none: {says}")))?;
        let same = (found.case == given.case, found.item == given.item, found.member == given.member);
        if same != (true, true, true) || found.grant != grant || found.sha256 != given.sha256 {
            return Err(fail("it is for another grant"));
        }
        // The member saw the grant, and the log took the signature in after what it saw.
        if found.tree_size <= grant || found.tree_size > self.opening.seq {
            return Err(fail("it speaks of a log that does not lie between the grant and itself"));
        }
        let statement = Acknowledgement {
            origin: verifier.name().to_owned(),
            member: found.member,
            case: found.case,
            item: found.item,
            seq: found.grant,
            sha256: found.sha256,
            tree_size: found.tree_size,
            root: found.root,
        };
        statement
            .check(&found.key, &found.signature)
            .map_err(|error| ReceiptError::Acknowledgement(error.to_string()))?;
        Ok(AcknowledgementFacts { at, seq: self.opening.seq, key: found.key })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use tlog::{LogSigner, Proof, Tree, commitment, leaf_hash};

    use super::*;
    use crate::{Digest, MemberSigner, Receipt};

    pub(in super::super) const COPY: &[u8] = b"the copy of acme\n";
    /// The grant's entry, and the acknowledgement's.
    const PLACES: (u64, u64) = (3, 6);

    pub(in super::super) fn signer() -> LogSigner {
        LogSigner::from_seed("log.example/program", &[42; 32]).unwrap()
    }

    pub(in super::super) fn entry(seq: u64, event: &str) -> Opening {
        let body =
            format!(r#"{{"v":1,"at":"2026-03-10T17:00:00Z","actor":"member","event":{{"grant":{event}}}}}"#);
        Opening { seq, salt: [seq as u8; 16], body: body.into_bytes() }
    }

    pub(in super::super) fn given() -> String {
        let (sha256, size) = (Digest::of(COPY), COPY.len());
        format!(
            r#"{{"given":{{"case":"c1","wave":"w1","item":"a.md","member":"acme","sha256":"{sha256}","size":{size}}}}}"#
        )
    }

    pub(in super::super) fn tree(entries: &[&Opening], size: u64) -> Tree {
        let known = |seq| entries.iter().find(|entry| entry.seq == seq);
        let record = |seq: u64| match known(seq) {
            Some(entry) => commitment(&entry.salt, &entry.body),
            None => commitment(&[0; 16], &seq.to_be_bytes()),
        };
        (0..size).map(|seq| leaf_hash(&record(seq))).collect()
    }

    pub(in super::super) fn prove(tree: &Tree, seq: u64) -> Proof {
        let checkpoint = Checkpoint::new(signer().name(), tree.len(), tree.root()).unwrap();
        let hashes = tree.inclusion(seq, tree.len()).unwrap();
        Proof { extra: None, index: seq, hashes, checkpoint: checkpoint.sign(&signer()).unwrap() }
    }

    /// The entry of a signed acknowledgement.
    pub(in super::super) fn acknowledging(seq: u64, statement: Acknowledgement) -> Opening {
        let signed = statement.sign(&MemberSigner::from_random(&[5; 32])).unwrap();
        let Acknowledgement { member, case, item, .. } = statement;
        let signed = serde_json::to_string(&signed).unwrap().replacen("\"seq\"", "\"grant\"", 1);
        let more = format!(r#"{{"case":"{case}","item":"{item}","member":"{member}","#);
        let acknowledged = signed.replacen('{', &more, 1);
        entry(seq, &format!(r#"{{"acknowledged":{acknowledged}}}"#))
    }

    /// A receipt whose acknowledgement is signed over a statement that `change` touched.
    fn receipt(change: impl Fn(&mut Acknowledgement)) -> Result<Receipt, ReceiptError> {
        let verifier = signer().verifier();
        let grant = entry(PLACES.0, &given());
        let seen = tree(&[&grant], 5);
        let plain = Receipt::issue(grant.clone(), &prove(&seen, PLACES.0), &verifier).unwrap();
        let mut statement = Acknowledgement::of(&plain, &verifier, COPY).unwrap();
        change(&mut statement);
        let acknowledged = acknowledging(PLACES.1, statement);
        let whole = tree(&[&grant, &acknowledged], 9);
        let plain = Receipt::issue(grant, &prove(&whole, PLACES.0), &verifier).unwrap();
        plain.with_acknowledgement(acknowledged, &prove(&whole, PLACES.1), &verifier)
    }

    #[test]
    fn an_acknowledgement_of_anything_else_makes_no_receipt() {
        let changes: [fn(&mut Acknowledgement); 7] = [
            |it| it.member = "bolt".into(),
            |it| it.case = "c2".into(),
            |it| it.item = "b.md".into(),
            |it| it.seq = 2,
            |it| it.sha256 = Digest::of(b"other"),
            // Before the grant, and after itself.
            |it| it.tree_size = 3,
            |it| it.tree_size = 7,
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let refused = receipt(change);
            assert!(matches!(refused, Err(ReceiptError::Acknowledgement(_))), "{at}: {refused:?}");
        }
        // Signed for another log of the same shape.
        let refused = receipt(|it| it.origin = "log.example/other".into());
        assert!(matches!(refused, Err(ReceiptError::Acknowledgement(_))), "{refused:?}");
    }

    #[test]
    fn every_changed_byte_of_an_acknowledged_receipt_is_refused() {
        let verifier = signer().verifier();
        let receipt = receipt(|_| {}).unwrap();
        let facts = receipt.verify(&verifier, Some(COPY)).unwrap();
        let acknowledged = facts.acknowledged.unwrap();
        assert_eq!((facts.seq, acknowledged.seq), PLACES);
        assert_eq!(acknowledged.key, MemberSigner::from_random(&[5; 32]).verifier());
        let json = receipt.to_json().unwrap();
        let check = |bytes: &[u8]| Receipt::from_json(bytes).and_then(|it| it.verify(&verifier, Some(COPY)));
        for at in 0..json.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = json.clone().into_bytes();
                changed[at] ^= flip;
                assert!(check(&changed).is_err(), "byte {at} of {json} changed by {flip:#x} passes");
            }
        }
        let mut without = receipt;
        without.acknowledgement = None;
        assert!(without.verify(&verifier, None).is_err(), "taken out, the version does not fit");
    }
}
