//! Runs a program: the pure core joined with a store, keys, blobs and a clock.
//!
//! One file per step of the pipeline, in its order: `intake`, `release`, `copy`, `sighting`, `trace` (which reads
//! what leaked through `exhibit`),
//! `publish`, and `exit`, which brings all of it forward; beside them what asks and checks: `explain`, `evidence`,
//! `policy_diff`, `verify`, `export`. The log is written by one task (`writer`), and only here do time, randomness
//! and files come in.

pub mod assertion;
pub mod backup;
pub mod blobs;
pub mod bucket;
pub mod checkpoint;
pub mod claim;
pub mod clock;
pub mod copy;
pub mod counters;
pub mod delivery;
pub mod engine;
pub mod entropy;
pub mod error;
pub mod evidence;
pub mod exhibit;
pub mod exit;
pub mod explain;
pub mod export;
pub mod folder;
pub mod hash;
pub mod heartbeat;
pub mod intake;
pub mod invitation;
pub mod keys;
pub mod leaks;
pub mod ledger;
pub mod master;
pub mod moving;
pub mod notices;
pub mod passkey;
pub mod places;
pub mod policy_diff;
pub mod progress;
pub mod public_log;
pub mod publish;
pub mod readiness;
mod ready;
pub mod release;
pub mod replica;
pub mod report;
pub mod restore;
pub mod screening;
pub mod secret_text;
pub mod session;
pub mod sighting;
pub mod store;
pub mod timer;
pub mod tls;
pub mod token;
pub mod trace;
pub mod verify;
pub mod viewing;
pub mod writer;

pub use clock::{Clock, Stopwatch};
pub use engine::{Engine, Founding, OpenError};
pub use entropy::Entropy;
pub use error::StepError;
pub use writer::WriteError;
