//! Members' reports over HTTP: bounded, of the member's own cases, seen by operators.

use program::token::Holder;
use serde_json::{Value, json};
use testbed::{World, user};

use crate::http::Site;

async fn released(seed: u64) -> (Site, String) {
    let world = World::due(seed).await;
    world.release("w1").await.unwrap();
    let site = Site::of(world).await;
    let token = site.of_member("acme").await;
    (site, token)
}

fn sighting(site: &Site) -> Value {
    json!({"case": "c", "what": "sighting", "kind": "leak", "at": site.world.clock.now().to_string(),
        "note": "on a paste site", "files": [{"name": "paste.txt", "base64": "aW5lcnQ="}]})
}

#[tokio::test]
async fn a_report_is_seen_by_operators_and_kept_once() {
    let (site, token) = released(211).await;
    let report = sighting(&site).to_string();
    let blobs = site.world.blobs().await;
    let answer = site.post("/api/v1/reports", &token, &report).await;
    assert_eq!(answer.json(), json!({"report": "M1", "new": true}), "{}", answer.text());
    assert_eq!(site.world.blobs().await, blobs + 1);
    let entries = site.world.entries().await;
    let again = site.post("/api/v1/reports", &token, &report).await;
    assert_eq!(again.json(), json!({"report": null, "new": false}));
    assert_eq!((site.world.entries().await, site.world.blobs().await), (entries, blobs + 1));
    for what in ["coverage", "mistake"] {
        let at = site.world.clock.now().to_string();
        let body = json!({"case": "c", "what": what, "at": at, "note": "rule 4711"}).to_string();
        assert_eq!(site.post("/api/v1/reports", &token, &body).await.json()["new"], true, "{what}");
    }
    let ann = site.token(Holder::Operator(user("ann"))).await;
    let list = site.get("/api/v1/reports", &ann).await.json();
    let seen: Vec<&str> = list.as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(seen, ["sighting: leak", "coverage", "mistake"]);
    assert_eq!((&list[0]["member"], &list[0]["before_public"]), (&json!("acme"), &json!(true)));
    assert_eq!(list[0]["exhibits"][0], engine::hash::sha256(b"inert").to_string());
    testbed::sound(&site.world.verify().await);
}

#[tokio::test]
async fn what_is_no_report_changes_nothing() {
    let (site, token) = released(212).await;
    let observer = site.token(Holder::Observer).await;
    let cobalt = site.of_member("cobalt").await;
    let good = sighting(&site);
    let (entries, blobs) = (site.world.entries().await, site.world.blobs().await);
    let with = |key: &str, value: Value| {
        let mut other = good.clone();
        other[key] = value;
        other.to_string()
    };
    let files: Vec<Value> = (0..5).map(|n| json!({"name": format!("f{n}"), "base64": "eA=="})).collect();
    for (body, status) in [
        (String::from("{}"), 422),
        (with("also", json!(1)), 422),
        (with("what", json!("rumour")), 422),
        (with("at", json!("2026-06-01")), 422),
        (with("at", json!("2999-01-01T00:00:00Z")), 409),
        (with("kind", Value::Null), 409),
        (with("what", json!("mistake")), 409),
        (with("files", json!([{"name": "x", "base64": "*"}])), 409),
        (with("files", json!([{"name": "x", "base64": ""}])), 409),
        (with("files", json!([{"name": "a\nb", "base64": "eA=="}])), 409),
        (with("files", json!(files)), 409),
        (with("note", json!("x".repeat(4_001))), 409),
        (with("note", json!("\u{1b}[2J")), 409),
        (with("case", json!("nobody")), 404),
        (with("case", json!("../c")), 404),
        (with("note", json!("x".repeat(2 << 20))), 413),
    ] {
        let answer = site.post("/api/v1/reports", &token, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    // A case that exists and is withheld, and one that does not, are the same bytes.
    let body = good.to_string();
    let withheld = site.post("/api/v1/reports", &cobalt, &body).await;
    assert_eq!(withheld.status, 404);
    assert_eq!(withheld, site.post("/api/v1/reports", &cobalt, &with("case", json!("nobody"))).await);
    assert_eq!(site.post("/api/v1/reports", &observer, &body).await.status, 403);
    assert_eq!(site.get("/api/v1/reports", &token).await.status, 403);
    assert_eq!((site.world.entries().await, site.world.blobs().await), (entries, blobs));
}
