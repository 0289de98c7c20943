//! What became of a granted copy at its member: fetched, acknowledged.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::{Action, Effect, Standing};
use serde::{Deserialize, Serialize};

use crate::{
    Event, actor,
    assertion::{self, Asserting},
    by::By,
    case::Case,
    context::Context,
    grant::{GrantEvent, Granted},
    id::{CaseId, ItemId, MemberId, Sha256},
    judge,
    program::Program,
    refusal::Refusal,
    token::Scope,
};

/// A member begins to fetch its copy for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetching {
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// Who.
    pub member: MemberId,
    /// By what.
    #[serde(flatten)]
    pub by: By,
    /// The member's signature of the request, where it made one; whoever makes the command has checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Box<SignedRequest>>,
}

/// A member's signature of its request for a copy: with case and item, all that it is over.
///
/// **Source:** RFC 9421.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRequest {
    /// The host that was asked.
    pub authority: String,
    /// The query of the request, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// SHA-256 of the token's text.
    pub token: Sha256,
    /// What is covered, with its parameters, as in the header field `Signature-Input`.
    pub input: String,
    /// The member's signing key.
    pub key: String,
    /// Its signature, in base64.
    pub signature: String,
}

/// A member's signed word that it opened its copy; whoever makes the command has checked the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledging {
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
    /// How many entries the log had that the member saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Sha256,
    /// The member's signing key.
    pub key: String,
    /// Its signature, in base64.
    pub signature: String,
    /// By what it came.
    #[serde(flatten)]
    pub by: By,
}

/// What a member does with a granted copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryCommand {
    /// Begins to fetch it; only the first time is an event.
    Fetch(Fetching),
    /// Acknowledges it, once.
    Acknowledge(Acknowledging),
    /// Acknowledges it with a passkey, once.
    Assert(Box<Asserting>),
}

/// When a copy was fetched first, by what, and signed by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fetched {
    /// Sequence number of its entry.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By what.
    #[serde(flatten)]
    pub by: By,
    /// The member's signature of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Box<SignedRequest>>,
}

/// A copy's acknowledgement, as the state keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// Sequence number of its entry.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How many entries the log had that the member saw.
    pub tree_size: u64,
    /// Its root.
    pub root: Sha256,
    /// The signing key.
    pub key: String,
    /// The signature, in base64.
    pub signature: String,
    /// By what it came.
    #[serde(flatten)]
    pub by: By,
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It was granted and not fetched yet.
    Granted,
    /// It was fetched.
    Fetched,
    /// The member signed that it opened it.
    Acknowledged,
}

impl Granted {
    /// Returns how far the copy has come.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match (self.acknowledged_at(), &self.fetched) {
            (Some(_), _) => Delivery::Acknowledged,
            (None, Some(_)) => Delivery::Fetched,
            (None, None) => Delivery::Granted,
        }
    }

    /// Returns when the copy was acknowledged first, by the signing key or by somebody's passkey.
    #[must_use]
    pub fn acknowledged_at(&self) -> Option<Timestamp> {
        let signed = self.acknowledged.as_ref().map(|found| found.at);
        signed.into_iter().chain(self.asserted.as_ref().map(|found| found.at)).min()
    }
}

impl std::fmt::Display for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Fetched => "fetched",
            Self::Acknowledged => "acknowledged",
        })
    }
}

/// An item of a case and a member that waves mean to reach with it, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Which item.
    pub item: &'a ItemId,
    /// Who.
    pub member: &'a MemberId,
    /// The grant; nothing while there is none.
    pub granted: Option<&'a Granted>,
}

impl Row<'_> {
    /// Says how far the copy has come, in a word or two.
    #[must_use]
    pub fn state(&self) -> String {
        self.granted.map_or_else(|| String::from("not granted"), |granted| granted.delivery().to_string())
    }
}

/// Lists how far every copy of a case has come, by item and member, those that were not granted too.
#[must_use]
pub fn deliveries<'a>(program: &'a Program, case: &'a Case) -> Vec<Row<'a>> {
    let mut pairs: BTreeSet<(&ItemId, &MemberId)> =
        case.grants().map(|(item, member, _)| (item, member)).collect();
    for wave in case.waves() {
        let reached = program.members().filter(|member| {
            matches!(member.standing, Standing::Active | Standing::Restricted | Standing::Suspended)
                && member.tier.as_ref().is_some_and(|tier| wave.tiers.contains(tier))
        });
        for member in reached {
            pairs.extend(wave.items.iter().map(|item| (item, &member.id)));
        }
    }
    let row = |(item, member)| Row { item, member, granted: case.granted(item, member) };
    pairs.into_iter().map(row).collect()
}

