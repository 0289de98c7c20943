//! Variants that stand in the text beside their site, and sites that stand too close to each other.

use crate::kinds::FileKind;
use crate::master::{Location, Master, MasterFile, Node};
use crate::syntax::{Problem, normalise};

/// Words on each side in which a reader looks for a site that moved.
const REACH: usize = 40;
/// Characters from which on a variant is a word that a reader can take for the site.
const WORD: usize = 4;
/// Words of invariant text that a reader needs between two sites.
const SPACING: usize = 6;
/// Neighbouring gaps below [`SPACING`] that make a text dense.
const DENSE: usize = 8;

/// A piece of a file's default text.
enum Piece {
    /// A word that every copy has.
    Word(String),
    /// The words of a site's variants.
    Site(usize, Vec<String>),
    /// Where an item of a shuffle begins or ends.
    Edge,
}

/// Finds variants that occur near their site (E5) and stretches of sites with hardly a word between (E10).
pub(super) fn lint(master: &Master, problems: &mut Vec<Problem>) {
    let mut warned = vec![false; master.sites.len()];
    for file in &master.files {
        // Code and rules are read by their structure, and repeat their names.
        if !matches!(FileKind::of(&file.path), FileKind::Markdown | FileKind::Text) {
            continue;
        }
        let mut pieces = Vec::new();
        flatten(&file.nodes, &mut pieces);
        mirrors(master, &pieces, &mut warned, problems);
        dense(master, file, &pieces, problems);
    }
}

fn mirrors(master: &Master, pieces: &[Piece], warned: &mut [bool], problems: &mut Vec<Problem>) {
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Site(site, variants) = piece else { continue };
        let from = at.saturating_sub(REACH);
        let around = pieces.iter().enumerate().skip(from).take(at - from + REACH + 1);
        let near: Vec<(usize, &str)> = around
            .filter_map(|(place, piece)| match piece {
                Piece::Word(word) => Some((place, word.as_str())),
                Piece::Site(..) | Piece::Edge => None,
            })
            .collect();
        let found = variants.iter().filter(|variant| variant.chars().count() >= WORD).find(|variant| {
            let words: Vec<&str> = variant.split(' ').collect();
            near.windows(words.len()).any(|window| {
                let adjacent =
                    window.first().zip(window.last()).is_some_and(|(a, b)| b.0 - a.0 + 1 == words.len());
                adjacent && window.iter().zip(&words).all(|((_, word), want)| word == want)
            })
        });
        let (Some(found), Some(site), Some(warned)) = (found, master.sites.get(*site), warned.get_mut(*site))
        else {
            continue;
        };
        if !std::mem::replace(warned, true) {
            let says = format!(
                "`{found}` also stands unmarked within {REACH} words; in a leak that was cut up, either may be read; word one of them in another way"
            );
            problems.push(Problem::warning("E5", site.at.clone(), says));
        }
    }
}

/// Finds the longest stretch of sites too close to each other; one warning a file.
fn dense(master: &Master, file: &MasterFile, pieces: &[Piece], problems: &mut Vec<Problem>) {
    let (mut gap, mut run, mut last) = (0, 0, None);
    let mut worst: (usize, Option<&Location>) = (0, None);
    for piece in pieces {
        match piece {
            Piece::Word(_) => gap += 1,
            Piece::Edge => (gap, run, last) = (SPACING, 0, None),
            Piece::Site(site, _) => {
                run = if last.is_some() && gap < SPACING { run + 1 } else { 0 };
                let at = master.sites.get(*site).map(|site| &site.at);
                if run > worst.0 {
                    worst = (run, at);
                }
                (gap, last) = (0, Some(*site));
            }
        }
    }
    if let (DENSE.., Some(at)) = worst
        && at.file == file.path
    {
        let says = format!(
            "{} sites in a row stand fewer than {SPACING} words apart here; each is read by the words between, so space them out, and see `forewarn mark strength`",
            worst.0 + 1
        );
        problems.push(Problem::warning("E10", at.clone(), says));
    }
}

fn flatten(nodes: &[Node], pieces: &mut Vec<Piece>) {
    for node in nodes {
        match node {
            Node::Text(text) => pieces.extend(words(text).map(Piece::Word)),
            Node::Constant { site } => pieces.push(Piece::Site(site.0, Vec::new())),
            Node::Choice { site, branches } => {
                let variants = branches.iter().filter_map(|nodes| match nodes.as_slice() {
                    [Node::Text(text)] => Some(words(text).collect::<Vec<_>>().join(" ")),
                    _ => None,
                });
                pieces.push(Piece::Site(site.0, variants.collect()));
            }
            Node::Order { items, .. } => {
                pieces.push(Piece::Edge);
                for item in items {
                    flatten(item, pieces);
                    pieces.push(Piece::Edge);
                }
            }
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(normalise)
}
