//! The program over HTTP: what members' machines fetch, what operators' machines ask and do, the public log.
//!
//! One file per resource in `api/`; around them who calls (`auth`), what a refusal looks like (`problem`), what
//! all answers share (`router`), and how the process lives (`serve`).

mod ahead;
pub mod api;
pub mod app;
pub mod auth;
mod client_certificate;
pub mod config;
pub mod health;
pub mod identity;
mod limits;
pub mod metrics;
pub mod notices;
pub mod oidc;
mod one_trace;
pub mod problem;
pub mod public_log;
pub mod router;
pub mod sealed;
pub mod serve;
mod signed;
mod streams;
pub mod timer;
mod web;

pub use app::App;
pub use config::Config;
pub use serve::{ServeError, Serving, serve};
