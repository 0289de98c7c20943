//! Master and codeword to copy.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::arrange::{arrangement, arrangements, rank_of};
use crate::master::{Generator, Master, MasterFile, Node, SiteId, SiteIx, SiteKind, Symbol};

/// Version of the renderer; changes whenever the same master and codeword give other bytes.
pub const RENDERER: &str = "mark-render/1";

/// A symbol for every site of one master, in the order of [`Master::sites`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codeword {
    symbols: Vec<Symbol>,
}

/// Why symbols are no codeword of a master.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodewordError {
    /// The number of symbols is not the number of sites.
    #[error("{symbols} symbols for {sites} sites; give one for every site of the master")]
    Length {
        /// Symbols given.
        symbols: usize,
        /// Sites of the master.
        sites: usize,
    },
    /// A symbol cannot stand at its site.
    #[error("the symbol {symbol:?} cannot stand at site `{}`; take symbols from the codebook of this master", site.0)]
    Symbol {
        /// The site.
        site: SiteId,
        /// The symbol given for it.
        symbol: Symbol,
    },
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedFile {
    /// Path inside the package.
    pub path: String,
    /// Content.
    pub text: String,
}

impl Codeword {
    /// Takes symbols in the order of the master's sites.
    ///
    /// # Errors
    /// When a symbol is missing, is one too many, or does not exist at its site.
    pub fn new(master: &Master, symbols: Vec<Symbol>) -> Result<Codeword, CodewordError> {
        if symbols.len() != master.sites.len() {
            return Err(CodewordError::Length { symbols: symbols.len(), sites: master.sites.len() });
        }
        for (site, symbol) in master.sites.iter().zip(&symbols) {
            if !fits(&site.kind, symbol) {
                return Err(CodewordError::Symbol { site: site.id.clone(), symbol: symbol.clone() });
            }
        }
        Ok(Codeword { symbols })
    }

    /// Takes symbols that were drawn for the sites of the master they are used with.
    pub(crate) fn drawn(symbols: Vec<Symbol>) -> Codeword {
        Codeword { symbols }
    }

    /// Gives the codeword of [`render_default`]: first branches, authored order, placeholders.
    pub fn neutral(master: &Master) -> Codeword {
        let symbol = |kind: &SiteKind| match kind {
            SiteKind::Choice { .. } | SiteKind::Order { .. } => Symbol::Index(0),
            SiteKind::Constant(generator) => Symbol::Value(placeholder(*generator)),
        };
        Codeword { symbols: master.sites.iter().map(|site| symbol(&site.kind)).collect() }
    }

    /// Gives all symbols, in the order of the master's sites.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Gives the symbol of one site.
    pub fn symbol(&self, site: SiteIx) -> Option<&Symbol> {
        self.symbols.get(site.0)
    }
}

/// Renders a package's copy; the codeword must be one of this master.
///
/// A site whose symbol belongs to another master gets the neutral rendering.
pub fn render(master: &Master, codeword: &Codeword) -> Vec<RenderedFile> {
    master.files.iter().map(|file| rendered(master, file, codeword)).collect()
}

/// Renders one file of a copy, by its index in [`Master::files`].
pub fn render_file(master: &Master, file: usize, codeword: &Codeword) -> Option<RenderedFile> {
    master.files.get(file).map(|file| rendered(master, file, codeword))
}

/// Renders the package without a member: first branches, authored order, and for every generated value a
/// placeholder that no member has.
pub fn render_default(master: &Master) -> Vec<RenderedFile> {
    render(master, &Codeword::neutral(master))
}

/// Gives a value of a generator's shape that its codebook never draws: `babababababa`, `000000000000`,
/// `1000…`.
pub fn placeholder(generator: Generator) -> String {
    match generator {
        Generator::Word(n) => "ba".chars().cycle().take(usize::try_from(n).unwrap_or(0)).collect(),
        Generator::Hex(n) => "0".repeat(usize::try_from(n).unwrap_or(0)),
        Generator::Num(n) => {
            let zeros = usize::try_from(n.saturating_sub(1)).unwrap_or(0);
            format!("1{}", "0".repeat(zeros))
        }
    }
}

fn fits(kind: &SiteKind, symbol: &Symbol) -> bool {
    match (kind, symbol) {
        (SiteKind::Choice { q }, Symbol::Index(index)) => index < q,
        (SiteKind::Order { items, keep }, Symbol::Index(rank)) => {
            arrangements(*items, *keep).is_some_and(|count| u64::from(*rank) < count)
        }
        (SiteKind::Constant(generator), Symbol::Value(value)) => has_shape(*generator, value.as_bytes()),
        _ => false,
    }
}

