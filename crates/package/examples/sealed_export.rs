//! Writes a folder of sealed sample copies, for tools that are not ours.
//!
//! `sealed_export FOLDER KEYFILE` draws a key from the system, writes it to KEYFILE, and fills FOLDER with copies of
//! many sizes sealed to it, their receipts, `manifest.json` and the sample log's `vkey`.

use std::{
    error::Error,
    fs::{self, File},
    io::Read,
    path::Path,
};

use age::secrecy::ExposeSecret;
use package::{CopyEntry, Digest, Identity, Manifest, MemberKey, Opening, Receipt, Tlp, seal};
use tlog::{Checkpoint, LogSigner, Proof, Tree, commitment, leaf_hash};

/// Around the edges of the format's chunks of 64 KiB, and a megabyte.
const SIZES: [usize; 9] = [0, 1, 15, 65_535, 65_536, 65_537, 131_072, 131_073, 1_048_576];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(key_file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: sealed_export FOLDER KEYFILE".into());
    };
    let mut random = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let identity = Identity::from_random(&random)?;
    fs::write(key_file, identity.to_key_file().expose_secret())?;
    export(Path::new(&folder), &identity.to_public())
}

fn export(folder: &Path, key: &MemberKey) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder.join("case-1"))?;
    let copies: Vec<Vec<u8>> = SIZES.iter().map(|&size| (0..=250).cycle().take(size).collect()).collect();
    let openings: Vec<Opening> = (0..).zip(&copies).map(|(seq, copy)| opening(seq, copy)).collect();
    let signer = LogSigner::from_seed("log.example/sample", b"a sample key of 32 bytes, no key")?;
    let tree: Tree = openings.iter().map(|entry| leaf_hash(&commitment(&entry.salt, &entry.body))).collect();
    let checkpoint = Checkpoint::new(signer.name(), tree.len(), tree.root())?.sign(&signer)?;

    let mut entries = Vec::new();
    for (opening, copy) in openings.into_iter().zip(&copies) {
        let index = opening.seq;
        let hashes = tree.inclusion(index, tree.len())?;
        let proof = Proof { extra: None, index, hashes, checkpoint: checkpoint.clone() };
        let receipt = Receipt::issue(opening, &proof, &signer.verifier())?;
        let sealed = seal(copy, key)?;
        let entry = CopyEntry {
            case: receipt.case.clone(),
            item: receipt.item.clone(),
            class: "advisory".into(),
            tlp: Tlp::Amber,
            file: format!("case-1/{}", receipt.item),
            sha256: receipt.copy.sha256,
            size: receipt.copy.size,
            sealed_file: format!("case-1/{}.age", receipt.item),
            sealed_sha256: Digest::of(&sealed),
            sealed_size: sealed.len().try_into()?,
            receipt_file: Some(format!("case-1/{}.receipt.json", receipt.item)),
        };
        fs::write(folder.join(&entry.sealed_file), &sealed)?;
        fs::write(folder.join(format!("case-1/{}.receipt.json", receipt.item)), receipt.to_json()?)?;
        entries.push(entry);
    }
    fs::write(folder.join("manifest.json"), Manifest::new(entries)?.to_json()?)?;
    Ok(fs::write(folder.join("vkey"), format!("{}\n", signer.verifier()))?)
}

fn opening(seq: u64, copy: &[u8]) -> Opening {
    let (sha256, size) = (Digest::of(copy), copy.len());
    let given = format!(
        r#"{{"case":"case-1","wave":"w1","item":"copy-{seq}.bin","member":"acme","sha256":"{sha256}","size":{size}}}"#
    );
    let body = format!(
        r#"{{"v":1,"at":"2026-03-10T17:00:00Z","actor":"sample","event":{{"grant":{{"given":{given}}}}}}}"#
    );
    Opening { seq, salt: [7; 16], body: body.into_bytes() }
}
