//! The commitments: that a row, and how likely its symbols were, is what was fixed.
//!
//! With H = SHA-256, lp(x) = the length of x in 8 bytes big-endian and then x, and n in 8 bytes big-endian:
//! row = H(lp(`forewarn mark row v1`) lp(member) lp(number of sites, and for each lp(id) and lp(`index`)
//! lp(decimal) or lp(`value`) lp(value)) lp(salt)); bias = H(lp(`forewarn mark bias v1`) number of sites, and
//! for each lp(id) P; lp(salt)); root = H(lp(`forewarn mark codebook v2`) lp(site map) lp(bias) number of rows,
//! rows).

use sha2::{Digest, Sha256};

use crate::file::{Biases, Commitment, RowOpening, Symbol};

/// Returns SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the commitment that an opened row opens; `None` when its salt is no salt.
pub fn row_commitment(opening: &RowOpening) -> Option<String> {
    let mut row = number(opening.symbols.len());
    for (site, symbol) in &opening.symbols {
        let (kind, text) = match symbol {
            Symbol::Index(index) => ("index", index.to_string()),
            Symbol::Value(value) => ("value", value.clone()),
        };
        row.extend([site.as_bytes(), kind.as_bytes(), text.as_bytes()].map(lp).concat());
    }
    let salt = bytes32(&opening.salt)?;
    let parts = [b"forewarn mark row v1", opening.member.as_bytes(), &row, &salt];
    Some(sha256_hex(&parts.map(lp).concat()))
}

/// Returns the commitment that biases open; `None` when their salt is no salt.
pub(crate) fn bias_commitment(biases: &Biases) -> Option<String> {
    let mut bytes = lp(b"forewarn mark bias v1");
    bytes.extend(number(biases.ones.len()));
    for (site, one) in &biases.ones {
        bytes.extend(lp(site.as_bytes()));
        bytes.extend(u64::from(*one).to_be_bytes());
    }
    bytes.extend(lp(&bytes32(&biases.salt)?));
    Some(sha256_hex(&bytes))
}

/// Returns the root over a commitment's parts; `None` when one of them is no hash.
pub(crate) fn root(commitment: &Commitment) -> Option<String> {
    let mut bytes = lp(b"forewarn mark codebook v2");
    bytes.extend(lp(&bytes32(&commitment.site_map)?));
    bytes.extend(lp(&bytes32(&commitment.bias)?));
    bytes.extend(number(commitment.rows.len()));
    for row in &commitment.rows {
        bytes.extend(bytes32(row)?);
    }
    Some(sha256_hex(&bytes))
}

fn bytes32(text: &str) -> Option<[u8; 32]> {
    let bytes = hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)?;
    bytes.try_into().ok()
}

fn lp(bytes: &[u8]) -> Vec<u8> {
    [&number(bytes.len()), bytes].concat()
}

fn number(n: usize) -> Vec<u8> {
    (n as u64).to_be_bytes().to_vec()
}
