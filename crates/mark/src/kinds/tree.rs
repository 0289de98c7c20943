//! A file's syntax tree, as far as comparing renderings needs it: nodes with their kinds and places.
//!
//! A tree is a list of nodes in document order with their depths, so nothing here recurses whatever the
//! nesting of the file.

mod http;
mod json;
mod markdown;
mod python;
mod rules;
mod yaml;
mod yara;

use std::ops::Range;

use super::FileKind;

pub(crate) use http::{Message, messages};
pub(crate) use rules::{Rule, parse as parse_rules};

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Nodes in document order, a parent before its children.
    pub(crate) nodes: Vec<Node>,
    /// Starts of names that select every name starting so: `$a*`, `1 of selection_*`.
    pub(crate) prefixes: Vec<String>,
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: &'static str,
    /// Depth below the file, from 0.
    pub(crate) depth: u32,
    /// Bytes of the file, without white space at either end.
    pub(crate) range: Range<usize>,
    pub(crate) form: Form,
}

/// What a node is, for the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A node with children; text between them says nothing.
    Branch,
    /// A node with children inside running text; a variant may have others.
    Inline,
    /// A literal or another token whose text counts.
    Leaf,
    /// Running text: neighbours belong together, however the parser cut them.
    Run,
    /// A name where it is used.
    Use,
    /// A name where it is defined.
    Bind,
    /// A name or value that must be the same in every copy.
    Fixed,
}

/// Why a file is not of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Byte offset.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) says: String,
}

/// Parses a file; kinds without a tree have an empty one.
pub(crate) fn parse(kind: FileKind, text: &str) -> Result<Tree, Broken> {
    match kind {
        FileKind::Markdown => Ok(markdown::tree(text)),
        FileKind::Python => python::tree(text),
        FileKind::Json => json::tree(text),
        FileKind::Yaml => yaml::tree(text),
        FileKind::Yara => Ok(yara::tree(text)),
        FileKind::Rules => rules::tree(text),
        FileKind::Http => http::tree(text),
        FileKind::Text
        | FileKind::Shell
        | FileKind::C
        | FileKind::Go
        | FileKind::JavaScript
        | FileKind::Rust => Ok(Tree::default()),
    }
}

/// Writes a tree in document order.
pub(super) struct Builder<'a> {
    text: &'a str,
    tree: Tree,
    depth: u32,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str) -> Builder<'a> {
        Builder { text, tree: Tree::default(), depth: 0 }
    }

    /// Adds a node; where a node ends before the next begins is not needed, depths tell.
    pub(super) fn add(&mut self, kind: &'static str, range: Range<usize>, form: Form) {
        let range = if form == Form::Run { range } else { trimmed(self.text, range) };
        self.tree.nodes.push(Node { kind, depth: self.depth, range, form });
    }

    /// Adds a node and goes below it; returns its index.
    pub(super) fn open(&mut self, kind: &'static str, range: Range<usize>, form: Form) -> usize {
        self.add(kind, range, form);
        self.depth = self.depth.saturating_add(1);
        self.tree.nodes.len() - 1
    }

    /// Goes up again; with `end`, corrects where the node ends.
    pub(super) fn close(&mut self, index: usize, end: Option<usize>) {
        self.depth = self.depth.saturating_sub(1);
        if let (Some(node), Some(end)) = (self.tree.nodes.get_mut(index), end) {
            node.range = trimmed(self.text, node.range.start..end.max(node.range.start));
        }
    }

    /// Goes above everything.
    pub(super) fn depth(&mut self, depth: u32) {
        self.depth = depth;
    }

    pub(super) fn prefix(&mut self, name: &str) {
        self.tree.prefixes.push(name.to_owned());
    }

    /// Where the last node ends.
    pub(super) fn last_end(&self) -> Option<usize> {
        self.tree.nodes.last().map(|node| node.range.end)
    }

    /// Tells whether a node's text starts with one of some characters.
    pub(super) fn node_opens_with(&self, index: usize, openers: [char; 2]) -> bool {
        let start = self.tree.nodes.get(index).map(|node| node.range.start);
        start.and_then(|start| self.text.get(start..)).is_some_and(|rest| rest.starts_with(openers))
    }

    pub(super) fn done(self) -> Tree {
        self.tree
    }
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(inside) = text.get(range.clone()) else { return range };
    let start = range.start + (inside.len() - inside.trim_start().len());
    let end = range.end - (inside.len() - inside.trim_end().len());
    if start < end { start..end } else { range.start..range.start }
}
