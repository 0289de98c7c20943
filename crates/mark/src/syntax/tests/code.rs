use super::*;
use crate::master::{SiteKind, Symbol};

/// Renders with these symbols and the neutral ones elsewhere.
fn with(master: &Master, symbols: &[u32]) -> String {
    let neutral = Codeword::neutral(master);
    let mut all = neutral.symbols().to_vec();
    let indices = all.iter_mut().filter(|symbol| matches!(symbol, Symbol::Index(_)));
    for (slot, symbol) in indices.zip(symbols) {
        *slot = Symbol::Index(*symbol);
    }
    render(master, &Codeword::new(master, all).unwrap()).remove(0).text
}

fn both(path: &str, text: &str, symbols: &[u32]) -> [String; 2] {
    let master = parse(path, text);
    [default_of(&master), with(&master, symbols)]
}

#[test]
fn literals_are_picked_and_markers_disappear() {
    let text = "TIMEOUT = 10  #~ pick 10|11|12\nNAME = 'x'  # label  #~ pick 'x'|y\nd = {\n    \"k\": -5,  #~ pick -5|-6\n}\n";
    let [first, second] = both("a.py", text, &[2, 1, 1]);
    assert_eq!(first, "TIMEOUT = 10\nNAME = 'x'  # label\nd = {\n    \"k\": -5,\n}\n");
    assert_eq!(second, "TIMEOUT = 12\nNAME = 'y'  # label\nd = {\n    \"k\": -6,\n}\n");
    let c = both("a.c", "#define N 10 //~ pick 10|11\r\nint n = f(0x20); //~ pick 0x20|0x30\r\n", &[1, 1]);
    assert_eq!(c[1], "#define N 11\r\nint n = f(0x30);\r\n");
    let yaml = both("a.yml", "a: x z  #~ pick one|two\n- 5  #~ pick 5|6\nb: 'q'  #~ pick q|r\n", &[1, 1, 1]);
    assert_eq!(yaml[1], "a: two\n- 6\nb: 'r'\n");
    let shell = both(
        "a.sh",
        "N=3 #~ pick 3|4\nP=/srv/a #~ pick /srv/a|/srv/b\nexport Q=\"$HOME\" #~ pick x|y\n",
        &[1, 1, 1],
    );
    assert_eq!(shell[1], "N=4\nP=/srv/b\nexport Q=\"y\"\n");
    let bars = both("a.js", "const s = \"a\"; //~ pick a|b\\|c\n", &[1]);
    assert_eq!(bars[1], "const s = \"b|c\";\n");
}

#[test]
fn names_couple_text_and_code() {
    let master = Master::parse(&files(&[
        ("guide.md", "{~tr=rand:hex12~} {~n=rand:num12~} {~len=pick:1411,1427~}"),
        ("poc.go", "const Trace = \"0\" //~ =tr\nvar n = 7 //~ =n\nconst H = 0xff //~ =tr\n"),
        ("poc.py", "TRACE = \"00c0ffee0000\"  #~ =tr\nLEN = 1411 #~=len\n"),
        ("r.yml", "id: \"x\"  #~ =tr\n"),
    ]))
    .unwrap();
    let mut all = Codeword::neutral(&master).symbols().to_vec();
    all[0] = Symbol::Value("0123456789ab".into());
    all[2] = Symbol::Index(1);
    let copy = render(&master, &Codeword::new(&master, all).unwrap());
    assert_eq!(
        copy[1].text,
        "const Trace = \"0123456789ab\"\nvar n = 100000000000\nconst H = 0x0123456789ab\n"
    );
    assert_eq!(copy[2].text, "TRACE = \"0123456789ab\"\nLEN = 1427\n");
    assert_eq!(copy[3].text, "id: \"0123456789ab\"\n");
}

