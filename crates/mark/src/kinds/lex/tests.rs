use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Tokens as `kind:text`, punctuation left out.
fn shown(kind: FileKind, text: &str) -> Vec<String> {
    lex(kind, text)
        .iter()
        .filter_map(|token| {
            let part = text.get(token.start..token.end).unwrap();
            match token.kind {
                TokenKind::Ident => Some(format!("i:{part}")),
                TokenKind::Number => Some(format!("n:{part}")),
                TokenKind::Str { live, .. } => Some(format!("{}:{part}", if live { "f" } else { "s" })),
                TokenKind::Comment => Some(format!("c:{part}")),
                TokenKind::Punct(_) => None,
            }
        })
        .collect()
}

#[test]
fn python() {
    let text = "x = rb'a\\'b' + f\"{y}\" # z\n'''a\n# b'''\n'open\n1e-5 0x1F 3.4.real";
    assert_eq!(
        shown(FileKind::Python, text),
        [
            "i:x",
            "s:rb'a\\'b'",
            "f:f\"{y}\"",
            "c:# z",
            "s:'''a\n# b'''",
            "s:'open",
            "n:1e-5",
            "n:0x1F",
            "n:3.4",
            "i:real"
        ]
    );
}

#[test]
fn rust_and_c() {
    let text = "fn f<'a>(c: char) { '\\'' 'x' 'é' r#\"a\"b\"# /* \" */ \"l\n m\" 0..10 } // '";
    assert_eq!(
        shown(FileKind::Rust, text),
        [
            "i:fn",
            "i:f",
            "i:a",
            "i:c",
            "i:char",
            "s:'\\''",
            "s:'x'",
            "s:'é'",
            "s:r#\"a\"b\"#",
            "c:/* \" */",
            "s:\"l\n m\"",
            "n:0",
            "n:10",
            "c:// '"
        ]
    );
    assert_eq!(shown(FileKind::C, "L\"a\" 'b' \"open\nx"), ["s:L\"a\"", "s:'b'", "s:\"open", "i:x"]);
    assert_eq!(shown(FileKind::Go, "`a\n\\` x // c\r\ny"), ["s:`a\n\\`", "i:x", "c:// c", "i:y"]);
}

#[test]
fn regular_expressions_are_strings() {
    assert_eq!(
        shown(FileKind::JavaScript, "a = /[/\"]\\// ; b / c / d"),
        ["i:a", "s:/[/\"]\\//", "i:b", "i:c", "i:d"]
    );
    assert_eq!(shown(FileKind::Yara, "$a = /x'y/ nocase"), ["i:a", "s:/x'y/", "i:nocase"]);
}

#[test]
fn shell() {
    let text = "a=\"$x # no\" 'it' \\' b#c # yes\ncat <<-'EOF' x\n\" # in\n\tEOF\nlast";
    assert_eq!(
        shown(FileKind::Shell, text),
        [
            "i:a",
            "f:\"$x # no\"",
            "s:'it'",
            "i:b",
            "i:c",
            "c:# yes",
            "i:cat",
            "i:x",
            "f:\" # in\n\tEOF",
            "i:last"
        ]
    );
}

#[test]
fn yaml() {
    let text = "a: it's # c\nb: 'it''s' \nc: |\n  # in\n  \"\nd: \"x\\\"\"\ne#f: g";
    assert_eq!(
        shown(FileKind::Yaml, text),
        [
            "i:a",
            "i:it",
            "i:s",
            "c:# c",
            "i:b",
            "s:'it''s'",
            "i:c",
            "s:\n  # in\n  \"",
            "i:d",
            "s:\"x\\\"\"",
            "i:e",
            "i:f",
            "i:g"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_in_order_and_on_character_boundaries(text in "[a-z0-9'\"`#/*\\\\|<>:{}\\n é=-]{0,80}") {
        for kind in [FileKind::Python, FileKind::Shell, FileKind::Yaml, FileKind::C, FileKind::Go, FileKind::Rust,
                     FileKind::JavaScript, FileKind::Yara] {
            let mut pos = 0;
            for token in lex(kind, &text) {
                prop_assert!(pos <= token.start && token.start < token.end && token.end <= text.len(), "{:?}", token);
                prop_assert!(text.is_char_boundary(token.start) && text.is_char_boundary(token.end));
                if let TokenKind::Str { open, close, .. } = token.kind {
                    prop_assert!(token.start + open + close <= token.end);
                }
                pos = token.end;
            }
        }
    }
}
