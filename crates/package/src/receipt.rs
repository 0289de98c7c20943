//! The proof that a member's copy was granted: one JSON file that verifies without the program.

mod acknowledged;
mod fetched;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tlog::{Checkpoint, LogVerifier, Proof, ProofError, SALT_SIZE, commitment};

use crate::{
    Digest,
    digest::lower_hex,
    grant::{Given, Grant},
};

pub use acknowledged::{Acknowledged, AcknowledgementFacts};
pub use fetched::{FetchFacts, Fetched};

/// Version without an acknowledgement.
const VERSION: u32 = 1;

/// Version with one, which tools that cannot check a member's signature refuse.
const ACKNOWLEDGED: u32 = 2;

/// Version with the member's signed request, with or without an acknowledgement; so are these.
const FETCHED: u32 = 3;

/// A grant's log entry, opened for the member it belongs to, with the proof that the log contains it.
///
/// Every field is either authenticated by the log's signature or compared with what is, so any change is
/// noticed. Give receipts only to the member they name: the opening tells what the log hides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    v: u32,
    /// Member that the copy was granted to.
    pub member: String,
    /// Case of the item.
    pub case: String,
    /// Item that was granted.
    pub item: String,
    /// The member's own copy, opened.
    pub copy: CopyFacts,
    /// What the log's record commits to.
    pub opening: Opening,
    /// Inclusion proof with a checkpoint: the text of a C2SP `.tlog-proof` file.
    pub proof: String,
    /// The log's verifier key. A hint for people: verification uses the key that the member pinned.
    pub vkey: String,
    /// The member's signature with its place in the log, once the member acknowledged the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<Acknowledged>,
    /// The member's signed request with its place in the log, once the member fetched the copy by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetched>,
}

/// The opened copy's hash and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyFacts {
    /// SHA-256 of the opened copy.
    pub sha256: Digest,
    /// Size of the opened copy, in bytes.
    pub size: u64,
}

/// Opening of a log entry: what its record commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Index of the entry in the log, counted from 0.
    pub seq: u64,
    /// The entry's salt; 32 lower-case hexadecimal digits in JSON.
    #[serde(with = "salt_hex")]
    pub salt: [u8; SALT_SIZE],
    /// The entry's stored bytes, exactly; base64 in JSON.
    #[serde(with = "body_base64")]
    pub body: Vec<u8>,
}

/// What a verified receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFacts {
    /// Member that the copy was granted to.
    pub member: String,
    /// Case of the item.
    pub case: String,
    /// Wave in which it was granted.
    pub wave: String,
    /// Item that was granted.
    pub item: String,
    /// The opened copy's hash and size.
    pub copy: CopyFacts,
    /// When the entry was logged.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: String,
    /// Index of the entry in the log, counted from 0.
    pub seq: u64,
    /// The verified checkpoint that contains the entry; keep the newest one.
    pub checkpoint: Checkpoint,
    /// Whether a copy was given and compared.
    pub copy_checked: bool,
    /// The member's acknowledgement, if the receipt holds one.
    pub acknowledged: Option<AcknowledgementFacts>,
    /// The member's signed first fetch, if the receipt holds one.
    pub fetched: Option<FetchFacts>,
}

