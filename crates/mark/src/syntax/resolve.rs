//! Turns trees into a [`Master`]: every name becomes the site it means.

use std::collections::{HashMap, HashSet};

use super::MAX_DEPTH;
use super::problem::Problem;
use super::sites::{self, Key, Sites, key, written};
use super::source::Source;
use super::tree::{Form, Label, Mark, Piece, Slot, Tree};
use crate::master::{Generator, Master, MasterFile, Node};

/// Nodes a package may have once every reuse is written out; bounds what nested reuse can blow up to.
const MAX_NODES: usize = 1 << 20;
/// Bytes of text a package may have once every reuse is written out.
const MAX_BYTES: usize = 1 << 28;

/// Builds the master; it is only meaningful when no problem was reported.
pub(super) fn resolve(sources: &[Source<'_>], trees: &[Tree], problems: &mut Vec<Problem>) -> Master {
    let sites = sites::collect(sources, trees, problems);
    let mut resolver = Resolver {
        sources,
        sites: &sites,
        problems,
        done: HashMap::new(),
        open: HashSet::new(),
        cost: Cost::default(),
        full: false,
    };
    let mut files = Vec::with_capacity(trees.len());
    for (file, (source, tree)) in sources.iter().zip(trees).enumerate() {
        let (nodes, _) = resolver.pieces(file, &tree.pieces);
        files.push(MasterFile { path: source.path.to_owned(), nodes });
    }
    Master { files, sites: sites.sites }
}

struct Resolver<'a, 't> {
    sources: &'a [Source<'a>],
    sites: &'a Sites<'t>,
    problems: &'a mut Vec<Problem>,
    /// Labels whose node is known.
    done: HashMap<Key, Option<(Node, Cost)>>,
    /// Labels being resolved, to find cycles.
    open: HashSet<Key>,
    /// What has been written out so far.
    cost: Cost,
    full: bool,
}

/// Size of nodes written out.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
    /// Levels of nodes, this one included.
    height: usize,
}

impl Cost {
    fn add(&mut self, other: Cost) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.height = self.height.max(other.height);
    }
}

impl Resolver<'_, '_> {
    fn pieces(&mut self, file: usize, pieces: &[Piece]) -> (Vec<Node>, Cost) {
        let mut nodes = Vec::with_capacity(pieces.len());
        let mut cost = Cost::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    cost.add(Cost { nodes: 1, bytes: text.len(), height: 0 });
                    nodes.push(Node::Text(text.clone()));
                }
                Piece::Mark(mark) => {
                    if let Some((node, size)) = self.mark(file, mark) {
                        cost.add(size);
                        nodes.push(node);
                    }
                }
            }
        }
        (nodes, cost)
    }

    fn mark(&mut self, file: usize, mark: &Mark) -> Option<(Node, Cost)> {
        let label = match &mark.form {
            Form::Reuse { label, slot } => {
                self.check_slot(file, mark.at, label, *slot);
                label
            }
            form => match form.label() {
                Label::None => return self.define(file, mark),
                label => label,
            },
        };
        let found = self.label(file, mark.at, label);
        if let Some((_, cost)) = &found {
            self.cost.add(*cost);
            if (self.cost.nodes > MAX_NODES || self.cost.bytes > MAX_BYTES) && !self.full {
                self.full = true;
                self.report(
                    "E1",
                    file,
                    mark.at,
                    "reused names inside reused names write out to a package that is too large",
                );
            }
        }
        found.filter(|_| !self.full)
    }

    /// The node of a label, resolved once.
    fn label(&mut self, file: usize, at: usize, label: &Label) -> Option<(Node, Cost)> {
        let key = key(file, label);
        if let Some(done) = self.done.get(&key) {
            let size = done.as_ref().map(|(_, cost)| *cost)?;
            if self.cost.nodes.saturating_add(size.nodes) > MAX_NODES {
                return Some((Node::Text(String::new()), size));
            }
            return done.clone();
        }
        if self.open.contains(&key) || self.open.len() > MAX_DEPTH {
            let says = if self.open.contains(&key) {
                "a name is used inside its own alternatives".to_owned()
            } else {
                format!("names are nested more than {MAX_DEPTH} deep")
            };
            self.report("E1", file, at, says);
            return None;
        }
        let Some(&(home, definition)) = self.sites.definitions.get(&key) else {
            if let Label::Name(name) = label {
                let says = format!(
                    "no file of the package defines `{name}`; write `{{~{name}=…~}}` once, or `\\{{~` (in code: `{{ ~`) for the characters themselves"
                );
                self.report("E1", file, at, says);
            }
            return None;
        };
        self.open.insert(key.clone());
        let node = self.define(home, definition);
        self.open.remove(&key);
        self.done.insert(key, node.clone());
        node
    }

    fn define(&mut self, file: usize, mark: &Mark) -> Option<(Node, Cost)> {
        let site = self.sites.by_place.get(&(file, mark.at)).copied();
        let mut cost = Cost { nodes: 1, bytes: 0, height: 0 };
        let mut inner = |resolver: &mut Self, variants: &[Vec<Piece>]| {
            let mut all = Vec::with_capacity(variants.len());
            for pieces in variants {
                let (nodes, size) = resolver.pieces(file, pieces);
                cost.add(size);
                all.push(nodes);
            }
            all
        };
        let node = match &mark.form {
            Form::Choice { branches, .. } => {
                let branches = inner(self, branches);
                Node::Choice { site: site?, branches }
            }
            Form::Order { items, separator, .. } => {
                let items = inner(self, items);
                Node::Order { site: site?, items, separator: separator.clone() }
            }
            Form::Constant { .. } => Node::Constant { site: site? },
            Form::Reuse { .. } | Form::Broken { .. } => return None,
        };
        cost.height += 1;
        if cost.height > MAX_DEPTH {
            self.report("E1", file, mark.at, format!("marks are nested more than {MAX_DEPTH} deep"));
            return None;
        }
        Some((node, cost))
    }

    /// Checks that every value of a name fits the literal it replaces.
    fn check_slot(&mut self, file: usize, at: usize, label: &Label, slot: Slot) {
        if slot == Slot::Any {
            return;
        }
        let Some(&(_, definition)) = self.sites.definitions.get(&key(file, label)) else { return };
        let bad = match &definition.form {
            Form::Constant { generator, .. } => generated_misfit(*generator, slot),
            Form::Choice { branches, .. } => branches.iter().find_map(|branch| match branch.as_slice() {
                [Piece::Text(text)] => misfit(text, slot),
                _ => Some("its alternatives hold other marks".to_owned()),
            }),
            Form::Order { .. } => Some("it is a shuffle".to_owned()),
            Form::Reuse { .. } | Form::Broken { .. } => None,
        };
        if let (Some(why), Label::Name(name)) = (bad, label) {
            self.report("E8", file, at, format!("`{name}` cannot replace this literal: {why}"));
        }
    }

    fn report(&mut self, id: &str, file: usize, at: usize, says: impl Into<String>) {
        if let Some(source) = self.sources.get(file) {
            self.problems.push(Problem::error(id, source.locate(at), says));
        }
    }
}

