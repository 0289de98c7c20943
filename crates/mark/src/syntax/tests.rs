mod code;
mod errors;
mod text;

use super::*;
use crate::render::{Codeword, RenderedFile, render, render_default};

fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect()
}

fn parse(path: &str, text: &str) -> Master {
    Master::parse(&files(&[(path, text)])).unwrap()
}

fn default_of(master: &Master) -> String {
    render_default(master).remove(0).text
}

/// Problems as `id line:column: says`, cut after `says`' first words.
fn problems(path: &str, text: &str) -> Vec<String> {
    match Master::parse(&files(&[(path, text)])) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            problems.iter().map(|p| format!("{} {}:{}: {}", p.id, p.at.line, p.at.column, p.says)).collect()
        }
    }
}

/// Asserts that there is exactly one problem and that it starts with `expected`.
#[track_caller]
fn one(path: &str, text: &str, expected: &str) {
    let found = problems(path, text);
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}");
}
