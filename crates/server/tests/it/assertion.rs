//! A copy acknowledged with a passkey: this copy, this log, this session, a good passkey; and the log holds enough to
//! check it.

use package::{Acknowledgement, Receipt};
use program::{Command, id::PasskeyId, passkey::PasskeyCommand};
use serde_json::{Value, json};
use server::identity::config::Approvals;
use testbed::{MEMBERS, World, identity};

use crate::{
    http::Site,
    people::{Browser, ORIGIN, at, config, operator},
};

const ITEM: &str = "/api/v1/cases/c/items/advisory.md";

async fn released(seed: u64) -> Site {
    let world = World::due(seed).await;
    world.release("w1").await.unwrap();
    Site::with(world, config(Approvals::Any)).await
}

/// What a page would do: fetch copy and receipt, open the one, check the other.
async fn seen(site: &Site, browser: &mut Browser, who: &str) -> Value {
    let sealed = browser.get(&format!("{ITEM}/copy")).await.body;
    let number = MEMBERS.iter().position(|known| *known == who).unwrap();
    let copy = package::open(&sealed, &identity(number)).unwrap();
    let receipt = Receipt::from_json(&browser.get(&format!("{ITEM}/receipt")).await.body).unwrap();
    let verifier = site.get("/log/vkey", "").await.text().trim_end().parse().unwrap();
    let Acknowledgement { seq, sha256, tree_size, root, .. } =
        Acknowledgement::of(&receipt, &verifier, &copy).unwrap();
    json!({ "seq": seq, "sha256": sha256.to_string(), "tree_size": tree_size, "root": root.to_string() })
}

#[tokio::test]
async fn nothing_else_is_acknowledged_and_by_nobody_else() {
    let site = released(101).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let mut bo = Browser::of(&site, at("bolt", "Bo")).await;
    let mut ann = Browser::of(&site, operator("ann")).await;
    let good = seen(&site, &mut jo, "acme").await;
    let of_bolt = seen(&site, &mut bo, "bolt").await;
    let (begin, finish) = (format!("{ITEM}/acknowledge/begin"), format!("{ITEM}/acknowledge/finish"));
    let before = site.world.entries().await;
    // Another's copy, another log, a log that is not there yet, what is no hash.
    for (part, other) in [
        ("seq", of_bolt["seq"].clone()),
        ("sha256", of_bolt["sha256"].clone()),
        ("root", json!("0".repeat(64))),
        ("tree_size", json!(100_000)),
        ("sha256", json!("x")),
    ] {
        let mut body = good.clone();
        body[part] = other;
        assert_eq!(jo.post(&begin, &body).await.status, 409, "{part}");
    }
    assert_eq!(ann.post(&begin, &good).await.status, 403, "an operator has no copy");
    let withheld = jo.post("/api/v1/cases/c/items/nothing.md/acknowledge/begin", &good).await;
    assert_eq!(
        (withheld.status, jo.post("/api/v1/cases/nobody/items/advisory.md/acknowledge/begin", &good).await),
        (404, withheld)
    );

    // For another copy, in another session, by another ceremony, answered for another site, late.
    let begun = jo.post(&begin, &good).await.json();
    let body = jo.answer(&begun, ORIGIN).await;
    let other = "/api/v1/cases/c/items/reproduction.py/acknowledge/finish";
    assert!(matches!(jo.post(other, &body).await.status, 403 | 409));
    let begun = jo.post(&begin, &good).await.json();
    let body = jo.answer(&begun, ORIGIN).await;
    let mut second = jo.clone();
    assert_eq!(second.sign_in().await.status, 200);
    assert_eq!(second.post(&finish, &body).await.status, 403);
    let step = jo.post("/api/v1/step-up/begin", &Value::Null).await.json();
    let body = jo.answer(&step, ORIGIN).await;
    assert_eq!(jo.post(&finish, &body).await.status, 403);
    let begun = jo.post(&begin, &good).await.json();
    let body = jo.answer(&begun, "https://sub.portal.example").await;
    assert_eq!(jo.post(&finish, &body).await.status, 403);
    let begun = jo.post(&begin, &good).await.json();
    let body = jo.answer(&begun, ORIGIN).await;
    site.world.clock.set(testbed::after(site.world.clock.now(), 300 * 1_000_000));
    assert_eq!(jo.post(&finish, &body).await.status, 403);
    // The answer to a sign-in is none to this, whatever it is put under.
    let sign_in = jo.post("/api/v1/sign-in/begin", &Value::Null).await.json();
    let begun = jo.post(&begin, &good).await.json();
    let mut body = jo.answer(&sign_in, ORIGIN).await;
    body["ceremony"] = begun["ceremony"].clone();
    assert_eq!(jo.post(&finish, &body).await.status, 403);
    assert_eq!(site.world.entries().await, before);
}

#[tokio::test]
async fn a_copy_is_acknowledged_once_and_verify_checks_it() {
    let site = released(102).await;
    let mut jo = Browser::of(&site, at("acme", "Jo")).await;
    let body = seen(&site, &mut jo, "acme").await;
    let (begin, finish) = (format!("{ITEM}/acknowledge/begin"), format!("{ITEM}/acknowledge/finish"));
    let begun = jo.post(&begin, &body).await.json();
    let answer = jo.answer(&begun, ORIGIN).await;
    let done = jo.post(&finish, &answer).await;
    assert_eq!(done.status, 204, "{}", done.text());
    assert!(jo.get(ITEM).await.json()["acknowledged_at"].is_string());
    assert_eq!(jo.post(&finish, &answer).await.status, 403, "the ceremony is over");
    let begun = jo.post(&begin, &body).await.json();
    let again = jo.answer(&begun, ORIGIN).await;
    let entries = site.world.entries().await;
    // This authenticator signs the same alike; another's second signature would be refused.
    assert_eq!(jo.post(&finish, &again).await.status, 204);
    assert_eq!(site.world.entries().await, entries, "once");
    // The challenge is what a signing key would sign, and what is logged can be checked when the passkey is long gone.
    let revoke = PasskeyCommand::Revoke { passkey: PasskeyId(1), reason: String::from("lost"), by: None };
    site.world.ok("ann", Command::Passkey(revoke)).await;
    let verified = site.world.verify().await;
    testbed::sound(&verified);
    let check = verified.checks.iter().find(|check| check.what == "acknowledgements").unwrap();
    assert_eq!(check.checked, 1);
}
