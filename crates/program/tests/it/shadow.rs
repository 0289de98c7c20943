//! A second, naive account of a program, kept from its entries alone, that says when a promise is broken.
//!
//! It shares no code with `decide`: lead times, bars and approvals are worked out again, from the events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::{
    Action, Class, DutySubject, Effect, Fact, FactKind, PolicySet, Restriction, Role, Standing, Tier, Trigger,
};
use program::{
    Entry, Event,
    case::{CaseEvent, Observation},
    embargo::{EmbargoEvent, Move},
    endpoint::EndpointEvent,
    grant::{Grant, GrantEvent},
    id::{
        CaseId, CriterionId, EndpointId, ItemId, MemberId, NotificationId, ReviewId, TierId, UserId,
        ViewingId, WaveId,
    },
    item::{Item, ItemEvent},
    leak::LeakEvent,
    marks::MarksEvent,
    member::MemberEvent,
    notification::{About, NotificationEvent, Recipient},
    policies::PolicyEvent,
    program::ProgramEvent,
    review::{Outcome, ReviewEvent},
    vetting::{Answer, Criterion, ScreeningOutcome, VettingEvent},
    viewing::ViewingEvent,
    wave::WaveEvent,
};

#[derive(Default)]
struct Who {
    standing: Option<Standing>,
    /// A move that one person asked for.
    wanted: Option<(Standing, UserId)>,
    tier: Option<TierId>,
    agreed_until: Option<Timestamp>,
    keys: BTreeMap<String, bool>,
    facts: BTreeMap<String, Fact>,
    /// What was found about each criterion, and when.
    found: BTreeMap<CriterionId, (Answer, Timestamp)>,
    /// Who signed since the sheet last changed.
    /// With the criteria it was under: a signature is for the sheet as it stands then.
    signed: Vec<(UserId, Vec<Criterion>)>,
    on_list: bool,
    restriction: Option<Restriction>,
}

#[derive(Default)]
struct Wave {
    lead: i64,
    tiers: BTreeSet<TierId>,
    items: BTreeSet<ItemId>,
    approvals: BTreeSet<UserId>,
    released: bool,
}

#[derive(Default)]
struct Case {
    /// The end that is proposed, and by whom.
    proposed: Option<(Timestamp, UserId)>,
    ends: Option<Timestamp>,
    over: Option<Timestamp>,
    exit_wished_by: Option<UserId>,
    observed: bool,
    items: BTreeMap<ItemId, Item>,
    package: u32,
    committed: BTreeSet<u32>,
    waves: BTreeMap<WaveId, Wave>,
    granted: BTreeSet<(MemberId, ItemId)>,
    closed: bool,
    published: bool,
}

struct Notified {
    named: BTreeSet<MemberId>,
    told: BTreeSet<MemberId>,
    enough: bool,
    sent: BTreeSet<Recipient>,
    given_up: BTreeSet<Recipient>,
}

/// What is known from the entries so far.
#[derive(Default)]
pub(crate) struct Shadow {
    entries: u64,
    last: Option<Timestamp>,
    operators: BTreeSet<UserId>,
    leaving: BTreeMap<UserId, UserId>,
    tiers: BTreeMap<TierId, Tier>,
    members: BTreeMap<MemberId, Who>,
    cases: BTreeMap<CaseId, Case>,
    read: BTreeSet<u32>,
    traced: BTreeSet<u32>,
    reviewed: BTreeMap<ReviewId, MemberId>,
    proposed: BTreeMap<ReviewId, UserId>,
    decided: BTreeSet<ReviewId>,
    /// Who is named by a notification, whom a person told, and whom a notice was enough for.
    notified: BTreeMap<NotificationId, Notified>,
    /// How often each lapse was warned of.
    warned: BTreeSet<(MemberId, String, Timestamp, u8)>,
    endpoints: BTreeSet<EndpointId>,
    criteria: Vec<Criterion>,
    criteria_by: Option<UserId>,
    clock_by: Option<UserId>,
    loss_by: Option<UserId>,
    attest_every: i64,
    roles: BTreeMap<UserId, BTreeSet<Role>>,
    roles_wanted: BTreeMap<UserId, (BTreeSet<Role>, UserId)>,
    /// Who asked for an item of which class, who approved, and whether it was read.
    viewings: BTreeMap<ViewingId, (UserId, Class, Option<UserId>, bool)>,
    policies: u32,
    policy_waits: Option<(u32, UserId)>,
}

