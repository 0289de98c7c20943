//! Python: orders that do not matter, numbers that may be a little more or less.

use std::collections::HashSet;

use super::code::{Code, Line};
use super::draft::{Draft, Edit, newline};
use super::tally::order_bits;
use super::{Channel, Package, Tier, flip};
use crate::kinds::FileKind;
use crate::kinds::lex::TokenKind;
use crate::syntax::{Source, Taken};

/// Items of a shuffle: one more and a reader rarely finds them all.
const ITEMS: usize = 4;
/// Calls without effects.
const PURE: &[&str] =
    &["str", "int", "len", "bytes", "float", "hex", "repr", "bool", "min", "max", "abs", "round"];
/// Words that make a right side more than a value.
const EFFECTS: &[&str] = &["await", "yield", "lambda", "for", "if", "else"];
/// Parts of names whose number may vary.
const TUNABLE: &[&str] = &[
    "timeout", "retries", "retry", "sleep", "delay", "pause", "interval", "chunk", "attempts", "tries",
    "workers", "threads", "backoff", "wait", "rounds",
];

/// Finds orders, tunables and flips of Python files.
pub(super) fn drafts(package: &Package<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (file, source, taken) in package.files().filter(|(_, source, _)| source.kind == FileKind::Python) {
        let code = Code::new(source);
        let lines = code.lines(source);
        let mut finder = Finder { file, source, taken, lines: &lines, drafts: &mut drafts };
        finder.statements();
        finder.entries();
        finder.numbers();
        flip::drafts(file, source, taken, &lines, finder.drafts);
    }
    drafts
}

struct Finder<'a, 's> {
    file: usize,
    source: &'a Source<'s>,
    taken: &'a Taken,
    lines: &'a [Line<'a>],
    drafts: &'a mut Vec<Draft>,
}

/// A line that assigns a value without effects.
struct Assignment<'a> {
    line: &'a Line<'a>,
    /// What is assigned, as written.
    target: &'a str,
    /// The first name of the target.
    base: &'a str,
    /// Names of the right side and of the target's brackets.
    uses: HashSet<&'a str>,
}

