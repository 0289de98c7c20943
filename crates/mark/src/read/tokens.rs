//! Values that a leak shows: every token of a constant's shape, whoever's it may be.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use super::normalise::{fold, is_ignorable};
use crate::hunt::tokens_behind;
use crate::master::{Generator, Master, Node, SiteKind};
use crate::reading::Seen;
use crate::render::has_shape;

/// Most distinct tokens of one shape; a leak with more says too little to be worth keeping them.
const MOST_TOKENS: usize = 20_000;
/// Longest token that is looked at, in bytes.
const LONGEST: usize = 128;

/// Finds the tokens of each shape that the master's constants have.
///
/// A token is a maximal run of letters and digits, lower-cased, in plain or behind escapes, base64 or
/// hexadecimal digits. Tokens that every copy may have, because
/// they stand in the master's own text, are left out.
pub(super) fn shapes_seen<'a>(
    master: &Master,
    leak: impl Iterator<Item = &'a str>,
) -> BTreeMap<String, (Generator, Seen)> {
    let mut shapes: BTreeMap<String, (Generator, BTreeSet<String>)> = BTreeMap::new();
    for site in &master.sites {
        if let SiteKind::Constant(generator) = site.kind {
            shapes.entry(key(generator)).or_insert((generator, BTreeSet::new()));
        }
    }
    let mut own = BTreeSet::new();
    if !shapes.is_empty() {
        for file in &master.files {
            own_tokens(&file.nodes, &mut own);
        }
        let mut take = |token: &str| {
            for (generator, seen) in shapes.values_mut() {
                if has_shape(*generator, token.as_bytes())
                    && seen.len() <= MOST_TOKENS
                    && !own.contains(token)
                {
                    seen.insert(token.to_owned());
                }
            }
        };
        leak.for_each(|text| {
            tokens(text, &mut take);
            tokens_behind(text.as_bytes(), &mut |token| {
                // Runs of ASCII letters and digits.
                take(&String::from_utf8_lossy(token).to_lowercase());
            });
        });
    }
    let seen = |tokens: BTreeSet<String>| {
        if tokens.is_empty() || tokens.len() > MOST_TOKENS {
            Seen::Erased
        } else {
            Seen::Tokens(tokens.into_iter().collect())
        }
    };
    shapes.into_iter().map(|(key, (generator, tokens))| (key, (generator, seen(tokens)))).collect()
}

/// Name of a shape; equal generators have equal names.
pub(super) fn key(generator: Generator) -> String {
    match generator {
        Generator::Word(n) => format!("word{n}"),
        Generator::Hex(n) => format!("hex{n}"),
        Generator::Num(n) => format!("num{n}"),
    }
}

fn own_tokens(nodes: &[Node], own: &mut BTreeSet<String>) {
    for node in nodes {
        match node {
            Node::Text(text) => tokens(text, &mut |token| {
                own.insert(token.to_owned());
            }),
            Node::Choice { branches: parts, .. } | Node::Order { items: parts, .. } => {
                parts.iter().for_each(|part| own_tokens(part, own));
            }
            Node::Constant { .. } => {}
        }
    }
}

fn tokens(text: &str, take: &mut impl FnMut(&str)) {
    let mut token = String::new();
    let mut push = |c: char| {
        if is_ignorable(c) {
            return;
        }
        let c = fold(c);
        if c.is_alphanumeric() {
            // A longer token is no value; what counts is that it does not end early.
            if token.len() <= LONGEST {
                token.extend(c.to_lowercase());
            }
        } else if !token.is_empty() {
            take(&token);
            token.clear();
        }
    };
    if text.is_ascii() {
        text.chars().for_each(&mut push);
    } else {
        text.nfkc().for_each(&mut push);
    }
    push(' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::{constant, master, text};

    fn seen(generator: Generator, leak: &str) -> Seen {
        let master = master(vec![text("own c0ffee00 "), constant(0, generator)]);
        shapes_seen(&master, [leak].into_iter()).remove(&key(generator)).unwrap().1
    }

    #[test]
    fn only_whole_tokens_of_the_shape_count() {
        for none in ["", "c0ffee00", "0123456", "012345678", "x01234567", "01234567é"] {
            assert_eq!(seen(Generator::Hex(8), none), Seen::Erased, "{none}");
        }
    }

    #[test]
    fn tokens_are_distinct_sorted_and_lower_case() {
        let expected = Seen::Tokens(vec!["00c0ffee".into(), "12345678".into()]);
        assert_eq!(seen(Generator::Hex(8), "id=12345678;\n_00C0FFEE_ 1234\u{200b}5678"), expected);
    }

    #[test]
    fn tokens_behind_encodings_are_found() {
        for leak in ["%301234567", "eD0wMTIzNDU2NyZ5PTE=", "783d30313233343536373b"] {
            assert_eq!(seen(Generator::Hex(8), leak), Seen::Tokens(vec!["01234567".into()]), "{leak}");
        }
    }

    #[test]
    fn a_flood_of_tokens_erases() {
        let flood: String = (0..=MOST_TOKENS).map(|i| format!("{i:08x} ")).collect();
        assert_eq!(seen(Generator::Hex(8), &flood), Seen::Erased);
    }
}