/// A receipt that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// The JSON does not read.
    #[error("the receipt is damaged: {0}; fetch it again")]
    Json(String),
    /// Another version of the format.
    #[error("the receipt has version {found}, this tool reads 1 to 3: update the tool")]
    Version {
        /// Version that was found.
        found: u32,
    },
    /// The receipt names another log key than the pinned one.
    #[error(
        "the receipt names the log key `{receipt}`, pinned is `{pinned}`: do not trust it before the log's owner \
         confirms a new key over a second channel"
    )]
    Vkey {
        /// Key in the receipt.
        receipt: String,
        /// Key that the member pinned.
        pinned: String,
    },
    /// The proof, or the opening that it should prove, was changed.
    #[error("the receipt's proof does not hold: {0}")]
    Proof(#[from] ProofError),
    /// The proof is for another entry.
    #[error("the receipt opens entry {opening} but proves entry {proof}: fetch it again")]
    Seq {
        /// Entry in the opening.
        opening: u64,
        /// Entry in the proof.
        proof: u64,
    },
    /// The log entry is no grant of a copy.
    #[error("the log entry in the receipt is no grant: {reason}")]
    NotAGrant {
        /// What is wrong with the entry's body.
        reason: String,
    },
    /// The acknowledgement in it is none of this grant.
    #[error("the receipt's acknowledgement does not hold: {0}; fetch the receipt again")]
    Acknowledgement(String),
    /// The first fetch in it is none of this grant, or not the member's.
    #[error("the receipt's first fetch does not hold: {0}; fetch the receipt again")]
    Fetch(String),
    /// A field outside the opening says something else than the log entry.
    #[error("the receipt's field `{field}` says `{receipt}`, the log says `{log}`: the receipt was changed")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// Value in the receipt.
        receipt: String,
        /// Value in the log entry.
        log: String,
    },
    /// The copy has another size.
    #[error(
        "the copy has {found} bytes, the log granted {granted}: it was changed or cut off, fetch it again"
    )]
    CopySize {
        /// Size of the copy given.
        found: u64,
        /// Size in the log entry.
        granted: u64,
    },
    /// The copy has another hash.
    #[error("the copy is not the one the log granted: its SHA-256 is {found}, granted was {granted}")]
    CopyChanged {
        /// SHA-256 of the copy given.
        found: Digest,
        /// SHA-256 in the log entry.
        granted: Digest,
    },
}

impl Receipt {
    /// Makes the receipt of a grant, and verifies it before it leaves.
    ///
    /// # Errors
    ///
    /// As [`Receipt::verify`]: an entry that is no grant, or a proof that does not fit, makes no receipt.
    pub fn issue(opening: Opening, proof: &Proof, verifier: &LogVerifier) -> Result<Self, ReceiptError> {
        let Given { member, case, item, sha256, size, .. } = grant(&opening)?.given;
        let copy = CopyFacts { sha256, size };
        let (proof, vkey) = (proof.to_string(), verifier.to_string());
        let (acknowledgement, fetch) = (None, None);
        let receipt =
            Self { v: VERSION, member, case, item, copy, opening, proof, vkey, acknowledgement, fetch };
        receipt.verify(verifier, None)?;
        Ok(receipt)
    }

    /// Adds the member's acknowledgement, proved against the same checkpoint, and verifies the whole.
    ///
    /// # Errors
    ///
    /// As [`Receipt::verify`].
    pub fn with_acknowledgement(
        mut self,
        opening: Opening,
        proof: &Proof,
        verifier: &LogVerifier,
    ) -> Result<Self, ReceiptError> {
        self.acknowledgement = Some(Acknowledged { opening, proof: proof.to_string() });
        self.v = self.version();
        self.verify(verifier, None)?;
        Ok(self)
    }

    /// Adds the member's signed first fetch, proved against the same checkpoint, and verifies the whole.
    ///
    /// # Errors
    ///
    /// As [`Receipt::verify`].
    pub fn with_fetch(
        mut self,
        opening: Opening,
        proof: &Proof,
        verifier: &LogVerifier,
    ) -> Result<Self, ReceiptError> {
        self.fetch = Some(Fetched { opening, proof: proof.to_string() });
        self.v = self.version();
        self.verify(verifier, None)?;
        Ok(self)
    }

    fn version(&self) -> u32 {
        match (&self.fetch, &self.acknowledgement) {
            (Some(_), _) => FETCHED,
            (None, Some(_)) => ACKNOWLEDGED,
            (None, None) => VERSION,
        }
    }

