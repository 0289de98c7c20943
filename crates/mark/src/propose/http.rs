//! Requests: the order of headers and of parameters.

use std::collections::HashSet;
use std::ops::Range;

use super::draft::{Draft, Edit, newline};
use super::tally::order_bits;
use super::{Channel, Package, Tier};
use crate::kinds::FileKind;
use crate::syntax::{Source, Taken};

/// Headers in a shuffle.
const ITEMS: usize = 4;
const METHODS: &[&str] = &["GET ", "POST ", "PUT ", "DELETE ", "HEAD ", "OPTIONS ", "PATCH "];

/// Finds orders of HTTP samples.
pub(super) fn drafts(package: &Package<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (file, source, taken) in package.files().filter(|(_, source, _)| source.kind == FileKind::Http) {
        let mut run: Vec<Range<usize>> = Vec::new();
        let mut in_head = false;
        for line in 0.. {
            let (start, end) = (source.line_start(line), source.line_end(line));
            if start >= source.text.len() {
                break;
            }
            let text = source.slice(start, end);
            let request = METHODS.iter().any(|method| text.starts_with(method));
            if request {
                in_head = true;
                query(file, taken, start, text, &mut drafts);
            }
            let movable = in_head && !request && movable(text);
            if !movable || run.len() >= ITEMS {
                headers(file, source, taken, &std::mem::take(&mut run), &mut drafts);
            }
            if movable {
                run.push(start..end);
            }
            in_head &= !text.trim().is_empty();
        }
        headers(file, source, taken, &run, &mut drafts);
    }
    drafts
}

/// `Host` comes first, and repeated headers are one list.
fn movable(line: &str) -> bool {
    let name = line.split_once(": ").map_or("", |(name, _)| name);
    let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    token && !name.eq_ignore_ascii_case("host") && !line.contains("~}") && !line.contains("{~shuffle")
}

fn headers(file: usize, source: &Source<'_>, taken: &Taken, run: &[Range<usize>], drafts: &mut Vec<Draft>) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    let names: Vec<String> = run
        .iter()
        .map(|line| {
            source.slice(line.start, line.end).split(':').next().unwrap_or_default().to_ascii_lowercase()
        })
        .collect();
    let different = names.iter().collect::<HashSet<_>>().len() == names.len();
    let range = first.start..last.end;
    let count = u32::try_from(run.len()).unwrap_or(0);
    if count < 2 || !different || taken.ordered(&range) || taken.touches(&range) {
        return;
    }
    let nl = newline(source.text);
    drafts.push(Draft {
        channel: Channel::HeaderOrder,
        tier: Tier::B,
        bits: order_bits(count, count),
        key: names.join(","),
        places: vec![(file, first.start)],
        edits: vec![
            (file, Edit::open(first.start, format!("{{~shuffle-line{nl}"))),
            (file, Edit::close(last.end, format!("{nl}~}}"))),
        ],
        safe:
            "a server reads headers of different names in any order; make sure that the flaw is none of order"
                .to_owned(),
        survives: "copying, and traffic of whoever replays the sample; some proxies sort headers",
    });
}

fn query(file: usize, taken: &Taken, start: usize, line: &str, drafts: &mut Vec<Draft>) {
    let Some((before, rest)) = line.split_once('?') else { return };
    let query = rest.split([' ', '#']).next().unwrap_or_default();
    let range = start + before.len() + 1..start + before.len() + 1 + query.len();
    let keys: Vec<&str> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, _)| key).collect();
    let pairs = query.split('&').count();
    let different = keys.iter().collect::<HashSet<_>>().len() == pairs;
    let count = u32::try_from(pairs).unwrap_or(0);
    if !(2..=6).contains(&count) || !different || taken.ordered(&range) || taken.touches(&range) {
        return;
    }
    drafts.push(Draft {
        channel: Channel::QueryOrder,
        tier: Tier::B,
        bits: order_bits(count, count),
        key: keys.join(","),
        places: vec![(file, range.start)],
        edits: vec![
            (file, Edit::open(range.start, "{~shuffle-amp ".to_owned())),
            (file, Edit::close(range.end, "~}".to_owned())),
        ],
        safe: "parameters of different names are read by name; make sure that the flaw is none of order"
            .to_owned(),
        survives: "copying, and traffic of whoever replays the sample",
    });
}
