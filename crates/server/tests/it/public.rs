//! The public log over HTTP, health, and the interface's own description.

use testbed::World;
use tlog::{Checkpoint, LogVerifier, Tree};

use crate::http::{Site, send};

#[tokio::test]
async fn the_log_that_is_served_is_the_log() {
    let world = World::due(71).await;
    world.release("w1").await.unwrap();
    let site = Site::of(world).await;
    let verifier: LogVerifier = site.get("/log/vkey", "").await.text().trim_end().parse().unwrap();
    let checkpoint = Checkpoint::open(&site.get("/log/checkpoint", "").await.body, &verifier).unwrap();
    let size = checkpoint.size();
    assert_eq!(size, site.world.entries().await);
    assert!(size < 256);
    let bundle = site.get(&format!("/log/tile/entries/000.p/{size}"), "").await;
    assert!(bundle.header("cache-control").unwrap().contains("immutable"));
    let tree: Tree = bundle
        .body
        .chunks(34)
        .map(|record| tlog::leaf_hash(&tlog::Commitment::from_bytes(record[2..].try_into().unwrap())))
        .collect();
    assert_eq!(tree.root(), checkpoint.root(), "whoever reads the records comes to the signed root");
    let hashes = site.get(&format!("/log/tile/0/000.p/{size}"), "").await;
    assert_eq!(hashes.body.len(), 32 * usize::try_from(size).unwrap());
    for path in [
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/entries/000",
        "tile/9/x/000",
        "tile/../keys/log.key",
        "tile/0/0",
    ] {
        assert_eq!(site.get(&format!("/log/{path}"), "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn growth_is_proved_between_any_two_sizes() {
    let site = Site::of(World::due(72).await).await;
    let size = site.world.entries().await;
    let answer = site.get(&format!("/api/v1/log/consistency?old=3&new={size}"), "").await.json();
    let hashes: Vec<tlog::Hash> = serde_json::from_value(answer["hashes"].clone()).unwrap();
    let expected = site.world.engine.ledger().await.tree().consistency(3, size).unwrap();
    assert_eq!(hashes, expected);
    for query in ["old=3&new=99999", "old=5&new=3"] {
        assert_eq!(site.get(&format!("/api/v1/log/consistency?{query}"), "").await.status, 404, "{query}");
    }
    for query in ["", "old=a&new=3", "old=-1&new=3", "old=1&new=3&also=4"] {
        assert_eq!(site.get(&format!("/api/v1/log/consistency?{query}"), "").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn it_is_ready_while_everything_it_needs_is_there() {
    let site = Site::of(World::due(73).await).await;
    let admin = site.serving.admin.unwrap();
    let get = async |path: &str| send(admin, "GET", path, &[], b"").await;
    assert_eq!(get("/healthz").await.text(), "ok\n");
    let late = get("/readyz").await;
    assert_eq!(late.status, 200, "{}", late.text());
    site.world.clock.set(testbed::after(testbed::t(testbed::W1), 61_000_000));
    let late = get("/readyz").await;
    assert_eq!(late.status, 503, "a wave is due for a minute");
    assert!(late.text().contains("due and not released"), "{}", late.text());
    site.world.release("w1").await.unwrap();
    assert_eq!(get("/readyz").await.status, 200);
    std::fs::remove_file(site.world.root().join("checkpoint")).unwrap();
    let lost = get("/readyz").await;
    assert_eq!(lost.status, 503);
    assert!(lost.text().contains("is missing although"), "{}", lost.text());
    let metrics = get("/metrics").await;
    assert!(metrics.text().contains("forewarn_log_entries "), "{}", metrics.text());
}

#[tokio::test]
async fn the_description_names_every_route_and_every_route_is_there() {
    let config = crate::people::config(server::identity::config::Approvals::Any);
    let site = Site::with(World::founded(74).await, config).await;
    let description = site.get("/api/v1/openapi.json", "").await.json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() >= 14);
    for (path, methods) in paths {
        let path = path.replace(['{', '}'], "");
        for (method, operation) in methods.as_object().unwrap() {
            let told = |status: &str| {
                let body = &operation["responses"][status]["content"]["application/problem+json"];
                body["schema"]["$ref"] == "#/components/schemas/Problem"
            };
            // Whoever enrols has no token yet.
            let people =
                (path.contains("/sign-in/") || path.contains("/enrol/")) && told("403") && told("404");
            let open = people || path.contains("/log/") || (path.ends_with("/enrol") && told("403"));
            assert!(open || (told("401") && told("403")), "{path}: {operation:#}");
            let answer = site.send(&method.to_uppercase(), &path, &[], b"").await;
            // Nor does whoever signs in, who is asked by a page of this server.
            let expected =
                if people { answer.status == 403 } else { matches!(answer.status, 400 | 401 | 415) };
            assert!(expected, "{method} {path}: {}", answer.status);
        }
    }
}
