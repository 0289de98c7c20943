//! Notices by mail.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use notify::{Notifier, config::Tls};
use program::{Event, embargo::EmbargoCommand, notification::NotificationEvent, vetting::ContactRole};
use testbed::{DAY, MEMBERS, World, embargo, t};

use crate::{
    receiver::Post,
    world::{CANARIES, contact, later, mail_config, notifier, outcomes, round, test},
};

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    mail.lines().find_map(|line| line.strip_prefix(name)).unwrap()
}

#[tokio::test]
async fn a_broken_embargo_is_mailed_to_everybody_without_a_word_of_it() {
    let world = World::due(31).await;
    let post = Post::new().await;
    for id in MEMBERS {
        contact(&world, id, ContactRole::Security, &format!("psirt@{id}.example")).await;
    }
    for operator in ["ann", "bob"] {
        let reason = String::from("Relay is on a mailing list");
        world.ok(operator, embargo(EmbargoCommand::Terminate { reason })).await;
    }
    let mut sender = notifier(&world, mail_config(post.port));
    while post.taken().len() < MEMBERS.len() {
        round(&mut sender).await;
    }
    let mails = post.taken();
    let ids: BTreeSet<&str> = mails.iter().map(|mail| header(mail, "Message-ID: ")).collect();
    assert_eq!((mails.len(), ids.len()), (6, 6), "one mail and one key for each");
    for mail in &mails {
        let (_, content) = mail.split_once("From: ").unwrap();
        for canary in CANARIES {
            assert!(!content.contains(canary), "{canary}: {mail}");
        }
        assert!(content.contains("https://early.acme.example"));
        assert_eq!(header(mail, "Subject: "), "Acme Early Warning: there is something for you");
        assert_eq!(header(mail, "Auto-Submitted: "), "auto-generated");
    }
    let text = |mail: &String| mail.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert!(mails.iter().all(|mail| text(mail) == text(&mails[0])), "all alike, so that size says nothing");
    let program = world.engine.program().await;
    assert!(program.notifications().all(|known| known.untold().next().is_none()));
}

#[tokio::test]
async fn an_address_that_is_none_is_given_up_and_a_silent_server_is_tried_again() {
    let world = World::peopled(32).await;
    let post = Post::new().await;
    let config = |port| notify::Config { operators: Vec::new(), ..mail_config(port) };
    contact(&world, "acme", ContactRole::Security, "refused@acme.example").await;
    test(&world, "acme").await;
    round(&mut notifier(&world, config(post.port))).await;
    assert_eq!(
        outcomes(&world.engine).await,
        ["N1 acme/mail/security given up: the mail server answered 550"]
    );
    contact(&world, "bolt", ContactRole::Security, "psirt@bolt.example").await;
    test(&world, "bolt").await;
    // Port 1 of this host: nobody.
    assert_eq!(round(&mut notifier(&world, config(1))).await.failed, 1);
    later(&world, SignedDuration::from_secs(5));
    assert_eq!(round(&mut notifier(&world, config(post.port))).await.sent, 1);
}

#[tokio::test]
async fn what_lapses_is_mailed_to_the_member_and_the_operators_once_each() {
    let world = World::peopled(33).await;
    let post = Post::new().await;
    contact(&world, "acme", ContactRole::Administrative, "office@acme.example").await;
    let mut sender = notifier(&world, mail_config(post.port));
    let mut warned = Vec::new();
    // Everything of the testbed lapses after 365 days: agreements and facts, and keys that were compared at its start.
    for day in 330..366 {
        world.clock.set(t(day * DAY));
        for _ in 0..12 {
            sender.step(&[]).await.unwrap();
            sender.finish().await.unwrap();
        }
        warned.push(post.taken().len());
    }
    let to = |address: &str| post.taken().iter().filter(|mail| mail.contains(address)).count();
    let dues = world.engine.newest(u64::MAX).await.unwrap();
    let of_acme = dues.iter().filter(|entry| match &entry.event {
        Event::Notification(NotificationEvent::Due { members, .. }) => {
            members.contains(&testbed::member("acme"))
        }
        _ => false,
    });
    // An agreement, a fact and a key, 30, 7 and 1 days before.
    assert_eq!((of_acme.count(), to("office@acme.example")), (9, 9));
    assert!(to("psirt@acme.example") >= 9);
    assert!(
        warned.windows(2).filter(|days| days[0] != days[1]).count() <= 3,
        "on three days alone: {warned:?}"
    );
}

#[tokio::test]
async fn a_configuration_that_would_send_in_clear_or_to_nobody_is_refused() {
    let world = World::founded(34).await;
    let tried = |change: fn(&mut notify::Config)| {
        let mut config = mail_config(25);
        change(&mut config);
        Notifier::new(world.engine.clone(), config).err().map(|error| error.to_string())
    };
    assert_eq!(tried(|_| {}), None);
    let refused = |change: fn(&mut notify::Config)| tried(change).unwrap();
    assert!(
        refused(|it| it.mail.as_mut().unwrap().host = String::from("mail.example")).contains("this host")
    );
    assert!(
        refused(|it| it.mail.as_mut().unwrap().from = String::from("nobody")).contains("no mail address")
    );
    assert!(refused(|it| it.operators.push(String::from("x"))).contains("no mail address"));
    assert!(
        refused(|it| it.mail.as_mut().unwrap().username = Some(String::from("u"))).contains("go together")
    );
    assert!(refused(|it| it.url = String::from("early.acme.example")).contains("https://"));
    assert!(
        tried(|it| {
            let mail = it.mail.as_mut().unwrap();
            (mail.tls, mail.host) = (Tls::Starttls, String::from("mail.example"));
        })
        .is_none()
    );
}
