//! What the author wrote, before names are known.

use std::ops::Range;

use crate::master::Generator;

/// A file's content and the sites that stand in no one place of it.
pub(super) struct Tree {
    pub(super) pieces: Vec<Piece>,
    /// Definitions of renames; their places are [`Form::Reuse`].
    pub(super) locals: Vec<Mark>,
}

#[derive(Clone)]
pub(super) enum Piece {
    Text(String),
    Mark(Mark),
}

/// A mark; `at` is a byte offset that no other mark of the file shares.
#[derive(Clone)]
pub(super) struct Mark {
    pub(super) at: usize,
    pub(super) form: Form,
}

#[derive(Clone)]
pub(super) enum Form {
    /// A place of a site that is defined somewhere.
    Reuse { label: Label, slot: Slot },
    /// A generated value.
    Constant { label: Label, generator: Generator },
    /// One of several branches.
    Choice { label: Label, origin: Origin, branches: Vec<Vec<Piece>> },
    /// Items in some order.
    Order { label: Label, items: Vec<Vec<Piece>>, keep: usize, separator: String },
    /// Markup that was reported; its name, if any, counts as defined.
    Broken { label: Label },
}

/// What a mark is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Label {
    None,
    /// A name, known in the whole package.
    Name(String),
    /// An index into [`Tree::locals`].
    Local(usize),
}

/// What a choice was written as; part of an unnamed site's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Alternatives,
    Pick,
    Rename,
    Block,
}

/// What a reused value must fit into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Text: anything fits.
    Any,
    /// Between these quotes.
    Quoted(u8),
    /// A shell word without quotes.
    Word,
    /// A YAML scalar without quotes, outside of brackets.
    Plain,
    /// A number of at most so many digits.
    Number { digits: u32 },
    /// The digits after `0x`.
    Hex,
}

/// A place where code markup changes a file.
///
/// Edits are sorted by start, outer ones first, and either nested or apart.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    /// Byte offset of the marker comment that asked for it.
    pub(super) at: usize,
    pub(super) change: Change,
}

pub(super) enum Change {
    /// A marker comment.
    Delete,
    /// A literal's content.
    Literal(Form),
    /// An identifier that a rename covers.
    Rename(usize),
    /// Branches of `alt … or … end`, as byte ranges.
    Alternatives(Vec<Range<usize>>),
    /// Items of `shuffle … end`, as byte ranges.
    Shuffle { label: Label, items: Vec<Range<usize>>, keep: usize, separator: String },
}

impl Form {
    /// What the form defines, if it defines something that can be reused.
    pub(super) fn label(&self) -> &Label {
        match self {
            Form::Reuse { .. } => &Label::None,
            Form::Constant { label, .. }
            | Form::Choice { label, .. }
            | Form::Order { label, .. }
            | Form::Broken { label } => label,
        }
    }
}
