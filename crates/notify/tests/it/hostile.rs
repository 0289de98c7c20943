//! Receivers that hang, flood, babble, point elsewhere or fail for ever: bounded, recorded, nobody else affected.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use engine::notices::{Alarm, DELAYS};
use jiff::SignedDuration;
use notify::{Notifier, post::Names};
use program::{Command, notification::NotificationCommand};
use testbed::World;

use crate::{
    receiver::{Manner, OK, Post, Receiver},
    world::{config, endpoint, later, mail_config, notifier, outcomes, round, test},
};

async fn waits(world: &World) -> Vec<(String, u32, String)> {
    let rows = world.engine.waiting_notices().await.unwrap();
    rows.into_iter().map(|row| (row.recipient, row.attempts, row.says)).collect()
}

#[tokio::test]
async fn one_that_hangs_delays_nobody() {
    let world = World::peopled(21).await;
    let (slow, quick) = (Receiver::new(Manner::Hangs).await, Receiver::new(OK).await);
    endpoint(&world, "acme", &slow.url).await;
    endpoint(&world, "bolt", &quick.url).await;
    let mut sender = notifier(&world, config());
    for id in ["acme", "bolt", "bolt", "bolt"] {
        test(&world, id).await;
    }
    // The hanging one is under way all the time.
    while quick.taken().len() < 3 {
        let step = sender.step(&[]).await.unwrap();
        assert!(step.running >= 1);
        sender.ended().await;
    }
    let step = sender.step(&[]).await.unwrap();
    assert_eq!((slow.connections(), step.running), (1, 1), "it is asked once at a time, and still silent");
    assert_eq!(outcomes(&world.engine).await.len(), 3);
    sender.finish().await.unwrap();
    assert_eq!(
        waits(&world).await,
        [(String::from("acme/webhook/E1"), 1, String::from("it took longer than 10 seconds"))]
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let world = World::peopled(22).await;
    let (flood, babble) = (Receiver::new(Manner::Floods).await, Receiver::new(Manner::Babbles).await);
    endpoint(&world, "acme", &flood.url).await;
    endpoint(&world, "bolt", &babble.url).await;
    for id in ["acme", "bolt"] {
        test(&world, id).await;
    }
    round(&mut notifier(&world, config())).await;
    // The sockets' own buffers on both sides take some megabytes.
    const MOST: u64 = 32 << 20;
    assert!(flood.bytes_sent() < MOST && babble.bytes_sent() < MOST);
    assert_eq!(outcomes(&world.engine).await, ["N1 acme/webhook/E1 sent"], "its status was good");
    assert_eq!(waits(&world).await[0].2, "it gives no answer of HTTP: its headers are too large");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let world = World::peopled(23).await;
    let inside = Receiver::new(OK).await;
    for (id, status) in
        ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"].into_iter().enumerate()
    {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", inside.url);
        let outside = Receiver::new(Manner::Says(head.leak())).await;
        endpoint(&world, testbed::MEMBERS[id], &outside.url).await;
        test(&world, testbed::MEMBERS[id]).await;
    }
    assert_eq!(round(&mut notifier(&world, config())).await.failed, 5);
    assert_eq!(inside.connections(), 0);
    assert!(waits(&world).await.iter().all(|(_, _, says)| says.contains("no redirect is followed")));
}

#[tokio::test]
async fn what_fails_for_ever_is_given_up_and_sent_again_when_somebody_says_so() {
    let world = World::peopled(24).await;
    let (broken, post) = (Receiver::new(Manner::Says("HTTP/1.1 500 No\r\n\r\n")).await, Post::new().await);
    endpoint(&world, "acme", &broken.url).await;
    test(&world, "acme").await;
    let mut sender = notifier(&world, mail_config(post.port));
    let mut given_up = 0;
    for (tried, delay) in DELAYS.into_iter().enumerate() {
        round(&mut sender).await;
        assert_eq!(broken.taken().len(), tried + 1);
        later(&world, delay.checked_sub(SignedDuration::from_millis(1)).unwrap());
        round(&mut sender).await;
        assert_eq!(broken.taken().len(), tried + 1, "not before its time");
        later(&world, SignedDuration::from_millis(1));
    }
    given_up += round(&mut sender).await.given_up;
    assert_eq!((broken.taken().len(), given_up), (DELAYS.len() + 1, 1));
    let ids: std::collections::BTreeSet<_> =
        broken.taken().iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1, "one key, however often");
    assert_eq!(outcomes(&world.engine).await, ["N1 acme/webhook/E1 given up: the receiver answered 500"]);
    assert!(world.engine.program().await.notifications().all(|known| known.stands()));
    round(&mut sender).await;
    let [alarm] = &post.taken()[..] else { panic!("one alarm") };
    assert!(alarm.contains("psirt@acme.example") && alarm.contains("given up"));
    assert!(!alarm.contains("acme/webhook") && !alarm.contains("E1"), "no member in a mail");

    let command = NotificationCommand::Retry { notification: "N1".parse().unwrap(), members: [].into() };
    world.ok("ann", Command::Notification(command)).await;
    round(&mut sender).await;
    assert_eq!(broken.taken().len(), DELAYS.len() + 2);
    assert_eq!(waits(&world).await[0].1, 1, "it begins anew");
}

