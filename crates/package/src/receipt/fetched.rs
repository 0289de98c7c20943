//! A member's signed request within a receipt: the entry of the first fetch, opened and proved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tlog::{Checkpoint, LogVerifier};

use super::{Opening, ReceiptError, proved};
use crate::{
    fetching::SKEW,
    grant::{Fetching, Given},
};

/// The entry of the copy's first fetch, opened, with its proof; there is none when the request was not signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// What the log's record commits to.
    pub opening: Opening,
    /// Inclusion proof with the same checkpoint as the grant's.
    pub proof: String,
}

/// What a verified first fetch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFacts {
    /// When it was logged.
    pub at: Timestamp,
    /// Index of its entry in the log.
    pub seq: u64,
    /// When the member made the request, by its own clock.
    pub created: Timestamp,
    /// The host that it asked.
    pub authority: String,
    /// The member's key that signed, which the program had confirmed.
    pub key: crate::MemberVerifier,
}

impl Fetched {
    /// Checks proof and signature against the grant that it belongs to.
    pub(super) fn verify(
        &self,
        verifier: &LogVerifier,
        checkpoint: &Checkpoint,
        grant: u64,
        given: &Given,
    ) -> Result<FetchFacts, ReceiptError> {
        let fail = |says: &str| ReceiptError::Fetch(says.to_owned());
        if proved(&self.opening, &self.proof, verifier)? != *checkpoint {
            return Err(fail("it is proved against another checkpoint than the grant"));
        }
        let (at, found) = Fetching::read(&self.opening.body)
            .map_err(|says| ReceiptError::Fetch(format!("its log entry is none: {says}")))?;
        let same = (found.case == given.case, found.item == given.item, found.member == given.member);
        if same != (true, true, true) || self.opening.seq <= grant {
            return Err(fail("it is of another copy"));
        }
        let signed = found.signed.ok_or_else(|| fail("its request was not signed"))?;
        let made =
            signed.check(&given.case, &given.item).map_err(|error| ReceiptError::Fetch(error.to_string()))?;
        if made.created.duration_since(at) > SKEW {
            return Err(fail("it was logged before it was made"));
        }
        let (authority, key) = (signed.authority, signed.key);
        Ok(FetchFacts { at, seq: self.opening.seq, created: made.created, authority, key })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        Acknowledgement, Digest, MemberSigner, Receipt,
        fetching::{FetchStatement, SignedFetch},
        receipt::acknowledged::tests::{COPY, acknowledging, entry, given, prove, signer, tree},
    };

    const LOGGED: &str = "2026-03-10T17:00:00Z";

    fn statement() -> FetchStatement {
        FetchStatement {
            authority: "warn.example".into(),
            case: "c1".into(),
            item: "a.md".into(),
            query: None,
            token: Digest::of(b"token"),
        }
    }

    /// A request made by the member's key, as the log keeps it.
    fn signed(statement: &FetchStatement, later: SignedDuration) -> SignedFetch {
        let signer = MemberSigner::from_random(&[5; 32]);
        let created = LOGGED.parse::<Timestamp>().unwrap().checked_add(later).unwrap();
        let fields = statement.sign(&signer, created, [1; 16]).unwrap();
        statement.received(&fields, &signer.verifier(), created).unwrap().0
    }

    fn event(member: &str, item: &str, signed: Option<&SignedFetch>) -> String {
        let signed = signed.map(|it| format!(r#","signed":{}"#, serde_json::to_string(it).unwrap()));
        let signed = signed.unwrap_or_default();
        format!(r#"{{"fetched":{{"case":"c1","item":"{item}","member":"{member}","token":"T1"{signed}}}}}"#)
    }

    /// A receipt whose first fetch is entry `seq` with this event.
    fn receipt(seq: u64, event: &str) -> Result<Receipt, ReceiptError> {
        let (verifier, grant, fetch) = (signer().verifier(), entry(3, &given()), entry(seq, event));
        let whole = tree(&[&grant, &fetch], 9);
        let plain = Receipt::issue(grant, &prove(&whole, 3), &verifier).unwrap();
        plain.with_fetch(fetch, &prove(&whole, seq), &verifier)
    }

    #[test]
    fn a_fetch_of_anything_else_makes_no_receipt() {
        let good = signed(&statement(), SignedDuration::ZERO);
        assert!(receipt(5, &event("acme", "a.md", Some(&good))).is_ok());
        let mut elsewhere = good.clone();
        elsewhere.authority = "other.example".into();
        let mut other_token = good.clone();
        other_token.token = Digest::of(b"another");
        let mut other_key = good.clone();
        other_key.key = MemberSigner::from_random(&[6; 32]).verifier();
        let other_item = signed(&FetchStatement { item: "b.md".into(), ..statement() }, SignedDuration::ZERO);
        let early = signed(&statement(), SignedDuration::from_secs(6));
        for (number, (seq, event)) in [
            (5, event("bolt", "a.md", Some(&good))),
            (5, event("acme", "b.md", Some(&good))),
            (5, event("acme", "a.md", None)),
            (5, event("acme", "a.md", Some(&elsewhere))),
            (5, event("acme", "a.md", Some(&other_token))),
            (5, event("acme", "a.md", Some(&other_key))),
            (5, event("acme", "a.md", Some(&other_item))),
            (5, event("acme", "a.md", Some(&early))),
            (5, given()),
            (2, event("acme", "a.md", Some(&good))),
        ]
        .into_iter()
        .enumerate()
        {
            let refused = receipt(seq, &event);
            assert!(matches!(refused, Err(ReceiptError::Fetch(_))), "{number}: {refused:?}");
        }
    }

    #[test]
    fn every_changed_byte_of_a_receipt_with_a_fetch_is_refused() {
        let verifier = signer().verifier();
        let good = signed(&statement(), SignedDuration::ZERO);
        let receipt = receipt(5, &event("acme", "a.md", Some(&good))).unwrap();
        let facts = receipt.verify(&verifier, Some(COPY)).unwrap().fetched.unwrap();
        assert_eq!((facts.seq, facts.at.to_string().as_str()), (5, LOGGED));
        assert_eq!((facts.authority.as_str(), facts.key), ("warn.example", good.key));
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
        without.fetch = None;
        assert!(without.verify(&verifier, None).is_err(), "taken out, the version does not fit");
    }

    #[test]
    fn a_fetch_and_an_acknowledgement_stand_in_one_receipt() {
        let verifier = signer().verifier();
        let good = signed(&statement(), SignedDuration::ZERO);
        let (grant, fetch) = (entry(3, &given()), entry(4, &event("acme", "a.md", Some(&good))));
        let seen = tree(&[&grant, &fetch], 5);
        let plain = Receipt::issue(grant.clone(), &prove(&seen, 3), &verifier).unwrap();
        let acknowledged = acknowledging(6, Acknowledgement::of(&plain, &verifier, COPY).unwrap());
        let whole = tree(&[&grant, &fetch, &acknowledged], 9);
        let receipt = Receipt::issue(grant, &prove(&whole, 3), &verifier)
            .and_then(|it| it.with_fetch(fetch, &prove(&whole, 4), &verifier))
            .and_then(|it| it.with_acknowledgement(acknowledged, &prove(&whole, 6), &verifier))
            .unwrap();
        let json = receipt.to_json().unwrap();
        assert!(json.starts_with(r#"{"v":3,"#), "{json}");
        let facts = Receipt::from_json(json.as_bytes()).unwrap().verify(&verifier, Some(COPY)).unwrap();
        assert_eq!((facts.fetched.unwrap().seq, facts.acknowledged.unwrap().seq), (4, 6));
    }
}
