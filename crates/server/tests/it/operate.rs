//! Operators' machines: the plan before the button, two people, the release.

use program::token::Holder;
use testbed::{DAY, END, World, after, case, embargo, package, schedule, t, user};

use crate::http::Site;

async fn planned(seed: u64) -> Site {
    let world = World::peopled(seed).await;
    let open = program::case::CaseCommand::Open { title: String::from("Relay"), cves: Vec::new() };
    world.ok("ann", program::Command::Case(case("c"), open)).await;
    world.ok("ann", embargo(program::embargo::EmbargoCommand::Propose { ends: t(END) })).await;
    world.ok("bob", embargo(program::embargo::EmbargoCommand::Accept { ends: None })).await;
    world.engine.add_items(&user("ann"), &case("c"), package()).await.unwrap();
    world.ok("ann", schedule("w1", 14 * DAY, &["validate"])).await;
    Site::of(world).await
}

#[tokio::test]
async fn a_wave_takes_two_people_who_saw_the_same_plan_and_its_instant() {
    let site = planned(81).await;
    let [ann, bob] =
        [site.token(Holder::Operator(user("ann"))).await, site.token(Holder::Operator(user("bob"))).await];
    let wave = "/api/v1/cases/c/waves/w1";
    let plan = site.get(&format!("{wave}/plan"), &ann).await.json();
    assert_eq!(plan["rows"].as_array().unwrap().len(), 8);
    let (approve, release) = (format!("{wave}/approve"), format!("{wave}/release"));
    let approval = format!(r#"{{"plan":"{}"}}"#, plan["hash"].as_str().unwrap());
    let other = format!(r#"{{"plan":"{}"}}"#, "0".repeat(64));
    assert_eq!(site.post(&approve, &ann, &other).await.status, 409);
    assert_eq!(site.post(&approve, &ann, &approval).await.status, 200);
    let again = site.post(&approve, &ann, &approval).await;
    assert_eq!(again.status, 409);
    assert!(again.text().contains("another operator"), "{}", again.text());
    assert_eq!(site.post(&release, &ann, "").await.status, 409, "one approval");
    assert_eq!(
        site.post(&approve, &bob, &approval).await.json()["approved_by"],
        serde_json::json!(["ann", "bob"])
    );
    let early = site.post(&release, &bob, "").await;
    assert!(early.status == 409 && early.text().contains("nothing is released early"), "{}", early.text());
    site.world.clock.set(t(END - 14 * DAY));
    assert_eq!(site.post(&release, &bob, "").await.json()["granted"], 4);
    assert_eq!(site.post(&release, &bob, "").await.json()["granted"], 0, "a second release does nothing");
    let at = after(t(END), 0);
    let plan = site.get(&format!("{wave}/plan?at={at}"), &ann).await;
    assert_eq!(plan.status, 200, "{}", plan.text());
    assert_eq!(
        site.get(&format!("{wave}/plan?at=2026-06-01"), &ann).await.status,
        400,
        "a bare date is no instant"
    );
}

#[tokio::test]
async fn a_suspension_names_who_and_why() {
    let site = planned(82).await;
    let ann = site.token(Holder::Operator(user("ann"))).await;
    let path = "/api/v1/members/acme/suspend";
    for (body, status) in
        [("", 400), ("{", 400), ("{}", 422), (r#"{"reason":"x","also":1}"#, 422), (r#"{"reason":" "}"#, 409)]
    {
        let answer = site.post(path, &ann, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert_eq!(site.get("/api/v1/members/acme", &ann).await.json()["standing"], "active");
    assert_eq!(site.post(path, &ann, r#"{"reason":"a finding"}"#).await.json()["standing"], "suspended");
    assert_eq!(site.post("/api/v1/members/nobody/suspend", &ann, r#"{"reason":"x"}"#).await.status, 404);
    let cases = site.get("/api/v1/cases", &ann).await;
    assert!(!cases.text().contains("Mixed-up"), "no text of an item");
    assert_eq!(cases.json()[0]["waves"][0]["wave"], "w1");
}

#[tokio::test]
async fn who_an_operator_is_at_a_provider_takes_two_people_and_one_to_end() {
    let site = Site::of(World::peopled(91).await).await;
    let [ann, bob] =
        [site.token(Holder::Operator(user("ann"))).await, site.token(Holder::Operator(user("bob"))).await];
    let (path, end) = ("/api/v1/subjects", "/api/v1/subjects/unlink");
    let link = r#"{"operator":"bob","issuer":"https://id.example","subject":"7"}"#;
    let subject = r#"{"issuer":"https://id.example","subject":"7","reason":"left"}"#;
    for bad in ["{}", r#"{"operator":"bob","issuer":"https://id.example","subject":"7","role":"any"}"#] {
        assert_eq!(site.post(path, &ann, bad).await.status, 422, "{bad}");
    }
    assert_eq!(site.post(end, &ann, subject).await.status, 404, "nobody is linked");
    let acme = site.of_member("acme").await;
    assert_eq!(site.post(path, &acme, link).await.status, 403);
    assert_eq!(site.get(path, &acme).await.status, 403);

    assert_eq!(site.post(path, &ann, link).await.status, 200);
    assert_eq!(site.post(path, &ann, link).await.status, 409, "one person, twice");
    assert_eq!(site.get(path, &ann).await.json(), serde_json::json!([]));
    assert_eq!(site.post(path, &bob, link).await.status, 200);
    let listed = site.get(path, &ann).await.json();
    assert_eq!((&listed[0]["operator"], &listed[0]["subject"]), (&"bob".into(), &"7".into()));
    assert_eq!(site.post(end, &ann, subject).await.status, 200);
    assert_eq!(site.get(path, &ann).await.json(), serde_json::json!([]));
}
