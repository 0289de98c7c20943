//! Keys and the uniform numbers drawn from them.

use hkdf::Hkdf;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The keys of one release.
pub(super) struct Keys {
    symbol: Zeroizing<[u8; 64]>,
    bias: Zeroizing<[u8; 64]>,
    salt: Zeroizing<[u8; 64]>,
}

impl Keys {
    pub(super) fn derive(secret: &[u8; 32]) -> Keys {
        let hkdf = Hkdf::<Sha256>::new(Some(b"forewarn mark codebook v1"), secret);
        let [symbol, bias, salt] =
            [&b"symbol"[..], b"bias", b"row salt"].map(|purpose| expand(&hkdf, purpose));
        Keys { symbol, bias, salt }
    }

    /// The salt of a member's row commitment.
    pub(super) fn row_salt(&self, member: &str) -> [u8; 32] {
        let mut mac = keyed(&self.salt);
        feed(&mut mac, member);
        mac.finalize().into_bytes().into()
    }

    /// The salt of the commitment to the sites' P.
    pub(super) fn bias_salt(&self) -> [u8; 32] {
        let mut mac = keyed(&self.salt);
        // No member's: a text's length stands before it.
        mac.update(b"bias");
        mac.finalize().into_bytes().into()
    }
}

/// Bytes that follow from a key and what they are drawn for, as many as are asked for.
pub(super) struct Stream {
    mac: Hmac<Sha256>,
    counter: u32,
    block: std::array::IntoIter<u8, 32>,
}

impl Stream {
    /// The stream of a member's symbol at a site.
    pub(super) fn symbol(keys: &Keys, member: &str, site: &str) -> Stream {
        let mut mac = keyed(&keys.symbol);
        feed(&mut mac, member);
        feed(&mut mac, site);
        Stream::of(mac)
    }

    /// The stream of a site's p.
    pub(super) fn bias(keys: &Keys, site: &str) -> Stream {
        let mut mac = keyed(&keys.bias);
        feed(&mut mac, site);
        Stream::of(mac)
    }

    fn of(mac: Hmac<Sha256>) -> Stream {
        let mut stream = Stream { mac, counter: 0, block: [0; 32].into_iter() };
        stream.next_block();
        stream
    }

    /// A uniform number below `n`, without bias; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let n = n.max(1);
        // The 2^64 mod n numbers at the top would make the small remainders likelier.
        let excess = (u64::MAX % n + 1) % n;
        loop {
            let drawn = self.number();
            if drawn <= u64::MAX - excess {
                return drawn % n;
            }
        }
    }

    fn number(&mut self) -> u64 {
        let mut number = 0;
        for _ in 0..8 {
            number = (number << 8) | u64::from(self.byte());
        }
        number
    }

    fn byte(&mut self) -> u8 {
        if self.block.len() == 0 {
            self.next_block();
        }
        self.block.next().unwrap_or_default()
    }

    fn next_block(&mut self) {
        let mut mac = self.mac.clone();
        mac.update(&self.counter.to_be_bytes());
        self.counter = self.counter.wrapping_add(1);
        let block: [u8; 32] = mac.finalize().into_bytes().into();
        self.block = block.into_iter();
    }
}

fn expand(hkdf: &Hkdf<Sha256>, purpose: &[u8]) -> Zeroizing<[u8; 64]> {
    let mut key = Zeroizing::new([0; 64]);
    #[expect(clippy::expect_used, reason = "64 bytes are within HKDF's limit of 255 blocks")]
    hkdf.expand(purpose, key.as_mut_slice()).expect("64 bytes are two blocks");
    key
}

fn keyed(key: &[u8; 64]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new(key.into())
}

fn feed(mac: &mut Hmac<Sha256>, text: &str) {
    mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    mac.update(text.as_bytes());
}
