//! Waves: planned releases of items to tiers, at an instant relative to the embargo's end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::Lead;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    embargo,
    id::{CaseId, ItemId, MemberId, Sha256, TierId, UserId, WaveId},
    notification, plan,
    program::Program,
    refusal::Refusal,
};

/// How many different people must approve a wave.
pub const APPROVALS: usize = 2;

/// A planned release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wave {
    /// Its id.
    pub wave: WaveId,
    /// How long before the embargo's end it is due.
    pub lead: Lead,
    /// To whom.
    pub tiers: BTreeSet<TierId>,
    /// Of what.
    pub items: BTreeSet<ItemId>,
    /// Who approved it, when, and what they saw.
    pub approvals: BTreeMap<UserId, Approval>,
    /// When it was released first.
    pub released: Option<Timestamp>,
    /// What was withheld from whom, as last recorded.
    #[serde(skip)]
    pub withheld: BTreeMap<MemberId, Vec<Withholding>>,
}

/// One person's approval of a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// When.
    pub at: Timestamp,
    /// Hash of the plan as it stood then, see [`plan::Plan::hash`]; absent in entries of older versions.
    pub plan: Option<Sha256>,
    /// Version of the package then; absent in entries of older versions.
    pub package: Option<u32>,
}

/// One item withheld from a member, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Withholding {
    /// Which item.
    pub item: ItemId,
    /// Until when, as things stand; absent for never.
    pub until: Option<Timestamp>,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The facts they used.
    pub facts: Vec<String>,
}

/// What a person asks of a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaveCommand {
    /// Plans a wave, or plans it anew before its release; approvals start over.
    Schedule {
        /// How long before the embargo's end.
        lead: Lead,
        /// To whom.
        tiers: BTreeSet<TierId>,
        /// Of what; empty stands for every item of the case.
        items: BTreeSet<ItemId>,
    },
    /// Approves a wave as it stands.
    Approve {
        /// Hash of the plan as the approving person saw it; another plan is not approved unseen.
        plan: Option<Sha256>,
    },
    /// Ends a release once every due copy is recorded.
    Finish,
}

/// What happened to a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveEvent {
    /// It was planned.
    Scheduled {
        /// Which case.
        case: CaseId,
        /// Which wave.
        wave: WaveId,
        /// How long before the embargo's end.
        lead: Lead,
        /// To whom.
        tiers: BTreeSet<TierId>,
        /// Of what.
        items: BTreeSet<ItemId>,
    },
    /// One person approved it.
    Approved {
        /// Which case.
        case: CaseId,
        /// Which wave.
        wave: WaveId,
        /// Hash of the plan that was approved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Sha256>,
        /// Version of the package that was approved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        package: Option<u32>,
    },
    /// A member in its tiers did not get some of it.
    Withheld {
        /// Which case.
        case: CaseId,
        /// Which wave.
        wave: WaveId,
        /// From whom.
        member: MemberId,
        /// What, and why.
        items: Vec<Withholding>,
        /// Version of the policies that decided; absent in entries of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_set: Option<String>,
    },
    /// Everything due was released.
    Released {
        /// Which case.
        case: CaseId,
        /// Which wave.
        wave: WaveId,
    },
}

impl WaveEvent {
    /// Returns the case it belongs to.
    #[must_use]
    pub fn case(&self) -> &CaseId {
        match self {
            Self::Scheduled { case, .. }
            | Self::Approved { case, .. }
            | Self::Withheld { case, .. }
            | Self::Released { case, .. } => case,
        }
    }
}

