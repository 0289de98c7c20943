//! A decision explained: to operators and observers alone, and as the log stood at the instant asked about.

use program::token::Holder;
use serde_json::json;
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

const SCENARIO: &str = r#"
now = 2026-12-01T00:00:00Z
public = 2026-12-08T18:00:00Z
[[tier]]
id = "entry"
lead = "24h"
classes = ["notice", "advisory"]
[[member]]
id = "acme"
tier = "entry"
standing = "active"
agreement_until = 2027-06-30T00:00:00Z
key = "confirmed"
[[member.fact]]
kind = "disclosure-duty"
subject = "none"
until = 2027-01-01T00:00:00Z
[[item]]
id = "a.md"
class = "advisory"
"#;

#[tokio::test]
async fn a_set_is_tried_on_a_scenario_and_nothing_changes() {
    let site = Site::of(World::peopled(302).await).await;
    let (observer, acme) = (site.token(Holder::Observer).await, site.of_member("acme").await);
    let path = "/api/v1/policies/test";
    let trial = |scenario: &str| json!({ "scenario": scenario }).to_string();
    let good = trial(SCENARIO);
    assert_eq!(site.send("POST", path, &[], good.as_bytes()).await.status, 401);
    assert_eq!(site.post(path, &acme, &good).await.status, 403);
    let many: String = (0..10_001).map(|n| format!("[[item]]\nid = \"{n}\"\nclass = \"notice\"\n")).collect();
    for (body, status, says) in [
        (String::from("{}"), 422, "missing field `scenario`"),
        (json!({ "scenario": SCENARIO, "strict": true }).to_string(), 422, "unknown field"),
        (trial("now = 1"), 409, "now"),
        (trial(&SCENARIO.replace("tier = \"entry\"", "tier = \"none\"")), 409, "not defined"),
        (trial(&format!("{SCENARIO}{many}")), 409, "ask for fewer"),
        (json!({ "scenario": SCENARIO, "set": { "name": "mine", "text": "permit" } }).to_string(), 409, ""),
    ] {
        let answer = site.post(path, &observer, &body).await;
        assert_eq!(answer.status, status, "{says}: {}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    let before = site.world.entries().await;
    let tried = site.post(path, &observer, &good).await;
    assert_eq!(tried.status, 200, "{}", tried.text());
    let row = &tried.json()["decisions"][0];
    assert_eq!((&row["member"], &row["item"]), (&json!("acme"), &json!("a.md")));
    assert_eq!((&row["effect"], &row["at"]), (&json!("release"), &json!("2026-12-07T18:00:00Z")));
    assert_eq!(site.world.entries().await, before);
}
