//! What the public sees of the log, and when.

use jiff::SignedDuration;
use policy::Lead;
use testbed::{World, harmless};
use tlog::{Checkpoint, LogVerifier};

use crate::http::Site;

async fn shown(site: &Site) -> u64 {
    let verifier: LogVerifier = site.get("/log/vkey", "").await.text().trim_end().parse().unwrap();
    Checkpoint::open(&site.get("/log/checkpoint", "").await.body, &verifier).unwrap().size()
}

#[tokio::test]
async fn the_public_sees_the_log_in_stretches_of_a_fixed_length() {
    let world = World::due(231).await;
    let site = Site::of(world).await;
    let cadence = Lead::from_seconds(300);
    let token = site.of_member("acme").await;
    assert!(site.world.engine.heartbeat(cadence).await.unwrap());
    assert!(!site.world.engine.heartbeat(cadence).await.unwrap(), "one a stretch");
    let beat = site.world.entries().await;
    assert_eq!(shown(&site).await, beat);
    site.world.release("w1").await.unwrap();
    let now = site.world.entries().await;
    assert!(now > beat);
    assert_eq!(shown(&site).await, beat, "a release is not seen before the next heartbeat");
    let growth = format!("/api/v1/log/consistency?old=3&new={now}");
    assert_eq!(site.get(&growth, "").await.status, 404);
    assert_eq!(site.get(&format!("/log/tile/entries/000.p/{now}"), "").await.status, 404);
    assert_eq!(site.get(&format!("/log/tile/0/000.p/{now}"), "").await.status, 404);
    assert_eq!(site.get(&format!("/log/tile/0/000.p/{beat}"), "").await.status, 200);
    assert_eq!(site.get(&growth, &token).await.status, 200, "a member's receipts rest on newer checkpoints");

    let later = |seconds| site.world.clock.now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
    site.world.clock.set(later(300));
    assert!(site.world.engine.heartbeat(cadence).await.unwrap());
    assert_eq!(shown(&site).await, now + 1);
    // Heartbeats that fail for long must not make the log seem to stand still.
    site.world.ok("ann", harmless("later")).await;
    assert_eq!(shown(&site).await, now + 1);
    site.world.clock.set(later(900));
    assert_eq!(shown(&site).await, now + 2);
}
