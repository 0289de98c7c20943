//! Warnings of what lapses soon: an agreement, a fact, a key that is to be compared again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{About, NotificationEvent, events};
use crate::{
    Event,
    due::{What, advice, lapses, watched},
    id::{MemberId, NotificationId},
    program::Program,
};

/// How many days before something lapses its member and the operators are told of it.
pub const AHEAD: [u8; 3] = [30, 7, 1];

/// A warning that is due: who, of what, how many days before.
type Warnings = BTreeMap<(Timestamp, What, u8), BTreeSet<MemberId>>;

/// Returns the warnings that are due now and were not given, with the members they name.
///
/// A server that was away for a while gives the nearest one alone, and what was renewed warns of its new end.
#[must_use]
pub fn warnings(program: &Program, now: Timestamp) -> Warnings {
    let given = given(program);
    let mut found = Warnings::new();
    for member in program.members().filter(|member| watched(member.standing)) {
        for (what, at) in lapses(program, member) {
            if !matches!(what, What::Agreement | What::Fact(_) | What::Key(_) | What::SigningKey(_))
                || at <= now
            {
                continue;
            }
            let left = at.duration_since(now);
            let within = |days: &&u8| left <= SignedDuration::from_hours(24 * i64::from(**days));
            let Some(days) = AHEAD.iter().filter(within).min().copied() else { continue };
            let key = (member.id.clone(), what.to_string(), at);
            if given.get(&key).is_none_or(|before| days < *before) {
                found.entry((at, what, days)).or_default().insert(member.id.clone());
            }
        }
    }
    found
}

pub(super) fn decide(program: &Program, now: Timestamp) -> Vec<Event> {
    let first = program.next_notification().0;
    events((first..).zip(warnings(program, now)).map(|(number, ((at, what, days), members))| {
        let text = format!("the {what} lapses at {at}: {}", advice(&what));
        let about = About::Lapse { what: what.to_string(), at, days };
        NotificationEvent::Due { notification: NotificationId(number), about, members, text }
    }))
}

/// Returns the nearest warning that was given of each lapse.
fn given(program: &Program) -> BTreeMap<(MemberId, String, Timestamp), u8> {
    let mut given = BTreeMap::new();
    for notification in program.notifications() {
        let About::Lapse { what, at, days } = &notification.about else { continue };
        for member in notification.members.keys() {
            let nearest = given.entry((member.clone(), what.clone(), *at)).or_insert(*days);
            *nearest = (*nearest).min(*days);
        }
    }
    given
}
