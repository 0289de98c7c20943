//! Where a program keeps what several hosts may share: the log, the blobs, the newest checkpoint.
//!
//! `forewarn.toml` says which; only a server's address, which holds a password, is elsewhere: in DATABASE_URL, or in a
//! file of the data folder that its owner alone can read.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    bucket::Bucket,
    folder::{Description, Folder, FolderError},
    keys::{KeyFileError, read_as},
    store::{Address, StoreError, address::Server},
};

/// The variable that names a PostgreSQL server.
pub const DATABASE_URL: &str = "DATABASE_URL";

/// Name of the checkpoint among blobs; no blob has it, since theirs are hashes.
const CHECKPOINT: &str = "checkpoint";

/// What keeps the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A file in the data folder.
    #[default]
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// Tells whether it is the one that needs no mention.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks like this")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is asked for when a program is made or moved; what is not named is in the data folder.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The server that keeps the log.
    pub database: Option<Server>,
    /// Whether the server's address is written into the data folder.
    pub keep_address: bool,
    /// Where blobs go.
    pub blobs: Option<Bucket>,
    /// Where the newest checkpoint goes, unless beside the blobs: a file's path, or a place in S3.
    pub checkpoint: Option<String>,
}

/// Where everything of one program is.
#[derive(Clone, Debug)]
pub struct Places {
    /// The log.
    pub database: Address,
    /// The blobs.
    pub blobs: Place,
    /// The newest checkpoint.
    pub checkpoint: Place,
}

/// A place for files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file system.
    Path(PathBuf),
    /// In S3.
    Bucket(Bucket),
}

impl Places {
    /// Finds where a program keeps everything.
    ///
    /// # Errors
    /// [`FolderError`] when a place is not named where it must be, or cannot be one.
    pub fn of(folder: &Folder, description: &Description) -> Result<Self, FolderError> {
        let named = std::env::var(DATABASE_URL).ok().filter(|url| !url.trim().is_empty());
        let database = match (description.database, named) {
            (Engine::Sqlite, None) => Address::File(folder.database()),
            // An address of something else than PostgreSQL is somebody else's.
            (Engine::Sqlite, Some(url)) if !url.starts_with("postgres") => Address::File(folder.database()),
            (Engine::Sqlite, Some(_)) => return Err(FolderError::Elsewhere(folder.root().to_owned())),
            (Engine::Postgres, Some(url)) => {
                let wrong = |error: StoreError| place(Path::new(DATABASE_URL), &error);
                Address::Server(Server::parse(&url).map_err(wrong)?)
            }
            (Engine::Postgres, None) => Address::Server(kept(folder)?),
        };
        let (blobs, checkpoint) = Self::files(folder, description)?;
        Ok(Self { database, blobs, checkpoint })
    }

    /// Finds where a program keeps blobs and checkpoint.
    pub(crate) fn files(folder: &Folder, description: &Description) -> Result<(Place, Place), FolderError> {
        let path = folder.description_path();
        let bucket = |text: &str| text.parse::<Bucket>().map_err(|error| place(&path, &error));
        let blobs = match &description.blobs {
            None => Place::Path(folder.blobs()),
            Some(text) => Place::Bucket(bucket(text)?),
        };
        let checkpoint = match (&description.checkpoint, &blobs) {
            (Some(text), _) if Bucket::is_meant(text) => Place::Bucket(bucket(text)?),
            (Some(text), _) => Place::Path(folder.root().join(text)),
            (None, Place::Bucket(bucket)) => Place::Bucket(bucket.below(CHECKPOINT)),
            (None, Place::Path(_)) => Place::Path(folder.checkpoint()),
        };
        Ok((blobs, checkpoint))
    }
}

fn kept(folder: &Folder) -> Result<Server, FolderError> {
    let path = folder.address();
    read_as(&path, Server::parse).map_err(|error| match error {
        KeyFileError::Missing(path) => FolderError::NoAddress { root: folder.root().to_owned(), path },
        KeyFileError::Exposed { path, mode } => FolderError::Place {
            says: format!(
                "the address of the database can be read by others (mode {mode:o}): run `chmod 600 {}`, and change its password",
                path.display()
            ),
            path,
        },
        other => place(&path, &other),
    })
}

fn place(path: &Path, error: &dyn std::fmt::Display) -> FolderError {
    FolderError::Place { path: path.to_owned(), says: error.to_string() }
}
