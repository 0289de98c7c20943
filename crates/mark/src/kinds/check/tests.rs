use super::*;
use crate::code::{Codebook, ReleaseSecret};
use crate::master::Symbol;
use crate::syntax::SourceFile;

fn master(files: &[(&str, &str)]) -> Master {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    Master::parse(&files).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// Checks every single flip and the last variants together; gives what was said first.
fn flips(files: &[(&str, &str)]) -> Option<Box<Difference>> {
    let master = master(files);
    let mut checker = Checker::new(&master);
    assert_eq!(checker.broken(), [], "the default rendering is broken");
    let neutral = Codeword::neutral(&master);
    checker.check(&neutral).unwrap();
    for (index, site) in master.sites.iter().enumerate() {
        for symbol in 1..2 {
            let mut symbols = neutral.symbols().to_vec();
            if matches!(symbols[index], Symbol::Value(_)) {
                continue;
            }
            symbols[index] = Symbol::Index(symbol);
            let word = Codeword::new(&master, symbols).unwrap();
            if let Err(difference) = look(&mut checker, &word) {
                assert_eq!(difference.site.as_ref(), Some(&site.id), "{difference}");
                return Some(difference);
            }
        }
    }
    let book = Codebook::new(&ReleaseSecret::new([7; 32]), &master);
    (0..8).find_map(|member| look(&mut checker, &book.codeword(&member.to_string())).err())
}

/// Everything that is looked at, as lint does, whether it breaks the copy or not.
fn look(checker: &mut Checker<'_>, word: &Codeword) -> Result<(), Box<Difference>> {
    (0..checker.files.len()).try_for_each(|file| checker.check_file(file, word))?;
    checker.check_rules(word, None)
}

/// What an author may decide: told, and the copy is fit to be given.
#[track_caller]
fn only_told(files: &[(&str, &str)], says: &str) {
    let found = flips(files).unwrap_or_else(|| panic!("nothing told of {files:?}"));
    assert!(found.says.contains(says) && !found.breaks, "{found}");
    let master = master(files);
    let mut checker = Checker::new(&master);
    let book = Codebook::new(&ReleaseSecret::new([8; 32]), &master);
    for member in 0..8 {
        assert_eq!(checker.check(&book.codeword(&member.to_string())), Ok(()), "{files:?}");
    }
}

#[test]
fn names_and_emphasis_are_the_authors_to_decide() {
    let told = |path, text, says| only_told(&[(path, text)], says);
    told("a.md", "Update {~`relay`|the relay~} *now*.\n", "");
    told("a.json", "{\"{~a|b~}\": 1}", "this must be the same in every copy");
    told("a.rules", "alert tcp any any -> any any (msg:\"m\"; sid:{~7|8~};)\n", "it names other rules");
    let yara = "rule {~r|s~} {\n strings: $a = \"evil\"\n condition: $a }\nrule t { condition: false }";
    only_told(&[("a.yar", yara), ("s.txt", "some evil text\n")], "it names other rules");
}

#[test]
fn a_rule_of_another_name_must_still_detect_the_same() {
    let yara = "rule {~r|s~} {\n strings: $a = \"{~e=evil|good~}\"\n condition: $a }";
    let files = [("a.yar", yara), ("s.txt", "some evil text\n")];
    let master = master(&files);
    let mut checker = Checker::new(&master);
    let word = Codeword::new(&master, vec![Symbol::Index(1); master.sites.len()]).unwrap();
    let found = checker.check(&word).unwrap_err();
    assert!(found.says.contains("rule `r` is missing") && found.breaks, "{found}");
}

#[track_caller]
fn differs(path: &str, text: &str, says: &str) {
    let found = flips(&[(path, text)]).unwrap_or_else(|| panic!("no difference in {text}"));
    assert!(found.says.contains(says), "{found}");
}

#[track_caller]
fn same(path: &str, text: &str) {
    assert_eq!(flips(&[(path, text)]), None, "{text}");
}

#[test]
fn python_that_means_something_else() {
    differs("a.py", "x = '{~a b|it\\'s'; y = '2~}'\n", "");
    differs("a.py", "x = {~1|1.5~}\n", "`float` stands where the default rendering has `integer`");
    differs("a.py", "x = {~\"a\"|b\"a\"~}\n", "`bytes`");
    differs("a.py", "x = {~True|False~}\n", "`false`");
    differs("a.py", "x = a {~+|-~} b\n", "`-`");
    differs("a.py", "x = {~a * b|a~} + c\n", "");
    differs("a.py", "x = {~a + b|a~} * c\n", "");
    differs("a.py", "x = {~f(a)|f(a) if b else c~} + d\n", "");
    differs("a.py", "x.{~get|post~}()\n", "this file does not define it");
    differs("a.py", "{~len|sum~}(x)\n", "this file does not define it");
    differs("a.py", "{~a|b~} = 1\nprint(a)\n", "`a` is renamed to `b` in some places only");
    differs("a.py", "{~a|b~} = 1\nb = 2\n", "names something else already");
    differs("a.py", "if x:\n    y = 1\n#~ alt\nz = 1\n#~ or\n# z\n#~ end\n", "nothing that counts");
    differs("a.py", "x = f\"a{~{b}|c~}\"\n", "");
    differs("a.py", "x = '''{~a|b'''; y = '''c~}'''\n", "");
    differs("a.py", "# {~note|note\nprint(1)~}\n", "");
}

#[test]
fn python_that_means_the_same() {
    same("a.py", "x = 40  #~ pick 40|45\ny = \"a\"  #~ pick \"a\"|\"b\"\nz = {~'c'|\"d\"~}\n");
    same("a.py", "def f(a):  #~ rename f|g\n    return a\nf(1)\nclass C:\n    pass\n");
    same("a.py", "def f(a):\n    #~ rename q|r\n    q = a\n    return q\n");
    same("a.py", "f({~a=1, b=2|b=2, a=1~})\nif {~x < y|y > x~}:\n    pass\n");
    same("a.py", "#~ shuffle\nx = 1\n\ny = \"{~a|b~}\"\n\nz = [3, 4]\n#~ end\n");
    same(
        "a.py",
        "def f():\n    #~ alt\n    for i in x:\n        g(i)\n    #~ or\n    [g(i) for i in x]\n    #~ end\n    return 1\n",
    );
    same("a.py", "# {~one|other~} #\nx = f\"{a}{~ b| c~}\"\n");
    same("a.py", "u = \"http://{~h=rand:word12~}.example/{~shuffle-amp a=1&b=2&c=3~}\"\n");
}

#[test]
fn data_that_means_something_else() {
    differs("a.json", "{\"{~a|b~}\": 1}", "this must be the same in every copy");
    differs("a.json", "{\"a\": {~1|\"1\"~}}", "`string`");
    differs("a.json", "{\"a\": {~[1]|{}~}}", "`object`");
    differs("a.json", "{\"a\": {~1|1, \"b\": 2~}}", "");
    differs("a.json", "{\"a\": {~1|1, \"a\": 2~}}", "there twice");
    differs("a.json", "{\"a\": \"{~x|y\", \"b\": \"z~}\"}", "");
    differs("a.yml", "a: {~x|no~}\n", "`boolean`");
    differs("a.yml", "a: {~x|b: y~}\n", "");
    differs("a.yml", "a: {~x|y # ~} z\n", "");
    differs("a.yml", "{~a|b~}: x\n", "this must be the same in every copy");
    differs("a.yml", "a: {~x|\"y\\nz~}\n", "");
    differs(
        "a.yml",
        "title: t\ndetection:\n  {~sel|other~}:\n    a: 1\n  condition: sel\n",
        "in some places only",
    );
    differs(
        "a.yml",
        "title: t\ndetection:\n  {~s=sel_a|other~}:\n    a: 1\n  sel_b:\n    a: 2\n  condition: {~s~} and 1 of sel_*\n",
        "`sel_*` selects one of them only",
    );
}

#[test]
fn data_that_means_the_same() {
    same("a.json", "{\"a\": {~1|2~}, \"b\": \"x{~y|z~}\", \"c\": [\"{~shuffle-amp q&r~}\"]}");
    same("a.json", "{ {~\"a\": 1, \"b\": {}|\"b\": {}, \"a\": 1~} }");
    same("a.yml", "a: {~x y|\"z\"~}\nb: # {~c|d~}\n  #~ shuffle\n  - e\n  - f: g\n  - h\n  #~ end\ni: j\n");
    same("a.yml", "title: t\ndetection:\n  sel:  #~ rename sel|other\n    a: 1\n  condition: not sel\n");
    same("a.yml", "a: 12  #~ pick 12|13\nb: >\n  {~one|two~}\n  three\nc: 'd {~e|f~}'\n");
}

#[test]
fn text_that_means_something_else() {
    differs("a.md", "{~one|# one~}\n", "`heading 1`");
    differs("a.md", "a {~b|b\n\nc~} d\n", "");
    differs("a.md", "a {~b|`b~} c `d`\n", "");
    differs("a.md", "a {~b|*b~} c* d\n", "");
    differs("a.md", "{~- a\n- b|- a~}\n- c\n", "");
    differs("a.md", "x\n\n{~a|```~}\n\ny\n", "");
    differs("a.http", "GET /{~a|b HTTP/1.0\nX: y~} HTTP/1.1\nHost: x\n\n", "");
    differs(
        "a.http",
        "POST / HTTP/1.1\nContent-Length: 3\n\n{~abc|abcd~}\n",
        "`Content-Length` is not the body's length",
    );
    differs("a.http", "GET / HTTP/1.1\nHost: {~x|x\n\ny~}\n\n", "");
    differs("a.http", "{~GET|PUT~} / HTTP/1.1\n\n", "this must be the same in every copy");
}

#[test]
fn text_that_means_the_same() {
    same(
        "a.md",
        "{~One *and*|Two~} [x](http://{~h=rand:word12~}.example.net) `{~c|d~}`.\n\n<!--~shuffle-->\n- a\n  b\n- `c` {~d|e~}\n- f\n<!--~/shuffle-->\n\n| {~a|b~} | c |\n|---|---|\n| d | {~e|f~} |\n\n```\n{~g|h~} #\n```\n",
    );
    same("a.md", "<!--~shuffle pick 2-->\n1. a\n2. b\n3. c\n<!--~/shuffle-->\n");
    same("a.md", "# {~A|B~}\n\nText [a & {~b|[c~} d.\n\n> {~q|r~}\n");
    same(
        "a.http",
        "GET /?{~shuffle-amp a=1&b={~v=rand:hex12~}&c~} HTTP/1.1\n{~shuffle-line\nA: b\nC: {~d|e~}\nF: g\n~}\nContent-Length: 3\n\n{~abc|def~}\n",
    );
    same("a.txt", "{~anything|goes\n\nhere~}\n");
}

#[test]
fn rules_that_detect_something_else() {
    differs("a.yar", "rule {~r|s~} { condition: true }", "it names other rules");
    differs(
        "a.yar",
        "rule r { strings: $a = \"x\" condition: {~all|any~} of them }",
        "this file does not define it",
    );
    differs(
        "a.yar",
        "rule r { strings: ${~n=a1|b1~} = \"x\" $a2 = \"y\" condition: ${~n~} or any of ($a*) }",
        "`a*` selects",
    );
    differs("a.yar", "rule r { strings: $a = {~\"x\"|{ 78 }~} condition: $a }", "`hex string`");
    let sample = ("s.txt", "some evil text\n");
    let found =
        flips(&[("a.yar", "rule r {\n strings: $a = \"{~evil|good~}\"\n condition: $a }"), sample]).unwrap();
    assert_eq!(
        found.to_string(),
        "`a.yar` would mean something else in a copy, line 1, column 1: rule `r` does not match `s.txt`, but in the default rendering it does; correct or remove the mark at a.yar:2:17"
    );
    let rule = "alert tcp any any -> any any (msg:\"m\"; content:\"abc\"; depth:3; sid:7;)\n";
    let found = flips(&[("a.rules", rule), ("s.txt", "{~abc|xab~}c\n")]).unwrap();
    assert!(found.says.contains("rule `sid 7` does not match `s.txt`"), "{found}");
    differs("a.rules", "alert tcp any any -> any any (msg:\"m\"; sid:{~7|8~};)\n", "it names other rules");
    differs(
        "a.rules",
        "alert tcp any {~80|81~} -> any any (msg:\"m\"; sid:7;)\n",
        "this must be the same in every copy",
    );
    differs("a.rules", "alert tcp any any -> any any (msg:\"{~m|m\"; content:\"x~}\"; sid:7;)\n", "");
    differs("a.rules", "alert tcp any any -> any any (msg:\"{~m|m\";)~}\"; sid:7;)\n", "");
}

#[test]
fn rules_that_detect_the_same() {
    let sample = ("s.http", "GET /a HTTP/1.1\nHost: {~h=rand:word12~}.example.net\n\n");
    let yara = "rule r { meta: x = \"{~m|n~}\" strings: $a = \"Host\" //~ rename a|b\n $c = { 47 45 {~54|5?~} } condition: all of them }";
    let rules = "#~ shuffle\nalert tcp any any -> any any (msg:\"{~m|n~}\"; content:\"GET\"; depth:{~3|4~}; sid:7;)\nalert tcp any any -> any any (msg:\"o\"; {~content:\"a\"; nocase; content:\"H\"|content:\"H\"; content:\"a\"; nocase~}; sid:8;)\n#~ end\n";
    assert_eq!(flips(&[("a.yar", yara), ("a.rules", rules), sample]), None);
}

const SIGMA: &str = "title: Slot\nlogsource:\n  product: x\ndetection:\n  a:\n    action: LEFT\n    saves|gte: RIGHT\n  condition: a\n";

#[test]
fn sigma_rules_are_run_over_events() {
    let with = |left: &str, right: &str| SIGMA.replace("LEFT", left).replace("RIGHT", right);
    let event = |action: &str| format!("{{\"action\": \"{action}\", \"saves\": 38}}");
    // Another writing of the same, and what matches the sample all the same.
    for (rule, event) in [
        (with("{~publish|pub*~}", "10"), event("publish")),
        (with("pub*", "{~10|38~}"), event("{~publish|publication~}")),
        (with("publish", "{~50|60~}"), event("publish")),
    ] {
        assert_eq!(flips(&[("a.yml", &rule), ("a.json", &event)]), None, "{rule}");
    }
    for (rule, event, says) in [
        (with("publish", "{~10|50~}"), event("publish"), "rule `Slot` does not match `a.json`"),
        (with("publish", "{~50|10~}"), event("publish"), "rule `Slot` matches `a.json`"),
        (with("publish", "10"), event("{~publish|withdraw~}"), "rule `Slot` does not match `a.json`"),
    ] {
        let found = flips(&[("a.yml", &rule), ("a.json", &event)]).unwrap();
        assert!(found.says.contains(says) && found.breaks, "{found}");
    }
    // A line of a log in a guide is an event as well.
    let guide = format!("# Log\n\n```\n{}\n```\n", event("{~publish|withdraw~}"));
    let found = flips(&[("a.yml", &with("publish", "10")), ("a.md", &guide)]).unwrap();
    assert!(found.says.contains("does not match `a.md`"), "{found}");
}

#[test]
fn rules_that_match_no_sample_are_told() {
    let unmatched = |files: &[(&str, &str)]| -> Vec<String> {
        let master = master(files);
        let checker = Checker::new(&master);
        checker.unmatched().into_iter().map(|(_, rule)| rule.to_owned()).collect()
    };
    let yara = ("a.yar", "rule r { meta: x = \"{~m|n~}\" strings: $a = \"Host\" condition: $a }");
    let rules = ("a.rules", "alert tcp any any -> any any (msg:\"{~m|n~}\"; content:\"GET\"; sid:7;)\n");
    let sigma = SIGMA.replace("LEFT", "{~publish|pub*~}").replace("RIGHT", "10");
    let sigma = ("a.yml", sigma.as_str());
    let (other, event) = (("s.txt", "nothing of it\n"), ("s.json", "{\"action\": \"withdraw\"}"));
    assert_eq!(unmatched(&[yara, rules, sigma, other]), ["sid 7", "r"], "text has no events");
    assert_eq!(unmatched(&[yara, rules, sigma, event]), ["sid 7", "r", "Slot"]);
    assert_eq!(unmatched(&[yara, rules, ("s.http", "GET /a HTTP/1.1\nHost: b\n\n")]), [""; 0]);
    assert_eq!(unmatched(&[yara, rules, sigma]), [""; 0], "no sample is there");
    assert_eq!(unmatched(&[yara, ("a.md", "# Host\n")]), [""; 0]);
    assert_eq!(unmatched(&[("a.yar", "rule r { condition: false }"), other]), [""; 0], "it has no marks");
    assert_eq!(
        unmatched(&[("a.rules", "alert tcp any any -> any any (msg:\"{~m|n~}\"; rpc:1; sid:7;)\n"), other]),
        [""; 0],
        "it is not run"
    );
}

#[test]
fn a_broken_default_rendering_is_told_and_not_compared() {
    let master = master(&[
        ("a.json", "{ // no\n \"a\": {~1|x~} }"),
        ("a.yar", "import \"none\" rule r { condition: none.a }"),
    ]);
    let mut checker = Checker::new(&master);
    let says: Vec<&str> = checker.broken().iter().map(|broken| broken.says.as_str()).collect();
    assert!(says.len() == 2 && says[0].starts_with("no JSON") && says[1].starts_with("no YARA"), "{says:?}");
    assert_eq!(checker.check(&Codeword::neutral(&master)), Ok(()));
}

#[test]
fn sites_and_places_of_differences_are_told() {
    let master = master(&[("a.py", "é = '{~x|y~}'\né += '{~z|it's~}'\n")]);
    let mut checker = Checker::new(&master);
    let word = Codeword::new(&master, vec![Symbol::Index(1), Symbol::Index(1)]).unwrap();
    let found = checker.check(&word).unwrap_err();
    assert_eq!(
        (found.file.as_str(), found.mark.map(|at| at.to_string()).as_deref()),
        ("a.py", Some("a.py:2:7"))
    );
}

#[test]
fn copies_of_hostile_files_are_answered() {
    for (path, text) in [
        ("a.json", format!("{}{{~1|2~}}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("a.py", format!("x = {}{{~1|2~}}{}\n", "(".repeat(20_000), ")".repeat(20_000))),
        ("a.yml", format!("a: {}{{~1|2~}}{}\n", "[".repeat(20_000), "]".repeat(20_000))),
        ("a.md", format!("{}{{~1|2~}}\n", "> ".repeat(2_000))),
        ("a.yar", format!("rule r {{ condition: {}{{~1|2~}}{} }}", "(".repeat(20_000), ")".repeat(20_000))),
    ] {
        let master = master(&[(path, &text)]);
        let mut checker = Checker::new(&master);
        let word = Codeword::new(&master, vec![Symbol::Index(1)]).unwrap();
        assert_eq!(checker.check(&word), Ok(()), "{path}");
    }
}
