//! Notices of a running server: sent by itself, readable by whom they are for, seen to by operators.

use std::sync::{Arc, Mutex};

use notify::config::Webhooks;
use program::{embargo::EmbargoCommand, token::Holder};
use testbed::{MEMBERS, World, after, embargo, user};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::http::{Site, config};

/// Takes every request and keeps it.
async fn receiver(status: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, taken) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let kept = taken.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            kept.lock().unwrap().push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            let _ =
                stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
        }
    });
    (format!("http://{address}/"), taken)
}

async fn site(world: World) -> Site {
    let mut config = config();
    config.notices = Some(notify::Config {
        url: String::from("https://early.acme.example"),
        operators: Vec::new(),
        mail: None,
        webhooks: Webhooks { loopback: true, authority: None },
    });
    Site::with(world, config).await
}

/// Waits until something holds; a test that waits for ever is ended by its runner.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_broken_embargo_is_told_to_every_member_by_itself() {
    let world = World::due(101).await;
    let mut inboxes = Vec::new();
    for id in MEMBERS {
        let (url, taken) = receiver("204 No Content").await;
        world.engine.add_endpoint(&user("ann"), testbed::member(id), url).await.unwrap();
        inboxes.push(taken);
    }
    let site = site(world).await;
    for operator in ["ann", "bob"] {
        let reason = String::from("it is on a mailing list");
        site.world.ok(operator, embargo(EmbargoCommand::Terminate { reason })).await;
    }
    let observer = site.token(Holder::Observer).await;
    let lines = async || site.get("/api/v1/notifications", &observer).await.json();
    until(async || lines().await[0]["untold"] == serde_json::json!([])).await;
    assert!(inboxes.iter().all(|inbox| inbox.lock().unwrap().len() == 1), "each once");
    assert_eq!(lines().await[0]["notices"].as_array().unwrap().len(), MEMBERS.len());
    let acme = site.of_member("acme").await;
    let mine = site.get("/api/v1/notices", &acme).await.json();
    assert!(mine[0]["text"].as_str().unwrap().contains("is over since"), "{mine}");
    let ready = site.get("/readyz", &acme).await.json();
    assert!(
        ready.as_array().unwrap().contains(&serde_json::json!({"name": "notices", "ok": true})),
        "{ready}"
    );
    let metrics = crate::http::send(site.serving.admin.unwrap(), "GET", "/metrics", &[], b"").await;
    for line in ["forewarn_notices_total 6", "forewarn_waiting_notices 0", "forewarn_dead_notices 0"] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }
    site.serving.stop().await;
}

#[tokio::test]
async fn operators_add_try_and_remove_endpoints_and_a_member_cannot() {
    let site = site(World::peopled(102).await).await;
    let ann = site.token(Holder::Operator(user("ann"))).await;
    let (acme, observer) = (site.of_member("acme").await, site.token(Holder::Observer).await);
    let (url, taken) = receiver("200 OK").await;
    let body = format!(r#"{{"url":"{url}"}}"#);
    let path = "/api/v1/members/acme/endpoints";
    for token in [&acme, &observer] {
        assert_eq!(site.post(path, token, &body).await.status, 403);
    }
    assert_eq!(site.post("/api/v1/members/nobody/endpoints", &ann, &body).await.status, 404);
    assert_eq!(site.post(path, &ann, r#"{"url":"http://169.254.169.254/"}"#).await.status, 409);
    let added = site.post(path, &ann, &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    assert!(added.json()["secret"].as_str().unwrap().starts_with("whsec_"));
    let listed = site.get(path, &observer).await;
    assert_eq!(listed.json()[0]["url"], *url);
    assert!(!listed.text().contains("whsec_"), "shown once");
    let tested = site.post("/api/v1/members/acme/notices/test", &ann, "").await;
    assert_eq!(tested.status, 200, "{}", tested.text());
    until(async || {
        !site.get("/api/v1/notifications", &ann).await.json()[0]["notices"].as_array().unwrap().is_empty()
    })
    .await;
    assert_eq!(taken.lock().unwrap().len(), 1);
    assert_eq!(
        site.post("/api/v1/notifications/N1/retry", &ann, "{}").await.status,
        409,
        "nothing was given up"
    );
    assert_eq!(site.post("/api/v1/notifications/N9/retry", &ann, "{}").await.status, 404);
    let bearer = format!("Bearer {ann}");
    let remove =
        async || site.send("DELETE", "/api/v1/endpoints/E1", &[("authorization", &bearer)], b"").await.status;
    assert_eq!((remove().await, remove().await), (204, 404));
    site.serving.stop().await;
}

#[tokio::test]
async fn a_member_cannot_read_what_others_must_be_told() {
    let world = World::peopled(103).await;
    world.ok("ann", testbed::suspend("bolt")).await;
    let site = site(world).await;
    let acme = site.of_member("acme").await;
    assert_eq!(site.get("/api/v1/notices", &acme).await.json(), serde_json::json!([]));
    assert_eq!(site.get("/api/v1/notifications", &acme).await.status, 403);
    site.serving.stop().await;
}

#[tokio::test]
async fn notices_that_nobody_tries_make_the_server_not_ready() {
    let world = World::peopled(104).await;
    let (url, _) = receiver("200 OK").await;
    world.engine.add_endpoint(&user("ann"), testbed::member("acme"), url).await.unwrap();
    let test = program::notification::NotificationCommand::Test { member: testbed::member("acme") };
    world.ok("ann", program::Command::Notification(test)).await;
    let channels = program::notification::Channels { webhooks: true, ..Default::default() };
    world.engine.fill_outbox(channels).await.unwrap();
    // Whoever claimed it died, again and again: the row is old and was never tried to an end.
    let claimed = world.engine.claim_notices(|_| true).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let mut config = config();
    config.notices = Some(notify::Config {
        url: String::from("https://early.acme.example"),
        operators: Vec::new(),
        mail: None,
        webhooks: Webhooks::default(),
    });
    let app = server::App::new(world.engine.clone(), None, config);
    assert_eq!(server::notices::leaving(&app).await, Ok(()));
    world.clock.set(after(world.clock.now(), 301_000_000));
    let says = server::notices::leaving(&app).await.unwrap_err();
    assert!(says.contains("never tried"), "{says}");
}
