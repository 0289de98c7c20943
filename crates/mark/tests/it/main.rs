//! Tests across the crate's modules, over one package.

mod leaks;
mod package;
mod trace;
