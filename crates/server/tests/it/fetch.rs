//! A member's copies: sealed to it alone, as granted, resumed where they broke off.

use package::Receipt;
use testbed::{World, identity, member};

use crate::http::Site;

const COPY: &str = "/api/v1/cases/c/items/advisory.md/copy";

async fn released(seed: u64) -> (Site, String) {
    let world = World::due(seed).await;
    world.release("w1").await.unwrap();
    let site = Site::of(world).await;
    let token = site.of_member("acme").await;
    (site, token)
}

#[tokio::test]
async fn what_is_fetched_is_what_was_granted() {
    let (site, token) = released(61).await;
    let list = site.get("/api/v1/copies", &token).await.json();
    let lines = list.as_array().unwrap();
    assert_eq!(lines.len(), 2);
    let expected = site.world.opened("acme").await;
    for (line, (item, text)) in lines.iter().zip(&expected) {
        assert_eq!(line["item"], item.as_str());
        let path = format!("/api/v1/cases/c/items/{item}");
        let sealed = site.get(&format!("{path}/copy"), &token).await;
        assert_eq!(sealed.header("content-type"), Some("application/age"));
        assert_eq!(sealed.header("cache-control"), Some("private, no-store"));
        let opened = package::open(&sealed.body, &identity(0)).unwrap();
        assert_eq!(String::from_utf8(opened.clone()).unwrap(), *text);
        assert!(package::open(&sealed.body, &identity(1)).is_err(), "nobody else opens it");
        let receipt = Receipt::from_json(&site.get(&format!("{path}/receipt"), &token).await.body).unwrap();
        let vkey = site.get("/log/vkey", "").await;
        let facts = receipt.verify(&vkey.text().trim_end().parse().unwrap(), Some(&opened)).unwrap();
        assert_eq!((facts.member.as_str(), facts.seq), ("acme", line["seq"].as_u64().unwrap()));
        assert_eq!(line["sha256"], facts.copy.sha256.to_string());
    }
    let me = site.get("/api/v1/me", &token).await.json();
    assert_eq!((me["member"].as_str(), me["standing"].as_str()), (Some("acme"), Some("active")));
}

#[tokio::test]
async fn a_fetch_goes_on_where_it_stopped_in_the_same_sealing_alone() {
    let (site, token) = released(62).await;
    let bearer = format!("Bearer {token}");
    let whole = site.get(COPY, &token).await;
    let tag = whole.header("etag").unwrap().to_owned();
    let ranged = async |range: &str, tag: &str| {
        let headers = [("authorization", bearer.as_str()), ("range", range), ("if-range", tag)];
        site.send("GET", COPY, &headers, b"").await
    };
    let rest = ranged("bytes=100-", &tag).await;
    assert_eq!((rest.status, rest.body.as_slice()), (206, &whole.body[100..]));
    let says = format!("bytes 100-{}/{}", whole.body.len() - 1, whole.body.len());
    assert_eq!(rest.header("content-range"), Some(says.as_str()));
    let other = ranged("bytes=100-", "\"another\"").await;
    assert_eq!((other.status, other.body.len()), (200, whole.body.len()));
    assert_eq!(ranged("bytes=9999999-", &tag).await.status, 416);
    assert_eq!(ranged("bytes=5-1", &tag).await.status, 416);

    site.world.ok("ann", testbed::suspend("acme")).await;
    assert_eq!(ranged("bytes=100-", &tag).await.status, 401, "a suspension bites in the middle of a fetch");
}

#[tokio::test]
async fn a_member_that_lost_its_key_is_told_so_and_gets_nothing() {
    let world = World::due(63).await;
    world.clock.set(testbed::t(testbed::END));
    world.release("w1").await.unwrap();
    let site = Site::of(world).await;
    let token = site.of_member("keyless").await;
    assert_eq!(site.get("/api/v1/copies", &token).await.json(), serde_json::json!([]));
    assert_eq!(site.get(COPY, &token).await.status, 404);
    assert!(site.world.engine.available(&member("keyless")).await.unwrap().0.is_empty());
}
