//! What an early-warning program is: its state as the fold of its log, and what may be done to it.
//!
//! Pure: `decide` turns a command into events or a refusal, `apply` takes an entry in. Time, the actor and
//! the policies are arguments; nothing here reads a file, a clock or a random source.
//!
//! Each module holds one concept with its types, its commands, its events and its part of both functions.

pub mod actor;
pub mod assertion;
pub mod by;
pub mod case;
pub mod clock;
pub mod context;
pub mod cve;
pub mod deadline;
pub mod delivery;
pub mod due;
pub mod duties;
pub mod embargo;
pub mod endpoint;
pub mod event;
pub mod grant;
pub mod heartbeat;
pub mod id;
pub mod invitation;
pub mod item;
pub mod judge;
pub mod leak;
pub mod marks;
pub mod member;
mod news;
pub mod notification;
pub mod passkey;
pub mod plan;
pub mod policies;
pub mod program;
#[expect(missing_docs, reason = "every variant says in its message what it means")]
pub mod refusal;
pub mod report;
pub mod restore;
pub mod review;
pub mod rules;
pub mod sighting;
pub mod subject;
pub mod token;
pub mod vetting;
pub mod viewing;
pub mod wave;

pub use context::Context;
pub use event::{Entry, Event};
pub use program::{Command, Program};
pub use refusal::Refusal;