impl<'a> Finder<'a, '_> {
    /// Runs of assignments that do not depend on each other.
    fn statements(&mut self) {
        let mut run: Vec<Assignment<'a>> = Vec::new();
        let mut last: Option<(usize, usize)> = None;
        for line in self.lines {
            let assignment = assignment(self.source, line).filter(|_| !self.in_class(line));
            let follows = last == Some((line.number.wrapping_sub(1), line.indent));
            let fits = assignment.as_ref().is_some_and(|new| run.iter().all(|old| independent(old, new)));
            if !(follows && fits) || run.len() >= ITEMS {
                self.shuffle_statements(std::mem::take(&mut run));
            }
            last = assignment.is_some().then_some((line.number, line.indent));
            run.extend(assignment);
        }
        self.shuffle_statements(run);
    }

    fn shuffle_statements(&mut self, run: Vec<Assignment<'_>>) {
        let key: Vec<&str> = run.iter().map(|assignment| assignment.target).collect();
        let lines: Vec<&Line<'_>> = run.iter().map(|assignment| assignment.line).collect();
        let safe = "none of these assignments uses what another sets, and none has an effect";
        self.shuffle(&lines, Channel::StatementOrder, &key.join(","), safe);
    }

    /// Runs of lines that are each one keyword argument or one entry of a dictionary.
    fn entries(&mut self) {
        let mut run: Vec<&Line<'a>> = Vec::new();
        let mut keys: Vec<String> = Vec::new();
        let mut kind = (Channel::DictOrder, 0);
        for line in self.lines {
            let entry = self.entry(line);
            let fits = entry.as_ref().is_some_and(|(channel, opened, key)| {
                kind == (*channel, *opened)
                    && !keys.contains(key)
                    && run
                        .last()
                        .is_some_and(|last| last.number + 1 == line.number && last.indent == line.indent)
            });
            if !fits || run.len() >= ITEMS {
                self.shuffle_entries(std::mem::take(&mut run), &std::mem::take(&mut keys), kind.0);
            }
            if let Some((channel, opened, key)) = entry {
                kind = (channel, opened);
                run.push(line);
                keys.push(key);
            }
        }
        self.shuffle_entries(run, &keys, kind.0);
    }

    fn shuffle_entries(&mut self, lines: Vec<&Line<'_>>, keys: &[String], channel: Channel) {
        let safe = match channel {
            Channel::DictOrder => {
                "the keys differ and the values have no effect, so that the dictionary is equal"
            }
            _ => "keyword arguments are passed by name",
        };
        self.shuffle(&lines, channel, &keys.join(","), safe);
    }

    /// The one entry that a line holds: its channel, the bracket it lies in and its key.
    fn entry(&self, line: &Line<'_>) -> Option<(Channel, usize, String)> {
        let (bracket, opened) = line.inside?;
        let (last, rest) = line.tokens.split_last()?;
        let (first, rest) = rest.split_first()?;
        let (second, value) = rest.split_first()?;
        let key = line.text(self.source, first).to_owned();
        let ends = last.kind == TokenKind::Punct(b',');
        let before = self.source.slice(self.source.line_start(self.source.line_of(opened)), opened);
        let pure = pure(self.source, line, value).is_some();
        let channel = match (bracket, first.kind, second.kind) {
            (b'{', TokenKind::Str { live: false, .. } | TokenKind::Number, TokenKind::Punct(b':')) => {
                // `**other` in between may set the same keys.
                let end = self.source.slice(opened, self.source.text.len());
                let body = end.split_once('}').map_or(end, |(body, _)| body);
                (!body.contains("**")).then_some(Channel::DictOrder)
            }
            (b'(', TokenKind::Ident, TokenKind::Punct(b'=')) => {
                let called = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ')');
                let defined = before.trim_start().starts_with("def ")
                    || before.trim_start().starts_with("class ")
                    || before.trim_start().starts_with("async def ");
                (called && !defined).then_some(Channel::KwargOrder)
            }
            _ => None,
        }?;
        (ends && pure && !value.is_empty()).then_some((channel, opened, key))
    }

    fn shuffle(&mut self, lines: &[&Line<'_>], channel: Channel, key: &str, safe: &str) {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
        let range = first.start..last.end;
        let source = self.source;
        let next = source.line_start(last.number + 1);
        let count = u32::try_from(lines.len()).unwrap_or(0);
        // The block must end before the file does.
        if count < 2 || self.taken.ordered(&range) || next == last.end {
            return;
        }
        if self.taken.marks.iter().any(|mark| {
            mark.start < range.start && mark.end > range.start
                || mark.start < range.end && mark.end > range.end
        }) {
            return;
        }
        let indent = source.slice(first.start, first.start + first.indent);
        let nl = newline(source.text);
        self.drafts.push(Draft {
            channel,
            tier: Tier::B,
            bits: order_bits(count, count),
            key: key.to_owned(),
            places: vec![(self.file, first.start + first.indent)],
            edits: vec![
                (self.file, Edit::open(first.start, format!("{indent}#~ shuffle{nl}"))),
                (self.file, Edit::close(next, format!("{indent}#~ end{nl}"))),
            ],
            safe: safe.to_owned(),
            survives: "copying, formatters and comments taken out; not another language",
        });
    }

    /// Numbers of tunable names, and numbers that may be written in base sixteen.
    fn numbers(&mut self) {
        for line in self.lines.iter().filter(|line| !self.taken.touches(&(line.start..line.end + 1))) {
            let Some(equals) = line
                .assigned()
                .or_else(|| line.tokens.iter().position(|token| token.kind == TokenKind::Punct(b'=')))
            else {
                continue;
            };
            let literals = line.tokens.iter().skip(equals);
            let mut literals =
                literals.filter(|token| matches!(token.kind, TokenKind::Number | TokenKind::Str { .. }));
            let (Some(number), None) = (literals.next(), literals.next()) else { continue };
            if number.kind != TokenKind::Number
                || self.source.slice(line.end.saturating_sub(1), line.end) == "\\"
            {
                continue;
            }
            let position = line.tokens.iter().position(|token| token == number).unwrap_or(0);
            let own = position.checked_sub(2).and_then(|at| line.tokens.get(at..position));
            let Some([name, equal]) = own else { continue };
            if equal.kind != TokenKind::Punct(b'=') || name.kind != TokenKind::Ident {
                continue;
            }
            // `x = f(a, timeout=5)` replaces its one number; `x = y + 5` would replace a part.
            let ends = line
                .tokens
                .get(position + 1)
                .is_none_or(|token| matches!(token.kind, TokenKind::Punct(b')' | b',')));
            let (name, value) = (line.text(self.source, name), line.text(self.source, number));
            if !ends {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            let tunable = lower.split('_').any(|part| TUNABLE.contains(&part));
            let alone = line.tokens.len() == 3 && line.whole && line.assigned() == Some(1);
            let (channel, values) = match tunable {
                true => (Channel::Tunable, near(value)),
                false if alone => (Channel::LiteralForm, other_base(value)),
                false => continue,
            };
            if values.is_empty() {
                continue;
            }
            let count = u32::try_from(values.len() + 1).map_or(0.0, f64::from);
            let safe = match channel {
                Channel::Tunable => {
                    "a little more or less changes when the test gives up, not what it does; make sure that the flaw does not need this number"
                }
                _ => "both are the same number",
            };
            self.drafts.push(Draft {
                channel,
                tier: Tier::B,
                bits: count.log2(),
                key: format!("{name}={value}"),
                places: vec![(self.file, number.start)],
                edits: vec![
                    (self.file, Edit::literal(self.source, number.start..number.end, value.to_owned())),
                    (self.file, Edit::marker(line.end, format!("  #~ pick {value}|{}", values.join("|")))),
                ],
                safe: safe.to_owned(),
                survives: match channel {
                    Channel::Tunable => {
                        "formatters and another language, unless whoever reuses it changes the number"
                    }
                    _ => "copying; a formatter or a rewrite may undo it",
                },
            });
        }
    }

    /// Tells whether a line stands directly in a class, where order may be read.
    fn in_class(&self, line: &Line<'_>) -> bool {
        let parent = self.lines.iter().rev().find(|other| {
            other.number < line.number
                && !other.tokens.is_empty()
                && other.inside.is_none()
                && other.indent < line.indent
        });
        parent.is_some_and(|parent| parent.opens_with(self.source, &["class"]))
    }
}

fn assignment<'a>(source: &Source<'a>, line: &'a Line<'a>) -> Option<Assignment<'a>> {
    let equals = line.assigned().filter(|_| line.whole)?;
    let (left, right) = line.tokens.split_at_checked(equals)?;
    let right = right.get(1..)?;
    let (base, rest) = left.split_first()?;
    if base.kind != TokenKind::Ident || right.is_empty() {
        return None;
    }
    let target = match rest {
        [] => base,
        [dot, name] if dot.kind == TokenKind::Punct(b'.') && name.kind == TokenKind::Ident => name,
        [open, key, close]
            if open.kind == TokenKind::Punct(b'[')
                && matches!(key.kind, TokenKind::Str { live: false, .. } | TokenKind::Number)
                && close.kind == TokenKind::Punct(b']') =>
        {
            close
        }
        _ => return None,
    };
    let name = line.text(source, base);
    let uses = pure(source, line, right)?;
    let semicolon = line.tokens.iter().any(|token| token.kind == TokenKind::Punct(b';'));
    let fixed = name.starts_with("__") || semicolon;
    let target = source.slice(base.start, target.end);
    (!fixed).then_some(Assignment { line, target, base: name, uses })
}

