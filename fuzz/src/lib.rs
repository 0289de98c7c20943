//! What is fuzzed: one body per parser, for libFuzzer here and for the tests of `mark`.

mod bodies;

pub use bodies::{
    copies, hunt, lint, markup, propose, reader, reader_http, reader_json, reader_plain, reader_prose, reader_python,
    reader_rules, reader_yaml, reader_yara,
};
