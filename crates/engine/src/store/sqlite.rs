//! SQLite: the embedded default. One writer, several readers, durable at every commit.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sqlx::{
    Row as _, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Store, StoreError};

/// How long a second process waits for the first to finish its commit.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Rows that the database's thread may be ahead: waking its reader for every few costs more than the rows.
const ROW_BUFFER: usize = 4096;

/// First bytes of every SQLite file.
///
/// **Source:** <https://www.sqlite.org/fileformat2.html>, section 1.3.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

const LOG: &str = include_str!("../../migrations/sqlite/0001_log.sql");

/// Opens the log's database, and makes it when `create` says so.
///
/// # Errors
/// [`StoreError`] when the file is missing, no database of a log, or newer than this version.
pub async fn open(path: &Path, create: bool) -> Result<Store, StoreError> {
    open_patiently(path, create, BUSY).await
}

async fn open_patiently(path: &Path, create: bool, patience: Duration) -> Result<Store, StoreError> {
    if create {
        make_private(path)?;
    } else {
        // A file that cannot be used is refused before anything is written beside it.
        look(path).await?.close().await;
    }
    // Full synchronisation on every commit: an entry that was answered for survives a power failure.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(patience)
        .row_buffer_size(ROW_BUFFER)
        .foreign_keys(true);
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    migrator().run(&write).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) => StoreError::Newer(path.to_owned()),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Database(other.to_string()),
    })?;
    let read = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Store { write, read, still: None })
}

/// Opens the log's database to look at it, leaving every file as it is.
///
/// # Errors
/// [`StoreError`] when the file is missing or no database of a log.
pub async fn look(path: &Path) -> Result<Store, StoreError> {
    check_file(path)?;
    // Without a write-ahead log nobody has the file open: it can be read as it lies, with no file beside it.
    // With one, some process is at work or has crashed, and the log must be read through it.
    let still = Still::of(path);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(still.is_some());
    let read = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    check_log(path, &read).await?;
    Ok(Store { write: read.clone(), read, still })
}

/// A database file that nobody has open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Still {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl Still {
    fn of(path: &Path) -> Option<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push("-wal");
        if Path::new(&beside).exists() {
            return None;
        }
        let data = fs::metadata(path).ok()?;
        Some(Self { path: path.to_owned(), size: data.len(), modified: data.modified().ok() })
    }

    pub(super) fn is_over(&self) -> bool {
        Self::of(&self.path).as_ref() != Some(self)
    }
}

/// Makes an empty file that only its owner can read; SQLite gives the files beside it the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).and_then(|file| file.sync_all());
    made.map_err(|error| StoreError::Database(format!("`{}`: {error}", path.display())))
}

/// Checks that a file begins as a database does, before anything opens it that could make it one.
fn check_file(path: &Path) -> Result<(), StoreError> {
    let not = |says| StoreError::NotALog { path: path.to_owned(), says };
    let mut start = Vec::with_capacity(MAGIC.len());
    let read = File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing(path.to_owned())),
        Err(error) => Err(StoreError::Database(format!("`{}`: {error}", path.display()))),
        Ok(0) => Err(not("it is empty")),
        Ok(_) if start != MAGIC => Err(not("it does not begin as one")),
        Ok(_) => Ok(()),
    }
}

async fn check_log(path: &Path, pool: &SqlitePool) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'entry'")
        .fetch_one(pool)
        .await?;
    if row.try_get::<i64, _>(0)? != 1 {
        return Err(StoreError::NotALog { path: path.to_owned(), says: "it has no table of entries" });
    }
    check_version(path, pool).await
}

/// Checks that no newer version has been at the database, for whoever reads it without the migrator.
async fn check_version(path: &Path, pool: &SqlitePool) -> Result<(), StoreError> {
    let table = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    if sqlx::query(table).fetch_one(pool).await?.try_get::<i64, _>(0)? == 0 {
        return Ok(());
    }
    let newest = migrator().iter().map(|migration| migration.version).max().unwrap_or(0);
    let row = sqlx::query("SELECT COUNT(*) FROM _sqlx_migrations WHERE version > $1")
        .bind(newest)
        .fetch_one(pool)
        .await?;
    if row.try_get::<i64, _>(0)? > 0 {
        return Err(StoreError::Newer(path.to_owned()));
    }
    Ok(())
}

fn migrator() -> Migrator {
    let log = Migration::new(1, "log".into(), MigrationType::Simple, sqlx::SqlStr::from_static(LOG), false);
    Migrator::with_migrations(vec![log])
}

pub(super) async fn soundness(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("PRAGMA integrity_check(20)").fetch_all(pool).await?;
    let said: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
    let said = said?.into_iter().filter(|line| line != "ok");
    Ok(said.chain(lost_triggers(pool).await?).collect())
}

/// Compares the triggers that keep entries with the ones that the database was made with.
async fn lost_triggers(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let kept = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'";
    let rows = sqlx::query(kept).fetch_all(pool).await?;
    let kept: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
    let kept = kept?;
    // The database keeps the statement's text as it was given.
    let made = LOG.split("CREATE TRIGGER ").skip(1).filter_map(|rest| rest.split_once(' '));
    let lost = made.filter(|(name, _)| {
        !kept
            .iter()
            .any(|sql| sql.starts_with(&format!("CREATE TRIGGER {name} ")) && LOG.contains(sql.as_str()))
    });
    let says = |(name, _): (&str, &str)| {
        format!(
            "the trigger `{name}` is gone or another: whoever has the file can change entries unnoticed by the database; restore the newest sound one"
        )
    };
    Ok(lost.map(says).collect())
}

#[cfg(test)]
mod tests;
