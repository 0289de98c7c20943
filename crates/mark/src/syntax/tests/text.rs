use super::*;
use crate::code::{Codebook, ReleaseSecret};
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind, lex};
use crate::master::{Node, SiteKind, Symbol};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const SAMPLE: &str = "Host: {~h=rand:word12~}.example.net\n{~A body of {~len=pick:1411,1427,1453~} bytes|The fault needs {~len~} bytes.~}\n";

fn with(master: &Master, symbols: &[(usize, Symbol)]) -> String {
    let mut all = Codeword::neutral(master).symbols().to_vec();
    for (site, symbol) in symbols {
        all[*site] = symbol.clone();
    }
    render(master, &Codeword::new(master, all).unwrap()).remove(0).text
}

#[test]
fn marks_define_reuse_and_nest() {
    let master = parse("a.md", SAMPLE);
    assert_eq!(default_of(&master), "Host: babababababa.example.net\nA body of 1411 bytes\n");
    let names: Vec<_> = master.sites.iter().map(|site| site.name.as_deref()).collect();
    assert_eq!(names, [Some("h"), None, Some("len")]);
    let other = with(&master, &[(1, Symbol::Index(1)), (2, Symbol::Index(2))]);
    assert_eq!(other, "Host: babababababa.example.net\nThe fault needs 1453 bytes.\n");
}

#[test]
fn a_name_couples_files_and_may_be_used_before_it_is_defined() {
    let master = Master::parse(&files(&[("b.txt", "{~x=one|two~}"), ("a.txt", "<{~x~}>")])).unwrap();
    assert_eq!(master.sites.len(), 1);
    assert_eq!(master.sites[0].at.to_string(), "b.txt:1:1");
    let copy = render(&master, &Codeword::new(&master, vec![Symbol::Index(1)]).unwrap());
    let texts: Vec<_> = copy.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    assert_eq!(texts, [("a.txt", "<two>"), ("b.txt", "two")]);
}

#[test]
fn escapes_stand_for_the_characters() {
    assert_eq!(default_of(&parse("a.txt", "a \\{~b|c~} ~} | \\| \\~}")), "a {~b|c~} ~} | \\| \\~}");
    assert_eq!(default_of(&parse("a.txt", "{~a\\|b\\~}c\\{~d|e~}")), "a|b~}c{~d");
    assert_eq!(default_of(&parse("a.txt", "{~x = y|z~}")), "x = y");
}

#[test]
fn lines_are_shuffled() {
    let text = "GET /\n{~shuffle-line\nHost: {~h=a1|b2~}\nAccept: x\nVia: {~p\nq|r~}\n~}\n\nbody";
    let master = parse("a.http", text);
    assert_eq!(default_of(&master), "GET /\nHost: a1\nAccept: x\nVia: p\nq\n\nbody");
    assert_eq!(master.sites[0].kind, SiteKind::Order { items: 3, keep: 3 });
    assert_eq!(with(&master, &[(0, Symbol::Index(5))]), "GET /\nVia: p\nq\nAccept: x\nHost: a1\n\nbody");
}

#[test]
fn query_parameters_are_shuffled() {
    let master = parse("a.http", "GET /?{~shuffle-amp a=1&b=2&c={~v=3|4~}~} HTTP/1.1");
    assert_eq!(default_of(&master), "GET /?a=1&b=2&c=3 HTTP/1.1");
    assert_eq!(with(&master, &[(0, Symbol::Index(4))]), "GET /?c=3&a=1&b=2 HTTP/1.1");
}

#[test]
fn blocks_shuffle_items_with_what_belongs_to_them() {
    let text = "Intro\n  <!--~shuffle causes pick 2-->\n- one\n  wrapped\n\n  paragraph\n- two\nlazily wrapped\n- three\n  <!--~/shuffle-->\nOutro\n";
    let master = parse("a.md", text);
    assert_eq!(master.sites[0].kind, SiteKind::Order { items: 3, keep: 2 });
    assert_eq!(master.sites[0].name.as_deref(), Some("causes"));
    assert_eq!(default_of(&master), "Intro\n- one\n  wrapped\n\n  paragraph\n- two\nlazily wrapped\nOutro\n");
    assert_eq!(
        with(&master, &[(0, Symbol::Index(4))]),
        "Intro\n- three\n- one\n  wrapped\n\n  paragraph\nOutro\n"
    );
}

#[test]
fn loose_lists_stay_loose() {
    let master = parse("a.md", "<!--~shuffle-->\n\n- a\n\n- b\n\n<!--~/shuffle-->");
    assert_eq!(with(&master, &[(0, Symbol::Index(1))]), "\n- b\n\n- a\n\n");
}

#[test]
fn carriage_returns_are_kept() {
    let text =
        "<!--~shuffle-->\r\n- a\r\n- b\r\n<!--~/shuffle-->\r\n{~shuffle-line\r\nx\r\ny\r\n~}\r\n{~p|q~}\r\n";
    let master = parse("a.md", text);
    assert_eq!(default_of(&master), "- a\r\n- b\r\nx\r\ny\r\np\r\n");
    let turned = with(&master, &[(0, Symbol::Index(1)), (1, Symbol::Index(1)), (2, Symbol::Index(1))]);
    assert_eq!(turned, "- b\r\n- a\r\ny\r\nx\r\nq\r\n");
}

#[test]
fn a_definition_in_a_branch_that_is_not_chosen_still_holds() {
    let master = parse("a.txt", "{~plain|with {~x=1|2~}~} {~x~}");
    assert_eq!(default_of(&master), "plain 1");
}

