//! Sends notices: by mail and to members' endpoints, content-free, each receiver in a queue of its own.
//!
//! What is owed, and what came of it, is the log's; what waits is in the outbox; here is only the sending. A notice
//! leaves at least once, with the same idempotency key each time.

pub mod address;
pub mod config;
pub mod dispatch;
pub mod mail;
pub mod post;
pub mod signature;
pub mod webhook;

pub use config::Config;
pub use dispatch::{Notifier, Step};
