//! The program: the fold of its log.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::{Restriction, Tier};
use serde::{Deserialize, Serialize};

use crate::{
    actor,
    case::{self, Case, CaseCommand},
    context::Context,
    deadline::{self, Deadline},
    embargo::{self, EmbargoCommand, second_person},
    event::{Entry, Event},
    grant::{self, Copy, GrantEvent, Granted},
    id::{
        CaseId, DeadlineId, LeakId, MemberId, NotificationId, ReviewId, SightingId, TierId, UserId, WaveId,
    },
    item::{self, Item},
    leak::{self, LeakCase, LeakCommand},
    marks::{self, MarksCommitment},
    member::{self, Member, MemberCommand},
    notification::{self, Notification, NotificationCommand},
    refusal::Refusal,
    review::{self, Review, ReviewCommand},
    sighting::{self, Report, Sighting, SightingEvent},
    token::{self, TokenCommand, Tokens},
    vetting::{self, Criterion, VettingCommand},
    wave::{self, WaveCommand},
};

pub use crate::rules::Rules;

/// The whole state of one early-warning program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    name: String,
    rules: Rules,
    operators: BTreeSet<UserId>,
    /// Who was proposed as an operator, and by whom.
    proposed: BTreeMap<UserId, UserId>,
    /// Which criteria were proposed, and by whom.
    proposed_criteria: Option<(Vec<Criterion>, UserId)>,
    tiers: BTreeMap<TierId, Tier>,
    members: BTreeMap<MemberId, Member>,
    cases: BTreeMap<CaseId, Case>,
    sightings: BTreeMap<SightingId, Sighting>,
    leaks: BTreeMap<LeakId, LeakCase>,
    reviews: BTreeMap<ReviewId, Review>,
    restrictions: BTreeMap<MemberId, Restriction>,
    deadlines: BTreeMap<DeadlineId, Deadline>,
    notifications: BTreeMap<NotificationId, Notification>,
    tokens: Tokens,
    entries: u64,
    high_water: Option<Timestamp>,
}

/// What may be asked of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Founds it; the first entry of every log.
    Found {
        /// Its name.
        name: String,
        /// Its rules.
        rules: Rules,
        /// Its operators.
        operators: BTreeSet<UserId>,
        /// Its tiers.
        tiers: Vec<(TierId, Tier)>,
    },
    /// Adds an operator; takes effect when a second operator asks for the same, once there are two.
    AddOperator(UserId),
    /// Adds a tier or changes its lead time and classes.
    SetTier(TierId, Tier),
    /// Sets what a member must meet; takes effect when a second operator asks for the same.
    SetCriteria(Vec<Criterion>),
    /// Something about a member.
    Member(MemberId, MemberCommand),
    /// Something about how a member is vetted.
    Vetting(MemberId, VettingCommand),
    /// Something about a case.
    Case(CaseId, CaseCommand),
    /// Something about a case's embargo.
    Embargo(CaseId, EmbargoCommand),
    /// Adds items to a case.
    AddItems(CaseId, Vec<Item>),
    /// Commits the marks of a case's package.
    CommitMarks(CaseId, MarksCommitment),
    /// Something about a wave.
    Wave(CaseId, WaveId, WaveCommand),
    /// Records copies of a wave, which grants them.
    RecordCopies(CaseId, WaveId, Vec<Copy>),
    /// Adds a sighting.
    AddSighting(CaseId, Report),
    /// Something about a leak case.
    Leak(LeakCommand),
    /// Something about a review.
    Review(ReviewCommand),
    /// Something about what members must be told.
    Notification(NotificationCommand),
    /// Something about a token.
    Token(TokenCommand),
}

