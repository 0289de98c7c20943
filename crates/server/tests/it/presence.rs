//! What takes a person's presence: a step-up within five minutes, and where it is asked for.

use program::{member::MemberCommand, token::Holder};
use serde_json::{Value, json};
use server::identity::config::Approvals;
use testbed::{DAY, END, W1, World, about, after, case, t, wave};

use crate::{
    http::Site,
    people::{Browser, ORIGIN, at, config, operator},
};

const REPRODUCTION: &str = "/api/v1/cases/c/items/reproduction.py/copy";

#[tokio::test]
async fn a_reproduction_is_fetched_shortly_after_a_step_up_and_a_withheld_one_is_never_asked_for() {
    let world = World::due(81).await;
    world.release("w1").await.unwrap();
    let site = Site::with(world, config(Approvals::Any)).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let mut of_cobalt = Browser::of(&site, at("cobalt", "Co")).await;
    assert_eq!(jo.get(REPRODUCTION).await.status, 200, "having signed in just now is a step-up");
    site.world.clock.set(after(t(W1), 300 * 1_000_000));

    let stale = jo.get(REPRODUCTION).await;
    assert_eq!((stale.status, &stale.json()["title"]), (403, &json!("step-up needed")));
    assert_eq!(jo.get("/api/v1/cases/c/items/advisory.md/copy").await.status, 200);
    assert_eq!(
        jo.get("/api/v1/cases/c/items/reproduction.py").await.status,
        200,
        "what it is, not what is in it"
    );
    // Whoever has none is told what whoever asks for nothing is told, step-up or not.
    let withheld = of_cobalt.get(REPRODUCTION).await;
    assert_eq!(withheld.status, 404);
    assert_eq!(of_cobalt.get("/api/v1/cases/c/items/nothing.py/copy").await, withheld);
    assert_eq!(of_cobalt.step_up().await.status, 204);
    assert_eq!(of_cobalt.get(REPRODUCTION).await, withheld);
    // Another's step-up is not one's own, nor one session's another's.
    assert_eq!(jo.get(REPRODUCTION).await.status, 403);
    let mut second = jo.clone();
    assert_eq!(second.sign_in().await.status, 200);
    let begun = second.post("/api/v1/step-up/begin", &Value::Null).await.json();
    let body = jo.answer(&begun, ORIGIN).await;
    assert_eq!(jo.post("/api/v1/step-up/finish", &body).await.status, 403);
    assert_eq!(jo.get(REPRODUCTION).await.status, 403);
    assert_eq!(second.get(REPRODUCTION).await.status, 200);

    assert_eq!(jo.step_up().await.status, 204);
    assert_eq!(jo.get(REPRODUCTION).await.status, 200);
    // The log says by which passkey, and a machine needs no step-up.
    let fetched = site.world.engine.program().await;
    let granted = fetched
        .case(&case("c"))
        .unwrap()
        .granted(&testbed::item("reproduction.py"), &testbed::member("acme"));
    assert_eq!(granted.unwrap().fetched.as_ref().unwrap().by.to_string(), "P1");
    drop(fetched);
    let bolt = site.of_member("bolt").await;
    assert_eq!(site.get(REPRODUCTION, &bolt).await.status, 200);
}

#[tokio::test]
async fn where_a_member_signs_its_fetches_a_browser_fetches_nothing() {
    let world = World::due(84).await;
    world.release("w1").await.unwrap();
    let site = Site::with(world, config(Approvals::Any)).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let cookie = jo.cookie.clone().unwrap();
    let headers = [("cookie", cookie.as_str()), ("signature", "sig=:AAAA:")];
    let answer = site.send("GET", REPRODUCTION, &headers, b"").await;
    assert_eq!(answer.status, 401, "a signature is made for a token");
    site.world.signs("acme").await;
    for who in ["ann", "bob"] {
        let require = MemberCommand::RequireSignature { required: true };
        let _ = site.world.engine.execute(&testbed::user(who), about("acme", require)).await;
    }
    assert!(site.world.engine.program().await.member(&testbed::member("acme")).unwrap().signature_required);
    let refused = jo.get(REPRODUCTION).await;
    assert_eq!(refused.status, 401);
    assert_eq!(jo.get("/api/v1/cases/nobody/items/nothing.py/copy").await, refused);
    assert_eq!(jo.get("/api/v1/copies").await.status, 200);
}