impl Shadow {
    /// Takes in what one command decided on; panics where that breaks a promise.
    pub(crate) fn take(&mut self, entries: &[Entry]) {
        let reviewed =
            entries.iter().any(|entry| matches!(entry.event, Event::Review(ReviewEvent::Decided { .. })));
        for entry in entries {
            assert_eq!(entry.seq, self.entries, "a gap in the log");
            assert!(self.last.is_none_or(|last| last <= entry.at), "time runs backwards");
            assert!(
                self.entries == 0 || entry.seq < 4 || self.operators.contains(&entry.actor),
                "a stranger acts"
            );
            self.entries += 1;
            self.last = Some(entry.at);
            self.one(entry, reviewed);
        }
    }

    fn one(&mut self, entry: &Entry, reviewed: bool) {
        let (at, actor) = (entry.at, &entry.actor);
        match &entry.event {
            Event::Program(event) => self.program(event, actor),
            Event::Member(event) => self.member(event, at, actor, reviewed),
            Event::Vetting(event) => self.vetting(event, at, actor),
            Event::Case(event) => self.case(event, at),
            Event::Embargo(event) => embargo(self.cases.get_mut(event.case()).unwrap(), event, at, actor),
            Event::Item(ItemEvent::Added { case, package, items }) => self.items(case, *package, items),
            Event::Marks(MarksEvent::Committed { case, marks }) => {
                let case = self.cases.get_mut(case).unwrap();
                assert_eq!(marks.package, case.package, "marks of another package");
                assert!(case.committed.insert(marks.package), "committed twice");
            }
            Event::Wave(event) => self.wave(event, at, actor),
            Event::Grant(GrantEvent::Given(grant)) => self.grant(grant, at),
            Event::Leak(LeakEvent::Opened { .. }) | Event::Sighting(_) | Event::Deadline(_) => {}
            Event::Leak(LeakEvent::Read { leak, .. }) => assert!(self.read.insert(leak.0), "read twice"),
            Event::Leak(LeakEvent::Traced { leak, trace }) => {
                assert!(self.read.contains(&leak.0), "traced before it was read");
                assert!(self.traced.insert(leak.0), "traced twice");
                for accused in &trace.accused {
                    let held = |case: &Case| case.granted.iter().any(|(who, _)| *who == accused.member);
                    assert!(self.cases.values().any(held), "a member without a copy is accused");
                }
            }
            Event::Review(event) => self.review(event, actor),
            Event::Notification(event) => self.notification(event, at),
            // What a member may have is not changed by any of these.
            Event::Grant(GrantEvent::Fetched(_) | GrantEvent::Acknowledged(_) | GrantEvent::Asserted(_)) => {}
            Event::Token(_)
            | Event::Report(_)
            | Event::Invitation(_)
            | Event::Passkey(_)
            | Event::Subject(_) => {}
            Event::Endpoint(EndpointEvent::Added { endpoint, member, .. }) => {
                assert!(self.members.contains_key(member) && self.endpoints.insert(*endpoint));
            }
            Event::Endpoint(EndpointEvent::Removed { endpoint }) => {
                assert!(*endpoint <= *self.endpoints.last().unwrap(), "none of these was ever there");
            }
            Event::Viewing(event) => self.viewing(event, actor),
            Event::Policy(event) => self.policies(event, actor),
        }
    }

