//! A proposal before it is checked, and the edits it consists of.

use std::ops::Range;

use super::{Channel, Tier};
use crate::syntax::{Source, SourceFile};

/// A proposal that has not been checked.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) channel: Channel,
    pub(super) tier: Tier,
    pub(super) bits: f64,
    /// What the id hashes besides file and channel.
    pub(super) key: String,
    /// File and byte offset of every place, the first first.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) edits: Vec<(usize, Edit)>,
    pub(super) safe: String,
    pub(super) survives: &'static str,
}

/// A change of a file: a range and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    /// What the range holds.
    was: String,
    with: String,
    /// What the default rendering shows there.
    shown: String,
    order: Order,
}

/// What comes first where several edits insert at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Close,
    Open,
    Line,
    Replace,
}

impl Edit {
    /// Puts a mark in a range's place; its first value is what stands there.
    pub(super) fn mark(source: &Source<'_>, range: Range<usize>, with: String) -> Edit {
        let was = source.slice(range.start, range.end).to_owned();
        Edit { range, with, shown: was.clone(), was, order: Order::Replace }
    }

    /// Puts a generated value in a range's place.
    pub(super) fn value(source: &Source<'_>, range: Range<usize>, with: String, shown: String) -> Edit {
        let was = source.slice(range.start, range.end).to_owned();
        Edit { range, with, shown, was, order: Order::Replace }
    }

    /// Shows a literal's range as generated; the marker that says so is another edit.
    pub(super) fn literal(source: &Source<'_>, range: Range<usize>, shown: String) -> Edit {
        let was = source.slice(range.start, range.end).to_owned();
        Edit { range, with: was.clone(), shown, was, order: Order::Replace }
    }

    /// Opens a block before an offset.
    pub(super) fn open(at: usize, with: String) -> Edit {
        Edit::insert(at, with, Order::Open)
    }

    /// Closes a block before an offset.
    pub(super) fn close(at: usize, with: String) -> Edit {
        Edit::insert(at, with, Order::Close)
    }

    /// Adds a marker comment at an offset.
    pub(super) fn marker(at: usize, with: String) -> Edit {
        Edit::insert(at, with, Order::Line)
    }

    fn insert(at: usize, with: String, order: Order) -> Edit {
        Edit { range: at..at, was: String::new(), with, shown: String::new(), order }
    }

    /// Tells whether two edits cannot both be made.
    pub(super) fn crosses(&self, other: &Edit) -> bool {
        let (a, b) = (&self.range, &other.range);
        a.start < b.end && b.start < a.end
    }

    /// The edit of the text that starts at an offset.
    pub(super) fn moved(&self, from: usize) -> Edit {
        let range = self.range.start.saturating_sub(from)..self.range.end.saturating_sub(from);
        Edit { range, ..self.clone() }
    }
}

impl Draft {
    /// Tells whether two drafts cannot both be accepted.
    pub(super) fn crosses(&self, other: &Draft) -> bool {
        self.edits.iter().any(|(file, edit)| {
            other.edits.iter().any(|(other_file, other)| file == other_file && edit.crosses(other))
        })
    }

    /// The lines to show: those of the first place, or of the whole block.
    pub(super) fn lines(&self, source: &Source<'_>, file: usize) -> (usize, usize) {
        let line = self.places.first().map_or(0, |(_, at)| source.line_of(*at));
        let (mut from, mut to) = (line, line);
        for (_, edit) in self.edits.iter().filter(|(other, _)| *other == file) {
            let close = usize::from(edit.order == Order::Close && edit.with.ends_with('\n'));
            let (start, end) = (source.line_of(edit.range.start), source.line_of(edit.range.end));
            // Places of a coupled site far away are listed, not shown.
            if edit.order != Order::Replace || start == line {
                from = from.min(start.saturating_sub(close));
                to = to.max(end.saturating_sub(close));
            }
        }
        if self.edits.iter().any(|(_, edit)| edit.order == Order::Open) {
            return (source.line_start(from), source.line_start(to + 1));
        }
        let near = |at: usize| at.abs_diff(line) <= 3;
        let (from, to) = (if near(from) { from } else { line }, if near(to) { to } else { line });
        (source.line_start(from), source.line_start(to + 1))
    }
}

/// Applies edits to a text, or shows their default rendering; nothing when the text is another one.
pub(super) fn apply(text: &str, mut edits: Vec<&Edit>, shown: bool) -> Option<String> {
    edits.sort_by_key(|edit| (edit.range.start, edit.order));
    let mut out = String::with_capacity(text.len() + 16 * edits.len());
    let mut pos = 0;
    for edit in edits {
        if edit.range.start < pos || text.get(edit.range.clone())? != edit.was {
            return None;
        }
        out.push_str(text.get(pos..edit.range.start)?);
        out.push_str(if shown { &edit.shown } else { &edit.with });
        pos = edit.range.end;
    }
    out.push_str(text.get(pos..)?);
    Some(out)
}

/// Applies drafts to a package; `sorted` are the indices that drafts know files by.
pub(super) fn apply_all(sorted: &[&SourceFile], drafts: &[&Draft], shown: bool) -> Option<Vec<SourceFile>> {
    let mut files = Vec::with_capacity(sorted.len());
    for (index, file) in sorted.iter().enumerate() {
        let edits = drafts.iter().flat_map(|draft| &draft.edits);
        let edits = edits.filter(|(file, _)| *file == index).map(|(_, edit)| edit).collect();
        files.push(SourceFile { path: file.path.clone(), text: apply(&file.text, edits, shown)? });
    }
    Some(files)
}

/// The line end that a file uses.
pub(super) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
