//! JSON: serde_json says whether it is JSON, a scan of the tokens where everything lies.

use std::collections::HashSet;

use serde::de::IgnoredAny;

use super::{Broken, Builder, Form, Tree};

/// Parses JSON; a member name that is there twice in one object is an error.
///
/// serde_json refuses nesting beyond 128.
pub(super) fn tree(text: &str) -> Result<Tree, Broken> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Broken {
        at: offset(text, error.line(), error.column()),
        says: format!("no JSON: {error}"),
    })?;
    let mut builder = Builder::new(text);
    // Open values: index of the node and, for an object, the names seen.
    let mut open: Vec<(usize, Option<HashSet<&str>>)> = Vec::new();
    // Whether a member's value ends the member too.
    let mut members: Vec<usize> = Vec::new();
    let mut name_next = false;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut end = at + 1;
        let mut ended = false;
        match byte {
            b'{' => {
                open.push((builder.open("object", at..at, Form::Branch), Some(HashSet::new())));
                name_next = true;
            }
            b'[' => {
                open.push((builder.open("array", at..at, Form::Branch), None));
                name_next = false;
            }
            b'}' | b']' => {
                if let Some((index, _)) = open.pop() {
                    builder.close(index, Some(end));
                }
                ended = true;
            }
            b',' => name_next = open.last().is_some_and(|(_, names)| names.is_some()),
            b'"' => {
                end = string_end(bytes, at);
                if name_next {
                    members.push(builder.open("member", at..at, Form::Branch));
                    builder.add("name", at..end, Form::Fixed);
                    let name = text.get(at..end).unwrap_or_default();
                    let names = open.last_mut().and_then(|(_, names)| names.as_mut());
                    if names.is_some_and(|names| !names.insert(name)) {
                        return Err(Broken {
                            at,
                            says: format!("no JSON: the member {name} is there twice"),
                        });
                    }
                    name_next = false;
                } else {
                    builder.add("string", at..end, Form::Leaf);
                    ended = true;
                }
            }
            b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => {
                end = bytes
                    .iter()
                    .skip(at)
                    .position(|b| b",]} \t\r\n".contains(b))
                    .map_or(bytes.len(), |n| at + n);
                let kind = match byte {
                    b't' | b'f' => "boolean",
                    b'n' => "null",
                    _ => "number",
                };
                builder.add(kind, at..end, Form::Leaf);
                ended = true;
            }
        }
        if ended
            && open.last().is_some_and(|(_, names)| names.is_some())
            && let Some(member) = members.pop()
        {
            builder.close(member, Some(end));
        }
        at = end;
    }
    Ok(builder.done())
}

/// Finds the end of the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["{\"a\": }", "{\"a\":1,\"a\":2}", "", "[1] 2", "{\"a\\\": 1}"] {
            assert!(tree(text).is_err(), "{text}");
        }
        assert!(tree("{\"a\":{\"a\":1},\"b\":{\"a\":1}}").is_ok());
        assert_eq!(tree("[1,\n x]").unwrap_err().at, 5);
    }

    #[test]
    fn deep_nesting_is_answered() {
        assert!(tree(&"[".repeat(1_000_000)).is_err());
        assert!(tree(&"{\"a\":".repeat(1_000_000)).is_err());
    }

    #[test]
    fn every_value_has_its_place() {
        let text = "{ \"a\": [1.5, true, null], \"b\\\"\": \"é\" }\n";
        let shown: Vec<(&str, u32, &str)> = tree(text)
            .unwrap()
            .nodes
            .iter()
            .map(|node| (node.kind, node.depth, text.get(node.range.clone()).unwrap()))
            .collect();
        assert_eq!(
            shown,
            [
                ("object", 0, text.trim_end()),
                ("member", 1, "\"a\": [1.5, true, null]"),
                ("name", 2, "\"a\""),
                ("array", 2, "[1.5, true, null]"),
                ("number", 3, "1.5"),
                ("boolean", 3, "true"),
                ("null", 3, "null"),
                ("member", 1, "\"b\\\"\": \"é\""),
                ("name", 2, "\"b\\\"\""),
                ("string", 2, "\"é\""),
            ]
        );
    }
}