    fn program(&mut self, event: &ProgramEvent, actor: &UserId) {
        match event {
            ProgramEvent::Founded { rules, .. } => {
                assert_eq!(self.entries, 1, "founded twice");
                self.criteria.clone_from(&rules.criteria);
                self.attest_every = i64::from(rules.attest_every.seconds());
            }
            ProgramEvent::CriteriaProposed { .. } => self.criteria_by = Some(actor.clone()),
            ProgramEvent::ClockLookedAt {} => self.clock_by = Some(actor.clone()),
            ProgramEvent::ClockConfirmed {} => {
                let first = self.clock_by.take();
                assert!(first.is_some_and(|first| first != *actor), "the clock confirmed by one");
            }
            ProgramEvent::RestoreProposed { .. } => self.loss_by = Some(actor.clone()),
            ProgramEvent::RestoreAccepted { .. } => {
                let first = self.loss_by.take();
                assert!(first.is_some_and(|first| first != *actor), "a loss accepted by one");
            }
            ProgramEvent::CriteriaSet { criteria } => {
                let first = self.criteria_by.take();
                assert!(first.is_some_and(|first| first != *actor), "criteria changed by one");
                self.criteria.clone_from(criteria);
            }
            ProgramEvent::Heartbeat {} => {}
            ProgramEvent::OperatorProposed { operator } => assert!(!self.operators.contains(operator)),
            ProgramEvent::OperatorAdded { operator } => {
                self.operators.insert(operator.clone());
            }
            ProgramEvent::OperatorRemovalProposed { operator, .. } => {
                assert!(self.operators.contains(operator));
                self.leaving.insert(operator.clone(), actor.clone());
            }
            ProgramEvent::OperatorRemoved { operator, .. } => {
                let first = self.leaving.remove(operator).expect("removed out of nowhere");
                assert!(first != *actor, "an operator removed by one");
                assert!(self.operators.remove(operator) && self.operators.len() >= 2, "one operator is left");
                self.roles.remove(operator);
                self.roles_wanted.remove(operator);
                let waves = self.cases.values_mut().flat_map(|case| case.waves.values_mut());
                waves
                    .filter(|wave| wave.approvals.contains(operator))
                    .for_each(|wave| wave.approvals.clear());
            }
            ProgramEvent::RolesProposed { operator, roles } => {
                assert!(self.operators.contains(operator));
                self.roles_wanted.insert(operator.clone(), (roles.clone(), actor.clone()));
            }
            ProgramEvent::RolesSet { operator, roles } => {
                let (wanted, first) = self.roles_wanted.remove(operator).expect("roles out of nowhere");
                assert!(wanted == *roles && first != *actor, "roles set by one");
                self.roles.insert(operator.clone(), roles.clone());
            }
            ProgramEvent::TierSet { tier } => {
                let id: TierId = tier.id.parse().unwrap();
                let before = self.tiers.insert(id.clone(), tier.clone());
                if before.is_some_and(|before| before != *tier) {
                    let waves = self.cases.values_mut().flat_map(|case| case.waves.values_mut());
                    waves.filter(|wave| wave.tiers.contains(&id)).for_each(|wave| wave.approvals.clear());
                }
            }
        }
    }

    fn vetting(&mut self, event: &VettingEvent, at: Timestamp, actor: &UserId) {
        let who = self.members.get_mut(event.member()).expect("vetted without an application");
        match event {
            VettingEvent::Assessed { criterion, answer, evidence, .. } => {
                assert!(self.criteria.iter().any(|known| known.id == *criterion) && !evidence.is_empty());
                who.found.insert(criterion.clone(), (answer.clone(), at));
                who.signed.clear();
            }
            VettingEvent::SheetSigned { .. } => {
                complete(&self.criteria, self.attest_every, who, at);
                let signed = (actor.clone(), self.criteria.clone());
                assert!(!who.signed.contains(&signed), "signed twice by one");
                who.signed.push(signed);
            }
            VettingEvent::Screened { screening, .. } => {
                who.on_list = screening.outcome == ScreeningOutcome::Hit;
                who.signed.clear();
            }
            VettingEvent::ContactSet { .. } => {}
        }
    }