#[test]
fn blocks_shuffle_and_choose_lines() {
    let text = "h = {}\n#~ shuffle\nh['a'] = (\n    1,\n)\n# second\nh['b'] = 2\n#~ end\nif x:\n    #~ alt\n    y = 1\n    #~ or\n    z = 2  #~ pick 2|3\n    y = z\n    #~ end\n    pass\n";
    let [first, second] = both("a.py", text, &[1, 1, 1]);
    assert_eq!(first, "h = {}\nh['a'] = (\n    1,\n)\n# second\nh['b'] = 2\nif x:\n    y = 1\n    pass\n");
    assert_eq!(
        second,
        "h = {}\n# second\nh['b'] = 2\nh['a'] = (\n    1,\n)\nif x:\n    z = 3\n    y = z\n    pass\n"
    );
    let master = parse("a.yml", "l:\n  #~ shuffle lead pick 2\n  - a\n  - b:\n      c\n  - d\n  #~ end\n");
    assert_eq!(master.sites[0].kind, SiteKind::Order { items: 3, keep: 2 });
    assert_eq!(master.sites[0].name.as_deref(), Some("lead"));
    assert_eq!(with(&master, &[2]), "l:\n  - b:\n      c\n  - a\n");
    let crlf = both("a.sh", "#~ shuffle\r\na\r\nb\r\n#~ end\r\n", &[1]);
    assert_eq!(crlf[1], "b\r\na\r\n");
}

#[test]
fn rules_are_shuffled_and_chosen_whole() {
    let a = "alert tcp any any -> any 80 (msg:\"it's # a\"; sid:1;)";
    let b = "# late\nalert tcp any any -> any 80 (msg:\"b\"; sid:2;)";
    let text = format!("#~ shuffle\n{a}\n{b}\n#~ end\n#~ alt\n# one\n#~ or\n# two\n#~ end\n");
    let [first, second] = both("a.rules", &text, &[1, 1]);
    assert_eq!(first, format!("{a}\n{b}\n# one\n"));
    assert_eq!(second, format!("{b}\n{a}\n# two\n"));
    for (line, column) in [(format!("{a} #~ pick 1|2"), a.len() + 2), (String::from("#~ rename any|all"), 1)]
    {
        let problems = Master::parse(&files(&[("a.rules", &format!("# c\n{line}\n"))])).unwrap_err();
        assert_eq!((problems[0].at.line, problems[0].at.column), (2, column), "{problems:?}");
        assert!(problems[0].says.contains("within a rule"), "{problems:?}");
    }
}

#[test]
fn a_block_may_start_with_a_block() {
    let text = "#~ shuffle\n#~ alt\na = 1\n#~ or\na = 2\n#~ end\nb = 1\n#~ end\n";
    let found = problems("a.py", text);
    assert_eq!(found, [""; 0]);
    let master = parse("a.py", text);
    assert_eq!(master.sites.len(), 2);
    assert_eq!(default_of(&master), "a = 1\nb = 1\n");
    assert_eq!(with(&master, &[1, 1]), "b = 1\na = 2\n");
    let nested = parse("a.py", "#~ shuffle\na = 1\n#~ shuffle\nx = 1\ny = 1\n#~ end\n#~ end\nz = 1\n");
    assert_eq!(default_of(&nested), "a = 1\nx = 1\ny = 1\nz = 1\n");
    assert_eq!(with(&nested, &[1, 1]), "y = 1\nx = 1\na = 1\nz = 1\n");
}

#[test]
fn renames_take_whole_identifiers_and_leave_strings_and_comments() {
    let text = "def probe(host):  #~ rename probe|check_host\n    # probe it\n    return probe_all, \"probe\", probe\nprobe(1)\n";
    let [first, second] = both("a.py", text, &[1]);
    assert_eq!(first, text.replace("  #~ rename probe|check_host", ""));
    assert_eq!(
        second,
        "def check_host(host):\n    # probe it\n    return probe_all, \"probe\", check_host\ncheck_host(1)\n"
    );
    let shell = both("a.sh", "#~ rename dir|place\ndir=/x\nls $dir/a ${dir}\n", &[1]);
    assert_eq!(shell[1], "place=/x\nls $place/a ${place}\n");
    let yara = both(
        "a.yar",
        "rule r { //~ rename $a|$b1|$b2\n strings: $a = /x\\/\"y/ \n condition: $a and #a > 1 }\n",
        &[2],
    );
    assert_eq!(yara[1], "rule r {\n strings: $b2 = /x\\/\"y/ \n condition: $b2 and #b2 > 1 }\n");
    let sigma = "detection: #~ rename sel|pick_it\n  sel:\n    a: sel\n  other:\n    b: 1\n  condition: sel and not other\n";
    assert_eq!(
        both("a.yml", sigma, &[1])[1],
        "detection:\n  pick_it:\n    a: sel\n  other:\n    b: 1\n  condition: pick_it and not other\n"
    );
    let marked = both("a.py", "x = 1 #~ rename x|renamed\ny = {~\"a\" + x|x + \"b\"~}\n", &[1, 1]);
    assert_eq!(marked[1], "renamed = 1\ny = renamed + \"b\"\n");
}

