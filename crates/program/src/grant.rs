//! Grants: the log entry that gives a member its copy of an item.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::{Action, Effect};
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    assertion::{Asserted, Asserting},
    context::Context,
    delivery::{Acknowledged, Acknowledging, Fetched, Fetching},
    id::{CaseId, ItemId, MemberId, Sha256, WaveId},
    judge::{self, Dossier},
    program::Program,
    refusal::Refusal,
    wave,
};

/// A copy as the engine rendered it, on its way to becoming a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Whose.
    pub member: MemberId,
    /// Of which item.
    pub item: ItemId,
    /// SHA-256 of the rendered text.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// Version of the package it was rendered from.
    pub package: u32,
    /// Commitment to the member's marks in this package, salted, so that they can be opened one by one.
    pub row: Sha256,
}

/// What the state keeps of a grant; the log entry holds the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// Sequence number of the entry.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// In which wave.
    pub wave: WaveId,
    /// SHA-256 of the member's copy.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// Version of the package it was rendered from.
    pub package: u32,
    /// When its member fetched it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Fetched>,
    /// Its member's acknowledgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Box<Acknowledged>>,
    /// Its acknowledgement by the passkey of somebody at the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asserted: Option<Box<Asserted>>,
}

/// What happened to a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantEvent {
    /// A member has been given its copy of an item.
    Given(Grant),
    /// The member began to fetch it, for the first time.
    Fetched(Fetching),
    /// The member signed that it opened it.
    Acknowledged(Acknowledging),
    /// Somebody at the member acknowledged it with a passkey.
    Asserted(Box<Asserting>),
}

/// The body of a grant's entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which case.
    pub case: CaseId,
    /// In which wave.
    pub wave: WaveId,
    /// Which item.
    pub item: ItemId,
    /// To whom.
    pub member: MemberId,
    /// SHA-256 of the member's copy; it pins the marks the copy carries.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// Version of the package it was rendered from.
    pub package: u32,
    /// Commitment to the member's marks in that package, see [`Copy::row`].
    pub row: Sha256,
    /// Fingerprint of the key that copies are sealed to.
    pub key: String,
    /// Version of the policy set: SHA-256 of its text.
    pub policy_set: String,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The facts they used.
    pub facts: Vec<String>,
}

/// Decides on recording copies of a wave: every one is judged again, now, and no one twice.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    wave_id: &WaveId,
    copies: Vec<Copy>,
) -> Result<Vec<Event>, Refusal> {
    wave::check_due(program, id, wave_id, ctx.now)?;
    let case = program.case(id)?;
    let wave = case.wave(wave_id)?;
    if case.marks(case.package()).is_none() {
        return Err(Refusal::MarksNotCommitted { case: id.clone() });
    }
    let mut events = Vec::with_capacity(copies.len());
    let mut seen = BTreeSet::new();
    let (policies, mut wanted) = (program.policies(), BTreeMap::new());
    let moment = policies.at(ctx.now);
    for copy in copies {
        if !seen.insert((copy.member.clone(), copy.item.clone())) {
            return Err(Refusal::TwoCopies { member: copy.member, item: copy.item });
        }
        // Items may have come in since it was rendered; its marks are committed for another package then.
        if copy.package != case.package() {
            return Err(Refusal::MarksNotCommitted { case: id.clone() });
        }
        let member = program.member(&copy.member)?;
        let item = case.item(&copy.item)?;
        let in_wave = wave.items.contains(&copy.item)
            && member.tier.as_ref().is_some_and(|tier| wave.tiers.contains(tier));
        if !in_wave {
            let says = format!("wave `{wave_id}` does not cover it");
            return Err(Refusal::Withheld { member: copy.member, item: copy.item, says });
        }
        if case.granted(&copy.item, &copy.member).is_some() {
            continue;
        }
        let wanted = wanted.entry(&item.item).or_insert_with(|| policies.wanted(&judge::thing(case, item)));
        let dossier = Dossier::of(program, member, ctx.now);
        let decision = moment.of(&dossier.subject(member)).decide(Action::Fetch, wanted);
        if decision.effect != Effect::Permit {
            return Err(Refusal::Withheld { member: copy.member, item: copy.item, says: decision.says });
        }
        // From the public instant on the policies ask for no key; a copy still has to be sealed to one.
        let Some(key) = member.confirmed_key().map(|key| key.fingerprint.clone()) else {
            let says = String::from("it has no confirmed key that a copy could be sealed to");
            return Err(Refusal::Withheld { member: copy.member, item: copy.item, says });
        };
        events.push(Event::Grant(GrantEvent::Given(Grant {
            case: id.clone(),
            wave: wave_id.clone(),
            item: copy.item,
            member: copy.member,
            sha256: copy.sha256,
            size: copy.size,
            package: case.package(),
            row: copy.row,
            key,
            policy_set: policies.version().to_owned(),
            policies: decision.policies,
            facts: decision.facts,
        })));
    }
    Ok(events)
}