/// Decides on what a member's tool says of a copy; saying it again decides on nothing.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: DeliveryCommand,
) -> Result<Vec<Event>, Refusal> {
    if ctx.actor.as_str() != actor::MEMBER {
        return Err(Refusal::ByMemberAlone);
    }
    let event = match command {
        DeliveryCommand::Fetch(fetching) => {
            let Fetching { case, item, member, by, signed } = &fetching;
            by.check(program, ctx, member, Scope::Fetch)?;
            check_signed(program, ctx, *by, member, signed.as_deref())?;
            let granted = permitted(program, ctx, case, item, member)?;
            if granted.fetched.is_some() {
                return Ok(Vec::new());
            }
            GrantEvent::Fetched(fetching)
        }
        DeliveryCommand::Assert(asserting) => return assertion::decide(program, ctx, *asserting),
        DeliveryCommand::Acknowledge(acknowledging) => {
            let Acknowledging { case, item, member, by, .. } = &acknowledging;
            by.check(program, ctx, member, Scope::Acknowledge)?;
            let granted = permitted(program, ctx, case, item, member)?;
            if let Some(known) = &granted.acknowledged {
                let same = known.signature == acknowledging.signature && known.key == acknowledging.key;
                return if same { Ok(Vec::new()) } else { Err(Refusal::AcknowledgedAlready) };
            }
            if acknowledging.grant != granted.seq || acknowledging.sha256 != granted.sha256 {
                return Err(Refusal::OtherGrant);
            }
            let key = program.member(member)?.signing_key().ok_or(Refusal::NoSigningKey)?;
            if key.key != acknowledging.key {
                return Err(Refusal::OtherSigningKey { fingerprint: key.fingerprint.clone() });
            }
            // What the member saw holds the grant, and is not from the future.
            if acknowledging.tree_size <= granted.seq || acknowledging.tree_size > program.entries() {
                return Err(Refusal::OtherGrant);
            }
            GrantEvent::Acknowledged(acknowledging)
        }
    };
    Ok(vec![Event::Grant(event)])
}

/// Checks that a fetch is signed where it must be, with the key and for the token that are good now.
fn check_signed(
    program: &Program,
    ctx: &Context<'_>,
    by: By,
    member: &MemberId,
    signed: Option<&SignedRequest>,
) -> Result<(), Refusal> {
    let member = program.member(member)?;
    let Some(signed) = signed else {
        return if member.signature_required { Err(Refusal::Unsigned) } else { Ok(()) };
    };
    let key = member.fetch_key(program.rules(), ctx.now).ok_or(Refusal::NoSigningKey)?;
    if key.key != signed.key {
        return Err(Refusal::OtherSigningKey { fingerprint: key.fingerprint.clone() });
    }
    let shown = program.tokens().by_hash(&signed.token);
    if shown.is_some_and(|shown| By::Token(shown.id) == by) { Ok(()) } else { Err(Refusal::TokenNotGood) }
}

/// Finds a grant whose copy the member may have at this instant.
pub(crate) fn permitted<'a>(
    program: &'a Program,
    ctx: &Context<'_>,
    case: &CaseId,
    id: &ItemId,
    member: &MemberId,
) -> Result<&'a Granted, Refusal> {
    let case = program.case(case)?;
    let item = case.item(id)?;
    let refused = |says| Refusal::Withheld { member: member.clone(), item: id.clone(), says };
    let granted = case.granted(id, member).ok_or_else(|| refused(String::from("it was never granted")))?;
    let who = program.member(member)?;
    let decision = judge::judge(program, program.policies(), case, item, who, Action::Fetch, ctx.now);
    if decision.effect == Effect::Permit { Ok(granted) } else { Err(refused(decision.says)) }
}

/// Takes in what became of a copy.
pub(crate) fn apply(granted: &mut Granted, event: &GrantEvent, seq: u64, at: Timestamp) {
    match event {
        GrantEvent::Given(_) => {}
        GrantEvent::Asserted(found) => assertion::apply(granted, found, seq, at),
        GrantEvent::Fetched(Fetching { by, signed, .. }) => {
            granted.fetched = Some(Fetched { seq, at, by: *by, signed: signed.clone() });
        }
        GrantEvent::Acknowledged(found) => {
            granted.acknowledged = Some(Box::new(Acknowledged {
                seq,
                at,
                tree_size: found.tree_size,
                root: found.root,
                key: found.key.clone(),
                signature: found.signature.clone(),
                by: found.by,
            }));
        }
    }
}
