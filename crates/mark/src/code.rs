//! The codebook: which symbol a member's copy carries at a site.
//!
//! A symbol is a function of (release secret, member, site id) and of what is public about the site, so an
//! edit elsewhere does not move it and nothing has to be stored. Symbols of different members or sites are
//! independent and uniform: rows are never compared, repaired or made distinct, since the bound on accusing
//! an innocent rests on that.
//!
//! # How a symbol is derived
//! 1. `key(purpose)` = HKDF-SHA256(salt `forewarn mark codebook v1`, secret).expand(`purpose`, 64 bytes), with
//!    the purposes `symbol` and `row salt`.
//! 2. The stream of (member, site) is HMAC-SHA256(key(`symbol`), lp(member) ‖ lp(site id) ‖ counter) for the
//!    counters 0, 1, …; `lp` puts the length in bytes before a text, 8 bytes big-endian; the counter has 4.
//! 3. A number below `n` takes 8 bytes big-endian of the stream; numbers from the last multiple of `n` below
//!    2^64 on are thrown away and the next 8 bytes are taken.
//! 4. Choice: a number below `q`. Order: a number below the count of arrangements, the rank. Constant: a number
//!    per character, below the size of its alphabet; a value that [`ValueSpace`] excludes is thrown away and
//!    the stream goes on.
//!
//! **Source:** RFC 5869 (HKDF), RFC 2104 (HMAC).

mod commit;
mod stream;
mod values;

use std::collections::HashMap;

use zeroize::Zeroizing;

pub use commit::{CodebookCommitment, RowOpening, site_map_sha256};
pub use values::{ValueSpace, nominal_bits};

use crate::arrange::arrangements;
use crate::master::{Generator, Master, SiteId, SiteIx, SiteKind, Symbol};
use crate::render::Codeword;
use stream::{Keys, Stream};

/// The secret of one release, 32 bytes of full entropy; overwritten when dropped, never printed.
pub struct ReleaseSecret(Zeroizing<[u8; 32]>);

impl ReleaseSecret {
    /// Takes a secret that was drawn for this release alone.
    pub fn new(secret: [u8; 32]) -> ReleaseSecret {
        ReleaseSecret(Zeroizing::new(secret))
    }
}

/// Every member's symbols for one release of one master.
pub struct Codebook {
    keys: Keys,
    sites: Vec<(SiteId, SiteKind)>,
    spaces: HashMap<Generator, ValueSpace>,
    site_map: [u8; 32],
}

impl Codebook {
    /// Derives the codebook of a release.
    pub fn new(secret: &ReleaseSecret, master: &Master) -> Codebook {
        let mut spaces = HashMap::new();
        for site in &master.sites {
            if let SiteKind::Constant(generator) = site.kind {
                spaces.entry(generator).or_insert_with(|| ValueSpace::new(master, generator));
            }
        }
        Codebook {
            keys: Keys::derive(&secret.0),
            sites: master.sites.iter().map(|site| (site.id.clone(), site.kind.clone())).collect(),
            spaces,
            site_map: site_map_sha256(master),
        }
    }

    /// Gives a member's symbol at a site; `None` when the master has no such site.
    pub fn symbol(&self, member: &str, site: SiteIx) -> Option<Symbol> {
        let (id, kind) = self.sites.get(site.0)?;
        Some(self.draw(member, id, kind))
    }

    /// Gives a member's symbols at all sites.
    pub fn codeword(&self, member: &str) -> Codeword {
        Codeword::drawn(self.sites.iter().map(|(id, kind)| self.draw(member, id, kind)).collect())
    }

    /// Gives what a constant's values are drawn from; `None` at other sites.
    pub fn value_space(&self, site: SiteIx) -> Option<&ValueSpace> {
        match self.sites.get(site.0) {
            Some((_, SiteKind::Constant(generator))) => self.spaces.get(generator),
            _ => None,
        }
    }

    fn draw(&self, member: &str, id: &SiteId, kind: &SiteKind) -> Symbol {
        let mut stream = Stream::new(&self.keys, member, &id.0);
        match kind {
            SiteKind::Choice { q } => Symbol::Index(index(&mut stream, u64::from(*q))),
            SiteKind::Order { items, keep } => {
                Symbol::Index(index(&mut stream, arrangements(*items, *keep).unwrap_or(1)))
            }
            SiteKind::Constant(generator) => {
                let space = self.spaces.get(generator);
                Symbol::Value(values::draw(&mut stream, *generator, |value| {
                    space.is_none_or(|space| space.holds(value))
                }))
            }
        }
    }
}

/// Draws an index; `count` is within 32 bits for every site that parses.
fn index(stream: &mut Stream, count: u64) -> u32 {
    u32::try_from(stream.below(count)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