    fn member(&mut self, event: &MemberEvent, at: Timestamp, actor: &UserId, reviewed: bool) {
        if let MemberEvent::KeyAdded { fingerprint, .. } = event {
            let taken = self.members.values().any(|who| who.keys.contains_key(fingerprint));
            assert!(!taken, "two members, one key");
        }
        let who = self.members.entry(event.member().clone()).or_default();
        match event {
            MemberEvent::Applied { .. } => {
                assert!(matches!(who.standing, None | Some(Standing::Declined)), "applied twice");
                *who = Who { standing: Some(Standing::Applied), ..Who::default() };
            }
            MemberEvent::Moved { to, .. } => {
                assert_ne!(who.standing, Some(Standing::Removed), "removed is for good");
                let first = who.wanted.take().filter(|(wanted, _)| wanted == to).map(|(_, first)| first);
                let by_two = first.is_some_and(|first| first != *actor);
                let admitted = who.standing == Some(Standing::Vetting);
                if *to == Standing::Active
                    && who.standing == Some(Standing::Vetting)
                    && !self.criteria.is_empty()
                {
                    complete(&self.criteria, self.attest_every, who, at);
                    let signed = who.signed.iter().filter(|(_, under)| *under == self.criteria).count();
                    assert!(signed >= 2, "admitted on {signed} signatures");
                }
                if *to == Standing::Active {
                    assert!(who.tier.is_some() && who.agreed_until.is_some(), "active without admission");
                }
                let alone = matches!(to, Standing::Vetting | Standing::Suspended | Standing::Declined);
                assert!(alone || reviewed || admitted || by_two, "made {to} by one");
                who.standing = Some(*to);
            }
            MemberEvent::MoveProposed { to, .. } => who.wanted = Some((*to, actor.clone())),
            MemberEvent::Tiered { tier, .. } => who.tier = Some(tier.clone()),
            MemberEvent::Signed { agreement, .. } => who.agreed_until = Some(agreement.until),
            MemberEvent::FactRecorded { fact, .. } => {
                who.facts.insert(program::member::fact_key(fact), fact.clone());
            }
            MemberEvent::FactWithdrawn { key, .. } => {
                assert!(who.facts.remove(key).is_some(), "withdrawn what was not there");
            }
            MemberEvent::KeyAdded { fingerprint, .. } => {
                who.keys.insert(fingerprint.clone(), false);
            }
            MemberEvent::KeyConfirmed { fingerprint, .. } => {
                assert_eq!(who.keys.insert(fingerprint.clone(), true), Some(false), "confirmed twice");
            }
            MemberEvent::SigningKeyAdded { .. }
            | MemberEvent::SigningKeyConfirmed { .. }
            | MemberEvent::SignatureRequired { .. } => {}
            MemberEvent::KeyReconfirmed { fingerprint, .. } => {
                assert_eq!(who.keys.get(fingerprint), Some(&true), "reconfirmed what nobody confirmed");
            }
        }
    }

    fn case(&mut self, event: &CaseEvent, at: Timestamp) {
        match event {
            CaseEvent::Opened { case, .. } => {
                assert!(self.cases.insert(case.clone(), Case::default()).is_none(), "opened twice");
            }
            CaseEvent::Observed { case, what, since } => {
                assert!(*since <= at);
                let case = self.cases.get_mut(case).unwrap();
                case.observed = true;
                // The end comes in the same command where an embargo is in force: see `checked`.
                if *what != Observation::AttacksObserved && case.ends.is_some() {
                    case.proposed = None;
                }
            }
            CaseEvent::Published { case, at: carried, .. } => {
                let case = self.cases.get_mut(case).unwrap();
                assert!(case.over.is_some_and(|over| over <= *carried && *carried <= at), "published early");
                assert!(!std::mem::replace(&mut case.published, true), "published twice");
            }
            CaseEvent::Closed { case } => {
                let case = self.cases.get_mut(case).unwrap();
                assert!(case.ends.is_none(), "closed while the embargo is in force");
                assert!(!std::mem::replace(&mut case.closed, true), "closed twice");
            }
        }
    }

    fn items(&mut self, case: &CaseId, package: u32, items: &[Item]) {
        let case = self.cases.get_mut(case).unwrap();
        assert_eq!(package, case.package + 1);
        case.package = package;
        for item in items {
            assert!(!case.granted.iter().any(|(_, held)| *held == item.item), "replaced under a member");
            if case.items.insert(item.item.clone(), item.clone()).is_some() {
                let waves = case.waves.values_mut().filter(|wave| wave.items.contains(&item.item));
                waves.for_each(|wave| wave.approvals.clear());
            }
        }
    }

