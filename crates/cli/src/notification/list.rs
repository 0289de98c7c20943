//! `forewarn notification list`: a row for each notification and member, with what came of it.

use std::collections::BTreeMap;

use engine::store::Waiting;
use program::{
    Program,
    id::MemberId,
    notification::{About, Notification, Recipient},
    vetting::{Contact, ContactRole},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

pub(super) async fn run(common: &Common, session: &Session, all: bool) -> anyhow::Result<()> {
    let waiting = session.engine.waiting_notices().await?;
    let program = session.engine.program().await;
    let wanted = |known: &&Notification| {
        all || known.stands() || waiting.iter().any(|row| row.notification == known.id.0)
    };
    let notifications: Vec<&Notification> = program.notifications().filter(wanted).collect();
    if common.json {
        let shown: Vec<Shown> =
            notifications.iter().map(|known| Shown::of(&program, known, &waiting)).collect();
        return output::json(&shown);
    }
    table(&program, &notifications, &waiting)
}

/// A notification with whom to reach at any hour, and its notices that wait.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    notification: &'a Notification,
    reach: BTreeMap<&'a MemberId, &'a Contact>,
    waiting: Vec<&'a Waiting>,
}

impl<'a> Shown<'a> {
    fn of(program: &'a Program, notification: &'a Notification, waiting: &'a [Waiting]) -> Self {
        let reach = notification.members.keys();
        let waiting = waiting.iter().filter(|row| row.notification == notification.id.0).collect();
        Self {
            notification,
            reach: reach.filter_map(|id| Some((id, reach_of(program, id)?))).collect(),
            waiting,
        }
    }
}

/// Returns whom to reach at a member: who answers at any hour, or else who handles what the program sends.
fn reach_of<'a>(program: &'a Program, id: &MemberId) -> Option<&'a Contact> {
    let contacts = &program.member(id).ok()?.contacts;
    contacts.get(&ContactRole::Emergency).or_else(|| contacts.get(&ContactRole::Security))
}

/// Says what a notification is about.
fn kind(about: &About) -> String {
    match about {
        About::Embargo(case) => format!("embargo of {case}"),
        About::Review(review) => format!("review {review}"),
        About::Standing(_) => String::from("standing"),
        About::Wave { case, wave } => format!("wave {wave} of {case}"),
        About::Lapse { what, days, .. } => format!("{what}, {days} days before"),
        About::Test {} => String::from("test"),
    }
}

/// Prints one row a notification and member, those who wait first to be told what.
pub(crate) fn table(
    program: &Program,
    notifications: &[&Notification],
    waiting: &[Waiting],
) -> anyhow::Result<()> {
    let rows = notifications.iter().flat_map(|notification| {
        notification.members.keys().map(|member| {
            let name = program.member(member).map_or_else(|_| String::new(), |known| known.name.clone());
            let reach = reach_of(program, member).map_or_else(
                || String::from("no contact on record"),
                |contact| format!("{}, {}", contact.name, contact.address),
            );
            vec![
                notification.id.to_string(),
                kind(&notification.about),
                format!("{member} ({name})"),
                reach,
                notification.text.clone(),
                state(notification, member, waiting),
            ]
        })
    });
    output::table(false, &(), &["notification", "about", "member", "reach", "tell it that", "told"], rows)
}

/// Says how a member was told, by whom and when, and how far its notices are.
fn state(notification: &Notification, member: &MemberId, waiting: &[Waiting]) -> String {
    let mut said = Vec::new();
    if let Some(told) = notification.members.get(member).and_then(Option::as_ref) {
        said.push(format!("{}, {} ({})", told.how, told.at, told.by));
    }
    for (receiver, notice) in notification.notices_of(member) {
        let (at, by) = (notice.at, &notice.by);
        said.push(match &notice.given_up {
            None => format!("{receiver} sent, {at} ({by})"),
            Some(says) => format!("{receiver} given up: {says}, {at} ({by})"),
        });
    }
    for row in waiting.iter().filter(|row| row.notification == notification.id.0) {
        let Ok(Recipient::Member(whose, receiver)) = row.recipient.parse() else { continue };
        if whose == *member {
            said.push(match row.attempts {
                0 => format!("{receiver} waits since {}", row.queued),
                tried => format!("{receiver} failed {tried} times: {}; next {}", row.says, row.next),
            });
        }
    }
    if notification.untold().any(|untold| untold == member) {
        said.push(format!("due since {}", notification.due));
    }
    said.join("\n")
}
