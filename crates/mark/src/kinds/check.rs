//! Whether a copy parses and means what the package's default rendering means.
//!
//! **Structure.** Every rendering of a file is the author's invariant text with something else at each site, and
//! the renderer knows the bytes of each. Both the default rendering and the one under test are parsed; from each
//! tree a *skeleton* is taken, and the skeletons must be equal. A skeleton is the tree in document order in which
//! - a node that lies wholly in what a choice or a generated value wrote is left out: the site is a *hole*, known
//!   by its site and by what it covers: nothing, one literal or name of a kind, or more than that (in Markdown,
//!   JSON, YAML and HTTP: the list of kinds);
//! - a literal or running text that a site lies in stays, with the hole in its text;
//! - every other node stays, with its kind and its text;
//! - the items of a shuffle stand in the author's order; when it shows some of its items only, each counts by the
//!   kinds of its outermost nodes.
//!
//! So a quote that closes a string early, a branch that opens a block, a number that becomes a word, an
//! alternative that takes in what follows it, all leave another skeleton. Names at sites are compared besides: a
//! renamed name must have one new name everywhere, which names nothing else, be defined in the file, and fall
//! under the same wildcards (`$a*`, `1 of a*`). Names of JSON members and YAML keys, names of rules, `sid` and
//! everything in a Snort rule but its texts, contents and distances, and an HTTP sample's method and version, should
//! not vary at all. `Content-Length` must be as right as in the default rendering.
//!
//! A difference [breaks](Difference::breaks) a copy when it does not parse, has another structure or detects
//! otherwise. Another name, and in Markdown another shape of a branch (one emphasised, one not), is the author's to
//! decide and only worth a warning.
//!
//! **Detection.** YARA, Snort, Suricata and Sigma rules run over the package's other files, rules and guides in YAML
//! apart: every rule must match the same files as in the default rendering, see `kinds::detect`.
//!
//! Parsed are Markdown, Python, JSON, YAML, YARA, Snort and Suricata rules and HTTP. Plain text has no structure.
//! Shell, C, Go, JavaScript and Rust are only looked at from outside: strings closed, brackets matching.
//!
//! **Not seen:** whether two alternatives of more than one literal mean the same (`a < b`, `b > a`: the author
//! says so), whether shuffled statements depend on each other, what a string's content means to the program,
//! scopes of names (a name is one name in all of its file), link and footnote definitions in Markdown, a rule that
//! matches no file of the package, and anything in a file whose default rendering does not parse already.

mod compare;
mod skeleton;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::FileKind;
use super::detect::{self, Matches, Rules, Sample};
use super::shape::shape;
use super::tree::{self, Broken};
use crate::master::{Location, Master, Node, SiteId, SiteIx, Symbol};
use crate::render::{Codeword, Place, render_places};
use skeleton::{Skeleton, skeleton};

/// How a rendering differs from the default one in more than its marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Error)]
#[error("`{file}` would mean something else in a copy, line {line}, column {column}: {says}{}", advice(.mark))]
pub struct Difference {
    /// Path inside the package.
    pub file: String,
    /// Line of the rendering, from 1.
    pub line: usize,
    /// Column of the rendering in characters, from 1.
    pub column: usize,
    /// The site that makes the difference, if one alone does; else the nearest.
    pub site: Option<SiteId>,
    /// Where the author marked that site.
    pub mark: Option<Location>,
    /// What differs.
    pub says: String,
    /// Whether the copy is unfit to be given to anybody; else an author should look at it.
    pub breaks: bool,
}

/// Hashes all that a rendering of one file depends on: which file, and what stands at each of its sites.
fn chosen(file: usize, sites: &BTreeSet<usize>, word: &Codeword) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(8 * (sites.len() + 1));
    bytes.extend_from_slice(&file.to_be_bytes());
    for site in sites {
        // Of each its kind and its length are there, so that no two rows of symbols are one row of bytes.
        match word.symbol(SiteIx(*site)) {
            None => bytes.push(0),
            Some(Symbol::Index(index)) => {
                bytes.push(1);
                bytes.extend_from_slice(&index.to_be_bytes());
            }
            Some(Symbol::Value(value)) => {
                bytes.push(2);
                bytes.extend_from_slice(&value.len().to_be_bytes());
                bytes.extend_from_slice(value.as_bytes());
            }
        }
    }
    Sha256::digest(&bytes).into()
}

