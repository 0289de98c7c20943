//! What a Snort or Suricata rule matches in a sample.
//!
//! Evaluated are `content`, `uricontent` and `pcre` with `nocase`, `offset`, `depth`, `distance`, `within`,
//! `startswith`, `endswith` and negation, `isdataat`, `bsize`, `dsize`, `urilen`, the direction of `flow` and the
//! HTTP buffers, against each request and response of an HTTP sample and against any other file as one payload.
//! Addresses, ports, states (`flowbits`, `threshold`) and normalisation beyond percent-decoding are not looked
//! at. A rule with any other option is unknown as a whole, as is a `pcre` that needs backtracking.
//!
//! **Source:** Suricata documentation, "Payload Keywords" and "HTTP Keywords".

mod traffic;

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

pub(crate) use traffic::{Traffic, traffic};

use crate::kinds::tree::{Broken, Rule as Parsed, parse_rules};

/// Steps a rule may take over one payload before it counts as unknown.
const WORK: usize = 1 << 16;
/// Conditions a rule may have; evaluation recurses this deep.
const MAX_TESTS: usize = 128;

/// A rule, ready to run.
pub(crate) struct Rule {
    /// Its `sid`, or its place in the file.
    pub(crate) name: String,
    /// What must hold; nothing when an option is not understood.
    tests: Option<Vec<Test>>,
    to_server: Option<bool>,
}

struct Test {
    buffer: String,
    negated: bool,
    what: What,
}

enum What {
    Content {
        bytes: Vec<u8>,
        nocase: bool,
        bounds: Bounds,
    },
    Pattern {
        regex: Regex,
        relative: bool,
    },
    /// There are so many bytes after the start or the last match.
    DataAt {
        bytes: usize,
        relative: bool,
    },
    /// The buffer's length is above the one and below the other.
    Length {
        above: Option<usize>,
        below: Option<usize>,
    },
}

#[derive(Default)]
struct Bounds {
    offset: Option<usize>,
    depth: Option<usize>,
    distance: Option<i64>,
    within: Option<i64>,
    ends: bool,
}

impl Bounds {
    fn relative(&self) -> bool {
        self.distance.is_some() || self.within.is_some()
    }
}

/// Compiles a rule file; an option that is not understood makes its rule unknown, not wrong.
pub(crate) fn compile(text: &str) -> Result<Vec<Rule>, Broken> {
    let parsed = parse_rules(text)?;
    Ok(parsed.iter().enumerate().map(|(index, rule)| one(text, index, rule)).collect())
}

