use proptest::prelude::*;

use super::*;
use crate::{Tree, commitment, leaf_hash};

const ORIGIN: &str = "log.example/program";

fn signer() -> LogSigner {
    LogSigner::from_seed(ORIGIN, &[42; 32]).unwrap()
}

fn root_of(size: u64) -> Hash {
    (0..size).map(|i| leaf_hash(&commitment(&[3; 16], &i.to_be_bytes()))).collect::<Tree>().root()
}

fn signed(text: &str) -> Vec<u8> {
    let mut note = Note::new(text.as_bytes(), &[]).unwrap();
    note.add_sigs(&[&signer()]).unwrap();
    note.to_bytes()
}

fn open(note: &[u8]) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(note, &signer().verifier())
}

#[test]
fn every_changed_byte_is_refused() {
    let note = Checkpoint::new(ORIGIN, 70, root_of(70)).unwrap().sign(&signer()).unwrap();
    assert!(open(note.as_bytes()).is_ok());
    for at in 0..note.len() {
        for flip in 1..=255 {
            let mut changed = note.clone().into_bytes();
            changed[at] ^= flip;
            assert!(open(&changed).is_err(), "byte {at} changed by {flip:#x} passes");
        }
        let mut shorter = note.clone().into_bytes();
        shorter.remove(at);
        assert!(open(&shorter).is_err(), "without byte {at} it passes");
        assert!(open(&note.as_bytes()[..at]).is_err());
    }
}

#[test]
fn another_key_is_unknown_and_its_forgery_is_refused() {
    let note = Checkpoint::new(ORIGIN, 3, root_of(3)).unwrap().sign(&signer()).unwrap();
    let other = LogSigner::from_seed(ORIGIN, &[43; 32]).unwrap();
    let refused = Checkpoint::open(note.as_bytes(), &other.verifier());
    assert!(matches!(refused, Err(CheckpointError::UnknownKey { .. })), "{refused:?}");

    // The honest text under the forger's signature, labelled with the honest key's id.
    let forged = Checkpoint::new(ORIGIN, 3, root_of(2)).unwrap().sign(&other).unwrap();
    let (_, label) = note.rsplit_once("— ").unwrap();
    let (text, line) = forged.rsplit_once("— ").unwrap();
    let bytes = |line: &str| BASE64_STANDARD.decode(line.trim_end().rsplit(' ').next().unwrap()).unwrap();
    let mut signature = bytes(line);
    signature[..4].copy_from_slice(&bytes(label)[..4]);
    let forged = format!("{text}— {ORIGIN} {}\n", BASE64_STANDARD.encode(signature));
    let refused = open(forged.as_bytes());
    assert!(matches!(refused, Err(CheckpointError::BadSignature { .. })), "{refused:?}");
}

#[test]
fn signed_nonsense_is_refused_by_line() {
    let root = BASE64_STANDARD.encode(root_of(3).as_bytes());
    let at = |text: String| open(&signed(&text)).unwrap_err();
    assert_eq!(
        at(format!("other.example\n3\n{root}\n")),
        CheckpointError::Origin { expected: ORIGIN.into(), found: "other.example".into() },
    );
    for size in ["03", "+3", "-3", "3 ", "", "x", "9223372036854775808", "18446744073709551616", "1e1"] {
        assert_eq!(at(format!("{ORIGIN}\n{size}\n{root}\n")), CheckpointError::Size { found: size.into() });
    }
    for root in ["", "AAAA", root.trim_end_matches('='), &format!("{root}="), &root.replace('=', "A")] {
        assert_eq!(at(format!("{ORIGIN}\n3\n{root}\n")), CheckpointError::Root { found: root.into() });
    }
    let empty = at(format!("{ORIGIN}\n0\n{root}\n"));
    assert_eq!(empty, CheckpointError::Root { found: root.clone() });
    assert_eq!(at(format!("{ORIGIN}\n3\n")), CheckpointError::Malformed);
    assert_eq!(at(format!("{ORIGIN}\n3\n{root}\n\nx\n")), CheckpointError::Malformed);
    assert_eq!(at(format!("\n3\n{root}\n")), CheckpointError::OriginName);
    for junk in [&b""[..], b"\n", b"\n\n", &[0xff; 40], b"a\n1\nb\n"] {
        assert_eq!(open(junk), Err(CheckpointError::Malformed));
    }
}

#[test]
fn a_checkpoint_is_signed_by_its_own_log_only() {
    let checkpoint = Checkpoint::new("other.example", 3, root_of(3)).unwrap();
    assert!(matches!(checkpoint.sign(&signer()), Err(CheckpointError::Origin { .. })));
    assert!(matches!(Checkpoint::new("", 3, root_of(3)), Err(CheckpointError::OriginName)));
    assert!(matches!(Checkpoint::new(ORIGIN, 0, root_of(3)), Err(CheckpointError::Root { .. })));
    assert!(matches!(Checkpoint::new(ORIGIN, 1 << 63, root_of(3)), Err(CheckpointError::Size { .. })));
}

#[test]
fn witnesses_and_extension_lines_do_no_harm() {
    let checkpoint = Checkpoint::new(ORIGIN, 3, root_of(3)).unwrap();
    let mut note = Note::new(checkpoint.text().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&LogSigner::from_seed("witness.example", &[1; 32]).unwrap(), &signer()]).unwrap();
    assert_eq!(open(&note.to_bytes()), Ok(checkpoint.clone()));
    assert_eq!(open(&signed(&format!("{}later\n", checkpoint.text()))), Ok(checkpoint));
}

proptest! {
    #[test]
    fn notes_round_trip(
        seed: [u8; 32],
        origin in "[a-z0-9.]{1,20}(/[a-z]{1,9})?",
        size in 1..=LARGEST,
        root: [u8; 32],
    ) {
        let signer = LogSigner::from_seed(&origin, &seed).unwrap();
        let checkpoint = Checkpoint::new(&origin, size, Hash::from_bytes(root)).unwrap();
        let note = checkpoint.sign(&signer).unwrap();
        prop_assert_eq!(Checkpoint::open(note.as_bytes(), &signer.verifier()), Ok(checkpoint));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(open(&bytes).is_err());
    }
}
