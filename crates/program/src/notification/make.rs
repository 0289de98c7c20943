//! What makes a notification due: who must be told what.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::Standing;

use super::{About, NotificationEvent};
use crate::{
    Event,
    case::Case,
    id::{MemberId, WaveId},
    member::Member,
    program::Program,
};

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

/// Makes a notification of copies: to all whom this wave granted some since its last one.
pub(crate) fn of_wave(program: &Program, case: &Case, id: &WaveId) -> Option<Event> {
    let about = About::Wave { case: case.id().clone(), wave: id.clone() };
    let before = program.notifications().rev().find(|known| known.about == about).map(|known| known.seq);
    // A wave that an older version released was told of then, or by hand.
    let released = case.wave(id).ok().and_then(|wave| wave.released).filter(|_| before.is_none());
    let members = case
        .grants()
        .filter(|(_, _, granted)| granted.wave == *id)
        .filter(|(_, _, granted)| before.is_none_or(|seq| granted.seq > seq))
        .filter(|(_, _, granted)| released.is_none_or(|at| granted.at > at))
        .map(|(_, member, _)| member.clone())
        .collect();
    due(program, about, members, String::from("there are copies for it: its list of copies says which"))
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
