//! What a member may not know of answers as what does not exist: byte for byte.

use testbed::{END, W1, World, suspend, t};

use crate::http::{Answer, Site};

/// Paths that name something, and the same with a name that nobody has.
const PAIRS: [(&str, &str); 5] = [
    ("/api/v1/cases/c", "/api/v1/cases/nobody"),
    ("/api/v1/items/reproduction.py", "/api/v1/items/nothing.py"),
    ("/api/v1/cases/c/items/reproduction.py", "/api/v1/cases/c/items/nothing.py"),
    ("/api/v1/cases/c/items/reproduction.py/copy", "/api/v1/cases/nobody/items/nothing.py/copy"),
    ("/api/v1/cases/c/items/reproduction.py/receipt", "/api/v1/cases/nobody/items/reproduction.py/receipt"),
];

async fn same(site: &Site, token: &str, pairs: &[(&str, &str)]) {
    for (withheld, unknown) in pairs {
        let (withheld, unknown) = (site.get(withheld, token).await, site.get(unknown, token).await);
        assert_eq!(withheld.status, 404);
        assert_eq!(withheld, unknown);
    }
}

#[tokio::test]
async fn withheld_and_unknown_are_the_same_bytes() {
    let world = World::due(51).await;
    let site = Site::of(world).await;
    let [acme, cobalt, dutiful] =
        [site.of_member("acme").await, site.of_member("cobalt").await, site.of_member("dutiful").await];
    // Before any release, and for who is in no released wave.
    for token in [&acme, &cobalt, &dutiful] {
        same(&site, token, &PAIRS).await;
    }
    site.world.release("w1").await.unwrap();
    same(&site, &cobalt, &PAIRS).await;
    assert_eq!(site.get(PAIRS[1].0, &acme).await.status, 200);
    // Under a duty to disclose, the reproduction is withheld from first to last.
    site.world.clock.set(t(END));
    site.world.release("w2").await.unwrap();
    same(&site, &dutiful, &PAIRS[1..]).await;
    assert_eq!(site.get("/api/v1/items/advisory.md", &dutiful).await.status, 200);
    assert_eq!(site.get("/api/v1/items/c:advisory.md", &dutiful).await.status, 200);
}

#[tokio::test]
async fn names_that_are_none_are_unknown_as_well() {
    let site = Site::of(World::due(52).await).await;
    let acme = site.of_member("acme").await;
    let unknown = site.get("/api/v1/cases/nobody", &acme).await;
    for path in [
        "/api/v1/cases/..",
        "/api/v1/cases/%2e%2e%2f",
        "/api/v1/cases/a%00b",
        "/api/v1/items/c:",
        "/api/v1/items/:x",
        "/api/v1/cases/c/items/%F0%9F%A6%80",
        "/no/such/thing",
    ] {
        let answer = site.get(path, &acme).await;
        assert_eq!((answer.status, &answer.body), (404, &unknown.body), "{path}");
    }
}

#[tokio::test]
async fn no_token_no_word_and_a_token_ends_when_it_should() {
    let world = World::due(53).await;
    world.release("w1").await.unwrap();
    let site = Site::of(world).await;
    let acme = site.of_member("acme").await;
    let path = "/api/v1/cases/c/items/advisory.md/copy";
    assert_eq!(site.get(path, &acme).await.status, 200);

    let refused = |answer: Answer| {
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
        answer
    };
    let nothing = refused(site.send("GET", path, &[], b"").await);
    let wrong = acme.replace("forewarn_", "forewarn_0");
    for shown in ["", "x", wrong.as_str(), acme.strip_suffix(|_: char| true).unwrap()] {
        assert_eq!(refused(site.get(path, shown).await), nothing);
    }
    assert_eq!(
        refused(site.send("GET", path, &[("authorization", &format!("Basic {acme}"))], b"").await),
        nothing
    );
    assert_eq!(refused(site.send("GET", path, &[("authorization", &acme)], b"").await), nothing);

    site.world.ok("ann", suspend("acme")).await;
    assert_eq!(refused(site.get(path, &acme).await), nothing, "a suspension bites on the next request");
    let bolt = site.of_member("bolt").await;
    assert_eq!(site.get(path, &bolt).await.status, 200);
    site.world.clock.set(testbed::after(t(W1), 301 * testbed::DAY * 1_000_000));
    assert_eq!(refused(site.get(path, &bolt).await), nothing, "a token ends");
}

#[tokio::test]
async fn nobody_has_another_role() {
    let site = Site::of(World::due(54).await).await;
    let (member, observer) =
        (site.of_member("acme").await, site.token(program::token::Holder::Observer).await);
    for path in ["/api/v1/members", "/api/v1/members/bolt", "/api/v1/cases/c/waves/w1/plan"] {
        assert_eq!(site.get(path, &member).await.status, 403, "{path}");
        assert_eq!(site.get(path, &observer).await.status, 200, "{path}");
    }
    for path in ["/api/v1/me", "/api/v1/copies", "/api/v1/cases/c/items/advisory.md/copy", "/api/v1/events"] {
        assert_eq!(site.get(path, &observer).await.status, 403, "{path}");
    }
    let before = site.world.entries().await;
    for token in [&member, &observer] {
        let answer = site.post("/api/v1/members/bolt/suspend", token, r#"{"reason":"x"}"#).await;
        assert_eq!(answer.status, 403);
    }
    assert_eq!(site.world.entries().await, before);
}
