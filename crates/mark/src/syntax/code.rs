//! Code markup: marker comments, the literals they replace and the lines between them.
//!
//! The result is a list of edits; the text parser applies them, so both kinds of markup may meet in a file.

use std::cmp::Reverse;
use std::ops::Range;

use super::MAX_DEPTH;
use super::blocks;
use super::items;
use super::literal;
use super::problem::Problem;
use super::rename::{Names, Rename};
use super::source::Source;
use super::text::name_prefix;
use super::tree::{Change, Edit, Form, Label, Mark, Origin, Piece};
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind, lex};

/// The code markup of one file.
#[derive(Default)]
pub(super) struct Marked {
    pub(super) edits: Vec<Edit>,
    /// Definitions of renames.
    pub(super) locals: Vec<Mark>,
}

/// Finds the code markup of every file of a package.
pub(super) fn edits(sources: &[Source<'_>], problems: &mut Vec<Problem>) -> Vec<Marked> {
    let lexed: Vec<Vec<Token>> = sources.iter().map(|source| lex(source.kind, source.text)).collect();
    let mut names = Names::new(sources, &lexed);
    let mut all = Vec::with_capacity(sources.len());
    for (file, (source, tokens)) in sources.iter().zip(&lexed).enumerate() {
        let mut reader = Reader {
            source,
            tokens,
            problems,
            marked: Marked::default(),
            open: Vec::new(),
            closed: Vec::new(),
        };
        let renames = reader.markers();
        let comments: Vec<Range<usize>> = reader
            .marked
            .edits
            .iter()
            .filter(|edit| matches!(edit.change, Change::Delete))
            .map(|edit| edit.range.clone())
            .collect();
        for rename in &renames {
            match names.check(file, source, tokens, &comments, rename) {
                Ok(places) => reader.rename(rename, places),
                Err((at, says)) => reader.report("E8", at, says),
            }
        }
        all.push(reader.done());
    }
    all
}

struct Reader<'a, 'p> {
    source: &'a Source<'a>,
    tokens: &'a [Token],
    problems: &'p mut Vec<Problem>,
    marked: Marked,
    /// Blocks that are not closed yet.
    open: Vec<Block>,
    /// Closed blocks that lie in no other closed block, in order.
    closed: Vec<Range<usize>>,
}

struct Block {
    at: usize,
    /// Start of the opening marker's line.
    start: usize,
    /// Start of the lines being collected.
    content: usize,
    kind: BlockKind,
}

enum BlockKind {
    Shuffle {
        label: Label,
        keep: Option<usize>,
    },
    /// Branches that `or` has closed.
    Alternatives(Vec<Range<usize>>),
}

impl<'a> Reader<'a, '_> {
    /// Handles every marker comment; renames are returned, because they need the whole file.
    fn markers(&mut self) -> Vec<Rename<'a>> {
        let Some(marker) = self.source.kind.marker() else { return Vec::new() };
        let mut renames = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.kind != TokenKind::Comment {
                continue;
            }
            let comment = self.source.slice(token.start, token.end);
            let Some(found) = comment.find(marker) else { continue };
            let at = token.start + found;
            let after_space = comment.get(..found).is_some_and(|before| before.ends_with([' ', '\t']));
            if comment.starts_with("/*") || (found > 0 && !after_space) {
                self.report(
                    "E1",
                    at,
                    format!("`{marker}` is no marker here; it starts a comment or follows a space"),
                );
                continue;
            }
            let body = comment.get(found + marker.len()..).unwrap_or_default().trim();
            if body.contains(marker) {
                self.report("E1", at, format!("two markers in one comment; write one `{marker}` on a line"));
                continue;
            }
            self.marker(index, at, token.end, body, &mut renames);
        }
        for block in std::mem::take(&mut self.open) {
            self.report("E1", block.at, format!("this block is never closed by `{marker} end`"));
        }
        renames
    }

    fn marker(&mut self, index: usize, at: usize, end: usize, body: &'a str, renames: &mut Vec<Rename<'a>>) {
        let line = self.source.line_of(at);
        let start = self.source.line_start(line);
        let code = self.source.slice(start, at).trim_end();
        let alone = code.trim().is_empty();
        let range = if alone { start..self.source.line_start(line + 1) } else { start + code.len()..end };
        let (word, rest) = body.split_once([' ', '\t']).unwrap_or((body, ""));
        let block = matches!(word, "shuffle" | "alt" | "or" | "end");
        if block && !alone {
            return self.report("E1", at, format!("`{word}` stands on a line of its own"));
        }
        if self.source.kind == FileKind::Rules && !block {
            let says = "rules take `#~ shuffle`, `#~ alt`, `#~ or` and `#~ end` on lines of their own; write `{~…~}` within a rule";
            return self.report("E1", at, says);
        }
        match word {
            "shuffle" => match items::options(rest) {
                Some((label, keep)) => self.open(at, range, BlockKind::Shuffle { label, keep }),
                None => self.report("E1", at, "write `shuffle [label] [pick k]`"),
            },
            "alt" if rest.trim().is_empty() => self.open(at, range, BlockKind::Alternatives(Vec::new())),
            "or" if rest.trim().is_empty() => self.or(at, &range),
            "end" if rest.trim().is_empty() => self.end(at, range),
            "rename" => {
                self.delete(at, range);
                renames.push(Rename { at, names: rest.split('|').map(str::trim).collect() });
            }
            "pick" if !alone => self.literal(index, at, range, start, Err(rest)),
            _ if body.starts_with('=') && !alone => {
                let name = body.trim_start_matches('=').trim();
                if name.is_empty() || name_prefix(name) != name {
                    return self.report("E1", at, format!("`{name}` is no name; write `=name`"));
                }
                self.literal(index, at, range, start, Ok(name));
            }
            _ => self.report(
                "E1",
                at,
                format!("`{body}` is no code markup; write `=name` or `pick a|b` after an assignment, `rename old|new`, or `shuffle`, `alt`, `or`, `end` on lines of their own"),
            ),
        }
    }

    /// Replaces the literal of a line by a name's value or by one of the values written.
    fn literal(
        &mut self,
        index: usize,
        at: usize,
        comment: Range<usize>,
        start: usize,
        with: Result<&'a str, &'a str>,
    ) {
        let first = self.tokens.partition_point(|token| token.start < start);
        let line = self.tokens.get(first..index).unwrap_or_default();
        match literal::find(self.source, line, start, comment.start) {
            Err(says) => self.report("E1", at, says),
            Ok(found) => {
                let (range, form) = match with {
                    Ok(name) => found.named(name),
                    Err(values) => match found.picked(self.source, values) {
                        Ok(picked) => picked,
                        Err(says) => return self.report("E8", at, says),
                    },
                };
                self.marked.edits.push(Edit { range, at, change: Change::Literal(form) });
            }
        }
        self.delete(at, comment);
    }

    fn rename(&mut self, rename: &Rename<'_>, places: Vec<Range<usize>>) {
        let local = self.marked.locals.len();
        let branches =
            rename.names.iter().map(|name| vec![Piece::Text(name.trim_start_matches('$').to_owned())]);
        let form =
            Form::Choice { label: Label::Local(local), origin: Origin::Rename, branches: branches.collect() };
        self.marked.locals.push(Mark { at: rename.at, form });
        let edits =
            places.into_iter().map(|range| Edit { range, at: rename.at, change: Change::Rename(local) });
        self.marked.edits.extend(edits);
    }

    fn open(&mut self, at: usize, line: Range<usize>, kind: BlockKind) {
        if self.open.len() >= MAX_DEPTH {
            self.report("E1", at, format!("blocks are nested more than {MAX_DEPTH} deep"));
        }
        self.open.push(Block { at, start: line.start, content: line.end, kind });
    }

    fn or(&mut self, at: usize, line: &Range<usize>) {
        match self.open.last_mut() {
            Some(Block { content, kind: BlockKind::Alternatives(branches), .. }) => {
                branches.push(*content..before_line(self.source, line.start).max(*content));
                *content = line.end;
            }
            _ => self.report("E1", at, "`or` without `alt` before it"),
        }
    }

    fn end(&mut self, at: usize, line: Range<usize>) {
        let Some(Block { at: opened, start, content, kind }) = self.open.pop() else {
            return self.report("E1", at, "`end` without `shuffle` or `alt` before it");
        };
        // The line end after the block stays, so that a block can end an item of another one.
        let before = before_line(self.source, line.start);
        let last = self.source.line_end(self.source.line_of(at));
        match kind {
            BlockKind::Alternatives(mut branches) => {
                branches.push(content..before.max(content));
                let change = Change::Alternatives(branches);
                self.marked.edits.push(Edit { range: start..last, at: opened, change });
            }
            BlockKind::Shuffle { label, keep } => {
                let inner = self.closed.partition_point(|block| block.start < content);
                let inner = self.closed.get(inner..).unwrap_or_default();
                let split = blocks::split(self.source, self.tokens, content..line.start, inner);
                self.delete(opened, start..content);
                self.delete(at, before.max(content)..last);
                match split {
                    Ok((items, separator)) => {
                        let hull = items.first().map_or(content, |item| item.start)
                            ..items.last().map_or(content, |item| item.end);
                        let keep = keep.unwrap_or(items.len());
                        let change = Change::Shuffle { label, items, keep, separator };
                        self.marked.edits.push(Edit { range: hull, at: opened, change });
                    }
                    Err(says) => self.report("E1", opened, says),
                }
            }
        }
        let outside = self.closed.partition_point(|block| block.start < start);
        self.closed.truncate(outside);
        self.closed.push(start..last);
    }

    fn delete(&mut self, at: usize, range: Range<usize>) {
        self.marked.edits.push(Edit { range, at, change: Change::Delete });
    }

    fn report(&mut self, id: &str, at: usize, says: impl Into<String>) {
        self.problems.push(Problem::error(id, self.source.locate(at), says));
    }

    /// Sorts the edits and refuses those that cut into each other.
    fn done(mut self) -> Marked {
        self.marked.edits.sort_by_key(|edit| (edit.range.start, Reverse(edit.range.end)));
        let mut open: Vec<Range<usize>> = Vec::new();
        let mut crossing = Vec::new();
        for edit in &self.marked.edits {
            while open.last().is_some_and(|outer| outer.end <= edit.range.start) {
                open.pop();
            }
            if open.last().is_some_and(|outer| edit.range.end > outer.end) {
                crossing.push(edit.at);
            }
            open.push(edit.range.clone());
        }
        for at in crossing {
            self.report("E1", at, "this markup overlaps with other markup");
        }
        self.marked
    }
}

/// Offset of the end of the line before the one that starts at `start`.
fn before_line(source: &Source<'_>, start: usize) -> usize {
    match source.line_of(start).checked_sub(1) {
        Some(line) => source.line_end(line),
        None => start,
    }
}
