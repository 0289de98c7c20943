//! How a database came to its shape: numbered steps, the same numbers on every engine.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::StoreError;

/// Every step on SQLite, oldest first.
pub(super) const SQLITE: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_log.sql"),
    include_str!("../../migrations/sqlite/0002_moved.sql"),
    include_str!("../../migrations/sqlite/0003_outbox.sql"),
    include_str!("../../migrations/sqlite/0004_counter.sql"),
    include_str!("../../migrations/sqlite/0005_session.sql"),
];

/// Every step on PostgreSQL, oldest first.
pub(super) const POSTGRES: &[&str] = &[
    include_str!("../../migrations/postgres/0001_log.sql"),
    include_str!("../../migrations/postgres/0002_moved.sql"),
    include_str!("../../migrations/postgres/0003_outbox.sql"),
    include_str!("../../migrations/postgres/0004_counter.sql"),
    include_str!("../../migrations/postgres/0005_session.sql"),
];

/// What each step is about; they are named alike on every engine.
const NAMES: &[&str] = &["log", "moved", "outbox", "counter", "session"];

/// Returns what brings a database to the present shape.
pub(super) fn migrator(steps: &'static [&'static str]) -> Migrator {
    let steps = (1..).zip(NAMES).zip(steps).map(|((number, name), sql)| {
        let sql = sqlx::SqlStr::from_static(sql);
        Migration::new(number, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

/// Returns the number of the newest step.
pub(super) fn newest() -> i64 {
    i64::try_from(NAMES.len()).unwrap_or(i64::MAX)
}

/// Says what a migration failed at.
pub(super) fn failed(place: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) => StoreError::Newer(place.to_owned()),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Database(other.to_string()),
    }
}

/// Names a file in a message.
pub(super) fn named(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_and_is_there_for_every_engine() {
        assert_eq!((SQLITE.len(), POSTGRES.len()), (NAMES.len(), NAMES.len()));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for engine in ["sqlite", "postgres"] {
            let mut files: Vec<String> = std::fs::read_dir(folder.join(engine))
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let named: Vec<String> =
                (1..).zip(NAMES).map(|(number, name)| format!("{number:04}_{name}.sql")).collect();
            assert_eq!(files, named, "{engine}");
        }
    }
}
