//! Notifications: what members must be told, and who told them.
//!
//! Nothing is sent here. A notification stands until every member it names was told, by whatever channel.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use policy::Standing;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    case::Case,
    id::{CaseId, MemberId, NotificationId, ReviewId, UserId},
    member::Member,
    program::Program,
    refusal::Refusal,
};

/// What a notification is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A case's embargo ended early, or its end moved.
    Embargo(CaseId),
    /// A review was opened or decided.
    Review(ReviewId),
    /// The member's standing, changed outside of a review.
    Standing(MemberId),
}

/// Something members must be told; due from the instant it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// Its number.
    pub id: NotificationId,
    /// What it is about.
    pub about: About,
    /// What they must be told.
    pub text: String,
    /// Since when it is due.
    pub due: Timestamp,
    /// Whom, and how each was told; absent while it was not.
    pub members: BTreeMap<MemberId, Option<Told>>,
}

/// How a member was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// When that was recorded.
    pub at: Timestamp,
    /// Who recorded it.
    pub by: UserId,
    /// By which channel, to whom.
    pub how: String,
}

impl Notification {
    /// Returns the members that were not told yet.
    pub fn untold(&self) -> impl Iterator<Item = &MemberId> {
        self.members.iter().filter(|(_, told)| told.is_none()).map(|(member, _)| member)
    }
}

/// What a person asks of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationCommand {
    /// Records that members were told.
    Told {
        /// Which notification.
        notification: NotificationId,
        /// Whom; empty stands for everybody it names.
        members: BTreeSet<MemberId>,
        /// By which channel, to whom.
        how: String,
    },
}

/// What happened to a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    /// Members must be told something.
    Due {
        /// Its number.
        notification: NotificationId,
        /// What it is about.
        about: About,
        /// Whom.
        members: BTreeSet<MemberId>,
        /// What.
        text: String,
    },
    /// Members were told.
    Told {
        /// Its number.
        notification: NotificationId,
        /// Whom.
        members: BTreeSet<MemberId>,
        /// By which channel, to whom.
        how: String,
    },
}

/// Decides on a notification; whoever was told is not told twice.
pub(crate) fn decide(program: &Program, command: NotificationCommand) -> Result<Vec<Event>, Refusal> {
    let NotificationCommand::Told { notification: id, members, how } = command;
    let known = program.notification(id)?;
    if how.trim().is_empty() {
        return Err(Refusal::Empty("how the members were told"));
    }
    if let Some(stranger) = members.iter().find(|member| !known.members.contains_key(*member)) {
        return Err(Refusal::NotToBeTold { notification: id, member: stranger.clone() });
    }
    let wanted = |member: &&MemberId| members.is_empty() || members.contains(*member);
    let members: BTreeSet<MemberId> = known.untold().filter(wanted).cloned().collect();
    if members.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::Notification(NotificationEvent::Told { notification: id, members, how })])
}

/// Makes a notification of an embargo that ended before its time: to all who hold a copy or were about to.
pub(crate) fn of_exit(program: &Program, case: &Case, at: Timestamp, reason: &str) -> Option<Event> {
    let holders = holders(case);
    let reached = |member: &&Member| {
        matches!(member.standing, Standing::Active | Standing::Restricted)
            && case.waves().any(|wave| member.tier.as_ref().is_some_and(|tier| wave.tiers.contains(tier)))
    };
    let others = program.members().filter(reached).map(|member| member.id.clone());
    let text = format!("the embargo of case `{}` is over since {at}: {reason}", case.id());
    due(program, About::Embargo(case.id().clone()), holders.into_iter().chain(others).collect(), text)
}

/// Makes a notification of an end that moved: to all who hold a copy, since nobody else may know of the case.
pub(crate) fn of_move(program: &Program, case: &Case, ends: Timestamp) -> Option<Event> {
    let text = format!("the embargo of case `{}` ends at {ends} now", case.id());
    due(program, About::Embargo(case.id().clone()), holders(case), text)
}

/// Makes a notification of a standing that was changed outside of a review.
///
/// It says what the agreement entitles the member to know and no reason: that is told over a confidential channel.
pub(crate) fn of_standing(program: &Program, member: &Member, to: Standing, at: Timestamp) -> Option<Event> {
    let what = match to {
        Standing::Active => "it is active again",
        Standing::Restricted => "it is restricted and has nothing before it is public",
        Standing::Suspended => "it is suspended and has nothing; two people reinstate it, and it may reply",
        Standing::Removed => "it is removed from the program for good",
        Standing::Applied | Standing::Vetting | Standing::Declined => return None,
    };
    let under = member.agreement.as_ref().map(|signed| format!(" (agreement {})", signed.version));
    let text = format!("{what}, since {at}{}", under.unwrap_or_default());
    due(program, About::Standing(member.id.clone()), [member.id.clone()].into(), text)
}

/// Makes a notification, unless it would reach nobody.
pub(crate) fn due(
    program: &Program,
    about: About,
    members: BTreeSet<MemberId>,
    text: String,
) -> Option<Event> {
    let notification = program.next_notification();
    (!members.is_empty()).then_some(Event::Notification(NotificationEvent::Due {
        notification,
        about,
        members,
        text,
    }))
}

fn holders(case: &Case) -> BTreeSet<MemberId> {
    case.grants().map(|(_, member, _)| member.clone()).collect()
}

pub(crate) fn apply(program: &mut Program, event: &NotificationEvent, at: Timestamp, actor: &UserId) {
    match event {
        NotificationEvent::Due { notification, about, members, text } => {
            program.put_notification(Notification {
                id: *notification,
                about: about.clone(),
                text: text.clone(),
                due: at,
                members: members.iter().map(|member| (member.clone(), None)).collect(),
            });
        }
        NotificationEvent::Told { notification, members, how } => {
            let Some(known) = program.notification_mut(*notification) else { return };
            for (member, told) in &mut known.members {
                if members.contains(member) && told.is_none() {
                    *told = Some(Told { at, by: actor.clone(), how: how.clone() });
                }
            }
        }
    }
}
