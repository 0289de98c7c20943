//! Acknowledgements: of the granted copy alone, by the member's key alone, once.

use package::{Acknowledgement, MemberSigner, Receipt, SignedAcknowledgement};
use program::token::{Holder, Scope};
use testbed::{MEMBERS, World, identity, member, signer};
use tlog::{Hash, LogVerifier};

use crate::http::{Answer, Site};

const ITEM: &str = "/api/v1/cases/c/items/advisory.md";

struct Desk {
    site: Site,
    token: String,
    verifier: LogVerifier,
}

impl Desk {
    async fn of_acme(seed: u64) -> Self {
        let world = World::due(seed).await;
        world.signs("acme").await;
        world.signs("bolt").await;
        world.release("w1").await.unwrap();
        let site = Site::of(world).await;
        let token = site.of_member("acme").await;
        let verifier = site.get("/log/vkey", "").await.text().trim_end().parse().unwrap();
        Self { site, token, verifier }
    }

    async fn receipt(&self, token: &str) -> Receipt {
        Receipt::from_json(&self.site.get(&format!("{ITEM}/receipt"), token).await.body).unwrap()
    }

    async fn copy(&self, token: &str, who: &str) -> Vec<u8> {
        let sealed = self.site.get(&format!("{ITEM}/copy"), token).await;
        let number = MEMBERS.iter().position(|known| *known == who).unwrap();
        package::open(&sealed.body, &identity(number)).unwrap()
    }

    /// What a member's tool does: opens the copy, checks it, signs.
    async fn statement(&self, token: &str, who: &str) -> Acknowledgement {
        let (copy, receipt) = (self.copy(token, who).await, self.receipt(token).await);
        Acknowledgement::of(&receipt, &self.verifier, &copy).unwrap()
    }

    async fn send(&self, token: &str, signed: &SignedAcknowledgement) -> Answer {
        let body = serde_json::to_string(signed).unwrap();
        self.site.post(&format!("{ITEM}/acknowledge"), token, &body).await
    }

    async fn delivery(&self) -> String {
        let observer = self.site.token(Holder::Observer).await;
        let rows = self.site.get("/api/v1/cases/c/deliveries", &observer).await.json();
        let row = rows.as_array().unwrap().iter().find(|row| {
            (row["member"].as_str(), row["item"].as_str()) == (Some("acme"), Some("advisory.md"))
        });
        row.unwrap()["delivery"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_copy_is_fetched_and_acknowledged_each_once_and_the_receipt_says_so() {
    let desk = Desk::of_acme(201).await;
    assert_eq!(desk.delivery().await, "granted");
    let before = desk.site.world.entries().await;
    let statement = desk.statement(&desk.token, "acme").await;
    desk.copy(&desk.token, "acme").await;
    assert_eq!(desk.delivery().await, "fetched");
    let after_fetches = desk.site.world.entries().await;
    // The token for the observer, asked for above, and one fetch.
    assert_eq!(after_fetches, before + 2, "a second fetch is no second entry");

    let signed = statement.sign(&signer(0)).unwrap();
    let answer = desk.send(&desk.token, &signed).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let facts = Receipt::from_json(&answer.body).unwrap().verify(&desk.verifier, None).unwrap();
    let acknowledged = facts.acknowledged.unwrap();
    assert_eq!((acknowledged.seq, acknowledged.key), (after_fetches, signer(0).verifier()));
    assert_eq!(desk.delivery().await, "acknowledged");

    // Whoever lost the answer asks again; nothing is logged twice, and the receipt holds the signature from now on.
    let entries = desk.site.world.entries().await;
    assert_eq!(desk.send(&desk.token, &signed).await.status, 200);
    assert_eq!(desk.site.world.entries().await, entries);
    let facts = desk.receipt(&desk.token).await.verify(&desk.verifier, None).unwrap();
    assert!(facts.acknowledged.is_some());
    let other = desk.statement(&desk.token, "acme").await.sign(&signer(0)).unwrap();
    assert_ne!(other, signed, "signed anew, over a log that has grown");
    let refused = desk.send(&desk.token, &other).await;
    assert!(refused.status == 409 && refused.text().contains("already"), "{}", refused.text());
    testbed::sound(&desk.site.world.verify().await);
}

#[tokio::test]
async fn no_other_signature_is_taken_and_nothing_is_logged_for_one() {
    let desk = Desk::of_acme(202).await;
    let bolt = desk.site.of_member("bolt").await;
    let good = desk.statement(&desk.token, "acme").await;
    let of_bolt = desk.statement(&bolt, "bolt").await;
    let fetch_only = {
        let scopes = [Scope::Fetch].into();
        let until = testbed::after(desk.site.world.clock.now(), 1_000_000_000);
        let holder = Holder::Member(member("acme"));
        let console = program::id::UserId::console();
        let issued = desk.site.world.engine.issue_token(&console, holder, scopes, until, Vec::new()).await;
        issued.unwrap().1.reveal().to_owned()
    };
    let entries = desk.site.world.entries().await;
    let changes: [fn(&mut Acknowledgement); 8] = [
        |it| it.origin = "log.example/other".into(),
        |it| it.member = "bolt".into(),
        |it| it.case = "d".into(),
        |it| it.item = "reproduction.py".into(),
        |it| it.seq += 1,
        |it| it.tree_size -= 1,
        |it| it.tree_size += 1_000,
        |it| it.root = Hash::from_bytes([7; 32]),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut other = good.clone();
        change(&mut other);
        let refused = desk.send(&desk.token, &other.sign(&signer(0)).unwrap()).await;
        assert_eq!(refused.status, 409, "{at}: {}", refused.text());
    }
    // Bolt's own, presented by acme; acme's, signed by bolt or by a key that nobody registered.
    for signed in [
        of_bolt.sign(&signer(1)).unwrap(),
        good.sign(&signer(1)).unwrap(),
        good.sign(&MemberSigner::from_random(&[9; 32])).unwrap(),
    ] {
        assert_eq!(desk.send(&desk.token, &signed).await.status, 409);
    }
    let signed = good.sign(&signer(0)).unwrap();
    let mut swapped = signed.clone();
    swapped.key = signer(1).verifier();
    assert_eq!(desk.send(&desk.token, &swapped).await.status, 409);
    assert_eq!(desk.send(&bolt, &signed).await.status, 409, "another member's token");
    assert_eq!(desk.send(&fetch_only, &signed).await.status, 403, "a token of another scope");
    assert_eq!(desk.send("", &signed).await.status, 401);
    let path = "/api/v1/cases/c/items/nothing.md/acknowledge";
    let body = serde_json::to_string(&signed).unwrap();
    assert_eq!(desk.site.post(path, &desk.token, &body).await.status, 404);
    for bad in ["{}", "[]", &body.replace("\"seq\"", "\"sequence\""), &body.replace("forewarn-sign1", "x")] {
        let answer = desk.site.post(&format!("{ITEM}/acknowledge"), &desk.token, bad).await;
        assert!(matches!(answer.status, 409 | 422), "{bad}: {}", answer.text());
    }
    assert_eq!(desk.site.world.entries().await, entries, "nothing was logged");
    assert_eq!(desk.send(&desk.token, &signed).await.status, 200, "and the right one is taken still");
}