/// Tells whether a text has a generator's shape, in lower case.
pub fn has_shape(generator: Generator, value: &[u8]) -> bool {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let mut bytes = value.iter().zip([true, false].into_iter().cycle());
    match generator {
        Generator::Word(n) => {
            length == n
                && bytes.all(
                    |(byte, consonant)| {
                        if consonant { CONSONANTS.contains(byte) } else { VOWELS.contains(byte) }
                    },
                )
        }
        Generator::Hex(n) => length == n && bytes.all(|(byte, _)| HEX.contains(byte)),
        Generator::Num(n) => {
            length == n && value.first() != Some(&b'0') && bytes.all(|(byte, _)| byte.is_ascii_digit())
        }
    }
}

/// Consonants of generated words: `q`, `x` and `y` are left out.
pub(crate) const CONSONANTS: &[u8] = b"bcdfghjklmnprstvwz";
/// Vowels of generated words.
pub(crate) const VOWELS: &[u8] = b"aeiou";
/// Digits of generated hexadecimal values.
pub(crate) const HEX: &[u8] = b"0123456789abcdef";

fn rendered(master: &Master, file: &MasterFile, codeword: &Codeword) -> RenderedFile {
    let mut out = Out { text: String::with_capacity(longest(&file.nodes)), places: None };
    write(master, &file.nodes, codeword, &mut out);
    RenderedFile { path: file.path.clone(), text: out.text }
}

/// About the most bytes that nodes come to, so that a text is not moved while it grows.
fn longest(nodes: &[Node]) -> usize {
    let of = |node: &Node| match node {
        Node::Text(text) => text.len(),
        Node::Constant { .. } => VALUE,
        Node::Choice { branches, .. } => branches.iter().map(|branch| longest(branch)).max().unwrap_or(0),
        Node::Order { items, separator, .. } => {
            items.iter().map(|item| longest(item) + separator.len()).sum()
        }
    };
    nodes.iter().map(of).sum()
}

/// About as many bytes as a generated value has.
const VALUE: usize = 32;

/// Renders one file and tells what of it each site produced, outer places before inner ones.
pub(crate) fn render_places(
    master: &Master,
    file: usize,
    codeword: &Codeword,
) -> Option<(String, Vec<Place>)> {
    let file = master.files.get(file)?;
    let mut out = Out { text: String::with_capacity(longest(&file.nodes)), places: Some(Vec::new()) };
    write(master, &file.nodes, codeword, &mut out);
    Some((out.text, out.places.unwrap_or_default()))
}

/// A part of a rendering that a site produced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) site: SiteIx,
    pub(crate) what: Part,
    /// Bytes of the rendering.
    pub(crate) range: Range<usize>,
}

/// What a [`Place`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A branch or a value.
    Value,
    /// The items of an order with what stands between them; `subset` when some are left out.
    Order { subset: bool },
    /// An item of the order before it, by its index in the author's order.
    Item(usize),
}

struct Out {
    text: String,
    places: Option<Vec<Place>>,
}

impl Out {
    /// Notes what `inner` writes as a place.
    fn place(&mut self, site: SiteIx, what: Part, inner: impl FnOnce(&mut Out)) {
        let start = self.text.len();
        let index = self.places.as_mut().map(|places| {
            places.push(Place { site, what, range: start..start });
            places.len() - 1
        });
        inner(self);
        let end = self.text.len();
        let place = index.and_then(|index| self.places.as_mut()?.get_mut(index));
        if let Some(place) = place {
            place.range.end = end;
        }
    }
}

fn write(master: &Master, nodes: &[Node], codeword: &Codeword, out: &mut Out) {
    let index = |site: &SiteIx| match codeword.symbol(*site) {
        Some(Symbol::Index(index)) => *index,
        _ => 0,
    };
    for node in nodes {
        match node {
            Node::Text(text) => out.text.push_str(text),
            Node::Choice { site, branches } => {
                let chosen = usize::try_from(index(site)).ok().and_then(|index| branches.get(index));
                if let Some(branch) = chosen.or(branches.first()) {
                    out.place(*site, Part::Value, |out| write(master, branch, codeword, out));
                }
            }
            Node::Constant { site } => {
                out.place(*site, Part::Value, |out| constant(master, *site, codeword, out));
            }
            Node::Order { site, items, separator } => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                let keep = match master.sites.get(site.0).map(|found| &found.kind) {
                    Some(SiteKind::Order { keep, .. }) => *keep,
                    _ => count,
                };
                out.place(*site, Part::Order { subset: keep < count }, |out| {
                    for (place, item) in arrangement(index(site), count, keep).into_iter().enumerate() {
                        if place > 0 {
                            out.text.push_str(separator);
                        }
                        if let Some(nodes) = items.get(item) {
                            out.place(*site, Part::Item(item), |out| write(master, nodes, codeword, out));
                        }
                    }
                });
            }
        }
    }
}

fn constant(master: &Master, site: SiteIx, codeword: &Codeword, out: &mut Out) {
    match (codeword.symbol(site), master.sites.get(site.0)) {
        (Some(Symbol::Value(value)), _) => out.text.push_str(value),
        (_, Some(found)) => {
            if let SiteKind::Constant(generator) = found.kind {
                out.text.push_str(&placeholder(generator));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
