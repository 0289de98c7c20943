//! Members' marks: written into a package's files, read back from a leak, weighed against a bound.
//!
//! Pure: no file, clock or random source is touched here; secrets are arguments.

pub mod accuse;
pub mod arrange;
pub mod code;
pub mod hunt;
pub mod kinds;
pub mod lint;
pub mod master;
pub mod propose;
pub mod read;
pub mod reading;
pub mod render;
pub mod screen;
pub mod simulate;
pub mod strength;
pub mod syntax;
pub mod trace;
