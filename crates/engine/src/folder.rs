//! The data folder: where everything of one program lies, and which version wrote it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    checkpoint::write_durably,
    keys::write_private,
    places::{Engine, Wanted},
};

/// Newest version of the folder's layout that is understood.
pub const FORMAT: u32 = 2;

/// The layout that holds everything in the folder itself, which every version understands.
const ALONE: u32 = 1;

/// A program's data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

/// The folder's own description, `forewarn.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Version of the layout.
    pub format: u32,
    /// The log's origin: first line of every checkpoint, name of its key.
    pub origin: String,
    /// What keeps the log.
    #[serde(default, skip_serializing_if = "Engine::is_default")]
    pub database: Engine,
    /// Where blobs are, unless in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobs: Option<String>,
    /// Where the newest checkpoint is kept, unless beside the blobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// When the folder was restored from a backup, until two people have looked at what was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Timestamp>,
}

impl Description {
    /// Describes a program that is kept in these places.
    #[must_use]
    pub fn of(origin: &str, wanted: &Wanted) -> Self {
        Self {
            format: ALONE,
            origin: origin.to_owned(),
            database: if wanted.database.is_some() { Engine::Postgres } else { Engine::Sqlite },
            blobs: wanted.blobs.as_ref().map(ToString::to_string),
            checkpoint: wanted.checkpoint.clone(),
            restored: None,
        }
    }

    fn settled(&self) -> Self {
        let alone = Self { format: ALONE, origin: self.origin.clone(), ..Self::of("", &Wanted::default()) };
        let format = if (Self { format: ALONE, ..self.clone() }) == alone { ALONE } else { FORMAT };
        Self { format, ..self.clone() }
    }
}

