//! Sessions and ceremonies: who is signed in, and what a browser was asked. Whoever loses the rows signs in again.
//!
//! A row is found by the hash of what the browser shows. A ceremony's row is removed by whoever takes it, so that of
//! two answers, on whichever replicas, one counts.

use jiff::Timestamp;
use program::id::Sha256;
use sqlx::Row as _;

use super::{Store, StoreError, reading, within};

/// Adds a row, unless too many of its kind are there.
const PUT: &str = "INSERT INTO session(sha256, kind, holder, passkey, created, seen, ends, stepped, state) \
     SELECT $1, $2, $3, $4, $5, $5, $6, $7, $8 \
     WHERE (SELECT COUNT(*) FROM session WHERE kind = $2) < $9 ON CONFLICT (sha256) DO NOTHING";
/// Reads a row.
const GET: &str = "SELECT holder, passkey, created, seen, ends, stepped, state, sha256 FROM session \
     WHERE sha256 = $1 AND kind = $2";
/// Reads a holder's rows, oldest first.
const OF: &str = "SELECT holder, passkey, created, seen, ends, stepped, state, sha256 FROM session \
     WHERE kind = $1 AND holder = $2 ORDER BY created, sha256";
/// Removes a row and hands it out; of several replicas one gets it.
const TAKE: &str = "DELETE FROM session WHERE sha256 = $1 AND kind = $2 \
     RETURNING holder, passkey, created, seen, ends, stepped, state, sha256";
/// Notes that a row was used.
const SEEN: &str = "UPDATE session SET seen = $1 WHERE sha256 = $2 AND seen < $1";
/// Notes a step-up.
const STEP: &str = "UPDATE session SET stepped = $1 WHERE sha256 = $2 AND kind = $3";
/// Removes a holder's rows but for one.
const OTHERS: &str = "DELETE FROM session WHERE kind = $1 AND holder = $2 AND sha256 <> $3";
/// Removes what has ended.
const SWEEP: &str = "DELETE FROM session WHERE ends <= $1";

/// A row that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening<'a> {
    /// SHA-256 of what the browser shows.
    pub sha256: Sha256,
    /// What kind of row: a session, or which ceremony.
    pub kind: &'static str,
    /// Whose, as text.
    pub holder: &'a str,
    /// By which passkey, as text; empty for none.
    pub passkey: &'a str,
    /// When it ends at the latest.
    pub ends: Timestamp,
    /// When its holder last showed to be there, if at all.
    pub stepped: Option<Timestamp>,
    /// What a ceremony needs to be finished.
    pub state: &'a str,
    /// How many rows of the kind there may be.
    pub most: u32,
}

/// A row as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of what the browser shows.
    pub sha256: Sha256,
    /// Whose, as text.
    pub holder: String,
    /// By which passkey, as text; empty for none.
    pub passkey: String,
    /// When it was added.
    pub created: Timestamp,
    /// When it was used last.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
    /// When its holder last showed to be there, if at all.
    pub stepped: Option<Timestamp>,
    /// What a ceremony needs to be finished.
    pub state: String,
}

/// Turns a row of either engine into a [`SessionRow`].
macro_rules! row {
    ($row:expr) => {{
        let row = $row;
        let bytes: Vec<u8> = row.try_get(7)?;
        let stepped: i64 = row.try_get(5)?;
        SessionRow {
            sha256: Sha256(bytes.try_into().map_err(|_| StoreError::Database(String::from(BROKEN)))?),
            holder: row.try_get(0)?,
            passkey: row.try_get(1)?,
            created: instant(row.try_get(2)?),
            seen: instant(row.try_get(3)?),
            ends: instant(row.try_get(4)?),
            stepped: (stepped != NEVER).then(|| instant(stepped)),
            state: row.try_get(6)?,
        }
    }};
}

/// How a step-up that never was is written.
const NEVER: i64 = i64::MIN;
const BROKEN: &str = "a session's row has no hash: empty the table `session`, and everybody signs in again";

