//! Endpoints that behave: signed, without content, once.

use engine::{Engine, Entropy};
use jiff::SignedDuration;
use program::{Command, endpoint::EndpointCommand};
use testbed::{MEMBERS, World, member, suspend};

use crate::{
    receiver::{Manner, OK, Receiver},
    world::{CANARIES, config, endpoint, later, notifier, outcomes, round, test},
};

#[tokio::test]
async fn a_release_is_told_to_each_endpoint_signed_and_without_content() {
    let world = World::due(11).await;
    let (acme, cobalt) = (Receiver::new(OK).await, Receiver::new(OK).await);
    let (_, secret) = endpoint(&world, "acme", &acme.url).await;
    endpoint(&world, "cobalt", &cobalt.url).await;
    world.release("w1").await.unwrap();
    let mut sender = notifier(&world, config());
    assert_eq!(round(&mut sender).await.sent, 1);
    let [taken] = &acme.taken()[..] else { panic!("one request") };
    assert!(cobalt.taken().is_empty(), "nothing was granted to it yet");
    for canary in CANARIES {
        assert!(!taken.body.contains(canary) && !taken.head.contains(canary), "{canary}: {taken:?}");
    }
    let body: serde_json::Value = serde_json::from_str(&taken.body).unwrap();
    assert_eq!(
        body["data"],
        serde_json::json!({"program": "Acme Early Warning", "url": "https://early.acme.example"})
    );
    let (id, seconds) = (taken.header("webhook-id"), taken.header("webhook-timestamp"));
    assert_eq!(
        notify::signature::sign(&secret, &id, seconds.parse().unwrap(), &taken.body),
        taken.header("webhook-signature")
    );
    assert_eq!(outcomes(&world.engine).await, ["N1 acme/webhook/E1 sent"]);
    assert!(world.engine.waiting_notices().await.unwrap().is_empty());
    round(&mut sender).await;
    assert_eq!(acme.taken().len(), 1, "told once");
    let log = world.engine.newest(u64::MAX).await.unwrap();
    let text =
        log.iter().map(|entry| String::from_utf8(entry.to_body().unwrap()).unwrap()).collect::<String>();
    let written = notify::signature::secret_text(&secret);
    assert!(
        !text.contains(&written) && !text.contains(written.trim_start_matches("whsec_")),
        "a secret in the log"
    );
}

#[tokio::test]
async fn what_was_sent_and_not_recorded_is_sent_again_under_the_same_key() {
    let world = World::peopled(12).await;
    let receiver = Receiver::new(OK).await;
    endpoint(&world, "acme", &receiver.url).await;
    test(&world, "acme").await;
    let mut killed = notifier(&world, config());
    killed.step(&[]).await.unwrap();
    // It dies between the receiver's answer and the log.
    killed.ended().await;
    drop(killed);
    assert_eq!(receiver.taken().len(), 1);
    let mut next = notifier(&world, config());
    round(&mut next).await;
    assert_eq!(receiver.taken().len(), 1, "the dead one's claim still holds");
    later(&world, SignedDuration::from_secs(61));
    round(&mut next).await;
    let ids: Vec<String> = receiver.taken().iter().map(|taken| taken.header("webhook-id")).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(outcomes(&world.engine).await, ["N1 acme/webhook/E1 sent"]);
}

#[tokio::test]
async fn two_servers_on_one_program_send_each_notice_once() {
    let world = World::peopled(13).await;
    let mut receivers = Vec::new();
    for id in MEMBERS {
        let receiver = Receiver::new(OK).await;
        endpoint(&world, id, &receiver.url).await;
        receivers.push(receiver);
        test(&world, id).await;
    }
    let other = Engine::open(&world.root(), world.clock.clone(), Entropy::seeded(5)).await.unwrap();
    let mut second = notify::Notifier::new(std::sync::Arc::new(other), config()).unwrap();
    let mut first = notifier(&world, config());
    let (one, two) = tokio::join!(round(&mut first), round(&mut second));
    assert_eq!(one.sent + two.sent, MEMBERS.len());
    assert!(receivers.iter().all(|receiver| receiver.taken().len() == 1));
}

#[tokio::test]
async fn an_endpoint_that_was_removed_gets_nothing_more() {
    let world = World::peopled(14).await;
    let receiver = Receiver::new(Manner::Says("HTTP/1.1 503 No\r\n\r\n")).await;
    let (id, _) = endpoint(&world, "acme", &receiver.url).await;
    test(&world, "acme").await;
    let mut sender = notifier(&world, config());
    assert_eq!(round(&mut sender).await.failed, 1);
    world.ok("ann", Command::Endpoint(EndpointCommand::Remove { endpoint: id })).await;
    later(&world, SignedDuration::from_hours(1));
    round(&mut sender).await;
    assert_eq!(receiver.taken().len(), 1);
    assert!(world.engine.waiting_notices().await.unwrap().is_empty(), "what is not owed does not wait");
}

#[tokio::test]
async fn a_suspended_member_is_told_of_it_and_not_woken_for_copies() {
    let world = World::due(15).await;
    let receiver = Receiver::new(OK).await;
    endpoint(&world, "acme", &receiver.url).await;
    world.release("w1").await.unwrap();
    world.ok("ann", suspend("acme")).await;
    round(&mut notifier(&world, config())).await;
    assert_eq!(outcomes(&world.engine).await, ["N2 acme/webhook/E1 sent"]);
    let program = world.engine.program().await;
    let stands =
        program.notifications().any(|known| known.stands() && known.members.contains_key(&member("acme")));
    assert!(stands, "a person has still to tell it why");
}
