//! What may be asked of notifications.

use std::collections::BTreeSet;

use super::{About, Notification, NotificationCommand, NotificationEvent, Recipient, due, events, lapse};
use crate::{Event, context::Context, id::MemberId, program::Program, refusal::Refusal};

/// Decides on a notification; whoever was told is not told twice, and what came of a notice is recorded once.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: NotificationCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        NotificationCommand::Told { notification: id, members, how } => {
            let known = program.notification(id)?;
            if how.trim().is_empty() {
                return Err(Refusal::Empty("how the members were told"));
            }
            check_named(known, &members)?;
            // Whom a notice has reached may be told by a person too.
            let open = known.members.iter().filter(|(_, told)| told.is_none()).map(|(member, _)| member);
            let wanted = |member: &&MemberId| members.is_empty() || members.contains(*member);
            let members: BTreeSet<MemberId> = open.filter(wanted).cloned().collect();
            let told =
                (!members.is_empty()).then_some(NotificationEvent::Told { notification: id, members, how });
            Ok(events(told))
        }
        NotificationCommand::RecordDelivery { notification: id, mut to, given_up } => {
            let known = program.notification(id)?;
            check_named(known, &to.iter().filter_map(Recipient::member).cloned().collect())?;
            to.retain(|recipient| {
                known.notices.get(recipient).is_none_or(|was| given_up.is_none() && was.given_up.is_some())
            });
            let recorded = (!to.is_empty()).then_some(match given_up {
                None => NotificationEvent::Sent { notification: id, to },
                Some(says) => NotificationEvent::GivenUp { notification: id, to, says },
            });
            Ok(events(recorded))
        }
        NotificationCommand::Retry { notification: id, members } => {
            let known = program.notification(id)?;
            check_named(known, &members)?;
            let wanted = |to: &&Recipient| {
                members.is_empty() || to.member().is_some_and(|member| members.contains(member))
            };
            let to: BTreeSet<Recipient> = known.dead().map(|(to, _)| to).filter(wanted).cloned().collect();
            if to.is_empty() {
                return Err(Refusal::NothingGivenUp { notification: id });
            }
            Ok(events([NotificationEvent::Retried { notification: id, to }]))
        }
        NotificationCommand::Warn => Ok(lapse::decide(program, ctx.now)),
        NotificationCommand::Test { member } => {
            let known = program.member(&member)?;
            let text = String::from("somebody tried whether notices arrive");
            Ok(due(program, About::Test {}, [known.id.clone()].into(), text).into_iter().collect())
        }
    }
}

fn check_named(known: &Notification, members: &BTreeSet<MemberId>) -> Result<(), Refusal> {
    match members.iter().find(|member| !known.members.contains_key(*member)) {
        Some(stranger) => Err(Refusal::NotToBeTold { notification: known.id, member: stranger.clone() }),
        None => Ok(()),
    }
}