#[test]
fn a_reused_choice_brings_its_nested_sites_along() {
    let master = parse("a.txt", "{~x=a {~1|2~}|b~} {~x~}");
    assert_eq!(master.sites.len(), 2);
    assert_eq!(with(&master, &[(1, Symbol::Index(1))]), "a 2 a 2");
}

#[test]
fn ids_do_not_move_when_other_places_change() {
    let ids = |text: &str| parse("a.txt", text).sites.into_iter().map(|site| site.id.0).collect::<Vec<_>>();
    let before = ids("{~a|b~} {~c|d~} {~a|b~} {~n=e|f~}");
    let after = ids("New first line.\n{~x|y~}{~c|d~}, {~a|b~} and then {~a|b~} {~n=changed|f~}");
    assert_eq!(before.len(), 4);
    assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
    let other_file = parse("b.txt", "{~a|b~}");
    assert!(!before.contains(&other_file.sites[0].id.0));
    let unique: std::collections::HashSet<_> = before.iter().collect();
    assert_eq!(unique.len(), 4);
}

#[test]
fn reuse_inside_reuse_is_bounded() {
    let mut text = String::from("{~a0=x|y~}");
    for i in 1..16 {
        let before = format!("{{~a{}~}}", i - 1);
        text.push_str(&format!("{{~a{i}={}|z~}}", before.repeat(30)));
    }
    let found = problems("a.txt", &text);
    assert!(found.iter().any(|says| says.contains("too large")), "{found:?}");
    let mut chain = String::new();
    for i in 0..5000 {
        chain.push_str(&format!("{{~a{i}={{~a{}~}}|z~}}", i + 1));
    }
    chain.push_str("{~a5000=x|y~}");
    assert!(problems("a.txt", &chain).iter().any(|says| says.contains("deep")));
}

#[test]
fn deep_nesting_does_not_overflow() {
    for unit in ["{~", "{~a|", "{~x=", "{~shuffle-amp ", "{~shuffle-line\n", "<!--~shuffle-->\n"] {
        assert!(Master::parse(&files(&[("a.md", &unit.repeat(20_000))])).is_err());
    }
}

fn nodes_hold_no_site(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(node, Node::Text(_)))
}

/// Strings and block comments may swallow or uncover a comment when a branch is left out.
fn is_simple(token: &Token) -> bool {
    !matches!(token.kind, TokenKind::Str { .. })
}

fn all_extensions() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "md", "txt", "http", "json", "yml", "yar", "rules", "py", "sh", "c", "go", "js", "rs",
    ])
}

/// Text in which markup is likely.
fn markup_soup() -> impl Strategy<Value = String> {
    let unit = prop::sample::select(vec![
        "{~",
        "~}",
        "|",
        "\\",
        "=",
        "a",
        "b=",
        "rand:hex12",
        "pick:1,2",
        "&",
        "\n",
        "\r\n",
        " ",
        "é",
        "'",
        "\"",
        "`",
        "shuffle-line\n",
        "shuffle-amp ",
        "<!--~shuffle-->",
        "<!--~/shuffle-->",
        "<!--~",
        " #~ ",
        " //~ ",
        "=a\n",
        "pick 1|2\n",
        "rename a|c\n",
        "shuffle\n",
        "alt\n",
        "or\n",
        "end\n",
        "x = 10",
        "(",
        ")",
        "{",
        "}",
        "/*",
        "*/",
        "<<EOF\n",
        "EOF\n",
        "\"\"\"",
        "r#\"",
        ": ",
        "- ",
        "f\"",
        "0x",
        "1e-",
        "/",
    ]);
    prop::collection::vec(unit, 0..40).prop_map(|units| units.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", extension in all_extensions()) {
        let _ = Master::parse(&files(&[(&format!("a.{extension}"), &text)]));
    }

    #[test]
    fn no_soup_panics_and_what_parses_renders(text in markup_soup(), extension in all_extensions()) {
        if let Ok(master) = Master::parse(&files(&[(&format!("a.{extension}"), &text)])) {
            let book = Codebook::new(&ReleaseSecret::new([1; 32]), &master);
            let kind = FileKind::of(&master.files[0].path);
            for word in [Codeword::neutral(&master), book.codeword("a"), book.codeword("b"), book.codeword("c")] {
                let copy: Vec<RenderedFile> = render(&master, &word);
                prop_assert_eq!(copy.len(), 1);
                // Only an escape leaves `{~` in a copy; the soup has no brace of its own.
                let escaped = text.contains("\\{~");
                prop_assert!(escaped || !copy[0].text.contains("{~"), "{:?}", copy);
                if let Some(marker) = kind.marker().filter(|_| lex(kind, &text).iter().all(is_simple)) {
                    let left = lex(kind, &copy[0].text)
                        .iter()
                        .any(|t| t.kind == TokenKind::Comment && copy[0].text.get(t.start..t.end).unwrap().contains(marker));
                    prop_assert!(!left, "{:?}", copy);
                }
            }
        }
    }

    #[test]
    fn text_without_markup_is_rendered_as_it_is(text in "[^~]{0,200}", extension in all_extensions()) {
        let master = parse(&format!("a.{extension}"), &text);
        prop_assert!(nodes_hold_no_site(&master.files[0].nodes));
        prop_assert_eq!(default_of(&master), text);
    }

    #[test]
    fn escaped_text_comes_back(text in "[a{}~|\\\\ é\n]{0,40}") {
        prop_assert_eq!(default_of(&parse("a.txt", &escape(&text))), text);
    }
}