#[test]
fn the_ids_of_code_sites_are_stable() {
    let text = "A = 1 #~ pick 1|2\ndef f(): #~ rename f|g\n    pass\n";
    let ids = |text: &str| parse("a.py", text).sites.into_iter().map(|site| site.id).collect::<Vec<_>>();
    let (before, after) = (ids(text), ids(&format!("\"\"\"doc\"\"\"\nB = 'x' #~ pick x|y\n{text}h = f\n")));
    assert!(before.iter().all(|id| after.contains(id)));
    assert_eq!((before.len(), after.len()), (2, 3));
}

#[test]
fn markers_that_say_nothing_known() {
    one("a.py", "x = 1 #~ picc 1|2\n", "E1 1:7: `picc 1|2` is no code markup");
    one("a.py", "x = 1 # see#~ pick 1|2\n", "E1 1:12: `#~` is no marker here");
    one("a.py", "x = 'a' #~ pick a|b #~ =n\n", "E1 1:9: two markers in one comment");
    one("a.py", "x = 1 #~ shuffle\n", "E1 1:7: `shuffle` stands on a line of its own");
    one("a.py", "#~ shuffle\na\nb\n", "E1 1:1: this block is never closed by `#~ end`");
    one("a.py", "  #~ end\n", "E1 1:3: `end` without");
    one("a.py", "#~ or\n", "E1 1:1: `or` without `alt`");
    one("a.go", "//~ pick 1|2\n", "E1 1:1: `pick 1|2` is no code markup");
    one("a.c", "/* x //~ pick 1|2 */\n", "E1 1:6: `//~` is no marker here");
    one("a.py", "x = 1 #~ =9\n", "E1 1:7: `9` is no name");
    one("a.py", "x = 1 #~ =tr\n", "E1 1:7: no file of the package defines `tr`");
    one("a.py", "#~ shuffle\n#~ end\n", "E1 1:1: a shuffle without items");
    one("a.py", "#~ alt\na\n#~ or\n#~ end\n", "E4 1:1: alternative 2 is empty");
    one("a.py", "#~ alt\na\n#~ end\n", "E1 1:1: a mark needs at least two");
    assert_eq!(problems("a.sh", "echo ${x#~} \"#~ no\" a#~b\n"), [""; 0]);
}

#[test]
fn literals_that_cannot_be_replaced() {
    one("a.py", "f(1) #~ pick 1|2\n", "E1 1:6: this line assigns nothing");
    one("a.py", "x = f(1, 2) #~ pick 1|2\n", "E1 1:13: the right side of this line must hold exactly one");
    one("a.py", "x = y #~ pick 1|2\n", "E1 1:7: the right side");
    one("a.py", "x = 1 #~ pick 1|two\n", "E8 1:7: a value cannot replace `1`: `two` is no number");
    one(
        "a.py",
        "x = 'a' #~ pick a|it's\n",
        "E8 1:9: a value cannot replace `a`: `it's` would end the string",
    );
    one("a.py", "x = 'a' #~ pick a|b\\\n", "E8 1:9: a value cannot replace `a`: `b\\` would end");
    one("a.py", "x = 1 #~ pick 1\n", "E1 1:7: a mark needs at least two");
    one("a.rs", "let x = 10u8; //~ pick 1|2\n", "E1 1:15: `10u8` cannot be replaced");
    one("a.yml", "x: a  #~ pick a|yes\n", "E8 1:7: a value cannot replace `a`: `yes` needs quotes");
    one("a.yml", "x: [a, b]  #~ pick a|c\n", "E1 1:12: the right side");
    one("a.yml", "x: a  #~ pick a|b: c\n", "E8 1:7: a value cannot replace `a`: `b: c` needs quotes");
    one(
        "a.yml",
        "x: a  #~ pick a|2024-01-02\n",
        "E8 1:7: a value cannot replace `a`: `2024-01-02` needs quotes",
    );
    let text = "A = 'x' # {~h=rand:hex12~} {~w=rand:word10~} {~n=rand:num20~} {~c=a{~d|e~}|b~}\n";
    one(
        "a.py",
        &format!("{text}B = 1 #~ =h\n"),
        "E8 2:7: `h` cannot replace this literal: `rand:hex12` is no number",
    );
    one(
        "a.go",
        &format!("{text}var B = 1 //~ =n\n").replace("A = 'x' #", "//"),
        "E8 2:11: `n` cannot replace",
    );
    one(
        "a.yml",
        &format!("# {text}B: x #~ =h\n"),
        "E8 2:6: `h` cannot replace this literal: `rand:hex12` could be read",
    );
    one(
        "a.py",
        &format!("{text}B = 'x' #~ =c\n"),
        "E8 2:9: `c` cannot replace this literal: its alternatives",
    );
}

