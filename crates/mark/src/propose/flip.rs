//! Comparisons that may be written from either side.

use super::code::Line;
use super::draft::{Draft, Edit, newline};
use super::{Channel, Tier};
use crate::kinds::lex::{Token, TokenKind};
use crate::syntax::{Source, Taken};

/// Adds a draft for every comparison of two values without effects, in a statement that may be written twice.
pub(super) fn drafts(
    file: usize,
    source: &Source<'_>,
    taken: &Taken,
    lines: &[Line<'_>],
    drafts: &mut Vec<Draft>,
) {
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.whole) {
        let Some((left, right, operator)) = comparison(source, line) else { continue };
        let last = match line.opens_with(source, &["if"]) {
            true => match body(source, lines, index) {
                Some(last) => last,
                None => continue,
            },
            false => line,
        };
        let range = line.start..last.end;
        let next = source.line_start(last.number + 1);
        if taken.touches(&range) || taken.ordered(&range) || next == last.end {
            continue;
        }
        let indent = source.slice(line.start, line.start + line.indent);
        let (start, end) = (left.start, right.end);
        let (a, b) = (source.slice(left.start, left.end), source.slice(right.start, right.end));
        let mirrored = match operator.as_str() {
            "<" => ">",
            ">" => "<",
            "<=" => ">=",
            ">=" => "<=",
            same => same,
        };
        let flipped =
            format!("{}{b} {mirrored} {a}{}", source.slice(line.start, start), source.slice(end, last.end));
        let nl = newline(source.text);
        let written = source.slice(line.start, last.end);
        let with = format!("{indent}#~ alt{nl}{written}{nl}{indent}#~ or{nl}{flipped}{nl}{indent}#~ end");
        drafts.push(Draft {
            channel: Channel::CompareFlip,
            tier: Tier::B,
            bits: 1.0,
            key: format!("{a}{operator}{b}"),
            places: vec![(file, start)],
            edits: vec![(file, Edit::mark(source, range, with))],
            safe: "both sides are values without effects, and the comparison is mirrored".to_owned(),
            survives: "copying and formatters; not another language",
        });
    }
}

/// The one comparison of a line, with nothing but it in its condition.
fn comparison(
    source: &Source<'_>,
    line: &Line<'_>,
) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>, String)> {
    let tokens = line.tokens;
    let expression = if line.opens_with(source, &["if"]) {
        let (colon, inner) = tokens.get(1..)?.split_last()?;
        (colon.kind == TokenKind::Punct(b':')).then_some(inner)?
    } else if line.opens_with(source, &["return"]) {
        tokens.get(1..)?
    } else {
        return None;
    };
    let is_operator = |token: &Token| matches!(token.kind, TokenKind::Punct(b'<' | b'>' | b'=' | b'!'));
    let at = expression.iter().position(is_operator)?;
    let len = expression.iter().skip(at).take_while(|token| is_operator(token)).count();
    let (left, rest) = expression.split_at_checked(at)?;
    let (operator, right) = rest.split_at_checked(len)?;
    let written = source.slice(operator.first()?.start, operator.last()?.end);
    let known = matches!(written, "==" | "!=" | "<" | ">" | "<=" | ">=");
    // `404 == status` is how hardly anybody writes it.
    let fits = known && operand(source, line, left) && operand(source, line, right);
    let range = |side: &[Token]| Some(side.first()?.start..side.last()?.end);
    fits.then_some((range(left)?, range(right)?, written.to_owned()))
}

/// A name, an attribute or the length of one.
fn operand(source: &Source<'_>, line: &Line<'_>, tokens: &[Token]) -> bool {
    let name = |token: &Token| {
        token.kind == TokenKind::Ident
            && !matches!(
                line.text(source, token),
                "not" | "and" | "or" | "in" | "is" | "None" | "True" | "False" | "await" | "lambda"
            )
    };
    let chain = |tokens: &[Token]| {
        tokens.len() % 2 == 1
            && tokens.iter().enumerate().all(|(at, token)| match at % 2 {
                0 => name(token),
                _ => token.kind == TokenKind::Punct(b'.'),
            })
    };
    match tokens {
        [len, open, inner @ .., close]
            if line.text(source, len) == "len"
                && open.kind == TokenKind::Punct(b'(')
                && close.kind == TokenKind::Punct(b')') =>
        {
            chain(inner)
        }
        _ => chain(tokens),
    }
}

/// The one line of an `if` that leaves the block, so that writing it twice runs it once.
fn body<'l, 't>(source: &Source<'_>, lines: &'l [Line<'t>], index: usize) -> Option<&'l Line<'t>> {
    let head = lines.get(index)?;
    let body = lines
        .get(index + 1)
        .filter(|line| line.number == head.number + 1 && line.whole && line.indent > head.indent)?;
    let after = lines.get(index + 2..)?.iter().find(|line| !line.tokens.is_empty());
    let over =
        after.is_none_or(|line| line.indent <= head.indent && !line.opens_with(source, &["else", "elif"]));
    (over && body.opens_with(source, &["return", "raise", "continue", "break"])).then_some(body)
}
