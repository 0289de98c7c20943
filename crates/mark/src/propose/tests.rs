use super::*;
use crate::lint::lint;
use crate::render::{placeholder, render_default};
use crate::syntax::SourceFile;
use std::collections::{BTreeSet, HashSet};

/// A package of every kind, all of it invented.
const PACKAGE: &[(&str, &str)] = &[
    ("advisory.md", include_str!("samples/advisory.md")),
    ("poc.py", include_str!("samples/poc.py")),
    ("relay.rules", include_str!("samples/relay.rules")),
    ("rule.yar", include_str!("samples/rule.yar")),
    ("sample.http", include_str!("samples/sample.http")),
    ("sigma.yml", include_str!("samples/sigma.yml")),
];

fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect()
}

fn of(path: &str, text: &str) -> Vec<Proposal> {
    propose(&files(&[(path, text)]))
}

fn channels(found: &[Proposal]) -> BTreeSet<Channel> {
    found.iter().map(|proposal| proposal.channel).collect()
}

#[track_caller]
fn none(path: &str, text: &str) {
    let found = of(path, text);
    assert!(found.is_empty(), "{:?}", found.iter().map(|p| (p.channel, &p.after)).collect::<Vec<_>>());
}

/// The default rendering with every accepted constant's literal put back.
fn unmarked(before: &[SourceFile], accepted: &[&Proposal]) -> Vec<SourceFile> {
    let marked = accept(before, accepted).unwrap();
    let mut out = shown(&marked);
    for (file, original) in out.iter_mut().zip(&shown(before)) {
        let (now, want) = (pieces(&file.text), pieces(&original.text));
        assert_eq!(now.len(), want.len(), "{}", file.text);
        // Where they differ, the rendering shows the placeholder of a constant.
        let back = now.iter().zip(&want).map(|(now, want)| if is_placeholder(now) { want } else { now });
        file.text = back.map(String::as_str).collect();
    }
    out
}

/// Words and single other characters.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        match pieces.last_mut() {
            Some(last)
                if c.is_ascii_alphanumeric() && last.ends_with(|c: char| c.is_ascii_alphanumeric()) =>
            {
                last.push(c);
            }
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}

fn shown(files: &[SourceFile]) -> Vec<SourceFile> {
    let rendered = render_default(&Master::parse(files).unwrap()).into_iter();
    rendered.map(|file| SourceFile { path: file.path, text: file.text }).collect()
}

fn is_placeholder(word: &str) -> bool {
    use crate::master::Generator;
    let n = word.len() as u32;
    n >= 8
        && [Generator::Word(n), Generator::Hex(n), Generator::Num(n)].iter().any(|g| placeholder(*g) == word)
}

#[track_caller]
fn sound(before: &[SourceFile], accepted: &[&Proposal]) {
    let ids: Vec<_> = accepted.iter().map(|proposal| (&proposal.id, &proposal.after)).collect();
    assert_eq!(unmarked(before, accepted), shown(before), "{ids:?}");
    let known: HashSet<_> = lint(&Master::parse(before).unwrap(), before)
        .into_iter()
        .map(|problem| (problem.id, problem.at.file))
        .collect();
    let marked = accept(before, accepted).unwrap();
    for problem in lint(&Master::parse(&marked).unwrap(), &marked) {
        let harmless = matches!(problem.id.as_str(), "E2" | "E10" | "E11");
        assert!(
            harmless || known.contains(&(problem.id.clone(), problem.at.file.clone())),
            "{problem}: {} {ids:?}",
            problem.id
        );
    }
}

#[test]
fn every_proposal_alone_and_all_together_are_sound() {
    let before = files(PACKAGE);
    assert_eq!(shown(&before), before);
    let found = propose(&before);
    assert!(found.len() > 40, "{}", found.len());
    for proposal in &found {
        sound(&before, &[proposal]);
    }
    sound(&before, &found.iter().collect::<Vec<_>>());
    let ids: HashSet<&str> = found.iter().map(|proposal| proposal.id.as_str()).collect();
    assert_eq!(ids.len(), found.len());
}

