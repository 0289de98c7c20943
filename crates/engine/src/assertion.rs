//! Acknowledgements by passkeys: the challenge is what a signing key would sign, and the assertion is kept whole, so that
//! whoever has the log can check it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use package::{Acknowledgement, Digest};
use program::{
    Command, Program,
    assertion::{Asserted, Asserting, Assertion},
    delivery::DeliveryCommand,
    grant::Granted,
    id::{CaseId, ItemId, MemberId, PasskeyId, Sha256, UserId},
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use serde::Deserialize;
use tlog::{Hash, Tree};

use crate::{copy::Available, engine::Engine, error::StepError, hash::sha256};

/// Flags of the authenticator data: the person was there, and was verified. **Source:** Web Authentication, section 6.1.
const PRESENT_AND_VERIFIED: u8 = 0b101;
/// Where these flags lie: behind the hash of the relying party's domain.
const FLAGS: usize = 32;

/// What a person saw of a copy and of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The grant's entry.
    pub seq: u64,
    /// SHA-256 of the opened copy.
    pub sha256: Sha256,
    /// How many entries the log had.
    pub tree_size: u64,
    /// Its root.
    pub root: Sha256,
}

impl Engine {
    /// Returns the challenge that acknowledges a copy: SHA-256 of what a signing key would sign.
    ///
    /// # Errors
    /// [`StepError::Acknowledgement`] for another copy than the one that was granted, and for another log.
    pub async fn challenge(
        &self,
        member: &MemberId,
        copy: &Available,
        seen: Seen,
    ) -> Result<Sha256, StepError> {
        let fail = |says: &str| StepError::Acknowledgement(says.to_owned());
        if (seen.seq, seen.sha256) != (copy.granted.seq, copy.granted.sha256) {
            return Err(fail("this is another copy than the one that was granted"));
        }
        let root = Hash::from_bytes(seen.root.0);
        if self.ledger().await.tree().root_at(seen.tree_size).ok() != Some(root) {
            return Err(fail("this log never had that root"));
        }
        let of = (&copy.case, &copy.item.item, member);
        challenge(self.keys.log.name(), of, seen).map_err(|says| fail(&says))
    }

    /// Logs an acknowledgement by a passkey, whose assertion was checked against [`Engine::challenge`].
    ///
    /// # Errors
    /// What the program refuses: another passkey than one of the member, another grant, a second acknowledgement.
    pub async fn acknowledge_by_passkey(
        &self,
        member: &MemberId,
        passkey: PasskeyId,
        copy: &Available,
        seen: Seen,
        assertion: Assertion,
    ) -> Result<(), StepError> {
        let Seen { seq: grant, sha256, tree_size, root } = seen;
        let (case, item, member) = (copy.case.clone(), copy.item.item.clone(), member.clone());
        let asserting = Asserting { case, item, member, grant, sha256, tree_size, root, passkey, assertion };
        let command = DeliveryCommand::Assert(Box::new(asserting));
        self.execute(&UserId::member(), Command::Delivery(command)).await?;
        Ok(())
    }
}

/// Checks an acknowledgement by a passkey that is in the log: challenge, presence, signature, root, and whose passkey.
///
/// # Errors
/// What does not fit.
pub(crate) fn check(
    program: &Program,
    (origin, tree): (&str, &Tree),
    (case, item, member): (&CaseId, &ItemId, &MemberId),
    granted: &Granted,
    found: &Asserted,
) -> Result<(), String> {
    let fail = |says: &str| format!("the acknowledgement of `{item}` by `{member}`: {says}");
    let known = program.passkeys().get(found.passkey).ok_or_else(|| fail("there is no such passkey"))?;
    let at_member =
        matches!(&known.user, program::passkey::User::AtMember { member: of, .. } if of == member);
    if !at_member || known.credential != found.assertion.credential {
        return Err(fail("it is another's passkey"));
    }
    if tree.root_at(found.tree_size).ok() != Some(Hash::from_bytes(found.root.0)) {
        return Err(fail("it speaks of another log"));
    }
    let (seq, sha256) = (granted.seq, granted.sha256);
    let seen = Seen { seq, sha256, tree_size: found.tree_size, root: found.root };
    let challenge = challenge(origin, (case, item, member), seen)?;
    signed(&known.public, &found.assertion, &challenge).map_err(fail)
}

