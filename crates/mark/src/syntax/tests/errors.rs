use super::*;

#[test]
fn unbalanced_and_unknown_marks() {
    one("a.txt", "one\n  {~a|b", "E1 2:3: `{~` is never closed");
    one("a.txt", "é {~a b~}", "E1 1:3: this is neither a name nor alternatives");
    one("a.txt", "{~x=rand:foo9~}", "E1 1:1: `rand:foo9` is no generator");
    one("a.txt", "{~x=rand:hex65~}", "E1 1:1: `rand:hex65` is no generator");
    one("a.txt", "{~x=pick:a|b~}", "E1 1:1: a `pick:` list");
    one("a.txt", "{~x=only~}", "E1 1:1: `x` needs at least two");
    one("a.md", "<!--~shuffle-->\n- a\n- b\n", "E1 1:1: `<!--~shuffle-->` is never closed");
    one("a.md", "<!--~/shuffle-->\n", "E1 1:1: `<!--~` opens no shuffle");
    one("a.md", "<!--~shuffel-->\n", "E1 1:1: `<!--~` opens no shuffle");
    one("a.md", "<!--~shuffle pick x-->\n", "E1 1:1: write `<!--~shuffle [label] [pick k]-->`");
}

#[test]
fn names() {
    one("a.txt", "a {~nobody~}", "E1 1:3: no file of the package defines `nobody`");
    one("a.txt", "{~x=a|b~}\n{~x=c|d~}", "E1 2:1: `x` is defined twice, first at a.txt:1:1");
    one("a.txt", "{~x={~y~}|a~} {~y={~x~}|b~}", "E1 1:19: a name is used inside its own alternatives");
}

#[test]
fn a_name_defined_in_two_files() {
    let found = Master::parse(&files(&[("a.txt", "{~x=a|b~}"), ("b.txt", "{~x=a|b~}")])).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().starts_with("b.txt:1:1: `x` is defined twice, first at a.txt:1:1"));
    let found = Master::parse(&files(&[("a.txt", ""), ("a.txt", "")])).unwrap_err();
    assert!(found[0].says.contains("two files named `a.txt`"));
}

#[test]
fn variants_that_cannot_be_told_apart() {
    one("a.txt", "{~the  Cat|The cat~}", "E4 1:1: alternative 2 `The cat` equals");
    one("a.txt", "{~ﬁle|file~}", "E4 1:1: alternative 2 `file` equals");
    one("a.txt", "{~a|~}", "E4 1:1: alternative 2 is empty");
    one("a.txt", "{~x=pick:1, 1~}", "E4 1:1: alternative 2 `1` equals");
    one("a.md", "<!--~shuffle-->\n- a\n- A\n<!--~/shuffle-->", "E4 1:1: item 2 `- A` equals");
}

#[test]
fn sizes() {
    let many = (0..17).map(|i| i.to_string()).collect::<Vec<_>>().join("|");
    one("a.txt", &format!("{{~{many}~}}"), "E1 1:1: 17 alternatives");
    one("a.md", "<!--~shuffle-->\n- a\n<!--~/shuffle-->", "E1 1:1: a shuffle needs at least two items");
    one("a.md", "<!--~shuffle pick 3-->\n- a\n- b\n<!--~/shuffle-->", "E1 1:1: `pick 3` of 2 items");
    one("a.md", "<!--~shuffle pick 0-->\n- a\n- b\n<!--~/shuffle-->", "E1 1:1: `pick 0` of 2 items");
    let lines: String = (0..10).map(|i| format!("- {i}\n")).collect();
    one(
        "a.md",
        &format!("<!--~shuffle-->\n{lines}<!--~/shuffle-->"),
        "E1 1:1: 10 of 10 items have more than",
    );
    assert_eq!(problems("a.md", &format!("<!--~shuffle pick 6-->\n{lines}<!--~/shuffle-->")), [""; 0]);
    one("a.txt", "{~x=rand:hex7~}", "E3 1:1: `rand:hex7` has 28.0 bits");
    one("a.txt", "{~x=rand:word9~}", "E3 1:1: `rand:word9` has 30.1 bits");
    assert_eq!(problems("a.txt", "{~x=rand:hex8~}{~y=rand:word10~}{~z=rand:num10~}"), [""; 0]);
    one(
        "a.md",
        "<!--~shuffle-->\n- a\n\n- b\n- c\n<!--~/shuffle-->",
        "E1 1:1: the items of a shuffle are separated",
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}y{}", "{~x|".repeat(depth), "~}".repeat(depth));
    assert_eq!(problems("a.txt", &nested(16)), [""; 0]);
    one("a.txt", &nested(17), "E1 1:65: marks are nested more than 16 deep");
}

#[test]
fn all_problems_are_reported_in_order() {
    let found = problems("a.txt", "{~nobody~}\n{~a|A~}\n{~x=rand:hex2~}\n{~b c~}\n{~open|");
    let ids: Vec<&str> = found.iter().map(|says| says.split(':').next().unwrap()).collect();
    assert_eq!(ids, ["E1 1", "E4 2", "E3 3", "E1 4", "E1 5"]);
}
