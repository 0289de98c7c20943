//! Writes a log of given size as its folder, for verifiers that are not ours.
//!
//! `export FOLDER SIZE` writes `vkey`, `checkpoint`, `tile/…`, `older/` with checkpoints of earlier sizes and
//! `proofs/` with one proof for each of some entries. Salts and the key are derived from fixed texts: the log
//! is a sample and keeps no secret.

use std::{env, error::Error, fs, path::Path};

use tlog::{Checkpoint, Commitment, LogSigner, Proof, Tree, commitment, leaf_hash, tiles};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(size)) = (arguments.next(), arguments.next()) else {
        return Err("usage: export FOLDER SIZE".into());
    };
    export(Path::new(&folder), size.parse()?)
}

fn export(folder: &Path, size: u64) -> Result<(), Box<dyn Error>> {
    let signer = LogSigner::from_seed("log.example/sample", b"a sample key of 32 bytes, no key")?;
    let records: Vec<Commitment> = (0..size).map(|i| commitment(&salt(i), &body(i))).collect();
    let tree: Tree = records.iter().map(leaf_hash).collect();
    let checkpoint = |size| -> Result<String, Box<dyn Error>> {
        Ok(Checkpoint::new(signer.name(), size, tree.root_at(size)?)?.sign(&signer)?)
    };

    fs::create_dir_all(folder.join("proofs"))?;
    write(&folder.join("vkey"), format!("{}\n", signer.verifier()))?;
    // In two steps, as a log grows.
    let half = size / 2;
    for file in tiles(&tree, &records, 0, half)?.chain(tiles(&tree, &records, half, size)?) {
        write(&folder.join(file.path.to_string()), file.bytes)?;
    }
    for older in [0, 1, half, size] {
        if older <= size {
            write(&folder.join("older").join(older.to_string()), checkpoint(older)?)?;
        }
    }
    for index in (0..size).filter(|i| i % (size / 20 + 1) == 0 || i + 1 == size) {
        let at = if index < half { half } else { size };
        let hashes = tree.inclusion(index, at)?;
        let proof = Proof { extra: None, index, hashes, checkpoint: checkpoint(at)? };
        write(&folder.join("proofs").join(format!("{index}.tlog-proof")), proof.to_string())?;
    }
    write(&folder.join("checkpoint"), checkpoint(size)?)
}

fn salt(index: u64) -> [u8; 16] {
    u128::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

fn body(index: u64) -> Vec<u8> {
    format!(r#"{{"v":1,"actor":"sample","event":{{"heartbeat":{{"n":{index}}}}}}}"#).into_bytes()
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}
