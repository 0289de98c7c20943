//! What a literal that may be anything looks like.

use std::collections::BTreeMap;

use super::super::Package;
use crate::master::Generator;
use crate::syntax::Source;

/// A literal and what would take its place.
pub(super) struct Candidate {
    pub(super) literal: String,
    pub(super) generator: Generator,
    /// What its name starts with.
    pub(super) stem: &'static str,
    /// Whether its neighbours say what it is.
    pub(super) certain: bool,
    pub(super) why: &'static str,
    /// Whether it is a host label or a file's stem, which may be an ordinary word elsewhere.
    pub(super) label: bool,
}

/// Words before a literal that say what it is, the name they give, and why it is free.
const LABELS: &[(&str, &str, &str)] = &[
    ("trace", "tr", "a trace id is made up for each request"),
    ("request-id", "rq", "a request id is made up for each request"),
    ("request_id", "rq", "a request id is made up for each request"),
    ("request id", "rq", "a request id is made up for each request"),
    ("correlation", "co", "a correlation id is made up for each request"),
    ("activity", "co", "an activity id is made up for each request"),
    ("session", "se", "a session id is made up by the server"),
    ("nonce", "no", "a nonce is made up for each request"),
    ("boundary", "bd", "a boundary is made up by the client"),
    ("padding", "pd", "padding is filled with anything"),
    ("token", "tk", "the sample's token is valid nowhere"),
    ("marker", "mk", "a marker is made up for the test"),
    ("ticket", "tk", "the sample's ticket is valid nowhere"),
];
/// Words near a literal that make it a fact.
const FACTS: &[&str] = &[
    "sha",
    "md5",
    "hash",
    "commit",
    "build",
    "version",
    "digest",
    "fingerprint",
    "clsid",
    "guid",
    "offset",
    "opcode",
    "magic",
    "signature",
    "thumbprint",
    "serial",
    "certificate",
    "checksum",
    "0x",
    "sid:",
    "rev:",
    "cve-",
];
/// Labels that say what the host is for.
const ROLES: &[&str] = &[
    "www",
    "mail",
    "smtp",
    "imap",
    "ftp",
    "dns",
    "docs",
    "portal",
    "static",
    "advisories",
    "advisory",
    "security",
    "support",
    "download",
    "downloads",
    "updates",
    "login",
    "proxy",
    "gateway",
    "intranet",
    "victim",
    "target",
    "attacker",
    "server",
    "client",
    "host",
    "evil",
    "vendor",
    "status",
    "auth",
    "test",
    "example",
    "localhost",
    "blog",
    "shop",
    "admin",
    "vpn",
    "git",
];
/// Extensions of files that a test drops and nothing runs.
const DROPPED: &[&str] = &["txt", "tmp", "dat", "bin", "ico", "png", "gif", "jpg", "hlm", "zip", "pdf"];
/// Bytes before a literal that are searched for a label.
const REACH: usize = 40;
/// Lengths that a digest has.
const DIGESTS: &[usize] = &[32, 40, 64];

/// Finds literals of all files, each once, in order of their text; the most certain reading of each.
pub(super) fn candidates(package: &Package<'_>) -> Vec<Candidate> {
    let mut found: BTreeMap<String, Candidate> = BTreeMap::new();
    for (_, source, _) in package.files() {
        for (start, run) in runs(source.text) {
            let Some(candidate) = candidate(source, start, run) else { continue };
            let known = found.entry(candidate.literal.clone()).or_insert_with(|| candidate.clone());
            if candidate.certain && !known.certain {
                *known = candidate;
            }
        }
    }
    found.into_values().collect()
}

/// Runs of ASCII letters and digits with their offsets.
pub(super) fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(move |run| {
        let start = at;
        let end = start + run.len();
        at = end + text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (run.len() >= 5).then_some((start, run))
    })
}