/// What happened to the program itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramEvent {
    /// It was founded.
    Founded {
        /// Its name.
        name: String,
        /// Its rules.
        rules: Rules,
    },
    /// Somebody was proposed as an operator.
    OperatorProposed {
        /// Who.
        operator: UserId,
    },
    /// An operator was added.
    OperatorAdded {
        /// Who.
        operator: UserId,
    },
    /// A tier was added or changed.
    TierSet {
        /// The tier.
        tier: Tier,
    },
    /// Other criteria were proposed.
    CriteriaProposed {
        /// Which ones.
        criteria: Vec<Criterion>,
    },
    /// Other criteria are in force.
    CriteriaSet {
        /// Which ones.
        criteria: Vec<Criterion>,
    },
}

impl Program {
    /// Decides what a command comes to; changes nothing.
    ///
    /// A command that has been carried out already decides on no events.
    ///
    /// # Errors
    /// [`Refusal`], with what to do instead.
    pub fn decide(&self, ctx: &Context<'_>, command: Command) -> Result<Vec<Event>, Refusal> {
        if let Some(mark) = self.high_water.filter(|mark| ctx.now < *mark) {
            return Err(Refusal::ClockBehind { now: ctx.now, mark });
        }
        let founding = matches!(command, Command::Found { .. });
        if !founding && !self.operators.contains(ctx.actor) && !actor::may(ctx.actor, &command) {
            return Err(Refusal::NotAnOperator(ctx.actor.clone()));
        }
        match command {
            Command::Found { name, rules, operators, tiers } => self.found(name, rules, operators, tiers),
            Command::AddOperator(operator) if self.operators.contains(&operator) => Ok(Vec::new()),
            Command::AddOperator(operator) => self.add_operator(ctx.actor, operator),
            Command::SetTier(id, tier) => match self.tiers.get(&id) {
                Some(known) if *known == tier => Ok(Vec::new()),
                _ => {
                    check_tier(&id, &tier)?;
                    Ok(vec![Event::Program(ProgramEvent::TierSet { tier })])
                }
            },
            Command::SetCriteria(criteria) => self.set_criteria(ctx.actor, criteria),
            Command::Member(id, command) => member::decide(self, ctx, &id, command),
            Command::Vetting(id, command) => vetting::decide(self, ctx, &id, command),
            Command::Case(id, command) => case::decide(self, ctx, &id, command),
            Command::Embargo(id, command) => embargo::decide(self, ctx, &id, command),
            Command::AddItems(id, items) => item::decide(self, &id, items),
            Command::CommitMarks(id, marks) => marks::decide(self, &id, marks),
            Command::Wave(id, wave, command) => wave::decide(self, ctx, &id, &wave, command),
            Command::RecordCopies(id, wave, copies) => grant::decide(self, ctx, &id, &wave, copies),
            Command::AddSighting(id, report) => sighting::decide(self, ctx, &id, report),
            Command::Leak(command) => leak::decide(self, ctx, command),
            Command::Review(command) => review::decide(self, ctx, command),
            Command::Notification(command) => notification::decide(self, command),
            Command::Token(command) => token::decide(self, ctx, command),
        }
    }

    /// One person who could make a second approver would approve alone. A lone operator has nobody to ask.
    fn add_operator(&self, actor: &UserId, operator: UserId) -> Result<Vec<Event>, Refusal> {
        not_reserved(&operator)?;
        let event = match self.proposed.get(&operator) {
            _ if self.operators.len() < 2 => ProgramEvent::OperatorAdded { operator },
            None => ProgramEvent::OperatorProposed { operator },
            Some(first) => {
                second_person(Some(first), actor, "add an operator")?;
                ProgramEvent::OperatorAdded { operator }
            }
        };
        Ok(vec![Event::Program(event)])
    }

    /// Criteria decide who is admitted: one person who could drop them would admit alone.
    fn set_criteria(&self, actor: &UserId, criteria: Vec<Criterion>) -> Result<Vec<Event>, Refusal> {
        vetting::check_criteria(&criteria)?;
        if self.rules.criteria == criteria && self.proposed_criteria.is_none() {
            return Ok(Vec::new());
        }
        let event = match &self.proposed_criteria {
            Some((wanted, first)) if *wanted == criteria => {
                second_person(Some(first), actor, "change the criteria")?;
                ProgramEvent::CriteriaSet { criteria }
            }
            _ => ProgramEvent::CriteriaProposed { criteria },
        };
        Ok(vec![Event::Program(event)])
    }

