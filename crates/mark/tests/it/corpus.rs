//! Packages made up from a seed: one file each, in the styles that vulnerability information comes in.

use std::fmt::Write as _;

use mark::master::Master;
use mark::syntax::SourceFile;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// What kind of text a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Prose,
    Dense,
    Templated,
    Python,
    Yaml,
    Yara,
    Rules,
    Http,
    Json,
}

/// Every style.
pub(crate) const STYLES: [Style; 9] = [
    Style::Prose,
    Style::Dense,
    Style::Templated,
    Style::Python,
    Style::Yaml,
    Style::Yara,
    Style::Rules,
    Style::Http,
    Style::Json,
];

const NOUNS: [&str; 48] = [
    "parser", "listener", "queue", "session", "token", "worker", "cache", "gateway", "upload", "header",
    "buffer", "socket", "thread", "ledger", "archive", "cursor", "filter", "index", "journal", "kernel",
    "loader", "mailbox", "monitor", "object", "packet", "policy", "portal", "process", "proxy", "record",
    "relay", "report", "router", "sample", "schema", "sensor", "server", "signal", "stream", "symbol",
    "table", "ticket", "timer", "tracker", "tunnel", "vault", "viewer", "volume",
];
const PLACES: [&str; 32] = [
    "harbor", "lantern", "meadow", "copper", "violet", "timber", "saddle", "marble", "garnet", "willow",
    "ember", "falcon", "pepper", "canyon", "anchor", "velvet", "bishop", "cobalt", "drift", "maple",
    "orchid", "quartz", "raven", "summit", "thistle", "umber", "valley", "walnut", "yarrow", "zephyr",
    "indigo", "juniper",
];
const VERBS: [&str; 24] = [
    "accepts", "drops", "checks", "copies", "reads", "writes", "frees", "keeps", "locks", "marks", "merges",
    "moves", "opens", "parses", "polls", "prints", "queues", "renders", "sends", "skips", "splits", "stores",
    "trims", "wipes",
];
const LONG_PAIRS: [(&str, &str); 16] = [
    ("before the check has run", "ahead of any check"),
    ("in every supported release", "across all versions we ship"),
    ("without asking the vault", "and never asks the vault"),
    ("as soon as the peer answers", "once a reply comes in"),
    ("because nobody locks it", "since there is no lock"),
    ("even when logging is off", "also with logging disabled"),
    ("for the rest of the session", "until the session ends"),
    ("under moderate load", "when the system is busy"),
    ("on the default settings", "as it comes out of the box"),
    ("which we could reproduce", "a case that we rebuilt"),
    ("at the end of the round", "when the round is over"),
    ("through the second handler", "by way of the other handler"),
    ("in a block of its own", "inside a separate block"),
    ("and leaves a trace", "so that traces remain"),
    ("only for local accounts", "merely with accounts kept locally"),
    ("after a restart", "following a new start"),
];
const SHORT_PAIRS: [(&str, &str); 16] = [
    ("quickly", "at once"),
    ("begins", "starts"),
    ("large", "big"),
    ("normally", "as a rule"),
    ("fails", "breaks"),
    ("whole", "entire"),
    ("ends", "stops"),
    ("often", "frequently"),
    ("client", "customer"),
    ("flaw", "defect"),
    ("needs", "requires"),
    ("shows", "displays"),
    ("also", "too"),
    ("old", "former"),
    ("faulty", "broken"),
    ("nearby", "close by"),
];

/// Draws words; packages of even and of odd seeds have none in common but those of their style's frame.
struct Draw {
    rng: StdRng,
    half: usize,
}

impl Draw {
    fn half_of<'a, T>(&self, of: &'a [T]) -> &'a [T] {
        of.chunks(of.len() / 2).nth(self.half).unwrap()
    }
}