fn generated_misfit(generator: Generator, slot: Slot) -> Option<String> {
    let shape = written(generator);
    match (slot, generator) {
        (Slot::Any, _) => None,
        (Slot::Hex, Generator::Hex(n) | Generator::Num(n)) if n > 16 => {
            Some(format!("`{shape}` is more than 64 bits"))
        }
        (Slot::Hex, Generator::Hex(_) | Generator::Num(_)) => None,
        (Slot::Number { digits }, Generator::Num(n)) if n > digits => {
            Some(format!("`{shape}` has more than {digits} digits and would overflow"))
        }
        (Slot::Number { .. }, Generator::Num(_)) => None,
        (Slot::Number { .. } | Slot::Hex, _) => Some(format!("`{shape}` is no number")),
        (Slot::Plain, Generator::Hex(_) | Generator::Num(_)) => {
            Some(format!("`{shape}` could be read as a number; put the literal in quotes"))
        }
        (Slot::Quoted(_) | Slot::Word | Slot::Plain, _) => None,
    }
}

/// Says why a value does not fit a literal, if it does not.
pub(super) fn misfit(value: &str, slot: Slot) -> Option<String> {
    match slot {
        Slot::Any => None,
        Slot::Number { digits } => {
            let count = value.bytes().filter(u8::is_ascii_hexdigit).count();
            let fits = is_number(value) && u32::try_from(count).is_ok_and(|count| count <= digits);
            (!fits).then(|| format!("`{value}` is no number of at most {digits} digits"))
        }
        Slot::Hex => {
            let fits = (1..=16).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit());
            (!fits).then(|| format!("`{value}` is not hexadecimal"))
        }
        Slot::Word => {
            let plain =
                value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./@%+,=:".contains(&b) || b >= 0x80);
            (!plain || value.is_empty()).then(|| format!("`{value}` needs quotes; put the literal in quotes"))
        }
        Slot::Plain => (!is_plain(value) || is_keyword(value))
            .then(|| format!("`{value}` needs quotes; put the literal in quotes")),
        Slot::Quoted(quote) => {
            let mut escaped = false;
            let mut bad = false;
            for byte in value.bytes() {
                bad |= byte.is_ascii_control() || (byte == quote && !escaped);
                escaped = byte == b'\\' && !escaped;
            }
            (bad || escaped).then(|| format!("`{value}` would end the string"))
        }
    }
}

/// Tells whether a text is one YAML scalar without quotes that is a string.
pub(super) fn is_plain(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || "/_(.<=$+;^".contains(c));
    // What starts with a digit may be a number or a date, unless words follow.
    let words =
        || text.contains(' ') && text.split(' ').skip(1).any(|word| word.starts_with(char::is_alphabetic));
    (first || text.starts_with(|c: char| c.is_ascii_digit()) && words())
        && !text.chars().any(char::is_control)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
}

fn is_keyword(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "y" | "n" | ".inf" | ".nan"
    )
}

/// Tells whether a text is one number as code and YAML write it.
pub(super) fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit() || b == b'_');
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    exponent.is_none_or(digits)
        && match mantissa.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction),
            None => digits(mantissa),
        }
}