    fn found(
        &self,
        name: String,
        rules: Rules,
        operators: BTreeSet<UserId>,
        tiers: Vec<(TierId, Tier)>,
    ) -> Result<Vec<Event>, Refusal> {
        if self.entries > 0 {
            return Err(Refusal::Exists { what: "program", id: self.name.clone() });
        }
        if name.trim().is_empty() {
            return Err(Refusal::Empty("the program's name"));
        }
        if operators.is_empty() {
            return Err(Refusal::Empty("the list of operators"));
        }
        operators.iter().try_for_each(not_reserved)?;
        crate::rules::check_rules(&rules)?;
        let mut named = BTreeSet::new();
        for (id, tier) in &tiers {
            check_tier(id, tier)?;
            if !named.insert(id) {
                return Err(Refusal::Exists { what: "tier", id: id.to_string() });
            }
        }
        let founded = ProgramEvent::Founded { name, rules };
        let operators = operators.into_iter().map(|operator| ProgramEvent::OperatorAdded { operator });
        let tiers = tiers.into_iter().map(|(_, tier)| ProgramEvent::TierSet { tier });
        Ok([founded].into_iter().chain(operators).chain(tiers).map(Event::Program).collect())
    }

    /// Takes in an entry of the log; cannot fail, since only decided entries are in the log.
    pub fn apply(&mut self, entry: &Entry) {
        let (at, actor) = (entry.at, &entry.actor);
        self.entries = entry.seq.saturating_add(1);
        self.high_water = Some(self.high_water.map_or(at, |mark| mark.max(at)));
        match &entry.event {
            Event::Program(event) => self.apply_own(event, actor),
            Event::Member(event) => member::apply(&mut self.members, event, at, actor),
            Event::Vetting(event) => {
                if let Some(member) = self.members.get_mut(event.member()) {
                    vetting::apply(member, event, at, actor);
                }
            }
            Event::Case(event) => case::apply(&mut self.cases, event, at),
            Event::Deadline(event) => deadline::apply(self, event, at),
            Event::Leak(event) => leak::apply(self, event, at),
            Event::Review(event) => review::apply(self, event, at, actor),
            Event::Notification(event) => notification::apply(self, event, at, actor),
            Event::Token(event) => token::apply(&mut self.tokens, event, at, actor),
            Event::Sighting(SightingEvent::Added(sighting)) => {
                self.sightings.insert(sighting.id, sighting.clone());
            }
            Event::Grant(GrantEvent::Given(given)) => {
                let granted = Granted {
                    seq: entry.seq,
                    at,
                    wave: given.wave.clone(),
                    sha256: given.sha256,
                    size: given.size,
                    package: given.package,
                };
                // The member's and item's own ids share one allocation each over a million grants.
                let member = self.members.get(&given.member).map_or(&given.member, |known| &known.id).clone();
                if let Some(case) = self.cases.get_mut(&given.case) {
                    let item = case.item(&given.item).map_or(&given.item, |known| &known.item).clone();
                    case.put_grant(item, member, granted);
                }
            }
            Event::Embargo(event) => {
                self.with_case(event.case(), |case| embargo::apply(case, event, at, actor));
                deadline::clamp(self, event.case());
            }
            Event::Item(event) => self.with_case(event.case(), |case| case::apply_item(case, event)),
            Event::Marks(event) => self.with_case(event.case(), |case| case::apply_marks(case, event)),
            Event::Wave(event) => {
                self.with_case(event.case(), |case| case::apply_wave(case, event, at, actor))
            }
        }
    }

