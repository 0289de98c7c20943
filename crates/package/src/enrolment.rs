//! What a member's tool sends to accept an invitation: its keys, and that the signing key is its own.

use serde::{Deserialize, Serialize};

use crate::{Digest, MemberKey, MemberSigner, MemberVerifier, Signature};

/// First line of what is signed: nothing else that a member's key signs begins with it.
const DOMAIN: &str = "forewarn.enrolment/v1";

/// Keys for an invitation, signed by the signing key among them.
///
/// Signed are four lines, each ended by a line feed: `forewarn.enrolment/v1`, SHA-256 of the invitation's code in
/// lower-case hexadecimal, the age recipient, the signing key.
///
/// **Source:** Ed25519 (RFC 8032) over these bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The invitation's code.
    pub code: String,
    /// The key that copies are to be sealed to.
    pub recipient: MemberKey,
    /// The key that the member signs with.
    pub key: MemberVerifier,
    /// Its signature.
    pub signature: Signature,
}

impl EnrolmentRequest {
    /// Makes a request for an invitation's code.
    #[must_use]
    pub fn new(code: &str, recipient: MemberKey, signer: &MemberSigner) -> Self {
        let key = signer.verifier();
        let signature = signer.sign(&statement(code, &recipient, &key));
        Self { code: code.to_owned(), recipient, key, signature }
    }

    /// Tells whether the signing key's owner made the request, for this code and this recipient.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.key.signed(&statement(&self.code, &self.recipient, &self.key), &self.signature)
    }
}

fn statement(code: &str, recipient: &MemberKey, key: &MemberVerifier) -> Vec<u8> {
    format!("{DOMAIN}\n{}\n{recipient}\n{key}\n", Digest::of(code.as_bytes())).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    fn recipient(byte: u8) -> MemberKey {
        Identity::from_random(&[byte; 32]).unwrap().to_public()
    }

    #[test]
    fn keys_cannot_be_exchanged_on_the_way() {
        let (mine, other) = (MemberSigner::from_random(&[1; 32]), MemberSigner::from_random(&[2; 32]));
        let good = EnrolmentRequest::new("code", recipient(1), &mine);
        assert!(good.is_signed());
        let changes: [fn(&mut EnrolmentRequest, MemberVerifier); 3] =
            [|it, _| it.code.push('x'), |it, _| it.recipient = recipient(2), |it, other| it.key = other];
        for change in changes {
            let mut bad = good.clone();
            change(&mut bad, other.verifier());
            assert!(!bad.is_signed());
        }
        let json = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<EnrolmentRequest>(&json).unwrap(), good);
    }
}
