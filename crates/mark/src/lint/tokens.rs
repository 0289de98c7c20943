//! Tokens that carry a fact and must be the same in every copy.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Finds vulnerability identifiers, hashes, update numbers and versions, in lower case.
pub(super) fn load_bearing(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_')));
    let words = words.map(|word| word.trim_matches(['.', '-', '_']).to_ascii_lowercase());
    words.filter(|word| is_identifier(word) || is_hash(word) || is_update(word) || is_version(word)).collect()
}

fn is_identifier(word: &str) -> bool {
    let year = |rest: &str| rest.split('-').count() >= 2 && rest.starts_with(|c: char| c.is_ascii_digit());
    ["cve-", "cwe-", "ghsa-", "go-", "rustsec-"].iter().any(|prefix| {
        word.strip_prefix(prefix).is_some_and(|rest| match *prefix {
            "cwe-" => !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()),
            "ghsa-" => rest.split('-').count() == 3,
            _ => year(rest),
        })
    })
}

/// MD5, SHA-1, SHA-256 and SHA-512.
fn is_hash(word: &str) -> bool {
    matches!(word.len(), 32 | 40 | 64 | 128) && word.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_update(word: &str) -> bool {
    word.strip_prefix("kb").is_some_and(|rest| rest.len() >= 6 && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// `1.2.3`, `v1.2`; not an address and not a number with a fraction.
fn is_version(word: &str) -> bool {
    let (word, marked) = match word.strip_prefix('v') {
        Some(rest) => (rest, true),
        None => (word, false),
    };
    let parts: Vec<&str> = word.split('.').collect();
    let numbers = parts.iter().all(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.len() <= 8);
    numbers && parts.len() >= if marked { 2 } else { 3 } && word.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_and_words_are_not() {
        let text = "CVE-2021-26855 (KB5000871), 15.2.986.5 or v3.1; d41d8cd98f00b204e9800998ecf8427e, GHSA-aaaa-bbbb-cccc.";
        let found: Vec<String> = load_bearing(text).into_iter().collect();
        assert_eq!(
            found,
            [
                "15.2.986.5",
                "cve-2021-26855",
                "d41d8cd98f00b204e9800998ecf8427e",
                "ghsa-aaaa-bbbb-cccc",
                "kb5000871",
                "v3.1"
            ]
        );
        let none = "front-end go-to 2.5 seconds at 192.0.2.17, e.g. a.b.c; v8 engine, 1411 bytes, 00c0ffee";
        assert!(load_bearing(none).is_empty(), "{:?}", load_bearing(none));
    }
}
