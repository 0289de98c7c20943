//! Leak cases over the interface: opened on a sighting, traced once for whoever asks, read by operators alone.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use program::token::Holder;
use serde_json::{Value, json};
use testbed::{World, user};

use crate::acts::{Stage, act};

/// A program whose member acme leaked both of its copies.
async fn leaked(seed: u64) -> Stage {
    let world = World::due(seed).await;
    world.release("w1").await.unwrap();
    let copies = world.opened("acme").await;
    let stage = Stage::of(world).await;
    let files: Vec<Value> = copies
        .iter()
        .map(|(item, text)| json!({ "name": item, "base64": BASE64_STANDARD.encode(text) }))
        .collect();
    let seen = stage.site.world.clock.now();
    let sighting = json!({ "case": "c", "kind": "leak", "seen": seen, "files": files }).to_string();
    stage.play(act("ann", "/api/v1/sightings", ["sighting", "added"]).body(sighting)).await;
    stage
}

#[tokio::test]
async fn a_leak_is_traced_to_the_copy_it_derives_from() {
    let stage = leaked(321).await;
    let ann = stage.token("ann");
    let mention = json!({ "case": "c", "kind": "mention", "seen": stage.site.world.clock.now() }).to_string();
    assert_eq!(stage.site.post("/api/v1/sightings", ann, &mention).await.status, 200);
    let open = |sighting: &str| json!({ "sighting": sighting }).to_string();
    for (body, status) in
        [(open("1"), 422), (open("S9"), 404), (r#"{"sighting":"S1","case":"c"}"#.to_owned(), 422)]
    {
        let answer = stage.site.post("/api/v1/leaks", ann, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let opened = act("ann", "/api/v1/leaks", ["leak", "opened"]).body(open("S1"));
    stage.play(opened.refused("ann", open("S2"))).await;
    let again = stage.site.post("/api/v1/leaks", stage.token("bob"), &open("S1")).await;
    assert_eq!(again.json(), json!({ "entries": [] }), "the first is found");
    let untraced = stage.get("/api/v1/leaks").await;
    assert_eq!((&untraced[0]["leak"], &untraced[0]["verdict"]), (&json!("L1"), &Value::Null));

    let trace = act("bob", "/api/v1/leaks/L1/trace", ["leak", "read"]).unknown("/api/v1/leaks/L9/trace");
    let report = stage.play(trace).await.json();
    assert_eq!((&report["verdict"], &report["accused"][0]["member"]), (&json!("attributed"), &json!("acme")));
    assert!(report["claim"].is_string() && report["next"].is_array(), "{report:#}");
    let logged = stage.site.world.entries().await;
    let again = stage.site.post("/api/v1/leaks/L1/trace", ann, "").await.json();
    assert_eq!(
        (&again, stage.site.world.entries().await),
        (&report, logged),
        "the same again, and nothing new"
    );

    let leak = stage.get("/api/v1/leaks/L1").await;
    assert_eq!(leak["trace"]["accused"], report["accused"]);
    assert!(
        leak["reading"]["sha256"].is_string() && leak["trace"]["evidence"]["acme"].is_number(),
        "{leak:#}"
    );
    let line = &stage.get("/api/v1/leaks").await[0];
    assert_eq!((&line["verdict"], &line["accused"]), (&json!("attributed"), &json!(["acme"])));
    let ledger = stage.get("/api/v1/ledger").await;
    assert_eq!((&ledger["looks"], &ledger["members"][0]["member"]), (&json!(1), &json!("acme")));
}

#[tokio::test]
async fn a_member_learns_nothing_of_leaks() {
    let stage = leaked(322).await;
    let opened = stage.site.post("/api/v1/leaks", stage.token("ann"), r#"{"sighting":"S1"}"#).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let bolt = stage.site.of_member("bolt").await;
    for path in ["/api/v1/leaks", "/api/v1/leaks/L1", "/api/v1/leaks/L9", "/api/v1/ledger"] {
        assert_eq!(stage.site.send("GET", path, &[], b"").await.status, 401, "{path}");
        assert_eq!(stage.site.get(path, &bolt).await.status, 403, "{path}");
    }
    for unknown in ["/api/v1/leaks/L9", "/api/v1/leaks/1"] {
        assert_eq!(stage.site.get(unknown, stage.token("ann")).await.status, 404, "{unknown}");
    }
    assert_eq!(stage.get("/api/v1/ledger").await["looks"], 0, "nobody was traced");
}

#[tokio::test]
async fn of_many_who_trace_at_once_one_does_and_all_are_told_the_same() {
    let stage = leaked(323).await;
    let opened = stage.site.post("/api/v1/leaks", stage.token("ann"), r#"{"sighting":"S1"}"#).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let before = stage.site.world.entries().await;
    let ines = stage.site.token(Holder::Operator(user("ines"))).await;
    let asked = (0..6).map(|_| stage.site.post("/api/v1/leaks/L1/trace", &ines, ""));
    let (answers, listed) = tokio::join!(join_all(asked), stage.get("/api/v1/cases"));
    assert_eq!(listed[0]["case"], "c", "who asks for something short is answered beside it");
    let (done, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(!done.is_empty() && done.iter().all(|answer| answer.json() == done[0].json()));
    for answer in told {
        assert_eq!(
            (answer.status, answer.json()["title"].as_str()),
            (503, Some("busy")),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    assert_eq!(stage.site.world.entries().await, before + 2 + 1, "one reading, one trace, one token");
}
