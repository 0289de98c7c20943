//! What happened, provably: the Merkle tree over the log's commitments, its signed checkpoints, its tiles and
//! the proofs a member keeps.
//!
//! The public log's record is a 32-byte [`Commitment`] to a salt and an entry's body, so whoever reads the log
//! learns nothing but how many entries there are. Every text and file follows C2SP (tlog-checkpoint,
//! signed-note, tlog-tiles, tlog-proof), so that independent verifiers accept them.
//!
//! No I/O, no clock, no randomness: keys come from a seed that the caller draws.

mod checkpoint;
mod commitment;
mod consistency;
mod hash;
mod key;
mod proof;
mod tiles;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use commitment::{Commitment, SALT_SIZE, commitment, leaf_hash};
pub use consistency::{ConsistencyError, check_consistency};
pub use hash::{BadHash, Hash, LeafHash};
pub use key::{KeyError, LogSigner, LogVerifier};
pub use proof::{Proof, ProofError};
pub use tiles::{BadTilePath, TileFile, TileKind, TilePath, TilesError, bundle, read_tile, tiles};
pub use tree::{Tree, TreeError};
