use proptest::prelude::*;
use tlog::{CheckpointError, LogSigner, Tree, leaf_hash};

use super::*;

const COPY: &[u8] = b"the copy of acme, with its own constants\n";
const SEQ: u64 = 3;

fn signer() -> LogSigner {
    LogSigner::from_seed("log.example/program", &[42; 32]).unwrap()
}

fn body(member: &str) -> Vec<u8> {
    let sha256 = Digest::of(COPY);
    format!(
        r#"{{"v":1,"at":"2026-03-10T17:00:00Z","actor":"timer","event":{{"grant":{{"given":{{"case":"c1","wave":"w1","item":"advisory.md","member":"{member}","sha256":"{sha256}","size":{},"policies":["lead-time"]}}}}}}}}"#,
        COPY.len()
    )
    .into_bytes()
}

fn opening(seq: u64, body: Vec<u8>) -> Opening {
    Opening { seq, salt: [0xab; 16], body }
}

/// A log of seven entries whose entry `SEQ` is the one given.
fn prove(entry: &Opening) -> Proof {
    let other = |i: u64| commitment(&[1; 16], &i.to_be_bytes());
    let tree: Tree = (0..7)
        .map(|i| if i == SEQ { commitment(&entry.salt, &entry.body) } else { other(i) })
        .map(|record| leaf_hash(&record))
        .collect();
    let checkpoint = Checkpoint::new(signer().name(), 7, tree.root()).unwrap();
    Proof {
        extra: None,
        index: SEQ,
        hashes: tree.inclusion(SEQ, 7).unwrap(),
        checkpoint: checkpoint.sign(&signer()).unwrap(),
    }
}

fn receipt() -> Receipt {
    let entry = opening(SEQ, body("acme"));
    let proof = prove(&entry);
    Receipt::issue(entry, &proof, &signer().verifier()).unwrap()
}

fn verify(receipt: &Receipt) -> Result<ReceiptFacts, ReceiptError> {
    receipt.verify(&signer().verifier(), Some(COPY))
}

#[test]
fn every_changed_byte_of_a_receipt_is_refused() {
    let json = receipt().to_json().unwrap();
    let check = |bytes: &[u8]| Receipt::from_json(bytes).and_then(|receipt| verify(&receipt));
    assert!(check(json.as_bytes()).is_ok());
    for at in 0..json.len() {
        for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut changed = json.clone().into_bytes();
            changed[at] ^= flip;
            assert!(check(&changed).is_err(), "byte {at} of {json} changed by {flip:#x} passes");
        }
        assert!(check(&json.as_bytes()[..at]).is_err());
    }
}

#[test]
fn a_changed_copy_is_named() {
    let receipt = receipt();
    for at in 0..COPY.len() {
        let mut copy = COPY.to_vec();
        copy[at] ^= 1;
        let refused = receipt.verify(&signer().verifier(), Some(&copy));
        assert!(matches!(refused, Err(ReceiptError::CopyChanged { .. })), "{refused:?}");
    }
    let refused = receipt.verify(&signer().verifier(), Some(&COPY[1..]));
    assert!(matches!(refused, Err(ReceiptError::CopySize { .. })), "{refused:?}");
    let refused = receipt.verify(&signer().verifier(), Some(b""));
    assert!(matches!(refused, Err(ReceiptError::CopySize { found: 0, .. })), "{refused:?}");
}

#[test]
fn a_changed_field_is_named() {
    let refused = |change: fn(&mut Receipt)| {
        let mut receipt = receipt();
        change(&mut receipt);
        verify(&receipt).unwrap_err()
    };
    let field = |error| match error {
        ReceiptError::Field { field, .. } => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(refused(|r| r.member = "other".into())), "member");
    assert_eq!(field(refused(|r| r.case = "c2".into())), "case");
    assert_eq!(field(refused(|r| r.item = "notice.md".into())), "item");
    assert_eq!(field(refused(|r| r.copy.sha256 = Digest::of(b"x"))), "copy.sha256");
    assert_eq!(field(refused(|r| r.copy.size += 1)), "copy.size");
    assert_eq!(refused(|r| r.v = 2), ReceiptError::Version { found: 2 });
    assert!(matches!(refused(|r| r.vkey.push('x')), ReceiptError::Vkey { .. }));
}