    fn wave(&mut self, event: &WaveEvent, at: Timestamp, actor: &UserId) {
        let case = self.cases.get_mut(event.case()).unwrap();
        let public = case.over.or(case.ends);
        match event {
            WaveEvent::Scheduled { wave, lead, tiers, items, .. } => {
                assert!(case.ends.is_some_and(|ends| at < ends), "scheduled without an embargo in force");
                assert!(
                    !case.waves.get(wave).is_some_and(|wave| wave.released),
                    "released, and planned again"
                );
                assert!(!tiers.is_empty() && !items.is_empty());
                let (tiers, items, lead) = (tiers.clone(), items.clone(), i64::from(lead.seconds()));
                case.waves.insert(wave.clone(), Wave { lead, tiers, items, ..Wave::default() });
            }
            WaveEvent::Approved { wave, plan, package, .. } => {
                assert!(
                    plan.is_some() && *package == Some(case.package),
                    "an approval names what it approves"
                );
                let wave = case.waves.get_mut(wave).unwrap();
                assert!(wave.approvals.insert(actor.clone()), "approved twice by one");
            }
            WaveEvent::Withheld { .. } => {}
            WaveEvent::Released { wave, .. } => {
                let wave = case.waves.get_mut(wave).unwrap();
                assert!(wave.approvals.len() >= 2, "released on {} approvals", wave.approvals.len());
                assert!(early_by(public, wave.lead, at) <= 0, "a wave before its instant");
                assert!(!std::mem::replace(&mut wave.released, true), "released twice");
            }
        }
    }

    fn grant(&mut self, grant: &Grant, at: Timestamp) {
        let case = self.cases.get_mut(&grant.case).unwrap();
        let who = &self.members[&grant.member];
        let wave = &case.waves[&grant.wave];
        let item = &case.items[&grant.item];
        let tier = who.tier.as_ref().and_then(|id| self.tiers.get(id)).expect("granted without a tier");
        let public = case.over.or(case.ends);
        assert!(case.granted.insert((grant.member.clone(), grant.item.clone())), "granted twice");
        assert!(wave.approvals.len() >= 2, "granted on {} approvals", wave.approvals.len());
        assert!(early_by(public, wave.lead, at) <= 0, "granted before its wave");
        assert!(wave.items.contains(&grant.item) && wave.tiers.contains(&tier.id.parse().unwrap()));
        assert!(
            grant.package == case.package && case.committed.contains(&grant.package),
            "no marks committed"
        );
        let is_public = public.is_some_and(|public| public <= at);
        let standing = who.standing.unwrap();
        let in_order = standing == Standing::Active || (is_public && standing == Standing::Restricted);
        assert!(in_order, "granted to a member that is {standing}");
        let duties = || who.facts.values().filter(|fact| fact.kind == FactKind::DisclosureDuty);
        let tells = duties().any(|fact| {
            fact.subject == Some(DutySubject::ThirdPartyVulnerability)
                && matches!(fact.trigger, Some(Trigger::Knowledge) | None)
        });
        let unknown = duties().next().is_none()
            || duties().any(|fact| fact.subject.is_none() || fact.until.is_none_or(|until| until <= at));
        if tells || unknown {
            assert!(item.class != Class::Reproduction, "a reproduction in spite of a duty");
            assert!(is_public, "early in spite of a duty");
        }
        let taken = taken_from(who, item.class, at);
        assert!(is_public || !taken, "early in spite of a restriction");
        if !is_public {
            assert!(early_by(public, i64::from(tier.lead.seconds()), at) <= 0, "before its tier hears");
            assert!(tier.classes.contains(&item.class), "a class its tier does not have");
            assert!(who.agreed_until.is_some_and(|until| at < until), "without an agreement");
            assert!(who.keys.get(&grant.key) == Some(&true), "sealed to a key that nobody confirmed");
        }
    }