#[test]
fn every_subset_is_sound_and_keeps_the_ids_of_the_rest() {
    use rand::{Rng, SeedableRng};
    let mut random = rand::rngs::StdRng::seed_from_u64(11);
    let before = files(PACKAGE);
    let found = propose(&before);
    for _ in 0..12 {
        let accepted: Vec<&Proposal> = found.iter().filter(|_| random.gen_bool(0.4)).collect();
        sound(&before, &accepted);
        let marked = accept(&before, &accepted).unwrap();
        let left = propose(&marked);
        let known: HashSet<&str> = found.iter().map(|proposal| proposal.id.as_str()).collect();
        for proposal in &left {
            assert!(!accepted.iter().any(|done| done.id == proposal.id), "{proposal:?}");
        }
        let same = left.iter().filter(|proposal| known.contains(proposal.id.as_str())).count();
        assert!(same * 10 >= left.len() * 9, "{same} of {}", left.len());
        sound(&marked, &left.iter().collect::<Vec<_>>());
    }
}

#[test]
fn every_channel_is_found_where_it_lives() {
    let found = propose(&files(PACKAGE));
    let of = |path: &str| -> BTreeSet<Channel> {
        found.iter().filter(|p| p.places.iter().any(|place| place.file == path)).map(|p| p.channel).collect()
    };
    use Channel as C;
    assert!(
        of("advisory.md").is_superset(&[C::FreeConstant, C::Phrase, C::Synonym, C::ListOrder].into()),
        "{:?}",
        of("advisory.md")
    );
    let python = [
        C::FreeConstant,
        C::StatementOrder,
        C::DictOrder,
        C::LocalRename,
        C::CompareFlip,
        C::Tunable,
        C::LiteralForm,
    ];
    assert!(of("poc.py").is_superset(&python.into()), "{:?}", of("poc.py"));
    assert!(
        of("relay.rules").is_superset(&[C::FreeConstant, C::ContentOrder, C::OptionOrder].into()),
        "{:?}",
        of("relay.rules")
    );
    let yara = [C::FreeConstant, C::StatementOrder, C::ConditionOrder, C::IdentifierRename];
    assert!(of("rule.yar").is_superset(&yara.into()), "{:?}", of("rule.yar"));
    assert!(
        of("sample.http").is_superset(&[C::FreeConstant, C::HeaderOrder, C::QueryOrder].into()),
        "{:?}",
        of("sample.http")
    );
    assert!(
        of("sigma.yml").is_superset(&[C::FreeConstant, C::ListOrder, C::IdentifierRename].into()),
        "{:?}",
        of("sigma.yml")
    );
    let trace = found.iter().find(|p| p.channel == C::FreeConstant && p.bits == 48.0).unwrap();
    assert_eq!((trace.tier, trace.places.len()), (Tier::A, 6));
}

#[test]
fn constants_that_bear_something_are_left_alone() {
    // A rule's condition, a link, a hash, a version, a part of a string of code.
    let rule = "alert tcp any any -> any any (msg:\"a\"; content:\"5f3a90c1d27e\"; sid:1;)\n";
    assert!(
        propose(&files(&[("a.md", "The trace id 5f3a90c1d27e is made up.\n"), ("a.rules", rule)])).is_empty()
    );
    let yara = "rule a { strings: $a = \"5f3a90c1d27e\" condition: $a }\n";
    assert!(
        propose(&files(&[("a.md", "The trace id 5f3a90c1d27e is made up.\n"), ("a.yar", yara)])).is_empty()
    );
    let sigma = "title: a\ndetection:\n  sel:\n    trace: 5f3a90c1d27e\n  condition: sel\n";
    let found = propose(&files(&[("a.md", "The trace id 5f3a90c1d27e is made up.\n"), ("a.yml", sigma)]));
    assert!(found.iter().all(|p| p.channel != Channel::FreeConstant));
    none("a.md", "See [the trace](https://example.net/5f3a90c1d27e) or https://kestrel.example.net/x.\n");
    none("a.md", "Its SHA-1 is 5f3a90c1d27e. Commit 5f3a90c1d27e0 fixes it.\n");
    none("a.md", "The file has d41d8cd98f00b204e9800998ecf8427e.\n");
    let code = "TRACE = \"x-5f3a90c1d27e\"\n";
    assert!(
        propose(&files(&[("a.md", "The trace id 5f3a90c1d27e is made up.\n"), ("a.py", code)])).is_empty()
    );
    // A label that is an ordinary word elsewhere.
    none("a.md", "The relay answers as relay.example.net.\n");
    none("a.md", "Ask www.example.net.\n");
}

