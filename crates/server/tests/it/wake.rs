//! Wake-ups: a stream says that something changed, and ends with the server and with a suspension.

use std::sync::Arc;

use testbed::{W1, World, suspend, t};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpStream, tcp::OwnedReadHalf},
};

use crate::http::{Site, config};

type Stream = Lines<BufReader<OwnedReadHalf>>;

async fn listen(site: &Site, token: &str) -> (Stream, tokio::net::tcp::OwnedWriteHalf) {
    let (read, mut write) = TcpStream::connect(site.serving.address).await.unwrap().into_split();
    let head = format!("GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    write.write_all(head.as_bytes()).await.unwrap();
    (BufReader::new(read).lines(), write)
}

/// Reads to the next event; nothing when the stream ends.
async fn next(stream: &mut Stream) -> Option<String> {
    while let Ok(Some(line)) = stream.next_line().await {
        if line.starts_with("event: ") {
            return Some(line);
        }
        assert!(!line.contains("Relay") && !line.contains("advisory"), "{line}");
    }
    None
}

#[tokio::test]
async fn whoever_is_granted_something_is_woken_and_nobody_else() {
    let site = Site::of(World::due(95).await).await;
    let (acme, cobalt) = (site.of_member("acme").await, site.of_member("cobalt").await);
    let ((mut of_acme, _a), (mut of_cobalt, _c)) = (listen(&site, &acme).await, listen(&site, &cobalt).await);
    for stream in [&mut of_acme, &mut of_cobalt] {
        assert_eq!(next(stream).await.as_deref(), Some("event: change"));
    }
    site.world.release("w1").await.unwrap();
    assert_eq!(next(&mut of_acme).await.as_deref(), Some("event: change"));
    site.world.ok("ann", suspend("acme")).await;
    assert_eq!(next(&mut of_acme).await, None, "a suspension ends the stream");
    let Site { serving, .. } = site;
    serving.stop().await;
    assert_eq!(next(&mut of_cobalt).await, None, "one event at its beginning, none for others' grants");
}

#[tokio::test]
async fn the_timer_releases_and_two_servers_on_one_program_agree() {
    let world = World::due(96).await;
    world.clock.set(testbed::after(t(W1), -1));
    let mut with_timer = config();
    with_timer.timer = true;
    let second = engine::Engine::open(&world.root(), world.clock.clone(), engine::Entropy::seeded(7)).await;
    let second = Arc::new(second.unwrap());
    let other = server::serve(Arc::clone(&second), with_timer.clone()).await.unwrap();
    let site = Site::with(world, with_timer).await;
    let acme = site.of_member("acme").await;
    let (mut stream, _half) = listen(&site, &acme).await;
    assert_eq!(next(&mut stream).await.as_deref(), Some("event: change"));
    assert_eq!(site.get("/api/v1/copies", &acme).await.json(), serde_json::json!([]));
    site.world.clock.set(t(W1));
    assert_eq!(next(&mut stream).await.as_deref(), Some("event: change"));
    let path = "/api/v1/cases/c/items/advisory.md/copy";
    for address in [site.serving.address, other.address] {
        second.refresh().await.unwrap();
        let bearer = format!("Bearer {acme}");
        let answer = crate::http::send(address, "GET", path, &[("authorization", &bearer)], b"").await;
        assert_eq!(answer.status, 200);
        assert!(package::open(&answer.body, &testbed::identity(0)).is_ok());
    }
    let granted = site.world.granted().await;
    let mut once = granted.clone();
    once.dedup();
    assert_eq!(granted, once, "no grant twice");
    other.stop().await;
}
