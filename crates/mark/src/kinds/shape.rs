//! Whether a rendering still has the shape of its kind.

use serde::de::IgnoredAny;

use super::FileKind;
use super::lex::{Token, TokenKind, lex};

/// What a file looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Why the file is not well formed, if it is not.
    pub(crate) broken: Option<String>,
    /// Names of rules, in order: YARA rules, `sid` of Snort rules, `title` and `id` of Sigma rules.
    pub(crate) rules: Vec<String>,
}

/// Finds a file's shape.
///
/// JSON is parsed. Code, YAML and YARA: every string is closed, brackets match; Python: blocks are indented
/// where they must be and return to a level that is open. Snort and Suricata: every rule's options are in
/// matching parentheses. Nothing more is checked: no types, no names, no grammar.
pub(crate) fn shape(kind: FileKind, text: &str) -> Shape {
    let broken = match kind {
        FileKind::Json => {
            serde_json::from_str::<IgnoredAny>(text).err().map(|error| format!("no JSON: {error}"))
        }
        FileKind::Rules => text.lines().find_map(rule_line),
        FileKind::Text | FileKind::Markdown | FileKind::Http => None,
        _ => {
            let tokens = lex(kind, text);
            let python = || (kind == FileKind::Python).then(|| indentation(text, &tokens)).flatten();
            brackets(kind, text, &tokens).or_else(python)
        }
    };
    Shape { broken, rules: rules(kind, text) }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

fn brackets(kind: FileKind, text: &str, tokens: &[Token]) -> Option<String> {
    let mut open: Vec<(u8, usize)> = Vec::new();
    for token in tokens {
        match token.kind {
            TokenKind::Str { open: 1.., close: 0, .. } => {
                return Some(format!("a string on line {} is not closed", line_of(text, token.start)));
            }
            TokenKind::Punct(bracket @ (b'(' | b'[' | b'{')) => open.push((bracket, token.start)),
            TokenKind::Punct(bracket @ (b')' | b']' | b'}')) => {
                // A shell `case` pattern ends with a parenthesis that nothing opens.
                if kind == FileKind::Shell
                    && bracket == b')'
                    && open.last().is_none_or(|(open, _)| *open != b'(')
                {
                    continue;
                }
                let opens = match bracket {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                if open.pop().map(|(bracket, _)| bracket) != Some(opens) && kind != FileKind::Yaml {
                    let line = line_of(text, token.start);
                    return Some(format!("the `{}` on line {line} closes nothing", char::from(bracket)));
                }
            }
            _ => {}
        }
    }
    // YAML's plain scalars may hold any bracket.
    let (bracket, at) = open.pop().filter(|_| kind != FileKind::Yaml)?;
    Some(format!("the `{}` on line {} is not closed", char::from(bracket), line_of(text, at)))
}

/// Checks the indentation of Python's logical lines.
fn indentation(text: &str, tokens: &[Token]) -> Option<String> {
    let mut levels = vec![0];
    let mut depth = 0_usize;
    let mut after_colon = false;
    let mut previous: Option<&Token> = None;
    for token in tokens.iter().filter(|token| token.kind != TokenKind::Comment) {
        let from = previous.map_or(0, |previous| previous.end);
        let newline = text.get(from..token.start).and_then(|gap| gap.rfind('\n'));
        let continued = previous.is_some_and(|previous| previous.kind == TokenKind::Punct(b'\\'));
        if depth == 0 && !continued && (previous.is_none() || newline.is_some()) {
            let indent = token.start - newline.map_or(from, |at| from + at + 1);
            let level = levels.last().copied().unwrap_or(0);
            let line = || line_of(text, token.start);
            if after_colon {
                if indent <= level {
                    return Some(format!("line {} must be indented", line()));
                }
                levels.push(indent);
            } else {
                while levels.last().is_some_and(|&level| level > indent) {
                    levels.pop();
                }
                if levels.last() != Some(&indent) {
                    return Some(format!("line {} is indented to no open block", line()));
                }
            }
        }
        match token.kind {
            TokenKind::Punct(b'(' | b'[' | b'{') => depth += 1,
            TokenKind::Punct(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        after_colon = depth == 0 && token.kind == TokenKind::Punct(b':');
        previous = Some(token);
    }
    after_colon.then(|| "the last line opens a block that is empty".to_owned())
}

fn rule_line(line: &str) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') || line.ends_with('\\') {
        return None;
    }
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    for byte in line.bytes() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'(' if !quoted && !escaped => depth += 1,
            b')' if !quoted && !escaped => depth -= 1,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    let head: String = line.chars().take(40).collect();
    (quoted || depth != 0 || !line.ends_with(')')).then(|| format!("the rule `{head}…` is not closed"))
}

fn rules(kind: FileKind, text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    match kind {
        FileKind::Yara => {
            let words =
                lines.filter_map(|line| line.strip_prefix("private ").unwrap_or(line).strip_prefix("rule "));
            words
                .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
                .map(str::to_owned)
                .collect()
        }
        FileKind::Rules => {
            let rules = lines.filter(|line| !line.starts_with('#'));
            let sid = rules.filter_map(|line| line.split("sid:").nth(1));
            sid.map(|rest| rest.split(';').next().unwrap_or_default().trim().to_owned()).collect()
        }
        FileKind::Yaml => text
            .lines()
            .filter(|line| line.starts_with("title:") || line.starts_with("id:") || line.starts_with("name:"))
            .map(|line| line.trim().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn broken(kind: FileKind, text: &str, says: &str) {
        let found = shape(kind, text).broken;
        assert!(found.as_deref().is_some_and(|found| found.contains(says)), "{found:?}");
    }

    #[track_caller]
    fn whole(kind: FileKind, text: &str) {
        assert_eq!(shape(kind, text).broken, None);
    }

    #[test]
    fn what_is_broken_is_found() {
        broken(FileKind::Json, "{\"a\": }", "no JSON");
        broken(FileKind::Python, "x = 'a\ny = 1\n", "a string on line 1");
        broken(FileKind::Python, "x = (1,\n", "the `(` on line 1 is not closed");
        broken(FileKind::Go, "f(a])\n", "the `]` on line 1 closes nothing");
        broken(FileKind::Python, "if x:\ny = 1\n", "line 2 must be indented");
        broken(FileKind::Python, "if x:\n    y = 1\n  z = 1\n", "line 3 is indented to no open block");
        broken(FileKind::Python, "y = 1\n  z = 1\n", "line 2 is indented to no open block");
        broken(FileKind::Python, "if x:\n", "a block that is empty");
        broken(FileKind::Rules, "alert tcp any any -> any any (msg:\"a; sid:1;)", "is not closed");
        broken(FileKind::Yaml, "a: \"b\nc: d\n", "a string on line 1");
    }

    #[test]
    fn what_is_whole_passes() {
        whole(FileKind::Json, "{\"a\": [1]}");
        whole(
            FileKind::Python,
            "def f(a,\n  b):\n    '''doc\n'''\n    if a: return {\n 1: 2}\n    x = a + \\\n  b\n    # no\n  # yes\n    return lambda: 1\ny = [\n1]\n",
        );
        whole(FileKind::Shell, "case $x in\n a) echo ')' ;;\nesac\n");
        whole(FileKind::Rules, "# c\nalert tcp any any -> any any (msg:\"a (b\"; pcre:\"/\\(/\"; sid:1;)\n");
        whole(FileKind::Yaml, "a: it's (b\nc: [d]\n");
        whole(FileKind::Markdown, "(((");
    }

    #[test]
    fn rule_names() {
        assert_eq!(shape(FileKind::Yara, "rule a : t {}\nprivate rule b {}").rules, ["a", "b"]);
        assert_eq!(shape(FileKind::Rules, "alert (sid:7; rev:1;)\n#alert (sid:8;)").rules, ["7"]);
        assert_eq!(shape(FileKind::Yaml, "title: x\nid: 1\n  id: 2\n").rules, ["title: x", "id: 1"]);
    }
}
