//! The log store: every statement Forewarn sends to a database, and nothing else.
//!
//! Statements use `$N`, portable types and no clock of the database, so that one text serves every engine.

mod sqlite;

use std::path::PathBuf;

use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection, SqlitePool, sqlite::SqliteRow};
use thiserror::Error;

use sqlite::Still;
pub use sqlite::{look, open};

/// Appends one entry if it is the next one; touches no row when somebody was faster.
const APPEND: &str = "INSERT INTO entry(seq, at, salt, body, leaf) SELECT $1, $2, $3, $4, $5 \
     WHERE $1 = (SELECT COALESCE(MAX(seq), -1) + 1 FROM entry) ON CONFLICT (seq) DO NOTHING";
/// Reads entries after a sequence number, oldest first.
const TAIL: &str = "SELECT seq, at, salt, body, leaf FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2";
/// Reads one entry.
const ONE: &str = "SELECT seq, at, salt, body, leaf FROM entry WHERE seq = $1";

/// How many entries one read brings.
pub const PAGE: i64 = 8192;

/// An entry as stored; `body` is byte for byte what was hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place, from 0.
    pub seq: u64,
    /// Its instant; the body says the same.
    pub at: Timestamp,
    /// The salt of its commitment.
    pub salt: Vec<u8>,
    /// The hashed JSON.
    pub body: Vec<u8>,
    /// Its leaf hash.
    pub leaf: Vec<u8>,
}

/// A store that cannot do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database's file is not there.
    #[error("database `{0}` is missing: restore the newest one; without it every entry is lost")]
    Missing(PathBuf),
    /// The file is no database of a log.
    #[error("`{path}` is no database of a log: {says}; restore the newest database")]
    NotALog {
        /// Which file.
        path: PathBuf,
        /// What it is instead.
        says: &'static str,
    },
    /// A newer version made the database.
    #[error("database `{0}` was written by a newer forewarn: use that version")]
    Newer(PathBuf),
    /// Somebody else is writing.
    #[error(
        "another process has been writing to the database for more than {} seconds: wait until it is done (a release, perhaps), then try again; nothing was changed",
        sqlite::BUSY.as_secs()
    )]
    Busy,
    /// There is no room.
    #[error("the disk is full: make room, then do the same again; nothing was changed")]
    Full,
    /// The file cannot be written.
    #[error(
        "the database cannot be written: check owner and permissions of the data folder and of every file in it; nothing was changed"
    )]
    ReadOnly,
    /// The file's pages do not fit together.
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
        let sqlx::Error::Database(said) = &error else { return Self::Database(error.to_string()) };
        // The low byte of an extended result code is the primary one.
        // **Source:** <https://www.sqlite.org/rescode.html>.
        let code = said.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0) & 0xff;
        match code {
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            11 | 26 => Self::Damaged(said.message().to_owned()),
            13 => Self::Full,
            _ => Self::Database(said.message().to_owned()),
        }
    }
}

/// The log's database: one connection that writes, several that read.
#[derive(Clone, Debug)]
pub struct Store {
    write: SqlitePool,
    read: SqlitePool,
    /// What the file was when it was opened as one that nobody writes to.
    still: Option<Still>,
}

/// A transaction that holds the right to append.
pub struct Append(sqlx::Transaction<'static, sqlx::Sqlite>);

impl Store {
    /// Returns up to [`PAGE`] entries after `seq`; `None` starts at the first one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no entry.
    pub async fn tail(&self, after: Option<u64>) -> Result<Vec<Stored>, StoreError> {
        tail(&mut *self.read.acquire().await?, after).await
    }

    /// Returns one entry.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or the row is no entry.
    pub async fn entry(&self, seq: u64) -> Result<Option<Stored>, StoreError> {
        let row = sqlx::query(ONE).bind(to_i64(seq)).fetch_optional(&self.read).await?;
        row.as_ref().map(stored).transpose()
    }

    /// Begins to append; nobody else can until the transaction ends.
    ///
    /// # Errors
    /// [`StoreError`] when the database is busy for too long or fails.
    pub async fn append(&self) -> Result<Append, StoreError> {
        Ok(Append(self.write.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Tells whether somebody began to write to a database that was opened by [`look`] while nobody did; what
    /// was read since may be torn, and is to be read again.
    #[must_use]
    pub fn disturbed(&self) -> bool {
        self.still.as_ref().is_some_and(Still::is_over)
    }

    /// Checks that the database takes writes now, and writes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it is busy for too long, read-only or failing.
    pub async fn writable(&self) -> Result<(), StoreError> {
        drop(self.append().await?);
        Ok(())
    }

    /// Closes the database and folds its write-ahead log into it.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Returns what the database says of its own soundness; empty means sound.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot even be asked.
    pub async fn soundness(&self) -> Result<Vec<String>, StoreError> {
        sqlite::soundness(&self.read).await
    }
}

impl Append {
    /// Returns up to [`PAGE`] entries after `seq`, as this transaction sees them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no entry.
    pub async fn tail(&mut self, after: Option<u64>) -> Result<Vec<Stored>, StoreError> {
        tail(&mut self.0, after).await
    }

    /// Adds an entry, which must be the next one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is not.
    pub async fn push(&mut self, entry: &Stored) -> Result<(), StoreError> {
        let done = sqlx::query(APPEND)
            .bind(to_i64(entry.seq))
            .bind(entry.at.as_microsecond())
            .bind(&entry.salt)
            .bind(&entry.body)
            .bind(&entry.leaf)
            .execute(&mut *self.0)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Makes what was added durable.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was added then.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

async fn tail(connection: &mut SqliteConnection, after: Option<u64>) -> Result<Vec<Stored>, StoreError> {
    let after = after.map_or(-1, to_i64);
    let rows = sqlx::query(TAIL).bind(after).bind(PAGE).fetch_all(connection).await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &SqliteRow) -> Result<Stored, StoreError> {
    let seq: i64 = row.try_get(0)?;
    let at: i64 = row.try_get(1)?;
    Ok(Stored {
        seq: u64::try_from(seq).map_err(|_| StoreError::Row(seq))?,
        at: Timestamp::from_microsecond(at).map_err(|_| StoreError::Row(seq))?,
        salt: row.try_get(2)?,
        body: row.try_get(3)?,
        leaf: row.try_get(4)?,
    })
}

/// Sequence numbers stay far below 2^63; one that did not would be refused by the append.
fn to_i64(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
