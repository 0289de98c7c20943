//! `forewarn-member keygen`: a key that copies are sealed to, and one to sign with.

use anyhow::ensure;
use rand::RngCore as _;
use serde::Serialize;

use crate::{args::KeygenArgs, files, output};

pub(crate) fn run(json: bool, args: &KeygenArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Made {
        public_key: String,
        fingerprint: String,
        signing_key: String,
        signing_fingerprint: String,
    }
    let (path, beside) = (&args.out, files::beside(&args.out));
    ensure!(
        path != &beside,
        "`{}` is what the signing key will be called: choose another name",
        path.display()
    );
    // Neither is made when the other cannot be.
    if let Some(taken) = [path, &beside].into_iter().find(|path| path.exists()) {
        anyhow::bail!("`{}` exists: a key is never overwritten", taken.display());
    }
    let public = files::new_identity(path, args.post_quantum)?.to_public();
    let signing = files::new_signer(&beside)?.verifier();
    let made = Made {
        public_key: public.to_string(),
        fingerprint: public.fingerprint(),
        signing_key: signing.to_string(),
        signing_fingerprint: signing.fingerprint(),
    };
    if json {
        return output::json(&made);
    }
    output::say(&made.public_key);
    output::say(&made.signing_key);
    output::aside(format_args!(
        "the secret keys are in `{}` and `{}`: keep copies of them. Give both public keys to the program, and read their fingerprints out over a second channel: {} (sealing), {} (signing)",
        path.display(),
        beside.display(),
        made.fingerprint,
        made.signing_fingerprint
    ));
    Ok(())
}

/// Draws bytes from the operating system: the one place of this tool that does.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    bytes
}
