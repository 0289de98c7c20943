//! Operators sign in at an identity provider: one of our own, which lies in every way that one could.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use program::{
    Command,
    subject::{Subject, SubjectCommand},
};
use serde_json::{Value, json};
use server::{
    Config,
    identity::config::{Approvals, Identity},
    oidc,
};
use testbed::{World, user};

use crate::{
    http::{Answer, Site, send},
    people,
};

const CALLBACK: &str = "/sign-in/provider/callback";
const SECRET: &str = "a secret of the client";

/// An identity provider that says what it is told to say.
struct Provider {
    issuer: String,
    told: Arc<Mutex<Told>>,
}

struct Told {
    own: CoreEdDsaPrivateSigningKey,
    /// The challenge of the browser that was here last.
    challenge: String,
    /// The whole ID token, as it is handed out for the code.
    token: String,
}

fn key(id: &str) -> CoreEdDsaPrivateSigningKey {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let kid = Some(JsonWebKeyId::new(id.to_owned()));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pair.serialize_pem(), kid).unwrap()
}

/// Signs claims, whatever they say.
fn token(by: &CoreEdDsaPrivateSigningKey, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = by.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap();
    format!("{text}.{}", BASE64.encode(signature))
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let told = Told { own: key("one"), challenge: String::new(), token: String::new() };
        let told = Arc::new(Mutex::new(told));
        let said = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        });
        let keys = {
            let told = told.lock().unwrap();
            json!({ "keys": [told.own.as_verification_key()] })
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(move || async { Json(said) }))
            .route("/keys", get(move || async { Json(keys) }))
            .route("/token", post(exchange))
            .with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { issuer, told }
    }

    fn claims(&self, site: &Site, asked: &Asked) -> Value {
        let now = site.world.clock.now().as_second();
        json!({ "iss": self.issuer, "aud": "forewarn", "sub": "7", "nonce": asked.nonce, "iat": now, "exp": now + 300 })
    }

    /// Says what the next code is exchanged for.
    fn says(&self, asked: &Asked, claims: &Value) {
        let mut told = self.told.lock().unwrap();
        told.challenge.clone_from(&asked.challenge);
        told.token = token(&told.own, &json!({ "alg": "EdDSA", "kid": "one" }), claims);
    }
}

/// Hands out the token, to the client that asked with the secret of its challenge.
async fn exchange(
    State(told): State<Arc<Mutex<Told>>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let form = || openidconnect::url::form_urlencoded::parse(body.as_bytes());
    let field = |name: &str| form().find(|(known, _)| known == name).map(|(_, text)| text.into_owned());
    let told = told.lock().unwrap();
    let challenge = {
        let hash = engine::hash::sha256(field("code_verifier").unwrap_or_default().as_bytes());
        BASE64.encode(hash.0)
    };
    let secret = BASE64_STANDARD.encode(format!("forewarn:{}", SECRET.replace(' ', "+")));
    let known = headers["authorization"] == format!("Basic {secret}");
    let redirect = format!("{}{CALLBACK}", people::ORIGIN);
    if !known || challenge != told.challenge || field("redirect_uri") != Some(redirect) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    }
    let answer = json!({ "access_token": "x", "token_type": "Bearer", "id_token": told.token });
    (StatusCode::OK, Json(answer))
}

/// What a browser was sent to the provider with.
struct Asked {
    state: String,
    nonce: String,
    challenge: String,
    /// The cookie that it was given.
    tie: String,
}

struct Desk {
    site: Site,
    provider: Provider,
    _files: tempfile::TempDir,
}

impl Desk {
    /// Bob is subject 7 of the provider.
    async fn of(seed: u64) -> Self {
        let (provider, files) = (Provider::start().await, tempfile::tempdir().unwrap());
        let path = files.path().join("secret");
        std::fs::write(&path, format!("{SECRET}\n")).unwrap();
        let config = config(&provider.issuer, Some(path));
        let site = Site::with(World::peopled(seed).await, config).await;
        site.world.ok("ann", link(&provider.issuer, "7")).await;
        site.world.ok("bob", link(&provider.issuer, "7")).await;
        Self { site, provider, _files: files }
    }

