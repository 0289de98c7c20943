//! Signed requests for copies: each answered once, of nothing else, by the member's confirmed key alone.

use jiff::{SignedDuration, Timestamp};
use package::{
    Digest, MemberSigner, Receipt,
    fetching::{FetchFields, FetchStatement},
};
use program::member::MemberCommand;
use testbed::{World, about, member, signer};

use crate::http::{Answer, Site};

const PATH: &str = "/api/v1/cases/c/items/advisory.md/copy";

struct Desk {
    site: Site,
    token: String,
}

impl Desk {
    /// Released, and acme has a signing key that bob confirmed.
    async fn of_acme(seed: u64) -> Self {
        Self::of(World::due(seed).await).await
    }

    async fn of(world: World) -> Self {
        world.signs("acme").await;
        world.release("w1").await.unwrap();
        let site = Site::of(world).await;
        let token = site.of_member("acme").await;
        Self { site, token }
    }

    async fn requiring(seed: u64) -> Self {
        let desk = Self::of_acme(seed).await;
        desk.site.world.ok("ann", about("acme", MemberCommand::RequireSignature { required: true })).await;
        desk
    }

    fn statement(&self) -> FetchStatement {
        FetchStatement {
            authority: self.site.serving.address.to_string(),
            case: String::from("c"),
            item: String::from("advisory.md"),
            query: None,
            token: Digest::of(self.token.as_bytes()),
        }
    }

    fn now(&self) -> Timestamp {
        self.site.world.clock.now()
    }

    fn signed(&self, nonce: u8) -> FetchFields {
        self.statement().sign(&signer(0), self.now(), [nonce; 16]).unwrap()
    }

    async fn send(&self, method: &str, path: &str, fields: &FetchFields) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("signature-input", &fields.input),
            ("signature", &fields.signature),
            ("forewarn-token", &fields.token),
        ];
        self.site.send(method, path, &headers, b"").await
    }

    async fn get(&self, fields: &FetchFields) -> Answer {
        self.send("GET", PATH, fields).await
    }

    async fn receipt(&self) -> Receipt {
        let path = PATH.replace("/copy", "/receipt");
        Receipt::from_json(&self.site.get(&path, &self.token).await.body).unwrap()
    }
}

#[track_caller]
fn refused(answer: &Answer, says: &str) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["title"], "not authorised");
    assert!(answer.text().contains(says), "{} lacks {says}", answer.text());
}

