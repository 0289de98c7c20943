//! What a member does with a granted copy: it fetches it, and signs that it opened it.

use jiff::SignedDuration;
use package::{
    Acknowledgement, MemberVerifier, Receipt, SignedAcknowledgement,
    fetching::{SignedAt, SignedFetch},
};
use program::{
    Command, Program,
    by::By,
    delivery::{Acknowledging, DeliveryCommand, Fetching, SignedRequest},
    grant::Granted,
    id::{CaseId, ItemId, MemberId, Sha256, UserId},
};
use tlog::{Hash, Tree};

use crate::{copy::Available, engine::Engine, error::StepError};

/// How long after its end a signed request is remembered: replicas' clocks differ.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    /// Logs that a member begins to fetch a copy, unless it did before; the entry is durable before the first byte
    /// goes out. A signed request is answered once: the entry remembers the first, a counter the others. Tells whether
    /// it was the first fetch.
    ///
    /// # Errors
    /// [`StepError::Replayed`] for a signed request that came before; other errors when the member may not have it any
    /// more, or the log cannot be written.
    pub async fn note_fetch(
        &self,
        member: &MemberId,
        by: By,
        copy: &Available,
        signed: Option<&(SignedFetch, SignedAt)>,
    ) -> Result<bool, StepError> {
        let (case, item) = (&copy.case, &copy.item.item);
        if copy.granted.fetched.is_none() {
            let fetching = Fetching {
                case: case.clone(),
                item: item.clone(),
                member: member.clone(),
                by,
                signed: signed.map(|(signed, _)| Box::new(logged(signed))),
            };
            let command = Command::Delivery(DeliveryCommand::Fetch(fetching));
            if !self.execute(&UserId::member(), command).await?.is_empty() {
                return Ok(true);
            }
        }
        let Some((signed, at)) = signed else { return Ok(false) };
        let first = {
            let program = self.program().await;
            let fetched = program.case(case)?.granted(item, member).and_then(|it| it.fetched.clone());
            fetched.and_then(|fetched| fetched.signed)
        };
        if first.is_some_and(|first| *first == logged(signed)) {
            return Err(StepError::Replayed);
        }
        let until = at.expires.checked_add(REMEMBERED).unwrap_or(at.expires);
        let name = format!("request\n{member}\n{}\n{}", signed.key, at.nonce);
        if self.once(&name, until).await? { Ok(false) } else { Err(StepError::Replayed) }
    }

    /// Logs a member's acknowledgement of a copy once its signature holds; returns the receipt with it.
    ///
    /// # Errors
    /// [`StepError::Acknowledgement`] for a signature of anything else, and what the program refuses: another grant,
    /// another key than the confirmed one, a second acknowledgement.
    pub async fn acknowledge(
        &self,
        member: &MemberId,
        by: By,
        copy: &Available,
        signed: SignedAcknowledgement,
    ) -> Result<Receipt, StepError> {
        let fail = |says: &str| StepError::Acknowledgement(says.to_owned());
        let SignedAcknowledgement { seq, sha256, tree_size, root, key, signature } = signed;
        // The ids are those that were asked for, not those that somebody signed.
        let statement = Acknowledgement {
            origin: self.keys.log.name().to_owned(),
            member: member.to_string(),
            case: copy.case.to_string(),
            item: copy.item.item.to_string(),
            seq,
            sha256,
            tree_size,
            root,
        };
        statement.check(&key, &signature).map_err(|error| fail(&error.to_string()))?;
        if self.ledger().await.tree().root_at(tree_size).ok() != Some(root) {
            return Err(fail("this log never had that root"));
        }
        let acknowledging = Acknowledging {
            case: copy.case.clone(),
            item: copy.item.item.clone(),
            member: member.clone(),
            grant: seq,
            sha256: Sha256(*sha256.as_bytes()),
            tree_size,
            root: Sha256(*root.as_bytes()),
            key: key.to_string(),
            signature: signature.to_string(),
            by,
        };
        let command = DeliveryCommand::Acknowledge(acknowledging);
        self.execute(&UserId::member(), Command::Delivery(command)).await?;
        let granted = {
            let program = self.program().await;
            program.case(&copy.case)?.granted(&copy.item.item, member).cloned()
        };
        self.receipt(&granted.ok_or_else(|| fail("its grant is gone"))?).await
    }
}

/// Writes a checked request as it is logged.
fn logged(signed: &SignedFetch) -> SignedRequest {
    SignedRequest {
        authority: signed.authority.clone(),
        query: signed.query.clone(),
        token: Sha256(*signed.token.as_bytes()),
        input: signed.input.clone(),
        key: signed.key.to_string(),
        signature: signed.signature.to_string(),
    }
}

/// Checks a signed request that is in the log: signature, and whose key and token they are.
///
/// # Errors
/// What does not fit.
pub(crate) fn check_fetch(
    program: &Program,
    (case, item, member): (&CaseId, &ItemId, &MemberId),
    by: By,
    signed: &SignedRequest,
) -> Result<(), String> {
    let fail = |says: &dyn std::fmt::Display| format!("the fetch of `{item}` by `{member}`: {says}");
    let keys = &program.member(member).map_err(|error| error.to_string())?.signing_keys;
    if !keys.iter().any(|key| key.key == signed.key && key.confirmed.is_some()) {
        return Err(fail(&"the member never had the key that signed it"));
    }
    if program.tokens().by_hash(&signed.token).is_none_or(|shown| By::Token(shown.id) != by) {
        return Err(fail(&"it is signed for another token"));
    }
    let found = SignedFetch {
        authority: signed.authority.clone(),
        query: signed.query.clone(),
        token: package::Digest::from_bytes(signed.token.0),
        input: signed.input.clone(),
        key: signed.key.parse().map_err(|error| fail(&error))?,
        signature: signed.signature.parse().map_err(|error| fail(&error))?,
    };
    found.check(case.as_str(), item.as_str()).map(drop).map_err(|error| fail(&error))
}

/// Checks an acknowledgement that is in the log: signature, root, and whose key it is.
///
/// # Errors
/// What does not fit.
pub(crate) fn check(
    program: &Program,
    (origin, tree): (&str, &Tree),
    (case, item, member): (&CaseId, &ItemId, &MemberId),
    granted: &Granted,
) -> Result<(), String> {
    let Some(found) = &granted.acknowledged else { return Ok(()) };
    let keys = &program.member(member).map_err(|error| error.to_string())?.signing_keys;
    if !keys.iter().any(|key| key.key == found.key && key.confirmed.is_some()) {
        return Err(format!("`{member}` never had the key that acknowledged `{item}`"));
    }
    let root = Hash::from_bytes(found.root.0);
    if tree.root_at(found.tree_size).ok() != Some(root) {
        return Err(format!("the acknowledgement of `{item}` by `{member}` speaks of another log"));
    }
    let statement = Acknowledgement {
        origin: origin.to_owned(),
        member: member.to_string(),
        case: case.to_string(),
        item: item.to_string(),
        seq: granted.seq,
        sha256: package::Digest::from_bytes(granted.sha256.0),
        tree_size: found.tree_size,
        root,
    };
    let key: MemberVerifier = found.key.parse().map_err(|error| format!("{error}"))?;
    let signature = found.signature.parse().map_err(|error: package::BadSignature| error.to_string())?;
    statement
        .check(&key, &signature)
        .map_err(|error| format!("the acknowledgement of `{item}` by `{member}`: {error}"))
}