impl Store {
    /// Reads a row.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session(&self, sha256: &Sha256, kind: &str) -> Result<Option<SessionRow>, StoreError> {
        reading!(self, pool => {
            let query = sqlx::query(GET).bind(sha256.0.as_slice()).bind(kind);
            let Some(row) = query.fetch_optional(pool).await? else { return Ok(None) };
            Ok(Some(row!(row)))
        })
    }

    /// Reads a holder's rows, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sessions_of(&self, kind: &str, holder: &str) -> Result<Vec<SessionRow>, StoreError> {
        reading!(self, pool => {
            let rows = sqlx::query(OF).bind(kind).bind(holder).fetch_all(pool).await?;
            rows.into_iter().map(|row| Ok(row!(row))).collect()
        })
    }

    /// Adds a row and removes those that have ended; tells whether there was room.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session_put(&self, row: &Opening<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let mut append = self.append().await?;
        let now = now.as_microsecond();
        within!(&mut append, connection => {
            sqlx::query(SWEEP).bind(now).execute(connection).await?;
        });
        let added = within!(&mut append, connection => {
            let query = sqlx::query(PUT)
                .bind(row.sha256.0.as_slice())
                .bind(row.kind)
                .bind(row.holder)
                .bind(row.passkey)
                .bind(now)
                .bind(row.ends.as_microsecond())
                .bind(row.stepped.map_or(NEVER, Timestamp::as_microsecond))
                .bind(row.state)
                .bind(i64::from(row.most));
            query.execute(connection).await?.rows_affected()
        });
        append.commit().await?;
        Ok(added > 0)
    }

    /// Removes a row and hands it out; nothing when somebody was faster.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session_take(&self, sha256: &Sha256, kind: &str) -> Result<Option<SessionRow>, StoreError> {
        let mut append = self.append().await?;
        let taken = within!(&mut append, connection => {
            let query = sqlx::query(TAKE).bind(sha256.0.as_slice()).bind(kind);
            match query.fetch_optional(connection).await? {
                None => None,
                Some(row) => Some(row!(row)),
            }
        });
        append.commit().await?;
        Ok(taken)
    }

    /// Notes that a row was used.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session_seen(&self, sha256: &Sha256, now: Timestamp) -> Result<(), StoreError> {
        let mut append = self.append().await?;
        within!(&mut append, connection => {
            let query = sqlx::query(SEEN).bind(now.as_microsecond()).bind(sha256.0.as_slice());
            query.execute(connection).await?;
        });
        append.commit().await
    }

    /// Notes that a row's holder showed to be there.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session_stepped(
        &self,
        sha256: &Sha256,
        kind: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut append = self.append().await?;
        within!(&mut append, connection => {
            let query = sqlx::query(STEP).bind(now.as_microsecond()).bind(sha256.0.as_slice()).bind(kind);
            query.execute(connection).await?;
        });
        append.commit().await
    }

    /// Removes a holder's rows but for one; returns how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn session_others(&self, kind: &str, holder: &str, but: &Sha256) -> Result<u64, StoreError> {
        let mut append = self.append().await?;
        let removed = within!(&mut append, connection => {
            let query = sqlx::query(OTHERS).bind(kind).bind(holder).bind(but.0.as_slice());
            query.execute(connection).await?.rows_affected()
        });
        append.commit().await?;
        Ok(removed)
    }
}

fn instant(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX)
}

/// Every statement, with the types that its parameters have.
#[cfg(test)]
pub(super) const STATEMENTS: [(&str, &[&str]); 8] = [
    (PUT, &["bytea", "text", "text", "text", "bigint", "bigint", "bigint", "text", "bigint"]),
    (GET, &["bytea", "text"]),
    (OF, &["text", "text"]),
    (TAKE, &["bytea", "text"]),
    (SEEN, &["bigint", "bytea"]),
    (STEP, &["bigint", "bytea", "text"]),
    (OTHERS, &["text", "text", "bytea"]),
    (SWEEP, &["bigint"]),
];
