//! `forewarn notification test`: whether notices arrive at a member.

use std::time::Duration;

use clap::Args;
use engine::store::Waiting;
use program::{
    Command, Event,
    id::{MemberId, NotificationId},
    notification::{NotificationCommand, NotificationEvent},
};
use tokio::time::sleep;

use crate::{args::Common, output, session::Session};

/// How often it is looked whether something came back.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Which member
    #[arg(long)]
    member: MemberId,
    /// How many seconds to wait for a running server; 0 asks for the test and goes
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    wait: u64,
}

pub(super) async fn run(common: &Common, session: &Session, args: TestArgs) -> anyhow::Result<()> {
    let TestArgs { member, wait } = args;
    let entries =
        session.execute(Command::Notification(NotificationCommand::Test { member: member.clone() })).await?;
    let due = entries.iter().find_map(|entry| match &entry.event {
        Event::Notification(NotificationEvent::Due { notification, .. }) => Some(*notification),
        _ => None,
    });
    let Some(notification) = due else { anyhow::bail!("the test is not in the log") };
    let waiting = watch(session, notification, Duration::from_secs(wait)).await?;
    let program = session.engine.program().await;
    let known = program.notification(notification)?;
    if common.json {
        return output::json(&(known, &waiting));
    }
    if known.notices.is_empty() && waiting.is_empty() {
        output::say(format_args!(
            "`{notification}` is asked for, and nothing was sent: is `forewarn serve` running with `[notices]` in its configuration, and has `{member}` a contact with a mail address, or an endpoint?"
        ));
        return Ok(());
    }
    super::table(&program, &[known], &waiting)
}

/// Waits until something came of every notice, or for as long as it may.
async fn watch(
    session: &Session,
    notification: NotificationId,
    wait: Duration,
) -> anyhow::Result<Vec<Waiting>> {
    let mut left = wait;
    loop {
        session.engine.refresh().await?;
        let mut waiting = session.engine.waiting_notices().await?;
        waiting.retain(|row| row.notification == notification.0);
        let some = !session.engine.program().await.notification(notification)?.notices.is_empty();
        let tried = waiting.iter().all(|row| row.attempts > 0) && (some || !waiting.is_empty());
        if tried || left.is_zero() {
            return Ok(waiting);
        }
        sleep(LOOK).await;
        left = left.saturating_sub(LOOK);
    }
}
