//! The table of interchangeable words.

use std::sync::LazyLock;

use super::Channel;

/// Words of one meaning and where it holds.
pub(super) struct Group {
    pub(super) channel: Channel,
    /// In lower case; at most one of them may stand in a package for the group to be used.
    pub(super) words: Vec<&'static str>,
    /// Whether only the first may be replaced.
    pub(super) one_way: bool,
    /// Whether the words show where their author is from; two such groups in one package would clash.
    pub(super) dialect: bool,
    rules: Vec<Rule>,
}

struct Rule {
    wanted: bool,
    before: bool,
    neighbours: Vec<&'static str>,
}

/// What stands beside a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Neighbour<'a> {
    /// A word, as written.
    Word(&'a str),
    /// Punctuation, a line's or a span's end.
    Stop,
}

static TABLE: LazyLock<Vec<Group>> =
    LazyLock::new(|| include_str!("words.txt").lines().filter_map(group).collect());

/// Gives the table.
pub(super) fn table() -> &'static [Group] {
    &TABLE
}

impl Group {
    /// Tells whether the meaning holds between two neighbours.
    pub(super) fn allows(&self, before: Neighbour<'_>, after: Neighbour<'_>) -> bool {
        self.rules.iter().all(|rule| {
            let neighbour = if rule.before { after } else { before };
            let matches = rule.neighbours.iter().any(|word| is(word, neighbour));
            matches == rule.wanted
        })
    }
}

fn is(written: &str, neighbour: Neighbour<'_>) -> bool {
    let lower = match neighbour {
        Neighbour::Stop => return written == ".",
        Neighbour::Word(word) => word.to_ascii_lowercase(),
    };
    match written {
        "@det" => DETERMINERS.contains(&lower.as_str()),
        "@be" => matches!(lower.as_str(), "is" | "are" | "was" | "were" | "be" | "been" | "being"),
        "@aux" => AUXILIARIES.contains(&lower.as_str()),
        "@ly" => lower.ends_with("ly"),
        "@ing" => lower.ends_with("ing"),
        "@num" => lower.starts_with(|c: char| c.is_ascii_digit()),
        _ => written == lower,
    }
}

const DETERMINERS: &[&str] = &[
    "a", "an", "the", "this", "that", "these", "those", "its", "their", "our", "your", "his", "her", "each",
    "every", "any", "no", "some", "all", "both", "such", "another", "other", "one", "which",
];
const AUXILIARIES: &[&str] = &[
    "to", "can", "could", "may", "might", "must", "should", "will", "would", "cannot", "not", "does", "do",
    "did", "never", "always", "and", "or",
];

fn group(line: &'static str) -> Option<Group> {
    let line = line.trim();
    let (channel, rest) = line.split_once(' ').filter(|_| !line.starts_with('#'))?;
    let (words, rules) = rest.split_once(';').unwrap_or((rest, ""));
    let one_way = words.contains(" > ");
    let words: Vec<&str> = words.split(['=', '>']).map(str::trim).collect();
    let (channel, dialect) = match channel {
        "phrase" => (Channel::Phrase, false),
        "synonym" => (Channel::Synonym, false),
        "spelling" => (Channel::Spelling, false),
        "dialect" => (Channel::Spelling, true),
        "hyphen" => (Channel::Hyphenation, false),
        "number" => (Channel::NumberWord, false),
        _ => return None,
    };
    let rules = rules.split(';').filter_map(rule).collect();
    Some(Group { channel, words, one_way, dialect, rules })
}

fn rule(written: &'static str) -> Option<Rule> {
    let mut words = written.split_whitespace().peekable();
    let wanted = words.next_if(|word| *word == "not").is_none();
    let before = match words.next()? {
        "before" => true,
        "after" => false,
        _ => return None,
    };
    Some(Rule { wanted, before, neighbours: words.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::normalise;
    use std::collections::HashSet;

    #[test]
    fn every_line_is_a_group_and_no_word_is_in_two() {
        let lines = include_str!("words.txt")
            .lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        assert_eq!(lines.clone().count(), table().len(), "a line does not parse");
        let mut seen = HashSet::new();
        for (group, line) in table().iter().zip(lines) {
            assert!((2..=4).contains(&group.words.len()), "{line}");
            let rules = line.split(';').skip(1).filter(|rule| !rule.trim().is_empty()).count();
            assert_eq!(group.rules.len(), rules, "{line}");
            assert!(group.rules.iter().all(|rule| !rule.neighbours.is_empty()), "{line}");
            for word in &group.words {
                assert!(seen.insert(*word), "`{word}` is there twice");
                assert_eq!(*word, normalise(word));
                assert!(
                    word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b" -".contains(&b)),
                    "{word}"
                );
            }
        }
        assert!(table().len() > 200, "{}", table().len());
    }

    #[test]
    fn no_word_is_part_of_another_of_its_group_or_much_longer() {
        for group in table() {
            for a in &group.words {
                for b in &group.words {
                    assert!(a == b || !b.contains(a), "`{a}` is part of `{b}`");
                    assert!(b.len() < 16 || b.len() <= 2 * a.len(), "`{b}` is much longer than `{a}`");
                }
            }
        }
    }

    #[test]
    fn rules_look_at_both_sides() {
        let group = group("synonym quick = fast; not before @det; after very .").unwrap();
        assert!(group.allows(Neighbour::Word("Very"), Neighbour::Stop));
        assert!(group.allows(Neighbour::Stop, Neighbour::Word("path")));
        assert!(!group.allows(Neighbour::Word("very"), Neighbour::Word("the")));
        assert!(!group.allows(Neighbour::Word("how"), Neighbour::Stop));
    }
}