    async fn begin(&self) -> Asked {
        let sent = send(self.site.serving.address, "GET", "/sign-in/provider", &[], b"").await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let tie = sent.header("set-cookie").unwrap();
        assert!(tie.contains("; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=300"), "{tie}");
        let to = openidconnect::url::Url::parse(sent.header("location").unwrap()).unwrap();
        assert_eq!(to.path(), "/authorize");
        let of = |name: &str| to.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        assert_eq!((of("response_type").as_str(), of("code_challenge_method").as_str()), ("code", "S256"));
        assert_eq!((of("client_id").as_str(), of("scope").as_str()), ("forewarn", "openid"));
        let tie = tie.split(';').next().unwrap().to_owned();
        Asked { state: of("state"), nonce: of("nonce"), challenge: of("code_challenge"), tie }
    }

    async fn back(&self, state: &str, cookie: &str) -> Answer {
        let path = format!("{CALLBACK}?code=abc&state={state}");
        send(self.site.serving.address, "GET", &path, &[("cookie", cookie)], b"").await
    }

    /// Goes there and back, with claims that were touched on the way.
    async fn sign_in(&self, change: impl FnOnce(&mut Value)) -> Answer {
        let asked = self.begin().await;
        let mut claims = self.provider.claims(&self.site, &asked);
        change(&mut claims);
        self.provider.says(&asked, &claims);
        self.back(&asked.state, &asked.tie).await
    }

    async fn session(&self, cookie: &str) -> Answer {
        send(self.site.serving.address, "GET", "/api/v1/session", &[("cookie", cookie)], b"").await
    }
}

fn config(issuer: &str, client_secret_file: Option<std::path::PathBuf>) -> Config {
    let oidc =
        oidc::Config { issuer: issuer.to_owned(), client_id: String::from("forewarn"), client_secret_file };
    let config = people::config(Approvals::Any);
    let identity = config.identity.clone().map(|identity| Identity { oidc: Some(oidc), ..identity });
    Config { identity, ..config }
}

fn subject(issuer: &str, name: &str) -> Subject {
    Subject { issuer: issuer.to_owned(), subject: name.to_owned() }
}

fn link(issuer: &str, name: &str) -> Command {
    Command::Subject(SubjectCommand::Link { operator: user("bob"), subject: subject(issuer, name) })
}

/// The cookie of the session that an answer opened.
fn opened(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), Some("/account"));
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn whatever_is_wrong_with_a_provider_s_word_nobody_is_signed_in() {
    let desk = Desk::of(261).await;
    let refused = desk.sign_in(|claims| claims["nonce"] = json!("another")).await;
    assert_eq!((refused.status, refused.json()["title"].as_str()), (403, Some("not signed in")));
    assert_eq!(refused.header("set-cookie"), None);
    let changes: [fn(&mut Value); 8] = [
        |claims| drop(claims.as_object_mut().unwrap().remove("nonce")),
        |claims| claims["aud"] = json!("another client"),
        |claims| claims["iss"] = json!("http://127.0.0.1:1"),
        |claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 1),
        |claims| claims["sub"] = json!("8"),
        |claims| claims["sub"] = json!(" 7"),
        |claims| claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA"),
        |claims| claims["aud"] = json!(["forewarn", "another client"]),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(desk.sign_in(change).await, refused, "{number}");
    }
    // Signed by another key, by nobody, and with what the client shares with the provider.
    for (header, by_other) in
        [(json!({ "alg": "EdDSA", "kid": "one" }), true), (json!({ "alg": "none" }), false)]
    {
        let asked = desk.begin().await;
        let claims = desk.provider.claims(&desk.site, &asked);
        desk.provider.says(&asked, &claims);
        let forged = token(&key("one"), &header, &claims);
        let forged = if by_other { forged } else { format!("{}.", forged.rsplit_once('.').unwrap().0) };
        desk.provider.told.lock().unwrap().token = forged;
        assert_eq!(desk.back(&asked.state, &asked.tie).await, refused);
    }
    // A code that another browser's challenge was for.
    let (one, other) = (desk.begin().await, desk.begin().await);
    desk.provider.says(&other, &desk.provider.claims(&desk.site, &one));
    assert_eq!(desk.back(&one.state, &one.tie).await, refused);
    opened(&desk.sign_in(|_| {}).await);
}