    fn apply_own(&mut self, event: &ProgramEvent, actor: &UserId) {
        match event {
            ProgramEvent::Founded { name, rules } => {
                self.name.clone_from(name);
                self.rules = rules.clone();
            }
            ProgramEvent::OperatorProposed { operator } => {
                self.proposed.insert(operator.clone(), actor.clone());
            }
            ProgramEvent::OperatorAdded { operator } => {
                self.proposed.remove(operator);
                self.operators.insert(operator.clone());
            }
            ProgramEvent::TierSet { tier } => {
                if let Ok(id) = tier.id.parse::<TierId>() {
                    // A wave was approved for the tier as it was: an earlier lead or another class is a new plan.
                    if self.tiers.get(&id).is_some_and(|known| known != tier) {
                        for case in self.cases.values_mut() {
                            case.void_approvals(|wave| wave.tiers.contains(&id));
                        }
                    }
                    self.tiers.insert(id, tier.clone());
                }
            }
            ProgramEvent::CriteriaProposed { criteria } => {
                self.proposed_criteria = Some((criteria.clone(), actor.clone()));
            }
            ProgramEvent::CriteriaSet { criteria } => {
                self.proposed_criteria = None;
                self.rules.criteria.clone_from(criteria);
            }
        }
    }

    fn with_case(&mut self, id: &CaseId, change: impl FnOnce(&mut Case)) {
        if let Some(case) = self.cases.get_mut(id) {
            change(case);
        }
    }
}

/// Reading the state.
impl Program {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns how many entries it is the fold of.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the latest instant of any entry; no command is decided before it.
    #[must_use]
    pub fn high_water(&self) -> Option<Timestamp> {
        self.high_water
    }

    /// Returns its operators.
    pub fn operators(&self) -> impl Iterator<Item = &UserId> {
        self.operators.iter()
    }

    /// Returns its tiers.
    pub fn tiers(&self) -> impl Iterator<Item = &Tier> {
        self.tiers.values()
    }

    /// Returns its members.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Returns its cases.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// Returns its sightings.
    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.sightings.values()
    }

    /// Returns its leak cases.
    pub fn leaks(&self) -> impl Iterator<Item = &LeakCase> {
        self.leaks.values()
    }

    /// Returns its reviews.
    pub fn reviews(&self) -> impl Iterator<Item = &Review> {
        self.reviews.values()
    }

    /// Returns what a review took from a member, whether or not its instant has come.
    #[must_use]
    pub fn restriction(&self, member: &MemberId) -> Option<&Restriction> {
        self.restrictions.get(member)
    }

    /// Returns its deadlines, answered ones too.
    pub fn deadlines(&self) -> impl Iterator<Item = &Deadline> {
        self.deadlines.values()
    }

    /// Returns what members must be told or were, oldest first.
    pub fn notifications(&self) -> impl Iterator<Item = &Notification> {
        self.notifications.values()
    }

    /// Returns its tokens, those that ended too.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Returns a tier.
    ///
    /// # Errors
    /// [`Refusal::UnknownTier`].
    pub fn tier(&self, id: &TierId) -> Result<&Tier, Refusal> {
        self.tiers.get(id).ok_or_else(|| Refusal::UnknownTier(id.clone()))
    }

    /// Returns a member.
    ///
    /// # Errors
    /// [`Refusal::UnknownMember`].
    pub fn member(&self, id: &MemberId) -> Result<&Member, Refusal> {
        self.members.get(id).ok_or_else(|| Refusal::UnknownMember(id.clone()))
    }

    /// Returns a case.
    ///
    /// # Errors
    /// [`Refusal::UnknownCase`].
    pub fn case(&self, id: &CaseId) -> Result<&Case, Refusal> {
        self.cases.get(id).ok_or_else(|| Refusal::UnknownCase(id.clone()))
    }

    /// Returns a sighting.
    ///
    /// # Errors
    /// [`Refusal::UnknownSighting`].
    pub fn sighting(&self, id: SightingId) -> Result<&Sighting, Refusal> {
        self.sightings.get(&id).ok_or(Refusal::UnknownSighting(id))
    }

    /// Returns a leak case.
    ///
    /// # Errors
    /// [`Refusal::UnknownLeak`].
    pub fn leak(&self, id: LeakId) -> Result<&LeakCase, Refusal> {
        self.leaks.get(&id).ok_or(Refusal::UnknownLeak(id))
    }

    /// Returns a review.
    ///
    /// # Errors
    /// [`Refusal::UnknownReview`].
    pub fn review(&self, id: ReviewId) -> Result<&Review, Refusal> {
        self.reviews.get(&id).ok_or(Refusal::UnknownReview(id))
    }

    /// Returns a notification.
    ///
    /// # Errors
    /// [`Refusal::UnknownNotification`].
    pub fn notification(&self, id: NotificationId) -> Result<&Notification, Refusal> {
        self.notifications.get(&id).ok_or(Refusal::UnknownNotification(id))
    }
}

