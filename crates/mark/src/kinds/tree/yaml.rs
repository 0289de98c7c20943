//! YAML, through saphyr-parser's events; in Sigma rules also the names of a `condition`.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Broken, Builder, Form, Tree};

/// Parses YAML; comments, anchors and tags are no part of the tree.
///
/// The parser keeps its stack on the heap and refuses deep flow collections.
pub(super) fn tree(text: &str) -> Result<Tree, Broken> {
    let bytes = Bytes::new(text);
    let mut builder = Builder::new(text);
    let mut open: Vec<Open> = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| Broken {
            at: bytes.at(error.marker().index()),
            says: format!("no YAML: {}", error.info()),
        })?;
        let range = bytes.at(span.start.index())..bytes.at(span.end.index());
        match event {
            Event::DocumentStart(_) => {
                let index = builder.open("document", range.start..range.start, Form::Branch);
                open.push(Open { index, part: Part::Document });
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let place = place(&mut open, None);
                let mapping = matches!(event, Event::MappingStart(..));
                let kind = if mapping { "mapping" } else { "sequence" };
                let index = builder.open(kind, range.start..range.start, Form::Branch);
                let part = match (mapping, place) {
                    (true, Place::Value(Role::Plain)) if open.len() == 1 => {
                        Part::Map { names: Names::Top, key: true, next: Role::Plain }
                    }
                    (true, Place::Value(Role::Detection)) => {
                        Part::Map { names: Names::Detection, key: true, next: Role::Plain }
                    }
                    (true, _) => Part::Map { names: Names::Other, key: true, next: Role::Plain },
                    (false, Place::Value(Role::Condition)) => Part::List(Role::Condition),
                    (false, _) => Part::List(Role::Plain),
                };
                open.push(Open { index, part });
            }
            Event::MappingEnd | Event::SequenceEnd | Event::DocumentEnd => {
                if let Some(Open { index, .. }) = open.pop() {
                    let flow = builder.node_opens_with(index, ['{', '[']);
                    let last = builder.last_end();
                    builder.close(index, if flow { Some(range.end) } else { last });
                }
            }
            Event::Scalar(value, style, ..) => {
                let place = place(&mut open, Some(&value));
                scalar(&mut builder, place, &value, style == ScalarStyle::Plain, range);
            }
            Event::Alias(_) => {
                let _ = place(&mut open, None);
                builder.add("alias", range, Form::Fixed);
            }
            Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
    }
    Ok(builder.done())
}

/// An open collection or document.
struct Open {
    index: usize,
    part: Part,
}

enum Part {
    Document,
    List(Role),
    Map { names: Names, key: bool, next: Role },
}

/// What the names of a mapping are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Of the document: `detection` among them makes a Sigma rule.
    Top,
    /// Selections, and the condition that combines them.
    Detection,
    Other,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Detection,
    Condition,
}

enum Place {
    Key,
    Selection,
    Value(Role),
}

/// Finds out what the node that comes next is, and moves on.
fn place(open: &mut [Open], value: Option<&str>) -> Place {
    match open.last_mut().map(|open| &mut open.part) {
        None | Some(Part::Document) => Place::Value(Role::Plain),
        Some(Part::List(role)) => Place::Value(*role),
        Some(Part::Map { names, key, next }) => {
            if !std::mem::replace(key, !*key) {
                return Place::Value(std::mem::replace(next, Role::Plain));
            }
            *next = match (*names, value) {
                (Names::Top, Some("detection")) => Role::Detection,
                (Names::Detection, Some("condition")) => Role::Condition,
                _ => Role::Plain,
            };
            let selection = *names == Names::Detection && !matches!(value, Some("condition" | "timeframe"));
            if selection { Place::Selection } else { Place::Key }
        }
    }
}

fn scalar(builder: &mut Builder<'_>, place: Place, value: &str, plain: bool, range: std::ops::Range<usize>) {
    match place {
        Place::Key => builder.add("key", range, Form::Fixed),
        Place::Selection => builder.add("selection", range, Form::Bind),
        Place::Value(Role::Condition) => {
            let index = builder.open("condition", range.clone(), Form::Branch);
            condition(builder, range);
            builder.close(index, None);
        }
        Place::Value(_) => {
            let kind = if plain { plain_kind(value) } else { "string" };
            builder.add(kind, range, Form::Leaf);
        }
    }
}

