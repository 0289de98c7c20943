//! Policy diff: which decisions of open cases would change if the set in force were replaced.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use policy::{
    Action, PolicySet, Prospect, Standing,
    instant::{TICK, up},
};
use program::{
    Program,
    case::Case,
    embargo::before,
    id::{CaseId, ItemId, MemberId, TierId},
    item::Item,
    judge::{self, Dossier},
    member::Member,
};
use serde::Serialize;

use crate::{engine::Engine, progress::Progress};

/// What another set would decide differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyDiff {
    /// The set in force.
    pub in_force: SetName,
    /// The set it was compared with.
    pub other: SetName,
    /// The instant of the comparison; nothing before it is asked.
    pub now: Timestamp,
    /// How many entries of the log the answer rests on.
    pub entries: u64,
    /// How many decisions were compared: one a member, item, action and instant.
    pub decisions: u64,
    /// How many of them would change.
    pub changed: u64,
    /// How many of those would open something, or open it earlier.
    pub more_permissive: u64,
    /// The changes, alike ones together; what would open comes first.
    pub changes: Vec<Change>,
}

/// A set of policies by name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetName {
    /// Its name.
    pub set: String,
    /// SHA-256 of its schema and text.
    pub version: String,
}

/// One change, for every member of a tier and standing whom it concerns alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whether it would open something, or open it earlier.
    pub more_permissive: bool,
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// What the members would do with it.
    pub actions: Vec<Action>,
    /// Whose decision.
    pub members: Vec<MemberId>,
    /// The members' tier.
    pub tier: Option<TierId>,
    /// Where they stand.
    pub standing: Standing,
    /// Whether they are all the members of that tier and standing.
    pub all: bool,
    /// The instants at which the decision differs in this way.
    pub at: Vec<Timestamp>,
    /// What the set in force says then.
    pub from: Answer,
    /// What the other set would say.
    pub to: Answer,
}

/// What a set says at an instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Answer {
    /// Whether the member has it then.
    #[serde(flatten)]
    pub effect: Effect,
    /// The policies that decide.
    pub policies: Vec<String>,
}

/// Whether a member has an item at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// It has.
    Release,
    /// It has not.
    Withhold {
        /// The first instant from then on at which it has; absent where there is none.
        until: Option<Timestamp>,
    },
}

impl Effect {
    fn of(prospect: Prospect, at: Timestamp) -> Self {
        match prospect {
            Prospect::Release { at: from } if from <= at => Self::Release,
            Prospect::Release { at: from } => Self::Withhold { until: Some(from) },
            Prospect::Withhold { until } => Self::Withhold { until },
        }
    }

    /// Returns from when on it gives; nothing for never.
    fn gives(self) -> Option<Timestamp> {
        match self {
            Self::Release => Some(Timestamp::MIN),
            Self::Withhold { until } => until,
        }
    }

    fn gives_more_than(self, other: Self) -> bool {
        match (self.gives(), other.gives()) {
            (Some(this), Some(other)) => this < other,
            (this, None) => this.is_some(),
            (None, Some(_)) => false,
        }
    }
}

impl Engine {
    /// Compares the set in force with another one on every open case; writes nothing.
    pub async fn policy_diff(&self, other: &PolicySet, progress: &impl Progress) -> PolicyDiff {
        let now = self.clock.now();
        let program = self.program().await;
        compare(&program, program.policies(), other, now, progress)
    }
}

/// Compares two sets on every open case, member and item: now, at the public instant, at the instant of each
/// wave to come, and just before these.
///
/// What a set says at an instant looks ahead to the first release, so a difference between two of these instants
/// shows in what is said at the earlier one. Members with the same record are judged once for each class of item,
/// unless a policy of either set names somebody.
#[must_use]
pub fn compare(
    program: &Program,
    in_force: &PolicySet,
    other: &PolicySet,
    now: Timestamp,
    progress: &impl Progress,
) -> PolicyDiff {
    let sets = Sets { in_force, other, name_nobody: in_force.names_nobody() && other.names_nobody() };
    let mut records: BTreeMap<Record<'_>, Vec<&MemberId>> = BTreeMap::new();
    let mut sizes: BTreeMap<Group<'_>, usize> = BTreeMap::new();
    for member in program.members() {
        let own = (!sets.name_nobody).then_some(&member.id);
        let record = Record { dossier: Dossier::of(program, member, now), group: group(member), own };
        records.entry(record).or_default().push(&member.id);
        *sizes.entry(group(member)).or_default() += 1;
    }
    let cases: Vec<&Case> = program.cases().filter(|case| case.closed().is_none()).collect();
    progress.begin("comparing decisions", count(cases.len().saturating_mul(records.len())));
    let (mut decisions, mut changed, mut more_permissive) = (0, 0, 0);
    let mut rows: BTreeMap<Row<'_>, Vec<MemberId>> = BTreeMap::new();
    for case in cases {
        let instants = instants(case, now);
        let asked = count(instants.len().saturating_mul(Action::ALL.len()));
        for (record, members) in &records {
            let Some(member) = members.first().and_then(|id| program.member(id).ok()) else { continue };
            let mut judged = HashMap::new();
            for item in case.items() {
                let own = (!sets.name_nobody).then_some(&item.item);
                let differences = judged
                    .entry((item.class, own))
                    .or_insert_with(|| sets.differences(case, item, member, &record.dossier, &instants));
                decisions += asked.saturating_mul(count(members.len()));
                for difference in differences.iter() {
                    let alike = difference.decisions().saturating_mul(count(members.len()));
                    changed += alike;
                    more_permissive += if difference.opens() { alike } else { 0 };
                    let row = Row {
                        closes: !difference.opens(),
                        case: case.id(),
                        item: &item.item,
                        difference: difference.clone(),
                        group: record.group,
                    };
                    rows.entry(row).or_default().extend(members.iter().copied().cloned());
                }
            }
            progress.step(1);
        }
    }
    progress.end();
    PolicyDiff {
        in_force: SetName::of(in_force),
        other: SetName::of(other),
        now,
        entries: program.entries(),
        decisions,
        changed,
        more_permissive,
        changes: rows.into_iter().map(|(row, members)| row.change(members, &sizes)).collect(),
    }
}

