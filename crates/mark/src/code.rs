//! The codebook: which symbol a member's copy carries at a site.
//!
//! A symbol is a function of (release secret, member, site id) and of what is public about the site, so an
//! edit elsewhere does not move it and nothing has to be stored. Symbols of different members or sites are
//! independent, and uniform but at biased sites: rows are never compared, repaired or made distinct, since the
//! bound on accusing an innocent rests on that.
//!
//! # How a symbol is derived
//! 1. `key(purpose)` = HKDF-SHA256(salt `forewarn mark codebook v1`, secret).expand(`purpose`, 64 bytes), with
//!    the purposes `symbol`, `bias` and `row salt`.
//! 2. The stream of (member, site) is HMAC-SHA256(key(`symbol`), lp(member) ‖ lp(site id) ‖ counter) for the
//!    counters 0, 1, …; `lp` puts the length in bytes before a text, 8 bytes big-endian; the counter has 4.
//! 3. A number below `n` takes 8 bytes big-endian of the stream; numbers from the last multiple of `n` below
//!    2^64 on are thrown away and the next 8 bytes are taken.
//! 4. Choice: a number below `q`. Order: a number below the count of arrangements, the rank. Constant: a number
//!    per character, below the size of its alphabet; a value that [`ValueSpace`] excludes is thrown away and
//!    the stream goes on.
//! 5. Where a site has two symbols and the [`Bias`] is not [`Bias::Half`], its P is drawn from the stream
//!    HMAC-SHA256(key(`bias`), lp(site id) ‖ counter), and the symbol is 1 when a number below 65536 is below P.
//!
//! **Source:** RFC 5869 (HKDF), RFC 2104 (HMAC).

mod bias;
mod commit;
mod stream;
mod values;

use std::collections::HashMap;

use zeroize::Zeroizing;

pub(crate) use bias::Draw;
pub use bias::{Bias, CUT_OFF, SCALE};
pub use commit::{BiasOpening, CodebookCommitment, RowOpening, site_map_sha256};
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
    sites: Vec<CodeSite>,
    spaces: HashMap<Generator, ValueSpace>,
    site_map: [u8; 32],
}

struct CodeSite {
    id: SiteId,
    kind: SiteKind,
    /// P(symbol is 1) in 1/[`SCALE`], at sites of two symbols.
    one: Option<u32>,
}

impl Codebook {
    /// Derives the codebook of a release that is made for one or two colluders: no site is biased.
    pub fn new(secret: &ReleaseSecret, master: &Master) -> Codebook {
        Codebook::biased(secret, master, Bias::Half)
    }

    /// Derives the codebook of a release; `bias` is the law of its sites of two symbols.
    pub fn biased(secret: &ReleaseSecret, master: &Master, bias: Bias) -> Codebook {
        let (keys, draw) = (Keys::derive(&secret.0), Draw::new(bias));
        let mut spaces = HashMap::new();
        let mut sites = Vec::with_capacity(master.sites.len());
        for site in &master.sites {
            if let SiteKind::Constant(generator) = site.kind {
                spaces.entry(generator).or_insert_with(|| ValueSpace::new(master, generator));
            }
            let binary = has_two_symbols(&site.kind);
            let one = binary.then(|| draw_one(&draw, &keys, &site.id));
            sites.push(CodeSite { id: site.id.clone(), kind: site.kind.clone(), one });
        }
        Codebook { keys, sites, spaces, site_map: site_map_sha256(master) }
    }

    /// Gives a member's symbol at a site; `None` when the master has no such site.
    pub fn symbol(&self, member: &str, site: SiteIx) -> Option<Symbol> {
        Some(self.draw(member, self.sites.get(site.0)?))
    }

    /// Gives a member's symbols at all sites.
    pub fn codeword(&self, member: &str) -> Codeword {
        Codeword::drawn(self.sites.iter().map(|site| self.draw(member, site)).collect())
    }

    /// Gives what a constant's values are drawn from; `None` at other sites.
    pub fn value_space(&self, site: SiteIx) -> Option<&ValueSpace> {
        match self.sites.get(site.0)?.kind {
            SiteKind::Constant(generator) => self.spaces.get(&generator),
            _ => None,
        }
    }

    /// Gives P(symbol is 1) at a site of two symbols, exactly; `None` at other sites.
    pub fn one(&self, site: SiteIx) -> Option<f64> {
        Some(f64::from(self.sites.get(site.0)?.one?) / f64::from(SCALE))
    }

    fn draw(&self, member: &str, site: &CodeSite) -> Symbol {
        let mut stream = Stream::symbol(&self.keys, member, &site.id.0);
        match (site.one, &site.kind) {
            (Some(one), _) if one != SCALE / 2 => {
                Symbol::Index(u32::from(stream.below(u64::from(SCALE)) < u64::from(one)))
            }
            (_, SiteKind::Choice { q }) => Symbol::Index(index(&mut stream, u64::from(*q))),
            (_, SiteKind::Order { items, keep }) => {
                Symbol::Index(index(&mut stream, arrangements(*items, *keep).unwrap_or(1)))
            }
            (_, SiteKind::Constant(generator)) => {
                let space = self.spaces.get(generator);
                Symbol::Value(values::draw(&mut stream, *generator, |value| {
                    space.is_none_or(|space| space.holds(value))
                }))
            }
        }
    }
}

fn draw_one(draw: &Draw, keys: &Keys, site: &SiteId) -> u32 {
    let mut stream = Stream::bias(keys, &site.0);
    draw.next(|n| stream.below(n))
}

fn has_two_symbols(kind: &SiteKind) -> bool {
    match *kind {
        SiteKind::Choice { q } => q == 2,
        SiteKind::Order { items, keep } => arrangements(items, keep) == Some(2),
        SiteKind::Constant(_) => false,
    }
}

/// Draws an index; `count` is within 32 bits for every site that parses.
fn index(stream: &mut Stream, count: u64) -> u32 {
    u32::try_from(stream.below(count)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
