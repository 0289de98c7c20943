//! Reading the state, and changing what is numbered.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::{Restriction, Role, Tier};

use super::{Program, Rules};
use crate::{
    case::Case,
    clock::Word,
    deadline::Deadline,
    endpoint::Endpoints,
    heartbeat::Heartbeat,
    id::{
        CaseId, DeadlineId, LeakId, MemberId, NotificationId, ReportId, ReviewId, Sha256, SightingId, TierId,
        UserId, ViewingId,
    },
    invitation::Invitations,
    leak::LeakCase,
    member::Member,
    notification::Notification,
    passkey::Passkeys,
    refusal::Refusal,
    report::MemberReport,
    restore,
    review::Review,
    sighting::Sighting,
    subject::Subjects,
    token::Tokens,
    viewing::Viewing,
};

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

    /// Counts the copies a member was granted and the notifications that name it: whoever waits for more looks at this.
    #[must_use]
    pub fn news_of(&self, member: &MemberId) -> u64 {
        self.news.of(member)
    }

    /// Returns how long the log was after the last entry that may have made more due; what only comes of a release,
    /// fetches and the like, does not count.
    #[must_use]
    pub fn decisive(&self) -> u64 {
        self.news.decisive()
    }

    /// Returns its operators.
    pub fn operators(&self) -> impl Iterator<Item = &UserId> {
        self.operators.iter()
    }

    /// Returns the first of two people as long as that one is an operator: nobody is one of two after that.
    pub(crate) fn first<'a>(&self, who: Option<&'a UserId>) -> Option<&'a UserId> {
        who.filter(|who| self.operators.contains(*who))
    }

    /// Returns in which roles an operator acts; nothing where none were ever recorded.
    #[must_use]
    pub fn roles(&self, operator: &UserId) -> Option<&BTreeSet<Role>> {
        self.roles.get(operator)
    }

    /// Returns who asked for an item's text, and what came of it.
    pub fn viewings(&self) -> impl Iterator<Item = &Viewing> {
        self.viewings.values()
    }

    /// Returns a viewing.
    ///
    /// # Errors
    /// [`Refusal::UnknownViewing`].
    pub fn viewing(&self, id: ViewingId) -> Result<&Viewing, Refusal> {
        self.viewings.get(&id).ok_or(Refusal::UnknownViewing(id))
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
    pub fn notifications(&self) -> impl DoubleEndedIterator<Item = &Notification> {
        self.notifications.values()
    }

    /// Returns what people said of the host's clock last.
    #[must_use]
    pub fn clock(&self) -> &Word {
        &self.clock
    }

    /// Lists the blobs that items and exhibits lie in.
    pub fn blobs(&self) -> impl Iterator<Item = Sha256> + '_ {
        let items = self.cases.values().flat_map(|case| case.items().map(|item| item.blob));
        let exhibits =
            self.sightings.values().flat_map(|one| one.exhibits.iter().map(|exhibit| exhibit.blob));
        items.chain(exhibits)
    }

    /// Returns what people said of lost entries last.
    #[must_use]
    pub fn restore(&self) -> &restore::Word {
        &self.restore
    }

    /// Returns its members' endpoints.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns its tokens, those that ended too.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Returns what members reported, oldest first.
    pub fn member_reports(&self) -> impl Iterator<Item = &MemberReport> {
        self.reports.values()
    }

    /// Returns a member's report.
    ///
    /// # Errors
    /// [`Refusal::UnknownReport`].
    pub fn member_report(&self, id: ReportId) -> Result<&MemberReport, Refusal> {
        self.reports.get(&id).ok_or(Refusal::UnknownReport(id))
    }

    /// Returns who its operators are at identity providers.
    #[must_use]
    pub fn subjects(&self) -> &Subjects {
        &self.subjects
    }

    /// Returns its passkeys and the links that register them.
    #[must_use]
    pub fn passkeys(&self) -> &Passkeys {
        &self.passkeys
    }

    /// Returns its invitations, those that ended too.
    #[must_use]
    pub fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// Returns the last heartbeat.
    #[must_use]
    pub fn heartbeat(&self) -> Option<Heartbeat> {
        self.heartbeat
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

    pub(crate) fn next_report(&self) -> ReportId {
        ReportId(next(self.reports.len()))
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

    pub(crate) fn next_viewing(&self) -> ViewingId {
        ViewingId(next(self.viewings.len()))
    }

    pub(crate) fn put_viewing(&mut self, viewing: Viewing) {
        self.viewings.insert(viewing.id, viewing);
    }

    pub(crate) fn viewing_mut(&mut self, id: ViewingId) -> Option<&mut Viewing> {
        self.viewings.get_mut(&id)
    }

    pub(crate) fn put_review(&mut self, review: Review) {
        self.reviews.insert(review.id, review);
    }

    pub(crate) fn review_mut(&mut self, id: ReviewId) -> Option<&mut Review> {
        self.reviews.get_mut(&id)
    }
}

fn next(known: usize) -> u32 {
    u32::try_from(known).unwrap_or(u32::MAX).saturating_add(1)
}
