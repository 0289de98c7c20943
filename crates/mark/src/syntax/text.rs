//! Text markup: `{~…~}` and shuffled lines.
//!
//! One pass, no backtracking; recursion is bounded by [`MAX_DEPTH`].

use std::ops::Range;

use super::items;
use super::problem::Problem;
use super::source::Source;
use super::tree::{Change, Edit, Form, Label, Mark, Origin, Piece, Slot};
use super::{MAX_DEPTH, MAX_LENGTH};
use crate::master::Generator;

/// Parses a file with the edits of its code markup, which are sorted and properly nested.
pub(super) fn parse(source: &Source<'_>, edits: &[Edit], problems: &mut Vec<Problem>) -> Vec<Piece> {
    let mut parser = Parser { source, edits, problems, pos: 0, end: source.text.len(), next: 0 };
    parser.sequence(Within::Text, 0).0
}

/// Writes text so that it parses as itself: `{~` becomes `\{~`. For `<!--~shuffle` there is no such form.
pub fn escape(text: &str) -> String {
    text.replace("{~", "\\{~")
}

struct Parser<'a, 'p> {
    source: &'a Source<'a>,
    edits: &'a [Edit],
    problems: &'p mut Vec<Problem>,
    pos: usize,
    end: usize,
    /// The first edit that starts at or after `pos`.
    next: usize,
}

/// What surrounds the text being read, and so what ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    Block,
    Branch,
    Line,
    Ampersand,
}

/// What ended a piece of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    Close,
    Separator,
    BlockEnd,
}

const BLOCK_END: &str = "<!--~/shuffle-->";