    fn notification(&mut self, event: &NotificationEvent, at: Timestamp) {
        match event {
            NotificationEvent::Due { notification, about, members, .. } => {
                assert!(members.iter().all(|member| self.members.contains_key(member)), "a stranger is told");
                if let About::Embargo(case) = about {
                    let case = &self.cases[case];
                    let holders: BTreeSet<_> = case.granted.iter().map(|(member, _)| member).collect();
                    assert!(holders.iter().all(|holder| members.contains(*holder)), "a holder is not told");
                    let known = case.over.is_some_and(|over| over <= at);
                    assert!(known || members.len() == holders.len(), "a case is given away");
                }
                if let About::Wave { case, .. } = about {
                    let case = &self.cases[case];
                    let holds = |member: &MemberId| case.granted.iter().any(|(holder, _)| holder == member);
                    assert!(members.iter().all(holds), "woken for nothing");
                }
                if let About::Lapse { what, at: ends, days } = about {
                    assert!(*ends > at && early_by(Some(*ends), i64::from(*days) * 86_400, at) <= 0);
                    for member in members {
                        let once = self.warned.insert((member.clone(), what.clone(), *ends, *days));
                        assert!(once, "warned twice");
                    }
                }
                let notified = Notified {
                    named: members.clone(),
                    told: BTreeSet::new(),
                    enough: !matches!(about, About::Review(_) | About::Standing(_)),
                    sent: BTreeSet::new(),
                    given_up: BTreeSet::new(),
                };
                let twice = self.notified.insert(*notification, notified);
                assert!(twice.is_none(), "one number, two notifications");
            }
            NotificationEvent::Told { notification, members, .. } => {
                let known = self.notified.get_mut(notification).unwrap();
                assert!(!members.is_empty() && members.is_subset(&known.named));
                assert!(members.iter().all(|member| known.told.insert(member.clone())), "told twice");
            }
            NotificationEvent::Sent { notification, to } => {
                let known = self.notified.get_mut(notification).unwrap();
                assert!(!to.is_empty() && to.iter().all(|to| known.sent.insert(to.clone())), "sent twice");
                known.given_up.retain(|dead| !to.contains(dead));
            }
            NotificationEvent::GivenUp { notification, to, .. } => {
                let known = self.notified.get_mut(notification).unwrap();
                assert!(known.sent.is_disjoint(to), "given up after it was sent");
                assert!(to.iter().all(|to| known.given_up.insert(to.clone())), "given up twice");
            }
            NotificationEvent::Retried { notification, to } => {
                let known = self.notified.get_mut(notification).unwrap();
                assert!(!to.is_empty() && to.iter().all(|to| known.given_up.remove(to)), "nothing to retry");
            }
        }
    }

    fn viewing(&mut self, event: &ViewingEvent, actor: &UserId) {
        let roles = |user: &UserId| self.roles.get(user).cloned().unwrap_or_default();
        match event {
            ViewingEvent::Asked { viewing, case, item, text, .. } => {
                let item = &self.cases[case].items[item];
                assert_eq!(item.text, *text);
                let asked = (actor.clone(), item.class, None, false);
                assert!(self.viewings.insert(*viewing, asked).is_none(), "one number, two viewings");
            }
            ViewingEvent::Approved { viewing } => {
                assert!(!roles(actor).is_empty(), "approved without a role");
                let (by, _, approved, viewed) = self.viewings.get_mut(viewing).unwrap();
                assert!(by != actor && approved.is_none() && !*viewed, "approved twice, or one's own");
                *approved = Some(actor.clone());
            }
            ViewingEvent::Viewed { viewing, .. } => {
                let (by, class, approved, _) = self.viewings[viewing].clone();
                let works = [Role::Coordinator, Role::ReleaseEngineer, Role::Investigator];
                assert!(
                    by == *actor && works.iter().any(|role| roles(actor).contains(role)),
                    "read without a role"
                );
                let second = approved.is_some_and(|second| second != by && !roles(&second).is_empty());
                assert!(class != Class::Reproduction || second, "a reproduction read by one");
                let viewed = &mut self.viewings.get_mut(viewing).unwrap().3;
                assert!(!std::mem::replace(viewed, true), "read twice on one approval");
            }
        }
    }

    fn policies(&mut self, event: &PolicyEvent, actor: &UserId) {
        match event {
            PolicyEvent::Proposed { number, .. } => {
                assert_eq!(*number, self.policies + 1, "numbers go up by one");
                self.policies = *number;
                self.policy_waits = Some((*number, actor.clone()));
            }
            PolicyEvent::Adopted { number } => {
                let (waits, first) = self.policy_waits.take().expect("adopted what nobody proposed");
                assert_eq!(waits, *number, "adopted what was superseded");
                // The founder alone, and then never again.
                assert!(self.entries < 20 && *number == 1 || first != *actor, "policies changed by one");
                let waves = self.cases.values_mut().flat_map(|case| case.waves.values_mut());
                waves.for_each(|wave| wave.approvals.clear());
            }
            PolicyEvent::Withdrawn { number, .. } => {
                assert_eq!(self.policy_waits.take().map(|(waits, _)| waits), Some(*number));
            }
        }
    }

