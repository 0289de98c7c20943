//! An entry as a row, on every engine the same.

use jiff::Timestamp;
use sqlx::{ColumnIndex, Decode, Row, Type};

use super::StoreError;

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

/// Reads the columns `seq, at, salt, body, leaf`.
pub(super) fn stored<R>(row: &R) -> Result<Stored, StoreError>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
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
pub(super) fn to_i64(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
