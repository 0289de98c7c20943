//! The outbox: filled from the log, and again when it is lost.

use program::{
    Command,
    notification::{Channels, NotificationCommand},
    vetting::{Contact, ContactRole, VettingCommand},
};
use sqlx::SqlitePool;
use testbed::{MEMBERS, World, member};

const MAIL: Channels = Channels { mail: true, webhooks: false, operators: false };

/// Peopled, every member with a mail address, each to be told one thing.
async fn owing(seed: u64) -> World {
    let world = World::peopled(seed).await;
    for id in MEMBERS {
        let contact = Contact { name: String::from("desk"), address: format!("psirt@{id}.example") };
        world
            .ok(
                "ann",
                Command::Vetting(member(id), VettingCommand::SetContact(ContactRole::Security, contact)),
            )
            .await;
        world.ok("ann", Command::Notification(NotificationCommand::Test { member: member(id) })).await;
    }
    world
}

#[tokio::test]
async fn a_lost_outbox_is_filled_again_with_the_same_keys() {
    let world = owing(61).await;
    assert_eq!(world.engine.fill_outbox(MAIL).await.unwrap(), MEMBERS.len());
    assert_eq!(world.engine.fill_outbox(MAIL).await.unwrap(), 0, "once each");
    let before = world.engine.waiting_notices().await.unwrap();
    let url = format!("sqlite://{}", world.root().join("forewarn.db").display());
    let database = SqlitePool::connect(&url).await.unwrap();
    sqlx::query("DELETE FROM outbox").execute(&database).await.unwrap();
    database.close().await;
    assert_eq!(world.engine.fill_outbox(MAIL).await.unwrap(), MEMBERS.len());
    assert_eq!(world.engine.waiting_notices().await.unwrap(), before);
}

#[tokio::test]
async fn what_a_person_told_meanwhile_is_not_sent() {
    let world = owing(62).await;
    world.engine.fill_outbox(MAIL).await.unwrap();
    let command = NotificationCommand::Told {
        notification: "N1".parse().unwrap(),
        members: [].into(),
        how: String::from("telephone"),
    };
    world.ok("ann", Command::Notification(command)).await;
    let claimed = world.engine.claim_notices(|_| true).await.unwrap();
    assert_eq!(claimed.len(), MEMBERS.len() - 1);
    assert_eq!(world.engine.waiting_notices().await.unwrap().len(), MEMBERS.len() - 1, "its row is gone");
    assert!(world.engine.claim_notices(|_| true).await.unwrap().is_empty(), "claimed is claimed");
}