impl SetName {
    fn of(set: &PolicySet) -> Self {
        Self { set: set.name().to_owned(), version: set.version().to_owned() }
    }
}

/// A tier and a standing.
type Group<'a> = (Option<&'a TierId>, Standing);

fn group(member: &Member) -> Group<'_> {
    (member.tier.as_ref(), member.standing)
}

/// What members must share to be judged alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Record<'a> {
    dossier: Dossier,
    group: Group<'a>,
    /// The member itself where a policy may name it.
    own: Option<&'a MemberId>,
}

/// Returns the instants to ask about, as far as they are still to come.
fn instants(case: &Case, now: Timestamp) -> BTreeSet<Timestamp> {
    let public = case.embargo().public();
    let waves = public.into_iter().flat_map(|public| case.waves().map(move |wave| before(public, wave.lead)));
    // Rounded as the policies round the public instant: a copy is not due before.
    let turns = waves.chain(public).map(up);
    let around = turns.flat_map(|turn| [turn.checked_sub(TICK).ok(), Some(turn)]).flatten();
    around.filter(|at| *at > now).chain([now]).collect()
}

/// The two sets that are compared.
struct Sets<'a> {
    in_force: &'a PolicySet,
    other: &'a PolicySet,
    /// Whether neither names a member or an item.
    name_nobody: bool,
}

impl Sets<'_> {
    /// Returns where they differ on a member and an item.
    fn differences(
        &self,
        case: &Case,
        item: &Item,
        member: &Member,
        dossier: &Dossier,
        instants: &BTreeSet<Timestamp>,
    ) -> Vec<Difference> {
        let answer = |set, action, at| {
            let outlook = judge::outlook(set, case, item, member, dossier, action, at);
            Answer { effect: Effect::of(outlook.effect, at), policies: outlook.policies }
        };
        let mut at_by_change: BTreeMap<(Answer, Answer), BTreeMap<Action, Vec<Timestamp>>> = BTreeMap::new();
        for action in Action::ALL.iter().copied() {
            for at in instants.iter().copied() {
                let (from, to) = (answer(self.in_force, action, at), answer(self.other, action, at));
                if from.effect != to.effect {
                    at_by_change.entry((from, to)).or_default().entry(action).or_default().push(at);
                }
            }
        }
        let together = |((from, to), by_action): ((Answer, Answer), BTreeMap<Action, Vec<Timestamp>>)| {
            let mut actions_by_at: BTreeMap<Vec<Timestamp>, Vec<Action>> = BTreeMap::new();
            for (action, at) in by_action {
                actions_by_at.entry(at).or_default().push(action);
            }
            actions_by_at.into_iter().map(move |(at, actions)| Difference {
                at,
                actions,
                from: from.clone(),
                to: to.clone(),
            })
        };
        at_by_change.into_iter().flat_map(together).collect()
    }
}

/// A change at some instants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    at: Vec<Timestamp>,
    actions: Vec<Action>,
    from: Answer,
    to: Answer,
}

impl Difference {
    fn opens(&self) -> bool {
        self.to.effect.gives_more_than(self.from.effect)
    }

    fn decisions(&self) -> u64 {
        count(self.at.len().saturating_mul(self.actions.len()))
    }
}

/// What changes go by, in the order they are told in.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row<'a> {
    closes: bool,
    case: &'a CaseId,
    item: &'a ItemId,
    difference: Difference,
    group: Group<'a>,
}

impl Row<'_> {
    fn change(self, mut members: Vec<MemberId>, sizes: &BTreeMap<Group<'_>, usize>) -> Change {
        members.sort();
        let (tier, standing) = self.group;
        let Difference { at, actions, from, to } = self.difference;
        Change {
            more_permissive: !self.closes,
            case: self.case.clone(),
            item: self.item.clone(),
            actions,
            all: sizes.get(&self.group) == Some(&members.len()),
            members,
            tier: tier.cloned(),
            standing,
            at,
            from,
            to,
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