fn advice(mark: &Option<Location>) -> String {
    mark.as_ref().map_or_else(
        || "; run the package through lint and correct its marks".to_owned(),
        |at| format!("; correct or remove the mark at {at}"),
    )
}

/// Checks renderings of one package against its default rendering, which it parses once.
pub struct Checker<'m> {
    master: &'m Master,
    files: Vec<File>,
    /// Files of rules that compile, with what they match by default.
    rules: Vec<RuleFile>,
    /// Files that rules look at.
    samples: Vec<usize>,
    broken: Vec<Difference>,
    /// Renderings that passed, see [`chosen`].
    passed: HashSet<[u8; 32]>,
}

struct File {
    kind: FileKind,
    path: String,
    sites: BTreeSet<usize>,
    /// The default rendering.
    text: String,
    /// Names of its rules, sorted.
    rules: Vec<String>,
    /// `None` when the default rendering is broken.
    parsed: Option<Parsed>,
}

struct RuleFile {
    file: usize,
    rules: Rules,
    matches: Matches,
}

/// What must be the same in every rendering.
struct Parsed {
    skeleton: Skeleton,
    /// What is left of each HTTP body after its `Content-Length`.
    slack: Vec<Option<usize>>,
}

impl<'m> Checker<'m> {
    /// Parses the default rendering and runs its rules.
    pub fn new(master: &'m Master) -> Checker<'m> {
        let neutral = Codeword::neutral(master);
        let mut checker = Checker {
            master,
            files: Vec::with_capacity(master.files.len()),
            rules: Vec::new(),
            samples: Vec::new(),
            broken: Vec::new(),
            passed: HashSet::new(),
        };
        for (index, file) in master.files.iter().enumerate() {
            let kind = FileKind::of(&file.path);
            let (text, places) = render_places(master, index, &neutral).unwrap_or_default();
            let mut sites = BTreeSet::new();
            sites_of(&file.nodes, &mut sites);
            let parsed = parsed(kind, &text, &places);
            let parsed =
                parsed.map_err(|broken| checker.broken.push(difference(&file.path, &text, broken))).ok();
            if !detect::is_rules(kind) {
                checker.samples.push(index);
            }
            let (rules, path) = (names(kind, &text), file.path.clone());
            checker.files.push(File { kind, path, sites, text, rules, parsed });
        }
        for (index, file) in checker.files.iter().enumerate().filter(|(_, file)| detect::is_rules(file.kind))
        {
            match detect::compile(file.kind, &file.text) {
                Ok(rules) if rules.is_empty() => {}
                Ok(rules) => {
                    let samples = checker.samples.iter().filter_map(|sample| checker.files.get(*sample));
                    let samples: Vec<Sample<'_>> = samples.map(File::sample).collect();
                    let matches = rules.run(&samples);
                    checker.rules.push(RuleFile { file: index, rules, matches });
                }
                // The parser of Snort rules has said so already.
                Err(_) if file.kind == FileKind::Rules => {}
                Err(broken) => checker.broken.push(difference(&file.path, &file.text, broken)),
            }
        }
        checker
    }

    /// Gives the files whose default rendering does not parse or compile; of their copies little is checked.
    pub fn broken(&self) -> &[Difference] {
        &self.broken
    }

    /// Names the rules, by file, that have marks around them and match none of the samples that are there for them:
    /// running these rules checks nothing.
    pub(crate) fn unmatched(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        for rules in &self.rules {
            let Some(file) = self.files.get(rules.file).filter(|file| !file.sites.is_empty()) else {
                continue;
            };
            let samples = self.samples.iter().filter_map(|sample| self.files.get(*sample));
            if !samples.map(File::sample).any(|sample| rules.rules.meant_for(&sample)) {
                continue;
            }
            let none = rules.matches.iter().filter(|(_, row)| row.iter().all(|cell| *cell == Some(false)));
            found.extend(none.map(|(rule, _)| (file.path.as_str(), rule.as_str())));
        }
        found
    }

    /// Checks that a copy is fit to be given to a member; the codeword must be one of this master.
    ///
    /// # Errors
    /// The first [`Difference`] found that breaks the copy, with the site that makes it.
    pub fn check(&mut self, word: &Codeword) -> Result<(), Box<Difference>> {
        for file in 0..self.files.len() {
            if let Err(difference) = self.check_file(file, word)
                && difference.breaks
            {
                return Err(difference);
            }
        }
        self.check_rules(word, None)
    }

    /// Tells which sites a file holds.
    pub(crate) fn sites(&self, file: usize) -> Option<&BTreeSet<usize>> {
        self.files.get(file).map(|file| &file.sites)
    }

    /// Gives the length of a file's default rendering in bytes.
    pub(crate) fn size(&self, file: usize) -> usize {
        self.files.get(file).map_or(0, |file| file.text.len())
    }

    /// Tells whether a site lies in a rule or in what rules look at, and gives the bytes that a run looks at.
    pub(crate) fn rules_see(&self, site: usize) -> Option<usize> {
        let has = |file: &usize| self.files.get(*file).is_some_and(|file| file.sites.contains(&site));
        let seen = self.rules.iter().any(|rules| has(&rules.file)) || self.samples.iter().any(has);
        (seen && !self.rules.is_empty()).then(|| {
            self.samples
                .iter()
                .chain(self.rules.iter().map(|rules| &rules.file))
                .map(|file| self.size(*file))
                .sum()
        })
    }

    /// Checks the structure of one file of a copy.
    pub(crate) fn check_file(&mut self, index: usize, word: &Codeword) -> Result<(), Box<Difference>> {
        let Some(file) = self.files.get(index).filter(|file| !file.sites.is_empty()) else { return Ok(()) };
        let hash = chosen(index, &file.sites, word);
        if self.passed.contains(&hash) {
            return Ok(());
        }
        let Some((text, places)) = render_places(self.master, index, word) else { return Ok(()) };
        match file.compare(&text, &places) {
            None => {
                self.passed.insert(hash);
                Ok(())
            }
            Some((broken, near, breaks)) => {
                let alone = |site: &usize| {
                    let word = self.only(*site, word)?;
                    let (text, places) = render_places(self.master, index, &word)?;
                    file.compare(&text, &places).map(|_| SiteIx(*site))
                };
                let site = file.sites.iter().find_map(alone).or(near);
                let difference = Difference { breaks, ..difference(&file.path, &text, broken) };
                Err(self.with_site(difference, site))
            }
        }
    }

    /// Runs the rules of a copy over its files; with a site, only over files that hold it.
    pub(crate) fn check_rules(&self, word: &Codeword, site: Option<usize>) -> Result<(), Box<Difference>> {
        let Some((file, text, broken)) = self.detects(word, site) else { return Ok(()) };
        let sites: BTreeSet<usize> = match site {
            Some(site) => BTreeSet::from([site]),
            None => self.files.iter().flat_map(|file| file.sites.iter().copied()).collect(),
        };
        let alone = |site: &usize| {
            let word = self.only(*site, word)?;
            self.detects(&word, Some(*site)).map(|_| SiteIx(*site))
        };
        let site = sites.iter().find_map(alone);
        let path = self.files.get(file).map_or("", |file| file.path.as_str());
        Err(self.with_site(difference(path, &text, broken), site))
    }

    /// Gives a file of rules, its rendering and what it detects otherwise than by default.
    fn detects(&self, word: &Codeword, site: Option<usize>) -> Option<(usize, String, Broken)> {
        if self.rules.is_empty() {
            return None;
        }
        // Renderings of this copy, where they may differ from the default one.
        let text = |index: usize| -> Cow<'_, str> {
            let Some(file) = self.files.get(index) else { return Cow::default() };
            let same = file.sites.is_empty() || site.is_some_and(|site| !file.sites.contains(&site));
            if same {
                return Cow::Borrowed(&file.text);
            }
            match render_places(self.master, index, word) {
                Some((text, _)) if text != file.text => Cow::Owned(text),
                _ => Cow::Borrowed(&file.text),
            }
        };
        let texts: Vec<(usize, Cow<'_, str>)> =
            self.samples.iter().map(|sample| (*sample, text(*sample))).collect();
        let kind = |index: usize| self.files.get(index).map_or(FileKind::Text, |file| file.kind);
        for default in &self.rules {
            let ours = text(default.file);
            let compiled = match &ours {
                Cow::Borrowed(_) => None,
                Cow::Owned(text) => match detect::compile(kind(default.file), text) {
                    Ok(rules) => Some(rules),
                    Err(broken) => return Some((default.file, ours.into_owned(), broken)),
                },
            };
            // With the same rules, only samples that changed can match otherwise.
            let looked: Vec<usize> = texts
                .iter()
                .enumerate()
                .filter(|(_, (_, text))| compiled.is_some() || matches!(text, Cow::Owned(_)))
                .map(|(place, _)| place)
                .collect();
            let samples: Vec<Sample<'_>> = looked
                .iter()
                .filter_map(|place| texts.get(*place))
                .map(|(file, text)| Sample { kind: kind(*file), text })
                .collect();
            let matches = compiled.as_ref().unwrap_or(&default.rules).run(&samples);
            if let Some(rule) = lost(default, &matches, &looked) {
                let says = format!("rule `{rule}` is missing, and no rule of another name matches the same");
                return Some((default.file, ours.into_owned(), Broken { at: 0, says }));
            }
            for (rule, row) in &default.matches {
                let at = rule_at(&ours, rule);
                let says = |says: String| Some((default.file, ours.to_string(), Broken { at, says }));
                let Some(found) = matches.get(rule) else { continue };
                for (place, found) in looked.iter().zip(found) {
                    let path = || {
                        let file = texts.get(*place).and_then(|(file, _)| self.files.get(*file));
                        file.map_or("", |file| file.path.as_str())
                    };
                    match (row.get(*place).copied().flatten(), found) {
                        (Some(true), Some(false)) => {
                            return says(format!(
                                "rule `{rule}` does not match `{}`, but in the default rendering it does",
                                path()
                            ));
                        }
                        (Some(false), Some(true)) => {
                            return says(format!(
                                "rule `{rule}` matches `{}`, but in the default rendering it does not",
                                path()
                            ));
                        }
                        (Some(_), None) => {
                            return says(format!(
                                "whether rule `{rule}` matches `{}` cannot be told",
                                path()
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
        None
    }

    /// Takes one site's symbol from a codeword and the default for every other.
    fn only(&self, site: usize, word: &Codeword) -> Option<Codeword> {
        let mut symbols = Codeword::neutral(self.master).symbols().to_vec();
        *symbols.get_mut(site)? = word.symbol(SiteIx(site))?.clone();
        Some(Codeword::drawn(symbols))
    }

    fn with_site(&self, mut difference: Difference, site: Option<SiteIx>) -> Box<Difference> {
        if let Some(site) = site.and_then(|site| self.master.sites.get(site.0)) {
            difference.site = Some(site.id.clone());
            difference.mark = Some(site.at.clone());
        }
        Box::new(difference)
    }
}

impl File {
    fn sample(&self) -> Sample<'_> {
        Sample { kind: self.kind, text: &self.text }
    }

    /// Compares a rendering with the default one: what differs, where, and whether it breaks the copy.
    fn compare(&self, text: &str, places: &[Place]) -> Option<(Broken, Option<SiteIx>, bool)> {
        let names = names(self.kind, text);
        let renamed = (names != self.rules).then(|| {
            let says = "it names other rules than the default rendering".to_owned();
            (Broken { at: 0, says }, None, names.len() != self.rules.len())
        });
        let Some(default) = self.parsed.as_ref() else { return renamed };
        let found = match parsed(self.kind, text, places) {
            Ok(found) => found,
            Err(broken) => return Some((broken, None, true)),
        };
        let mismatch = compare::compare(&default.skeleton, &found.skeleton).map(|mismatch| {
            let breaks = !mismatch.name && self.kind != FileKind::Markdown;
            (Broken { at: mismatch.at, says: mismatch.says }, mismatch.site, breaks)
        });
        if let Some(found) = renamed.or(mismatch) {
            return Some(found);
        }
        let wrong = default
            .slack
            .iter()
            .zip(&found.slack)
            .any(|(default, found)| default.is_some() && default != found);
        wrong.then(|| {
            let says = "`Content-Length` is not the body's length, as it is in the default rendering";
            let at = text.to_ascii_lowercase().find("content-length").unwrap_or(0);
            (Broken { at, says: says.to_owned() }, None, true)
        })
    }
}

/// Finds a rule that a rendering has lost: one under another name counts when it matches the same samples.
fn lost<'r>(default: &'r RuleFile, found: &Matches, looked: &[usize]) -> Option<&'r str> {
    let mut renamed: Vec<&Vec<Option<bool>>> =
        found.iter().filter(|(rule, _)| !default.matches.contains_key(*rule)).map(|(_, row)| row).collect();
    default.matches.iter().filter(|(rule, _)| !found.contains_key(*rule)).find_map(|(rule, row)| {
        let row: Vec<Option<bool>> = looked.iter().map(|place| row.get(*place).copied().flatten()).collect();
        match renamed.iter().position(|found| **found == row) {
            Some(at) => {
                renamed.swap_remove(at);
                None
            }
            None => Some(rule.as_str()),
        }
    })
}

fn parsed(kind: FileKind, text: &str, places: &[Place]) -> Result<Parsed, Broken> {
    let outside = match kind {
        // These have a parser that says it better.
        FileKind::Json | FileKind::Rules => None,
        _ => shape(kind, text).broken,
    };
    if let Some(says) = outside {
        return Err(Broken { at: 0, says });
    }
    let skeleton = skeleton(kind, tree::parse(kind, text)?, places, text);
    let slack = match kind {
        FileKind::Http => tree::messages(text)?.iter().map(|message| message.slack(text)).collect(),
        _ => Vec::new(),
    };
    Ok(Parsed { skeleton, slack })
}

/// Gives the names of a file's rules; rules in another order are the same rules.
fn names(kind: FileKind, text: &str) -> Vec<String> {
    let mut names = match kind {
        FileKind::Yara | FileKind::Rules | FileKind::Yaml => shape(kind, text).rules,
        _ => Vec::new(),
    };
    names.sort();
    names
}

/// Finds a rule by its name or `sid`.
fn rule_at(text: &str, rule: &str) -> usize {
    let written = match rule.strip_prefix("sid ") {
        Some(sid) => [format!("sid:{sid}"), format!("sid: {sid}")],
        None => [format!("rule {rule}"), rule.to_owned()],
    };
    written.iter().find_map(|written| text.find(written.as_str())).unwrap_or(0)
}

fn difference(path: &str, text: &str, broken: Broken) -> Difference {
    let before = text.get(..broken.at).unwrap_or(text);
    Difference {
        file: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        site: None,
        mark: None,
        says: broken.says,
        breaks: true,
    }
}

fn sites_of(nodes: &[Node], sites: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Constant { site } => {
                sites.insert(site.0);
            }
            Node::Choice { site, branches: inner } | Node::Order { site, items: inner, .. } => {
                sites.insert(site.0);
                for nodes in inner {
                    sites_of(nodes, sites);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