impl Rule {
    /// Tells whether any of the traffic matches; `None` when that is unknown.
    pub(crate) fn matches(&self, traffic: &[Traffic]) -> Option<bool> {
        let tests = self.tests.as_ref()?;
        let mut unknown = false;
        for seen in traffic {
            if self.to_server.is_some_and(|to_server| seen.to_server.is_some_and(|seen| seen != to_server)) {
                continue;
            }
            match all_buffers(tests, seen) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(false)
    }
}

fn all_buffers(tests: &[Test], seen: &Traffic) -> Option<bool> {
    let mut names: Vec<&str> = tests.iter().map(|test| test.buffer.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut work = WORK;
    for name in names {
        let of: Vec<&Test> = tests.iter().filter(|test| test.buffer == name).collect();
        let matched = match seen.buffers.get(name) {
            Some(buffer) => holds(&of, buffer, 0, &mut work)?,
            // A buffer that is not there has nothing in it that a negated test could find.
            None => of.iter().all(|test| test.negated),
        };
        if !matched {
            return Some(false);
        }
    }
    Some(true)
}

/// Tells whether tests hold one after the other, the last match ending at `last`.
fn holds(tests: &[&Test], buffer: &[u8], last: usize, work: &mut usize) -> Option<bool> {
    let Some((test, rest)) = tests.split_first() else { return Some(true) };
    *work = work.checked_sub(1)?;
    let mut from = 0;
    loop {
        let found = match &test.what {
            What::Content { bytes, nocase, bounds } => content(buffer, bytes, *nocase, bounds, last, from),
            What::Pattern { regex, relative } => {
                let start = if *relative { last.min(buffer.len()) } else { 0 };
                let rest = buffer.get(start..).unwrap_or_default();
                let at = from.max(start) - start;
                let found = (at <= rest.len()).then(|| regex.find_at(rest, at)).flatten();
                found.map(|found| found.start() + start..found.end() + start)
            }
            What::DataAt { bytes, relative } => {
                let there = if *relative {
                    last.saturating_add(*bytes) <= buffer.len()
                } else {
                    *bytes < buffer.len()
                };
                return if there == test.negated { Some(false) } else { holds(rest, buffer, last, work) };
            }
            What::Length { above, below } => {
                let length = buffer.len();
                let fits =
                    above.is_none_or(|above| length > above) && below.is_none_or(|below| length < below);
                return if fits == test.negated { Some(false) } else { holds(rest, buffer, last, work) };
            }
        };
        if test.negated {
            return if found.is_some() { Some(false) } else { holds(rest, buffer, last, work) };
        }
        let Some(found) = found else { return Some(false) };
        if holds(rest, buffer, found.end, work)? {
            return Some(true);
        }
        // Another match helps only what is measured from it.
        if !rest.iter().any(|test| relative(&test.what)) {
            return Some(false);
        }
        from = found.start + 1;
    }
}

fn relative(what: &What) -> bool {
    match what {
        What::Content { bounds, .. } => bounds.relative(),
        What::Pattern { relative, .. } | What::DataAt { relative, .. } => *relative,
        What::Length { .. } => false,
    }
}

/// Finds content at or after `from`, within its bounds.
fn content(
    buffer: &[u8],
    bytes: &[u8],
    nocase: bool,
    bounds: &Bounds,
    last: usize,
    from: usize,
) -> Option<Range<usize>> {
    let (mut start, mut end) = (from, buffer.len());
    let place = |base: usize, by: i64| -> usize {
        let sum = i64::try_from(base).unwrap_or(i64::MAX).saturating_add(by);
        usize::try_from(sum.max(0)).unwrap_or(usize::MAX)
    };
    if bounds.relative() {
        let distance = bounds.distance.unwrap_or(0);
        start = start.max(place(last, distance));
        if let Some(within) = bounds.within {
            end = end.min(place(last, distance.saturating_add(within)));
        }
    }
    if let Some(offset) = bounds.offset {
        start = start.max(offset);
    }
    if let Some(depth) = bounds.depth {
        end = end.min(bounds.offset.unwrap_or(0).saturating_add(depth));
    }
    let same = |window: &[u8]| if nocase { window.eq_ignore_ascii_case(bytes) } else { window == bytes };
    if bounds.ends {
        start = start.max(buffer.len().checked_sub(bytes.len())?);
    }
    let area = buffer.get(start..end)?;
    let at =
        if nocase { area.windows(bytes.len()).position(same)? } else { memchr::memmem::find(area, bytes)? };
    Some(start + at..start + at + bytes.len())
}

fn one(text: &str, index: usize, rule: &Parsed) -> Rule {
    let options: Vec<(&str, Option<&str>)> = rule
        .options
        .iter()
        .map(|(keyword, value)| {
            let value = value.as_ref().map(|value| text.get(value.clone()).unwrap_or_default().trim());
            (text.get(keyword.clone()).unwrap_or_default().trim(), value)
        })
        .collect();
    let sid = options.iter().find(|(keyword, _)| *keyword == "sid").and_then(|(_, sid)| *sid);
    let flow = options.iter().find(|(keyword, _)| *keyword == "flow").and_then(|(_, flow)| *flow);
    let says =
        |words: [&str; 2]| flow.is_some_and(|flow| flow.split(',').any(|word| words.contains(&word.trim())));
    let to_server = if says(["to_server", "from_client"]) {
        Some(true)
    } else {
        says(["to_client", "from_server"]).then_some(false)
    };
    let name = sid.map_or_else(|| format!("rule {}", index + 1), |sid| format!("sid {sid}"));
    Rule { name, tests: tests(&options).filter(|tests| tests.len() <= MAX_TESTS), to_server }
}

/// Options that say nothing about what is matched here.
const SILENT: &[&str] = &[
    "msg",
    "reference",
    "classtype",
    "sid",
    "gid",
    "rev",
    "priority",
    "metadata",
    "flow",
    "flowbits",
    "threshold",
    "detection_filter",
    "target",
    "noalert",
    "fast_pattern",
    "rawbytes",
    "service",
    "rem",
    "tag",
    "xbits",
];

fn tests(options: &[(&str, Option<&str>)]) -> Option<Vec<Test>> {
    let mut tests: Vec<Test> = Vec::new();
    let mut sticky = String::from("payload");
    // In Snort 3, `http_uri` comes before its contents; in older rules it follows the content that it is about.
    let first = options.iter().find(|(keyword, _)| *keyword == "content" || keyword.starts_with("http_"));
    let before = first.is_some_and(|(keyword, _)| *keyword != "content");
    for (keyword, value) in options {
        let value = *value;
        match *keyword {
            keyword if SILENT.contains(&keyword) => {}
            "content" | "uricontent" => {
                let (mut parts, negated) = content_parts(value?)?;
                let bytes = bytes(parts.next()?)?;
                if bytes.is_empty() {
                    return None;
                }
                let buffer = if *keyword == "uricontent" { "http.uri".to_owned() } else { sticky.clone() };
                let what = What::Content { bytes, nocase: false, bounds: Bounds::default() };
                tests.push(Test { buffer, negated, what });
                // Snort 3 writes modifiers after commas.
                for modifier in parts {
                    let mut words = modifier.split_whitespace();
                    modify(tests.last_mut()?, words.next()?, words.next())?;
                }
            }
            "pcre" => tests.push(pattern(value?, &sticky)?),
            "isdataat" => {
                let value = value?.trim();
                let (negated, value) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest));
                let mut words = value.split(',').map(str::trim);
                let bytes = words.next()?.parse().ok()?;
                let relative = words.any(|word| word == "relative");
                tests.push(Test { buffer: sticky.clone(), negated, what: What::DataAt { bytes, relative } });
            }
            "bsize" => tests.push(length(value?, sticky.clone())?),
            "dsize" => tests.push(length(value?, "payload".to_owned())?),
            "urilen" => tests.push(length(value?, "http.uri".to_owned())?),
            "pkt_data" => sticky = "payload".to_owned(),
            "file_data" | "file.data" => sticky = "http.body".to_owned(),
            keyword => {
                if let Some(buffer) = traffic::buffer(keyword) {
                    if keyword.contains('.') || before {
                        sticky = buffer.to_owned();
                    } else {
                        tests.last_mut()?.buffer = buffer.to_owned();
                    }
                } else {
                    modify(tests.last_mut()?, keyword, value)?;
                }
            }
        }
    }
    Some(tests)
}