fn challenge(
    origin: &str,
    (case, item, member): (&CaseId, &ItemId, &MemberId),
    seen: Seen,
) -> Result<Sha256, String> {
    let statement = Acknowledgement {
        origin: origin.to_owned(),
        member: member.to_string(),
        case: case.to_string(),
        item: item.to_string(),
        seq: seen.seq,
        sha256: Digest::from_bytes(seen.sha256.0),
        tree_size: seen.tree_size,
        root: Hash::from_bytes(seen.root.0),
    };
    statement.to_bytes().map(|bytes| sha256(&bytes)).map_err(|error| error.to_string())
}

/// Checks an assertion over a challenge with a public credential as the log has it.
fn signed(public: &serde_json::Value, assertion: &Assertion, challenge: &Sha256) -> Result<(), &'static str> {
    #[derive(Deserialize)]
    struct ClientData {
        r#type: String,
        challenge: String,
    }
    let bytes = |text: &str| BASE64.decode(text).map_err(|_| "a part of it is no base64url");
    let data = bytes(&assertion.authenticator_data)?;
    let client = bytes(&assertion.client_data)?;
    let said: ClientData = serde_json::from_slice(&client).map_err(|_| "its client data is none")?;
    if said.r#type != "webauthn.get" || said.challenge != BASE64.encode(challenge.0) {
        return Err("it answers another challenge");
    }
    if data.get(FLAGS).is_none_or(|flags| flags & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED) {
        return Err("nobody was verified");
    }
    let message = [&data[..], &sha256(&client).0].concat();
    let (signature, key) = (bytes(&assertion.signature)?, public.pointer("/cred/cred/key"));
    let part = |path: &str| {
        let text = key.and_then(|key| key.pointer(path)).and_then(serde_json::Value::as_str);
        text.and_then(|text| BASE64.decode(text).ok())
    };
    let fits = match (part("/EC_EC2/x"), part("/EC_EC2/y"), part("/EC_OKP/x")) {
        (Some(x), Some(y), _) => {
            let point = [&[4_u8][..], &x, &y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&message, &signature)
        }
        (_, _, Some(x)) => UnparsedPublicKey::new(&ED25519, x).verify(&message, &signature),
        _ => return Err("its passkey is of a kind that is not checked here"),
    };
    fits.map_err(|_| "its signature is not the passkey's")
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    /// What an authenticator makes of a challenge: 37 bytes of its data, its flags among them.
    fn assertion(key: &Ed25519KeyPair, flags: u8, client: &str) -> Assertion {
        let mut data = [7_u8; 37];
        data[FLAGS] = flags;
        let message = [&data[..], &sha256(client.as_bytes()).0].concat();
        Assertion {
            credential: String::from("cred"),
            authenticator_data: BASE64.encode(data),
            client_data: BASE64.encode(client),
            signature: BASE64.encode(key.sign(&message)),
        }
    }

    #[test]
    fn only_a_verified_persons_answer_to_this_challenge_counts() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        let other = Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap();
        let x = BASE64.encode(key.public_key().as_ref());
        let public = json!({ "cred": { "cred": { "key": { "EC_OKP": { "curve": "ED25519", "x": x } } } } });
        let challenge = Sha256([9; 32]);
        let client = |kind: &str, of: [u8; 32]| {
            json!({ "type": kind, "challenge": BASE64.encode(of), "origin": "https://portal.example" })
                .to_string()
        };
        let get = client("webauthn.get", challenge.0);
        let refused = |assertion: &Assertion| signed(&public, assertion, &challenge).unwrap_err();
        assert_eq!(refused(&assertion(&other, 5, &get)), "its signature is not the passkey's");
        for flags in [0, 1, 4, 0b1111_1010] {
            assert_eq!(refused(&assertion(&key, flags, &get)), "nobody was verified", "{flags:b}");
        }
        for said in [client("webauthn.get", [8; 32]), client("webauthn.create", challenge.0)] {
            assert_eq!(refused(&assertion(&key, 5, &said)), "it answers another challenge");
        }
        assert_eq!(refused(&assertion(&key, 5, "x")), "its client data is none");
        let good = assertion(&key, 0b1_0101, &get);
        let short = Assertion { authenticator_data: BASE64.encode([7; 32]), ..good.clone() };
        assert_eq!(refused(&short), "nobody was verified");
        let torn = Assertion { signature: String::from("="), ..good.clone() };
        assert_eq!(refused(&torn), "a part of it is no base64url");
        assert!(signed(&json!({}), &good, &challenge).is_err());
        assert_eq!(signed(&public, &good, &challenge), Ok(()));
    }
}
