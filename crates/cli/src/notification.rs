//! `forewarn notification`: what members must be told, who was, and where notices go.

mod endpoint;
mod list;
mod test;

use std::collections::BTreeSet;

use clap::Subcommand;
use program::{
    Command,
    id::{MemberId, NotificationId},
    notification::NotificationCommand,
};

use crate::{args::Common, output, session::Session};

pub(crate) use list::table;

/// List what members must be told, record that they were, and see to the notices that are sent of it.
#[derive(Debug, Subcommand)]
pub(crate) enum NotificationVerb {
    /// List what somebody must still be told, what is being sent, and what was given up
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
    /// Send again what was given up
    #[command(after_help = "\
Example:
  forewarn notification retry N7 --as alice
  forewarn notification retry N7 --member acme --as alice

A server that has `[notices]` in its configuration sends it.")]
    Retry {
        /// Which notification
        notification: NotificationId,
        /// A member; without any, everybody whose notice was given up
        #[arg(long = "member")]
        members: Vec<MemberId>,
    },
    /// Try whether notices arrive at a member
    #[command(after_help = "\
Example:
  forewarn notification test --member acme --as alice

A running server sends it to every contact with a mail address and to every endpoint of the member; this waits for
what comes of it.")]
    Test(test::TestArgs),
    /// Add, list and remove the endpoints of members, which are told over HTTP
    #[command(subcommand)]
    Endpoint(endpoint::EndpointVerb),
}

pub(crate) async fn run(common: &Common, verb: NotificationVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: NotificationVerb) -> anyhow::Result<()> {
    match verb {
        NotificationVerb::List { all } => list::run(common, session, all).await,
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
        NotificationVerb::Retry { notification, members } => {
            let members: BTreeSet<MemberId> = members.into_iter().collect();
            let command = NotificationCommand::Retry { notification, members };
            let entries = session.execute(Command::Notification(command)).await?;
            output::entries(common.json, "a running server sends it again", &entries)
        }
        NotificationVerb::Test(args) => test::run(common, session, args).await,
        NotificationVerb::Endpoint(verb) => endpoint::run(common, session, verb).await,
    }
}
