//! What keeps a member's record fresh: what lapses, the duties that follow from facts, names against lists.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use program::token::Holder;
use serde_json::{Value, json};
use testbed::{DAY, World, t};

use crate::acts::{Stage, act};

const SDN: &str = "1,\"BOLTT LIMITED\",-0-,CYBER2,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\n";
const ALT: &str = "1,9,aka,\"Lightning Works\",-0-\n";

/// Reading is for operators and observers; a member learns nothing of its own record here.
async fn readers_alone(stage: &Stage, path: &str, unknown: Option<&str>) {
    assert_eq!(stage.site.send("GET", path, &[], b"").await.status, 401, "{path}");
    let member = stage.site.of_member("acme").await;
    assert_eq!(stage.site.get(path, &member).await.status, 403, "{path}");
    if let Some(unknown) = unknown {
        assert_eq!(stage.site.get(unknown, stage.token("ann")).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn what_lapses_is_listed_and_as_far_ahead_as_is_asked() {
    let stage = Stage::of(World::peopled(311).await).await;
    readers_alone(&stage, "/api/v1/due", None).await;
    for bad in ["?within=soon", "?within=-1d", "?within=7d&until=2026-06-01T00:00:00Z"] {
        let answer = stage.site.get(&format!("/api/v1/due{bad}"), stage.token("ann")).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    assert_eq!(stage.get("/api/v1/due").await, json!([]), "all of it holds for a year");
    let all = stage.get("/api/v1/due?within=400d").await;
    let of = |member: &str| {
        let lines = all.as_array().unwrap().iter().filter(|line| line["member"] == member);
        lines.map(|line| line["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("keyless"), ["agreement", "fact disclosure-duty/none"]);
    assert_eq!(of("unasked").len(), 2, "{all:#}");
    assert_eq!((&all[0]["days_left"], &all[0]["urgency"]), (&json!(365), &json!("later")));
    stage.site.world.clock.set(t(366 * DAY));
    let observer = stage.site.token(Holder::Observer).await;
    let lapsed = stage.site.get("/api/v1/due?within=1s", &observer).await.json();
    assert!(lapsed[0]["urgency"] == "lapsed" && lapsed[0]["days_left"] == -1, "{lapsed:#}");
    assert!(lapsed[0]["then"].as_str().unwrap().contains("nothing of class"), "{lapsed:#}");
}

#[tokio::test]
async fn duties_follow_from_facts_and_are_recorded_by_a_person() {
    let stage = Stage::of(World::peopled(312).await).await;
    let (path, unknown) = ("/api/v1/members/acme/duties", "/api/v1/members/nobody/duties");
    readers_alone(&stage, path, Some(unknown)).await;
    let verdicts = |shown: &Value, wanted: &str| {
        let duties = shown["duties"].as_array().unwrap().iter();
        duties.filter(|duty| duty["verdict"] == wanted).count()
    };
    let before = stage.get(path).await;
    assert_eq!(verdicts(&before, "follows"), 0, "{before:#}");
    assert!(before["notice"].as_str().unwrap().contains("legal advice"), "{before:#}");
    for (kind, says) in [
        ("jurisdiction", "IN"),
        ("ownership", "IN"),
        ("data-location", "IN"),
        ("staff-location", "IN"),
        ("legal-role", "none"),
        ("government-programme", "none"),
    ] {
        let fact =
            json!({ "fact": { "kind": kind, "says": says, "until": t(200 * DAY) }, "evidence": "form" });
        stage
            .play(
                act("ann", "/api/v1/members/acme/facts", ["member", "fact_recorded"]).body(fact.to_string()),
            )
            .await;
    }
    let shown = stage.get(path).await;
    assert_eq!(verdicts(&shown, "follows"), 1, "{shown:#}");
    assert!(shown["contradictions"][0].as_str().unwrap().contains("says that there is no duty"), "{shown:#}");

    let confirmed = |days: i64, evidence: &str| {
        json!({ "confirmed": { "until": t(days * DAY), "evidence": evidence } }).to_string()
    };
    let bad = stage.site.post(path, stage.token("ann"), r#"{"confirmed":{"until":"2027-01-01"}}"#).await;
    assert_eq!(bad.status, 422, "{}", bad.text());
    let recorded = act("ann", path, ["member", "fact_recorded"]).body("{}").unknown(unknown);
    let recorded = stage.play(recorded.refused("ann", confirmed(-1, "a letter"))).await.json();
    let fact = &recorded["entries"][0]["event"]["member"]["fact_recorded"];
    assert!(fact["evidence"].as_str().unwrap().contains("not confirmed by a person yet"), "{fact:#}");
    let again = stage.site.post(path, stage.token("ann"), "{}").await;
    assert_eq!(again.json()["entries"], json!([]), "what is on record stays as it is");
    let confirm = act("bob", path, ["member", "fact_recorded"]).body(confirmed(200, "counsel's letter"));
    let done = stage.play(confirm).await.json();
    let fact = &done["entries"][0]["event"]["member"]["fact_recorded"];
    assert!(fact["evidence"].as_str().unwrap().starts_with("counsel's letter; derived from"), "{fact:#}");
    assert_eq!(
        stage.get(path).await["duties"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|duty| duty["recorded"] == true)
            .count(),
        1
    );
}

#[tokio::test]
async fn names_are_compared_with_a_list_and_a_person_decides() {
    let stage = Stage::of(World::peopled(313).await).await;
    let path = "/api/v1/screenings";
    let (sdn, alt) = (BASE64_STANDARD.encode(SDN), BASE64_STANDARD.encode(ALT));
    let asked = |more: Value| {
        let mut body = json!({ "name": "sdn.csv", "list": sdn, "aliases": alt });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    let member = stage.site.of_member("acme").await;
    assert_eq!(stage.site.send("POST", path, &[], asked(json!({})).as_bytes()).await.status, 401);
    assert_eq!(stage.site.post(path, &member, &asked(json!({}))).await.status, 403);
    for (more, status) in [
        (json!({ "member": "nobody" }), 404),
        (json!({ "member": "../etc" }), 422),
        (json!({ "path": "sdn.csv" }), 422),
        (json!({ "top": 0.5 }), 422),
        (json!({ "list": "?" }), 409),
        (json!({ "list": "", "aliases": null }), 409),
        (json!({ "name": "names.txt" }), 409),
        (json!({ "threshold": 0 }), 409),
        (json!({ "threshold": 1.5 }), 409),
    ] {
        let answer = stage.site.post(path, stage.token("ann"), &asked(more.clone())).await;
        assert_eq!(answer.status, status, "{more}: {}", answer.text());
    }
    let before = stage.site.world.entries().await;
    let all = stage.site.post(path, stage.token("ann"), &asked(json!({ "top": 1.0 }))).await;
    assert_eq!(all.status, 200, "{}", all.text());
    let all = all.json();
    assert_eq!((&all["entries"], all["members"].as_array().unwrap().len()), (&json!(1), 6));
    let bolt = stage.site.post(path, stage.token("ann"), &asked(json!({ "member": "bolt" }))).await.json();
    assert_eq!(bolt["members"][0]["hits"][0]["name"], "BOLTT LIMITED", "{bolt:#}");
    assert_eq!(stage.site.world.entries().await, before, "comparing changes nothing");
    let hash = engine::screening::list_hash(SDN.as_bytes(), Some(ALT.as_bytes())).to_string();
    assert_eq!(bolt["sha256"], hash);

    let record = "/api/v1/members/bolt/screening";
    let outcome = |date: &str, reason: &str| {
        json!({ "list": "sdn.csv", "sha256": hash, "list_date": date, "outcome": "hit", "reason": reason })
            .to_string()
    };
    for bad in [outcome("1 June", "x"), outcome("2026-05-30", "x").replace("hit", "maybe")] {
        assert_eq!(stage.site.post(record, stage.token("ann"), &bad).await.status, 422, "{bad}");
    }
    let done = act("ann", record, ["vetting", "screened"])
        .body(outcome("2026-05-30", "same address"))
        .unknown("/api/v1/members/nobody/screening")
        .refused("ann", outcome("2026-07-30", "same address"));
    stage.play(done).await;
    assert_eq!(stage.site.post(record, stage.token("ann"), &outcome("2026-05-30", " ")).await.status, 409);
}

#[tokio::test]
async fn a_member_is_admitted_in_one_go_where_there_are_no_criteria() {
    let stage = Stage::of(World::peopled(314).await).await;
    let (path, key) = ("/api/v1/members/fresh/add", testbed::identity(41).to_public());
    let fact = |values: Value| {
        let offices = json!({ "kind": "staff-location", "until": t(200 * DAY) });
        json!({ "fact": offices, "values": values, "evidence": "list of offices" })
    };
    let member = |name: &str, fact: &Value| {
        let agreement = json!({ "version": "3", "until": t(300 * DAY) });
        json!({ "name": name, "tier": "entry", "agreement": agreement, "facts": [fact], "key": key.to_string() })
    };
    let good = member("Fresh Ltd", &fact(json!(["AT", "IN"])));
    let changed = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body.to_string()
    };
    let mut both = fact(json!(["AT"]));
    both["fact"]["says"] = "Austria".into();
    for (body, status) in [
        (changed("standing", "active".into()), 422),
        (changed("tier", "none".into()), 404),
        (changed("key", "age1none".into()), 409),
        (changed("facts", json!([both])), 409),
        (changed("facts", json!([fact(json!(["AT", "none"]))])), 409),
        (changed("facts", json!([fact(json!(["Vienna"]))])), 409),
    ] {
        let answer = stage.site.post(path, stage.token("ann"), &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let add = act("ann", path, ["member", "applied"]).body(good.to_string());
    stage.play(add.unknown("/api/v1/members/..%2Fup/add").refused("ann", changed("name", " ".into()))).await;
    let program = stage.site.world.engine.program().await;
    let fresh = program.member(&testbed::member("fresh")).unwrap();
    assert_eq!(fresh.facts["staff-location"].fact.says.as_deref(), Some("AT, IN"));
    assert!(fresh.standing == policy::Standing::Active && fresh.confirmed_key().is_none());
    drop(program);

    let facts = "/api/v1/members/fresh/facts";
    let recorded = act("ann", facts, ["member", "fact_recorded"]).body(fact(json!(["none"])).to_string());
    stage.play(recorded.refused("ann", fact(json!(["EU"])).to_string())).await;

    let criteria =
        json!({ "criteria": [{ "id": "nda", "sentence": "signed the agreement", "source": "rules, 2" }] });
    for (who, event) in [("ann", "criteria_proposed"), ("bob", "criteria_set")] {
        stage.play(act(who, "/api/v1/criteria", ["program", event]).body(criteria.to_string())).await;
    }
    let late = stage.site.post("/api/v1/members/late/add", stage.token("ann"), &good.to_string()).await;
    assert!(late.status == 409 && late.text().contains("criteria"), "{}", late.text());
}
