//! One body per parser: takes any bytes and panics when the parser breaks what it promises.
//!
//! A body that takes a package reads it as text: files part at form feeds, and each one's first line is its path,
//! which tells its kind. Bytes that are no text become U+FFFD.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mark::code::{Codebook, ReleaseSecret};
use mark::hunt::{HuntReport, Hunter, Stream};
use mark::kinds::check::Checker;
use mark::lint;
use mark::master::{Master, SiteKind, Symbol};
use mark::propose::{AcceptError, accept, propose as proposals};
use mark::read::{LeakFile, Reader};
use mark::reading::Seen;
use mark::render::{Codeword, render, render_default};
use mark::syntax::{SourceFile, escape};

/// A package with a file of every kind: what leaks are read against.
const PACKAGE: [&str; 8] = [
    include_str!("../seeds/package/feed.json"),
    include_str!("../seeds/package/guide.md"),
    include_str!("../seeds/package/net.rules"),
    include_str!("../seeds/package/notice.txt"),
    include_str!("../seeds/package/poc.py"),
    include_str!("../seeds/package/rule.yar"),
    include_str!("../seeds/package/sample.http"),
    include_str!("../seeds/package/sigma.yml"),
];

/// Bytes of a package from which on proposing is left out: it parses the package once a proposal.
const MOST_TO_PROPOSE: usize = 1 << 14;

/// Parses a package: problems lie in it, copies render, and escaped text comes back as it was.
pub fn markup(data: &[u8]) {
    let files = files(data);
    match Master::parse(&files) {
        Ok(master) => {
            for word in words(&master) {
                let copy = render(&master, &word);
                assert_eq!(copy.len(), files.len(), "a copy has every file");
                assert!(Codeword::new(&master, word.symbols().to_vec()).is_ok(), "a drawn codeword is one");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a refusal says why");
            let mut lines = BTreeMap::new();
            for file in &files {
                let most: &mut usize = lines.entry(&file.path).or_default();
                *most = file.text.split('\n').count().max(*most);
            }
            for problem in problems {
                let (line, column) = (problem.at.line, problem.at.column);
                let inside = lines.get(&problem.at.file).is_some_and(|lines| (1..=*lines).contains(&line));
                assert!(inside && column > 0, "{problem:?}");
            }
        }
    }
    for file in files.iter().filter(|file| !file.text.contains("<!--~")) {
        // Comments of code hold markup too, which `escape` leaves alone.
        let plain = [SourceFile { path: String::from("plain.txt"), text: escape(&file.text) }];
        let back = Master::parse(&plain).map(|master| render_default(&master));
        let text = back.ok().and_then(|files| files.into_iter().next()).map(|file| file.text);
        assert_eq!(text.as_ref(), Some(&file.text), "escaped text renders as it was");
    }
}

/// Parses every file's default rendering and compares copies with it.
pub fn copies(data: &[u8]) {
    let Ok(master) = Master::parse(&files(data)) else { return };
    let mut checker = Checker::new(&master);
    let neutral = Codeword::neutral(&master);
    assert!(!checker.broken().is_empty() || checker.check(&neutral).is_ok(), "a rendering equals itself");
    for word in words(&master) {
        // Copies may differ in meaning; that is what the checker finds.
        let _ = checker.check(&word);
    }
}

/// Reads a leak against the package of all kinds: blind, whole and within the sites' bounds.
pub fn reader(data: &[u8]) {
    static MASTER: OnceLock<Master> = OnceLock::new();
    read_against(MASTER.get_or_init(package), data);
}

/// Reads a leak against the package's JSON alone.
pub fn reader_json(data: &[u8]) {
    read_alone(0, data);
}

/// Reads a leak against the package's Markdown alone.
pub fn reader_prose(data: &[u8]) {
    read_alone(1, data);
}

/// Reads a leak against the package's Snort and Suricata rules alone.
pub fn reader_rules(data: &[u8]) {
    read_alone(2, data);
}

/// Reads a leak against the package's plain text alone.
pub fn reader_plain(data: &[u8]) {
    read_alone(3, data);
}

/// Reads a leak against the package's Python alone.
pub fn reader_python(data: &[u8]) {
    read_alone(4, data);
}

/// Reads a leak against the package's YARA alone.
pub fn reader_yara(data: &[u8]) {
    read_alone(5, data);
}

/// Reads a leak against the package's HTTP sample alone.
pub fn reader_http(data: &[u8]) {
    read_alone(6, data);
}

/// Reads a leak against the package's YAML alone.
pub fn reader_yaml(data: &[u8]) {
    read_alone(7, data);
}

fn read_alone(file: usize, data: &[u8]) {
    static MASTERS: OnceLock<Vec<Master>> = OnceLock::new();
    let masters = MASTERS.get_or_init(|| {
        let alone = |file: &&str| Master::parse(&files(file.as_bytes())).expect("each file parses alone");
        PACKAGE.iter().map(alone).collect()
    });
    read_against(masters.get(file).expect("the package has the file"), data);
}

fn read_against(master: &Master, data: &[u8]) {
    let files = files(data).into_iter().map(|file| LeakFile { path: file.path, text: file.text });
    let reading = Reader::new(master).read(&files.collect::<Vec<_>>());
    assert_eq!(reading.sites.len(), master.sites.len(), "a reading has every site");
    assert!((0.0..=1.0).contains(&reading.aligned), "{} is no share", reading.aligned);
    for (site, read) in master.sites.iter().zip(&reading.sites) {
        assert_eq!(site.id, read.site, "sites keep their order");
        let fits = match (&site.kind, &read.seen) {
            (SiteKind::Choice { q }, Seen::Index(index)) => index < q,
            (SiteKind::Order { .. }, Seen::Index(_)) | (_, Seen::Erased) => true,
            (SiteKind::Constant(_), Seen::Tokens(tokens)) => tokens.is_sorted(),
            _ => false,
        };
        assert!(fits, "{read:?} at {:?}", site.kind);
        assert!(reading.derived || !matches!(read.seen, Seen::Index(_)), "read from a stranger");
    }
}

/// Proposes marks: each proposal can be accepted, alone and with all others.
pub fn propose(data: &[u8]) {
    if data.len() > MOST_TO_PROPOSE {
        return;
    }
    let files = files(data);
    let found = proposals(&files);
    if found.is_empty() {
        return;
    }
    for proposal in found.iter().take(4) {
        let accepted = accept(&files, &[proposal]);
        assert!(accepted.is_ok(), "{proposal:?}: {accepted:?}");
    }
    let all = accept(&files, &found.iter().collect::<Vec<_>>());
    assert!(matches!(all, Ok(_) | Err(AcceptError::Overlap(_))), "{all:?}");
}

/// Lints what parses: every warning lies in a file of the package.
pub fn lint(data: &[u8]) {
    let files = files(data);
    let Ok(master) = Master::parse(&files) else { return };
    for problem in lint::lint(&master, &files) {
        assert!(files.iter().any(|file| file.path == problem.at.file), "{problem:?}");
    }
}

/// Hunts through bytes, whole and cut into chunks: both find the same.
///
/// The bytes 0xF0 to 0xFB stand for members' values, plain, in hexadecimal and escaped; the first byte says how
/// long the chunks are.
pub fn hunt(data: &[u8]) {
    static MASTER: OnceLock<Master> = OnceLock::new();
    let master = MASTER.get_or_init(package);
    let codebook = Codebook::new(&ReleaseSecret::new([7; 32]), master);
    let members: Vec<String> = (0..4).map(|n| format!("member-{n}")).collect();
    let Some((&first, rest)) = data.split_first() else { return };
    let traffic = with_values(rest, &codebook, &members);
    let whole = hunted(master, &codebook, &members, std::iter::once(traffic.as_slice()));
    let cut = hunted(master, &codebook, &members, traffic.chunks(usize::from(first) + 1));
    assert_eq!(whole, cut, "chunks of {} bytes", usize::from(first) + 1);
}

fn hunted<'a>(
    master: &Master,
    codebook: &Codebook,
    members: &[String],
    chunks: impl Iterator<Item = &'a [u8]>,
) -> HuntReport {
    let mut hunter = Hunter::new(master, codebook, members, 1e-6).expect("the package can be hunted for");
    let mut stream = Stream::new(0);
    chunks.for_each(|chunk| hunter.feed(&mut stream, chunk));
    hunter.end(stream);
    hunter.finish()
}