impl<'a> Parser<'a, '_> {
    fn sequence(&mut self, within: Within, depth: usize) -> (Vec<Piece>, Stop) {
        let mut out = Out::default();
        loop {
            if self.edit(&mut out, depth) {
                continue;
            }
            let Some(byte) = self.peek() else { return (out.done(), Stop::End) };
            let inside = matches!(within, Within::Branch | Within::Line | Within::Ampersand);
            match byte {
                b'{' if self.at("{~") => out.mark(self.mark(depth)),
                b'\\' if self.eat("\\{~") => out.text("{~"),
                b'\\' if inside && self.eat("\\~}") => out.text("~}"),
                b'\\' if within == Within::Branch && self.eat("\\|") => out.text("|"),
                b'~' if inside && self.eat("~}") => return (out.done(), Stop::Close),
                b'|' if within == Within::Branch && self.eat("|") => return (out.done(), Stop::Separator),
                b'&' if within == Within::Ampersand && self.eat("&") => return (out.done(), Stop::Separator),
                b'\n' if within == Within::Line && self.eat("\n") => return (out.done(), Stop::Separator),
                b'<' if within == Within::Block && self.eat(BLOCK_END) => {
                    return (out.done(), Stop::BlockEnd);
                }
                b'<' if within == Within::Text && self.at("<!--~shuffle") => self.block(&mut out, depth),
                b'<' if self.at("<!--~") => {
                    self.report("E1", self.pos, "`<!--~` opens no shuffle here; write `<!--~shuffle-->` and, on a line of its own, `<!--~/shuffle-->`, outside of other marks");
                    self.pos += 5;
                }
                _ => {
                    let run = self.run();
                    out.text(run);
                }
            }
        }
    }

    /// Applies the edit at the current position, if there is one.
    fn edit(&mut self, out: &mut Out, depth: usize) -> bool {
        let edits = self.edits;
        while edits.get(self.next).is_some_and(|edit| edit.range.start < self.pos) {
            self.next += 1;
        }
        let Some(edit) =
            edits.get(self.next).filter(|edit| edit.range.start == self.pos && self.pos < self.end)
        else {
            return false;
        };
        self.next += 1;
        let at = edit.at;
        match &edit.change {
            Change::Delete => {}
            Change::Literal(form) => out.mark(Mark { at, form: form.clone() }),
            Change::Rename(local) => {
                let form = Form::Reuse { label: Label::Local(*local), slot: Slot::Any };
                out.mark(Mark { at, form });
            }
            Change::Alternatives(branches) => {
                let branches = branches.iter().map(|range| self.within(range, depth)).collect();
                out.mark(Mark {
                    at,
                    form: Form::Choice { label: Label::None, origin: Origin::Block, branches },
                });
            }
            Change::Shuffle { label, items, keep, separator } => {
                let items = items.iter().map(|range| self.within(range, depth)).collect();
                let (label, keep, separator) = (label.clone(), *keep, separator.clone());
                out.mark(Mark { at, form: Form::Order { label, items, keep, separator } });
            }
        }
        self.pos = edit.range.end;
        true
    }

    /// Parses a part of the file on its own, with the edits after the current one.
    fn within(&mut self, range: &Range<usize>, depth: usize) -> Vec<Piece> {
        let inside = self.edits.partition_point(|edit| edit.range.start < range.start);
        let mut parser = Parser {
            source: self.source,
            edits: self.edits,
            problems: self.problems,
            pos: range.start,
            end: range.end,
            next: inside.max(self.next),
        };
        parser.sequence(Within::Text, depth + 1).0
    }

    fn mark(&mut self, depth: usize) -> Mark {
        let at = self.pos;
        self.pos += 2;
        if depth >= MAX_DEPTH {
            self.report("E1", at, format!("marks are nested more than {MAX_DEPTH} deep"));
            return self.broken(at, Label::None);
        }
        if self.at("shuffle-line\n") || self.at("shuffle-line\r\n") {
            return self.shuffle_lines(at, depth);
        }
        if self.eat("shuffle-amp ") {
            return self.shuffle_ampersand(at, depth);
        }
        let name = self.name();
        let after = self.pos + name.len();
        match (name.is_empty(), self.source.byte(after)) {
            (false, Some(b'~')) if self.source.byte(after + 1) == Some(b'}') && after + 2 <= self.end => {
                self.pos = after + 2;
                Mark { at, form: Form::Reuse { label: Label::Name(name.to_owned()), slot: Slot::Any } }
            }
            (false, Some(b'=')) if after < self.end => {
                self.pos = after + 1;
                self.define(at, Label::Name(name.to_owned()), depth)
            }
            _ => self.alternatives(at, Label::None, depth),
        }
    }

    fn define(&mut self, at: usize, label: Label, depth: usize) -> Mark {
        if self.eat("rand:") {
            return self.generator(at, label);
        }
        if self.eat("pick:") {
            return self.pick(at, label);
        }
        self.alternatives(at, label, depth)
    }

    fn generator(&mut self, at: usize, label: Label) -> Mark {
        let rest = self.source.slice(self.pos, self.end);
        let len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let written = self.source.slice(self.pos, self.pos + len);
        self.pos += len;
        match generator(written) {
            Some(generator) if self.eat("~}") => Mark { at, form: Form::Constant { label, generator } },
            _ => {
                let says = format!(
                    "`rand:{written}` is no generator; write `rand:word12`, `rand:hex12` or `rand:num24`, of 1 to {MAX_LENGTH} characters, and then `~}}`"
                );
                self.report("E1", at, says);
                self.broken(at, label)
            }
        }
    }

    fn pick(&mut self, at: usize, label: Label) -> Mark {
        let start = self.pos;
        let rest = self.source.slice(self.pos, self.end);
        let len = rest.bytes().take_while(|byte| !matches!(byte, b'~' | b'{' | b'|' | b'\n')).count();
        self.pos += len;
        if !self.eat("~}") {
            self.report("E1", at, "a `pick:` list holds plain values between commas and ends with `~}` on its line; for values with `,`, `|`, `{` or `~` write alternatives: `{~name=one|two~}`");
            return self.broken(at, label);
        }
        let values = self.source.slice(start, start + len);
        let branches = values.split(',').map(|value| vec![Piece::Text(value.trim().to_owned())]).collect();
        self.choice(at, label, Origin::Pick, branches)
    }

    fn alternatives(&mut self, at: usize, label: Label, depth: usize) -> Mark {
        let mut branches = Vec::new();
        loop {
            let (branch, stop) = self.sequence(Within::Branch, depth + 1);
            branches.push(branch);
            match stop {
                Stop::Separator => {}
                Stop::Close => break,
                Stop::End | Stop::BlockEnd => return self.unclosed(at, label),
            }
        }
        self.choice(at, label, Origin::Alternatives, branches)
    }

    fn choice(&mut self, at: usize, label: Label, origin: Origin, branches: Vec<Vec<Piece>>) -> Mark {
        if branches.len() < 2 {
            let says = match &label {
                Label::Name(name) => format!("`{name}` needs at least two alternatives, separated by `|`"),
                _ => "this is neither a name nor alternatives separated by `|`; write `\\{~` (in code: `{ ~`) for the characters themselves".to_owned(),
            };
            self.report("E1", at, says);
            return Mark { at, form: Form::Broken { label } };
        }
        Mark { at, form: Form::Choice { label, origin, branches } }
    }

    fn shuffle_lines(&mut self, at: usize, depth: usize) -> Mark {
        let crlf = self.at("shuffle-line\r\n");
        self.pos += if crlf { 14 } else { 13 };
        let separator = if crlf { "\r\n" } else { "\n" };
        let mut items: Vec<Vec<Piece>> = Vec::new();
        loop {
            let (mut item, stop) = self.sequence(Within::Line, depth + 1);
            match stop {
                Stop::Separator => {
                    if crlf {
                        items::trim_carriage_return(&mut item);
                    }
                    items.push(item);
                }
                Stop::Close => {
                    if !items::is_blank(&item) {
                        self.report("E1", at, "the `~}` of a `shuffle-line` stands on a line of its own");
                    }
                    break;
                }
                Stop::End | Stop::BlockEnd => return self.unclosed(at, Label::None),
            }
        }
        let keep = items.len();
        Mark { at, form: Form::Order { label: Label::None, items, keep, separator: separator.to_owned() } }
    }

    fn shuffle_ampersand(&mut self, at: usize, depth: usize) -> Mark {
        let mut items = Vec::new();
        loop {
            let (item, stop) = self.sequence(Within::Ampersand, depth + 1);
            items.push(item);
            match stop {
                Stop::Separator => {}
                Stop::Close => break,
                Stop::End | Stop::BlockEnd => return self.unclosed(at, Label::None),
            }
        }
        let keep = items.len();
        Mark { at, form: Form::Order { label: Label::None, items, keep, separator: "&".to_owned() } }
    }

    /// Reads `<!--~shuffle …-->` to its end marker; both markers' lines disappear.
    fn block(&mut self, out: &mut Out, depth: usize) {
        let at = self.pos;
        self.pos += "<!--~shuffle".len();
        let line_end = self.source.line_end(self.source.line_of(at)).min(self.end);
        let header = self.source.slice(self.pos, line_end);
        let options = header.split_once("-->").filter(|(_, rest)| rest.trim().is_empty());
        let options = options.filter(|(options, _)| options.is_empty() || options.starts_with([' ', '\t']));
        let Some((label, keep)) = options.and_then(|(options, _)| items::options(options)) else {
            self.report(
                "E1",
                at,
                "write `<!--~shuffle [label] [pick k]-->` with nothing after it on its line",
            );
            return;
        };
        if !self.source.slice(self.source.line_start(self.source.line_of(at)), at).trim().is_empty() {
            self.report("E1", at, "`<!--~shuffle-->` stands on a line of its own");
        }
        out.trim_spaces();
        self.pos = line_end;
        self.line_break();
        let (pieces, stop) = self.sequence(Within::Block, depth + 1);
        if stop != Stop::BlockEnd {
            self.report("E1", at, "`<!--~shuffle-->` is never closed by `<!--~/shuffle-->`");
            return out.mark(Mark { at, form: Form::Broken { label } });
        }
        let closing_line = self.source.line_of(self.pos);
        let rest = self.source.slice(self.pos, self.source.line_end(closing_line).min(self.end));
        let alone = self.source.slice(self.source.line_start(closing_line), self.pos).trim() == BLOCK_END;
        if rest.trim().is_empty() && alone {
            self.pos += rest.len();
            self.line_break();
        } else {
            self.report("E1", at, "`<!--~/shuffle-->` stands on a line of its own");
        }
        match items::split(pieces) {
            Ok(split) => {
                let keep = keep.unwrap_or(split.items.len());
                out.pieces(split.before);
                let form = Form::Order { label, items: split.items, keep, separator: split.separator };
                out.mark(Mark { at, form });
                out.pieces(split.after);
            }
            Err(says) => {
                self.report("E1", at, says);
                out.mark(Mark { at, form: Form::Broken { label } });
            }
        }
    }

    fn unclosed(&mut self, at: usize, label: Label) -> Mark {
        self.report(
            "E1",
            at,
            "`{~` is never closed by `~}`; write `\\{~` (in code: `{ ~`) for the characters themselves",
        );
        Mark { at, form: Form::Broken { label } }
    }

    /// Skips to the `~}` that belongs to the mark at `at`, without recursion.
    fn broken(&mut self, at: usize, label: Label) -> Mark {
        let mut open = 1_usize;
        while open > 0 && self.pos < self.end {
            if self.eat("{~") {
                open += 1;
            } else if self.eat("~}") {
                open -= 1;
            } else {
                self.run();
            }
        }
        Mark { at, form: Form::Broken { label } }
    }

    /// Takes at least one character, up to the next byte or edit that may mean something.
    fn run(&mut self) -> &'a str {
        let start = self.pos;
        let stop = self.edits.get(self.next).map_or(self.end, |edit| edit.range.start.min(self.end));
        let bytes = self.source.text.as_bytes();
        let rest = bytes.get(start + 1..stop.max(start + 1)).unwrap_or_default();
        let len = rest.iter().position(|byte| b"{\\<~|&\n".contains(byte)).unwrap_or(rest.len());
        self.pos = start + 1 + len;
        self.source.slice(start, self.pos)
    }

    fn name(&self) -> &'a str {
        let rest = self.source.slice(self.pos, self.end);
        name_prefix(rest)
    }

    fn peek(&self) -> Option<u8> {
        self.source.byte(self.pos).filter(|_| self.pos < self.end)
    }

    fn at(&self, text: &str) -> bool {
        let end = self.pos + text.len();
        end <= self.end && self.source.text.as_bytes().get(self.pos..end) == Some(text.as_bytes())
    }

    fn eat(&mut self, text: &str) -> bool {
        let eaten = self.at(text);
        if eaten {
            self.pos += text.len();
        }
        eaten
    }

    fn line_break(&mut self) {
        let _ = self.eat("\r\n") || self.eat("\n");
    }

    fn report(&mut self, id: &str, at: usize, says: impl Into<String>) {
        self.problems.push(Problem::error(id, self.source.locate(at), says));
    }
}

