//! Comparing a member's name with a sanctions list. It finds who is worth a look; a person decides.

use std::{collections::BTreeSet, path::Path};

use formats::sdn::{List, ListError, Listed};
use program::id::{MemberId, Sha256};
use serde::Serialize;
use strsim::jaro_winkler;
use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::hash::sha256;

/// The score from which somebody on a list is worth a look, unless one says otherwise.
pub const THRESHOLD: f64 = 0.88;

/// How many names are shown of a member, unless one says otherwise.
pub const TOP: usize = 5;

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

/// A list as it was given, with what names it in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its file's name.
    pub name: String,
    /// Its hash, see [`list_hash`].
    pub sha256: Sha256,
    /// Who is on it.
    pub list: List,
}

/// A member's name against a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Screened<'a> {
    /// Which member.
    pub member: &'a MemberId,
    /// Its name.
    pub name: &'a str,
    /// Who is like it, best first.
    pub hits: Vec<Hit<'a>>,
    /// The best score there is, above the threshold or not.
    pub best: f64,
}

/// A comparison that cannot be made.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScreeningError {
    /// Aliases beside something that has none.
    #[error("aliases belong to an `sdn.csv`: give it as the list")]
    Aliases,
    /// Not a list.
    #[error("`{name}` is no list: {why}")]
    List {
        /// Its file's name.
        name: String,
        /// What is wrong with it.
        why: ListError,
    },
    /// Not a score.
    #[error("`{0}` is no threshold: give a score above 0, and at most 1")]
    Threshold(f64),
}

impl Given {
    /// Reads a list, by its file's name: the OFAC's `sdn.csv` with its aliases, or one name a line.
    ///
    /// # Errors
    /// [`ScreeningError`] for what is no list, or aliases of a list that is no `.csv`.
    pub fn read(name: &str, list: &[u8], aliases: Option<&[u8]>) -> Result<Self, ScreeningError> {
        let csv = Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        if !csv && aliases.is_some() {
            return Err(ScreeningError::Aliases);
        }
        let read = if csv { List::sdn(list, aliases) } else { List::plain(list) };
        let read = read.map_err(|why| ScreeningError::List { name: name.to_owned(), why })?;
        Ok(Self { name: name.to_owned(), sha256: list_hash(list, aliases), list: read })
    }

    /// Compares members' names with the list; of each at most `top` are shown, from a score on.
    ///
    /// # Errors
    /// [`ScreeningError::Threshold`] for one that is no score.
    pub fn screen<'a>(
        &'a self,
        members: impl IntoIterator<Item = (&'a MemberId, &'a str)>,
        threshold: f64,
        top: usize,
    ) -> Result<Vec<Screened<'a>>, ScreeningError> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(ScreeningError::Threshold(threshold));
        }
        let screened = |(member, name)| {
            let mut hits = closest(name, &self.list, top.max(1));
            let best = hits.first().map_or(0.0, |hit| hit.score);
            hits.retain(|hit| hit.score >= threshold);
            Screened { member, name, hits, best }
        };
        Ok(members.into_iter().map(screened).collect())
    }
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
    fn what_is_no_list_or_no_score_is_refused() {
        assert_eq!(Given::read("names.txt", b"a", Some(b"b")), Err(ScreeningError::Aliases));
        for (name, bytes) in [("names.txt", &b"# nobody\n"[..]), ("SDN.CSV", b"1,two\n")] {
            assert!(matches!(Given::read(name, bytes, None), Err(ScreeningError::List { .. })), "{name}");
        }
        let given = Given::read("names.txt", b"KESTREL\nOMBRELIS\n", None).unwrap();
        let kestrel = "kestrel".parse().unwrap();
        let screen = |threshold, top| given.screen([(&kestrel, "Kestrel Ltd")], threshold, top);
        for threshold in [0.0, -1.0, 1.1, f64::NAN] {
            assert!(screen(threshold, 5).is_err(), "{threshold}");
        }
        let rows = screen(THRESHOLD, 0).unwrap();
        assert_eq!((rows[0].hits.len(), rows[0].hits[0].name, rows[0].best), (1, "KESTREL", 1.0));
        let others = given.screen([(&kestrel, "Veltrune")], THRESHOLD, 5).unwrap();
        assert!(others[0].hits.is_empty() && others[0].best > 0.0);
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
