//! Counters: how often something was done within a time, on all replicas together. Losing them loses no fact: it lets
//! a little more through.

use jiff::Timestamp;
use sqlx::Row as _;

use super::{Store, StoreError, reading, writing};

/// Adds one to a counter, which begins with the first, and says how far it stands.
const COUNT: &str = "INSERT INTO counter(name, ends, used) VALUES ($1, $2, 1) \
     ON CONFLICT (name) DO UPDATE SET used = counter.used + 1 RETURNING used";
/// Reads how far a counter stands.
const USED: &str = "SELECT used FROM counter WHERE name = $1";
/// Removes counters that nobody asks for any more.
const FORGET: &str = "DELETE FROM counter WHERE ends <= $1";

impl Store {
    /// Adds one to a counter, kept until an instant; returns how far it stands now, 1 for the first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn count(&self, name: &str, ends: Timestamp) -> Result<u64, StoreError> {
        let ends = ends.as_microsecond();
        writing!(self, pool => {
            let row = sqlx::query(COUNT).bind(name).bind(ends).fetch_one(pool).await?;
            Ok(natural(row.try_get(0)?))
        })
    }

    /// Returns how far a counter stands; 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn counted(&self, name: &str) -> Result<u64, StoreError> {
        reading!(self, pool => {
            let row = sqlx::query(USED).bind(name).fetch_optional(pool).await?;
            Ok(row.map(|row| row.try_get(0)).transpose()?.map_or(0, natural))
        })
    }

    /// Removes counters that ended.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn forget_counters(&self, now: Timestamp) -> Result<(), StoreError> {
        writing!(self, pool => {
            sqlx::query(FORGET).bind(now.as_microsecond()).execute(pool).await?;
        });
        Ok(())
    }
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Every statement, with the types that its parameters have.
#[cfg(test)]
pub(super) const STATEMENTS: [(&str, &[&str]); 3] =
    [(COUNT, &["text", "bigint"]), (USED, &["text"]), (FORGET, &["bigint"])];
