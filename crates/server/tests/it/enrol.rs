//! Enrolment: a code that is good once, keys that count once they were compared.

use jiff::SignedDuration;
use package::{EnrolmentRequest, Identity, MemberSigner};
use program::member::MemberCommand;
use testbed::{World, about, member, suspend, user};

use crate::http::{Answer, Site};

fn request(code: &str, byte: u8) -> EnrolmentRequest {
    let identity = Identity::from_random(&[byte; 32]).unwrap();
    EnrolmentRequest::new(code, identity.to_public(), &MemberSigner::from_random(&[byte; 32]))
}

async fn invited(site: &Site, id: &str) -> String {
    let until = site.world.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    let invited = site.world.engine.invite(&user("ann"), member(id), until).await;
    invited.unwrap().1.reveal().to_owned()
}

async fn send(site: &Site, request: &EnrolmentRequest) -> Answer {
    site.post("/api/v1/enrol", "", &serde_json::to_string(request).unwrap()).await
}

#[tokio::test]
async fn a_code_enrols_once_and_keys_wait_to_be_compared() {
    let site = Site::of(World::due(221).await).await;
    let code = invited(&site, "keyless").await;
    let good = request(&code, 77);
    let answer = send(&site, &good).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let enrolled = answer.json();
    assert_eq!(enrolled["member"], "keyless");
    assert_eq!(enrolled["vkey"].as_str().unwrap(), site.world.engine.vkey());
    let token = enrolled["token"].as_str().unwrap();
    let me = site.get("/api/v1/me", token).await.json();
    assert_eq!((me["key"].as_str(), me["signing_key"].as_str()), (None, None));
    // The key that was on record before, never confirmed, waits too.
    assert_eq!(me["unconfirmed"].as_array().unwrap().len(), 3, "{me}");
    for fingerprint in [good.recipient.fingerprint(), good.key.fingerprint()] {
        site.world.ok("bob", about("keyless", MemberCommand::ConfirmKey { fingerprint })).await;
    }
    let me = site.get("/api/v1/me", token).await.json();
    assert_eq!(me["key"].as_str(), Some(good.recipient.fingerprint().as_str()));
    assert_eq!(me["signing_key"].as_str(), Some(good.key.fingerprint().as_str()));
    let refused = send(&site, &request(&code, 78)).await;
    assert_eq!(refused.status, 403, "used: {}", refused.text());
}

#[tokio::test]
async fn codes_that_are_not_good_are_refused_with_the_same_bytes() {
    let site = Site::of(World::due(222).await).await;
    let used = invited(&site, "acme").await;
    assert_eq!(send(&site, &request(&used, 71)).await.status, 200);
    let replaced = invited(&site, "bolt").await;
    let ended = invited(&site, "bolt").await;
    let suspended = invited(&site, "cobalt").await;
    site.world.ok("ann", suspend("cobalt")).await;
    let entries = site.world.entries().await;
    let foreign = engine::invitation::InvitationCode::of(&[3; 32]);
    let refused = send(&site, &request(foreign.reveal(), 72)).await;
    assert_eq!(refused.status, 403);
    for code in [&used, &replaced, &suspended, "forewarn_enrol_00", ""] {
        assert_eq!(send(&site, &request(code, 72)).await, refused, "{code}");
    }
    // A good code with keys that somebody exchanged on the way.
    let mut exchanged = request(&ended, 73);
    exchanged.recipient = Identity::from_random(&[74; 32]).unwrap().to_public();
    assert_eq!(send(&site, &exchanged).await, refused);
    let taken = EnrolmentRequest::new(
        &ended,
        testbed::identity(0).to_public(),
        &MemberSigner::from_random(&[75; 32]),
    );
    let answer = send(&site, &taken).await;
    assert!(answer.status == 409 && !answer.text().contains("acme"), "{}", answer.text());
    let later = site.world.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    site.world.clock.set(later);
    assert_eq!(send(&site, &request(&ended, 72)).await, refused);
    for body in ["{}", "[]", "{\"code\": 7}"] {
        assert!(matches!(site.post("/api/v1/enrol", "", body).await.status, 409 | 422), "{body}");
    }
    assert_eq!(site.world.entries().await, entries);
}