/// Applies a modifier to the content before it; `None` when it is not understood.
fn modify(test: &mut Test, keyword: &str, value: Option<&str>) -> Option<()> {
    let What::Content { bytes, nocase, bounds } = &mut test.what else { return None };
    let value = value.map(str::trim);
    match keyword {
        "nocase" => *nocase = true,
        "fast_pattern" | "rawbytes" => {}
        "offset" => bounds.offset = Some(value?.parse().ok()?),
        "depth" => bounds.depth = Some(value?.parse().ok()?),
        "distance" => bounds.distance = Some(value?.parse().ok()?),
        "within" => bounds.within = Some(value?.parse().ok()?),
        "startswith" => {
            bounds.offset = Some(0);
            bounds.depth = Some(bytes.len());
        }
        "endswith" => bounds.ends = true,
        _ => return None,
    }
    Some(())
}

/// Cuts a content at the commas outside of its quotes, and tells whether it is negated.
fn content_parts(value: &str) -> Option<(impl Iterator<Item = &str>, bool)> {
    let value = value.trim();
    let (negated, value) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest.trim_start()));
    let body = value.strip_prefix('"')?;
    let mut escaped = false;
    let end = body.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let rest = body.get(end + 1..)?.trim_start();
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let modifiers = rest.split(',').map(str::trim).filter(|modifier| !modifier.is_empty());
    Some((std::iter::once(body.get(..end)?).chain(modifiers), negated))
}

/// Decodes `abc|0d 0a|\"`.
fn bytes(content: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (index, part) in content.split('|').enumerate() {
        if index % 2 == 1 {
            let digits: String = part.chars().filter(|c| !c.is_whitespace()).collect();
            bytes.extend(hex::decode(digits).ok()?);
            continue;
        }
        let mut escaped = false;
        for byte in part.bytes() {
            if byte == b'\\' && !escaped {
                escaped = true;
                continue;
            }
            escaped = false;
            bytes.push(byte);
        }
    }
    content.matches('|').count().is_multiple_of(2).then_some(bytes)
}

fn pattern(value: &str, sticky: &str) -> Option<Test> {
    let value = value.trim();
    let (negated, value) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest.trim_start()));
    let body = value.strip_prefix('"')?.strip_suffix('"')?.strip_prefix('/')?;
    let (pattern, flags) = body.rsplit_once('/')?;
    let mut anchored = String::new();
    let mut buffer = sticky;
    let mut relative = false;
    let mut set = String::new();
    for flag in flags.chars() {
        match flag {
            'i' | 's' | 'm' | 'x' => set.push(flag),
            'G' => set.push('U'),
            'A' => anchored = r"\A".to_owned(),
            'R' => relative = true,
            'B' | 'O' | 'E' => {}
            flag => buffer = traffic::flag_buffer(flag)?,
        }
    }
    let flags = if set.is_empty() { String::new() } else { format!("(?{set})") };
    let built = RegexBuilder::new(&format!("{anchored}{flags}(?:{pattern})")).unicode(false).build();
    Some(Test { buffer: buffer.to_owned(), negated, what: What::Pattern { regex: built.ok()?, relative } })
}

/// Reads `N`, `<N`, `>N` and `A<>B`, bounds left out.
fn length(value: &str, buffer: String) -> Option<Test> {
    let value = value.split(',').next()?.trim();
    let (negated, value) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest));
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let (above, below) = if let Some((from, to)) = value.split_once("<>") {
        (Some(number(from)?), Some(number(to)?))
    } else if let Some(rest) = value.strip_prefix('<') {
        (None, Some(number(rest)?))
    } else if let Some(rest) = value.strip_prefix('>') {
        (Some(number(rest)?), None)
    } else {
        let exact = number(value)?;
        (exact.checked_sub(1), exact.checked_add(1))
    };
    Some(Test { buffer, negated, what: What::Length { above, below } })
}

#[cfg(test)]
mod tests;