#[tokio::test]
async fn the_first_signed_fetch_is_in_the_log_and_in_the_receipt() {
    let desk = Desk::of_acme(231).await;
    let before = desk.site.world.entries().await;
    assert_eq!(desk.receipt().await.fetch, None);
    let answer = desk.get(&desk.signed(1)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(desk.get(&desk.signed(2)).await.status, 200);
    assert_eq!(desk.site.world.entries().await, before + 1, "the first alone is an entry");
    let verifier = desk.site.get("/log/vkey", "").await.text().trim_end().parse().unwrap();
    let facts = desk.receipt().await.verify(&verifier, None).unwrap().fetched.unwrap();
    assert_eq!((facts.seq, facts.key), (before, signer(0).verifier()));
    assert_eq!(facts.authority, desk.site.serving.address.to_string());
    // The entry's opening alone says whose request it was: another program checks it with nothing else.
    testbed::sound(&desk.site.world.verify().await);
}

#[tokio::test]
async fn the_same_bytes_are_answered_once_on_whichever_replica() {
    answered_once(World::due(232).await).await;
}

pub(crate) async fn answered_once(world: World) {
    let desk = Desk::of(world).await;
    let second = {
        let clock = desk.site.world.clock.clone();
        let entropy = engine::Entropy::seeded(7);
        engine::Engine::open(&desk.site.world.root(), clock, entropy).await.unwrap()
    };
    let second = server::serve(std::sync::Arc::new(second), crate::http::config()).await.unwrap();
    let elsewhere = async |fields: &FetchFields| {
        let bearer = format!("Bearer {}", desk.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("signature-input", &fields.input),
            ("signature", &fields.signature),
            ("forewarn-token", &fields.token),
        ];
        // Both stand behind one name.
        let host = desk.site.serving.address.to_string();
        crate::http::send_to(second.address, &host, "GET", PATH, &headers, b"").await
    };
    let first = desk.signed(1);
    assert_eq!(desk.get(&first).await.status, 200);
    refused(&desk.get(&first).await, "sent before");
    refused(&elsewhere(&first).await, "sent before");
    let again = desk.signed(2);
    assert_eq!(elsewhere(&again).await.status, 200);
    refused(&desk.get(&again).await, "sent before");
    refused(&elsewhere(&again).await, "sent before");
    // However many come at once, one is answered.
    let third = desk.signed(3);
    let answers = [&third; 6].map(|fields| desk.get(fields));
    let answers = futures_util::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn another_request_another_minute_and_another_key_are_refused() {
    let desk = Desk::of_acme(233).await;
    let entries = desk.site.world.entries().await;
    let good = desk.signed(1);
    assert_eq!(desk.send("HEAD", PATH, &good).await.status, 401, "another method");
    let path = PATH.replace("advisory.md", "reproduction.py");
    refused(&desk.send("GET", &path, &good).await, "not that of your confirmed signing key");
    refused(&desk.send("GET", &PATH.replace("advisory", "%61dvisory"), &good).await, "as this interface");
    refused(&desk.send("GET", &format!("{PATH}?a=1"), &good).await, "must cover");
    let of = |change: &dyn Fn(&mut FetchStatement)| {
        let mut other = desk.statement();
        change(&mut other);
        other.sign(&signer(0), desk.now(), [1; 16]).unwrap()
    };
    refused(&desk.get(&of(&|it| it.authority = String::from("other.example"))).await, "host and path");
    refused(&desk.get(&of(&|it| it.case = String::from("d"))).await, "host and path");
    refused(&desk.get(&of(&|it| it.token = Digest::of(b"another"))).await, "Forewarn-Token");
    for (seconds, says) in [(-61, "set your clock"), (6, "in the future")] {
        let created = desk.now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let fields = desk.statement().sign(&signer(0), created, [1; 16]).unwrap();
        refused(&desk.get(&fields).await, says);
    }
    for other in [signer(1), MemberSigner::from_random(&[9; 32])] {
        let fields = desk.statement().sign(&other, desk.now(), [1; 16]).unwrap();
        refused(&desk.get(&fields).await, "keyid");
    }
    let cut = FetchFields { signature: String::new(), ..good.clone() };
    refused(&desk.get(&cut).await, "no signature with the tag");
    // What the member may not know of is not told to whoever signs badly, and 404 to whoever signs well.
    let nothing = PATH.replace("advisory.md", "nothing.md");
    refused(&desk.send("GET", &nothing, &good).await, "not that of");
    let fields = of(&|it| it.item = String::from("nothing.md"));
    assert_eq!(desk.send("GET", &nothing, &fields).await.status, 404);
    assert_eq!(desk.site.world.entries().await, entries, "nothing was logged");
    assert_eq!(desk.get(&good).await.status, 200, "and the right one is answered still");
}

#[tokio::test]
async fn a_key_that_nobody_confirmed_or_that_is_too_old_does_not_sign() {
    let desk = Desk::of_acme(234).await;
    let bolt = desk.site.of_member("bolt").await;
    let (key, fingerprint) = (signer(1).verifier().to_string(), signer(1).verifier().fingerprint());
    desk.site.world.ok("ann", about("bolt", MemberCommand::AddSigningKey { key, fingerprint })).await;
    let desk = Desk { token: bolt, ..desk };
    let fields = desk.statement().sign(&signer(1), desk.now(), [1; 16]).unwrap();
    refused(&desk.get(&fields).await, "no signing key");
    let me = desk.site.get("/api/v1/me", &desk.token).await.json();
    assert_eq!((me["fetch_key"].as_str(), me["signature_required"].as_bool()), (None, Some(false)));

    let desk = Desk::requiring(235).await;
    let me = desk.site.get("/api/v1/me", &desk.token).await.json();
    let mine = signer(0).verifier().fingerprint();
    assert_eq!((me["fetch_key"].as_str(), me["signature_required"].as_bool()), (Some(&*mine), Some(true)));
    // A year and more after it was compared.
    let later = desk.now().checked_add(SignedDuration::from_hours(24 * 366)).unwrap();
    desk.site.world.clock.set(later);
    let token = desk.site.of_member("acme").await;
    let desk = Desk { token, ..desk };
    refused(&desk.get(&desk.signed(1)).await, "no signing key");
    refused(&desk.site.get(PATH, &desk.token).await, "must be signed");
    assert_eq!(desk.site.get("/api/v1/me", &desk.token).await.json()["fetch_key"].as_str(), None);
    desk.site.world.ok("bob", about("acme", MemberCommand::ReconfirmKey { fingerprint: mine })).await;
    assert_ne!(desk.get(&desk.signed(2)).await.status, 401);
}

#[tokio::test]
async fn a_stripped_signature_is_refused_where_one_must_be_and_taken_where_none_must() {
    let desk = Desk::requiring(236).await;
    let entries = desk.site.world.entries().await;
    refused(&desk.site.get(PATH, &desk.token).await, "must be signed");
    refused(&desk.site.get(&PATH.replace("advisory.md", "nothing.md"), &desk.token).await, "must be signed");
    assert_eq!(desk.site.world.entries().await, entries);
    assert_eq!(desk.get(&desk.signed(1)).await.status, 200);
    refused(&desk.site.get(PATH, &desk.token).await, "must be signed");
    // Of bolt nothing is asked, and what nobody asked for is answered as ever.
    let bolt = desk.site.of_member("bolt").await;
    assert_eq!(desk.site.get(PATH, &bolt).await.status, 200);
    let unsigned = desk.site.world.engine.available(&member("bolt")).await.unwrap().0;
    assert!(unsigned.iter().all(|copy| copy.granted.fetched.as_ref().is_none_or(|it| it.signed.is_none())));
    let metrics = desk.site.serving.app.metrics.text();
    assert!(metrics.contains("forewarn_refused_signatures_total 3"), "{metrics}");
}

#[tokio::test]
async fn behind_a_proxy_the_configured_name_counts() {
    let world = World::due(237).await;
    world.signs("acme").await;
    world.release("w1").await.unwrap();
    let config = server::Config { authority: Some(String::from("Warn.example")), ..crate::http::config() };
    let site = Site::with(world, config).await;
    let token = site.of_member("acme").await;
    let desk = Desk { site, token };
    refused(&desk.get(&desk.signed(1)).await, "host and path");
    let named = FetchStatement { authority: String::from("warn.example"), ..desk.statement() };
    let fields = named.sign(&signer(0), desk.now(), [1; 16]).unwrap();
    assert_eq!(desk.get(&fields).await.status, 200);
}