/// Adds the words of a Sigma condition.
fn condition(builder: &mut Builder<'_>, range: std::ops::Range<usize>) {
    let text = builder.text.get(range.clone()).unwrap_or_default();
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*' | '-' | '.');
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, word(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let name = text.get(from..at).unwrap_or_default();
                let place = range.start + from..range.start + at;
                if let Some(prefix) = name.strip_suffix('*') {
                    builder.prefix(prefix);
                    builder.add("pattern", place, Form::Fixed);
                } else if matches!(
                    name.to_ascii_lowercase().as_str(),
                    "and" | "or" | "not" | "of" | "them" | "all" | "1" | "by"
                ) {
                    builder.add("operator", place, Form::Fixed);
                } else {
                    builder.add("selection", place, Form::Use);
                }
                start = None;
            }
            _ => {}
        }
        if !word(c) && !c.is_whitespace() && at < text.len() {
            let place = range.start + at..range.start + at + c.len_utf8();
            builder.add("operator", place, Form::Fixed);
        }
    }
}

/// Tells what YAML 1.1 or 1.2 takes an unquoted scalar for.
fn plain_kind(value: &str) -> &'static str {
    let lower = value.to_ascii_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return "null",
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" => return "boolean",
        ".nan" | ".inf" | "-.inf" | "+.inf" => return "number",
        _ => {}
    }
    let body = lower.trim_start_matches(['+', '-']);
    let digits =
        |text: &str, radix: u32| !text.is_empty() && text.chars().all(|c| c == '_' || c.is_digit(radix));
    let based = [("0x", 16), ("0o", 8), ("0b", 2)];
    if based.iter().any(|(prefix, radix)| body.strip_prefix(prefix).is_some_and(|rest| digits(rest, *radix)))
        || digits(body, 10)
    {
        return "integer";
    }
    let starts = body.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if starts && body.parse::<f64>().is_ok() {
        return "number";
    }
    // Base 60 of YAML 1.1: `12:30:45`.
    let sixty = body.split(':').collect::<Vec<_>>();
    if sixty.len() > 1 && sixty.iter().all(|part| digits(part, 10)) { "integer" } else { "string" }
}

/// From the parser's character indices to bytes.
struct Bytes(Option<Vec<usize>>, usize);

impl Bytes {
    fn new(text: &str) -> Bytes {
        let wide = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Bytes(wide, text.len())
    }

    fn at(&self, index: usize) -> usize {
        match &self.0 {
            Some(starts) => starts.get(index).copied().unwrap_or(self.1),
            None => index.min(self.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(&'static str, u32, &str)> {
        let nodes = tree(text).unwrap().nodes;
        nodes.iter().map(|node| (node.kind, node.depth, text.get(node.range.clone()).unwrap())).collect()
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        for text in ["a: b: c\n", "a: \"b\n", "a: [1\nb: 2\n", "a: 1\n b: 2\n"] {
            assert!(tree(text).is_err(), "{text}");
        }
        assert_eq!(tree("é: 1\né: b: c\n").unwrap_err().says.get(..7), Some("no YAML"));
    }

    #[test]
    fn deep_nesting_is_answered() {
        for (opener, times) in [("[", 100_000), ("{a: ", 50_000), ("- ", 5_000), ("? ", 5_000)] {
            let _ = tree(&opener.repeat(times));
        }
    }

    #[test]
    fn kinds_of_plain_scalars() {
        for (value, kind) in [
            ("no", "boolean"),
            ("123e45", "number"),
            ("1_000", "integer"),
            ("0x1f", "integer"),
            ("12:30", "integer"),
            ("2025-06-24", "string"),
            ("e5", "string"),
            ("Off", "boolean"),
            ("~", "null"),
            ("1.2.3", "string"),
            ("infinity", "string"),
        ] {
            assert_eq!(plain_kind(value), kind, "{value}");
        }
    }

    #[test]
    fn places_count_bytes() {
        assert_eq!(
            shown("# ü\né: [\"ö\", 1]\nb:\n  - c\n"),
            [
                ("document", 0, "é: [\"ö\", 1]\nb:\n  - c"),
                ("mapping", 1, "é: [\"ö\", 1]\nb:\n  - c"),
                ("key", 2, "é"),
                ("sequence", 2, "[\"ö\", 1]"),
                ("string", 3, "\"ö\""),
                ("integer", 3, "1"),
                ("key", 2, "b"),
                ("sequence", 2, "- c"),
                ("string", 3, "c"),
            ]
        );
    }

    #[test]
    fn names_of_a_sigma_rule() {
        let text = "title: x\ndetection:\n  sel_a:\n    condition: 1\n  sel_b: x\n  condition: (sel_a or not sel_b) and 1 of sel_*\n";
        let tree = tree(text).unwrap();
        let names = |form| -> Vec<&str> {
            let found = tree.nodes.iter().filter(|node| node.form == form && node.kind == "selection");
            found.map(|node| text.get(node.range.clone()).unwrap()).collect()
        };
        assert_eq!((names(Form::Bind), names(Form::Use)), (vec!["sel_a", "sel_b"], vec!["sel_a", "sel_b"]));
        assert_eq!(tree.prefixes, ["sel_"]);
    }
}
