//! What a store may say instead of doing what it was asked.

use std::path::PathBuf;

use sqlx::{error::DatabaseError, postgres::PgDatabaseError};
use thiserror::Error;

use super::sqlite::BUSY;

/// What the triggers say that end a log which was moved.
const MOVED: &str = "the log was moved";

/// A store that cannot do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database's file is not there.
    #[error("database `{0}` is missing: restore the newest one; without it every entry is lost")]
    Missing(PathBuf),
    /// It is no database of a log.
    #[error("`{place}` is no database of a log: {says}; restore the newest database")]
    NotALog {
        /// Which file, or which database of a server, without its password.
        place: String,
        /// What it is instead.
        says: &'static str,
    },
    /// A newer version made the database.
    #[error("database `{0}` was written by a newer forewarn: use that version")]
    Newer(String),
    /// The address of a server cannot be used.
    #[error(
        "the address of the database cannot be used: {0}; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Address(String),
    /// The server cannot be reached, or went away.
    #[error(
        "no connection to the database: {0}; nothing was changed. Check that its server runs and takes connections, then do the same again: it is tried anew each time"
    )]
    Unreachable(String),
    /// The server went away while it made entries durable.
    #[error(
        "the connection to the database broke while it committed ({0}): what was asked may be in the log or not; do the same again once the database is back, nothing is done twice"
    )]
    Unsettled(String),
    /// A log is there already.
    #[error("database `{0}` holds the log of a program already: give an empty database")]
    InUse(String),
    /// The log lives in another database now.
    #[error(
        "the log was moved{}: nothing is added to this database any more; start again on the data folder that was moved, and remove copies of it from before",
        .0.as_ref().map(|to| format!(" to `{to}`")).unwrap_or_default()
    )]
    Moved(Option<String>),
    /// Somebody else is writing.
    #[error(
        "another process has been writing to the database for more than {} seconds: wait until it is done (a release, perhaps), then try again; nothing was changed",
        BUSY.as_secs()
    )]
    Busy,
    /// There is no room.
    #[error("the disk is full: make room, then do the same again; nothing was changed")]
    Full,
    /// The database cannot be written.
    #[error(
        "the database cannot be written: check owner and permissions of the data folder and of every file in it, or on a server what its role may do and that it is no standby; nothing was changed"
    )]
    ReadOnly,
    /// The pages do not fit together.
    #[error("the database is damaged ({0}): run `forewarn verify`, and restore the newest sound database")]
    Damaged(String),
    /// The database said no.
    #[error("the database failed: {0}; nothing was changed")]
    Database(String),
    /// A row does not read as an entry.
    #[error("row {0} of the database is not an entry: run `forewarn verify`")]
    Row(i64),
    /// Another replica appended first.
    #[error("another replica appended first: try again")]
    Conflict,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(said) if said.message().contains(MOVED) => Self::Moved(None),
            sqlx::Error::Database(said) => match said.try_downcast_ref::<PgDatabaseError>() {
                Some(said) => postgres(said),
                None => sqlite(said.as_ref()),
            },
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Self::Unreachable(error.to_string())
            }
            sqlx::Error::PoolTimedOut => Self::Unreachable(String::from("none could be had in time")),
            _ => Self::Database(error.to_string()),
        }
    }
}

/// The low byte of an extended result code is the primary one.
///
/// **Source:** <https://www.sqlite.org/rescode.html>.
fn sqlite(said: &dyn DatabaseError) -> StoreError {
    let code = said.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0) & 0xff;
    match code {
        5 | 6 => StoreError::Busy,
        8 => StoreError::ReadOnly,
        11 | 26 => StoreError::Damaged(said.message().to_owned()),
        13 => StoreError::Full,
        _ => StoreError::Database(said.message().to_owned()),
    }
}

/// Classes 08 and 57P are lost connections and shutdowns, XX00 corruption.
///
/// **Source:** PostgreSQL, appendix A, "PostgreSQL Error Codes".
fn postgres(said: &PgDatabaseError) -> StoreError {
    let message = said.message().to_owned();
    match said.code() {
        "53100" => StoreError::Full,
        "25006" | "42501" => StoreError::ReadOnly,
        "55P03" | "40P01" | "40001" | "57014" => StoreError::Busy,
        "XX001" | "XX002" => StoreError::Damaged(message),
        "3D000" | "28000" | "28P01" | "53300" => StoreError::Unreachable(message),
        code if code.starts_with("08") || code.starts_with("57P") => StoreError::Unreachable(message),
        _ => StoreError::Database(message),
    }
}
