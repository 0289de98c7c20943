//! Domain names and addresses that belong to somebody.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::kinds::FileKind;
use crate::syntax::{Problem, Source};

/// Top-level domains that make a dotted word look like a host.
const TOP: &[&str] = &[
    "com", "net", "org", "io", "info", "biz", "dev", "app", "cloud", "online", "site", "xyz", "top", "ru",
    "cn", "de", "fr", "uk", "eu", "nl", "jp", "br", "in", "us", "ca", "ch", "me", "co", "gov", "edu", "mil",
];
/// Words before four numbers that make them a version.
const VERSION: &[&str] =
    &["version", "versions", "v", "build", "release", "before", "through", "prior", "and", "than"];

/// Warns about hosts and addresses that are not reserved for examples.
///
/// Addresses are looked for everywhere; hosts inside marks, next to marks, and, outside of prose, after `://`,
/// `@` or `Host:`.
///
/// **Source:** RFC 2606, RFC 6761 (names); RFC 5737, RFC 1918, RFC 6890, RFC 3849, RFC 9637 (addresses).
pub(super) fn lint(source: &Source<'_>, problems: &mut Vec<Problem>) {
    let text = source.text;
    let prose = matches!(source.kind, FileKind::Markdown | FileKind::Text);
    let mut depth = 0_usize;
    let mut pos = 0;
    let mut word_before = "";
    let mut last_end = 0;
    while let Some(rest) = text.get(pos..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("{~") {
            depth += 1;
            pos += 2;
            continue;
        }
        if rest.starts_with("~}") {
            depth = depth.saturating_sub(1);
            pos += 2;
            continue;
        }
        let len =
            rest.bytes().take_while(|&byte| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte)).count();
        if len == 0 {
            pos += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let word = rest.get(..len).unwrap_or_default();
        let gap = text.get(last_end..pos).unwrap_or_default();
        let touches = text.get(..pos).is_some_and(|before| before.ends_with("~}")) && word.starts_with('.')
            || text.get(pos + len..).is_some_and(|after| after.starts_with("{~")) && word.ends_with('.');
        let host = depth > 0
            || touches
            || !prose
                && (gap.ends_with("://")
                    || gap.ends_with("//") && word_before.ends_with(':')
                    || gap.ends_with('@')
                    || word_before.eq_ignore_ascii_case("host:"));
        let after = text.as_bytes().get(pos + len).copied();
        let says =
            address(word, word_before).or_else(|| host.then(|| domain(word, after, touches)).flatten());
        if let Some(says) = says {
            problems.push(Problem::warning("E6", source.locate(pos), says));
        }
        word_before = word;
        pos += len;
        last_end = pos;
    }
}

fn address(word: &str, before: &str) -> Option<String> {
    let trimmed = word.trim_end_matches(['.', ':', '-']);
    let v4 = trimmed.split_once(':').map_or(trimmed, |(host, _)| host);
    if let Ok(address) = v4.parse::<Ipv4Addr>() {
        let version = VERSION.contains(&before.trim_end_matches(['.', ':']).to_ascii_lowercase().as_str());
        return (!version && !reserved_v4(address)).then(|| {
            format!("`{address}` may belong to somebody; use 192.0.2.0/24, 198.51.100.0/24 or 203.0.113.0/24")
        });
    }
    let groups = trimmed.split(':').filter(|group| !group.is_empty()).count();
    let address: Ipv6Addr = trimmed.parse().ok()?;
    (groups >= 3 && !reserved_v6(address))
        .then(|| format!("`{address}` may belong to somebody; use 2001:db8::/32"))
}

fn reserved_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_documentation()
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || a >= 224
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
}

fn reserved_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (a == 0x2001 && b == 0xdb8)
        || (a & 0xfff0 == 0x3ff0 && a == 0x3fff)
        || a & 0xfe00 == 0xfc00
        || a & 0xffc0 == 0xfe80
}

fn domain(word: &str, after: Option<u8>, touches: bool) -> Option<String> {
    let name = word.split(':').next()?.trim_matches(['.', '-']).to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let top = labels.last()?;
    let shaped = (labels.len() >= 2 || touches)
        && labels.iter().all(|label| !label.is_empty() && !label.contains('_'));
    // A call or an attribute is code, not a host.
    if !shaped || !TOP.contains(top) || matches!(after, Some(b'(' | b'=')) || reserved_name(&labels) {
        return None;
    }
    Some(format!(
        "`{name}` may belong to somebody; use example.com, example.net, example.org, .example, .test or .invalid"
    ))
}

fn reserved_name(labels: &[&str]) -> bool {
    matches!(
        labels,
        [.., "example" | "test" | "invalid" | "localhost" | "local" | "internal"]
            | [.., "example", "com" | "net" | "org"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut problems = Vec::new();
        lint(&Source::new(path, text), &mut problems);
        problems
            .iter()
            .map(|p| format!("{}:{} {}", p.at.line, p.at.column, p.says.split(' ').next().unwrap_or("")))
            .collect()
    }

    #[test]
    fn what_belongs_to_somebody_is_found() {
        assert_eq!(
            found("a.md", "x\nat 8.8.8.8:53, {~h=rand:word12~}.evil.com"),
            ["2:4 `8.8.8.8`", "2:33 `evil.com`"]
        );
        assert_eq!(found("a.md", "{~a.test|b.corp.com~}"), ["1:10 `b.corp.com`"]);
        assert_eq!(found("a.py", "u = 'https://corp.com/x'"), ["1:14 `corp.com`"]);
        assert_eq!(found("a.http", "Host: www.corp.com\r\n"), ["1:7 `www.corp.com`"]);
        assert_eq!(found("a.txt", "2a00:1450:4001:81b::200e"), ["1:1 `2a00:1450:4001:81b::200e`"]);
    }

    #[test]
    fn what_is_reserved_or_no_address_is_not() {
        let text = "See https://corp.com/advisory. 192.0.2.7, 10.0.0.1, 127.0.0.1, 2001:db8::1, version 15.2.3.4, 12:30:45, aa:bb:cc:dd:ee:ff";
        assert_eq!(found("a.md", text), [""; 0]);
        assert_eq!(found("a.md", "{~h=rand:word12~}.example.net {~e.g. this|i.e. that~}"), [""; 0]);
        assert_eq!(found("a.rs", "dead::beef::cafe(); a.b.com(); // 1.2.3"), [""; 0]);
        assert_eq!(found("a.py", "'http://x.example.com:8080/a'; 'a@b.test'"), [""; 0]);
    }
}
