//! The plan of a wave: the decision for every member and item, with reasons.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use policy::{Action, Anyone, Class, PolicySet, Prospect, Standing};
use serde::Serialize;
use sha2::Digest;

use crate::{
    embargo,
    id::{CaseId, ItemId, MemberId, Sha256, WaveId},
    judge::{self, Dossier},
    program::Program,
    refusal::Refusal,
    wave::Withholding,
};

/// What a wave means for every member in its tiers and every one of its items.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Which case.
    pub case: CaseId,
    /// Which wave.
    pub wave: WaveId,
    /// When the wave is due.
    pub at: Timestamp,
    /// The instant the plan was made for.
    pub now: Timestamp,
    /// Version of the package it is of.
    pub package: u32,
    /// Version of the policies that decide, see [`PolicySet::version`].
    pub policy_set: String,
    /// SHA-256 over what the plan promises: the wave and its tiers, the items' texts, the embargo's end, the
    /// policies, and from when on every member has every item. It does not change as time goes by.
    pub hash: Sha256,
    /// One row a member and item, in that order.
    pub rows: Vec<Row>,
}

/// One member and item of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// To whom.
    pub member: MemberId,
    /// Which item.
    pub item: ItemId,
    /// The item's class.
    pub class: Class,
    /// What happens.
    pub fate: Fate,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The facts they used.
    pub facts: Vec<String>,
    /// The same in words.
    pub says: String,
}

/// What becomes of an item for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum Fate {
    /// The member has its copy.
    Granted {
        /// Since when.
        at: Timestamp,
    },
    /// It is due now.
    Due,
    /// It is due now, and there is no confirmed key to seal a copy to.
    Blocked,
    /// It comes in time, with nothing in the way.
    Later {
        /// When.
        at: Timestamp,
    },
    /// It is withheld.
    Withheld {
        /// Until when, as things stand; absent for never.
        until: Option<Timestamp>,
    },
}

impl Plan {
    /// Returns the rows that are due and not granted.
    pub fn due(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.fate == Fate::Due)
    }

    /// Tells whether any member will ever have any of it, as things stand.
    #[must_use]
    pub fn reaches_anybody(&self) -> bool {
        self.rows.iter().any(|row| row.fate != Fate::Withheld { until: None })
    }

    /// Returns how many members there are of every fate, by item, in the items' order.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&ItemId, Counts> {
        let mut counts = BTreeMap::<_, Counts>::new();
        for row in &self.rows {
            let of = counts.entry(&row.item).or_insert_with(|| Counts::none(row.class));
            let count = match row.fate {
                Fate::Granted { .. } => &mut of.granted,
                Fate::Due => &mut of.due,
                Fate::Blocked => &mut of.blocked,
                Fate::Later { .. } => &mut of.later,
                Fate::Withheld { until: Some(_) } => &mut of.withheld,
                Fate::Withheld { until: None } => &mut of.never,
            };
            *count += 1;
        }
        counts
    }

    /// Returns what is withheld, by member.
    #[must_use]
    pub fn withholdings(&self) -> BTreeMap<MemberId, Vec<Withholding>> {
        let mut by_member = BTreeMap::<_, Vec<_>>::new();
        for row in &self.rows {
            let Fate::Withheld { until } = row.fate else { continue };
            by_member.entry(row.member.clone()).or_default().push(Withholding {
                item: row.item.clone(),
                until,
                policies: row.policies.clone(),
                facts: row.facts.clone(),
            });
        }
        by_member
    }
}

/// How many members meet which fate with one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The item's class.
    pub class: Class,
    /// Have it.
    pub granted: usize,
    /// Get it now.
    pub due: usize,
    /// Would get it now, and have no confirmed key.
    pub blocked: usize,
    /// Get it in time.
    pub later: usize,
    /// Have to wait for it longer than tier and class say.
    pub withheld: usize,
    /// Never get it.
    pub never: usize,
}

