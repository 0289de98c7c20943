//! The outbox: notices that wait to be sent. Rows are hints; what is owed follows from the log.
//!
//! One column says when a row may be taken: a claim moves it into the future, and so does a failure. A replica that
//! dies with a claim gives it back by doing nothing.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;

use super::{Append, Store, StoreError, reading, within};

/// Adds a row, unless it is there.
const PUT: &str = "INSERT INTO outbox(recipient, seq, notification, id, queued, attempts, claimed_until, says) \
     VALUES ($1, $2, $3, $4, $5, 0, $5, '') ON CONFLICT (recipient, seq) DO NOTHING";
/// Finds the oldest row of each recipient that may be taken: those first that never failed, then those that wait
/// longest.
const HEADS: &str = "SELECT recipient, MIN(seq) FROM outbox WHERE claimed_until <= $1 \
     GROUP BY recipient ORDER BY MAX(attempts), MIN(claimed_until), recipient LIMIT $2";
/// Takes a row for a time; of several replicas one gets it.
const CLAIM: &str = "UPDATE outbox SET claimed_until = $1 WHERE recipient = $2 AND seq = $3 AND claimed_until <= $4 \
     RETURNING notification, id, attempts";
/// Notes a failure.
const FAIL: &str = "UPDATE outbox SET attempts = attempts + 1, says = $1, claimed_until = $2 \
     WHERE recipient = $3 AND seq = $4";
/// Lets everything else of a recipient wait as well.
const POSTPONE: &str = "UPDATE outbox SET claimed_until = $1 WHERE recipient = $2 AND claimed_until < $1";
/// Keeps a row and never hands it out again.
const RETIRE: &str = "UPDATE outbox SET claimed_until = $1 WHERE recipient = $2 AND seq = $3";
/// Removes a row.
const REMOVE: &str = "DELETE FROM outbox WHERE recipient = $1 AND seq = $2";
/// Removes what was kept for long enough.
const FORGET: &str = "DELETE FROM outbox WHERE claimed_until = $1 AND queued < $2";
/// Reads every row that waits.
const ALL: &str = "SELECT recipient, seq, notification, id, queued, attempts, claimed_until, says FROM outbox \
     WHERE claimed_until < $1 ORDER BY seq, recipient";
/// Counts the rows that wait, and says since when the oldest does.
const AGE: &str = "SELECT COUNT(*), MIN(queued) FROM outbox WHERE claimed_until < $1";

/// When a row that is kept may be taken: never.
const NEVER: i64 = i64::MAX;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// To whom, as text.
    pub recipient: String,
    /// Its notification's entry; below 0 for what is in no log.
    pub seq: i64,
    /// Its notification's number; 0 for what is in no log.
    pub notification: u32,
    /// Its idempotency key.
    pub id: String,
    /// Since when it waits.
    pub queued: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it may be tried next.
    pub next: Timestamp,
    /// What came of the last try.
    pub says: String,
}

/// A row that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// To whom, as text.
    pub recipient: String,
    /// Its notification's entry, or below 0.
    pub seq: i64,
    /// Its notification's number, or 0.
    pub notification: u32,
    /// Its idempotency key.
    pub id: String,
}

/// A row that this replica may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// To whom, as text.
    pub recipient: String,
    /// Its notification's entry, or below 0.
    pub seq: i64,
    /// Its notification's number, or 0.
    pub notification: u32,
    /// Its idempotency key.
    pub id: String,
    /// How often it was tried before.
    pub attempts: u32,
}