/// What an operator does that takes presence, each with a body.
fn acts() -> Vec<(&'static str, Value)> {
    let reason = json!({ "reason": "x" });
    let ends = after(t(END), DAY * 1_000_000).to_string();
    vec![
        ("/api/v1/cases/c/waves/w1/approve", json!({ "plan": "0".repeat(64) })),
        ("/api/v1/cases/c/embargo/propose", json!({ "ends": ends })),
        ("/api/v1/cases/c/embargo/accept", json!({ "ends": ends })),
        ("/api/v1/cases/c/embargo/reject", Value::Null),
        ("/api/v1/cases/c/embargo/keep", reason.clone()),
        ("/api/v1/cases/c/embargo/terminate", reason.clone()),
        ("/api/v1/cases/c/observe", json!({ "what": "public" })),
        ("/api/v1/cases/c/break-embargo", reason.clone()),
        ("/api/v1/cases/c/items/reproduction.py/view", reason),
        ("/api/v1/viewings/V1/approve", Value::Null),
        ("/api/v1/policies/1/adopt", Value::Null),
        ("/api/v1/reviews/R1/confirm", Value::Null),
        ("/api/v1/clock/confirm", Value::Null),
        ("/api/v1/operators", json!({ "operator": "zoe" })),
        ("/api/v1/operators/bob/roles", json!({ "roles": [] })),
        ("/api/v1/operators/bob/remove", json!({ "reason": "x" })),
        ("/api/v1/criteria", json!({ "criteria": [] })),
        ("/api/v1/members/acme/admit", json!({})),
        ("/api/v1/members/fresh/add", json!({})),
        ("/api/v1/members/acme/reinstate", json!({ "reason": "x" })),
        ("/api/v1/members/acme/keys/confirm", json!({ "fingerprint": "x" })),
        ("/api/v1/members/acme/keys/reconfirm", json!({ "fingerprint": "x" })),
        ("/api/v1/members/acme/invite", json!({ "until": ends })),
        ("/api/v1/tokens", json!({ "holder": "operator", "scopes": ["act"], "until": ends })),
        ("/api/v1/passkeys/links", json!({ "operator": "bob", "until": ends })),
        ("/api/v1/subjects", json!({ "operator": "bob", "issuer": "https://id.example", "subject": "7" })),
    ]
}

#[tokio::test]
async fn without_a_step_up_nothing_is_approved_and_with_one_it_is() {
    let site = Site::with(World::due(82).await, config(Approvals::Any)).await;
    let mut ann = Browser::of(&site, operator("ann")).await;
    site.world.clock.set(after(t(W1), 300 * 1_000_000));
    let before = site.world.entries().await;
    for (path, body) in acts() {
        let answer = ann.post(path, &body).await;
        assert_eq!((answer.status, &answer.json()["title"]), (403, &json!("step-up needed")), "{path}");
    }
    assert_eq!(site.world.entries().await, before);
    let shown = ann.get("/api/v1/session").await.json();
    assert_eq!(shown["stepped_up_until"], Value::Null);

    assert_eq!(ann.step_up().await.status, 204);
    for (path, body) in acts() {
        let answer = ann.post(path, &body).await;
        assert_ne!(answer.json()["title"], json!("step-up needed"), "{path}");
    }
    assert!(site.world.entries().await > before);
    assert!(ann.get("/api/v1/session").await.json()["stepped_up_until"].is_string());
}

#[tokio::test]
async fn where_people_approve_no_machine_does() {
    let world = World::due(83).await;
    world.ok("ann", testbed::schedule("w3", DAY, &["validate"])).await;
    let site = Site::with(world, config(Approvals::Passkey)).await;
    let token = site.token(Holder::Operator(testbed::user("ann"))).await;
    let before = site.world.entries().await;
    for (path, body) in acts() {
        let answer = site.post(path, &token, &body.to_string()).await;
        assert_eq!((answer.status, &answer.json()["title"]), (403, &json!("passkey needed")), "{path}");
    }
    assert_eq!(site.world.entries().await, before);
    assert_eq!(site.get("/api/v1/members", &token).await.status, 200);
    assert_eq!(site.post("/api/v1/members/bolt/suspend", &token, r#"{"reason":"x"}"#).await.status, 200);

    // Two people, each with a passkey of their own.
    for who in ["ann", "bob"] {
        let mut browser = Browser::of(&site, operator(who)).await;
        let plan = browser.get("/api/v1/cases/c/waves/w3/plan").await.json();
        let approved =
            browser.post("/api/v1/cases/c/waves/w3/approve", &json!({ "plan": plan["hash"] })).await;
        assert_eq!(approved.status, 200, "{}", approved.text());
    }
    let program = site.world.engine.program().await;
    assert_eq!(program.case(&case("c")).unwrap().wave(&wave("w3")).unwrap().approvals.len(), 2);
}