fn with_values(data: &[u8], codebook: &Codebook, members: &[String]) -> Vec<u8> {
    let values: Vec<String> = members
        .iter()
        .filter_map(|member| {
            codebook.codeword(member).symbols().iter().find_map(|symbol| match symbol {
                Symbol::Value(value) => Some(value.clone()),
                Symbol::Index(_) => None,
            })
        })
        .collect();
    let mut out = Vec::with_capacity(data.len());
    for byte in data {
        let form = byte.checked_sub(0xF0).map(usize::from);
        match form.and_then(|form| Some((form / 4, values.get(form % 4)?))) {
            Some((0, value)) => out.extend(value.bytes()),
            Some((1, value)) => out.extend(value.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes())),
            Some((2, value)) => {
                out.extend(value.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()))
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// Reads the files of a package.
fn files(data: &[u8]) -> Vec<SourceFile> {
    let file = |part: &str| {
        let (path, text) = part.split_once('\n').unwrap_or(("notice.txt", part));
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    };
    String::from_utf8_lossy(data).split('\u{c}').map(file).collect()
}

/// Parses the package of all kinds.
pub fn package() -> Master {
    Master::parse(&files(PACKAGE.join("\u{c}").as_bytes())).expect("the package parses")
}

/// Gives the codewords of two members.
fn words(master: &Master) -> [Codeword; 2] {
    let codebook = Codebook::new(&ReleaseSecret::new([3; 32]), master);
    [codebook.codeword("alpha"), codebook.codeword("beta")]
}
