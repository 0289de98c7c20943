//! The log store: every statement Forewarn sends to a database, and nothing else.
//!
//! Statements use `$N`, portable types and no clock of the database, so that one text serves every engine.

pub mod address;
mod counter;
mod error;
mod migrations;
mod outbox;
mod postgres;
mod row;
mod session;
mod sqlite;

use std::path::Path;

use jiff::Timestamp;

use self::row::{stored, to_i64};
pub use self::{
    address::Address,
    error::StoreError,
    outbox::{Claimed, Put, Waiting},
    postgres::Wakes,
    row::Stored,
    session::{Opening, SessionRow},
};

/// Appends one entry if it is the next one; touches no row when somebody was faster.
const APPEND: &str = "INSERT INTO entry(seq, at, salt, body, leaf) SELECT $1, $2, $3, $4, $5 \
     WHERE $1 = (SELECT COALESCE(MAX(seq), -1) + 1 FROM entry) ON CONFLICT (seq) DO NOTHING";
/// Appends several entries behind one that this transaction appended; nobody else can have added any.
const APPEND_MORE: &str = "INSERT INTO entry(seq, at, salt, body, leaf) ";
/// How many entries one statement appends; five values each, and SQLite takes 32,766 in all.
const ROWS: usize = 128;
/// Reads entries after a sequence number, oldest first.
const TAIL: &str = "SELECT seq, at, salt, body, leaf FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2";
/// Reads one entry.
const ONE: &str = "SELECT seq, at, salt, body, leaf FROM entry WHERE seq = $1";
/// Reads where the log was moved to, if it was.
const MOVED: &str = "SELECT target FROM moved";
/// Ends the log in this database.
const END: &str = "INSERT INTO moved(at, target) VALUES ($1, $2)";

/// How many entries one read brings.
pub const PAGE: i64 = 8192;

/// The log's database.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file: one connection that writes, several that read.
    Sqlite(sqlite::Sqlite),
    /// A server, which several hosts share.
    Postgres(postgres::Postgres),
}

/// A transaction that may append.
pub enum Append {
    /// Nobody else can append until it ends.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// Whoever appends first wins; others wait for its end, and are told.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Says the same to whichever engine, through a connection that reads.
macro_rules! reading {
    ($store:expr, $connection:ident => $said:expr) => {
        match $store {
            $crate::store::Store::Sqlite(store) => {
                let $connection = &store.read;
                $said
            }
            $crate::store::Store::Postgres(store) => {
                let $connection = &store.pool;
                $said
            }
        }
    };
}

/// Says one statement to whichever engine, through a connection that writes.
macro_rules! writing {
    ($store:expr, $connection:ident => $said:expr) => {
        match $store {
            $crate::store::Store::Sqlite(store) => {
                let $connection = &store.write;
                $said
            }
            $crate::store::Store::Postgres(store) => {
                let $connection = &store.pool;
                $said
            }
        }
    };
}

/// Says the same to whichever engine, inside a transaction.
macro_rules! within {
    ($append:expr, $connection:ident => $said:expr) => {
        match $append {
            $crate::store::Append::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $said
            }
            $crate::store::Append::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $said
            }
        }
    };
}

use {reading, within, writing};

/// Opens the log's database in a file, and makes it when `create` says so.
///
/// # Errors
/// [`StoreError`] when the file is missing, no database of a log, or newer than this version.
pub async fn open(path: &Path, create: bool) -> Result<Store, StoreError> {
    open_at(&Address::File(path.to_owned()), create).await
}

/// Opens the log's database wherever it is, and makes its tables when `create` says so.
///
/// # Errors
/// [`StoreError`] when it is missing, cannot be reached, is no database of a log, or newer than this version.
pub async fn open_at(address: &Address, create: bool) -> Result<Store, StoreError> {
    Ok(match address {
        Address::File(path) => Store::Sqlite(sqlite::open(path, create).await?),
        Address::Server(server) => Store::Postgres(postgres::open(server, create).await?),
    })
}

/// Opens the log's database to look at it, leaving everything as it is.
///
/// # Errors
/// [`StoreError`] when it is missing, cannot be reached, or is no database of a log.
pub async fn look(address: &Address) -> Result<Store, StoreError> {
    Ok(match address {
        Address::File(path) => Store::Sqlite(sqlite::look(path).await?),
        Address::Server(server) => Store::Postgres(postgres::look(server).await?),
    })
}

impl Store {
    /// Returns up to [`PAGE`] entries after `seq`; `None` starts at the first one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no entry.
    pub async fn tail(&self, after: Option<u64>) -> Result<Vec<Stored>, StoreError> {
        let after = after.map_or(-1, to_i64);
        reading!(self, pool => {
            let rows = sqlx::query(TAIL).bind(after).bind(PAGE).fetch_all(pool).await?;
            rows.iter().map(stored).collect()
        })
    }

    /// Returns one entry.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or the row is no entry.
    pub async fn entry(&self, seq: u64) -> Result<Option<Stored>, StoreError> {
        reading!(self, pool => {
            let row = sqlx::query(ONE).bind(to_i64(seq)).fetch_optional(pool).await?;
            row.as_ref().map(stored).transpose()
        })
    }