/// Names that an expression without effects uses; nothing when it may have one.
fn pure<'a>(
    source: &Source<'a>,
    line: &Line<'_>,
    tokens: &[crate::kinds::lex::Token],
) -> Option<HashSet<&'a str>> {
    let mut names = HashSet::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| tokens.get(at));
        let value_before = before.is_some_and(|token| {
            matches!(
                token.kind,
                TokenKind::Ident
                    | TokenKind::Number
                    | TokenKind::Str { .. }
                    | TokenKind::Punct(b')' | b']' | b'}')
            )
        });
        match token.kind {
            TokenKind::Ident => {
                let word = line.text(source, token);
                if EFFECTS.contains(&word) {
                    return None;
                }
                names.insert(word);
            }
            TokenKind::Str { live: false, close: 1.., .. } | TokenKind::Number => {}
            TokenKind::Punct(b'(') if value_before => {
                let call = before.map_or("", |token| line.text(source, token));
                let method = index
                    .checked_sub(2)
                    .and_then(|at| tokens.get(at))
                    .is_some_and(|token| token.kind == TokenKind::Punct(b'.'));
                if !PURE.contains(&call) || method {
                    return None;
                }
                depth += 1;
            }
            TokenKind::Punct(b'[') if value_before => return None,
            TokenKind::Punct(b'(' | b'[' | b'{') => depth += 1,
            TokenKind::Punct(b')' | b']' | b'}') => depth = depth.checked_sub(1)?,
            TokenKind::Punct(b':' | b',') if depth > 0 => {}
            TokenKind::Punct(b'.' | b'+' | b'-' | b'*' | b'|' | b'&' | b'<' | b'>') => {}
            _ => return None,
        }
    }
    (depth == 0).then_some(names)
}

fn independent(a: &Assignment<'_>, b: &Assignment<'_>) -> bool {
    let same_base = a.base == b.base && (a.target == a.base || b.target == b.base);
    a.target != b.target && !same_base && !a.uses.contains(b.base) && !b.uses.contains(a.base)
}

/// Numbers that are a little more or less.
fn near(value: &str) -> Vec<String> {
    if let Ok(whole) = value.parse::<u32>() {
        let step = match whole {
            0..=2 => return Vec::new(),
            3..=19 => 1,
            20..=99 => 5,
            100..=100_000 => whole / 10,
            _ => return Vec::new(),
        };
        let values = [whole - step, whole + step, whole + 2 * step];
        return values.iter().map(u32::to_string).collect();
    }
    let tenths = value.split_once('.').filter(|(_, fraction)| fraction.len() == 1);
    let parse = |(whole, fraction): (&str, &str)| {
        Some(whole.parse::<u32>().ok()? * 10 + fraction.parse::<u32>().ok()?)
    };
    match tenths.and_then(parse) {
        Some(tenths @ 2..=1000) => {
            [tenths - 1, tenths + 1, tenths + 2].iter().map(|t| format!("{}.{}", t / 10, t % 10)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same number in base sixteen or ten, where both are common.
fn other_base(value: &str) -> Vec<String> {
    if let Some(hex) = value.strip_prefix("0x") {
        let small = u32::from_str_radix(hex, 16).ok().filter(|number| (10..=0xffff).contains(number));
        return small.map(|number| number.to_string()).into_iter().collect();
    }
    let power = value
        .parse::<u32>()
        .ok()
        .filter(|number| *number >= 16 && *number <= 65_536 && number.is_power_of_two());
    power.map(|number| format!("{number:#x}")).into_iter().collect()
}
