use super::*;
use crate::syntax::Severity;

fn warnings(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    let found = lint(&Master::parse(&files).unwrap(), &files);
    assert!(found.iter().all(|problem| problem.severity == Severity::Warning));
    found.iter().map(|p| format!("{} {}", p.id, p)).collect()
}

#[track_caller]
fn one(path: &str, text: &str, expected: &str) {
    let found = warnings(&[(path, text)]);
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}");
}

#[track_caller]
fn none(path: &str, text: &str) {
    assert_eq!(warnings(&[(path, text)]), [""; 0]);
}

#[test]
fn uncoupled_and_weak_constants() {
    let found = warnings(&[("a.md", "{~x=rand:hex12~} {~y=rand:hex12~}"), ("b.md", "{~x~}")]);
    assert_eq!(found, ["E2 a.md:1:18: `y` is used in one file only; a leak of the others does not show it"]);
    one("a.md", "é {~x=rand:num10~}", "E3 a.md:1:3: `rand:num10` has 33.1 bits");
    none("a.md", "{~x=rand:num11~}");
}

#[test]
fn variants_that_contain_each_other_or_facts() {
    one("a.md", "{~x=the file|this|The  file name~}", "E4 a.md:1:1: `the file` is part of `the file name`");
    one("a.md", "{~fixed in 1.2.3|patched in 1.2.4~}", "E7 a.md:1:1: `1.2.3` is in some variants only");
    none("a.md", "{~CVE-2024-1 is fixed|fixed: CVE-2024-1~}");
    one("a.md", "{~a short one|words that go on and on for long~}", "E9 a.md:1:1: variants of 11 and 32");
    none("a.md", "{~a|bcdef~}");
}

#[test]
fn renderings_that_break_their_file() {
    one("a.json", "{\"a\": {~1|x~}}", "E8 a.json:1:7: variant 2 breaks `a.json`: no JSON");
    one("a.py", "x = 1\ny = '{~a b|it's~}'\n", "E8 a.py:2:6: variant 2 breaks `a.py`: a string on line 2");
    // Every single flip and the last variants are whole; a backslash before an escaped quote is not.
    one("a.py", "s = '{~n=pick:a,c,\\,d~}{~bb|\\'~}'\n", "E8 a.py:1:1: random codeword ");
    one("a.json", "{~x|y~}", "E8 a.json:1:1: the default rendering is broken: no JSON");
    let yara = "rule {~a|b~} { condition: true }";
    assert!(warnings(&[("a.yar", yara)]).iter().any(|says| says.contains("it names other rules")));
    none("a.yar", "rule r { strings: $a = \"{~x|y~}\" condition: $a }");
    assert!(warnings(&[("a.md", "{{~~b|c~}")]).iter().any(|says| says.contains("`{~` is left")));
    none("a.md", "\\{~ {~b|c~}");
}

#[test]
fn lists_and_listings() {
    one("a.md", "<!--~shuffle-->\n1. a\n2. b\n<!--~/shuffle-->\n", "E8 a.md:1:1: the numbers of this list");
    one("a.md", "```\nx = 1  #~ pick 1|2\n```\n", "E1 a.md:2:8: `#~` is not read in Markdown");
    none("a.po", "#~ msgid \"x\"\n");
}
