//! People sign in and out: every way that must not work, and then the one that does.

use engine::{Clock, Engine, Entropy};
use program::{Command, id::PasskeyId, passkey::PasskeyCommand};
use serde_json::{Value, json};
use server::{Config, config::Limits, identity::config::Approvals};
use testbed::{DAY, World, after, on_server, postgres::database, suspend, t};

use crate::{
    http::{Answer, Site},
    people::{Browser, ORIGIN, at, config, link, operator},
};

async fn site(seed: u64) -> Site {
    Site::with(World::peopled(seed).await, config(Approvals::Any)).await
}

#[tokio::test]
async fn whatever_is_wrong_with_an_answer_it_is_refused_with_the_same_bytes() {
    let site = site(71).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let mut stranger = Browser::of(&site, at("bolt", "Bo")).await;
    let begin =
        async |browser: &mut Browser| browser.post("/api/v1/sign-in/begin", &Value::Null).await.json();
    let mut refused: Vec<Answer> = Vec::new();

    // Answered for another site, which the browser says.
    let begun = begin(&mut jo).await;
    let phished = jo.answer(&begun, "https://sub.portal.example").await;
    refused.push(jo.post("/api/v1/sign-in/finish", &phished).await);
    // Answered once already, rightly or wrongly.
    refused.push(jo.post("/api/v1/sign-in/finish", &phished).await);
    let begun = begin(&mut jo).await;
    let body = jo.answer(&begun, ORIGIN).await;
    assert_eq!(jo.post("/api/v1/sign-in/finish", &body).await.status, 200);
    refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    // Late.
    let begun = begin(&mut jo).await;
    let body = jo.answer(&begun, ORIGIN).await;
    site.world.clock.set(t(300));
    refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    // An answer to another challenge, a ceremony of another kind, none at all.
    let (one, other) = (begin(&mut jo).await, begin(&mut jo).await);
    let mut body = jo.answer(&one, ORIGIN).await;
    body["ceremony"] = other["ceremony"].clone();
    refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    let step = jo.post("/api/v1/step-up/begin", &Value::Null).await.json();
    let body = jo.answer(&step, ORIGIN).await;
    refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    let begun = begin(&mut jo).await;
    for body in [
        json!({ "ceremony": "x", "credential": {} }),
        json!({ "ceremony": begun["ceremony"], "credential": { "id": 7 } }),
    ] {
        refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    }
    // A credential that was never registered here, and another's in one's own name.
    let mut nobody = Browser::at(site.serving.address);
    let code = link(&site, at("acme", "Al")).await;
    let begun = nobody.post("/api/v1/passkeys/enrol/begin", &json!({ "code": code.reveal() })).await;
    nobody.create(&begun.json(), ORIGIN, "never sent").await;
    refused.push(nobody.sign_in().await);
    let begun = begin(&mut jo).await;
    let mut body = stranger.answer(&begun, ORIGIN).await;
    let own = jo.answer(&begun, ORIGIN).await;
    for part in ["id", "rawId"] {
        body["credential"][part] = own["credential"][part].clone();
    }
    refused.push(jo.post("/api/v1/sign-in/finish", &body).await);
    // Somebody of a suspended member, and a revoked passkey.
    site.world.ok("ann", suspend("bolt")).await;
    refused.push(stranger.sign_in().await);
    let revoke = PasskeyCommand::Revoke { passkey: PasskeyId(1), reason: String::from("lost"), by: None };
    site.world.ok("ann", Command::Passkey(revoke)).await;
    refused.push(jo.sign_in().await);

    assert_eq!(refused.len(), 12);
    for (at, answer) in refused.iter().enumerate() {
        assert_eq!((answer.status, answer), (403, &refused[0]), "{at}");
    }
    insta::assert_snapshot!(refused[0].text(), @r#"{"status":403,"title":"not signed in","detail":"this did not work: begin again, with a passkey that is registered here and was not revoked"}"#);
}

#[tokio::test]
async fn a_link_registers_one_passkey_and_says_nothing_else() {
    let site = site(72).await;
    let used = link(&site, at("acme", "Jo")).await;
    let over = link(&site, at("acme", "Al")).await;
    let replaced = link(&site, at("bolt", "Bo")).await;
    let good = link(&site, at("bolt", "Bo")).await;
    let mut browser = Browser::at(site.serving.address);
    // A ceremony that is answered for another site registers nothing, and is used up.
    let code = json!({ "code": used.reveal() });
    let begun = browser.post("/api/v1/passkeys/enrol/begin", &code).await.json();
    let body = browser.create(&begun, "https://sub.portal.example", "x").await;
    assert_eq!(browser.post("/api/v1/passkeys/enrol/finish", &body).await.status, 403);
    assert_eq!(browser.post("/api/v1/passkeys/enrol/finish", &body).await.status, 403);
    // Of two ceremonies by one link, one registers.
    let (one, two) = (
        browser.post("/api/v1/passkeys/enrol/begin", &code).await.json(),
        browser.post("/api/v1/passkeys/enrol/begin", &code).await.json(),
    );
    assert_eq!(one["user"], "Jo of member acme");
    assert_eq!(one["options"]["publicKey"]["authenticatorSelection"]["residentKey"], "required");
    let (one, two) = (browser.create(&one, ORIGIN, "x").await, browser.create(&two, ORIGIN, "y").await);
    assert_eq!(browser.post("/api/v1/passkeys/enrol/finish", &one).await.status, 201);
    let late = browser.post("/api/v1/passkeys/enrol/finish", &two).await;
    assert_eq!(late.status, 403);
    assert_eq!(site.world.engine.program().await.passkeys().iter().count(), 1);

    site.world.clock.set(t(3599));
    let mut bo = Browser::at(site.serving.address);
    assert_eq!(bo.enrol(good.reveal(), " ").await.status, 409, "a passkey has a name");
    assert_eq!(bo.enrol(good.reveal(), "blue").await.status, 201);
    site.world.clock.set(t(3600));
    let said = browser.enrol("forewarn_passkey_x", "x").await;
    for code in [&used, &over, &replaced, &good] {
        assert_eq!(browser.enrol(code.reveal(), "x").await, said);
    }
    assert_eq!(said.status, 403);
}

#[tokio::test]
async fn a_session_ends_with_sign_out_suspension_and_revocation_at_the_next_request() {
    let site = site(73).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let nobody = site.send("GET", "/api/v1/me", &[], b"").await;
    assert_eq!(nobody.status, 401);
    assert_eq!(jo.get("/api/v1/me").await.json()["member"], "acme");
    assert_eq!(jo.get("/api/v1/members").await.status, 403, "an operator's");

    let mut other = jo.clone();
    assert_eq!(other.sign_in().await.status, 200);
    let seen = other.get("/api/v1/session").await.json();
    assert_eq!(
        (&seen["user"], &seen["member"], &seen["passkey"]),
        (&json!("Jo of member acme"), &json!("acme"), &json!("P1"))
    );
    assert_eq!(seen["sessions"].as_array().unwrap().len(), 2);

    // Signed out: the cookie that somebody kept is nobody's.
    let kept = jo.cookie.clone();
    assert_eq!(jo.post("/api/v1/session/sign-out", &Value::Null).await.status, 204);
    assert_eq!(jo.cookie, None);
    jo.cookie = kept;
    assert_eq!(jo.get("/api/v1/me").await, nobody);
    // Signed out by another browser.
    assert_eq!(jo.sign_in().await.status, 200);
    assert_eq!(other.post("/api/v1/session/sign-out-others", &Value::Null).await.json()["ended"], 1);
    assert_eq!(jo.get("/api/v1/me").await, nobody);
    assert_eq!(other.get("/api/v1/me").await.status, 200);
    // Suspended.
    site.world.ok("ann", suspend("acme")).await;
    assert_eq!(other.get("/api/v1/me").await, nobody);
    assert_eq!(other.post("/api/v1/step-up/begin", &Value::Null).await.body, nobody.body);

    // Revoked, by an operator or by its holder.
    let (mut ann, mut bob) =
        (Browser::of(&site, operator("ann")).await, Browser::of(&site, operator("bob")).await);
    assert_eq!(ann.get("/api/v1/members").await.status, 200);
    let passkey = |browser: &Value| browser["passkey"].as_str().unwrap().to_owned();
    let (of_ann, of_bob) = (
        passkey(&ann.get("/api/v1/session").await.json()),
        passkey(&bob.get("/api/v1/session").await.json()),
    );
    let reason = json!({ "reason": "lost" });
    let foreign = ann.post(&format!("/api/v1/session/passkeys/{of_bob}/revoke"), &reason).await;
    let unknown = ann.post("/api/v1/session/passkeys/P99/revoke", &reason).await;
    assert_eq!((foreign.status, &foreign), (404, &unknown));
    assert_eq!(ann.post(&format!("/api/v1/passkeys/{of_bob}/revoke"), &reason).await.status, 200);
    assert_eq!(bob.get("/api/v1/members").await, nobody);
    assert_eq!(ann.post(&format!("/api/v1/session/passkeys/{of_ann}/revoke"), &reason).await.status, 200);
    assert_eq!(ann.get("/api/v1/members").await, nobody);
}

#[tokio::test]
async fn a_session_that_is_idle_or_old_is_over() {
    let site = site(74).await;
    let mut ann = Browser::of(&site, operator("ann")).await;
    site.world.clock.set(t(3599));
    assert_eq!(ann.get("/api/v1/members").await.status, 200);
    site.world.clock.set(t(3599 + 3600));
    assert_eq!(ann.get("/api/v1/members").await.status, 401);
    assert_eq!(ann.sign_in().await.status, 200);
    for half_hours in 3..28 {
        site.world.clock.set(t(3599 + half_hours * 1800));
        let over = half_hours * 1800 - 3600 >= 12 * 3600;
        assert_eq!(ann.get("/api/v1/members").await.status, if over { 401 } else { 200 }, "{half_hours}");
    }
}

#[tokio::test]
async fn another_sites_page_changes_nothing_and_signs_nobody_in() {
    let site = site(75).await;
    let mut ann = Browser::of(&site, operator("ann")).await;
    let before = site.world.entries().await;
    for from in ["cross-site", "same-site", "none"] {
        let answer =
            ann.ask_from(from, "POST", "/api/v1/members/acme/suspend", &json!({ "reason": "x" })).await;
        assert_eq!((answer.status, &answer.json()["title"]), (403, &json!("asked from elsewhere")), "{from}");
        for path in ["/api/v1/sign-in/begin", "/api/v1/step-up/begin", "/api/v1/session/sign-out"] {
            assert_eq!(ann.ask_from(from, "POST", path, &Value::Null).await.status, 403, "{path}");
        }
        assert_eq!(ann.ask_from(from, "GET", "/api/v1/members", &Value::Null).await.status, 200);
    }
    // A client that does not say where from, and names another origin or none.
    let cookie = ann.cookie.clone().unwrap();
    let body = br#"{"reason":"x"}"#;
    for (origin, status) in [(None, 403), (Some("https://evil.example"), 403), (Some(ORIGIN), 200)] {
        assert_eq!(site.world.entries().await, before);
        let mut headers = vec![("cookie", cookie.as_str()), ("content-type", "application/json")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = site.send("POST", "/api/v1/members/acme/suspend", &headers, body).await;
        assert_eq!(answer.status, status, "{origin:?}");
    }
    // A token is no cookie: whoever has one sends it on purpose.
    let token = site.token(program::token::Holder::Operator(testbed::user("ann"))).await;
    let answer = site.post("/api/v1/members/bolt/suspend", &token, r#"{"reason":"x"}"#).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn where_nobody_signs_in_it_is_said_and_a_cookie_is_nothing() {
    let site = Site::of(World::peopled(76).await).await;
    let mut browser = Browser::at(site.serving.address);
    for path in ["/api/v1/sign-in/begin", "/api/v1/step-up/begin", "/api/v1/session/sign-out"] {
        let answer = browser.post(path, &Value::Null).await;
        assert_eq!((answer.status, &answer.json()["title"]), (404, &json!("no sign-in")), "{path}");
    }
    let code = json!({ "code": "forewarn_passkey_x" });
    assert_eq!(browser.post("/api/v1/passkeys/enrol/begin", &code).await.status, 404);
    browser.cookie = Some(format!("__Host-forewarn={}", engine::session::SessionText::of(&[1; 32]).reveal()));
    assert_eq!(browser.get("/api/v1/me").await.status, 401);
}

#[tokio::test]
async fn whoever_tries_too_often_waits_and_whoever_is_good_does_not() {
    let limits = Limits { bad_tries: 3, ..crate::http::config().limits };
    let world = World::peopled(80).await;
    let site = Site::with(world, Config { limits, ..config(Approvals::Any) }).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let bad = json!({ "ceremony": "x", "credential": {} });
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(jo.post("/api/v1/sign-in/finish", &bad).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 429, 429]);
    let code = json!({ "code": "forewarn_passkey_x" });
    assert_eq!(jo.post("/api/v1/passkeys/enrol/begin", &code).await.status, 429);
    assert_eq!(jo.sign_in().await.status, 200);
    // Ceremonies are counted too: each takes room for some minutes.
    let mut begun = 0;
    while jo.post("/api/v1/sign-in/begin", &Value::Null).await.status == 200 {
        begun += 1;
    }
    assert_eq!(begun, 120 - 3, "one enrolment, one that was none, one sign-in");
    site.world.clock.set(t(60));
    assert_eq!(jo.sign_in().await.status, 200);
}

#[tokio::test]
async fn a_ceremony_begun_at_one_replica_is_finished_at_another_once() {
    let Some(database) = database() else { return };
    let world = World::peopled_in(77, &on_server(&database.url)).await;
    let engine = Engine::open(&world.root(), Clock::simulated(t(DAY)), Entropy::seeded(78)).await.unwrap();
    let site = Site::with(world, config(Approvals::Any)).await;
    site.world.clock.set(t(DAY));
    let other = server::serve(std::sync::Arc::new(engine), config(Approvals::Any)).await.unwrap();
    let here = site.serving.address;

    let code = link(&site, operator("bob")).await;
    let mut bob = Browser::at(here);
    let begun = bob.post("/api/v1/passkeys/enrol/begin", &json!({ "code": code.reveal() })).await.json();
    let body = bob.create(&begun, ORIGIN, "key").await;
    bob.server = other.address;
    assert_eq!(bob.post("/api/v1/passkeys/enrol/finish", &body).await.status, 201);
    bob.server = here;
    assert_eq!(bob.get("/api/v1/members").await.status, 200, "the other one's cookie");

    let begun = bob.post("/api/v1/sign-in/begin", &Value::Null).await.json();
    let body = bob.answer(&begun, ORIGIN).await;
    let (mut one, mut two) = (bob.clone(), bob.clone());
    two.server = other.address;
    let (one, two) =
        tokio::join!(one.post("/api/v1/sign-in/finish", &body), two.post("/api/v1/sign-in/finish", &body));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    // What was revoked at one is over at the other at once.
    let revoke = PasskeyCommand::Revoke { passkey: PasskeyId(1), reason: String::from("lost"), by: None };
    site.world.ok("ann", Command::Passkey(revoke)).await;
    bob.server = other.address;
    assert_eq!(bob.get("/api/v1/members").await.status, 401);
    other.stop().await;
}

#[tokio::test]
async fn links_over_http_take_two_operators_for_an_operator() {
    let site = site(79).await;
    let mut ann = Browser::of(&site, operator("ann")).await;
    let bob = site.token(program::token::Holder::Operator(testbed::user("bob"))).await;
    let until = after(t(0), 3600 * 1_000_000).to_string();
    let of = |operator: &str| json!({ "operator": operator, "until": until });
    let path = "/api/v1/passkeys/links";
    assert_eq!(ann.post(path, &of("zoe")).await.status, 409);
    assert_eq!(ann.post(path, &json!({ "until": until })).await.status, 409);
    assert_eq!(ann.post(path, &json!({ "member": "acme", "until": until })).await.status, 409);
    assert_eq!(ann.post(path, &of("ines")).await.status, 202);
    assert_eq!(ann.post(path, &of("ines")).await.status, 409, "the same person again");
    let made = site.post(path, &bob, &of("ines").to_string()).await;
    assert_eq!(made.status, 201);
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let code = url.strip_prefix("https://portal.example/enrol-passkey#").unwrap();
    let mut ines = Browser::at(site.serving.address);
    assert_eq!(ines.enrol(code, "key").await.json()["user"], "operator ines");
    // With a passkey of one's own, a further one takes nobody else; for somebody at a member one operator is enough.
    assert_eq!(ines.post(path, &of("ines")).await.status, 201);
    assert_eq!(ann.post(path, &json!({ "member": "acme", "name": "Jo", "until": until })).await.status, 201);
    let listed = ann.get("/api/v1/passkeys").await.json();
    assert_eq!(
        (listed["passkeys"].as_array().unwrap().len(), listed["links"].as_array().unwrap().len()),
        (2, 4)
    );
    assert!(!listed.to_string().contains("forewarn_passkey_"));
}
