//! Packages for the measurements, in every kind of file; no two entries of one are alike.

use std::fmt::Write as _;

use anyhow::Context as _;
use mark::{
    code::{Codebook, ReleaseSecret},
    master::Master,
    read::LeakFile,
    render::render,
    syntax::SourceFile,
};

/// A kind of file, with a site every few words.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    path: &'static str,
    head: &'static str,
    /// Writes the entry of this number.
    entry: fn(&mut String, usize) -> std::fmt::Result,
}

/// Every kind of file that the reader has rules of its own for.
pub(crate) const KINDS: [Kind; 7] = [
    Kind { name: "Markdown", path: "guide.md", head: "# Guide\n", entry: prose },
    Kind { name: "Python", path: "poc.py", head: "import socket\n\n", entry: python },
    Kind { name: "YAML", path: "rules.yml", head: "", entry: yaml },
    Kind { name: "JSON", path: "notice.json", head: "[\n  \"notice\"", entry: json },
    Kind { name: "HTTP", path: "sample.http", head: "", entry: http },
    Kind { name: "Snort", path: "upload.rules", head: "", entry: snort },
    Kind { name: "YARA", path: "loop.yar", head: "", entry: yara },
];

/// Writes and parses a file of one kind whose copies have about this many bytes.
pub(crate) fn master(kind: &Kind, bytes: usize) -> anyhow::Result<Master> {
    parsed(kind.name, &[source(kind, bytes)?])
}

/// Writes and parses a package with a file of every kind, of equal sizes, whose copies have about this many bytes.
pub(crate) fn package(bytes: usize) -> anyhow::Result<Master> {
    let sources = KINDS.iter().map(|kind| source(kind, bytes / KINDS.len()));
    parsed("all kinds", &sources.collect::<anyhow::Result<Vec<_>>>()?)
}

fn parsed(name: &str, sources: &[SourceFile]) -> anyhow::Result<Master> {
    Master::parse(sources).ok().with_context(|| format!("the bench package of {name} parses"))
}

fn source(kind: &Kind, bytes: usize) -> anyhow::Result<SourceFile> {
    let mut text = String::from(kind.head);
    let mut written = 0;
    // Markup is in no copy: what an entry takes there is measured.
    for number in 0.. {
        let from = text.len();
        (kind.entry)(&mut text, number)?;
        written += text.get(from..).map_or(0, copied);
        if written >= bytes {
            break;
        }
    }
    if kind.path.ends_with(".json") {
        text.push_str("\n]\n");
    }
    Ok(SourceFile { path: kind.path.to_owned(), text })
}

/// Writes a guide whose copies have about this many bytes, a site every few thousand; returns it and that size.
pub(crate) fn prose_package(bytes: usize) -> anyhow::Result<(String, usize)> {
    let mut text = String::from("# Guide\n");
    let mut number = 0;
    while text.len() < bytes {
        let marked = number % 24 == 0;
        let from = text.len();
        prose(&mut text, number)?;
        if !marked {
            let plain = text.split_off(from);
            text.push_str(&first_branches(&plain));
        }
        number += 1;
    }
    let source = SourceFile { path: String::from("guide.md"), text: text.clone() };
    let master = Master::parse(&[source]).ok().context("the guide parses")?;
    let (_, bytes) = copy(&master);
    Ok((text, bytes))
}

/// The text with the first branch of each of its marks.
fn first_branches(marked: &str) -> String {
    let mut parts = marked.split("{~");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (mark, rest) = part.split_once("~}").unwrap_or((part, ""));
        text.push_str(mark.split('|').next().unwrap_or_default());
        text.push_str(rest);
    }
    text
}

/// A member's copy of a master, and its size in bytes.
pub(crate) fn copy(master: &Master) -> (Vec<LeakFile>, usize) {
    let codebook = Codebook::new(&ReleaseSecret::new([9; 32]), master);
    let files: Vec<LeakFile> = render(master, &codebook.codeword("member"))
        .into_iter()
        .map(|file| LeakFile { path: file.path, text: file.text })
        .collect();
    let bytes = files.iter().map(|file| file.text.len()).sum();
    (files, bytes)
}

/// Bytes of an entry's copy, about: half of what stands in marks.
fn copied(entry: &str) -> usize {
    let marks: usize =
        entry.split("{~").skip(1).filter_map(|mark| mark.split("~}").next()).map(|mark| mark.len() + 4).sum();
    entry.len() - marks + marks / 2
}

const WORDS: [&str; 23] = [
    "harbor", "lantern", "meadow", "copper", "violet", "timber", "saddle", "marble", "garnet", "willow",
    "ember", "falcon", "pepper", "canyon", "anchor", "velvet", "bishop", "cobalt", "drift", "maple",
    "quartz", "raven", "summit",
];

/// Three words of an entry's own.
fn words(at: usize) -> [&'static str; 3] {
    let word = |at: usize| WORDS.get(at % WORDS.len()).copied().unwrap_or_default();
    [word(at * 7), word(at * 5 + at / 23), word(at * 3 + at / 529)]
}

