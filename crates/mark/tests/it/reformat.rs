//! What tools do to a file that stays what it is: indentation, order of keys, quotes, comments.

use crate::corpus::Style;
use crate::leaks::{plain, reflowed};

/// Writes a file of a style as another tool would.
pub(crate) fn reformatted(style: Style, text: &str) -> String {
    match style {
        Style::Prose | Style::Dense | Style::Templated => reflowed(&plain_lines(text), 60),
        Style::Python => python(text),
        Style::Yaml => yaml(text),
        Style::Yara => yara(text),
        Style::Rules => rules(text),
        Style::Http => http(text),
        Style::Json => json(text),
    }
}

fn plain_lines(text: &str) -> String {
    text.split("\n\n").map(plain).collect::<Vec<_>>().join("\n\n")
}

/// Comments gone, two spaces, other quotes, arguments on lines of their own.
fn python(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with('#') {
            continue;
        }
        let depth = (line.len() - bare.len()) / 4;
        let swapped: String = bare
            .chars()
            .map(|c| {
                if c == '"' {
                    '\''
                } else if c == '\'' {
                    '"'
                } else {
                    c
                }
            })
            .collect();
        let inside = format!(",\n{}", "  ".repeat(depth + 2));
        out += &format!("{}{}\n", "  ".repeat(depth), swapped.replace(", ", &inside));
    }
    out
}

/// Keys of every mapping sorted, list items too, comments gone, four spaces, plain strings quoted.
fn yaml(text: &str) -> String {
    let documents = text.split("---\n").filter(|document| !document.is_empty());
    documents.map(|document| format!("---\n{}", sorted_mapping(&lines(document), 0))).collect()
}

fn lines(document: &str) -> Vec<&str> {
    document.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()).collect()
}

fn sorted_mapping(lines: &[&str], depth: usize) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let top = lines.first().map_or(0, |line| indent(line));
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        if indent(line) == top {
            groups.push(vec![line]);
        } else if let Some(group) = groups.last_mut() {
            group.push(line);
        }
    }
    groups.sort();
    let mut out = String::new();
    for group in groups {
        let head = group[0].trim_start();
        let head = match head.split_once(": ") {
            Some((key, value)) if !value.starts_with('"') && value.contains(' ') => {
                format!("{key}: '{value}'")
            }
            _ => head.to_owned(),
        };
        out += &format!("{}{head}\n", "    ".repeat(depth));
        out += &sorted_mapping(&group[1..], depth + 1);
    }
    out
}

/// Comments gone, brace on the rule's line, strings sorted, hexadecimal upper case.
fn yara(text: &str) -> String {
    let mut out = String::new();
    let mut strings: Vec<String> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        if bare.starts_with("//") {
            continue;
        } else if bare == "{" {
            out.pop();
            out += " {\n";
        } else if bare.starts_with('$') && bare.contains(" = ") {
            let upper = bare.contains("{ ");
            let (name, value) = bare.split_once(" = ").unwrap();
            let value = if upper { value.to_uppercase() } else { value.to_owned() };
            strings.push(format!("\t\t{name}={value}\n"));
        } else {
            strings.sort();
            out.extend(strings.drain(..));
            out += &format!("\t{bare}\n");
        }
    }
    out
}

/// Comments gone, an option a line, contents as they were.
fn rules(text: &str) -> String {
    let rule = |line: &str| line.replace("; ", "; \\\n    ").replace(":\"", ": \"") + "\n";
    text.lines().filter(|line| !line.starts_with('#')).map(rule).collect()
}

/// Header names in small letters and sorted, as a proxy's log has them.
fn http(text: &str) -> String {
    let mut out = String::new();
    let mut headers: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.split_once(": ") {
            Some((name, value)) => headers.push(format!("{}: {value}\r\n", name.to_lowercase())),
            None => {
                headers.sort();
                out.extend(headers.drain(..));
                out += &format!("{line}\r\n");
            }
        }
    }
    out
}

/// Keys sorted, on one line.
fn json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).unwrap().to_string()
}