#[tokio::test]
async fn one_that_is_gone_for_good_is_given_up_at_once() {
    let world = World::peopled(25).await;
    let gone = Receiver::new(Manner::Says("HTTP/1.1 410 Gone\r\n\r\n")).await;
    endpoint(&world, "acme", &gone.url).await;
    test(&world, "acme").await;
    assert_eq!(round(&mut notifier(&world, config())).await.given_up, 1);
}

/// A sender that believes a table about names.
fn believing(world: &World, names: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Notifier {
    let mut config = config();
    config.webhooks.loopback = false;
    Notifier::with_names(world.engine.clone(), config, Names::Table(Arc::new(names))).unwrap()
}

#[tokio::test]
async fn a_name_that_leads_inside_is_never_spoken_to() {
    let world = World::peopled(26).await;
    let inside = Receiver::new(OK).await;
    endpoint(&world, "acme", &format!("https://hook.example:{}/", inside.port)).await;
    endpoint(&world, "bolt", &inside.url).await;
    let tables: [&[&str]; 7] = [
        &["127.0.0.1"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["169.254.169.254"],
        &["10.0.0.1"],
        // One good address among bad ones is no excuse.
        &["8.8.8.8", "127.0.0.1"],
        &["2606:4700::1111", "fd00:ec2::254"],
    ];
    for table in tables {
        test(&world, "acme").await;
        test(&world, "bolt").await;
        let addresses: Vec<IpAddr> = table.iter().map(|text| text.parse().unwrap()).collect();
        let mut sender = believing(&world, move |_| addresses.clone());
        assert_eq!(round(&mut sender).await.failed, 2, "{table:?}");
        assert!(
            waits(&world).await.iter().any(|(_, _, says)| says.contains("not a public address")),
            "{table:?}"
        );
        later(&world, SignedDuration::from_hours(80));
        round(&mut sender).await;
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_that_address_is_spoken_to() {
    // Rebinding: the first answer would pass a check, the second would be used by a client that asks again.
    let world = World::peopled(27).await;
    let inside = Receiver::new(OK).await;
    endpoint(&world, "acme", &format!("https://hook.example:{}/", inside.port)).await;
    test(&world, "acme").await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let mut sender = believing(&world, move |_| match counted.fetch_add(1, Ordering::SeqCst) {
        // An address of the public internet where nobody answers.
        0 => vec!["192.31.195.1".parse().unwrap()],
        _ => vec!["127.0.0.1".parse().unwrap()],
    });
    assert_eq!(round(&mut sender).await.failed, 1);
    assert_eq!((asked.load(Ordering::SeqCst), inside.connections()), (1, 0));
}

#[tokio::test]
async fn plain_http_and_broken_tls_are_refused() {
    let world = World::peopled(28).await;
    let plain = Receiver::new(OK).await;
    endpoint(&world, "acme", &plain.url.replace("http://", "https://")).await;
    test(&world, "acme").await;
    assert_eq!(round(&mut notifier(&world, config())).await.failed, 1);
    assert!(waits(&world).await[0].2.starts_with("TLS with it fails"));
    assert!(plain.taken().is_empty());
}

#[tokio::test]
async fn an_alarm_is_given_once_a_day_whoever_gives_it() {
    let world = World::peopled(29).await;
    let post = Post::new().await;
    let mut senders = [notifier(&world, mail_config(post.port)), notifier(&world, mail_config(post.port))];
    for _ in 0..3 {
        for sender in &mut senders {
            sender.step(&[Alarm::ClockHeld]).await.unwrap();
            sender.finish().await.unwrap();
        }
        later(&world, SignedDuration::from_hours(2));
    }
    assert_eq!(post.taken().len(), 1);
    later(&world, SignedDuration::from_hours(24));
    senders[0].step(&[Alarm::ClockHeld, Alarm::Late]).await.unwrap();
    senders[0].finish().await.unwrap();
    // One at a time to the same recipient.
    senders[0].step(&[]).await.unwrap();
    senders[0].finish().await.unwrap();
    assert_eq!(post.taken().len(), 3);
}