/// A folder that cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Nothing is there.
    #[error("`{0}` holds no program: `forewarn init --data {0}` makes one")]
    Missing(PathBuf),
    /// Something is there already.
    #[error("`{0}` is not empty: give a new folder, or remove what is in it yourself")]
    NotEmpty(PathBuf),
    /// Written by a newer version.
    #[error(
        "`{path}` was written by a newer forewarn (format {found}, this one knows {FORMAT}): use that version"
    )]
    Newer {
        /// Which folder.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The description cannot be read.
    #[error("`{path}` is damaged: {says}; restore it from the backup")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        says: String,
    },
    /// The environment names a server, and the log is in a file.
    #[error(
        "the log of `{0}` is in the file `forewarn.db`, but DATABASE_URL names a server: unset it, or move the log there with `forewarn move`"
    )]
    Elsewhere(PathBuf),
    /// The log is on a server, and nothing says which.
    #[error(
        "the log of `{root}` is on a PostgreSQL server, and neither DATABASE_URL nor the file `{path}` says where: set the one or restore the other"
    )]
    NoAddress {
        /// Which folder.
        root: PathBuf,
        /// The file that is missing.
        path: PathBuf,
    },
    /// A place that is named cannot be one.
    #[error("`{path}`: {says}")]
    Place {
        /// Where it is named.
        path: PathBuf,
        /// What is wrong with it.
        says: String,
    },
    /// The file system said no.
    #[error("`{path}`: {source}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl Folder {
    /// Names a folder; nothing is read.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the folder, its description and the address of its database; it must not exist or must be empty.
    ///
    /// # Errors
    /// [`FolderError`] when something is there or the file system refuses.
    pub fn create(&self, origin: &str, wanted: &Wanted) -> Result<(), FolderError> {
        self.check_new()?;
        let io = |path: PathBuf| move |source| FolderError::Io { path, source };
        fs::create_dir_all(&self.root).map_err(io(self.root.clone()))?;
        fs::create_dir(self.public()).map_err(io(self.public()))?;
        for folder in [self.keys(), self.blobs()] {
            make_private(&folder).map_err(io(folder))?;
        }
        self.write_address(wanted)?;
        self.write(&Description::of(origin, wanted))
    }

    /// Replaces the folder's description.
    ///
    /// # Errors
    /// [`FolderError`] when the file system refuses.
    pub fn write(&self, description: &Description) -> Result<(), FolderError> {
        let path = self.description_path();
        let text = toml::to_string(&description.settled())
            .map_err(|error| FolderError::Damaged { path: path.clone(), says: error.to_string() })?;
        write_durably(&path, text.as_bytes()).map_err(|source| FolderError::Io { path, source })
    }

    /// Writes where the database's server is, for its owner's eyes alone; nothing when there is none, or when the
    /// address comes from the environment and shall not be on disk.
    ///
    /// # Errors
    /// [`FolderError`] when the file system refuses.
    pub fn write_address(&self, wanted: &Wanted) -> Result<(), FolderError> {
        let Some(server) = wanted.database.as_ref().filter(|_| wanted.keep_address) else { return Ok(()) };
        let path = self.address();
        write_private(&path, server.secret()).map_err(|source| FolderError::Io { path, source })
    }

    /// Checks that a new program may be made here.
    ///
    /// # Errors
    /// [`FolderError::NotEmpty`], or what the file system says.
    pub fn check_new(&self) -> Result<(), FolderError> {
        match fs::read_dir(&self.root).map(|mut entries| entries.next().is_some()) {
            Ok(true) => Err(FolderError::NotEmpty(self.root.clone())),
            Ok(false) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(FolderError::Io { path: self.root.clone(), source }),
        }
    }

    /// Reads the folder's description.
    ///
    /// # Errors
    /// [`FolderError`] when there is none, it is damaged, or a newer version wrote it.
    pub fn describe(&self) -> Result<Description, FolderError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let path = self.description_path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(FolderError::Missing(self.root.clone()));
            }
            Err(source) => return Err(FolderError::Io { path, source }),
        };
        let damaged = |error: toml::de::Error| FolderError::Damaged {
            path: path.clone(),
            says: error.message().to_owned(),
        };
        // The format alone is read first: a newer version's description may have fields unknown here.
        let Format { format } = toml::from_str(&text).map_err(damaged)?;
        if format > FORMAT {
            return Err(FolderError::Newer { path: self.root.clone(), found: format });
        }
        toml::from_str(&text).map_err(damaged)
    }

    /// Returns the folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the log's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("forewarn.db")
    }

    /// Returns the file with the address of the database's server, where the log is not in a file.
    #[must_use]
    pub fn address(&self) -> PathBuf {
        self.root.join("database")
    }

    /// Returns the newest signed checkpoint, kept outside the database.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// Returns the log's verifier key.
    #[must_use]
    pub fn vkey(&self) -> PathBuf {
        self.root.join("vkey")
    }

    /// Returns the folder of encrypted blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// Returns the folder of key files.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Returns where a server keeps how far it trusted the host's clock.
    #[must_use]
    pub fn clock(&self) -> PathBuf {
        self.root.join("clock")
    }

    /// Returns the folder of what was published.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.root.join("public")
    }

    /// Returns the folder's description.
    #[must_use]
    pub fn description_path(&self) -> PathBuf {
        self.root.join("forewarn.toml")
    }
}

/// Makes a folder that only its owner can enter.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_newer_format_whatever_else_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        fs::write(dir.path().join("forewarn.toml"), "format = 3\nlayers = [1]\n").unwrap();
        assert!(matches!(folder.describe(), Err(FolderError::Newer { found: 3, .. })));
    }

    #[test]
    fn refuses_a_folder_with_something_in_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(
            Folder::at(dir.path()).create("example.net/log", &Wanted::default()),
            Err(FolderError::NotEmpty(_))
        ));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_holds_everything_itself_is_understood_by_every_version() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        let described = |wanted: &Wanted| {
            folder.write(&Description::of("example.net/log", wanted)).unwrap();
            fs::read_to_string(folder.description_path()).unwrap()
        };
        assert_eq!(described(&Wanted::default()), "format = 1\norigin = \"example.net/log\"\n");
        let wanted = Wanted { blobs: Some("s3://bucket/warn".parse().unwrap()), ..Wanted::default() };
        let text = described(&wanted);
        assert_eq!(text, "format = 2\norigin = \"example.net/log\"\nblobs = \"s3://bucket/warn\"\n");
        assert_eq!(folder.describe().unwrap().blobs.as_deref(), Some("s3://bucket/warn"));
    }

    #[test]
    fn says_how_to_make_a_program_where_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let said = Folder::at(dir.path()).describe().unwrap_err().to_string();
        assert!(said.contains("forewarn init --data"), "{said}");
    }
}
