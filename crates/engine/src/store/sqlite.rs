//! SQLite: the embedded default. One writer, several readers, durable at every commit.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sqlx::{
    Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    StoreError,
    migrations::{self, SQLITE, named},
};

/// How long a second process waits for the first to finish its commit.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Rows that the database's thread may be ahead: waking its reader for every few costs more than the rows.
const ROW_BUFFER: usize = 4096;

/// First bytes of every SQLite file.
///
/// **Source:** <https://www.sqlite.org/fileformat2.html>, section 1.3.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A log's database in a file: one connection that writes, several that read.
#[derive(Clone, Debug)]
pub struct Sqlite {
    pub(super) write: SqlitePool,
    pub(super) read: SqlitePool,
    /// What the file was when it was opened as one that nobody writes to.
    still: Option<Still>,
}

pub(super) async fn open(path: &Path, create: bool) -> Result<Sqlite, StoreError> {
    open_patiently(path, create, BUSY).await
}

async fn open_patiently(path: &Path, create: bool, patience: Duration) -> Result<Sqlite, StoreError> {
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
    let brought = migrations::migrator(SQLITE).run(&write).await;
    brought.map_err(|error| migrations::failed(&named(path), error))?;
    let read = SqlitePoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options.create_if_missing(false).read_only(true));
    Ok(Sqlite { write, read, still: None })
}

/// Opens the log's database to look at it, leaving every file as it is.
pub(super) async fn look(path: &Path) -> Result<Sqlite, StoreError> {
    check_file(path)?;
    // Without a write-ahead log nobody has the file open: it can be read as it lies, with no file beside it.
    // With one, some process is at work or has crashed, and the log must be read through it.
    let still = Still::of(path);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(still.is_some());
    let read = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    check_log(path, &read).await?;
    Ok(Sqlite { write: read.clone(), read, still })
}

impl Sqlite {
    pub(super) fn disturbed(&self) -> bool {
        self.still.as_ref().is_some_and(Still::is_over)
    }

    pub(super) async fn copy_into(&self, path: &Path) -> Result<(), StoreError> {
        make_private(path)?;
        let text =
            path.to_str().ok_or_else(|| StoreError::Database(format!("`{}` is not UTF-8", named(path))))?;
        sqlx::query("VACUUM INTO $1").bind(text).execute(&self.read).await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// A database file that nobody has open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Still {
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

    fn is_over(&self) -> bool {
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
    let not = |says| StoreError::NotALog { place: named(path), says };
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
    if !has_table(pool, "entry").await? {
        return Err(StoreError::NotALog { place: named(path), says: "it has no table of entries" });
    }
    check_version(path, pool).await
}

/// Tells whether a table is there.
pub(super) async fn has_table(pool: &SqlitePool, name: &str) -> Result<bool, StoreError> {
    let found = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
    Ok(sqlx::query_scalar::<_, i64>(found).bind(name).fetch_one(pool).await? == 1)
}

/// Checks that no newer version has been at the database, for whoever reads it without the migrator.
async fn check_version(path: &Path, pool: &SqlitePool) -> Result<(), StoreError> {
    if steps_taken(pool).await? > migrations::newest() {
        return Err(StoreError::Newer(named(path)));
    }
    Ok(())
}

/// Returns how far a database was brought.
async fn steps_taken(pool: &SqlitePool) -> Result<i64, StoreError> {
    if !has_table(pool, "_sqlx_migrations").await? {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    Ok(sqlx::query_scalar(newest).fetch_one(pool).await?)
}

pub(super) async fn soundness(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("PRAGMA integrity_check(20)").fetch_all(pool).await?;
    let said: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
    let said = said?.into_iter().filter(|line| line != "ok");
    Ok(said.chain(lost_triggers(pool).await?).collect())
}

/// Compares the triggers that keep entries with the ones that the database was made with.
async fn lost_triggers(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let kept = "SELECT sql FROM sqlite_master WHERE type = 'trigger'";
    let rows = sqlx::query(kept).fetch_all(pool).await?;
    let kept: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
    let kept = kept?;
    // A database that nobody opened to write since has the triggers of its steps alone.
    let taken = usize::try_from(steps_taken(pool).await?).unwrap_or_default();
    let taken = SQLITE.get(..taken).unwrap_or(SQLITE);
    let made = taken.iter().flat_map(|sql| {
        sql.split("CREATE TRIGGER ")
            .skip(1)
            .filter_map(|rest| rest.split_once(' '))
            .map(move |made| (made, sql))
    });
    // The database keeps the statement's text as it was given.
    let lost = made.filter(|((name, _), step)| {
        !kept
            .iter()
            .any(|sql| sql.starts_with(&format!("CREATE TRIGGER {name} ")) && step.contains(sql.as_str()))
    });
    let says = |((name, _), _): ((&str, &str), _)| {
        format!(
            "the trigger `{name}` is gone or another: whoever has the file can change entries unnoticed by the database; restore the newest sound one"
        )
    };
    Ok(lost.map(says).collect())
}

#[cfg(test)]
mod tests;
