//! What is fuzzed: one body per parser, for libFuzzer here and for the tests of `mark`.

mod bodies;

pub use bodies::{copies, hunt, lint, markup, propose, reader};
