//! Comparing a member's name with a sanctions list. It finds who is worth a look; a person decides.

use std::collections::BTreeSet;

use formats::sdn::{List, Listed};
use program::id::Sha256;
use serde::Serialize;
use strsim::jaro_winkler;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::hash::sha256;

/// The score from which somebody on a list is worth a look, unless one says otherwise.
pub const THRESHOLD: f64 = 0.88;

/// What says only which kind of company somebody is.
const SUFFIXES: [&str; 40] = [
    "ab",
    "ag",
    "as",
    "asa",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "gmbh",
    "group",
    "holding",
    "holdings",
    "inc",
    "incorporated",
    "jsc",
    "kft",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ojsc",
    "ooo",
    "oy",
    "oyj",
    "pao",
    "pjsc",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "spa",
    "srl",
];

/// Somebody on a list whose name is like the member's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hit<'a> {
    /// How alike, from 0 to 1.
    pub score: f64,
    /// The name that is: the listed one's own, or an alias.
    pub name: &'a str,
    /// Whose it is.
    pub listed: &'a Listed,
}

/// Returns whose names are most like a member's, at most `top`, best first.
///
/// The score is the largest of three Jaro-Winkler similarities of normalised names: of the whole names with their
/// words sorted, of the same run together, and of the words of the shorter name with their best partners in the longer, weighed by length. So
/// neither the order of words nor a hyphen nor a word more hides a name.
#[must_use]
pub fn closest<'a>(name: &str, list: &'a List, top: usize) -> Vec<Hit<'a>> {
    let wanted = Name::of(name);
    let mut hits: Vec<Hit<'a>> = list
        .entries()
        .iter()
        .filter_map(|listed| {
            let names = [&listed.name].into_iter().chain(&listed.aliases);
            names
                .map(|name| Hit { score: wanted.like(&Name::of(name)), name, listed })
                .max_by(|a, b| a.score.total_cmp(&b.score))
        })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.listed.number.cmp(&b.listed.number)));
    hits.truncate(top);
    hits
}

/// Returns the hash that names a list: of its file, or of the hashes of its file and of its aliases' file.
#[must_use]
pub fn list_hash(list: &[u8], aliases: Option<&[u8]>) -> Sha256 {
    match aliases {
        None => sha256(list),
        Some(aliases) => sha256(&[sha256(list).0, sha256(aliases).0].concat()),
    }
}

/// A name as compared: without case, accents, punctuation and what only says which kind of company it is.
struct Name {
    words: BTreeSet<String>,
    sorted: String,
}

impl Name {
    fn of(name: &str) -> Self {
        let plain: String = name
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            // Dots and apostrophes stand within a word: S.A., O'Neil.
            .filter(|c| !matches!(c, '.' | '\'' | '’'))
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .flat_map(char::to_lowercase)
            .collect();
        let all = || plain.split_whitespace().map(str::to_owned);
        let named: BTreeSet<String> = all().filter(|word| !SUFFIXES.contains(&word.as_str())).collect();
        let words = if named.is_empty() { all().collect() } else { named };
        let sorted = words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        Self { words, sorted }
    }

    fn like(&self, other: &Self) -> f64 {
        let (shorter, longer) =
            if self.sorted.len() <= other.sorted.len() { (self, other) } else { (other, self) };
        if shorter.words.is_empty() {
            return 0.0;
        }
        let (mut sum, mut weight) = (0.0, 0.0);
        for word in &shorter.words {
            let best = longer.words.iter().map(|partner| jaro_winkler(word, partner)).fold(0.0, f64::max);
            let length = f64::from(u32::try_from(word.chars().count()).unwrap_or(u32::MAX));
            sum += best * length;
            weight += length;
        }
        // One short word in common with a long name says little.
        let said = f64::from(u32::try_from(shorter.words.len()).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(longer.words.len()).unwrap_or(u32::MAX));
        let by_words = sum / weight * (0.9 + 0.1 * said);
        let together = jaro_winkler(&self.sorted.replace(' ', ""), &other.sorted.replace(' ', ""));
        jaro_winkler(&self.sorted, &other.sorted).max(by_words).max(together)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(a: &str, b: &str) -> f64 {
        let list = List::plain(b.as_bytes()).unwrap();
        closest(a, &list, 1)[0].score
    }

    #[test]
    fn the_same_name_in_other_clothes_is_the_same() {
        for (a, b) in [
            ("Kestrel Security Ltd.", "KESTREL SECURITY LIMITED"),
            ("Société Générale S.A.", "SOCIETE GENERALE SA"),
            ("Ｋｅｓｔｒｅｌ Ｓｅｃｕｒｉｔｙ", "security kestrel"),
            ("O'Neil & Sons, Inc.", "ONEIL SONS"),
            ("Limited", "limited"),
        ] {
            assert!((score(a, b) - 1.0).abs() < 1e-12, "{a} / {b}: {}", score(a, b));
        }
    }

    #[test]
    fn a_misspelling_and_a_word_more_stay_above_the_threshold() {
        for (a, b) in [
            ("Kestral Security", "KESTREL SECURITY"),
            ("Kestrel Security", "KESTREL SECURITY TECHNOLOGIES"),
            ("Aero-Caribbean", "AEROCARIBBEAN AIRLINES"),
            ("Banco Nacional", "BANCO NACIONAL DE CUBA"),
        ] {
            assert!(score(a, b) >= THRESHOLD, "{a} / {b}: {}", score(a, b));
        }
    }

    #[test]
    fn others_stay_below_it() {
        for (a, b) in [
            ("Veltrune Security", "BANCO NACIONAL DE CUBA"),
            ("Harborlight", "AEROCARIBBEAN AIRLINES"),
            ("Ombrelis Software", "KESTREL SECURITY"),
        ] {
            assert!(score(a, b) < THRESHOLD, "{a} / {b}: {}", score(a, b));
        }
        assert!(score("...", "KESTREL") < 1e-12, "a name of nothing is like nobody");
    }

    #[test]
    fn an_alias_counts_as_the_name_and_the_best_comes_first() {
        let sdn = b"1,\"FAR AWAY\",-0-,X,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n2,\"KESTRAL\",-0-,X,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n";
        let alt = b"1,9,aka,\"Kestrel\",-0-\n";
        let list = List::sdn(sdn, Some(alt)).unwrap();
        let hits = closest("kestrel", &list, 5);
        let named: Vec<_> = hits.iter().map(|hit| (hit.listed.number, hit.name)).collect();
        assert_eq!(named, [(1, "Kestrel"), (2, "KESTRAL")]);
        assert_eq!(closest("kestrel", &list, 1).len(), 1);
        assert_ne!(list_hash(sdn, None), list_hash(sdn, Some(alt)));
    }
}
