//! What a member does with a granted copy: it fetches it, and signs that it opened it.

use package::{Acknowledgement, MemberVerifier, Receipt, SignedAcknowledgement};
use program::{
    Command, Program,
    delivery::{Acknowledging, DeliveryCommand, Fetching},
    grant::Granted,
    id::{CaseId, ItemId, MemberId, Sha256, TokenId, UserId},
};
use tlog::{Hash, Tree};

use crate::{copy::Available, engine::Engine, error::StepError};

impl Engine {
    /// Logs that a member begins to fetch a copy, unless it did before; the entry is durable before the first byte
    /// goes out.
    ///
    /// # Errors
    /// [`StepError`] when the member may not have it any more, or the log cannot be written.
    pub async fn note_fetch(
        &self,
        member: &MemberId,
        token: TokenId,
        copy: &Available,
    ) -> Result<(), StepError> {
        if copy.granted.fetched.is_some() {
            return Ok(());
        }
        let (case, item, member) = (copy.case.clone(), copy.item.item.clone(), member.clone());
        let command = DeliveryCommand::Fetch(Fetching { case, item, member, token });
        self.execute(&UserId::member(), Command::Delivery(command)).await?;
        Ok(())
    }

    /// Logs a member's acknowledgement of a copy once its signature holds; returns the receipt with it.
    ///
    /// # Errors
    /// [`StepError::Acknowledgement`] for a signature of anything else, and what the program refuses: another grant,
    /// another key than the confirmed one, a second acknowledgement.
    pub async fn acknowledge(
        &self,
        member: &MemberId,
        token: TokenId,
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
            token,
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
