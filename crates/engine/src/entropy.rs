//! The one source of randomness. Everything else is handed its random bytes.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// Where salts and secrets come from.
#[derive(Clone)]
pub enum Entropy {
    /// The operating system.
    System,
    /// A seeded stream, for replays and tests; never for a program with real secrets.
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl Entropy {
    /// Makes a stream that is the same for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// Returns fresh random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => system(&mut bytes),
            Self::Seeded(stream) => {
                stream.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes)
            }
        }
        bytes
    }
}

#[expect(clippy::disallowed_types, reason = "the one place that asks the operating system")]
fn system(bytes: &mut [u8]) {
    let mut source: rand::rngs::OsRng = rand::rngs::OsRng;
    source.fill_bytes(bytes);
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "Entropy::System",
            Self::Seeded(_) => "Entropy::Seeded",
        })
    }
}
