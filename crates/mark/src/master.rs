//! The master: a package's files as invariant text and sites.
//!
//! A master is what the author wrote with the markup resolved. Rendering chooses a branch at every
//! site; reading finds out which branch a leak took. Code markup (`#~ rename`, `#~ pick`, …) and
//! text markup (`{~…~}`) end up as the same nodes, so nothing behind `syntax` knows which it was.

use serde::{Deserialize, Serialize};

/// A place in a package where members' copies may differ, stable under edits elsewhere.
///
/// A named site's id is its name; an unnamed one's is a hash over its file, its variants and how many
/// equal sites stand before it in that file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteId(pub String);

/// Index of a site in [`Master::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteIx(pub usize);

/// Where something stands in an author's file; line and column count from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// Path inside the package.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// A parsed package.
#[derive(Clone, Debug)]
pub struct Master {
    /// The package's files in path order.
    pub files: Vec<MasterFile>,
    /// Every site once, however many places it is coupled to.
    pub sites: Vec<Site>,
}

/// One file of a package.
#[derive(Clone, Debug)]
pub struct MasterFile {
    /// Path inside the package.
    pub path: String,
    /// Invariant text and sites in order.
    pub nodes: Vec<Node>,
}

/// A piece of a master file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text that is the same in every copy.
    Text(String),
    /// One of several branches: alternatives, `pick`, `rename`, or another place of a coupled site.
    ///
    /// The site's kind is [`SiteKind::Choice`] and the number of branches is its `q`.
    Choice {
        /// Which site.
        site: SiteIx,
        /// What each symbol stands for, in symbol order.
        branches: Vec<Vec<Node>>,
    },
    /// The member's own value; the site's kind is [`SiteKind::Constant`].
    Constant {
        /// Which site.
        site: SiteIx,
    },
    /// Items in a member's own order, joined by `separator`; the site's kind is [`SiteKind::Order`].
    Order {
        /// Which site.
        site: SiteIx,
        /// The items in the author's order.
        items: Vec<Vec<Node>>,
        /// What stands between two items.
        separator: String,
    },
}

/// A site and what may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Stable id.
    pub id: SiteId,
    /// Name given by the author, if any; a name couples places and files.
    pub name: Option<String>,
    /// What varies.
    pub kind: SiteKind,
    /// Where it is defined.
    pub at: Location,
}

/// What varies at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// One of `q` branches, each equally likely; the symbol is the branch's index.
    Choice {
        /// How many branches there are.
        q: u32,
    },
    /// A generated value; the symbol is the value itself.
    Constant(Generator),
    /// `keep` of `items` in some order; the symbol is the arrangement's rank (lexicographic).
    Order {
        /// How many items the author wrote.
        items: u32,
        /// How many of them a copy shows.
        keep: u32,
    },
}

/// A value generator of the authoring markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generator {
    /// Consonant and vowel in turn, starting with a consonant; `0` is the number of letters.
    Word(u32),
    /// Lower-case hexadecimal digits.
    Hex(u32),
    /// Decimal digits, the first not zero.
    Num(u32),
}

/// What a copy carries, or a leak shows, at a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbol {
    /// Index of a branch or rank of an arrangement.
    Index(u32),
    /// A generated value.
    Value(String),
}
