//! Key files: made once, readable by their owner only, refused otherwise.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use mark::code::ReleaseSecret;
use package::{ExposeSecret, Identity};
use program::id::Sha256;
use thiserror::Error;
use tlog::LogSigner;
use zeroize::Zeroizing;

use crate::{entropy::Entropy, folder::Folder, hash::sha256};

/// The program's secrets.
pub struct Keys {
    /// Signs checkpoints.
    pub log: LogSigner,
    /// Opens blobs.
    pub blob: Identity,
    /// The root of every case's codebook.
    pub mark: MarkKey,
}

/// Names of the key files.
pub(crate) const FILES: [&str; 3] = ["log.key", "blob.key", "mark.key"];

/// The secret that every release secret is derived from, 32 bytes, and the coalition that marks are made for
/// where no program says.
pub struct MarkKey {
    secret: Zeroizing<[u8; 32]>,
    colluders: u32,
}

/// How a mark key's text starts.
const MARK_PREFIX: &str = "forewarn-mark-key-v1:";
/// Colluders of a key whose text names none.
const COLLUDERS: u32 = 2;

impl MarkKey {
    /// Makes a key from 32 fresh random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self { secret: Zeroizing::new(bytes), colluders: COLLUDERS }
    }

    /// Declares how many members who mix their copies the marks are made for, at least one.
    #[must_use]
    pub fn for_colluders(self, colluders: u32) -> Self {
        Self { colluders: colluders.max(1), ..self }
    }

    /// Returns how many colluders the marks are made for.
    #[must_use]
    pub fn colluders(&self) -> u32 {
        self.colluders
    }

    /// Reads a key file's text.
    ///
    /// # Errors
    /// Says what the text should be, without quoting it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "it is no mark key: `forewarn mark keygen FILE` writes one";
        let rest = text.strip_prefix(MARK_PREFIX).ok_or(EXPECTED)?;
        let (digits, colluders) = match rest.split_once(':') {
            Some((digits, colluders)) => (digits, colluders.parse().map_err(|_| EXPECTED)?),
            None => (rest, COLLUDERS),
        };
        let bytes = digits.parse::<Sha256>().map_err(|_| EXPECTED)?;
        if colluders == 0 {
            return Err(EXPECTED);
        }
        Ok(Self::from_random(bytes.0).for_colluders(colluders))
    }

    /// Writes the text of a key file.
    #[must_use]
    pub fn to_key_file(&self) -> Zeroizing<String> {
        let colluders = match self.colluders {
            COLLUDERS => String::new(),
            other => format!(":{other}"),
        };
        Zeroizing::new(format!("{MARK_PREFIX}{}{colluders}", Sha256(*self.secret)))
    }

    /// Derives the secret of one release; different names give independent secrets.
    ///
    /// **Source:** RFC 5869, HKDF-SHA256 with the name as `info`.
    #[must_use]
    pub fn release(&self, name: &str) -> ReleaseSecret {
        ReleaseSecret::new(*self.derive("release", name))
    }

    /// Commits to the secret of one release without telling anything about it.
    #[must_use]
    pub fn commitment(&self, name: &str) -> Sha256 {
        // The release secret follows from the same key and name, so this pins it; 256 bits hide it.
        sha256(self.derive("commitment", name).as_slice())
    }

    /// Derives the secret that notices to an endpoint are signed with; the salt makes it that endpoint's alone.
    ///
    /// **Source:** RFC 5869, HKDF-SHA256 with the salt's text in `info`.
    #[must_use]
    pub(crate) fn endpoint(&self, salt: &str) -> Zeroizing<[u8; 32]> {
        self.derive("endpoint", salt)
    }

    fn derive(&self, purpose: &str, name: &str) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        let info = [b"forewarn ", purpose.as_bytes(), b" v1 ", name.as_bytes()];
        // 32 bytes are far below what HKDF-SHA256 can expand to.
        let _ = Hkdf::<sha2::Sha256>::new(None, self.secret.as_slice())
            .expand_multi_info(&info, derived.as_mut_slice());
        derived
    }
}