impl Store {
    /// Returns the oldest row of each recipient that may be taken now, as recipient and entry.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_heads(&self, now: Timestamp, most: u32) -> Result<Vec<(String, i64)>, StoreError> {
        let (now, most) = (now.as_microsecond(), i64::from(most));
        reading!(self, pool => {
            let rows = sqlx::query(HEADS).bind(now).bind(most).fetch_all(pool).await?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
        })
    }

    /// Returns every row that waits.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox(&self) -> Result<Vec<Waiting>, StoreError> {
        reading!(self, pool => {
            let rows = sqlx::query(ALL).bind(NEVER).fetch_all(pool).await?;
            rows.iter()
                .map(|row| {
                    Ok(Waiting {
                        recipient: row.try_get(0)?,
                        seq: row.try_get(1)?,
                        notification: small(row.try_get(2)?),
                        id: row.try_get(3)?,
                        queued: instant(row.try_get(4)?),
                        attempts: small(row.try_get(5)?),
                        next: instant(row.try_get(6)?),
                        says: row.try_get(7)?,
                    })
                })
                .collect()
        })
    }

    /// Returns how many rows wait, and since when the oldest does.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_age(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let (count, oldest): (i64, Option<i64>) = reading!(self, pool => {
            let row = sqlx::query(AGE).bind(NEVER).fetch_one(pool).await?;
            (row.try_get(0)?, row.try_get(1)?)
        });
        Ok((u64::try_from(count).unwrap_or(0), oldest.map(instant)))
    }
}

impl Append {
    /// Adds a row to the outbox, unless it is there.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_put(&mut self, row: &Put, now: Timestamp) -> Result<(), StoreError> {
        within!(self, connection => {
            sqlx::query(PUT)
                .bind(&row.recipient)
                .bind(row.seq)
                .bind(i64::from(row.notification))
                .bind(&row.id)
                .bind(now.as_microsecond())
                .execute(connection)
                .await?;
        });
        Ok(())
    }

    /// Takes a row until an instant; nothing when another replica was faster.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_claim(
        &mut self,
        recipient: &str,
        seq: i64,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Claimed>, StoreError> {
        let (until, now) = (until.as_microsecond(), now.as_microsecond());
        within!(self, connection => {
            let query = sqlx::query(CLAIM).bind(until).bind(recipient).bind(seq).bind(now);
            let Some(row) = query.fetch_optional(connection).await? else { return Ok(None) };
            Ok(Some(Claimed {
                recipient: recipient.to_owned(),
                seq,
                notification: small(row.try_get(0)?),
                id: row.try_get(1)?,
                attempts: small(row.try_get(2)?),
            }))
        })
    }

    /// Notes that a row could not be sent, and lets everything of its recipient wait until an instant.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_failed(
        &mut self,
        recipient: &str,
        seq: i64,
        says: &str,
        next: Timestamp,
    ) -> Result<(), StoreError> {
        let next = next.as_microsecond();
        within!(self, connection => {
            sqlx::query(FAIL).bind(says).bind(next).bind(recipient).bind(seq).execute(connection).await?;
        });
        within!(self, connection => {
            sqlx::query(POSTPONE).bind(next).bind(recipient).execute(connection).await?;
        });
        Ok(())
    }

    /// Removes a row.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_remove(&mut self, recipient: &str, seq: i64) -> Result<(), StoreError> {
        within!(self, connection => {
            sqlx::query(REMOVE).bind(recipient).bind(seq).execute(connection).await?;
        });
        Ok(())
    }

    /// Keeps a row as one that was sent, so that it is not added again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_retire(&mut self, recipient: &str, seq: i64) -> Result<(), StoreError> {
        within!(self, connection => {
            sqlx::query(RETIRE).bind(NEVER).bind(recipient).bind(seq).execute(connection).await?;
        });
        Ok(())
    }

    /// Removes rows that were kept, when they are older than an instant.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn outbox_forget(&mut self, before: Timestamp) -> Result<(), StoreError> {
        within!(self, connection => {
            sqlx::query(FORGET).bind(NEVER).bind(before.as_microsecond()).execute(connection).await?;
        });
        Ok(())
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn instant(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MAX)
}

/// Every statement, with the types that its parameters have.
#[cfg(test)]
pub(super) const STATEMENTS: [(&str, &[&str]); 10] = [
    (PUT, &["text", "bigint", "bigint", "text", "bigint"]),
    (HEADS, &["bigint", "bigint"]),
    (CLAIM, &["bigint", "text", "bigint", "bigint"]),
    (FAIL, &["text", "bigint", "text", "bigint"]),
    (POSTPONE, &["bigint", "text"]),
    (RETIRE, &["bigint", "text", "bigint"]),
    (REMOVE, &["text", "bigint"]),
    (FORGET, &["bigint", "bigint"]),
    (ALL, &["bigint"]),
    (AGE, &["bigint"]),
];
