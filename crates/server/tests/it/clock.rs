//! The host's clock over HTTP: seen by operators, confirmed by two of them.

use program::token::Holder;
use testbed::{World, user};

use crate::http::Site;

#[tokio::test]
async fn the_clock_is_shown_and_two_people_confirm_it() {
    let site = Site::of(World::peopled(320).await).await;
    let (ann, bob) =
        (site.token(Holder::Operator(user("ann"))).await, site.token(Holder::Operator(user("bob"))).await);
    let (observer, acme) = (site.token(Holder::Observer).await, site.of_member("acme").await);
    let (path, confirm) = ("/api/v1/clock", "/api/v1/clock/confirm");
    assert_eq!(site.send("GET", path, &[], b"").await.status, 401);
    assert_eq!(site.get(path, &acme).await.status, 403);
    let shown = site.get(path, &observer).await.json();
    assert_eq!(shown, serde_json::json!({ "now": site.world.clock.now() }));

    let before = site.world.entries().await;
    assert_eq!(site.post(confirm, &acme, "").await.status, 403);
    assert_eq!(site.post(confirm, &observer, "").await.status, 403);
    assert_eq!(site.world.entries().await, before);
    let looked = site.post(confirm, &ann, "").await;
    assert!(looked.text().contains("clock_looked_at"), "{}", looked.text());
    assert_eq!(site.post(confirm, &ann, "").await.status, 409, "one person is not two");
    let confirmed = site.post(confirm, &bob, "").await;
    assert!(confirmed.text().contains("clock_confirmed"), "{}", confirmed.text());
}