/// A package of one style.
pub(crate) fn package(style: Style, seed: u64) -> Master {
    let mut draw = Draw { rng: StdRng::seed_from_u64(seed), half: usize::from(!seed.is_multiple_of(2)) };
    let (path, text) = match style {
        Style::Prose => ("guide.md", prose(&mut draw, false)),
        Style::Dense => ("guide.md", prose(&mut draw, true)),
        Style::Templated => ("list.md", templated(&mut draw)),
        Style::Python => ("poc.py", python(&mut draw)),
        Style::Yaml => ("rules.yml", yaml(&mut draw)),
        Style::Yara => ("rules.yar", yara(&mut draw)),
        Style::Rules => ("upload.rules", rules(&mut draw)),
        Style::Http => ("sample.http", http(&mut draw)),
        Style::Json => ("notice.json", json(&mut draw)),
    };
    let file = SourceFile { path: path.into(), text };
    Master::parse(&[file]).unwrap_or_else(|problems| panic!("{style:?}: {problems:#?}"))
}

fn one<'a>(of: &'a [&'a str], draw: &mut Draw) -> &'a str {
    draw.half_of(of).choose(&mut draw.rng).unwrap()
}

fn pair(of: &[(&str, &str)], draw: &mut Draw) -> String {
    let (one, other) = draw.half_of(of).choose(&mut draw.rng).unwrap();
    if draw.rng.gen_bool(0.5) { format!("{{~{one}|{other}~}}") } else { format!("{{~{other}|{one}~}}") }
}

/// Sentences with a site every dozen words, or every five.
fn prose(draw: &mut Draw, dense: bool) -> String {
    let mut text = String::from("# What happens\n");
    for _ in 0..if dense { 8 } else { 12 } {
        text.push('\n');
        for _ in 0..4 {
            let (a, b, c) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
            let (d, e, f) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
            if dense {
                let (p, q, r) = (pair(&SHORT_PAIRS, draw), pair(&LONG_PAIRS, draw), pair(&SHORT_PAIRS, draw));
                write!(text, "{b} {a} {p} {c} {d} {q}, {e} {r} {f}. ").unwrap();
            } else {
                let p = pair(&LONG_PAIRS, draw);
                let g = one(&NOUNS, draw);
                write!(text, "The {b} {a} {c} the {d} of the {e} {g} {p}, and then it {f} what is left. ")
                    .unwrap();
            }
        }
        text.push('\n');
    }
    text
}

/// The same sentence over and over; numbers and names differ.
fn templated(draw: &mut Draw) -> String {
    let mut text = String::from("# Findings\n\n");
    for at in 0..50 {
        let (noun, place, number) = (one(&NOUNS, draw), one(&PLACES, draw), draw.rng.gen_range(100..9999));
        writeln!(
            text,
            "- Finding {at}: the {noun} in build {number} of {place} {{~can be reached|is reachable~}} from the network and {{~has to be|must be~}} updated."
        )
        .unwrap();
    }
    text
}

fn python(draw: &mut Draw) -> String {
    let mut text = String::from("import socket\n\n");
    for at in 0..14 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (wait, size) = (draw.rng.gen_range(2..60), draw.rng.gen_range(100..4000));
        let (first, second) = [("lease", "right"), ("slot", "cell"), ("reply", "answer"), ("count", "total")]
            .choose(&mut draw.rng)
            .unwrap();
        let (first, second) = (format!("{first}_{at}"), format!("{second}_{at}"));
        write!(
            text,
            "# Plays the {noun} of the {place} {}.\ndef {verb}_{noun}_{at}(peer):\n    {first} = peer.{verb}(\"{place}\", {size})  #~ rename {first}|{second}\n    peer.settimeout({{~{wait}|{}~}})\n    if {first} is None:\n        raise ValueError('no {noun} {}')\n    return {first}\n\n\n",
            pair(&LONG_PAIRS, draw),
            wait + 1,
            pair(&SHORT_PAIRS, draw),
        )
        .unwrap();
    }
    text
}

fn yaml(draw: &mut Draw) -> String {
    let mut text = String::new();
    for at in 0..10 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (level, frame) = (draw.rng.gen_range(3..9), draw.rng.gen_range(5..50));
        write!(
            text,
            "---\ntitle: The {noun} {verb} {place} {}\nid: {place}-{noun}-{at}\n# Seen {} in tests\ndescription: \"Finds a {noun} that {} {verb} the {place}\"\nlogsource:\n  product: {place}\n  service: {noun}\ndetection:\n  selection:\n    action: {verb}\n    depth|gte: {{~{level}|{}~}}\n  timeframe: {{~{frame}m|{}s~}}\n  condition: selection\nfalsepositives:\n  #~ shuffle\n  - Tests of the {noun}\n  - Backups in {place}\n  - Moves between {noun} and {place}\n  #~ end\nlevel: high\n",
            pair(&LONG_PAIRS, draw),
            pair(&SHORT_PAIRS, draw),
            pair(&SHORT_PAIRS, draw),
            level + 1,
            frame * 60,
        )
        .unwrap();
    }
    text
}