impl Counts {
    fn none(class: Class) -> Self {
        Self { class, granted: 0, due: 0, blocked: 0, later: 0, withheld: 0, never: 0 }
    }
}

/// Plans a wave for an instant; releases nothing.
///
/// Members with the same record are judged once for each class of item: as long as no policy names anybody,
/// the policies tell them apart by nothing else.
///
/// # Errors
/// [`Refusal`] when the case or wave is unknown, or no embargo gives the wave an instant.
pub fn plan(
    program: &Program,
    policy: &PolicySet,
    case_id: &CaseId,
    wave_id: &WaveId,
    now: Timestamp,
) -> Result<Plan, Refusal> {
    let case = program.case(case_id)?;
    let wave = case.wave(wave_id)?;
    let public = case.embargo().public().ok_or_else(|| Refusal::NoEmbargo { case: case_id.clone() })?;
    let at = embargo::before(public, wave.lead);
    let mut rows = Vec::new();
    let mut promise = Promise::default();
    promise.add(&(PROMISE, case_id, wave_id, wave.lead, public, case.package(), policy.version()));
    wave.tiers.iter().for_each(|id| promise.add(&(id, program.tier(id).ok())));
    wave.items.iter().for_each(|id| promise.add(&(id, case.item(id).ok())));
    let mut judged: HashMap<Dossier, HashMap<Class, Option<Anyone>>> = HashMap::new();
    let gone = |standing| matches!(standing, Standing::Removed | Standing::Declined);
    let audience = program
        .members()
        .filter(|member| !gone(member.standing))
        .filter(|member| member.tier.as_ref().is_some_and(|tier| wave.tiers.contains(tier)));
    for member in audience {
        let dossier = Dossier::of(program, member, now);
        let alike = judged.entry(dossier.clone()).or_default();
        for item in wave.items.iter().filter_map(|id| case.item(id).ok()) {
            let anyone = alike
                .entry(item.class)
                .or_insert_with(|| judge::outlook_of_anyone(policy, case, item, member, &dossier, now));
            let outlook = match anyone {
                Some(anyone) => anyone.named(member.id.as_str(), item.item.as_str()),
                None => judge::outlook(policy, case, item, member, &dossier, Action::Fetch, now),
            };
            let from = match outlook.effect {
                Prospect::Release { at: from } | Prospect::Withhold { until: Some(from) } => {
                    Some(from.max(at))
                }
                Prospect::Withhold { until: None } => None,
            };
            promise.add(&(&member.id, &item.item, from));
            let granted = case.granted(&item.item, &member.id);
            let fate = match (granted, outlook.effect) {
                (Some(grant), _) => Fate::Granted { at: grant.at },
                (None, Prospect::Release { at: from }) if from.max(at) > now => {
                    Fate::Later { at: from.max(at) }
                }
                (None, Prospect::Withhold { until }) if until.is_none_or(|until| until.max(at) > now) => {
                    Fate::Withheld { until }
                }
                (None, _) if member.confirmed_key().is_none() => Fate::Blocked,
                (None, _) => Fate::Due,
            };
            rows.push(Row {
                member: member.id.clone(),
                item: item.item.clone(),
                class: item.class,
                fate,
                policies: outlook.policies,
                facts: outlook.facts,
                says: outlook.says,
            });
        }
    }
    let (case_id, wave, package) = (case_id.clone(), wave_id.clone(), case.package());
    let policy_set = policy.version().to_owned();
    Ok(Plan { case: case_id, wave, at, now, package, policy_set, hash: promise.hash(), rows })
}

/// First line of what is hashed, so that another form has other hashes.
const PROMISE: &str = "forewarn plan 1";

/// What a plan promises, hashed a JSON line at a time.
#[derive(Default)]
struct Promise(sha2::Sha256);

impl Promise {
    fn add(&mut self, part: &impl Serialize) {
        // Ids, numbers and instants always have a JSON form.
        let line = serde_json::to_vec(part).unwrap_or_default();
        self.0.update(line);
        self.0.update(b"\n");
    }

    fn hash(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}