#[test]
fn a_changed_opening_or_proof_is_named() {
    let refused = |change: fn(&mut Receipt)| {
        let mut receipt = receipt();
        change(&mut receipt);
        verify(&receipt).unwrap_err()
    };
    let not_included = ReceiptError::Proof(ProofError::NotIncluded { index: SEQ, size: 7 });
    assert_eq!(refused(|r| r.opening.salt[0] ^= 1), not_included);
    assert_eq!(refused(|r| r.opening.body.push(b' ')), not_included);
    // Somebody else's grant under acme's proof.
    assert_eq!(refused(|r| r.opening.body = body("evil")), not_included);
    assert_eq!(refused(|r| r.opening.seq = 2), ReceiptError::Seq { opening: 2, proof: SEQ });
    let moved = refused(|r| {
        r.opening.seq = 2;
        r.proof = r.proof.replace("index 3", "index 2");
    });
    assert_eq!(moved, ReceiptError::Proof(ProofError::NotIncluded { index: 2, size: 7 }));
    assert_eq!(refused(|r| r.proof.clear()), ReceiptError::Proof(ProofError::Header));
    let unsigned = refused(|r| r.proof = r.proof.replace("\n7\n", "\n8\n"));
    assert!(
        matches!(unsigned, ReceiptError::Proof(ProofError::Checkpoint(CheckpointError::BadSignature { .. }))),
        "{unsigned:?}",
    );
}

#[test]
fn another_logs_receipt_is_refused_whatever_it_claims() {
    let other = LogSigner::from_seed("log.example/program", &[43; 32]).unwrap().verifier();
    let mut receipt = receipt();
    assert!(matches!(receipt.verify(&other, None), Err(ReceiptError::Vkey { .. })));
    receipt.vkey = other.to_string();
    let refused = receipt.verify(&other, None);
    assert!(
        matches!(
            refused,
            Err(ReceiptError::Proof(ProofError::Checkpoint(CheckpointError::UnknownKey { .. })))
        ),
        "{refused:?}",
    );
}

#[test]
fn an_entry_that_is_no_grant_makes_no_receipt() {
    let heartbeat = br#"{"v":1,"at":"2026-03-10T17:00:00Z","actor":"timer","event":{"heartbeat":{}}}"#;
    let entry = opening(SEQ, heartbeat.to_vec());
    let proof = prove(&entry);
    let refused = Receipt::issue(entry.clone(), &proof, &signer().verifier());
    assert!(matches!(refused, Err(ReceiptError::NotAGrant { .. })), "{refused:?}");

    // Logged and proven, but presented as a grant.
    let forged = Receipt { opening: entry, proof: proof.to_string(), ..receipt() };
    assert!(matches!(verify(&forged), Err(ReceiptError::NotAGrant { .. })));
}

#[test]
fn unreadable_json_is_refused() {
    let json = receipt().to_json().unwrap();
    assert!(matches!(Receipt::from_json(b"{}"), Err(ReceiptError::Json(_))));
    let newer = json.replacen(r#"{"v":1"#, r#"{"v":4,"more":1"#, 1);
    assert_eq!(Receipt::from_json(newer.as_bytes()), Err(ReceiptError::Version { found: 4 }));
    let unknown = json.replacen(r#"{"v":1"#, r#"{"v":1,"more":1"#, 1);
    assert!(matches!(Receipt::from_json(unknown.as_bytes()), Err(ReceiptError::Json(_))));
    let twice = json.replacen(r#""member":"acme""#, r#""member":"acme","member":"acme""#, 1);
    assert!(matches!(Receipt::from_json(twice.as_bytes()), Err(ReceiptError::Json(_))));
}

#[test]
fn a_true_receipt_tells_what_was_granted() {
    let facts = verify(&receipt()).unwrap();
    assert_eq!(
        (facts.member.as_str(), facts.case.as_str(), facts.wave.as_str(), facts.item.as_str()),
        ("acme", "c1", "w1", "advisory.md"),
    );
    assert_eq!((facts.copy.sha256, facts.copy.size), (Digest::of(COPY), COPY.len() as u64));
    assert_eq!((facts.seq, facts.checkpoint.size(), facts.copy_checked), (SEQ, 7, true));
    assert_eq!((facts.actor.as_str(), facts.at.to_string().as_str()), ("timer", "2026-03-10T17:00:00Z"));
    let without = receipt().verify(&signer().verifier(), None).unwrap();
    assert!(!without.copy_checked);
}

proptest! {
    #[test]
    fn json_round_trips(
        texts in prop::array::uniform5("\\PC{0,20}"),
        seq: u64,
        size: u64,
        salt: [u8; 16],
        hash: [u8; 32],
        body: Vec<u8>,
    ) {
        let [member, case, item, proof, vkey] = texts;
        let copy = CopyFacts { sha256: Digest::from_bytes(hash), size };
        let opening = Opening { seq, salt, body };
        let acknowledgement = None;
        let fetch = None;
        let receipt = Receipt { v: VERSION, member, case, item, copy, opening, proof, vkey, acknowledgement, fetch };
        let json = receipt.to_json().unwrap();
        prop_assert_eq!(Receipt::from_json(json.as_bytes()), Ok(receipt.clone()));
        prop_assert!(verify(&receipt).is_err());
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Receipt::from_json(&bytes).is_err());
    }
}
