//! What is fuzzed: one body per parser, for libFuzzer here and for the tests of the crate whose parser it is.

mod bodies;
mod evidence;

pub use bodies::{
    copies, hunt, lint, markup, propose, reader, reader_http, reader_json, reader_plain, reader_prose, reader_python,
    reader_rules, reader_yaml, reader_yara,
};
pub use evidence::evidence;
