//! What a member gets: copies sealed to its key, a receipt that proves each grant, and a manifest of an
//! exported folder.
//!
//! No I/O of its own and no clock. Keys are arguments; only the sealing itself draws randomness from the
//! operating system, inside `age`, because a repeated file key or nonce would open copies.

mod acknowledgement;
mod digest;
mod enrolment;
pub mod fetching;
mod fingerprint;
mod grant;
mod hybrid;
mod identity;
mod manifest;
mod padding;
mod receipt;
mod recipient;
mod seal;
mod signature_base;
mod signing;

pub use acknowledgement::{Acknowledgement, AcknowledgementError, SignedAcknowledgement};
pub use age::secrecy::ExposeSecret;
pub use digest::{BadDigest, Digest};
pub use enrolment::EnrolmentRequest;
pub use identity::{Identity, IdentityError};
pub use manifest::{CopyEntry, Manifest, ManifestError, Tlp};
pub use receipt::{
    Acknowledged, AcknowledgementFacts, CopyFacts, FetchFacts, Fetched, Opening, Receipt, ReceiptError,
    ReceiptFacts,
};
pub use recipient::{MemberKey, MemberKeyError};
pub use seal::{OpenError, SealError, open, open_to, seal, seal_to};
pub use signing::{BadSignature, MemberSigner, MemberVerifier, Signature, SigningKeyError};