    fn review(&mut self, event: &ReviewEvent, actor: &UserId) {
        let review = event.review();
        assert!(!self.decided.contains(&review), "decided, and goes on");
        match event {
            ReviewEvent::Opened { member, .. } => {
                self.reviewed.insert(review, member.clone());
            }
            ReviewEvent::Replied { .. } => {}
            ReviewEvent::Proposed { .. } => {
                self.proposed.insert(review, actor.clone());
            }
            ReviewEvent::Decided { outcome, restriction, .. } => {
                let who = self.members.get_mut(&self.reviewed[&review]).unwrap();
                if *outcome == Outcome::Clear || restriction.is_some() {
                    assert!(restriction.is_none() || *outcome == Outcome::Restrict);
                    who.restriction = restriction.clone();
                }
                assert!(self.proposed.get(&review).is_some_and(|first| first != actor), "decided by one");
                self.decided.insert(review);
            }
        }
    }

    /// Asks the policies through the program's state, and works the answer out from the entries alone.
    ///
    /// A grant is held against more than this; here a refusal must be right too.
    pub(crate) fn judged(&self, program: &program::Program, policy: &PolicySet, now: Timestamp) {
        for (case_id, case) in &self.cases {
            let real = program.case(case_id).unwrap();
            let public = case.over.or(case.ends);
            for (item, (id, who)) in
                case.items.values().flat_map(|item| self.members.iter().map(move |it| (item, it)))
            {
                let member = program.member(id).unwrap();
                for at in [Some(now), public].into_iter().flatten() {
                    let asked = program::judge::judge(program, policy, real, item, member, Action::Fetch, at);
                    let may = self.may(who, item.class, public, at);
                    assert_eq!(
                        asked.effect == Effect::Permit,
                        may,
                        "{id} {} at {at}: {}",
                        item.item,
                        asked.says
                    );
                }
            }
        }
    }

    /// The default rules, from what the entries said about a member.
    fn may(&self, who: &Who, class: Class, public: Option<Timestamp>, at: Timestamp) -> bool {
        let Some(public) = public else { return false };
        let is_public = public <= at;
        let duties = || who.facts.values().filter(|fact| fact.kind == FactKind::DisclosureDuty);
        let third = |fact: &Fact| fact.subject == Some(DutySubject::ThirdPartyVulnerability);
        let barred = duties().next().is_none()
            || duties().any(|fact| third(fact) && matches!(fact.trigger, Some(Trigger::Knowledge) | None))
            || duties().any(|fact| fact.subject.is_none() || fact.until.is_none_or(|until| until <= at));
        if barred && (class == Class::Reproduction || !is_public) {
            return false;
        }
        if taken_from(who, class, at) && !is_public {
            return false;
        }
        match who.standing {
            Some(Standing::Active | Standing::Restricted) if is_public => true,
            Some(Standing::Active) => {
                who.agreed_until.is_some_and(|until| at < until)
                    && who.keys.values().any(|confirmed| *confirmed)
                    && who.tier.as_ref().and_then(|id| self.tiers.get(id)).is_some_and(|tier| {
                        tier.classes.contains(&class)
                            && early_by(Some(public), i64::from(tier.lead.seconds()), at) <= 0
                    })
            }
            _ => false,
        }
    }