#[test]
fn words_that_do_not_fit_are_left_alone() {
    none("a.md", "Install the Nevertheless Tool.\n");
    none("a.md", "Use the product Entire Whole, or an entire.\n");
    none("a.md", "# However, a heading\n\n| However | table |\n|---|---|\n| however | cell |\n");
    none("a.md", "It passes the check of the installer.\n");
    none("a.md", "The message that is sent holds three fields, that is, a length.\n");
    none("a.md", "Run `however` or \"however, so\" or [however, so](https://example.net/however).\n");
    none("a.md", "It says, however, that this and, nevertheless, that are one.\n");
    none("a.md", "However, it runs. And it does, however, stop.\n");
    none("a.md", "    however, a listing\n");
    none("a.md", "A frontend needs a front-end.\n");
    none("a.md", "It had an entire, a long, and a quickly-made part.\n");
    none("a.md", "The file however.txt and the option --however are named so.\n");
    // Two dialect words would have to change together.
    none("a.md", "The behaviour was analysed.\n");
    let found = of("a.md", "The behaviour is odd.\n");
    assert_eq!(channels(&found), [Channel::Spelling].into());
}

#[test]
fn a_word_is_one_site_over_all_files() {
    let found = propose(&files(&[
        ("a.md", "It quickly stops when the queue of the relay is full.\n"),
        ("b.py", "# The relay quickly stops when it is full.\nx()\n"),
    ]));
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((one.places.len(), one.channel), (2, Channel::Synonym));
    assert!(one.after.contains("{~w_quickly=quickly|rapidly|swiftly~}"), "{}", one.after);
}

#[test]
fn lists_with_an_order_are_left_alone() {
    none("a.md", "Do these steps:\n\n- stop the relay\n- install the version\n");
    none("a.md", "- stop the relay\n- then install it\n");
    none("a.md", "- 2026-01-04: found\n- 2026-01-09: fixed\n");
    none("a.md", "1. stop\n2. start\n");
    none("a.md", "- one of\n  - inner\n- two of\n");
    none("a.md", "- this, or\n- that.\n");
    none("a.yml", "steps:\n  - stop\n  - start\n");
}

#[test]
fn statements_that_depend_on_each_other_are_left_alone() {
    none("a.py", "aa = 1\nbb = aa\n");
    none("a.py", "aa = f()\nbb = g()\n");
    none("a.py", "aa = 1\naa = 2\n");
    none("a.py", "class A:\n    aa = 1\n    bb = 2\n");
    none("a.py", "d = {\n    'a': f(),\n    'b': g(),\n}\n");
    none("a.py", "d = {\n    **e,\n    'a': 1,\n    'b': 2,\n}\n");
    none("a.py", "def f(\n    a=1,\n    b=2,\n):\n    pass\n");
    none("a.py", "import b\nimport a\n");
    none("a.py", "if f(x) == g(x):\n    pass\n");
    none(
        "a.rules",
        "alert tcp any any -> any any (msg:\"a\"; content:\"a\"; content:\"b\"; distance:0; sid:1;)\n",
    );
    none("a.http", "GET / HTTP/1.1\nHost: a.example\nCookie: a\nCookie: b\n");
}

#[test]
fn a_changed_file_is_refused() {
    let before = files(PACKAGE);
    let found = propose(&before);
    let constant = found.iter().find(|p| p.channel == Channel::FreeConstant).unwrap();
    let mut changed = before.clone();
    changed[0].text.insert_str(0, "# More\n");
    assert_eq!(accept(&changed, &[constant]), Err(AcceptError::Changed("advisory.md".into())));
    assert!(matches!(accept(&before, &[constant, constant]), Err(AcceptError::Overlap(_))));
    assert!(propose(&files(&[("a.md", "{~x~} however, it")])).is_empty());
}
