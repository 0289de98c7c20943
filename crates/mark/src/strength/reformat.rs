//! What a formatter or a careful editor does to a file: sorted, squeezed, reflowed, indented anew.

use serde_json::Value;

use crate::kinds::FileKind;

/// Columns after which reflowed lines break.
const WIDTH: usize = 60;

/// Reformats a text as far as its kind allows without another meaning.
pub(super) fn reformat(kind: FileKind, text: &str) -> String {
    match kind {
        FileKind::Json => json(text),
        FileKind::Yaml => siblings(text),
        FileKind::Http => headers(text),
        FileKind::Markdown | FileKind::Text => prose(text),
        FileKind::Yara | FileKind::Rules => squeezed(text),
        _ => indented(text),
    }
}

fn json(text: &str) -> String {
    fn sort(value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.iter_mut().for_each(sort);
                if items.iter().all(Value::is_string) {
                    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                }
            }
            Value::Object(entries) => {
                let mut sorted: Vec<(String, Value)> = std::mem::take(entries).into_iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                entries.extend(sorted);
                entries.values_mut().for_each(sort);
            }
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_str(text) else { return squeezed(text) };
    sort(&mut value);
    serde_json::to_string(&value).unwrap_or_default()
}

/// Drops comments and sorts every run of siblings: lines of one indentation with what is below them.
fn siblings(text: &str) -> String {
    fn sort(lines: &[&str]) -> Vec<String> {
        let depth = |line: &str| line.len() - line.trim_start().len();
        let Some(level) = lines.iter().map(|line| depth(line)).min() else { return Vec::new() };
        let mut blocks: Vec<Vec<&str>> = Vec::new();
        for line in lines {
            match blocks.last_mut() {
                Some(block) if depth(line) > level => block.push(line),
                _ => blocks.push(vec![line]),
            }
        }
        blocks.sort();
        let sorted = blocks.iter().flat_map(|block| {
            let (head, below) =
                block.split_first().map_or(("", [].as_slice()), |(head, below)| (*head, below));
            std::iter::once(head.to_owned()).chain(sort(below))
        });
        sorted.collect()
    }
    let uncommented = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines: Vec<&str> = text.lines().filter(uncommented).collect();
    joined(sort(&lines))
}

fn headers(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for part in text.split("\n\n") {
        let mut lines = part.lines().map(str::trim_end);
        let first = lines.next().unwrap_or_default();
        let mut rest: Vec<&str> = lines.collect();
        if first.contains("HTTP/") {
            rest.sort_unstable();
        }
        out.push(joined(std::iter::once(first).chain(rest).map(str::to_owned)));
    }
    out.join("\n")
}

/// Sorts bullets and breaks paragraphs anew; headings, tables and listings stay.
fn prose(text: &str) -> String {
    let mut out = Vec::new();
    let mut fenced = false;
    for paragraph in text.split("\n\n") {
        let fences = paragraph.lines().filter(|line| line.trim_start().starts_with("```")).count();
        let kept = fenced || fences > 0 || paragraph.trim_start().starts_with(['|', '#']);
        fenced ^= fences % 2 == 1;
        let bullets = paragraph.lines().all(|line| line.starts_with("- ") || line.starts_with("* "));
        out.push(if kept {
            paragraph.to_owned()
        } else if bullets {
            let mut lines: Vec<&str> = paragraph.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        } else {
            reflowed(paragraph)
        });
    }
    out.join("\n\n")
}

fn reflowed(paragraph: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 {
            let breaks = column + 1 + length > WIDTH;
            out.push(if breaks { '\n' } else { ' ' });
            column = if breaks { 0 } else { column + 1 };
        }
        out.push_str(word);
        column += length;
    }
    out
}

fn squeezed(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    joined(lines.filter(|line| !line.is_empty()))
}

/// Halves the indentation, drops blank lines and sorts runs of imports.
fn indented(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut imports: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with("import ") || line.starts_with("from ") {
            imports.push(line.to_owned());
            continue;
        }
        imports.sort_unstable();
        out.append(&mut imports);
        let body = line.trim_start();
        out.push(format!("{}{}", " ".repeat((line.len() - body.len()) / 2), body.trim_end()));
    }
    imports.sort_unstable();
    out.append(&mut imports);
    joined(out)
}

fn joined(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_sorted_and_what_is_none_is_squeezed() {
        assert_eq!(
            reformat(FileKind::Json, "{\"b\": [\"y\", \"x\"], \"a\": 1}"),
            "{\"a\":1,\"b\":[\"x\",\"y\"]}"
        );
        assert_eq!(reformat(FileKind::Json, "{ \"b\":\n\n  x"), "{ \"b\":\nx\n");
    }

    #[test]
    fn yaml_is_sorted_at_every_level() {
        let text = "b:\n  # why\n  - y\n  - x\na: 1\n";
        assert_eq!(reformat(FileKind::Yaml, text), "a: 1\nb:\n  - x\n  - y\n");
    }

    #[test]
    fn headers_are_sorted_below_their_request() {
        let text = "GET / HTTP/1.1\nHost: a\nAccept: b\n\nbody z\nbody a\n";
        assert_eq!(reformat(FileKind::Http, text), "GET / HTTP/1.1\nAccept: b\nHost: a\n\nbody z\nbody a\n");
    }

    #[test]
    fn prose_is_reflowed_and_listings_stay() {
        let text = "# a  b\n\none\ntwo   three\n\n- b\n- a\n\n```\nx   y\n\nz   z\n```\n\nfour\nfive";
        assert_eq!(
            reformat(FileKind::Markdown, text),
            "# a  b\n\none two three\n\n- a\n- b\n\n```\nx   y\n\nz   z\n```\n\nfour five"
        );
    }

    #[test]
    fn code_is_indented_anew() {
        let text = "import b\nimport a\n\ndef f():\n    return 1\n";
        assert_eq!(reformat(FileKind::Python, text), "import a\nimport b\ndef f():\n  return 1\n");
        assert_eq!(reformat(FileKind::Yara, "rule  a {\n\n  b  c }\n"), "rule a {\nb c }\n");
    }
}