#[tokio::test]
async fn an_answer_is_taken_once_from_the_browser_that_asked() {
    let desk = Desk::of(262).await;
    let asked = desk.begin().await;
    desk.provider.says(&asked, &desk.provider.claims(&desk.site, &asked));
    let other = desk.begin().await;
    // Put before another browser, or one without a cookie; a state that nobody was given.
    for (state, cookie) in [
        (asked.state.as_str(), other.tie.as_str()),
        (&asked.state, ""),
        (&asked.state, &format!("{}; {}", asked.tie, other.tie)),
        ("nonsense", "__Host-forewarn-provider=nonsense"),
    ] {
        assert_eq!(desk.back(state, cookie).await.status, 403, "{state} {cookie}");
    }
    opened(&desk.back(&asked.state, &asked.tie).await);
    assert_eq!(desk.back(&asked.state, &asked.tie).await.status, 403, "replayed");
    // The provider refused, and a sign-in that took too long.
    let path = format!("{CALLBACK}?error=access_denied&state={}", other.state);
    let refused = send(desk.site.serving.address, "GET", &path, &[("cookie", other.tie.as_str())], b"").await;
    assert_eq!(refused.status, 403);
    let late = desk.begin().await;
    let now = testbed::after(desk.site.world.clock.now(), 300 * 1_000_000);
    desk.site.world.clock.set(now);
    desk.provider.says(&late, &desk.provider.claims(&desk.site, &late));
    assert_eq!(desk.back(&late.state, &late.tie).await.status, 403);
}

#[tokio::test]
async fn a_linked_operator_reads_and_approves_nothing_and_is_out_when_unlinked() {
    let desk = Desk::of(263).await;
    let cookie = opened(&desk.sign_in(|_| {}).await);
    assert_eq!(desk.session(&cookie).await.json()["user"], "operator bob");
    // To approve takes presence, which no provider's word shows.
    let headers = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    let add = br#"{"operator":"mallory"}"#;
    let refused = send(desk.site.serving.address, "POST", "/api/v1/operators", &headers, add).await;
    assert_eq!((refused.status, refused.json()["title"].as_str()), (403, Some("step-up needed")));

    let subject = subject(&desk.provider.issuer, "7");
    let unlink = SubjectCommand::Unlink { subject, reason: String::from("left") };
    desk.site.world.clock.set(testbed::after(desk.site.world.clock.now(), 1));
    desk.site.world.ok("ann", Command::Subject(unlink)).await;
    assert_eq!(desk.session(&cookie).await.status, 401, "the session ends with the link");
    assert_eq!(desk.sign_in(|_| {}).await.status, 403);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_keeps_nobody_from_passkeys() {
    let site = Site::with(World::founded(264).await, config("http://127.0.0.1:1", None)).await;
    let away = site.send("GET", "/sign-in/provider", &[], b"").await;
    assert_eq!(away.status, 502, "{}", away.text());
    assert!(away.text().contains("passkey"));
    let page = site.send("GET", "/sign-in", &[], b"").await;
    assert!(page.text().contains("href=\"/sign-in/provider\"") && page.text().contains("id=\"sign-in\""));
    // Where none is configured there is none.
    let site = Site::with(World::founded(265).await, people::config(Approvals::Any)).await;
    for path in ["/sign-in/provider", &format!("{CALLBACK}?code=a&state=b")] {
        assert_eq!(site.send("GET", path, &[], b"").await.status, 404, "{path}");
    }
    assert!(!site.send("GET", "/sign-in", &[], b"").await.text().contains("/sign-in/provider"));
}
