use super::*;
use crate::syntax::Severity;

fn all(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    let found = lint(&Master::parse(&files).unwrap(), &files);
    assert!(found.iter().all(|problem| problem.severity == Severity::Warning));
    found.iter().map(|p| format!("{} {}", p.id, p)).collect()
}

/// What is said of a package's strength is tested on its own.
fn warnings(files: &[(&str, &str)]) -> Vec<String> {
    all(files).into_iter().filter(|says| !says.starts_with("E10 ")).collect()
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

#[test]
fn a_file_that_cannot_name_anybody() {
    let says = |text: &str| {
        all(&[("a.md", text)]).iter().any(|says| says.starts_with("E10 a.md:1:1: a leak of this file"))
    };
    assert!(says("{~a b|c d~}"));
    assert!(!says("no mark"));
    assert!(!says("{~x=rand:hex12~}"));
    let many: String =
        (0..40).map(|n| format!("{{~left{n}|right{n}~}} one two three four five six\n")).collect();
    assert!(!says(&many));
    let dense: String = (0..12).map(|n| format!("{{~left{n}|right{n}~}} one ")).collect();
    assert!(all(&[("a.md", &dense)]).iter().any(|says| says.contains("12 sites in a row")));
}

#[test]
fn variants_beside_their_site_and_unmarked_literals() {
    one("a.md", "The door {~closes|shuts~} as that one shuts.", "E5 a.md:1:10: `shuts` also stands");
    let far = "word ".repeat(60);
    none("a.md", &format!("The door {{~closes|shuts~}} {far} shuts."));
    let files = [("a.md", "The trace id is 5f3a90c1d27e."), ("b.md", "Search for 5f3a90c1d27e.")];
    assert!(
        warnings(&files)[0]
            .starts_with("E2 a.md:1:17: `5f3a90c1d27e` stands unmarked in 2 places of 2 files")
    );
    one(
        "a.md",
        "{~it does not run at all|it doesn't run at all~}",
        "E9 a.md:1:1: some variants use contractions",
    );
    let words: String = (0..40).map(|n| format!("{} ", 12_345_678_901_u64 + n)).collect();
    assert!(
        warnings(&[("a.md", &format!("{{~x=rand:num11~}} {words}"))])[0].starts_with("E3 a.md:1:1: 40 words")
    );
}
