//! What the items of a shuffled block are.
//!
//! A line starts an item when it is indented no deeper than the block's first line and, if that line
//! starts with a list bullet, starts with a bullet itself. Every other line belongs to the item before it:
//! wrapped text, sub-lists, paragraphs of a list item. Blank lines between items must be equally many
//! everywhere, because they become part of the separator.

use super::text::name_prefix;
use super::tree::{Label, Piece};

/// A block cut into items.
pub(super) struct Split {
    /// Blank lines before the first item.
    pub(super) before: Vec<Piece>,
    pub(super) items: Vec<Vec<Piece>>,
    pub(super) separator: String,
    /// The last item's line end and blank lines.
    pub(super) after: Vec<Piece>,
}

/// Reads `[label] [pick k]`.
pub(super) fn options(written: &str) -> Option<(Label, Option<usize>)> {
    let words: Vec<&str> = written.split_whitespace().collect();
    let (label, keep) = match words.as_slice() {
        [] => (Label::None, None),
        ["pick", keep] => (Label::None, Some(keep)),
        [label] if *label != "pick" => (Label::Name((*label).to_owned()), None),
        [label, "pick", keep] => (Label::Name((*label).to_owned()), Some(keep)),
        _ => return None,
    };
    if let Label::Name(name) = &label
        && name_prefix(name) != name
    {
        return None;
    }
    match keep {
        None => Some((label, None)),
        Some(keep) => Some((label, Some(keep.parse().ok()?))),
    }
}

/// Cuts a block's content into items.
///
/// # Errors
/// A sentence for the author when the block is empty or its blank lines are uneven.
pub(super) fn split(pieces: Vec<Piece>) -> Result<Split, String> {
    let mut split =
        Split { before: Vec::new(), items: Vec::new(), separator: String::new(), after: Vec::new() };
    let mut lines = lines(pieces).into_iter().peekable();
    while let Some(blank) = lines.next_if(Line::is_blank) {
        split.before.extend(blank.whole());
    }
    let Some(first) = lines.peek() else { return Err("a shuffle without items".to_owned()) };
    let (base, bullets) = (first.indent(), first.has_bullet());
    let mut ending = "";
    let mut blanks: Vec<Line> = Vec::new();
    let mut gap: Option<usize> = None;
    for line in lines {
        if line.is_blank() {
            blanks.push(line);
            continue;
        }
        let starts = line.indent() <= base && (!bullets || line.has_bullet());
        let line_ending = line.ending;
        match split.items.last_mut() {
            Some(item) if !starts => {
                item.push(Piece::Text(ending.to_owned()));
                item.extend(blanks.drain(..).flat_map(Line::whole));
                item.extend(line.pieces);
            }
            Some(_) => {
                if *gap.get_or_insert(blanks.len()) != blanks.len() {
                    return Err("the items of a shuffle are separated by equally many blank lines".to_owned());
                }
                if split.separator.is_empty() {
                    split.separator = ending.repeat(1 + blanks.len());
                }
                blanks.clear();
                split.items.push(line.pieces);
            }
            None => split.items.push(line.pieces),
        }
        ending = line_ending;
    }
    split.after.push(Piece::Text(ending.to_owned()));
    split.after.extend(blanks.into_iter().flat_map(Line::whole));
    Ok(split)
}

/// Tells whether pieces are nothing but white space.
pub(super) fn is_blank(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.trim().is_empty()))
}

/// Takes the carriage return off an item that ended with CR LF.
pub(super) fn trim_carriage_return(item: &mut [Piece]) {
    if let Some(Piece::Text(text)) = item.last_mut()
        && text.ends_with('\r')
    {
        text.pop();
    }
}

/// Tells whether a line's text starts with a Markdown list bullet.
pub(super) fn has_bullet(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['-', '*', '+']) && line.get(1..2) == Some(" ") || number_bullet(line)
}

/// Tells whether a line's text starts with a list number such as `1.` or `2)`.
pub(crate) fn number_bullet(line: &str) -> bool {
    let rest = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.trim_start().len() && (rest.starts_with(". ") || rest.starts_with(") "))
}

#[derive(Default)]
struct Line {
    pieces: Vec<Piece>,
    ending: &'static str,
}

impl Line {
    fn is_blank(&self) -> bool {
        is_blank(&self.pieces)
    }

    fn first_text(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    fn indent(&self) -> usize {
        self.first_text().chars().take_while(|c| matches!(c, ' ' | '\t')).count()
    }

    fn has_bullet(&self) -> bool {
        has_bullet(self.first_text())
    }

    fn whole(self) -> impl Iterator<Item = Piece> {
        self.pieces.into_iter().chain(std::iter::once(Piece::Text(self.ending.to_owned())))
    }
}

/// Cuts pieces at the line ends of their own text; a mark never spans two lines here.
fn lines(pieces: Vec<Piece>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    for piece in pieces {
        let Piece::Text(text) = piece else {
            line.pieces.push(piece);
            continue;
        };
        for part in text.split_inclusive('\n') {
            let (content, ending) = match part.strip_suffix('\n') {
                Some(content) => match content.strip_suffix('\r') {
                    Some(content) => (content, "\r\n"),
                    None => (content, "\n"),
                },
                None => (part, ""),
            };
            if !content.is_empty() {
                line.pieces.push(Piece::Text(content.to_owned()));
            }
            if !ending.is_empty() {
                line.ending = ending;
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    // What is left blank here is the indentation of the end marker.
    if !line.is_blank() {
        lines.push(line);
    }
    lines
}
