//! `forewarn notification`: what members must be told.

use std::collections::BTreeMap;

use clap::Subcommand;
use program::{
    Command, Program,
    id::{MemberId, NotificationId},
    notification::{About, Notification, NotificationCommand},
    vetting::{Contact, ContactRole},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// List what members must be told, and record that they were.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationVerb {
    /// List what somebody must still be told
    List {
        /// List what everybody was told too
        #[arg(long)]
        all: bool,
    },
    /// Record that members were told
    #[command(after_help = "\
Example:
  forewarn notification told N1 --how \"telephone, their duty officer\" --as alice
  forewarn notification told N1 --member acme --how \"signed mail\" --as alice")]
    Told {
        /// Which notification
        notification: NotificationId,
        /// A member that was told; without any, everybody it names
        #[arg(long = "member")]
        members: Vec<MemberId>,
        /// By which channel, and to whom
        #[arg(long)]
        how: String,
    },
}

pub(crate) async fn run(common: &Common, verb: NotificationVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: NotificationVerb) -> anyhow::Result<()> {
    match verb {
        NotificationVerb::List { all } => {
            let program = session.engine.program().await;
            let wanted = |notification: &&Notification| all || notification.untold().next().is_some();
            let notifications: Vec<&Notification> = program.notifications().filter(wanted).collect();
            if common.json {
                let shown: Vec<Shown> =
                    notifications.iter().map(|notification| Shown::of(&program, notification)).collect();
                return output::json(&shown);
            }
            table(&program, &notifications)
        }
        NotificationVerb::Told { notification, members, how } => {
            let members = members.into_iter().collect();
            let command = NotificationCommand::Told { notification, members, how };
            let entries = session.execute(Command::Notification(command)).await?;
            let open = session.engine.program().await.notification(notification)?.untold().count();
            let done = match open {
                0 => format!("everybody that `{notification}` names was told"),
                open => format!("noted; {} still to be told", crate::case::count(open, "member")),
            };
            output::entries(common.json, &done, &entries)
        }
    }
}

/// A notification with whom to reach at any hour.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    notification: &'a Notification,
    reach: BTreeMap<&'a MemberId, &'a Contact>,
}

impl<'a> Shown<'a> {
    fn of(program: &'a Program, notification: &'a Notification) -> Self {
        let reach = notification.members.keys();
        Self { notification, reach: reach.filter_map(|id| Some((id, reach_of(program, id)?))).collect() }
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
    }
}

/// Prints one row a notification and member, those who wait first to be told what.
pub(crate) fn table(program: &Program, notifications: &[&Notification]) -> anyhow::Result<()> {
    let rows = notifications.iter().flat_map(|notification| {
        notification.members.iter().map(|(member, told)| {
            let name = program.member(member).map_or_else(|_| String::new(), |known| known.name.clone());
            let state = match told {
                Some(told) => format!("{}, {}", told.how, told.at),
                None => format!("due since {}", notification.due),
            };
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
                state,
            ]
        })
    });
    output::table(false, &(), &["notification", "about", "member", "reach", "tell it that", "told"], rows)
}
