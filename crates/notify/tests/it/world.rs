//! A small program whose members can be told, and its sender.

use std::sync::Arc;

use engine::Engine;
use jiff::SignedDuration;
use notify::{Config, Notifier, config};
use program::{
    Command,
    id::EndpointId,
    notification::NotificationCommand,
    vetting::{Contact, ContactRole, VettingCommand},
};
use testbed::{World, member, user};

/// Words that nobody outside may read.
pub(crate) const CANARIES: [&str; 8] =
    ["Relay", "relay", "advisory", "reproduction", "Mixed", "w1", "ACME\"", "case"];

pub(crate) fn config() -> Config {
    let webhooks = config::Webhooks { loopback: true, authority: None };
    Config { url: String::from("https://early.acme.example"), operators: Vec::new(), mail: None, webhooks }
}

pub(crate) fn mail_config(port: u16) -> Config {
    let mail = config::Mail {
        host: String::from("127.0.0.1"),
        port: Some(port),
        tls: config::Tls::None,
        from: String::from("Acme Early Warning <early@acme.example>"),
        username: None,
        password_file: None,
        authority: None,
    };
    Config { mail: Some(mail), operators: vec![String::from("psirt@acme.example")], ..config() }
}

pub(crate) fn notifier(world: &World, config: Config) -> Notifier {
    Notifier::new(world.engine.clone(), config).unwrap()
}

pub(crate) async fn endpoint(world: &World, id: &str, url: &str) -> (EndpointId, [u8; 32]) {
    let added = world.engine.add_endpoint(&user("ann"), member(id), url.to_owned()).await;
    let (endpoint, secret) = added.unwrap();
    (endpoint, *secret.bytes())
}

pub(crate) async fn contact(world: &World, id: &str, role: ContactRole, address: &str) {
    let contact = Contact { name: String::from("desk"), address: address.to_owned() };
    world.ok("ann", Command::Vetting(member(id), VettingCommand::SetContact(role, contact))).await;
}

pub(crate) async fn test(world: &World, id: &str) {
    world.ok("ann", Command::Notification(NotificationCommand::Test { member: member(id) })).await;
}

pub(crate) fn later(world: &World, by: SignedDuration) {
    world.clock.set(world.clock.now().checked_add(by).unwrap());
}

/// Looks, and waits for whatever that began.
pub(crate) async fn round(notifier: &mut Notifier) -> notify::Step {
    notifier.step(&[]).await.unwrap();
    notifier.finish().await.unwrap()
}

/// What became of every notice, as `N1 acme/webhook/E1 sent`.
pub(crate) async fn outcomes(engine: &Arc<Engine>) -> Vec<String> {
    let program = engine.program().await;
    let all = program.notifications().flat_map(|known| known.notices.iter().map(move |it| (known.id, it)));
    all.map(|(id, (to, notice))| match &notice.given_up {
        None => format!("{id} {to} sent"),
        Some(says) => format!("{id} {to} given up: {says}"),
    })
    .collect()
}
