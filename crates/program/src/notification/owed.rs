//! Which notices are owed: what the outbox is filled from, whatever became of its rows.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use policy::Standing;

use super::{About, Notification, Receiver, Recipient};
use crate::{id::NotificationId, member::Member, program::Program, vetting::ContactRole};

/// How long after its notification a notice is still sent: later, nobody is helped by it, and a channel that was
/// opened today does not begin with last year's.
pub const LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a server can send by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    /// Mail to members.
    pub mail: bool,
    /// Requests to their endpoints.
    pub webhooks: bool,
    /// Mail to the program's operators.
    pub operators: bool,
}

/// A notice that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Of which notification.
    pub notification: NotificationId,
    /// The notification's entry.
    pub seq: u64,
    /// To whom.
    pub to: Recipient,
}

/// Returns the notices that are owed now, newest notification first.
pub fn owed(program: &Program, channels: Channels, now: Timestamp) -> impl Iterator<Item = Owed> + '_ {
    let fresh = move |known: &&Notification| is_fresh(known, now);
    program.notifications().rev().filter(fresh).flat_map(move |known| {
        recipients(program, known, channels).into_iter().map(move |to| Owed {
            notification: known.id,
            seq: known.seq,
            to,
        })
    })
}

/// Tells whether a notice is owed now: neither sent nor given up, its member not told by a person, its receiver
/// still there.
#[must_use]
pub fn still_owed(program: &Program, id: NotificationId, to: &Recipient, now: Timestamp) -> bool {
    let all = Channels { mail: true, webhooks: true, operators: true };
    let known = program.notification(id).ok().filter(|known| is_fresh(known, now));
    known.is_some_and(|known| recipients(program, known, all).contains(to))
}

fn is_fresh(known: &Notification, now: Timestamp) -> bool {
    let since = known.retried.map_or(known.due, |again| again.max(known.due));
    now.duration_since(since) <= LASTS
}

fn recipients(program: &Program, known: &Notification, channels: Channels) -> BTreeSet<Recipient> {
    let untold = known.members.iter().filter(|(_, told)| told.is_none()).map(|(member, _)| member);
    let mut found: BTreeSet<Recipient> = untold
        .filter_map(|id| program.member(id).ok())
        .filter(|member| reached(&known.about, member))
        .flat_map(|member| {
            receivers(program, known, member, channels).into_iter().map(move |receiver| (member, receiver))
        })
        .map(|(member, receiver)| Recipient::Member(member.id.clone(), receiver))
        .collect();
    if channels.operators && matches!(known.about, About::Lapse { .. }) {
        found.insert(Recipient::Operators);
    }
    found.retain(|to| !known.notices.contains_key(to));
    found
}

/// A member that may have nothing is told so, and is not woken to find nothing.
fn reached(about: &About, member: &Member) -> bool {
    match about {
        About::Wave { .. } => matches!(member.standing, Standing::Active | Standing::Restricted),
        _ => true,
    }
}

fn receivers(program: &Program, known: &Notification, member: &Member, channels: Channels) -> Vec<Receiver> {
    let mut found = Vec::new();
    if channels.mail {
        found.extend(contacts(&known.about, member).into_iter().map(Receiver::Mail));
    }
    if channels.webhooks {
        // What an endpoint was not there for, it is not sent.
        let own = program.endpoints().of(&member.id).filter(|endpoint| endpoint.added <= known.due);
        found.extend(own.map(|endpoint| Receiver::Webhook(endpoint.id)));
    }
    found
}

/// Chooses the contacts that something is for, one for each mail address; somebody else there rather than nobody.
fn contacts(about: &About, member: &Member) -> Vec<ContactRole> {
    use ContactRole::{Administrative, Emergency, Legal, Security, Technical};
    let all = [Security, Administrative, Emergency, Technical, Legal];
    let meant: &[ContactRole] = match about {
        About::Wave { .. } => &[Security],
        About::Embargo(_) => &[Security, Emergency],
        About::Review(_) | About::Standing(_) => &[Legal, Administrative],
        About::Lapse { .. } => &[Administrative, Legal],
        About::Test {} => &all,
    };
    let address = |role: &ContactRole| member.contacts.get(role).and_then(|contact| contact.mail());
    let mut addresses = BTreeSet::new();
    let chosen = meant.iter().filter(|role| address(role).is_some_and(|address| addresses.insert(address)));
    let chosen: Vec<ContactRole> = chosen.copied().collect();
    if chosen.is_empty() {
        all.into_iter().find(|role| address(role).is_some()).into_iter().collect()
    } else {
        chosen
    }
}
