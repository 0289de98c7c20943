//! Commitment to a codebook before a copy exists, and its opening for one member.
//!
//! With H = SHA-256, `lp(x)` = length of `x` in bytes as 8 bytes big-endian ‖ `x`, and `n` as 8 bytes big-endian:
//!
//! - a symbol is encoded as lp(`index`) ‖ lp(decimal number) or lp(`value`) ‖ lp(value);
//! - row = number of sites ‖ for every site in the order of its id: lp(site id) ‖ symbol;
//! - row commitment = H(lp(`forewarn mark row v1`) ‖ lp(member) ‖ lp(row) ‖ lp(salt)), salt 32 bytes;
//! - bias commitment = H(lp(`forewarn mark bias v1`) ‖ number of sites of two symbols ‖ for each in the order
//!   of its id: lp(site id) ‖ P as a number ‖ lp(salt)), salt 32 bytes;
//! - root = H(lp(`forewarn mark codebook v2`) ‖ lp(site map hash) ‖ lp(bias commitment) ‖ number of rows ‖ row
//!   commitments, sorted).
//!
//! Salts make the row commitments say nothing about members or symbols, so all of them may be published; one
//! opening then proves one member's row to anybody who has the list and the logged root.
//!
//! **Source:** a code that is fixed before delivery answers the attack of Charpentier, Fontaine, Furon and Cox,
//! arXiv 1010.2621: an operator that alters the code afterwards.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Codebook;
use crate::master::{Generator, Master, Node, SiteId, SiteKind, Symbol};

/// What the log holds about a codebook before a copy exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodebookCommitment {
    /// Hash over everything else, lower-case hex.
    pub root: String,
    /// [`site_map_sha256`] of the master, lower-case hex.
    pub site_map: String,
    /// [`BiasOpening::commitment`], lower-case hex.
    pub bias: String,
    /// Row commitments in ascending order, lower-case hex.
    pub rows: Vec<String>,
}

/// One member's row with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOpening {
    /// The member.
    pub member: String,
    /// Every site's symbol in the order of the site ids.
    pub symbols: Vec<(SiteId, Symbol)>,
    /// 32 bytes, lower-case hex.
    pub salt: String,
}

/// How likely symbol 1 is at every site of two symbols, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BiasOpening {
    /// P in 1/65536, in the order of the site ids.
    pub ones: Vec<(SiteId, u32)>,
    /// 32 bytes, lower-case hex.
    pub salt: String,
}

impl Codebook {
    /// Commits to the rows of these members; their order does not matter.
    pub fn commitment(&self, members: &[&str]) -> CodebookCommitment {
        let mut rows: Vec<String> =
            members.iter().map(|member| self.row_opening(member).commitment()).collect();
        rows.sort();
        rows.dedup();
        let (site_map, bias) = (hex::encode(self.site_map), self.bias_opening().commitment());
        CodebookCommitment { root: root(&site_map, &bias, &rows), site_map, bias, rows }
    }

    /// Opens one member's row.
    pub fn row_opening(&self, member: &str) -> RowOpening {
        let word = self.codeword(member);
        let mut symbols: Vec<_> =
            self.sites.iter().map(|site| site.id.clone()).zip(word.symbols().iter().cloned()).collect();
        symbols.sort();
        RowOpening { member: member.to_owned(), symbols, salt: hex::encode(self.keys.row_salt(member)) }
    }

    /// Opens how likely symbol 1 is at every site of two symbols.
    pub fn bias_opening(&self) -> BiasOpening {
        let mut ones: Vec<_> =
            self.sites.iter().filter_map(|site| Some((site.id.clone(), site.one?))).collect();
        ones.sort();
        BiasOpening { ones, salt: hex::encode(self.keys.bias_salt()) }
    }
}

impl CodebookCommitment {
    /// Tells whether an opening belongs to this commitment and the commitment is whole.
    pub fn holds(&self, opening: &RowOpening) -> bool {
        self.rows.is_sorted()
            && self.root == root(&self.site_map, &self.bias, &self.rows)
            && self.rows.binary_search(&opening.commitment()).is_ok()
    }
}

impl BiasOpening {
    /// Computes the commitment that this opens, lower-case hex.
    pub fn commitment(&self) -> String {
        let mut bytes = Vec::new();
        field(&mut bytes, b"forewarn mark bias v1");
        count(&mut bytes, self.ones.len());
        for (site, one) in &self.ones {
            field(&mut bytes, site.0.as_bytes());
            bytes.extend(u64::from(*one).to_be_bytes());
        }
        field(&mut bytes, &hex::decode(&self.salt).unwrap_or_else(|_| self.salt.clone().into_bytes()));
        hex::encode(Sha256::digest(&bytes))
    }
}

