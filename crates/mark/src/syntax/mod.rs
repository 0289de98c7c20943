//! The author's markup, parsed into a [`Master`].
//!
//! Text markup (`{~…~}` and shuffled lines) works in every file; code markup (`#~` and `//~` comments) in
//! the kinds of [`FileKind::marker`](crate::kinds::FileKind::marker). Names are known in the whole package.
//! Parsing takes linear time and bounded stack whatever the input is.
//!
//! In `shuffle` blocks a line starts an item when it is indented no deeper than the block's first line;
//! if that line starts with a list bullet, only lines with a bullet do. In code a line inside an open bracket
//! or string, or one that starts with a closing bracket, continues its item.

mod blocks;
mod code;
mod items;
mod literal;
mod problem;
mod rename;
mod resolve;
mod sites;
mod source;
mod taken;
mod text;
mod tree;

pub(crate) use items::number_bullet;
pub use problem::{Problem, Severity};
pub(crate) use sites::{normalise, written};
pub(crate) use source::Source;
pub(crate) use taken::{Taken, taken};
pub use text::escape;

use crate::master::Master;

/// How deep marks may be nested.
pub const MAX_DEPTH: usize = 16;
/// How many branches a choice may have.
pub const MAX_BRANCHES: usize = 16;
/// How many arrangements an order site may have.
pub const MAX_ARRANGEMENTS: u64 = 1 << 20;
/// How many characters a generated value may have.
pub const MAX_LENGTH: u32 = 64;
/// Bits a generated value must have, so that a match of one value is evidence.
pub const MIN_CONSTANT_BITS: f64 = 32.0;

/// A file as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path inside the package, with `/` between folders.
    pub path: String,
    /// Content.
    pub text: String,
}

impl Master {
    /// Parses a package's files, in any order.
    ///
    /// # Errors
    /// Every problem of severity [`Severity::Error`], sorted by place.
    pub fn parse(files: &[SourceFile]) -> Result<Master, Vec<Problem>> {
        let mut sorted: Vec<&SourceFile> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        let sources: Vec<Source<'_>> =
            sorted.iter().map(|file| Source::new(&file.path, &file.text)).collect();
        let mut problems = Vec::new();
        for (first, second) in sources.iter().zip(sources.iter().skip(1)) {
            if first.path == second.path {
                let says = format!("the package has two files named `{}`", first.path);
                problems.push(Problem::error("E1", second.locate(0), says));
            }
        }
        let edits = code::edits(&sources, &mut problems);
        let mut trees = Vec::with_capacity(sources.len());
        for (source, marked) in sources.iter().zip(edits) {
            let pieces = text::parse(source, &marked.edits, &mut problems);
            trees.push(tree::Tree { pieces, locals: marked.locals });
        }
        let master = resolve::resolve(&sources, &trees, &mut problems);
        if problems.is_empty() {
            return Ok(master);
        }
        problems.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.says.cmp(&b.says)));
        Err(problems)
    }
}

#[cfg(test)]
mod tests;