    /// What must hold between two commands.
    pub(crate) fn checked(&self, program: &program::Program) {
        for (id, case) in &self.cases {
            let real = program.case(id).unwrap();
            assert_eq!(real.embargo().in_force_until(), case.ends, "the embargo of {id}");
            assert_eq!(real.embargo().public(), case.over.or(case.ends));
            let observed = real.observed();
            let known = observed.public_aware.or(observed.exploit_public);
            assert!(known.is_none() || case.ends.is_none(), "an embargo in force on what the public knows");
            assert_eq!(real.grants().count(), case.granted.len());
        }
        for notification in program.notifications() {
            let known = &self.notified[&notification.id];
            let noticed =
                |member: &MemberId| known.enough && known.sent.iter().any(|to| to.member() == Some(member));
            let open = |member: &&MemberId| !known.told.contains(*member) && !noticed(member);
            let untold: Vec<_> = known.named.iter().filter(open).collect();
            assert!(notification.untold().eq(untold), "who must be told");
            assert!(notification.dead().map(|(to, _)| to).eq(&known.given_up), "what was given up");
        }
        for deadline in program.deadlines().filter(|deadline| deadline.closed.is_none()) {
            let ends = self.cases[&deadline.case].ends;
            assert!(ends.is_some_and(|ends| deadline.due <= ends), "a deadline outlives its embargo");
        }
    }
}

/// Every criterion in force was found met or waived, not too long ago, and the member is on no list.
fn complete(criteria: &[Criterion], attest_every: i64, who: &Who, at: Timestamp) {
    assert!(!who.on_list, "on a list, and goes on");
    for criterion in criteria {
        let (answer, found) = who.found.get(&criterion.id).expect("signed with an open criterion");
        assert!(*answer != Answer::NotMet, "signed with a criterion not met");
        assert!(at.duration_since(*found).as_secs() < attest_every, "signed on a stale assessment");
    }
}

fn embargo(case: &mut Case, event: &EmbargoEvent, at: Timestamp, actor: &UserId) {
    match event {
        EmbargoEvent::ExitProposed { .. } => {
            assert!(case.ends.is_some_and(|ends| at < ends) && case.exit_wished_by.is_none());
            case.exit_wished_by = Some(actor.clone());
        }
        EmbargoEvent::Kept { .. } => {
            assert!(case.ends.is_some_and(|ends| at < ends));
            case.exit_wished_by = None;
        }
        EmbargoEvent::Moved { step, reason, accepts, .. } => {
            assert!(case.over.is_none(), "a step after the end");
            let run_out = case.ends.is_some_and(|ends| ends <= at);
            match step {
                Move::Propose(ends) => {
                    assert!(!case.closed && !run_out && at < *ends);
                    assert!(!case.observed || case.ends.is_some_and(|held| *ends <= held), "too late");
                    let earlier =
                        case.proposed.as_ref().is_some_and(|(first, _)| at < *first && first <= ends);
                    assert!(!earlier, "the earliest proposal stands");
                    case.proposed = Some((*ends, actor.clone()));
                }
                Move::Accept => {
                    let (ends, by) = case.proposed.take().unwrap();
                    let named = accepts.as_ref().map(|named| (named.ends, &named.by));
                    assert_eq!(named, Some((ends, &by)), "an acceptance names what it accepts");
                    assert!(!case.closed && !run_out && at < ends && by != *actor, "accepted by one");
                    assert!(!case.observed || case.ends.is_some_and(|held| ends <= held), "too late");
                    case.ends = Some(ends);
                    case.exit_wished_by = None;
                }
                Move::Reject => {
                    assert!(!run_out);
                    case.proposed.take().unwrap();
                }
                Move::Terminate(when) => {
                    let ends = case.ends.take().expect("ended what was not in force");
                    assert!(*when <= at && *when <= ends, "over before it is over");
                    let forced = *when == ends || reason == "public knowledge ends an embargo";
                    let agreed = case.exit_wished_by.as_ref().is_some_and(|first| first != actor);
                    assert!(forced || agreed, "ended early by one");
                    case.over = Some(*when);
                }
            }
        }
    }
}

/// Whether a review took this class from a member, and has not given it back by then.
fn taken_from(who: &Who, class: Class, at: Timestamp) -> bool {
    let holds =
        |held: &&Restriction| held.classes.contains(&class) && held.until.is_none_or(|until| at < until);
    who.restriction.as_ref().is_some_and(|held| holds(&held))
}

/// By how many nanoseconds `at` lies before `lead` seconds ahead of the public instant.
fn early_by(public: Option<Timestamp>, lead: i64, at: Timestamp) -> i128 {
    let public = public.expect("released without an embargo");
    public.as_nanosecond() - i128::from(lead) * 1_000_000_000 - at.as_nanosecond()
}
