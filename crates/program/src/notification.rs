//! Notifications: what members must be told, who told them, and which notices were sent of it.
//!
//! Nothing is sent here. A notification stands until every member it names was told. A notice says only that
//! there is something; where the member can read the rest itself, a notice that was sent is enough.

mod decide;
mod lapse;
mod make;
mod owed;
mod recipient;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    id::{CaseId, MemberId, NotificationId, ReviewId, UserId, WaveId},
    program::Program,
};

pub(crate) use decide::decide;
pub use lapse::{AHEAD, warnings};
pub(crate) use make::{due, of_exit, of_move, of_standing, of_wave};
pub use owed::{Channels, LASTS, Owed, owed, still_owed};
pub use recipient::{BadRecipient, Receiver, Recipient};

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
    /// Copies were granted.
    Wave {
        /// In which case.
        case: CaseId,
        /// In which wave.
        wave: WaveId,
    },
    /// Something lapses soon.
    Lapse {
        /// What, as [`crate::due::What`] is written.
        what: String,
        /// When.
        at: Timestamp,
        /// How many days before that this warns; one of [`AHEAD`].
        days: u8,
    },
    /// Nothing: somebody tries whether notices arrive.
    Test {},
}

impl About {
    /// Tells whether the members must be told of it, by whatever channel; the rest they find when they look.
    #[must_use]
    pub fn must(&self) -> bool {
        match self {
            Self::Embargo(_) | Self::Review(_) | Self::Standing(_) => true,
            Self::Wave { .. } | Self::Lapse { .. } | Self::Test {} => false,
        }
    }

    /// Tells whether a notice is enough; what touches a member's own standing is told by a person, since a member
    /// that may have nothing cannot read the rest.
    #[must_use]
    pub fn notice_is_enough(&self) -> bool {
        !matches!(self, Self::Review(_) | Self::Standing(_))
    }
}

/// Something members must be told; due from the instant it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// Its number.
    pub id: NotificationId,
    /// Its entry.
    pub seq: u64,
    /// What it is about.
    pub about: About,
    /// What they must be told.
    pub text: String,
    /// Since when it is due.
    pub due: Timestamp,
    /// Whom, and how each was told; absent while it was not.
    pub members: BTreeMap<MemberId, Option<Told>>,
    /// What came of its notices.
    pub notices: BTreeMap<Recipient, Notice>,
    /// When somebody asked to send again what was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried: Option<Timestamp>,
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

/// What came of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// When that was recorded.
    pub at: Timestamp,
    /// Who recorded it.
    pub by: UserId,
    /// Why it was given up; absent for one that was sent.
    pub given_up: Option<String>,
}

impl Notification {
    /// Returns the members that were not told yet, neither by a person nor by a notice where that is enough.
    pub fn untold(&self) -> impl Iterator<Item = &MemberId> {
        self.members
            .iter()
            .filter(|(member, told)| told.is_none() && !self.noticed(member))
            .map(|(member, _)| member)
    }

    /// Returns the notices that were given up, with the reason.
    pub fn dead(&self) -> impl Iterator<Item = (&Recipient, &str)> {
        self.notices.iter().filter_map(|(to, notice)| Some((to, notice.given_up.as_deref()?)))
    }

    /// Tells whether somebody must still see to it.
    #[must_use]
    pub fn stands(&self) -> bool {
        (self.about.must() && self.untold().next().is_some())
            || self.dead().any(|(to, _)| to.member().is_none_or(|member| !self.told(member)))
    }

    /// Returns the notices of one member.
    pub fn notices_of<'a>(
        &'a self,
        member: &'a MemberId,
    ) -> impl Iterator<Item = (&'a Receiver, &'a Notice)> {
        let first = Recipient::first_of(member);
        let own = self.notices.range(first..).take_while(move |(to, _)| to.member() == Some(member));
        own.filter_map(|(to, notice)| Some((to.receiver()?, notice)))
    }

    fn told(&self, member: &MemberId) -> bool {
        self.members.get(member).is_some_and(Option::is_some) || self.noticed(member)
    }

    fn noticed(&self, member: &MemberId) -> bool {
        self.about.notice_is_enough() && self.notices_of(member).any(|(_, notice)| notice.given_up.is_none())
    }
}

/// What is asked of a notification.
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
    /// Records what came of its notices.
    RecordDelivery {
        /// Which notification.
        notification: NotificationId,
        /// Whose notices.
        to: BTreeSet<Recipient>,
        /// Why they were given up; absent when they were sent.
        given_up: Option<String>,
    },
    /// Sends again what was given up.
    Retry {
        /// Which notification.
        notification: NotificationId,
        /// To whom; empty stands for everybody it names.
        members: BTreeSet<MemberId>,
    },
    /// Makes members know of what lapses soon, once for each of [`AHEAD`].
    Warn,
    /// Tries whether notices arrive at a member.
    Test {
        /// At which one.
        member: MemberId,
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
    /// Notices were taken by their receivers.
    Sent {
        /// Its number.
        notification: NotificationId,
        /// Whose.
        to: BTreeSet<Recipient>,
    },
    /// Notices were tried for as long as they are, and not taken.
    GivenUp {
        /// Its number.
        notification: NotificationId,
        /// Whose.
        to: BTreeSet<Recipient>,
        /// Why, as it was last.
        says: String,
    },
    /// What was given up is sent again.
    Retried {
        /// Its number.
        notification: NotificationId,
        /// Whose notices.
        to: BTreeSet<Recipient>,
    },
}

pub(crate) fn apply(
    program: &mut Program,
    event: &NotificationEvent,
    seq: u64,
    at: Timestamp,
    actor: &UserId,
) {
    match event {
        NotificationEvent::Due { notification, about, members, text } => {
            program.put_notification(Notification {
                id: *notification,
                seq,
                about: about.clone(),
                text: text.clone(),
                due: at,
                members: members.iter().map(|member| (member.clone(), None)).collect(),
                notices: BTreeMap::new(),
                retried: None,
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
        NotificationEvent::Sent { notification, to } => {
            settle(program, *notification, to, &Notice { at, by: actor.clone(), given_up: None });
        }
        NotificationEvent::GivenUp { notification, to, says } => {
            let notice = Notice { at, by: actor.clone(), given_up: Some(says.clone()) };
            settle(program, *notification, to, &notice);
        }
        NotificationEvent::Retried { notification, to } => {
            let Some(known) = program.notification_mut(*notification) else { return };
            known.retried = Some(at);
            to.iter().for_each(|recipient| drop(known.notices.remove(recipient)));
        }
    }
}

fn settle(program: &mut Program, id: NotificationId, to: &BTreeSet<Recipient>, notice: &Notice) {
    let Some(known) = program.notification_mut(id) else { return };
    known.notices.extend(to.iter().map(|recipient| (recipient.clone(), notice.clone())));
}

/// Wraps events, as every decision here returns them.
fn events(found: impl IntoIterator<Item = NotificationEvent>) -> Vec<Event> {
    found.into_iter().map(Event::Notification).collect()
}
