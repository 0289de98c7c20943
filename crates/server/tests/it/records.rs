//! Operators' acts on members' records, on reviews, and on the program itself.

use serde_json::json;
use testbed::{DAY, World, t};

use crate::acts::{Act, Stage, act, reason};

async fn play(stage: &Stage, acts: impl IntoIterator<Item = Act>) {
    for act in acts {
        stage.play(act).await;
    }
}

#[tokio::test]
async fn a_member_from_its_application_on() {
    let stage = Stage::of(World::peopled(202).await).await;
    let agreement = |days: i64| json!({ "version": "3", "until": t(days * DAY) });
    let admission = |tier: &str, days: i64| json!({ "tier": tier, "agreement": agreement(days) }).to_string();
    let finding = |answer: &str, evidence: &str| {
        json!({ "criterion": "nda", "answer": answer, "evidence": evidence }).to_string()
    };
    let contact =
        |name: &str| json!({ "role": "legal", "name": name, "address": "law@new.example" }).to_string();
    let duty = json!({ "kind": "disclosure-duty", "subject": "third-party-vulnerability",
        "trigger": "knowledge", "deadline": "48h", "until": t(300 * DAY) });
    let fact = |evidence: &str| json!({ "fact": duty, "evidence": evidence }).to_string();
    let withdrawn = |why: &str| json!({ "fact": duty, "reason": why }).to_string();
    let key = testbed::identity(40).to_public();
    let sealing = json!({ "key": key.to_string() }).to_string();
    let compared = |fingerprint: &str| json!({ "fingerprint": fingerprint }).to_string();
    let verifier = testbed::signer(40).verifier();
    let criteria =
        json!({ "criteria": [{ "id": "nda", "sentence": "signed the agreement", "source": "rules, 2" }] });
    play(
        &stage,
        [
            act("ann", "/api/v1/criteria", ["program", "criteria_proposed"])
                .body(criteria.to_string())
                .refused("ann", r#"{"criteria":[{"id":"nda","sentence":" ","source":"x"}]}"#),
            act("bob", "/api/v1/criteria", ["program", "criteria_set"]).body(criteria.to_string()),
            act("ann", "/api/v1/members", ["member", "applied"])
                .body(r#"{"member":"new","name":"New Ltd"}"#)
                .refused("ann", r#"{"member":"acme","name":"New Ltd"}"#),
            act("ann", "/api/v1/members/new/vet", ["member", "moved"]).unknown("/api/v1/members/nobody/vet"),
            act("ann", "/api/v1/members/new/assess", ["vetting", "assessed"])
                .body(finding("met", "the paper"))
                .unknown("/api/v1/members/nobody/assess")
                .refused("ann", finding("met", " ")),
            act("ann", "/api/v1/members/new/sign", ["vetting", "sheet_signed"])
                .unknown("/api/v1/members/nobody/sign"),
            act("bob", "/api/v1/members/new/sign", ["vetting", "sheet_signed"]),
            act("ann", "/api/v1/members/new/contact", ["vetting", "contact_set"])
                .body(contact("Counsel"))
                .unknown("/api/v1/members/nobody/contact")
                .refused("ann", contact(" ")),
            act("ann", "/api/v1/members/new/admit", ["member", "tiered"])
                .body(admission("entry", 300))
                .unknown("/api/v1/members/nobody/admit")
                .refused("ann", admission("entry", -300)),
            act("ann", "/api/v1/members/new/tier", ["member", "tiered"])
                .body(r#"{"tier":"advance"}"#)
                .unknown("/api/v1/members/nobody/tier"),
            act("ann", "/api/v1/members/new/agreement", ["member", "signed"])
                .body(agreement(320).to_string())
                .unknown("/api/v1/members/nobody/agreement")
                .refused("ann", agreement(-1).to_string()),
            act("ann", "/api/v1/members/new/facts", ["member", "fact_recorded"])
                .body(fact("a statute"))
                .unknown("/api/v1/members/nobody/facts")
                .refused("ann", fact(" ")),
            act("ann", "/api/v1/members/new/facts/withdraw", ["member", "fact_withdrawn"])
                .body(withdrawn("repealed"))
                .unknown("/api/v1/members/nobody/facts/withdraw")
                .refused("ann", withdrawn(" ")),
            act("ann", "/api/v1/members/new/keys", ["member", "key_added"])
                .body(sealing)
                .unknown("/api/v1/members/nobody/keys")
                .refused("ann", r#"{"key":"age1none"}"#),
            act("bob", "/api/v1/members/new/keys/confirm", ["member", "key_confirmed"])
                .body(compared(&key.fingerprint()))
                .unknown("/api/v1/members/nobody/keys/confirm"),
            act("ann", "/api/v1/members/new/signing-keys", ["member", "signing_key_added"])
                .body(json!({ "key": verifier.to_string() }).to_string())
                .unknown("/api/v1/members/nobody/signing-keys")
                .refused("ann", r#"{"key":"forewarn-sign1none"}"#),
            act("bob", "/api/v1/members/new/keys/confirm", ["member", "signing_key_confirmed"])
                .body(compared(&verifier.fingerprint())),
            act("ann", "/api/v1/members/new/signed-fetches", ["member", "signature_required"])
                .body(r#"{"required":true}"#)
                .unknown("/api/v1/members/nobody/signed-fetches"),
            act("bob", "/api/v1/members/new/suspend", ["member", "moved"])
                .body(reason("silence"))
                .unknown("/api/v1/members/nobody/suspend")
                .refused("bob", reason(" ")),
            act("ann", "/api/v1/members/new/reinstate", ["member", "move_proposed"])
                .body(reason("it spoke"))
                .unknown("/api/v1/members/nobody/reinstate")
                .refused("ann", reason(" ")),
            act("bob", "/api/v1/members/new/reinstate", ["member", "moved"])
                .body(reason("it spoke"))
                .refused("ann", reason("it spoke")),
            act("ann", "/api/v1/members", ["member", "applied"]).body(r#"{"member":"other","name":"Other"}"#),
            act("ann", "/api/v1/members/other/decline", ["member", "moved"])
                .body(reason("no defender"))
                .unknown("/api/v1/members/nobody/decline")
                .refused("ann", reason(" ")),
        ],
    )
    .await;
    stage.site.world.clock.set(t(250 * DAY));
    let reconfirm = act("bob", "/api/v1/members/new/keys/reconfirm", ["member", "key_reconfirmed"])
        .body(compared(&key.fingerprint()))
        .unknown("/api/v1/members/nobody/keys/reconfirm");
    stage.play(reconfirm).await;
    let shown = stage.get("/api/v1/members/new").await;
    assert_eq!((&shown["standing"], &shown["tier"]), (&json!("active"), &json!("advance")));
    assert_eq!(shown["key"], key.fingerprint());
}

#[tokio::test]
async fn a_review_takes_two_people() {
    let stage = Stage::of(World::peopled(203).await).await;
    let opened = |why: &str| json!({ "member": "bolt", "reason": why }).to_string();
    let text = |text: &str| json!({ "text": text }).to_string();
    let outcome = |why: &str| {
        let restriction = json!({ "classes": ["reproduction"], "until": t(200 * DAY) });
        json!({ "outcome": "restrict", "reason": why, "restriction": restriction }).to_string()
    };
    play(
        &stage,
        [
            act("ann", "/api/v1/reviews", ["review", "opened"])
                .body(opened("yearly"))
                .refused("ann", opened(" ")),
            act("ann", "/api/v1/reviews/R1/reply", ["review", "replied"])
                .body(text("we are sorry"))
                .unknown("/api/v1/reviews/R9/reply")
                .refused("ann", text(" ")),
            act("ann", "/api/v1/reviews/R1/propose", ["review", "proposed"])
                .body(outcome("a lapse"))
                .unknown("/api/v1/reviews/R9/propose")
                .refused("ann", outcome(" ")),
            act("bob", "/api/v1/reviews/R1/confirm", ["review", "decided"])
                .unknown("/api/v1/reviews/R9/confirm")
                .refused("ann", ""),
        ],
    )
    .await;
    let shown = stage.get("/api/v1/reviews/R1").await;
    assert_eq!((&shown["decided"], &shown["confirmed_by"]), (&json!("restrict"), &json!("bob")));
    assert_eq!(stage.get("/api/v1/reviews").await[0]["proposed"]["by"], "ann");
}

#[tokio::test]
async fn policies_operators_and_tiers_change_by_two_people() {
    let stage = Stage::of(World::peopled(204).await).await;
    let set = policy::PolicySet::deadline_aware().unwrap();
    let new = |text: &str, why: &str| json!({ "name": "mine", "text": text, "reason": why }).to_string();
    let tier = r#"{"lead":"2d","classes":["notice"]}"#;
    let withdrawn = "/api/v1/policies/3/withdraw";
    play(
        &stage,
        [
            act("ann", "/api/v1/policies", ["policy", "proposed"])
                .body(new(set.text(), "stricter"))
                .refused("ann", new("permit(", "stricter")),
            act("bob", "/api/v1/policies/2/adopt", ["policy", "adopted"])
                .unknown("/api/v1/policies/9/adopt")
                .refused("ann", ""),
            act("ann", "/api/v1/policies", ["policy", "proposed"])
                .body(new(policy::PolicySet::default_set().unwrap().text(), "back")),
            act("ann", withdrawn, ["policy", "withdrawn"])
                .body(reason("no"))
                .unknown("/api/v1/policies/9/withdraw")
                .refused("ann", reason(" ")),
            act("ann", "/api/v1/operators", ["program", "operator_proposed"])
                .body(r#"{"operator":"eve"}"#)
                .refused("ann", r#"{"operator":"console"}"#),
            act("bob", "/api/v1/operators", ["program", "operator_added"])
                .body(r#"{"operator":"eve"}"#)
                .refused("ann", r#"{"operator":"eve"}"#),
            act("ann", "/api/v1/operators/eve/roles", ["program", "roles_proposed"])
                .body(r#"{"roles":["auditor"]}"#)
                .unknown("/api/v1/operators/nobody/roles"),
            act("bob", "/api/v1/operators/eve/roles", ["program", "roles_set"])
                .body(r#"{"roles":["auditor"]}"#)
                .refused("ann", r#"{"roles":["auditor"]}"#),
            act("ann", "/api/v1/operators/eve/remove", ["program", "operator_removal_proposed"])
                .body(reason("left"))
                .unknown("/api/v1/operators/nobody/remove")
                .refused("ann", reason(" ")),
            act("bob", "/api/v1/operators/eve/remove", ["program", "operator_removed"])
                .body(reason("left"))
                .unknown("/api/v1/operators/nobody/remove"),
            act("ann", "/api/v1/tiers/late", ["program", "tier_set"]).body(tier),
        ],
    )
    .await;
    assert_eq!(stage.get("/api/v1/policies").await[1]["state"], "adopted");
    assert!(stage.get("/api/v1/policies/2").await["text"].as_str().is_some_and(|text| text == set.text()));
    let operators = stage.get("/api/v1/operators").await.to_string();
    assert!(!operators.contains("eve") && operators.contains("ann"), "{operators}");
    let late = json!({ "tier": "late", "lead": "2d", "classes": ["notice"] });
    assert!(stage.get("/api/v1/tiers").await.as_array().unwrap().contains(&late));
    assert!(stage.get("/api/v1/rules").await["epsilon"].is_number());
    let ann = stage.token("ann");
    let entries = stage.site.world.entries().await;
    let default =
        json!({ "name": "x", "text": policy::PolicySet::default_set().unwrap().text() }).to_string();
    for (path, key) in [("/api/v1/policies/check", "policies"), ("/api/v1/policies/diff", "decisions")] {
        let answer = stage.site.post(path, ann, &default).await;
        assert!(answer.status == 200 && answer.json()[key].is_number(), "{path}: {}", answer.text());
        assert_eq!(stage.site.post(path, ann, r#"{"name":"x","text":"permit("}"#).await.status, 409);
        assert_eq!(stage.site.post(path, "", &default).await.status, 401);
    }
    assert_eq!(stage.site.world.entries().await, entries, "looking changes nothing");
}

#[tokio::test]
async fn a_token_is_shown_once_and_never_another_operators() {
    let stage = Stage::of(World::peopled(205).await).await;
    let (ann, until) = (stage.token("ann"), t(100 * DAY));
    let path = "/api/v1/tokens";
    let ask = |holder: &str, more: serde_json::Value| {
        let mut body = json!({ "holder": holder, "scopes": ["read"], "until": until });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let own = stage.site.post(path, ann, &ask("operator", json!({ "scopes": ["act"] }))).await;
    assert_eq!((own.status, own.header("cache-control")), (201, Some("private, no-store")));
    let (text, number) = (own.json()["text"].clone(), own.json()["token"].clone());
    let (text, number) = (text.as_str().unwrap(), number.as_str().unwrap());
    let suspended = stage.site.post("/api/v1/members/acme/suspend", text, &reason("a finding")).await;
    assert_eq!(suspended.status, 200);
    let newest = stage.site.world.engine.newest(1).await.unwrap();
    assert_eq!(newest[0].actor, testbed::user("ann"), "it acts as who issued it");
    for (body, status) in [
        (ask("operator", json!({ "operator": "bob" })), 422),
        (ask("operator", json!({ "member": "bolt" })), 409),
        (ask("member", json!({})), 409),
        (ask("member", json!({ "member": "bolt" })), 409),
        (ask("member", json!({ "member": "nobody", "scopes": ["fetch"] })), 404),
        (ask("observer", json!({ "from": ["everywhere"] })), 409),
        (ask("member", json!({ "member": "bolt", "scopes": ["fetch"], "from": ["127.0.0.0/8"] })), 201),
        (ask("observer", json!({})), 201),
    ] {
        let answer = stage.site.post(path, ann, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let list = stage.site.get(path, ann).await;
    assert!(!list.text().contains(text) && list.text().contains("127.0.0.0/8"));
    for token in
        [&stage.site.of_member("bolt").await, &stage.site.token(program::token::Holder::Observer).await]
    {
        assert_eq!(stage.site.post(path, token, &ask("observer", json!({}))).await.status, 403);
    }
    let gone = stage.site.post(&format!("{path}/{number}/revoke"), ann, &reason("lost")).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(stage.site.get("/api/v1/members", text).await.status, 401);
    assert_eq!(stage.site.post("/api/v1/tokens/T99/revoke", ann, &reason("lost")).await.status, 404);
    let until = json!({ "until": t(10 * DAY) }).to_string();
    let invited = stage.site.post("/api/v1/members/bolt/invite", ann, &until).await;
    assert_eq!((invited.status, invited.header("cache-control")), (201, Some("private, no-store")));
    assert!(invited.json()["code"].is_string());
    assert_eq!(stage.site.post("/api/v1/members/nobody/invite", ann, &until).await.status, 404);
}