/// Numbering and changing what is numbered, for the modules of this crate.
impl Program {
    pub(crate) fn next_sighting(&self) -> SightingId {
        SightingId(next(self.sightings.len()))
    }

    pub(crate) fn next_leak(&self) -> LeakId {
        LeakId(next(self.leaks.len()))
    }

    pub(crate) fn next_review(&self) -> ReviewId {
        ReviewId(next(self.reviews.len()))
    }

    pub(crate) fn next_deadline(&self) -> DeadlineId {
        DeadlineId(next(self.deadlines.len()))
    }

    pub(crate) fn next_notification(&self) -> NotificationId {
        NotificationId(next(self.notifications.len()))
    }

    pub(crate) fn put_notification(&mut self, notification: Notification) {
        self.notifications.insert(notification.id, notification);
    }

    pub(crate) fn notification_mut(&mut self, id: NotificationId) -> Option<&mut Notification> {
        self.notifications.get_mut(&id)
    }

    pub(crate) fn put_deadline(&mut self, deadline: Deadline) {
        self.deadlines.insert(deadline.id, deadline);
    }

    pub(crate) fn deadline_mut(&mut self, id: DeadlineId) -> Option<&mut Deadline> {
        self.deadlines.get_mut(&id)
    }

    pub(crate) fn deadlines_mut(&mut self) -> impl Iterator<Item = &mut Deadline> {
        self.deadlines.values_mut()
    }

    pub(crate) fn put_leak(&mut self, leak: LeakCase) {
        self.leaks.insert(leak.id, leak);
    }

    pub(crate) fn leak_mut(&mut self, id: LeakId) -> Option<&mut LeakCase> {
        self.leaks.get_mut(&id)
    }

    pub(crate) fn restrict(&mut self, member: &MemberId, restriction: Option<Restriction>) {
        match restriction {
            Some(restriction) => self.restrictions.insert(member.clone(), restriction),
            None => self.restrictions.remove(member),
        };
    }

    pub(crate) fn put_review(&mut self, review: Review) {
        self.reviews.insert(review.id, review);
    }

    pub(crate) fn review_mut(&mut self, id: ReviewId) -> Option<&mut Review> {
        self.reviews.get_mut(&id)
    }
}

fn not_reserved(operator: &UserId) -> Result<(), Refusal> {
    if actor::is_reserved(operator) { Err(Refusal::Reserved(operator.clone())) } else { Ok(()) }
}

/// A tier is kept under its own name, so both names must be the same.
fn check_tier(id: &TierId, tier: &Tier) -> Result<(), Refusal> {
    if tier.id == id.as_str() {
        return Ok(());
    }
    Err(Refusal::OtherTier { id: id.clone(), tier: tier.id.clone() })
}

fn next(known: usize) -> u32 {
    u32::try_from(known).unwrap_or(u32::MAX).saturating_add(1)
}