/// A key file that cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error(
        "key file `{0}` is missing: restore it from the backup of the keys; nothing can be read or signed without it"
    )]
    Missing(PathBuf),
    /// Others can read it.
    #[error(
        "key file `{path}` can be read by others (mode {mode:o}): run `chmod 600 {path}`, and think about who may have read it"
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is there already.
    #[error("key file `{0}` exists already and is not overwritten: give another name")]
    Exists(PathBuf),
    /// It holds no key.
    #[error("key file `{path}` cannot be used: {says}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong, without quoting it.
        says: String,
    },
    /// The log cannot have this name.
    #[error("`{origin}` cannot name a log: {says}; use a host and path of your own, as in acme.example/log")]
    Origin {
        /// The name.
        origin: String,
        /// What is wrong with it.
        says: String,
    },
    /// The file system said no.
    #[error("key file `{path}`: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl Keys {
    /// Makes the keys of a new program and writes their files.
    ///
    /// # Errors
    /// [`KeyFileError`] when a file exists or cannot be written.
    pub fn create(folder: &Folder, origin: &str, entropy: &Entropy) -> Result<Self, KeyFileError> {
        let path = log_path(folder);
        let log = LogSigner::from_seed(origin, &entropy.bytes())
            .map_err(|error| KeyFileError::Damaged { path: path.clone(), says: error.to_string() })?;
        write_secret(&path, &log.to_secret_text())?;
        let path = blob_path(folder);
        let blob = Identity::from_random(&entropy.bytes())
            .map_err(|error| KeyFileError::Damaged { path: path.clone(), says: error.to_string() })?;
        write_secret(&path, blob.to_key_file().expose_secret().trim_end())?;
        let mark = MarkKey::from_random(entropy.bytes());
        write_secret(&mark_path(folder), &mark.to_key_file())?;
        Ok(Self { log, blob, mark })
    }

    /// Checks that a log key can be made for an origin; writes nothing.
    ///
    /// # Errors
    /// [`KeyFileError::Origin`].
    pub fn check_origin(origin: &str) -> Result<(), KeyFileError> {
        LogSigner::from_seed(origin, &[0; 32])
            .map(|_| ())
            .map_err(|error| KeyFileError::Origin { origin: origin.to_owned(), says: error.to_string() })
    }

    /// Reads the keys of a program.
    ///
    /// # Errors
    /// [`KeyFileError`] when a file is missing, exposed or damaged.
    pub fn read(folder: &Folder) -> Result<Self, KeyFileError> {
        Ok(Self {
            log: read_as(&log_path(folder), LogSigner::from_secret_text)?,
            blob: read_as(&blob_path(folder), Identity::parse)?,
            mark: read_as(&mark_path(folder), MarkKey::parse)?,
        })
    }
}

impl Keys {
    /// Reads keys from the texts of their files.
    pub(crate) fn parse(texts: &BTreeMap<String, Zeroizing<String>>) -> Result<Self, String> {
        let [log, blob, mark] = FILES.map(|name| {
            texts.get(name).map(|text| text.trim_end()).ok_or_else(|| format!("`{name}` is missing"))
        });
        Ok(Self {
            log: LogSigner::from_secret_text(log?).map_err(|error| error.to_string())?,
            blob: Identity::parse(blob?).map_err(|error| error.to_string())?,
            mark: MarkKey::parse(mark?).map_err(ToOwned::to_owned)?,
        })
    }
}

fn log_path(folder: &Folder) -> PathBuf {
    folder.keys().join("log.key")
}

fn blob_path(folder: &Folder) -> PathBuf {
    folder.keys().join("blob.key")
}

fn mark_path(folder: &Folder) -> PathBuf {
    folder.keys().join("mark.key")
}

/// Reads a key file and parses what it holds.
///
/// # Errors
/// [`KeyFileError`] when the file is missing, exposed or holds no such key.
pub fn read_as<T, E: std::fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, KeyFileError> {
    let text = read_secret(path)?;
    parse(text.trim_end())
        .map_err(|error| KeyFileError::Damaged { path: path.to_owned(), says: error.to_string() })
}

/// Writes or replaces a file that only its owner can read.
///
/// # Errors
/// What the file system says.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n"))?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// Writes a new file that only its owner can read; never overwrites.
///
/// # Errors
/// [`KeyFileError`] when the file exists or cannot be written.
pub fn write_secret(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Io { path: path.to_owned(), source },
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        io::ErrorKind::InvalidData => {
            KeyFileError::Damaged { path: path.to_owned(), says: String::from("it is not text") }
        }
        _ => KeyFileError::Io { path: path.to_owned(), source },
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
        }
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        write_secret(&path, "secret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let said = read_secret(&path).unwrap_err().to_string();
        assert!(said.contains("chmod 600") && said.contains("640"), "{said}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(&path).unwrap().as_str(), "secret\n");
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark.key");
        write_secret(&path, "first").unwrap();
        assert!(matches!(write_secret(&path, "second"), Err(KeyFileError::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "first\n");
    }
}
