//! What is new, counted as it comes: whoever waits for something looks at one number.

use std::collections::BTreeMap;

use crate::{
    Entry, Event, grant::GrantEvent, id::MemberId, notification::NotificationEvent, program::ProgramEvent,
};

/// How much there is that somebody may be waiting for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// How many copies a member was granted and how many notifications name it.
    members: BTreeMap<MemberId, u64>,
    /// Length of the log after the last entry that may have made more due.
    decisive: u64,
}

impl News {
    /// Counts what an entry brings.
    pub(crate) fn note(&mut self, entry: &Entry) {
        match &entry.event {
            Event::Grant(GrantEvent::Given(given)) => self.tell(&given.member),
            Event::Notification(NotificationEvent::Due { members, .. }) => {
                members.iter().for_each(|member| self.tell(member));
            }
            _ => {}
        }
        if !is_aftermath(&entry.event) {
            self.decisive = entry.seq.saturating_add(1);
        }
    }

    fn tell(&mut self, member: &MemberId) {
        match self.members.get_mut(member) {
            Some(count) => *count += 1,
            None => drop(self.members.insert(member.clone(), 1)),
        }
    }

    pub(crate) fn of(&self, member: &MemberId) -> u64 {
        self.members.get(member).copied().unwrap_or(0)
    }

    pub(crate) fn decisive(&self) -> u64 {
        self.decisive
    }
}

/// Tells whether an event is of those that come in great numbers after a release and that no decision looks at: they
/// can make less due, never more.
fn is_aftermath(event: &Event) -> bool {
    matches!(
        event,
        Event::Grant(_)
            | Event::Notification(_)
            | Event::Report(_)
            | Event::Sighting(_)
            | Event::Program(ProgramEvent::Heartbeat {})
    )
}
