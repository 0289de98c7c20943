//! Places that could be marked: found by machine, accepted by the author, one by one.
//!
//! A proposal is never applied by itself: of automatic ones about one in eight reads wrong to a person. What
//! is proposed parses, alone and together with every other proposal, and the default rendering stays what the
//! author wrote, except where a generated value takes a literal's place.
//!
//! Constants are looked for in every kind of file and coupled over all of them; a literal that cannot be
//! replaced everywhere, or on which a rule depends, is left alone. A word is one site over all its places in
//! the package, so that a search and replace does not show. Import order, mapping-key order, header-name case
//! and invisible characters are never proposed: programs that sort or fold them read as somebody's mark.

mod code;
mod constants;
mod draft;
mod flip;
mod guard;
mod http;
mod lexical;
mod lists;
mod occurrence;
mod prose;
mod python;
mod rename;
mod rules;
mod tally;
mod words;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::master::{Location, Master};
use crate::syntax::{Problem, Source, SourceFile, Taken, taken};
use draft::{Draft, Edit, apply};

pub(crate) use constants::repeated;
pub use tally::{FileTally, tally};

/// A place that could be marked, with the markup for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// Short hash of file, channel and what is marked; it stays while other proposals are accepted.
    pub id: String,
    /// What kind of site it would be.
    pub channel: Channel,
    /// How much the channel is worth.
    pub tier: Tier,
    /// Bits that a copy carries there.
    pub bits: f64,
    /// Where it is; the first place of a coupled site.
    pub at: Location,
    /// Every place of the site, the first included.
    pub places: Vec<Location>,
    /// The lines as written.
    pub before: String,
    /// The lines with the markup.
    pub after: String,
    /// Why the marked file means the same.
    pub safe: String,
    /// What a leak may go through without losing the mark.
    pub survives: String,
    #[serde(skip)]
    edits: Vec<(String, Edit)>,
}

/// A kind of site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A value that may be anything, coupled over files.
    FreeConstant,
    /// A few words that may be said in another way.
    Phrase,
    /// A word and others of its meaning.
    Synonym,
    /// Two spellings of a word.
    Spelling,
    /// A word with and without its hyphen.
    Hyphenation,
    /// A number as a word or in digits.
    NumberWord,
    /// The order of a list.
    ListOrder,
    /// The order of statements that do not depend on each other.
    StatementOrder,
    /// The order of keyword arguments.
    KwargOrder,
    /// The order of a literal dictionary's entries.
    DictOrder,
    /// The order of a request's headers.
    HeaderOrder,
    /// The order of a query's parameters.
    QueryOrder,
    /// The order of a rule's contents.
    ContentOrder,
    /// The order of a rule's options that match nothing.
    OptionOrder,
    /// The order of a condition's operands.
    ConditionOrder,
    /// Another name for a variable or function.
    LocalRename,
    /// Another name for a rule's string or selection.
    IdentifierRename,
    /// The sides of a comparison.
    CompareFlip,
    /// A time-out, pause or count that may be a little more or less.
    Tunable,
    /// A number in base ten or sixteen.
    LiteralForm,
}

/// How much a channel is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Tier {
    /// Survives rewriting; one match convicts.
    A,
    /// Survives what a machine does to a text.
    B,
    /// Survives verbatim copying at best.
    C,
}

/// Why proposals could not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AcceptError {
    /// The file is not the one that was looked at.
    #[error("`{0}` is not what it was when the proposals were made; propose again")]
    Changed(String),
    /// Two proposals mark the same place.
    #[error("`{0}` and another accepted proposal mark the same place; accept one of them")]
    Overlap(String),
    /// The result has no rendering.
    #[error("with these proposals the package would not parse: {0}; accept them one by one")]
    Parse(Problem),
}

/// A package that is looked at.
struct Package<'a> {
    sources: Vec<Source<'a>>,
    taken: Vec<Taken>,
    /// Names that are taken.
    names: Vec<String>,
}

/// Finds what could be marked; nothing when the package has errors.
///
/// Sorted by tier, then by place. `files` may be in any order and hold marks already.
pub fn propose(files: &[SourceFile]) -> Vec<Proposal> {
    let Ok(master) = Master::parse(files) else { return Vec::new() };
    let package = Package::new(files, &master);
    let mut drafts = constants::drafts(&package);
    drafts.extend(lists::drafts(&package));
    drafts.extend(python::drafts(&package));
    drafts.extend(http::drafts(&package));
    drafts.extend(rules::drafts(&package));
    drafts.extend(rename::drafts(&package, &drafts));
    drafts.extend(lexical::drafts(&package, &drafts));
    let kept = guard::keep(files, &master, drafts);
    let mut found: Vec<Proposal> = kept.into_iter().filter_map(|draft| package.show(draft)).collect();
    found.sort_by(|a, b| (a.tier, &a.at, a.channel).cmp(&(b.tier, &b.at, b.channel)));
    found
}

