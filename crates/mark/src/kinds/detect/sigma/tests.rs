use super::*;

fn rule(detection: &str) -> Rule {
    let indented: String = detection.lines().map(|line| format!("  {line}\n")).collect();
    compile(&format!("title: t\nlogsource:\n  product: x\ndetection:\n{indented}")).pop().unwrap()
}

fn matches(detection: &str, event: &str) -> Option<bool> {
    let sample = Sample { kind: FileKind::Json, text: event };
    rule(detection).matches(events(&sample).as_ref())
}

#[test]
fn what_is_not_understood_is_unknown() {
    for detection in [
        "a:\n  x|base64: y\ncondition: a",
        "a:\n  x|cidr: 10.0.0.0/8\ncondition: a",
        "a:\n  x|contains|startswith: y\ncondition: a",
        "a:\n  x|re: '('\ncondition: a",
        "a:\n  x|gt: many\ncondition: a",
        "a:\n  x: []\ncondition: a",
        "a:\n  '|all': [x, y]\ncondition: a",
        "a:\n  x: y\ntimeframe: 5m\ncondition: a",
        "a:\n  x: y\ncondition: a | count() > 5",
        "a:\n  x: y\ncondition: [a, a]",
        "a:\n  x: y\ncondition: a and",
        "a:\n  x: y\ncondition: (a",
        "a:\n  x: y\ncondition: a)",
        "a:\n  x: y\ncondition: b",
        "a:\n  x: y\ncondition: 1 of b*",
        "a: &a\n  x: y\nb: *a\ncondition: a or b",
        "a:\n  x: y",
        "a: y\ncondition: a",
        "a: []\ncondition: a",
    ] {
        assert_eq!(matches(detection, "{\"x\": \"y\"}"), None, "{detection}");
    }
    let deep = format!("a:\n  x: y\ncondition: {}a{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(matches(&deep, "{}"), None);
    let nested = format!("a:\n  x: {}{}\ncondition: a", "[".repeat(200), "]".repeat(200));
    assert_eq!(matches(&nested, "{}"), None);
}

#[test]
fn fields_are_compared_as_sigma_says() {
    for (field, event, expected) in [
        ("x: CMD", r#"{"x": "cmd"}"#, true),
        ("x|cased: CMD", r#"{"x": "cmd"}"#, false),
        ("x: 'cmd*'", r#"{"x": "cmd.exe"}"#, true),
        ("x: 'c?d'", r#"{"x": "cd"}"#, false),
        (r"x: 'a\*b'", r#"{"x": "axb"}"#, false),
        (r"x: 'a\*b'", r#"{"x": "a*b"}"#, true),
        (r"x: '\temp\*'", r#"{"x": "\\temp*"}"#, true),
        ("x: cmd", r#"{"x": "a cmd"}"#, false),
        ("x|contains: cmd", r#"{"x": "a cmd b"}"#, true),
        ("x|startswith: cmd", r#"{"x": "a cmd"}"#, false),
        ("x|endswith: [a, cmd]", r#"{"x": "a cmd"}"#, true),
        ("x|contains|all: [a, b]", r#"{"x": "a c"}"#, false),
        ("x|contains|all: [a, b]", r#"{"x": "b a"}"#, true),
        ("x|re: '^a.c$'", r#"{"x": "abc"}"#, true),
        ("x|re: '^a.c$'", r#"{"x": "ABC"}"#, false),
        ("x: 38", r#"{"x": "38"}"#, true),
        ("x: 38", r#"{"x": 38.0}"#, true),
        ("x: 38", r#"{"x": 380}"#, false),
        ("x|gte: 10", r#"{"x": "10"}"#, true),
        ("x|lt: 10", r#"{"x": 10}"#, false),
        ("x: null", r#"{"y": 1}"#, true),
        ("x: null", r#"{"x": 1}"#, false),
        ("x|exists: false", r#"{"x": 1}"#, false),
        ("x: true", r#"{"x": true}"#, true),
        ("x: [1, 2]", r#"{"x": [3, 2]}"#, true),
        ("x.y: 1", r#"{"x": {"y": 1}}"#, true),
        ("x.y: 1", r#"{"x.y": 1, "x": {"y": 2}}"#, true),
        ("x|fieldref: y", r#"{"x": "a", "y": "A"}"#, true),
        ("x|fieldref: y", r#"{"x": "a"}"#, false),
    ] {
        assert_eq!(
            matches(&format!("a:\n  {field}\ncondition: a"), event),
            Some(expected),
            "{field} {event}"
        );
    }
}

#[test]
fn conditions_are_evaluated() {
    let holds = |condition: &str| {
        matches(&format!("s_a:\n  x: 1\ns_b:\n  y: 1\n_c:\n  z: 1\ncondition: {condition}"), r#"{"x": 1}"#)
            .unwrap()
    };
    for (condition, expected) in [
        ("s_a", true),
        ("not s_a", false),
        ("s_b or s_a", true),
        ("s_a and s_b", false),
        ("s_a or s_a and s_b", true),
        ("(s_a or s_a) and s_b", false),
        ("s_a AND NOT s_b", true),
        ("1 of s_*", true),
        ("all of s_*", false),
        ("all of *_a", true),
        ("1 of them", true),
        ("all of them", false),
        ("not 1 of _*", true),
    ] {
        assert_eq!(holds(condition), expected, "{condition}");
    }
}

#[test]
fn keywords_and_lists_of_selections_match_any() {
    let keywords = "k:\n  - slot\n  - 1411\ncondition: k";
    assert_eq!(matches(keywords, r#"{"m": {"n": ["the SLOT is kept"]}}"#), Some(true));
    assert_eq!(matches(keywords, r#"{"m": 14110}"#), Some(true));
    assert_eq!(matches(keywords, r#"{"slot": "m"}"#), Some(false));
    let list = "l:\n  - x: 1\n    y: 1\n  - z: 1\ncondition: l";
    assert_eq!(matches(list, r#"{"x": 1}"#), Some(false));
    assert_eq!(matches(list, r#"{"z": 1}"#), Some(true));
}

#[test]
fn events_are_objects_of_json_and_lines_of_logs() {
    let count = |kind, text: &str| events(&Sample { kind, text }).map(|events| events.len());
    assert_eq!(count(FileKind::Json, "[{}, 1, {}]"), Some(2));
    assert_eq!(count(FileKind::Json, "{\"a\": [{}]}"), Some(1));
    assert_eq!(count(FileKind::Json, "{"), Some(0));
    assert_eq!(count(FileKind::Markdown, "text\n```\n {\"x\": 1}\n{broken\n```\n"), Some(1));
    assert_eq!(count(FileKind::Text, &"{}\n".repeat(1001)), None);
}

#[test]
fn rules_are_named_by_their_title() {
    let named = |text: &str| compile(text).into_iter().map(|rule| rule.name).collect::<Vec<_>>();
    let one = "title: Slot\ndetection:\n  a:\n    x: 1\n  condition: a\n";
    assert_eq!(
        named(&format!("{one}---\n{one}---\ndetection: 1\n---\nother: 1\n")),
        ["Slot", "Slot'", "rule 3"]
    );
    assert!(named("- a\n- b").is_empty() && named("a: [").is_empty());
}
