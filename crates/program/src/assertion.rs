//! An acknowledgement by the passkey of somebody at the member: the passkey's assertion in the place of the signing key's
//! signature.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    delivery::permitted,
    grant::{GrantEvent, Granted},
    id::{CaseId, ItemId, MemberId, PasskeyId, Sha256},
    passkey,
    program::Program,
    refusal::Refusal,
};

/// What an authenticator made of a challenge, each part base64url without padding.
///
/// **Source:** Web Authentication, section 6.3.3: the signature is over the authenticator data and SHA-256 of the client
/// data, which holds the challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The credential's id.
    pub credential: String,
    /// The authenticator data.
    pub authenticator_data: String,
    /// The client data, JSON as the browser wrote it.
    pub client_data: String,
    /// The signature.
    pub signature: String,
}

/// A person's word, at the member, that the copy was opened; the challenge is SHA-256 of what a signing key would sign.
/// Whoever makes the command has checked the assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asserting {
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// Who.
    pub member: MemberId,
    /// The grant's entry.
    pub grant: u64,
    /// SHA-256 of the opened copy.
    pub sha256: Sha256,
    /// How many entries the log had that the person saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Sha256,
    /// Which passkey.
    pub passkey: PasskeyId,
    /// What it made of the challenge.
    pub assertion: Assertion,
}

/// An acknowledgement by a passkey, as the state keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asserted {
    /// Sequence number of its entry.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How many entries the log had that the person saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Sha256,
    /// Which passkey.
    pub passkey: PasskeyId,
    /// What it made of the challenge.
    pub assertion: Assertion,
}

/// Decides on it; the first one counts, and the same again decides on nothing.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    asserting: Asserting,
) -> Result<Vec<Event>, Refusal> {
    let Asserting { case, item, member, passkey: id, assertion, .. } = &asserting;
    passkey::check(program, *id, member)?;
    let granted = permitted(program, ctx, case, item, member)?;
    if let Some(known) = &granted.asserted {
        let same = known.assertion == *assertion;
        return if same { Ok(Vec::new()) } else { Err(Refusal::AcknowledgedAlready) };
    }
    let own = program.passkeys().get(*id).is_some_and(|known| known.credential == assertion.credential);
    if !own {
        return Err(Refusal::BadPasskey);
    }
    let this = asserting.grant == granted.seq && asserting.sha256 == granted.sha256;
    // What the person saw holds the grant, and is not from the future.
    if !this || asserting.tree_size <= granted.seq || asserting.tree_size > program.entries() {
        return Err(Refusal::OtherGrant);
    }
    Ok(vec![Event::Grant(GrantEvent::Asserted(Box::new(asserting)))])
}

pub(crate) fn apply(granted: &mut Granted, found: &Asserting, seq: u64, at: Timestamp) {
    granted.asserted = Some(Box::new(Asserted {
        seq,
        at,
        tree_size: found.tree_size,
        root: found.root,
        passkey: found.passkey,
        assertion: found.assertion.clone(),
    }));
}