/// Writes accepted proposals into the files they were made for.
///
/// # Errors
/// [`AcceptError`] when a file is another, two proposals overlap, or the result does not parse.
pub fn accept(files: &[SourceFile], accepted: &[&Proposal]) -> Result<Vec<SourceFile>, AcceptError> {
    let mut edited = files.to_vec();
    for file in &mut edited {
        let mut edits: Vec<&Edit> = Vec::new();
        for proposal in accepted {
            for (path, edit) in &proposal.edits {
                if *path != file.path {
                    continue;
                }
                if edits.iter().any(|other| other.crosses(edit)) {
                    return Err(AcceptError::Overlap(proposal.id.clone()));
                }
                edits.push(edit);
            }
        }
        file.text = apply(&file.text, edits, false).ok_or_else(|| AcceptError::Changed(file.path.clone()))?;
    }
    match Master::parse(&edited) {
        Ok(_) => Ok(edited),
        Err(problems) => match problems.into_iter().next() {
            Some(problem) => Err(AcceptError::Parse(problem)),
            None => Ok(edited),
        },
    }
}

impl<'a> Package<'a> {
    fn new(files: &'a [SourceFile], master: &Master) -> Package<'a> {
        let mut sorted: Vec<&SourceFile> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        let sources: Vec<Source<'a>> =
            sorted.iter().map(|file| Source::new(&file.path, &file.text)).collect();
        let taken = taken(&sources);
        let names = master.sites.iter().filter_map(|site| site.name.clone()).collect();
        Package { sources, taken, names }
    }

    /// Every file with its index and what is marked in it.
    fn files(&self) -> impl Iterator<Item = (usize, &Source<'a>, &Taken)> {
        self.sources.iter().zip(&self.taken).enumerate().map(|(at, (source, taken))| (at, source, taken))
    }

    fn show(&self, draft: Draft) -> Option<Proposal> {
        let (file, at) = *draft.places.first()?;
        let source = self.sources.get(file)?;
        let here: Vec<&Edit> =
            draft.edits.iter().filter(|(other, _)| *other == file).map(|(_, edit)| edit).collect();
        let (from, to) = draft.lines(source, file);
        let within: Vec<Edit> = here
            .iter()
            .filter(|edit| edit.range.start >= from && edit.range.end <= to)
            .map(|edit| edit.moved(from))
            .collect();
        let before = source.slice(from, to).to_owned();
        let after = apply(&before, within.iter().collect(), false)?;
        let places = draft
            .places
            .iter()
            .filter_map(|(file, at)| self.sources.get(*file).map(|source| source.locate(*at)))
            .collect();
        let path = |file: usize| self.sources.get(file).map(|source| source.path.to_owned());
        Some(Proposal {
            id: id(source.path, draft.channel, &draft.key),
            channel: draft.channel,
            tier: draft.tier,
            bits: draft.bits,
            at: source.locate(at),
            places,
            before: before.trim_end_matches(['\r', '\n']).to_owned(),
            after: after.trim_end_matches(['\r', '\n']).to_owned(),
            safe: draft.safe,
            survives: draft.survives.to_owned(),
            edits: draft.edits.into_iter().filter_map(|(file, edit)| Some((path(file)?, edit))).collect(),
        })
    }
}

/// Hashes what is marked, not where: a place moves when something before it is accepted.
fn id(path: &str, channel: Channel, key: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["forewarn mark proposal v1", path, &channel.to_string(), key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    // 40 bits: a package has a few hundred proposals.
    hex::encode(hash.finalize().get(..5).unwrap_or_default())
}

impl std::fmt::Display for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Channel::FreeConstant => "free-constant",
            Channel::Phrase => "phrase",
            Channel::Synonym => "synonym",
            Channel::Spelling => "spelling",
            Channel::Hyphenation => "hyphenation",
            Channel::NumberWord => "number-word",
            Channel::ListOrder => "list-order",
            Channel::StatementOrder => "statement-order",
            Channel::KwargOrder => "kwarg-order",
            Channel::DictOrder => "dict-order",
            Channel::HeaderOrder => "header-order",
            Channel::QueryOrder => "query-order",
            Channel::ContentOrder => "content-order",
            Channel::OptionOrder => "option-order",
            Channel::ConditionOrder => "condition-order",
            Channel::LocalRename => "local-rename",
            Channel::IdentifierRename => "identifier-rename",
            Channel::CompareFlip => "compare-flip",
            Channel::Tunable => "tunable",
            Channel::LiteralForm => "literal-form",
        })
    }
}

impl Channel {
    /// Every channel, in the order of its worth.
    pub const ALL: [Channel; 20] = [
        Channel::FreeConstant,
        Channel::Phrase,
        Channel::Synonym,
        Channel::Spelling,
        Channel::Hyphenation,
        Channel::NumberWord,
        Channel::ListOrder,
        Channel::StatementOrder,
        Channel::KwargOrder,
        Channel::DictOrder,
        Channel::HeaderOrder,
        Channel::QueryOrder,
        Channel::ContentOrder,
        Channel::OptionOrder,
        Channel::ConditionOrder,
        Channel::LocalRename,
        Channel::IdentifierRename,
        Channel::CompareFlip,
        Channel::Tunable,
        Channel::LiteralForm,
    ];
}

#[cfg(test)]
mod tests;
