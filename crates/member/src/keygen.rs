//! `forewarn-member keygen`: a key that copies are sealed to.

use std::{fs, io::Write as _};

use anyhow::Context as _;
use package::{ExposeSecret as _, Identity};
use rand::RngCore as _;
use serde::Serialize;

use crate::{args::KeygenArgs, output};

pub(crate) fn run(json: bool, args: &KeygenArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Made {
        public_key: String,
        fingerprint: String,
    }
    let identity = Identity::from_random(&random())?;
    let path = &args.out;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file =
        options.open(path).with_context(|| format!("`{}`: a key is never overwritten", path.display()))?;
    file.write_all(identity.to_key_file().expose_secret().as_bytes())?;
    file.sync_all()?;
    let public = identity.to_public();
    let made = Made { public_key: public.to_string(), fingerprint: public.fingerprint() };
    if json {
        return output::json(&made);
    }
    output::say(&made.public_key);
    output::aside(format_args!(
        "the secret key is in `{}`: keep a copy of it. Give the public key to the program, and read its fingerprint out over a second channel: {}",
        path.display(),
        made.fingerprint
    ));
    Ok(())
}

/// Draws bytes from the operating system: the one place of this tool that does.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rngs::OsRng.fill_bytes(&mut bytes);
    bytes
}
