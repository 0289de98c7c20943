//! Operators' acts: whoever may not is refused, what is not there is not found, and what is done is in the log with
//! the name of who did it.

use program::token::Holder;
use testbed::{DAY, END, World, t, user};

use crate::http::{Answer, Site};

/// An act as it is asked for.
pub(crate) struct Act {
    pub(crate) who: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: String,
    /// The same act of something that is not there, unless it names nothing.
    pub(crate) unknown: Option<&'static str>,
    /// Who asks for what, and has it refused by the core, before `who` does it.
    pub(crate) refused: Option<(&'static str, String)>,
    /// The first event of what it comes to, as the log names it.
    pub(crate) event: [&'static str; 2],
}

/// An act without a body that the core refuses to nobody.
pub(crate) fn act(who: &'static str, path: &'static str, event: [&'static str; 2]) -> Act {
    Act { who, path, body: String::new(), unknown: None, refused: None, event }
}

impl Act {
    pub(crate) fn body(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn unknown(self, path: &'static str) -> Self {
        Self { unknown: Some(path), ..self }
    }

    pub(crate) fn refused(self, who: &'static str, body: impl Into<String>) -> Self {
        Self { refused: Some((who, body.into())), ..self }
    }
}

/// A site with tokens for everybody who plays a part.
pub(crate) struct Stage {
    pub(crate) site: Site,
    ann: String,
    bob: String,
    member: String,
    observer: String,
}

impl Stage {
    pub(crate) async fn of(world: World) -> Self {
        let site = Site::of(world).await;
        let (ann, bob) = (Holder::Operator(user("ann")), Holder::Operator(user("bob")));
        let (ann, bob) = (site.token(ann).await, site.token(bob).await);
        let (member, observer) = (site.of_member("acme").await, site.token(Holder::Observer).await);
        Self { site, ann, bob, member, observer }
    }

    pub(crate) fn token(&self, who: &str) -> &str {
        if who == "ann" { &self.ann } else { &self.bob }
    }

    pub(crate) async fn get(&self, path: &str) -> serde_json::Value {
        let answer = self.site.get(path, &self.observer).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Asks as everybody who may not, then does it; what is refused leaves the log as it was.
    pub(crate) async fn play(&self, act: Act) -> Answer {
        let before = self.site.world.entries().await;
        let path = act.path;
        self.expect(&self.site.send("POST", path, &[], act.body.as_bytes()).await, 401, path);
        self.expect(&self.site.post(path, &self.member, &act.body).await, 403, path);
        self.expect(&self.site.post(path, &self.observer, &act.body).await, 403, path);
        if let Some(unknown) = act.unknown {
            self.expect(&self.site.post(unknown, self.token(act.who), &act.body).await, 404, unknown);
        }
        if let Some((who, body)) = &act.refused {
            self.expect(&self.site.post(path, self.token(who), body).await, 409, path);
        }
        assert_eq!(self.site.world.entries().await, before, "{path}: what is refused is not logged");
        let done = self.site.post(path, self.token(act.who), &act.body).await;
        self.expect(&done, 200, path);
        let count = self.site.world.entries().await - before;
        assert!(count > 0, "{path}: nothing is in the log");
        let entries = self.site.world.engine.newest(count).await.unwrap();
        let first = entries.iter().min_by_key(|entry| entry.seq).unwrap();
        assert!(entries.iter().all(|entry| entry.actor == user(act.who)), "{path}: {entries:?}");
        let event = serde_json::to_value(&first.event).unwrap();
        let [about, what] = act.event;
        assert!(event[about].get(what).is_some() || event[about] == what, "{path}: {event}");
        done
    }

    #[track_caller]
    fn expect(&self, answer: &Answer, status: u16, path: &str) {
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
}

pub(crate) fn reason(text: &str) -> String {
    serde_json::json!({ "reason": text }).to_string()
}

#[tokio::test]
async fn a_case_from_its_opening_to_its_end() {
    let stage = Stage::of(World::peopled(201).await).await;
    let ends = |at| serde_json::json!({ "ends": t(at) }).to_string();
    let case = |title: &str| {
        serde_json::json!({ "case": "c", "title": title, "cves": ["CVE-2026-1234"] }).to_string()
    };
    let texts: Vec<_> = testbed::package()
        .into_iter()
        .map(|it| serde_json::json!({ "item": it.item, "class": it.class, "text": it.text }))
        .collect();
    let texts = serde_json::json!({ "items": texts }).to_string();
    let broken = serde_json::json!({ "items": [{ "item": "a.md", "class": "advisory", "text": "{~one|" }] });
    let wave = |tier: &str| serde_json::json!({ "lead": "14d", "tiers": [tier] }).to_string();
    let by_instant = |at| serde_json::json!({ "at": t(at), "tiers": ["validate"] }).to_string();
    let seen = |at| serde_json::json!({ "what": "attacks_observed", "at": at }).to_string();
    let now = stage.site.world.clock.now();
    let acts = [
        act("ann", "/api/v1/cases", ["case", "opened"]).body(case("Relay")).refused("ann", case(" ")),
        act("ann", "/api/v1/cases/c/embargo/propose", ["embargo", "moved"])
            .body(ends(END))
            .unknown("/api/v1/cases/nobody/embargo/propose")
            .refused("ann", ends(-END)),
        act("bob", "/api/v1/cases/c/embargo/accept", ["embargo", "moved"])
            .body(ends(END))
            .unknown("/api/v1/cases/nobody/embargo/accept")
            .refused("ann", ends(END)),
        act("ann", "/api/v1/cases/c/embargo/propose", ["embargo", "moved"]).body(ends(END + 60)),
        act("bob", "/api/v1/cases/c/embargo/reject", ["embargo", "moved"])
            .unknown("/api/v1/cases/nobody/embargo/reject"),
        act("ann", "/api/v1/cases/c/items", ["item", "added"])
            .body(texts)
            .unknown("/api/v1/cases/nobody/items")
            .refused("ann", broken.to_string()),
        act("ann", "/api/v1/cases/c/waves/w1/schedule", ["wave", "scheduled"])
            .body(wave("validate"))
            .unknown("/api/v1/cases/nobody/waves/w1/schedule")
            .refused("ann", r#"{"lead":"14d","tiers":[]}"#),
        act("ann", "/api/v1/cases/c/waves/w1/schedule", ["wave", "scheduled"])
            .body(by_instant(END - 5 * DAY - 1))
            .unknown("/api/v1/cases/nobody/waves/w1/schedule")
            .refused("ann", by_instant(END + 1)),
        act("ann", "/api/v1/cases/c/observe", ["case", "observed"])
            .body(seen(now))
            .unknown("/api/v1/cases/nobody/observe")
            .refused("ann", seen(t(END))),
        act("ann", "/api/v1/cases/c/embargo/keep", ["embargo", "kept"])
            .body(reason("one attacker, contained"))
            .unknown("/api/v1/cases/nobody/embargo/keep")
            .refused("ann", reason(" ")),
        act("ann", "/api/v1/cases/c/break-embargo", ["embargo", "exit_proposed"])
            .body(r#"{"reason":"exploited since noon","approve_waves":true,"publish":true}"#)
            .unknown("/api/v1/cases/nobody/break-embargo")
            .refused("ann", reason(" ")),
        act("bob", "/api/v1/cases/c/break-embargo", ["embargo", "moved"])
            .body(r#"{"reason":"exploited since noon","approve_waves":true,"publish":true}"#),
        act("bob", "/api/v1/cases/c/close", ["case", "closed"]).unknown("/api/v1/cases/nobody/close"),
    ];
    for act in acts {
        stage.play(act).await;
    }
    let shown = stage.get("/api/v1/cases/c").await;
    assert_eq!(shown["embargo"]["state"], "exited");
    assert_eq!(shown["cves"], serde_json::json!(["CVE-2026-1234"]));
    assert!(shown["closed"].is_string() && shown["waves"][0]["released"].is_string(), "{shown}");
    assert_eq!(shown["waves"][0]["lead"], "5d1s");
    for neither in [
        r#"{"tiers":["validate"]}"#.to_owned(),
        wave("validate").replace('{', &format!("{{\"at\":\"{}\",", t(END))),
    ] {
        let refused =
            stage.site.post("/api/v1/cases/c/waves/w9/schedule", stage.token("ann"), &neither).await;
        assert!(
            refused.status == 409 && refused.text().contains("one of `lead` and `at`"),
            "{}",
            refused.text()
        );
    }
    let again = stage.site.post("/api/v1/cases/c/publish", stage.token("ann"), "").await;
    assert_eq!((again.status, again.json()[0]["file"].as_str()), (200, Some("c/advisory.md")));
}

#[tokio::test]
async fn a_reproduction_is_read_with_a_second_persons_word() {
    let world = World::due(206).await;
    for operator in ["ann", "bob"] {
        let set = program::Command::SetRoles(user(operator), [policy::Role::Coordinator].into());
        world.ok("ann", set.clone()).await;
        world.ok("bob", set).await;
    }
    let stage = Stage::of(world).await;
    let view = "/api/v1/cases/c/items/reproduction.py/view";
    let asked = act("ann", view, ["viewing", "asked"])
        .body(reason("checking the marks"))
        .unknown("/api/v1/cases/c/items/nothing.py/view")
        .refused("ann", reason(" "));
    assert_eq!(stage.play(asked).await.json()["text"], serde_json::Value::Null);
    stage
        .play(
            act("bob", "/api/v1/viewings/V1/approve", ["viewing", "approved"])
                .unknown("/api/v1/viewings/V9/approve")
                .refused("ann", ""),
        )
        .await;
    let read = stage.play(act("ann", view, ["viewing", "viewed"]).body(reason("checking the marks"))).await;
    let text = read.json()["text"].as_str().unwrap().to_owned();
    assert_eq!(Some(&text), testbed::package().get(1).map(|upload| &upload.text));
    assert_eq!(read.header("cache-control"), Some("private, no-store"));
    assert_eq!(stage.get("/api/v1/viewings").await[0]["approved_by"], "bob");
    let lint = stage.site.get("/api/v1/cases/c/lint", stage.token("ann")).await;
    assert!(lint.status == 200 && lint.json().is_array(), "{}", lint.text());
    assert_eq!(stage.site.get("/api/v1/cases/c/lint", &stage.observer).await.status, 403);
}

#[tokio::test]
async fn what_is_seen_outside_becomes_a_sighting_and_members_are_told() {
    let world = World::due(207).await;
    world.release("w1").await.unwrap();
    let stage = Stage::of(world).await;
    let now = stage.site.world.clock.now();
    let sighting = |case: &str, seen| {
        let files = [serde_json::json!({ "name": "paste.txt", "base64": "aW5lcnQ=" })];
        serde_json::json!({ "case": case, "kind": "mention", "seen": seen, "files": files }).to_string()
    };
    let mut report: serde_json::Value = serde_json::from_str(&sighting("c", now)).unwrap();
    let said = report.as_object_mut().unwrap();
    said.remove("seen");
    said.extend([(String::from("what"), "sighting".into()), (String::from("note"), "a paste site".into())]);
    let filed = stage.site.post("/api/v1/reports", &stage.member, &report.to_string()).await;
    assert_eq!(filed.json()["report"], "M1", "{}", filed.text());
    let acts = [
        act("ann", "/api/v1/sightings", ["sighting", "added"])
            .body(sighting("c", now))
            .refused("ann", sighting("c", t(END))),
        act("bob", "/api/v1/reports/M1/adopt", ["sighting", "added"]).unknown("/api/v1/reports/M9/adopt"),
        act("ann", "/api/v1/cases/c/embargo/terminate", ["embargo", "exit_proposed"])
            .body(reason("it is out"))
            .unknown("/api/v1/cases/nobody/embargo/terminate")
            .refused("ann", reason(" ")),
        act("bob", "/api/v1/cases/c/embargo/terminate", ["embargo", "moved"]).body(reason("it is out")),
    ];
    for act in acts {
        stage.play(act).await;
    }
    let ann = stage.token("ann");
    assert_eq!(stage.site.post("/api/v1/sightings", ann, &sighting("nobody", now)).await.status, 404);
    let seen = stage.get("/api/v1/sightings").await;
    assert_eq!((&seen[0]["kind"], seen.as_array().unwrap().len()), (&serde_json::json!("mention"), 2));
    let told = stage.get("/api/v1/notifications").await[0]["notification"].as_str().unwrap().to_owned();
    let (path, unknown) = (format!("/api/v1/notifications/{told}/told"), "/api/v1/notifications/N999/told");
    let how = r#"{"how":"telephone"}"#;
    assert_eq!(stage.site.post(unknown, ann, how).await.status, 404);
    assert_eq!(stage.site.post(&path, ann, r#"{"how":" "}"#).await.status, 409);
    let done = stage.site.post(&path, ann, how).await;
    assert_eq!((done.status, &done.json()["entries"][0]["actor"]), (200, &serde_json::json!("ann")));
}
