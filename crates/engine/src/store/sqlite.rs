//! SQLite: the embedded default. One writer, several readers, durable at every commit.

use std::{path::Path, time::Duration};

use sqlx::{
    Row as _, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Store, StoreError};

/// How long a second process waits for the first to finish its commit.
const BUSY: Duration = Duration::from_secs(10);

const LOG: &str = include_str!("../../migrations/sqlite/0001_log.sql");

/// Opens the log's database, and makes it when `create` says so.
///
/// # Errors
/// [`StoreError`] when the file is missing, no database, or newer than this version.
pub async fn open(path: &Path, create: bool) -> Result<Store, StoreError> {
    // Full synchronisation on every commit: an entry that was answered for survives a power failure.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true);
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    migrator().run(&write).await.map_err(|error| StoreError::Database(sqlx::Error::from(error)))?;
    let read = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Store { write, read })
}

fn migrator() -> Migrator {
    let log = Migration::new(1, "log".into(), MigrationType::Simple, sqlx::SqlStr::from_static(LOG), false);
    Migrator::with_migrations(vec![log])
}

pub(super) async fn soundness(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("PRAGMA integrity_check(20)").fetch_all(pool).await?;
    let said: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
    Ok(said?.into_iter().filter(|line| line != "ok").collect())
}