fn candidate(source: &Source<'_>, start: usize, run: &str) -> Option<Candidate> {
    let end = start + run.len();
    let before = context(source, start);
    let fact = FACTS.iter().any(|word| before.contains(word))
        || source.slice(start.saturating_sub(2), start) == "0x";
    if host(source, end) && plain_label(run) && !ROLES.contains(&run) {
        let dotted = source.byte(start.wrapping_sub(1)).is_some_and(|b| b == b'.' || b == b'-' || b == b'_');
        return (!dotted).then(|| {
            Candidate::new(
                run,
                Generator::Word(12),
                "host",
                true,
                "the domain is reserved for examples",
                true,
            )
        });
    }
    if dropped(source, start, end, &before) && plain_label(run) {
        return Some(Candidate::new(
            run,
            Generator::Word(12),
            "fn",
            true,
            "the file's name is made up for the test",
            true,
        ));
    }
    if fact {
        return None;
    }
    let label = LABELS
        .iter()
        .filter_map(|label| before.rfind(label.0).map(|at| (at, label)))
        .max_by_key(|(at, _)| *at)
        .map(|(_, (_, stem, why))| (*stem, *why));
    let certain = label.is_some();
    let (stem, why) = label.unwrap_or(("id", "it looks made up; make sure that it is"));
    let length = u32::try_from(run.len()).ok()?;
    let generator = if is_hex(run) && (9..=40).contains(&length) && (certain || !DIGESTS.contains(&run.len()))
    {
        Generator::Hex(length)
    } else if is_number(run) && (11..=40).contains(&length) {
        Generator::Num(length)
    } else if certain && mixed(run) && (10..=40).contains(&length) {
        Generator::Hex(length)
    } else {
        return None;
    };
    // The parts of a GUID are free only where it is said to be made up.
    let parts = [start.wrapping_sub(1), end].iter().any(|at| source.byte(*at) == Some(b'-'));
    let longer = [start.wrapping_sub(1), end].iter().any(|at| source.byte(*at) == Some(b'_'));
    ((!parts || certain) && !longer).then(|| Candidate::new(run, generator, stem, certain, why, false))
}

impl Candidate {
    fn new(
        literal: &str,
        generator: Generator,
        stem: &'static str,
        certain: bool,
        why: &'static str,
        label: bool,
    ) -> Candidate {
        Candidate { literal: literal.to_owned(), generator, stem, certain, why, label }
    }
}

impl Clone for Candidate {
    fn clone(&self) -> Candidate {
        Candidate { literal: self.literal.clone(), ..*self }
    }
}

/// What stands before a literal on its line, in lower case.
fn context(source: &Source<'_>, start: usize) -> String {
    let line = source.line_start(source.line_of(start));
    let mut from = start.saturating_sub(REACH).max(line);
    while from < start && !source.text.is_char_boundary(from) {
        from += 1;
    }
    source.slice(from, start).to_ascii_lowercase()
}

/// Tells whether a reserved domain follows the label that ends here.
///
/// **Source:** RFC 2606, RFC 6761.
pub(super) fn host(source: &Source<'_>, end: usize) -> bool {
    let Some(rest) = source.slice(end, source.text.len()).strip_prefix('.') else { return false };
    let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')).count();
    let domain = rest.get(..len).unwrap_or_default().trim_end_matches(['.', '-']);
    matches!(domain, "example.com" | "example.net" | "example.org" | "example" | "test" | "invalid")
}

/// Tells whether a file that a test drops ends here.
pub(super) fn dropped(source: &Source<'_>, start: usize, end: usize, before: &str) -> bool {
    let Some(rest) = source.slice(end, source.text.len()).strip_prefix('.') else { return false };
    let len = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let extension = rest.get(..len).unwrap_or_default();
    let opens = source.slice(start.saturating_sub(1), start);
    let whole = matches!(opens, "\"" | "'" | "`" | "/" | "\\" | " " | "=");
    let said = ["marker", "filename=", "tmp/", "temp\\"].iter().any(|word| before.contains(word));
    let bounded = !rest.get(len..).is_some_and(|rest| {
        rest.starts_with(['_', '-', '.'])
            && rest.len() > 1
            && !rest.starts_with(". ")
            && !rest.starts_with(".\n")
    });
    DROPPED.contains(&extension) && whole && said && bounded
}

fn plain_label(run: &str) -> bool {
    run.len() <= 24
        && run.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && run.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_hex(run: &str) -> bool {
    run.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && run.bytes().any(|b| b.is_ascii_digit())
        && run.bytes().any(|b| b.is_ascii_lowercase())
}

/// Digits that are no instant, no date and not round.
fn is_number(run: &str) -> bool {
    let digits = run.bytes().all(|b| b.is_ascii_digit());
    let instant = matches!(run.len(), 13 | 16 | 19) && run.starts_with(['1', '2']);
    let date = matches!(run.len(), 12 | 14) && (run.starts_with("19") || run.starts_with("20"));
    let zeros = run.bytes().rev().take_while(|b| *b == b'0').count();
    digits && !instant && !date && zeros * 2 < run.len() && !run.starts_with('0')
}

/// Letters and digits in no order of a word.
fn mixed(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    digits >= 2 && run.len() > digits + 2
}