/// Gives the name that a text starts with; empty when it starts with none.
pub(super) fn name_prefix(text: &str) -> &str {
    let len = match text.bytes().next() {
        Some(first) if first.is_ascii_alphabetic() => {
            text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
        }
        _ => 0,
    };
    text.get(..len).unwrap_or_default()
}

fn generator(written: &str) -> Option<Generator> {
    let digits = written.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let kind = written.strip_suffix(digits)?;
    let length = digits.parse().ok().filter(|length| (1..=MAX_LENGTH).contains(length))?;
    match kind {
        "word" => Some(Generator::Word(length)),
        "hex" => Some(Generator::Hex(length)),
        "num" => Some(Generator::Num(length)),
        _ => None,
    }
}

/// Pieces being collected; neighbouring text is one piece.
#[derive(Default)]
struct Out {
    pieces: Vec<Piece>,
    text: String,
}

impl Out {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn mark(&mut self, mark: Mark) {
        self.flush();
        self.pieces.push(Piece::Mark(mark));
    }

    fn pieces(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text(&text),
                Piece::Mark(mark) => self.mark(mark),
            }
        }
    }

    /// Drops the indentation before a marker that stands alone on its line.
    fn trim_spaces(&mut self) {
        let kept = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(kept);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn done(mut self) -> Vec<Piece> {
        self.flush();
        self.pieces
    }
}
