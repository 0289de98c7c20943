//! Pages for people: what they load, what they show, and to whom.

use server::identity::config::Approvals;
use testbed::World;

use crate::{
    http::Site,
    people::{Browser, at, config},
};

const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[tokio::test]
async fn pages_load_from_here_alone_and_hold_no_script_and_no_style() {
    let site = Site::with(World::peopled(91).await, config(Approvals::Any)).await;
    let mut jo = Browser::of(&site, at("acme", "J<o> & \"Co\"")).await;
    for path in ["/sign-in", "/enrol-passkey", "/account"] {
        let page = jo.get(path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{path}"
        );
        assert_eq!(page.header("content-security-policy"), Some(POLICY));
        assert_eq!(page.header("cache-control"), Some("private, no-store"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        let text = page.text();
        for inline in ["<script>", "<style", " style=", " onclick=", "javascript:", "http://", "https://"] {
            assert!(!text.contains(inline), "{path}: {inline}");
        }
        assert!(text.contains("Acme Early Warning") && text.contains("<noscript>"), "{path}");
        for part in text.split('"').filter(|part| part.starts_with("/static/")) {
            let loaded = jo.get(part).await;
            assert_eq!(loaded.status, 200, "{part}");
            assert_eq!(
                loaded.header("content-security-policy"),
                Some("default-src 'none'; frame-ancestors 'none'")
            );
        }
    }
    let page = jo.get("/account").await;
    assert!(page.text().contains("J&#60;o&#62; &#38; &#34;Co&#34; of member acme"), "{}", page.text());
    assert!(page.text().contains("data-revoke=\"P1\""));
    assert_eq!(jo.get("/static/secret").await.status, 404);
    // Whoever is not signed in is shown nothing of anybody.
    jo.cookie = None;
    let page = jo.get("/account").await;
    assert_eq!((page.status, page.header("location"), page.body.len()), (303, Some("/sign-in"), 0));
}

#[tokio::test]
async fn where_nobody_signs_in_there_are_no_pages() {
    let site = Site::of(World::peopled(92).await).await;
    for path in ["/sign-in", "/enrol-passkey", "/account"] {
        assert_eq!(site.send("GET", path, &[], b"").await.status, 404, "{path}");
    }
}
