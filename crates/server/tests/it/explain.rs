//! A decision explained: to operators and observers alone, and as the log stood at the instant asked about.

use program::token::Holder;
use testbed::{DAY, END, W1, World, suspend, t, user};

use crate::http::Site;

#[tokio::test]
async fn a_decision_is_explained_to_whoever_reads_the_program_and_to_nobody_else() {
    let world = World::due(301).await;
    world.ok("ann", suspend("bolt")).await;
    let site = Site::of(world).await;
    let (ann, observer) =
        (site.token(Holder::Operator(user("ann"))).await, site.token(Holder::Observer).await);
    let acme = site.of_member("acme").await;
    let item = "/api/v1/cases/c/items/reproduction.py/explain";
    let of = |member: &str| format!("{item}?member={member}");

    assert_eq!(site.send("GET", &of("acme"), &[], b"").await.status, 401);
    assert_eq!(site.get(&of("acme"), &acme).await.status, 403, "not even of what the member itself has");
    for (asked, status) in [
        (item.to_owned(), 400),
        (format!("{item}?member=acme&at=2026-06-01"), 400),
        (format!("{item}?member=acme&when=now"), 400),
        (of("..%2F"), 400),
        (of("nobody"), 404),
        ("/api/v1/cases/c/items/nothing.py/explain?member=acme".to_owned(), 404),
        ("/api/v1/cases/nobody/items/reproduction.py/explain?member=acme".to_owned(), 404),
        ("/api/v1/cases/c/items/..%2Fa/explain?member=acme".to_owned(), 404),
        (format!("{}&at={}", of("acme"), t(-DAY)), 404),
    ] {
        let answer = site.get(&asked, &ann).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text());
    }

    let may = site.get(&of("acme"), &observer).await.json();
    assert_eq!((&may["decision"]["effect"], &may["at"]), (&"permit".into(), &t(W1).to_string().into()));
    assert!(may["waves"][0].as_str().unwrap().contains("`w1` covers it"), "{may}");
    let not = site.get(&of("bolt"), &ann).await.json();
    assert_eq!((&not["decision"]["effect"], &not["granted"]), (&"deny".into(), &serde_json::Value::Null));
    assert!(!not["because"].as_array().unwrap().is_empty(), "{not}");
    let early = site.get(&format!("{}&at={}", of("acme"), t(0)), &ann).await;
    assert_eq!(early.status, 200, "{}", early.text());
    let (then, now) = (early.json()["entries"].as_u64().unwrap(), may["entries"].as_u64().unwrap());
    assert!(then < now && now == site.world.entries().await, "{then} of {now}");
    let public = site.get(&format!("{}&at={}", of("acme"), t(END)), &ann).await.json();
    assert_eq!(public["decision"]["effect"], "permit");
}