impl RowOpening {
    /// Computes the row commitment that this opens, lower-case hex.
    pub fn commitment(&self) -> String {
        let mut row = Vec::new();
        count(&mut row, self.symbols.len());
        for (site, symbol) in &self.symbols {
            field(&mut row, site.0.as_bytes());
            match symbol {
                Symbol::Index(index) => {
                    field(&mut row, b"index");
                    field(&mut row, index.to_string().as_bytes());
                }
                Symbol::Value(value) => {
                    field(&mut row, b"value");
                    field(&mut row, value.as_bytes());
                }
            }
        }
        let mut bytes = Vec::new();
        field(&mut bytes, b"forewarn mark row v1");
        field(&mut bytes, self.member.as_bytes());
        field(&mut bytes, &row);
        // A salt that is not hex opens nothing; its text is hashed so that two such salts still differ.
        field(&mut bytes, &hex::decode(&self.salt).unwrap_or_else(|_| self.salt.clone().into_bytes()));
        hex::encode(Sha256::digest(&bytes))
    }
}

/// Hashes a whole master: files, invariant text, branches and sites.
///
/// SHA-256 over lp(`forewarn mark master v1`), the files and the sites in their order. A list is its length and
/// its elements; a file is lp(path) and its nodes; a node is lp(`text`) lp(text), lp(`choice`) site branches,
/// lp(`constant`) site, or lp(`order`) site items lp(separator), with the site's index; a site is lp(id), then
/// lp(`choice`) q, lp(`word`|`hex`|`num`) length, or lp(`order`) items keep. Every number has 8 bytes.
pub fn site_map_sha256(master: &Master) -> [u8; 32] {
    let mut bytes = Vec::new();
    field(&mut bytes, b"forewarn mark master v1");
    count(&mut bytes, master.files.len());
    for file in &master.files {
        field(&mut bytes, file.path.as_bytes());
        nodes(&mut bytes, &file.nodes);
    }
    count(&mut bytes, master.sites.len());
    for site in &master.sites {
        field(&mut bytes, site.id.0.as_bytes());
        let numbers: &[u32] = match &site.kind {
            SiteKind::Choice { q } => {
                field(&mut bytes, b"choice");
                &[*q]
            }
            SiteKind::Constant(Generator::Word(n)) => {
                field(&mut bytes, b"word");
                &[*n]
            }
            SiteKind::Constant(Generator::Hex(n)) => {
                field(&mut bytes, b"hex");
                &[*n]
            }
            SiteKind::Constant(Generator::Num(n)) => {
                field(&mut bytes, b"num");
                &[*n]
            }
            SiteKind::Order { items, keep } => {
                field(&mut bytes, b"order");
                &[*items, *keep]
            }
        };
        for number in numbers {
            bytes.extend(u64::from(*number).to_be_bytes());
        }
    }
    Sha256::digest(&bytes).into()
}

fn root(site_map: &str, bias: &str, rows: &[String]) -> String {
    let mut bytes = Vec::new();
    field(&mut bytes, b"forewarn mark codebook v2");
    for hash in [site_map, bias] {
        field(&mut bytes, &hex::decode(hash).unwrap_or_else(|_| hash.into()));
    }
    count(&mut bytes, rows.len());
    for row in rows {
        bytes.extend(hex::decode(row).unwrap_or_else(|_| row.clone().into_bytes()));
    }
    hex::encode(Sha256::digest(&bytes))
}

fn nodes(bytes: &mut Vec<u8>, list: &[Node]) {
    count(bytes, list.len());
    for node in list {
        match node {
            Node::Text(text) => {
                field(bytes, b"text");
                field(bytes, text.as_bytes());
            }
            Node::Choice { site, branches } => {
                field(bytes, b"choice");
                count(bytes, site.0);
                lists(bytes, branches);
            }
            Node::Constant { site } => {
                field(bytes, b"constant");
                count(bytes, site.0);
            }
            Node::Order { site, items, separator } => {
                field(bytes, b"order");
                count(bytes, site.0);
                lists(bytes, items);
                field(bytes, separator.as_bytes());
            }
        }
    }
}

fn lists(bytes: &mut Vec<u8>, lists: &[Vec<Node>]) {
    count(bytes, lists.len());
    for list in lists {
        nodes(bytes, list);
    }
}

fn field(bytes: &mut Vec<u8>, field: &[u8]) {
    count(bytes, field.len());
    bytes.extend(field);
}

fn count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes());
}
