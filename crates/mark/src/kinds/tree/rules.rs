//! Snort and Suricata rules: a header of words and options in parentheses.
//!
//! No crate reads these. **Source:** Suricata documentation, "Rules Format"; Snort 3 Rule Writing Guide.

use std::ops::Range;

use super::{Broken, Builder, Form, Tree};

/// A rule; ranges are bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) range: Range<usize>,
    /// Action, protocol, addresses, ports, direction.
    pub(crate) header: Vec<Range<usize>>,
    /// Keyword, and what follows its colon.
    pub(crate) options: Vec<(Range<usize>, Option<Range<usize>>)>,
}

/// Options whose value a mark may change; whether the rule still detects the same is another check.
const OPEN: &[&str] = &[
    "msg",
    "metadata",
    "reference",
    "content",
    "uricontent",
    "pcre",
    "offset",
    "depth",
    "distance",
    "within",
    "isdataat",
];

/// Builds the tree of a rule file; comments are no part of it.
pub(super) fn tree(text: &str) -> Result<Tree, Broken> {
    let mut builder = Builder::new(text);
    for rule in parse(text)? {
        let index = builder.open("rule", rule.range, Form::Branch);
        for word in rule.header {
            builder.add("header", word, Form::Fixed);
        }
        for (keyword, value) in rule.options {
            let end = value.as_ref().map_or(keyword.end, |value| value.end);
            let name = text.get(keyword.clone()).unwrap_or_default().trim();
            let form = if OPEN.contains(&name) { Form::Leaf } else { Form::Fixed };
            let option = builder.open("option", keyword.start..end, Form::Branch);
            builder.add("keyword", keyword, Form::Fixed);
            if let Some(value) = value {
                builder.add("value", value, form);
            }
            builder.close(option, None);
        }
        builder.close(index, None);
    }
    Ok(builder.done())
}

/// Parses a rule file; a rule may go on over lines until its parentheses close.
pub(crate) fn parse(text: &str) -> Result<Vec<Rule>, Broken> {
    let bytes = text.as_bytes();
    let mut rules = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let line_end = bytes.iter().skip(at).position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n);
        let line = text.get(at..line_end).unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            at = line_end + 1;
            continue;
        }
        let rule = one(text, at + indent)?;
        at = rule.range.end;
        rules.push(rule);
    }
    Ok(rules)
}

fn one(text: &str, start: usize) -> Result<Rule, Broken> {
    let head = || -> String {
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        line.chars().take(40).collect()
    };
    let broken = |at: usize, says: String| Broken { at, says };
    let rest = text.get(start..).unwrap_or_default();
    let Some(opens) = rest.find('(').map(|at| start + at) else {
        return Err(broken(start, format!("the rule `{}…` has no options", head())));
    };
    let mut header = Vec::new();
    let mut word = None;
    for (at, c) in text.get(start..=opens).unwrap_or_default().char_indices() {
        let blank = c.is_whitespace() || c == '(' || c == '\\';
        match (word, blank) {
            (None, false) => word = Some(start + at),
            (Some(from), true) => {
                header.push(from..start + at);
                word = None;
            }
            _ => {}
        }
    }
    let mut options = Vec::new();
    let (mut from, mut colon) = (opens + 1, None);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate().skip(opens + 1) {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b':' if !quoted && colon.is_none() => colon = Some(at),
            b';' if !quoted => {
                let keyword = word_in(text, from..colon.unwrap_or(at));
                options.push((keyword, colon.map(|colon| colon + 1..at)));
                (from, colon) = (at + 1, None);
            }
            b')' if !quoted && ends_line(text, at + 1) => {
                let left = text.get(from..at).unwrap_or_default();
                if !left.chars().all(|c| c.is_whitespace() || c == '\\') {
                    let says = format!("the option `{}` does not end with `;`", left.trim());
                    return Err(broken(from, says));
                }
                return Ok(Rule { range: start..at + 1, header, options });
            }
            _ => {}
        }
    }
    Err(broken(start, format!("the rule `{}…` is not closed", head())))
}

/// Leaves out white space and the backslashes that continue a line.
fn word_in(text: &str, range: Range<usize>) -> Range<usize> {
    let found = text.get(range.clone()).unwrap_or_default();
    let before = found.len() - found.trim_start_matches(|c: char| c.is_whitespace() || c == '\\').len();
    range.start + before..range.end
}

fn ends_line(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.chars().find(|c| *c == '\n' || !c.is_whitespace()).is_none_or(|c| c == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rule_is_refused() {
        for (text, says) in [
            ("alert tcp any any -> any any (msg:\"a; sid:1;)", "is not closed"),
            ("alert tcp any any -> any any", "has no options"),
            ("alert tcp any any -> any any (msg:\"a\"; sid:1)", "does not end with `;`"),
        ] {
            assert!(parse(text).unwrap_err().says.contains(says), "{text}");
        }
    }

    #[test]
    fn options_with_quotes_escapes_and_lines() {
        let text = "# c\nalert tcp [1.1.1.1, !2.2.2.2] any -> any any (msg:\"a (b; c\"; \\\n  pcre:\"/\\(a\\;\\\"/\"; http_uri;\n)\n\nalert udp a b <> c d (sid:2;)";
        let rules = parse(text).unwrap();
        let of = |rule: &Rule| -> Vec<(String, Option<String>)> {
            let show = |range: &Range<usize>| text.get(range.clone()).unwrap().trim().to_owned();
            rule.options.iter().map(|(name, value)| (show(name), value.as_ref().map(show))).collect()
        };
        assert_eq!(rules.len(), 2);
        assert_eq!(
            of(&rules[0]),
            [
                ("msg".to_owned(), Some("\"a (b; c\"".to_owned())),
                ("pcre".to_owned(), Some("\"/\\(a\\;\\\"/\"".to_owned())),
                ("http_uri".to_owned(), None)
            ]
        );
        assert_eq!(of(&rules[1]), [("sid".to_owned(), Some("2".to_owned()))]);
        assert_eq!(rules[1].header.len(), 7);
    }
}
