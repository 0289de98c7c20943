use super::*;
use crate::master::{Generator, Location, MasterFile, Node, Site, SiteId};

pub(crate) fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

pub(crate) fn choice(site: usize, branches: &[&str]) -> Node {
    Node::Choice { site: SiteIx(site), branches: branches.iter().map(|branch| vec![text(branch)]).collect() }
}

pub(crate) fn constant(site: usize, _: Generator) -> Node {
    Node::Constant { site: SiteIx(site) }
}

pub(crate) fn order(site: usize, items: &[&str]) -> Node {
    let items = items.iter().map(|item| vec![text(item)]).collect();
    Node::Order { site: SiteIx(site), items, separator: "\n".into() }
}

/// A master of one file; sites are made up from the nodes, constants as eight hexadecimal digits.
pub(crate) fn master(nodes: Vec<Node>) -> Master {
    fn collect(nodes: &[Node], kinds: &mut BTreeMap<usize, SiteKind>) {
        for node in nodes {
            match node {
                Node::Text(_) => {}
                Node::Constant { site } => {
                    kinds.insert(site.0, SiteKind::Constant(Generator::Hex(8)));
                }
                Node::Choice { site, branches } => {
                    kinds.insert(site.0, SiteKind::Choice { q: branches.len() as u32 });
                    branches.iter().for_each(|branch| collect(branch, kinds));
                }
                Node::Order { site, items, .. } => {
                    let items_count = items.len() as u32;
                    kinds.insert(site.0, SiteKind::Order { items: items_count, keep: items_count });
                    items.iter().for_each(|item| collect(item, kinds));
                }
            }
        }
    }
    let mut kinds = BTreeMap::new();
    collect(&nodes, &mut kinds);
    let site = |(at, kind): (&usize, &SiteKind)| Site {
        id: SiteId(format!("s{at}")),
        name: None,
        kind: kind.clone(),
        at: Location { file: "a.md".into(), line: 1, column: 1 },
    };
    let sites = kinds.iter().map(site).collect();
    Master { files: vec![MasterFile { path: "a.md".into(), nodes }], sites }
}

const INTRO: &str = "When a visitor leaves, the row is not cleared at once; it ";
const MIDDLE: &str = " when the next beacon arrives, and the new beacon is expected to ";
const END: &str = " before any of the permissions of the earlier visitor can be used again by the relay.";

