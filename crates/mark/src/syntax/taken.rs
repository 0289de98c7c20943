//! What is marked already, in bytes of the author's files.

use std::ops::Range;

use super::code;
use super::source::Source;
use super::tree::Change;

/// The marked places of one file, sorted by start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// Marks, marker comments and what they replace: nothing new fits in here.
    pub(crate) marks: Vec<Range<usize>>,
    /// Shuffled blocks with their markers; other marks may stand in their items.
    pub(crate) orders: Vec<Range<usize>>,
}

impl Taken {
    /// Tells whether a range touches a mark.
    pub(crate) fn touches(&self, range: &Range<usize>) -> bool {
        self.marks.iter().any(|mark| mark.start < range.end && range.start < mark.end)
    }

    /// Tells whether a range touches a shuffled block.
    pub(crate) fn ordered(&self, range: &Range<usize>) -> bool {
        self.orders.iter().any(|order| order.start < range.end && range.start < order.end)
    }
}

/// Finds what is marked in files that parse.
pub(crate) fn taken(sources: &[Source<'_>]) -> Vec<Taken> {
    let edits = code::edits(sources, &mut Vec::new());
    let mut all = Vec::with_capacity(sources.len());
    for (source, marked) in sources.iter().zip(edits) {
        let mut taken = Taken::default();
        text_marks(source.text, &mut taken);
        for edit in marked.edits {
            match edit.change {
                Change::Shuffle { .. } => taken.orders.push(edit.range),
                _ => taken.marks.push(edit.range),
            }
        }
        taken.marks.sort_by_key(|range| range.start);
        taken.orders.sort_by_key(|range| range.start);
        all.push(taken);
    }
    all
}

fn text_marks(text: &str, taken: &mut Taken) {
    let (mut pos, mut open, mut order) = (0, Vec::new(), None);
    while let Some(rest) = text.get(pos..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("\\{~") || rest.starts_with("\\~}") {
            3
        } else if rest.starts_with("{~") {
            open.push(pos);
            2
        } else if rest.starts_with("~}") {
            if let Some(start) = open.pop().filter(|_| open.is_empty()) {
                let shuffle = text.get(start..).is_some_and(|mark| mark.starts_with("{~shuffle-"));
                if shuffle { &mut taken.orders } else { &mut taken.marks }.push(start..pos + 2);
            }
            2
        } else if open.is_empty() && rest.starts_with("<!--~shuffle") {
            order = Some(pos);
            12
        } else if open.is_empty() && rest.starts_with("<!--~/shuffle-->") {
            taken.orders.extend(order.take().map(|start| start..pos + 16));
            16
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        pos += step;
    }
}
