//! Secret files of the member's: made once, read by nobody else.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use package::{ExposeSecret as _, Identity, MemberSigner};

use crate::{keygen::random, open};

/// Makes a file that its owner alone reads; it must not exist.
pub(crate) fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    let file =
        options.open(path).with_context(|| format!("`{}`: a key is never overwritten", path.display()));
    let mut file = file?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Replaces a file that its owner alone reads: after a crash it is the old one or the new one, whole.
pub(crate) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options);
    let mut file = options.open(&fresh).with_context(|| format!("`{}`", fresh.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path).with_context(|| format!("`{}`", path.display()))
}

/// Names the signing key's file, beside the other key's.
pub(crate) fn beside(identity: &Path) -> PathBuf {
    identity.with_extension("signkey")
}

/// Makes a key to sign with.
pub(crate) fn new_signer(path: &Path) -> anyhow::Result<MemberSigner> {
    let signer = MemberSigner::from_random(&random());
    create(path, signer.to_key_file()?.expose_secret())?;
    Ok(signer)
}

/// Makes a key that copies are sealed to, of the classical kind or of the post-quantum hybrid.
pub(crate) fn new_identity(path: &Path, hybrid: bool) -> anyhow::Result<Identity> {
    let identity =
        if hybrid { Identity::hybrid_from_random(&random())? } else { Identity::from_random(&random())? };
    create(path, identity.to_key_file().expose_secret())?;
    Ok(identity)
}

/// Reads the key to sign with.
pub(crate) fn signer(path: &Path) -> anyhow::Result<MemberSigner> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    MemberSigner::parse(&text).with_context(|| format!("`{}`", path.display()))
}

/// Reads both keys, and makes those that are not there.
pub(crate) fn both(
    identity: &Path,
    signing: &Path,
    hybrid: bool,
) -> anyhow::Result<(Identity, MemberSigner)> {
    let opens = if identity.exists() { open::identity(identity)? } else { new_identity(identity, hybrid)? };
    let signs = if signing.exists() { signer(signing)? } else { new_signer(signing)? };
    Ok((opens, signs))
}

fn private(options: &mut fs::OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