fn sample() -> Master {
    master(vec![
        text(INTRO),
        choice(0, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(MIDDLE),
        choice(1, &["fill in every field", "set all of its values"]),
        text(END),
    ])
}

fn seen(master: &Master, leak: &str) -> Vec<Seen> {
    let leak = [LeakFile { path: "leak".into(), text: leak.into() }];
    read(master, &leak).sites.into_iter().map(|site| site.seen).collect()
}

#[test]
fn empty_binary_and_unrelated_leaks_read_as_nothing() {
    let master = sample();
    let unrelated = "A farm cooperative wrote to us in spring, because valves opened at noon. ".repeat(30);
    for leak in ["", "\u{0}\u{1}\u{fffd}\u{7f}", &unrelated, &"\u{fffd}".repeat(10_000)] {
        let leak = [LeakFile { path: "x".into(), text: leak.into() }];
        let reading = read(&master, &leak);
        assert!(!reading.derived);
        assert!(reading.sites.iter().all(|site| site.seen == Seen::Erased));
    }
    assert!(!read(&master, &[]).derived);
}

#[test]
fn reads_each_branch() {
    let master = sample();
    for (first, a) in ["is handed on as it stands", "passes unchanged to a successor"].iter().enumerate() {
        for (second, b) in ["fill in every field", "set all of its values"].iter().enumerate() {
            let expected = vec![Seen::Index(first as u32), Seen::Index(second as u32)];
            assert_eq!(seen(&master, &format!("{INTRO}{a}{MIDDLE}{b}{END}")), expected);
        }
    }
}

#[test]
fn a_rewritten_site_is_erased() {
    let leak = format!("{INTRO}keeps whatever it had{MIDDLE}fill in every field{END}");
    assert_eq!(seen(&sample(), &leak), [Seen::Erased, Seen::Index(0)]);
}

#[test]
fn a_deleted_site_is_erased() {
    let leak = format!("{INTRO}{MIDDLE}fill in every field{END}");
    assert_eq!(seen(&sample(), &leak), [Seen::Erased, Seen::Index(0)]);
}

#[test]
fn both_variants_present_erase() {
    let copy = |a: &str| format!("{INTRO}{a}{MIDDLE}fill in every field{END}");
    let leak =
        format!("{}\n\n{}", copy("is handed on as it stands"), copy("passes unchanged to a successor"));
    assert_eq!(seen(&sample(), &leak), [Seen::Erased, Seen::Index(0)]);
}

#[test]
fn a_site_out_of_its_text_is_erased() {
    let leak = format!(
        "{INTRO} nothing. Somewhere else a form asks you to fill in every field of it, and the clerk reads it out. {END}"
    );
    assert_eq!(seen(&sample(), &leak)[1], Seen::Erased);
}

#[test]
fn short_and_long_orders() {
    let items = [
        "- readers act on a page whose author never wrote it at all;",
        "- drafts that were not meant for the public appear;",
        "- the page history names a member of staff;",
        "- presence data tells a stranger something;",
    ];
    let master = master(vec![
        text(
            "We see these consequences in the field, without any ranking, from our own tests and reports:\n\n",
        ),
        order(0, &items),
        text("\n\nThe flaws do not give access to the system, and the query in the sample request was "),
        order(1, &["a=1", "b=2", "c=3"]),
        text(" at the time, which proves nothing beyond this one single test of ours."),
    ]);
    let render = |long: [usize; 4], short: &str| {
        let list: Vec<&str> = long.iter().map(|item| items[*item]).collect();
        format!(
            "We see these consequences in the field, without any ranking, from our own tests and reports:\n\n{}\n\nThe flaws do not give access to the system, and the query in the sample request was {short} at the time, which proves nothing beyond this one single test of ours.",
            list.join("\n")
        )
    };
    let rank = |long: [usize; 4]| Seen::Index(crate::arrange::rank_of(&long, 4).unwrap());
    assert_eq!(seen(&master, &render([0, 1, 2, 3], "a=1\nb=2\nc=3")), [Seen::Index(0), Seen::Index(0)]);
    assert_eq!(seen(&master, &render([3, 1, 0, 2], "c=3\na=1\nb=2")), [rank([3, 1, 0, 2]), Seen::Index(4)]);
    let missing = render([3, 1, 0, 2], "c=3").replace(items[1], "- something else entirely;");
    assert_eq!(seen(&master, &missing), [Seen::Erased, Seen::Erased]);
}

#[test]
fn a_reading_depends_on_master_and_leak_alone() {
    let master = sample();
    let leak = [LeakFile { path: "a".into(), text: format!("{INTRO}is handed on as it stands{MIDDLE}") }];
    let (one, two) = (read(&master, &leak), Reader::new(&master).read(&leak));
    assert_eq!(one, two);
    assert_eq!(one.reader, READER);
    let renamed = [LeakFile { path: "b".into(), ..leak[0].clone() }];
    assert_ne!(one.leak_sha256, read(&master, &renamed).leak_sha256);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_read_without_harm(leak in "(?s).{0,400}", cut in 0..200usize) {
        let master = sample();
        seen(&master, &leak);
        let copy = format!("{INTRO}is handed on as it stands{MIDDLE}fill in every field{END}");
        let cut: String = copy.chars().skip(cut).collect();
        let found = seen(&master, &format!("{leak} {cut} {leak}"));
        proptest::prop_assert!(found.iter().all(|seen| matches!(seen, Seen::Erased | Seen::Index(0))));
    }
}

#[test]
fn a_block_of_four_words_is_read() {
    let filler = format!("{INTRO}is handed on as it stands{MIDDLE}fill in every field{END}");
    let master = master(vec![
        text(INTRO),
        choice(2, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(&format!("{MIDDLE}fill in every field{END}\n\nWe see these consequences, ")),
        choice(0, &["without any ranking", "listed in no special order"]),
        text(":\n\n"),
        order(1, &[&"first item ".repeat(40), &"second point ".repeat(40), &"third matter ".repeat(40)]),
        text(
            "\n\nThe last paragraph of the file, which is long enough to be found on its own as well, ends here. It was written for this test and says nothing that could be of any further use.",
        ),
    ]);
    let list = ["first item ".repeat(40), "third matter ".repeat(40), "second point ".repeat(40)].join("\n");
    let leak = format!(
        "{filler}\n\nWe see these consequences, listed in no special order:\n\n{list}\n\nThe last paragraph of the file, which is long enough to be found on its own as well, ends here. It was written for this test and says nothing that could be of any further use."
    );
    assert_eq!(seen(&master, &leak), [Seen::Index(1), Seen::Index(1), Seen::Index(0)]);
}

#[test]
fn long_items_are_ordered_by_their_chains() {
    let item = |name: &str| -> String {
        let sentence = |n: usize| format!("{name} step {n} asks {name}{n} to look at {n}{name} once more. ");
        (0..60).map(sentence).collect()
    };
    let items: Vec<String> = ["alpha", "bravo", "charlie"].iter().map(|name| item(name)).collect();
    let refs: Vec<&str> = items.iter().map(String::as_str).collect();
    let master = master(vec![
        text(INTRO),
        choice(0, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(&format!("{MIDDLE}{END}\n\n")),
        order(1, &refs),
        text(&format!("\n\n{END}")),
    ]);
    let leak = format!(
        "{INTRO}is handed on as it stands{MIDDLE}{END}\n\n{}\n{}\n{}\n\n{END}",
        items[2], items[0], items[1]
    );
    assert_eq!(seen(&master, &leak), [Seen::Index(0), Seen::Index(4)]);
}

#[test]
fn a_value_taken_out_does_not_swallow_its_neighbours() {
    let master = master(vec![
        text("It was sent to the host "),
        constant(0, Generator::Hex(8)),
        text(".example.net in "),
        choice(1, &["one part with the boundary", "a form whose boundary was"]),
        text(" "),
        constant(2, Generator::Hex(8)),
        text(". "),
        text(INTRO),
        choice(3, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(MIDDLE),
        choice(4, &["fill in every field", "set all of its values"]),
        text(END),
    ]);
    let tail = format!("{INTRO}is handed on as it stands{MIDDLE}fill in every field{END}");
    for value in ["00c0ffee", "x", "", "removed by the leaker"] {
        let leak = format!(
            "It was sent to the host {value}.example.net in a form whose boundary was {value}. {tail}"
        );
        assert_eq!(seen(&master, &leak)[1], Seen::Index(1), "{value}");
    }
}

#[test]
fn text_that_a_branch_shares_with_its_surroundings_is_no_anchor() {
    let before = format!("{END}\nif length > limit:\n");
    let after = "    return slot.owner\n\n";
    let branches = [
        "    return slot.owner\n    slot.owner = visitor\n",
        "    if not too_long:\n        slot.owner = visitor\n",
    ];
    let master = master(vec![
        text(&before),
        choice(0, &branches),
        text(after),
        text(INTRO),
        choice(1, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(MIDDLE),
        text(END),
    ]);
    for (at, branch) in branches.iter().enumerate() {
        let leak = format!("{before}{branch}{after}{INTRO}is handed on as it stands{MIDDLE}{END}");
        assert_eq!(seen(&master, &leak), [Seen::Index(at as u32), Seen::Index(0)]);
    }
}

#[test]
fn a_sentence_quoted_alone_is_read_to_its_edge() {
    let master = master(vec![
        text(&format!("{END} {INTRO}")),
        choice(0, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(MIDDLE),
        choice(1, &["fill in every field", "set all of its values"]),
        text(". Nothing else of this paragraph is quoted by whoever leaked it, not even this end."),
    ]);
    let quoted = |end: &str| format!("{END} {INTRO}is handed on as it stands{MIDDLE}{end}");
    assert_eq!(seen(&master, &quoted("set all of its values")), [Seen::Index(0), Seen::Index(1)]);
    assert_eq!(seen(&master, &quoted("set a")), [Seen::Index(0), Seen::Erased]);
}

#[test]
fn capitals_are_read_unless_the_whole_text_lost_them() {
    let master = master(vec![
        text(&format!("{END} {INTRO}")),
        choice(0, &["is handed on as it stands", "passes unchanged to a successor"]),
        text(&format!("{MIDDLE}see the ")),
        choice(1, &["Root Cause", "Root cause"]),
        text(" section of this text, which Northfold wrote for Readers of the Program."),
    ]);
    let leak = |end: &str| {
        format!(
            "{END} {INTRO}is handed on as it stands{MIDDLE}see the {end} section of this text, which Northfold wrote for Readers of the Program."
        )
    };
    assert_eq!(seen(&master, &leak("Root Cause"))[1], Seen::Index(0));
    assert_eq!(seen(&master, &leak("Root cause"))[1], Seen::Index(1));
    assert_eq!(seen(&master, &leak("Root Cause").to_uppercase()), [Seen::Index(0), Seen::Erased]);
    assert_eq!(seen(&master, &leak("Root Cause").to_lowercase()), [Seen::Index(0), Seen::Erased]);
}

#[test]
fn short_paragraphs_out_of_order_are_still_the_package() {
    let words =
        ["amber", "basalt", "cedar", "delta", "ember", "flint", "grove", "harbor", "ivory", "juniper"];
    let paragraph = |at: usize, verb: &str| {
        let word = |step: usize| words[(at * 3 + step * 7) % words.len()];
        format!(
            "Item {at} {verb} the {} at {} and ends with {} {}.\n\n",
            word(0),
            at * 37 + 11,
            word(1),
            word(2)
        )
    };
    let nodes = (0..30)
        .flat_map(|at| {
            let whole = paragraph(at, "|");
            let (before, after) = whole.split_once('|').unwrap();
            [text(before), choice(at, &["loads", "fetches"]), text(after)]
        })
        .collect();
    let master = master(nodes);
    // Not the same word everywhere: that would be a global replacement.
    let verb = |at: usize| if at.is_multiple_of(3) { "loads" } else { "fetches" };
    let leak: String = (0..30).map(|at| at * 17 % 30).map(|at| paragraph(at, verb(at))).collect();
    let found = seen(&master, &leak);
    let right = (0..30).filter(|at| found[*at] == Seen::Index(u32::from(!at.is_multiple_of(3)))).count();
    let wrong = found.iter().filter(|seen| **seen != Seen::Erased).count() - right;
    // A neighbour that differs in names alone may stand where the paragraph stood.
    assert!(right >= 18 && wrong <= 3, "{right} right, {wrong} wrong, of 30");
}
