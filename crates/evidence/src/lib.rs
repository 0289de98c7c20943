//! The evidence of a trace, for somebody who does not believe it: what a trace's numbers are made from, and a
//! second, plain computation of every one of them.
//!
//! Nothing here is shared with what traces: the formulas are written down again, each in the most direct way
//! there is, so that agreement means more than that a program gives the same answer twice. No key is needed.
//! [`mod@file`] says what `evidence.json` holds and [`check()`] what is checked.

mod check;
mod commit;
pub mod file;
mod joint;
mod log;
mod score;
mod scorer;

pub use check::{Findings, Unchecked, check};
pub use commit::{row_commitment, sha256_hex};
pub use file::{Evidence, EvidenceError, RowOpening, VERSION};