fn prose(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    if at.is_multiple_of(6) {
        text.push_str(if at == 0 { "\n" } else { "\n\n" });
    }
    write!(
        text,
        "In the {a} stage the {b} reader number {at} {{~retains its state until the peer answers|keeps what it has got until a reply comes in~}}, \
         and a {c} log of the {b} queue {{~names the session|tells which session~}} it came from. "
    )
}

fn python(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    write!(
        text,
        "# Plays the {a} part of {b} {{~before the check has run|ahead of any check~}}.\n\
         def {a}_{b}_{at}(peer):\n    \
         reply_{at} = peer.take(\"{c} {b}\", {size})  #~ rename reply_{at}|answer_{at}\n    \
         peer.settimeout({{~{wait}|{longer}~}})\n    \
         if reply_{at} is None:\n        \
         raise ValueError('no {c} {{~in round|at turn~}} {at}')\n    \
         return reply_{at}\n\n\n",
        size = 100 + at * 17,
        wait = 2 + at % 50,
        longer = 3 + at % 50,
    )
}

fn yaml(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    write!(
        text,
        "---\ntitle: The {a} relay takes {b} {{~without asking the vault|and never asks the vault~}}\nid: {a}-{c}-{at}\n\
         # Seen {{~often|frequently~}} in tests\ndescription: \"Finds a {c} that {{~begins|starts~}} to drop the {b}\"\n\
         logsource:\n  product: {a}\n  service: {b}\ndetection:\n  selection:\n    action: {c}\n    \
         depth|gte: {{~{level}|{more}~}}\n  condition: selection\nfalsepositives:\n  #~ shuffle\n  - Tests of the {a}\n  \
         - Backups in {b}\n  - Moves between {c} and {b}\n  #~ end\nlevel: high\n",
        level = 3 + at % 60,
        more = 4 + at % 60,
    )
}

fn json(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    write!(
        text,
        ",\n  {{\n    \"title\": \"The {a} relay takes {b} {{~without asking the vault|and never asks the vault~}}\",\n    \
         \"id\": \"{a}-{c}-{at}\",\n    \"summary\": \"A {{~quick|fast~}} peer that drops the {b} {{~before the check|ahead of the check~}} wins.\",\n    \
         \"port\": {{~{port}|{next}~}},\n    \"score\": {{~{score}|{more}~}}\n  }}",
        port = 1024 + at * 3,
        next = 1025 + at * 3,
        score = 10 + at % 80,
        more = 11 + at % 80,
    )
}

fn http(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    write!(
        text,
        "POST /{a}/{b}?step={at}&mode={{~{c}|plain~}} HTTP/1.1\nHost: {b}.example.net\nContent-Length: {{~{length}|{more}~}}\n\
         X-{c}-Depth: {{~{depth}|{deeper}~}}\nUser-Agent: {{~curl/8.5.0|python-requests/2.32~}}\n\n\
         {c}={b}&reason={{~first|second~}}+try\n\n",
        length = 100 + at * 7,
        more = 101 + at * 7,
        depth = 2 + at % 60,
        deeper = 3 + at % 60,
    )
}

fn snort(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    writeln!(
        text,
        "# Needs the {a} relay {{~without asking the vault|and never asks the vault~}}.\n\
         alert http any any -> $HOME_NET any (msg:\"{{~Quick|Fast~}} {a} peer takes {b}\"; flow:established,to_server; http.method; \
         content:\"POST\"; http.uri; content:\"/{b}/{c}\"; depth:{{~{depth}|{deeper}~}}; http.request_body; content:\"{c}={at}\"; \
         within:{{~{size}|{larger}~}}; classtype:attempted-admin; sid:{sid}; rev:1;)",
        depth = 20 + at % 60,
        deeper = 21 + at % 60,
        size = 100 + at * 3,
        larger = 101 + at * 3,
        sid = 2_000_000 + at * 7,
    )
}

fn yara(text: &mut String, at: usize) -> std::fmt::Result {
    let [a, b, c] = words(at);
    write!(
        text,
        "rule {a}_{b}_{at}\n{{\n    meta:\n        author = \"Northfold\"\n        description = \"{{~Quick|Fast~}} {a} peer of the {b}\"\n        \
         note = \"takes {c} {{~without asking the vault|and never asks the vault~}}\"\n    strings:\n        \
         // Written by the {c} {{~before the check has run|ahead of any check~}}\n        \
         $magic = {{ 4d 5a {high:02x} {low:02x} }}\n        $text = \"{b}/{c}/{at}\"\n        $tag = \"{a}-{at}\"\n    condition:\n        \
         $magic and any of them and filesize < {{~{size}|{larger}~}}KB\n}}\n\n",
        high = at >> 8 & 0xff,
        low = at & 0xff,
        size = 10 + at,
        larger = 11 + at,
    )
}
