//! Parts of a package that travel alone: programs, single rules, what reaches the wire.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::kinds::FileKind;
use crate::kinds::lex::{TokenKind, lex};
use crate::render::RenderedFile;

/// Fewest characters of a program's text that are taken for a value.
const SHORT: usize = 6;

/// Tells whether a file is a program: a reproduction, if it is in a package.
pub(super) fn is_program(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Python
            | FileKind::Shell
            | FileKind::C
            | FileKind::Go
            | FileKind::JavaScript
            | FileKind::Rust
    )
}

/// Tells whether a file holds detection rules.
pub(super) fn is_rules(kind: FileKind) -> bool {
    matches!(kind, FileKind::Yara | FileKind::Rules | FileKind::Yaml)
}

/// Gives one rule of the rule files, by lot; nothing where there is none.
pub(super) fn one_rule(files: &[RenderedFile], rng: &mut StdRng) -> String {
    let rules: Vec<String> =
        files.iter().flat_map(|file| rules(FileKind::of(&file.path), &file.text)).collect();
    rules.choose(rng).cloned().unwrap_or_default()
}

fn rules(kind: FileKind, text: &str) -> Vec<String> {
    match kind {
        FileKind::Rules => {
            let is_rule = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
            text.lines().filter(is_rule).map(str::to_owned).collect()
        }
        FileKind::Yara => {
            let mut rules: Vec<String> = Vec::new();
            for line in text.lines() {
                let opens = line.strip_prefix("private ").unwrap_or(line).starts_with("rule ");
                match rules.last_mut() {
                    Some(rule) if !opens => rule.extend([line, "\n"]),
                    _ if opens => rules.push(format!("{line}\n")),
                    _ => {}
                }
            }
            rules
        }
        FileKind::Yaml => {
            let documents = text.split("\n---").filter(|document| !document.trim().is_empty());
            documents.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Gives a web server's log in which every value of the requests and programs stands once, between
/// requests of others, each with a request id of its own.
///
/// Of a program every text without white space counts: a value that the program does not send makes the
/// estimate too high.
pub(super) fn traffic(files: &[RenderedFile], rng: &mut StdRng) -> String {
    let mut out = String::new();
    for file in files {
        let kind = FileKind::of(&file.path);
        let requests = match kind {
            FileKind::Http => requests(&file.text),
            _ if is_program(kind) => vec![(String::from("GET / HTTP/1.1"), program_values(kind, &file.text))],
            _ => continue,
        };
        for (line, values) in requests {
            stranger(&mut out, rng);
            let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            out.push_str(&format!(
                "198.51.100.23 - - [18/Jun/2025:09:14:41 +0000] \"{line}\" 202 0 {}\n",
                values.join(" ")
            ));
        }
    }
    stranger(&mut out, rng);
    out
}

fn stranger(out: &mut String, rng: &mut StdRng) {
    let (id, host): (u64, u8) = (rng.r#gen(), rng.r#gen());
    out.push_str(&format!(
        "203.0.113.{host} - - [18/Jun/2025:09:14:40 +0000] \"GET /index.html HTTP/1.1\" 200 5120 \"-\" \"Mozilla/5.0\" {id:016x}\n"
    ));
}

/// Request lines, each with the values of its headers and its body.
fn requests(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.contains(" HTTP/") {
            found.push((line.to_owned(), Vec::new()));
        } else if let Some((_, values)) = found.last_mut() {
            values.push(line.split_once(": ").map_or(line, |(_, value)| value).to_owned());
        }
    }
    found
}

fn program_values(kind: FileKind, text: &str) -> Vec<String> {
    let values = lex(kind, text).into_iter().filter_map(|token| match token.kind {
        TokenKind::Str { open, close, .. } => {
            text.get(token.start + open..token.end.checked_sub(close)?).map(str::to_owned)
        }
        _ => None,
    });
    values.filter(|value| value.len() >= SHORT && !value.contains(char::is_whitespace)).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn file(path: &str, text: &str) -> RenderedFile {
        RenderedFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn rules_are_told_apart() {
        let yara = "/* head */\nrule a : t\n{\n  b\n}\n\nprivate rule c\n{\n}\n";
        assert_eq!(rules(FileKind::Yara, yara), ["rule a : t\n{\n  b\n}\n\n", "private rule c\n{\n}\n"]);
        assert_eq!(rules(FileKind::Rules, "# c\nalert (sid:1;)\n\nalert (sid:2;)\n").len(), 2);
        assert_eq!(rules(FileKind::Yaml, "a: 1\n---\nb: 2\n").len(), 2);
        assert!(rules(FileKind::Markdown, "rule a\n").is_empty());
    }

    #[test]
    fn values_reach_the_log_and_prose_does_not() {
        let http = "POST /x HTTP/1.1\nHost: abcdef.example.net\n\nboundary-77\n";
        let program = "\"\"\"Long words of a docstring.\"\"\"\nT = \"00c0ffee0001\"  # comment\nn = 'ab'\n";
        let files = [file("a.http", http), file("p.py", program), file("a.md", "Prose and more.")];
        let log = traffic(&files, &mut StdRng::seed_from_u64(1));
        for part in ["POST /x HTTP/1.1", "\"abcdef.example.net\"", "\"boundary-77\"", "\"00c0ffee0001\""] {
            assert!(log.contains(part), "`{part}` is not in {log}");
        }
        for part in ["docstring", "comment", "'ab'", "Prose"] {
            assert!(!log.contains(part), "`{part}` is in {log}");
        }
    }
}
