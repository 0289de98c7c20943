//! YARA as nested tokens; the compiler says whether they make rules.

use super::{Builder, Form, Tree};
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind, lex};

/// Reads YARA's tokens, brackets as branches; comments are no part of the tree.
pub(super) fn tree(text: &str) -> Tree {
    let mut tokens = lex(FileKind::Yara, text);
    tokens.retain(|token| token.kind != TokenKind::Comment);
    let mut builder = Builder::new(text);
    let mut open = Vec::new();
    let at = |index: usize| tokens.get(index);
    let punct = |index: usize, byte: u8| at(index).is_some_and(|t| t.kind == TokenKind::Punct(byte));
    let mut index = 0;
    while let Some(token) = at(index) {
        let before = |byte: u8| index.checked_sub(1).is_some_and(|before| punct(before, byte));
        let range = token.start..token.end;
        match token.kind {
            TokenKind::Punct(b'{') if before(b'=') => {
                let close = tokens.iter().skip(index).position(|t| t.kind == TokenKind::Punct(b'}'));
                let last = close.map_or(tokens.len() - 1, |ahead| index + ahead);
                let end = at(last).map_or(token.end, |token| token.end);
                builder.add("hex string", token.start..end, Form::Leaf);
                index = last;
            }
            TokenKind::Punct(bracket @ (b'(' | b'[' | b'{')) => {
                let kind = match bracket {
                    b'(' => "parentheses",
                    b'[' => "brackets",
                    _ => "braces",
                };
                open.push(builder.open(kind, range, Form::Branch));
            }
            TokenKind::Punct(b')' | b']' | b'}') => {
                if let Some(opened) = open.pop() {
                    builder.close(opened, Some(token.end));
                }
            }
            TokenKind::Ident => {
                let name = text.get(range.clone()).unwrap_or_default();
                if punct(index + 1, b'*') && at(index + 1).is_some_and(|star| star.start == token.end) {
                    builder.prefix(name);
                }
                let (kind, form) = if is_rule_name(text, &tokens, index) {
                    ("rule name", Form::Fixed)
                } else if before(b'$') && punct(index + 1, b'=') && !punct(index + 2, b'=') {
                    ("name", Form::Bind)
                } else {
                    ("name", Form::Use)
                };
                builder.add(kind, range, form);
            }
            TokenKind::Number => builder.add("number", range, Form::Leaf),
            TokenKind::Str { .. } => {
                let regex = text.get(range.clone()).is_some_and(|text| text.starts_with('/'));
                builder.add(if regex { "regular expression" } else { "string" }, range, Form::Leaf);
            }
            TokenKind::Punct(_) => builder.add("sign", range, Form::Fixed),
            TokenKind::Comment => {}
        }
        index += 1;
    }
    builder.done()
}

fn is_rule_name(text: &str, tokens: &[Token], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|token| {
        token.kind == TokenKind::Ident && text.get(token.start..token.end) == Some("rule")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals() {
        let text = "private rule r : t { // c\n strings: $a = { 9a ?? [2-4] ff } $b = /a{2}/i $ab = \"}\" condition: #a == 2 and any of ($a*) }";
        let tree = tree(text);
        let of = |form| -> Vec<&str> {
            let found = tree.nodes.iter().filter(|node| node.form == form && node.kind != "sign");
            found.map(|node| text.get(node.range.clone()).unwrap()).collect()
        };
        assert_eq!(of(Form::Fixed), ["r"]);
        assert_eq!(of(Form::Bind), ["a", "b", "ab"]);
        assert_eq!(of(Form::Leaf), ["{ 9a ?? [2-4] ff }", "/a{2}/", "\"}\"", "2"]);
        assert_eq!(tree.prefixes, ["a"]);
    }

    #[test]
    fn deep_nesting_is_answered() {
        assert_eq!(tree(&"(".repeat(100_000)).nodes.len(), 100_000);
    }
}
