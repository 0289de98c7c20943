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
    /// Between these quotes; 0 means a word without quotes.
    Quoted(u8),
    /// A number; `hex` says that the author wrote `0x` before it, `digits` how many digits are safe.
    Number { hex: bool, digits: u32 },
}

/// A place where code markup changes a file.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) change: Change,
}

pub(super) enum Change {
    /// A marker comment.
    Delete,
    /// A literal: what stands before the mark, the mark, what stands after it.
    Literal(String, Box<Form>, String),
    /// An identifier that a rename covers.
    Rename(usize),
    /// Branches of `alt … or … end`, as byte ranges.
    Alternatives(Vec<Range<usize>>),
    /// Items of `shuffle … end`, as byte ranges, and what follows the last one.
    Shuffle { label: Label, items: Vec<Range<usize>>, keep: usize, separator: String, rest: Range<usize> },
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