#[test]
fn renames_that_are_not_safe() {
    let with = |body: &str| format!("#~ rename old|fresh\n{body}\n");
    one("a.py", &with("old = 1; fresh = 2"), "E8 1:1: `fresh` occurs in this file");
    one("a.py", &with("old = 1 # fresh"), "E8 1:1: `fresh` occurs in this file");
    one("a.py", &with("old = 1\nx.old = 2"), "E8 3:3: `old` is an attribute");
    one("a.py", &with("old = 1\nf(a, old=2)"), "E8 3:6: `old` is a keyword argument");
    one("a.py", &with("from x import old"), "E8 2:15: `old` is imported");
    one("a.py", &with("old = 1\nf'{old}'"), "E8 3:4: `old` may be evaluated");
    one("a.py", &with("old = 1\ngetattr(x, 'old')"), "E8 3:13: `old` may be evaluated");
    one("a.py", &with("x = 1"), "E8 1:1: `old` does not occur");
    one("a.py", "#~ rename old|old2\n#~ rename other|old2\nold = other\n", "E8 2:1: `old2` occurs");
    one("a.py", "#~ rename old|class\nold = 1\n", "E8 1:1: `class` is a reserved word");
    one("a.py", "#~ rename old|a-b\nold = 1\n", "E8 1:1: `a-b` is no identifier");
    one("a.py", "#~ rename old\nold = 1\n", "E8 1:1: write `rename old|new`");
    one("a.js", "//~ rename old|new1\nconst old = 1; f({old, x});\n", "E8 2:19: `old` is a field");
    one("a.js", "//~ rename old|new1\nconst old = 1; f(`${old}`);\n", "E8 2:21: `old` may be evaluated");
    one(
        "a.rs",
        "//~ rename old|new1\nlet old = 1; println!(\"{old}\");\n",
        "E8 2:25: `old` may be evaluated",
    );
    one("a.sh", "#~ rename old|new1\nold=1\necho \"$old\"\n", "E8 3:8: `old` may be evaluated");
    one("a.sh", "#~ rename old|new1\nold=1\n./old\n", "E8 3:3: `old` is part of a longer word");
    one(
        "a.yar",
        "//~ rename $s1|$t\nrule r { strings: $s1 = \"a\" condition: any of ($s*) }\n",
        "E8 2:20: `s1` or its new name is selected",
    );
    one("a.yml", "#~ rename sel|pick_it\nx: sel\n", "E8 2:4: `sel` must be one key");
    let found = Master::parse(&files(&[
        ("a.py", "#~ rename probe|check\ndef probe(): pass\n"),
        ("b.py", "import a\na.probe()\n"),
    ]));
    assert!(found.unwrap_err()[0].says.starts_with("another file of the package uses `probe`"));
}

#[test]
fn markup_that_overlaps_is_refused() {
    let found = problems("a.py", "#~ shuffle\na = 1\nb = 2\n#~ rename a|a2\n#~ end\n");
    assert!(!found.is_empty() && found.iter().all(|says| says.contains("this markup overlaps")), "{found:?}");
}

#[test]
fn long_files_parse() {
    let mut text = String::new();
    for i in 0..4_000 {
        text.push_str(&format!("v{i} = {i}  #~ rename v{i}|w{i}\nu{i} = 'a'  #~ pick a|b\n"));
    }
    let master = parse("a.py", &text);
    assert_eq!(master.sites.len(), 8_000);
    let line: String = (0..4_000).map(|i| format!("{{~a{i}|b{i}~}} é ")).collect();
    assert_eq!(parse("a.json", &line).sites.len(), 4_000);
}