    /// Returns where the log was moved to, if it was.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn moved(&self) -> Result<Option<String>, StoreError> {
        // A database that nobody opened to write since this table came has none.
        if let Self::Sqlite(store) = self
            && !sqlite::has_table(&store.read, "moved").await?
        {
            return Ok(None);
        }
        reading!(self, pool => Ok(sqlx::query_scalar(MOVED).fetch_optional(pool).await?))
    }

    /// Begins to append. In a file nobody else can until the transaction ends; on a server whoever appends
    /// first wins, and the others' first entry is a [`StoreError::Conflict`].
    ///
    /// # Errors
    /// [`StoreError`] when the database is busy for too long or fails.
    pub async fn append(&self) -> Result<Append, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => Append::Sqlite(store.write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(store) => Append::Postgres(store.begin().await?),
        })
    }

    /// Tells whether somebody began to write to a database that was opened by [`look`] while nobody did; what
    /// was read since may be torn, and is to be read again.
    #[must_use]
    pub fn disturbed(&self) -> bool {
        match self {
            Self::Sqlite(store) => store.disturbed(),
            Self::Postgres(_) => false,
        }
    }

    /// Checks that the database takes writes now, and writes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it is busy for too long, read-only, failing, or its log was moved away.
    pub async fn writable(&self) -> Result<(), StoreError> {
        if let Some(target) = self.moved().await? {
            return Err(StoreError::Moved(Some(target)));
        }
        match self {
            Self::Sqlite(_) => drop(self.append().await?),
            Self::Postgres(store) => store.writable().await?,
        }
        Ok(())
    }

    /// Returns what wakes whoever waits for others' entries, where the engine has such a thing.
    #[must_use]
    pub fn wakes(&self) -> Option<Wakes> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(store) => Some(store.wakes()),
        }
    }

    /// Copies the database as it is now into a new file, while others write.
    ///
    /// # Errors
    /// [`StoreError`] when the file exists or cannot be written; nothing on a server can be copied so.
    pub async fn copy_into(&self, path: &Path) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.copy_into(path).await.map(|()| true),
            Self::Postgres(_) => Ok(false),
        }
    }

    /// Closes the database; in a file, folds its write-ahead log into it.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.pool.close().await,
        }
    }

    /// Returns what the database says of its own soundness; empty means sound.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot even be asked.
    pub async fn soundness(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(store) => sqlite::soundness(&store.read).await,
            Self::Postgres(store) => store.soundness().await,
        }
    }
}

impl Append {
    /// Returns up to [`PAGE`] entries after `seq`, as this transaction sees them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row is no entry.
    pub async fn tail(&mut self, after: Option<u64>) -> Result<Vec<Stored>, StoreError> {
        let after = after.map_or(-1, to_i64);
        within!(self, connection => {
            let rows = sqlx::query(TAIL).bind(after).bind(PAGE).fetch_all(connection).await?;
            rows.iter().map(stored).collect()
        })
    }

    /// Adds an entry, which must be the next one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is not.
    pub async fn push(&mut self, entry: &Stored) -> Result<(), StoreError> {
        let done = within!(self, connection => {
            sqlx::query(APPEND)
                .bind(to_i64(entry.seq))
                .bind(entry.at.as_microsecond())
                .bind(&entry.salt)
                .bind(&entry.body)
                .bind(&entry.leaf)
                .execute(connection)
                .await?
                .rows_affected()
        });
        if done == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    /// Adds the entries that follow `last`, which this transaction added.
    ///
    /// # Errors
    /// [`StoreError`] when they do not follow it, or somebody else wrote there; the transaction is of no use then.
    pub async fn push_more(&mut self, last: u64, entries: &[Stored]) -> Result<(), StoreError> {
        if !entries.iter().map(|entry| entry.seq).eq((last + 1..).take(entries.len())) {
            return Err(StoreError::Conflict);
        }
        for rows in entries.chunks(ROWS) {
            let done = within!(self, connection => {
                let mut text = sqlx::QueryBuilder::new(APPEND_MORE);
                text.push_values(rows, |mut row, entry| {
                    row.push_bind(to_i64(entry.seq))
                        .push_bind(entry.at.as_microsecond())
                        .push_bind(entry.salt.as_slice())
                        .push_bind(entry.body.as_slice())
                        .push_bind(entry.leaf.as_slice());
                });
                text.build().execute(connection).await?.rows_affected()
            });
            if done != rows.len() as u64 {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    /// Ends the log in this database: once this is committed, nothing is ever added to it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn end(&mut self, at: Timestamp, target: &str) -> Result<(), StoreError> {
        within!(self, connection => {
            sqlx::query(END).bind(at.as_microsecond()).bind(target).execute(connection).await?;
        });
        Ok(())
    }

    /// Makes what was added durable, and wakes other replicas.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; nothing was added then, but for [`StoreError::Unsettled`].
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
            Self::Postgres(transaction) => postgres::commit(transaction).await,
        }
    }
}

#[cfg(test)]
mod tests;
