//! The program: the fold of its log.

mod decide;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::{Lead, Restriction, Role, Standing, Tier};
use serde::{Deserialize, Serialize};

use crate::{
    actor,
    case::{self, Case, CaseCommand},
    clock,
    context::Context,
    deadline::{self, Deadline},
    delivery::{self, DeliveryCommand},
    embargo::{self, EmbargoCommand},
    endpoint::{self, EndpointCommand, Endpoints},
    event::{Entry, Event},
    grant::{self, Copy, GrantEvent, Granted},
    heartbeat::{self, Heartbeat},
    id::{
        CaseId, DeadlineId, ItemId, LeakId, MemberId, NotificationId, ReportId, ReviewId, SightingId, TierId,
        UserId, ViewingId, WaveId,
    },
    invitation::{self, InvitationCommand, Invitations},
    item::{self, Item},
    leak::{self, LeakCase, LeakCommand},
    marks::{self, MarksCommitment},
    member::{self, Member, MemberCommand},
    news::News,
    notification::{self, Notification, NotificationCommand},
    passkey::{self, PasskeyCommand, Passkeys},
    policies::{self, Policies, PolicyCommand},
    refusal::Refusal,
    report::{self, MemberReport, ReportCommand},
    restore::{self, Loss},
    review::{self, Review, ReviewCommand},
    sighting::{self, Report, Sighting, SightingEvent},
    subject::{self, SubjectCommand, Subjects},
    token::{self, TokenCommand, Tokens},
    vetting::{self, Criterion, VettingCommand},
    viewing::{self, Viewing, ViewingCommand},
    wave::{self, Wave, WaveCommand},
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
    /// Whose removal was proposed, and by whom.
    leaving: BTreeMap<UserId, UserId>,
    /// In which roles an operator acts; nothing in logs from before there were any.
    roles: BTreeMap<UserId, BTreeSet<Role>>,
    /// Which roles were proposed for whom, and by whom.
    proposed_roles: BTreeMap<UserId, (BTreeSet<Role>, UserId)>,
    /// Which criteria were proposed, and by whom.
    proposed_criteria: Option<(Vec<Criterion>, UserId)>,
    clock: clock::Word,
    restore: restore::Word,
    tiers: BTreeMap<TierId, Tier>,
    members: BTreeMap<MemberId, Member>,
    cases: BTreeMap<CaseId, Case>,
    sightings: BTreeMap<SightingId, Sighting>,
    leaks: BTreeMap<LeakId, LeakCase>,
    reviews: BTreeMap<ReviewId, Review>,
    restrictions: BTreeMap<MemberId, Restriction>,
    deadlines: BTreeMap<DeadlineId, Deadline>,
    notifications: BTreeMap<NotificationId, Notification>,
    endpoints: Endpoints,
    tokens: Tokens,
    pub(crate) policies: Policies,
    viewings: BTreeMap<ViewingId, Viewing>,
    reports: BTreeMap<ReportId, MemberReport>,
    invitations: Invitations,
    passkeys: Passkeys,
    subjects: Subjects,
    heartbeat: Option<Heartbeat>,
    news: News,
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
    /// Removes an operator, with all ways in; takes effect when a second operator asks for the same.
    RemoveOperator {
        /// Who.
        operator: UserId,
        /// Why.
        reason: String,
    },
    /// Sets in which roles an operator acts; takes effect when a second operator asks for the same, once there are two.
    SetRoles(UserId, BTreeSet<Role>),
    /// Adds a tier or changes its lead time and classes.
    SetTier(TierId, Tier),
    /// Sets what a member must meet; takes effect when a second operator asks for the same.
    SetCriteria(Vec<Criterion>),
    /// Something about the policies.
    Policy(PolicyCommand),
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
    /// Something about where a member's machines are told.
    Endpoint(EndpointCommand),
    /// Something about an operator that reads an item.
    Viewing(ViewingCommand),
    /// Something about a token.
    Token(TokenCommand),
    /// Something that a member does with a granted copy.
    Delivery(DeliveryCommand),
    /// Something about members' reports.
    Report(ReportCommand),
    /// Something about invitations.
    Invitation(InvitationCommand),
    /// Something about passkeys.
    Passkey(PasskeyCommand),
    /// Something about who an operator is at an identity provider.
    Subject(SubjectCommand),
    /// Says nothing, once for each stretch of this length.
    Heartbeat(Lead),
    /// Says that the host's clock is right; a second person's word within a quarter of an hour counts.
    ConfirmClock,
    /// Accepts that entries are lost; a second person's word on the same loss counts.
    AcceptLoss(Loss),
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
    /// One person asked to remove an operator.
    OperatorRemovalProposed {
        /// Who.
        operator: UserId,
        /// Why.
        reason: String,
    },
    /// An operator was removed.
    OperatorRemoved {
        /// Who.
        operator: UserId,
        /// Why.
        reason: String,
    },
    /// Roles were proposed for an operator.
    RolesProposed {
        /// Who.
        operator: UserId,
        /// Which roles, and no other.
        roles: BTreeSet<Role>,
    },
    /// An operator acts in these roles.
    RolesSet {
        /// Who.
        operator: UserId,
        /// Which roles, and no other.
        roles: BTreeSet<Role>,
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
    /// One person says that the host's clock is right.
    ClockLookedAt {},
    /// A second person says so too.
    ClockConfirmed {},
    /// One person would go on with a restored log.
    RestoreProposed {
        /// What it lacks.
        loss: Loss,
    },
    /// A second person would too: the log goes on without what it lacks.
    RestoreAccepted {
        /// What it lacks.
        loss: Loss,
    },
    /// Nothing happened.
    Heartbeat {},
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
            Command::RemoveOperator { operator, reason } => self.remove_operator(ctx, operator, reason),
            Command::SetTier(id, tier) => match self.tiers.get(&id) {
                Some(known) if *known == tier => Ok(Vec::new()),
                _ => {
                    decide::check_tier(&id, &tier)?;
                    Ok(vec![Event::Program(ProgramEvent::TierSet { tier })])
                }
            },
            Command::SetCriteria(criteria) => self.set_criteria(ctx.actor, criteria),
            Command::Policy(command) => policies::decide(self, ctx, command),
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
            Command::Notification(command) => notification::decide(self, ctx, command),
            Command::Endpoint(command) => endpoint::decide(self, command),
            Command::Token(command) => token::decide(self, ctx, command),
            Command::ConfirmClock => clock::decide(self, ctx),
            Command::AcceptLoss(loss) => restore::decide(self, ctx, loss),
            Command::Delivery(command) => delivery::decide(self, ctx, command),
            Command::Report(command) => report::decide(self, ctx, command),
            Command::Invitation(command) => invitation::decide(self, ctx, command),
            Command::Passkey(command) => passkey::decide(self, ctx, command),
            Command::Subject(command) => subject::decide(self, ctx, command),
            Command::Heartbeat(cadence) => heartbeat::decide(self, ctx, cadence),
            Command::Viewing(command) => viewing::decide(self, ctx, command),
            Command::SetRoles(operator, roles) => self.set_roles(ctx.actor, operator, roles),
        }
    }

    /// Takes in an entry of the log; cannot fail, since only decided entries are in the log.
    pub fn apply(&mut self, entry: &Entry) {
        let (at, actor) = (entry.at, &entry.actor);
        self.entries = entry.seq.saturating_add(1);
        self.high_water = Some(self.high_water.map_or(at, |mark| mark.max(at)));
        self.news.note(entry);
        match &entry.event {
            Event::Program(event) => self.apply_own(event, at, actor),
            Event::Viewing(event) => viewing::apply(self, event, at, actor),
            Event::Policy(event) => policies::apply(self, event, at, actor),
            Event::Member(event) => {
                member::apply(&mut self.members, event, at, actor);
                passkey::note_move(&mut self.passkeys, event, at);
            }
            Event::Vetting(event) => {
                if let Some(member) = self.members.get_mut(event.member()) {
                    vetting::apply(member, event, at, actor);
                }
            }
            Event::Case(event) => case::apply(&mut self.cases, event, at),
            Event::Deadline(event) => deadline::apply(self, event, at),
            Event::Leak(event) => leak::apply(self, event, at),
            Event::Review(event) => review::apply(self, event, at, actor),
            Event::Notification(event) => notification::apply(self, event, entry.seq, at, actor),
            Event::Endpoint(event) => endpoint::apply(&mut self.endpoints, event, at, actor),
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
                    fetched: None,
                    acknowledged: None,
                    asserted: None,
                };
                // The member's and item's own ids share one allocation each over a million grants.
                let member = self.members.get(&given.member).map_or(&given.member, |known| &known.id).clone();
                if let Some(case) = self.cases.get_mut(&given.case) {
                    let item = case.item(&given.item).map_or(&given.item, |known| &known.item).clone();
                    case.put_grant(item, member, granted);
                }
            }
            Event::Grant(event @ GrantEvent::Fetched(of)) => {
                self.with_grant((&of.case, &of.item, &of.member), |it| {
                    delivery::apply(it, event, entry.seq, at)
                });
            }
            Event::Grant(event @ GrantEvent::Acknowledged(of)) => {
                self.with_grant((&of.case, &of.item, &of.member), |it| {
                    delivery::apply(it, event, entry.seq, at)
                });
            }
            Event::Grant(event @ GrantEvent::Asserted(of)) => {
                self.with_grant((&of.case, &of.item, &of.member), |it| {
                    delivery::apply(it, event, entry.seq, at)
                });
            }
            Event::Report(event) => report::apply(&mut self.reports, event, at),
            Event::Invitation(event) => invitation::apply(&mut self.invitations, event, at, actor),
            Event::Passkey(event) => passkey::apply(&mut self.passkeys, event, at, actor),
            Event::Subject(event) => subject::apply(&mut self.subjects, event, at, actor),
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

    fn apply_own(&mut self, event: &ProgramEvent, at: Timestamp, actor: &UserId) {
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
            ProgramEvent::OperatorRemovalProposed { operator, .. } => {
                self.leaving.insert(operator.clone(), actor.clone());
            }
            ProgramEvent::OperatorRemoved { operator, .. } => self.let_go(operator),
            ProgramEvent::RolesProposed { operator, roles } => {
                self.proposed_roles.insert(operator.clone(), (roles.clone(), actor.clone()));
            }
            ProgramEvent::RolesSet { operator, roles } => {
                self.proposed_roles.remove(operator);
                self.roles.insert(operator.clone(), roles.clone());
            }
            ProgramEvent::TierSet { tier } => {
                if let Ok(id) = tier.id.parse::<TierId>() {
                    // A wave was approved for the tier as it was: an earlier lead or another class is a new plan.
                    if self.tiers.get(&id).is_some_and(|known| known != tier) {
                        self.void_approvals(|wave| wave.tiers.contains(&id));
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
            ProgramEvent::ClockLookedAt {} => self.clock.look(actor, at),
            ProgramEvent::ClockConfirmed {} => self.clock.confirm(at),
            ProgramEvent::RestoreProposed { loss } => self.restore.propose(actor, loss),
            ProgramEvent::RestoreAccepted { loss } => self.restore.accept(loss),
            // `entries` counts this one already.
            ProgramEvent::Heartbeat {} => self.heartbeat = Some(Heartbeat { at, entries: self.entries }),
        }
    }

    /// Takes a person out of all that waits for a second one; what is looked up by the people on record follows by itself.
    fn let_go(&mut self, operator: &UserId) {
        self.operators.remove(operator);
        self.roles.remove(operator);
        self.proposed_roles.remove(operator);
        self.leaving.remove(operator);
        self.void_approvals(|wave| wave.approvals.contains_key(operator));
        let vetted = self.members.values_mut().filter(|member| member.standing == Standing::Vetting);
        vetted.for_each(|member| member.sheet.signatures.retain(|signature| signature.by != *operator));
    }

    /// Makes the approvals of every wave start over.
    pub(crate) fn void_every_approval(&mut self) {
        self.void_approvals(|_| true);
    }

    fn void_approvals(&mut self, touched: impl Fn(&Wave) -> bool) {
        self.cases.values_mut().for_each(|case| case.void_approvals(&touched));
    }

    fn with_grant(&mut self, of: (&CaseId, &ItemId, &MemberId), change: impl FnOnce(&mut Granted)) {
        let (case, item, member) = of;
        if let Some(granted) = self.cases.get_mut(case).and_then(|case| case.granted_mut(item, member)) {
            change(granted);
        }
    }

    fn with_case(&mut self, id: &CaseId, change: impl FnOnce(&mut Case)) {
        if let Some(case) = self.cases.get_mut(id) {
            change(case);
        }
    }
}