    /// Checks the receipt against the pinned log key and, when it is given, the opened copy.
    ///
    /// # Errors
    ///
    /// Says what was changed: the key, the proof or its opening, a field, or the copy.
    pub fn verify(
        &self,
        verifier: &LogVerifier,
        plaintext: Option<&[u8]>,
    ) -> Result<ReceiptFacts, ReceiptError> {
        if self.v != self.version() {
            return Err(ReceiptError::Version { found: self.v });
        }
        let pinned = verifier.to_string();
        if self.vkey != pinned {
            return Err(ReceiptError::Vkey { receipt: shown(&self.vkey), pinned });
        }
        let checkpoint = proved(&self.opening, &self.proof, verifier)?;
        let Grant { at, actor, given } = grant(&self.opening)?;
        let copy = CopyFacts { sha256: given.sha256, size: given.size };
        same("member", &self.member, &given.member)?;
        same("case", &self.case, &given.case)?;
        same("item", &self.item, &given.item)?;
        same("copy.sha256", &self.copy.sha256.to_string(), &copy.sha256.to_string())?;
        same("copy.size", &self.copy.size.to_string(), &copy.size.to_string())?;
        if let Some(plaintext) = plaintext {
            copy.check(plaintext)?;
        }
        let acknowledged = match &self.acknowledgement {
            Some(found) => Some(found.verify(verifier, &checkpoint, self.opening.seq, &given)?),
            None => None,
        };
        let fetched = match &self.fetch {
            Some(found) => Some(found.verify(verifier, &checkpoint, self.opening.seq, &given)?),
            None => None,
        };
        let Given { member, case, wave, item, .. } = given;
        let (seq, copy_checked) = (self.opening.seq, plaintext.is_some());
        Ok(ReceiptFacts {
            member,
            case,
            wave,
            item,
            copy,
            at,
            actor,
            seq,
            checkpoint,
            copy_checked,
            acknowledged,
            fetched,
        })
    }

    /// Reads a receipt. It proves nothing before [`Receipt::verify`].
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Version`] for another version, [`ReceiptError::Json`] for everything else.
    pub fn from_json(json: &[u8]) -> Result<Self, ReceiptError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let damaged = |error: serde_json::Error| ReceiptError::Json(error.to_string());
        let Version { v } = serde_json::from_slice(json).map_err(damaged)?;
        if !matches!(v, VERSION | ACKNOWLEDGED | FETCHED) {
            return Err(ReceiptError::Version { found: v });
        }
        serde_json::from_slice(json).map_err(damaged)
    }

    /// Writes the receipt as one line of JSON.
    ///
    /// # Errors
    ///
    /// [`ReceiptError::Json`] never happens for the fields a receipt has.
    pub fn to_json(&self) -> Result<String, ReceiptError> {
        serde_json::to_string(self).map_err(|error| ReceiptError::Json(error.to_string()))
    }
}

/// Checks an opening against the log.
fn proved(opening: &Opening, proof: &str, verifier: &LogVerifier) -> Result<Checkpoint, ReceiptError> {
    let proof: Proof = proof.parse()?;
    if proof.index != opening.seq {
        return Err(ReceiptError::Seq { opening: opening.seq, proof: proof.index });
    }
    let record = commitment(&opening.salt, &opening.body);
    Ok(proof.verify(verifier, &record)?)
}

impl CopyFacts {
    fn check(&self, plaintext: &[u8]) -> Result<(), ReceiptError> {
        let found = plaintext.len() as u64;
        if found != self.size {
            return Err(ReceiptError::CopySize { found, granted: self.size });
        }
        let found = Digest::of(plaintext);
        if found != self.sha256 {
            return Err(ReceiptError::CopyChanged { found, granted: self.sha256 });
        }
        Ok(())
    }
}

fn grant(opening: &Opening) -> Result<Grant, ReceiptError> {
    Grant::read(&opening.body).map_err(|reason| ReceiptError::NotAGrant { reason })
}

fn same(field: &'static str, receipt: &str, log: &str) -> Result<(), ReceiptError> {
    if receipt == log {
        return Ok(());
    }
    Err(ReceiptError::Field { field, receipt: shown(receipt), log: shown(log) })
}

fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

mod salt_hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{SALT_SIZE, lower_hex};

    pub(super) fn serialize<S: Serializer>(salt: &[u8; SALT_SIZE], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(salt))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; SALT_SIZE], D::Error> {
        let text = String::deserialize(from)?;
        lower_hex(&text).ok_or_else(|| Error::custom("the salt is not 32 lower-case hexadecimal digits"))
    }
}

mod body_base64 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{BASE64_STANDARD, Engine};

    pub(super) fn serialize<S: Serializer>(body: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(body))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD.decode(text).map_err(|_| Error::custom("the body is not base64"))
    }
}

#[cfg(test)]
mod tests;