/// Returns how long before the embargo's end an instant lies; a wave moves with that end.
///
/// # Errors
/// [`Refusal`] without an embargo in force, and for an instant after its end or more than 136 years before it.
pub fn lead_to(program: &Program, case: &CaseId, wave: &WaveId, at: Timestamp) -> Result<Lead, Refusal> {
    let ends = program
        .case(case)?
        .embargo()
        .in_force_until()
        .ok_or_else(|| Refusal::NoEmbargo { case: case.clone() })?;
    match u32::try_from(ends.duration_since(at).as_secs()) {
        Ok(seconds) if at <= ends => Ok(Lead::from_seconds(seconds)),
        _ => Err(Refusal::WaveAfterEmbargo { case: case.clone(), wave: wave.clone(), at, ends }),
    }
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    wave_id: &WaveId,
    command: WaveCommand,
) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    match command {
        WaveCommand::Schedule { lead, tiers, items } => {
            schedule(program, ctx.now, id, wave_id, lead, tiers, items).map(|event| vec![event])
        }
        WaveCommand::Approve { plan: seen } => {
            case.check_open()?;
            let wave = case.wave(wave_id)?;
            if wave.released.is_some() && wave.approvals.len() >= APPROVALS {
                return Err(Refusal::AlreadyReleased { wave: wave_id.clone() });
            }
            if wave.approvals.contains_key(ctx.actor) {
                return Err(Refusal::ApprovedBySame { wave: wave_id.clone(), actor: ctx.actor.clone() });
            }
            let plan = plan::plan(program, program.policies(), id, wave_id, ctx.now)?;
            if !plan.reaches_anybody() {
                return Err(Refusal::NobodyThere { wave: wave_id.clone() });
            }
            if let Some(given) = seen.filter(|seen| *seen != plan.hash) {
                let (case, wave, now) = (id.clone(), wave_id.clone(), plan.hash);
                return Err(Refusal::PlanChanged { case, wave, given, now });
            }
            Ok(vec![Event::Wave(WaveEvent::Approved {
                case: id.clone(),
                wave: wave_id.clone(),
                plan: Some(plan.hash),
                package: Some(case.package()),
            })])
        }
        WaveCommand::Finish => finish(program, ctx, id, wave_id),
    }
}

fn schedule(
    program: &Program,
    now: Timestamp,
    id: &CaseId,
    wave: &WaveId,
    lead: Lead,
    tiers: BTreeSet<TierId>,
    items: BTreeSet<ItemId>,
) -> Result<Event, Refusal> {
    let case = program.case(id)?;
    case.check_open()?;
    if case.embargo().at(now).in_force_until().is_none() {
        return Err(Refusal::NoEmbargo { case: id.clone() });
    }
    if case.wave(wave).is_ok_and(|known| known.released.is_some()) {
        return Err(Refusal::AlreadyReleased { wave: wave.clone() });
    }
    let items = if items.is_empty() { case.items().map(|i| i.item.clone()).collect() } else { items };
    if items.is_empty() {
        return Err(Refusal::EmptyWave { wave: wave.clone(), what: "item" });
    }
    if tiers.is_empty() {
        return Err(Refusal::EmptyWave { wave: wave.clone(), what: "tier" });
    }
    items.iter().try_for_each(|item| case.item(item).map(|_| ()))?;
    tiers.iter().try_for_each(|tier| program.tier(tier).map(|_| ()))?;
    Ok(Event::Wave(WaveEvent::Scheduled { case: id.clone(), wave: wave.clone(), lead, tiers, items }))
}

/// Checks that a wave may be released now.
///
/// # Errors
/// [`Refusal`] when it lacks approvals, has no embargo to be relative to, or is not due.
pub fn check_due(program: &Program, id: &CaseId, wave: &WaveId, now: Timestamp) -> Result<(), Refusal> {
    let case = program.case(id)?;
    let planned = case.wave(wave)?;
    let have = planned.approvals.len();
    if have < APPROVALS {
        let (case, wave) = (id.clone(), wave.clone());
        return Err(Refusal::NotApproved { case, wave, have, need: APPROVALS });
    }
    let public = case.embargo().public().ok_or_else(|| Refusal::NoEmbargo { case: id.clone() })?;
    let at = embargo::before(public, planned.lead);
    if now < at {
        return Err(Refusal::NotDue { wave: wave.clone(), at, now });
    }
    Ok(())
}

/// Ends a release: nothing due may be missing, and what is withheld is written down where it changed.
fn finish(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    wave_id: &WaveId,
) -> Result<Vec<Event>, Refusal> {
    check_due(program, id, wave_id, ctx.now)?;
    let wave = program.case(id)?.wave(wave_id)?;
    let plan = plan::plan(program, program.policies(), id, wave_id, ctx.now)?;
    let missing = plan.due().count();
    if missing > 0 {
        return Err(Refusal::CopiesMissing { wave: wave_id.clone(), missing });
    }
    if wave.released.is_none() && !plan.reaches_anybody() {
        return Err(Refusal::NobodyThere { wave: wave_id.clone() });
    }
    let mut events: Vec<Event> = plan
        .withholdings()
        .into_iter()
        .filter(|(member, items)| wave.withheld.get(member) != Some(items))
        .map(|(member, items)| {
            let policy_set = Some(plan.policy_set.clone());
            Event::Wave(WaveEvent::Withheld {
                case: id.clone(),
                wave: wave_id.clone(),
                member,
                items,
                policy_set,
            })
        })
        .collect();
    if wave.released.is_none() {
        events.push(Event::Wave(WaveEvent::Released { case: id.clone(), wave: wave_id.clone() }));
    }
    events.extend(notification::of_wave(program, program.case(id)?, wave_id));
    Ok(events)
}