fn yara(draw: &mut Draw) -> String {
    let mut text = String::new();
    for at in 0..10 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (a, b, size) =
            (draw.rng.gen_range(0..0xffff), draw.rng.gen_range(0..0xffff), draw.rng.gen_range(10..900));
        write!(
            text,
            "rule {place}_{noun}_{at}\n{{\n    meta:\n        author = \"Northfold\"\n        description = \"{} {noun} of the {place}\"\n        note = \"{verb} {}\"\n    strings:\n        // Written by the {noun} {}\n        $magic = {{ 4d 5a {:02x} {:02x} }}\n        $text = \"{place}/{verb}/{a}\"\n        $tag = \"{noun}-{b}\"\n    condition:\n        $magic and any of them and filesize < {{~{size}|{}~}}KB\n}}\n\n",
            pair(&SHORT_PAIRS, draw),
            pair(&LONG_PAIRS, draw),
            pair(&LONG_PAIRS, draw),
            a >> 8,
            b & 0xff,
            size + 1,
        )
        .unwrap();
    }
    text
}

fn rules(draw: &mut Draw) -> String {
    let mut text = String::new();
    for at in 0..14 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (depth, size) = (draw.rng.gen_range(20..90), draw.rng.gen_range(100..900));
        writeln!(
            text,
            "# Needs the {noun} {}.\nalert http any any -> $HOME_NET any (msg:\"{} {noun} {verb} {place}\"; flow:established,to_server; http.method; content:\"POST\"; http.uri; content:\"/{place}/{noun}\"; depth:{{~{depth}|{}~}}; http.request_body; content:\"{verb}={size}\"; within:{{~{size}|{}~}}; classtype:attempted-admin; sid:{}; rev:1;)",
            pair(&LONG_PAIRS, draw),
            pair(&SHORT_PAIRS, draw),
            depth + 1,
            size + 1,
            2_000_000 + at * 7,
        )
        .unwrap();
    }
    text
}

fn http(draw: &mut Draw) -> String {
    let mut text = String::new();
    for at in 0..12 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (length, depth) = (draw.rng.gen_range(100..999), draw.rng.gen_range(2..60));
        write!(
            text,
            "POST /{place}/{noun}?step={at}&mode={{~{verb}|{place}~}} HTTP/1.1\nHost: {noun}.example.net\nContent-Length: {{~{length}|{}~}}\nX-{}-Depth: {{~{depth}|{}~}}\nUser-Agent: {{~curl/8.5.0|python-requests/2.32~}}\n\n{verb}={noun}&reason={{~first|second~}}+try\n\n",
            length + 1,
            place,
            depth + 1,
        )
        .unwrap();
    }
    text
}

fn json(draw: &mut Draw) -> String {
    let mut text = String::from("{\n  \"document\": \"notice\",\n  \"findings\": [\n");
    for at in 0..12 {
        let (noun, place, verb) = (one(&NOUNS, draw), one(&PLACES, draw), one(&VERBS, draw));
        let (score, port) = (draw.rng.gen_range(10..99), draw.rng.gen_range(1024..9999));
        write!(
            text,
            "    {{\n      \"title\": \"The {place} {noun} {verb} {}\",\n      \"id\": \"{place}-{noun}-{at}\",\n      \"summary\": \"A {} peer that {verb} the {noun} {} wins.\",\n      \"port\": {{~{port}|{}~}},\n      \"score\": {{~{score}|{}~}}\n    }}{}\n",
            pair(&LONG_PAIRS, draw),
            pair(&SHORT_PAIRS, draw),
            pair(&SHORT_PAIRS, draw),
            port + 1,
            score + 1,
            if at < 11 { "," } else { "" },
        )
        .unwrap();
    }
    text.push_str("  ]\n}\n");
    text
}
