//! The data folder: where everything of one program lies, and which version wrote it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the folder's layout.
pub const FORMAT: u32 = 1;

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

    /// Makes the folder and its description; it must not exist or must be empty.
    ///
    /// # Errors
    /// [`FolderError`] when something is there or the file system refuses.
    pub fn create(&self, origin: &str) -> Result<(), FolderError> {
        self.check_new()?;
        let io = |path: PathBuf| move |source| FolderError::Io { path, source };
        fs::create_dir_all(&self.root).map_err(io(self.root.clone()))?;
        fs::create_dir(self.public()).map_err(io(self.public()))?;
        for folder in [self.keys(), self.blobs()] {
            make_private(&folder).map_err(io(folder))?;
        }
        let description = Description { format: FORMAT, origin: origin.to_owned() };
        let path = self.description_path();
        let text = toml::to_string(&description)
            .map_err(|error| FolderError::Damaged { path: path.clone(), says: error.to_string() })?;
        fs::write(&path, text).map_err(|source| FolderError::Io { path, source })
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

    fn description_path(&self) -> PathBuf {
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
        fs::write(dir.path().join("forewarn.toml"), "format = 2\nlayers = [1]\n").unwrap();
        assert!(matches!(folder.describe(), Err(FolderError::Newer { found: 2, .. })));
    }

    #[test]
    fn refuses_a_folder_with_something_in_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(Folder::at(dir.path()).create("example.net/log"), Err(FolderError::NotEmpty(_))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn says_how_to_make_a_program_where_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let said = Folder::at(dir.path()).describe().unwrap_err().to_string();
        assert!(said.contains("forewarn init --data"), "{said}");
    }
}
