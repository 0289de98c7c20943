//! People in front of a browser: an authenticator in software, and the cookie that the server sets.

use std::net::SocketAddr;

use engine::passkey::{Invited, LinkCode};
use passkey::{
    authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod},
    client::{Client, DefaultClientData},
    crypto::rust_crypto::RustCryptoBackend,
    types::{
        Passkey,
        ctap2::{Aaguid, Ctap2Error},
        webauthn::{CredentialCreationOptions, CredentialRequestOptions},
    },
};
use program::{id::UserId, passkey::User};
use serde_json::{Value, json};
use server::{
    Config,
    identity::config::{Approvals, Identity},
};
use testbed::after;
use webauthn_rs::prelude::Url;

use crate::http::{Answer, Site, send};

pub(crate) const ORIGIN: &str = "https://portal.example";

/// A server that people sign in to.
pub(crate) fn config(approvals: Approvals) -> Config {
    let identity = Identity {
        origin: String::from(ORIGIN),
        rp_id: None,
        session_hours: 12,
        idle_minutes: 60,
        approvals,
        oidc: None,
    };
    Config { identity: Some(identity), ..crate::http::config() }
}

pub(crate) fn operator(id: &str) -> User {
    User::Operator(testbed::user(id))
}

pub(crate) fn at(member: &str, name: &str) -> User {
    User::AtMember { member: testbed::member(member), name: name.to_owned() }
}

/// Somebody who touches the authenticator and shows the right finger.
struct Present;

#[async_trait::async_trait]
impl UserValidationMethod for Present {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A browser with one passkey at most, at one server.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) server: SocketAddr,
    pub(crate) cookie: Option<String>,
    key: Option<Passkey>,
}

impl Browser {
    pub(crate) fn at(server: SocketAddr) -> Self {
        Self { server, cookie: None, key: None }
    }

    /// A browser whose person registered a passkey and is signed in.
    pub(crate) async fn of(site: &Site, user: User) -> Self {
        let mut browser = Self::at(site.serving.address);
        let code = link(site, user).await;
        let answer = browser.enrol(code.reveal(), "key").await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        browser
    }

    /// Asks as a page of the server does.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_from("same-origin", method, path, body).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, body).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &Value::Null).await
    }

    pub(crate) async fn ask_from(&mut self, from: &str, method: &str, path: &str, body: &Value) -> Answer {
        let cookie = self.cookie.clone().unwrap_or_default();
        let mut headers = vec![("sec-fetch-site", from), ("content-type", "application/json")];
        if self.cookie.is_some() {
            headers.push(("cookie", &cookie));
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let answer = send(self.server, method, path, &headers, &body).await;
        if let Some(set) = answer.header("set-cookie") {
            let (pair, attributes) = set.split_once("; ").unwrap();
            assert!(attributes.starts_with("Secure; HttpOnly; SameSite=Lax; Path=/"), "{set}");
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        answer
    }

    pub(crate) async fn enrol(&mut self, code: &str, label: &str) -> Answer {
        let begun = self.post("/api/v1/passkeys/enrol/begin", &json!({ "code": code })).await;
        if begun.status != 200 {
            return begun;
        }
        let body = self.create(&begun.json(), ORIGIN, label).await;
        self.post("/api/v1/passkeys/enrol/finish", &body).await
    }

    /// Makes a passkey for a challenge; returns what is posted.
    pub(crate) async fn create(&mut self, begun: &Value, origin: &str, label: &str) -> Value {
        let options: CredentialCreationOptions = serde_json::from_value(begun["options"].clone()).unwrap();
        let mut client = Client::new(self.authenticator());
        let made = client.register(&Url::parse(origin).unwrap(), options, DefaultClientData).await.unwrap();
        self.key = client.authenticator().store().clone();
        json!({ "ceremony": begun["ceremony"], "label": label, "credential": made })
    }

    pub(crate) async fn sign_in(&mut self) -> Answer {
        let begun = self.post("/api/v1/sign-in/begin", &Value::Null).await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let body = self.answer(&begun.json(), ORIGIN).await;
        self.post("/api/v1/sign-in/finish", &body).await
    }

    pub(crate) async fn step_up(&mut self) -> Answer {
        let begun = self.post("/api/v1/step-up/begin", &Value::Null).await;
        assert_eq!(begun.status, 200, "{}", begun.text());
        let body = self.answer(&begun.json(), ORIGIN).await;
        self.post("/api/v1/step-up/finish", &body).await
    }

    /// Answers a challenge; returns what is posted.
    pub(crate) async fn answer(&mut self, begun: &Value, origin: &str) -> Value {
        let options: CredentialRequestOptions = serde_json::from_value(begun["options"].clone()).unwrap();
        let mut client = Client::new(self.authenticator());
        let made =
            client.authenticate(&Url::parse(origin).unwrap(), options, DefaultClientData).await.unwrap();
        json!({ "ceremony": begun["ceremony"], "credential": made })
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Present, RustCryptoBackend> {
        Authenticator::new(Aaguid::new_empty(), self.key.clone(), Present, RustCryptoBackend)
    }
}

/// A link's code, made by the console for an operator, by ann for anybody else.
pub(crate) async fn link(site: &Site, user: User) -> LinkCode {
    let by = match user {
        User::Operator(_) => UserId::console(),
        User::AtMember { .. } => testbed::user("ann"),
    };
    let until = after(site.world.clock.now(), 3600 * 1_000_000);
    match site.world.engine.invite_user(&by, user, until).await.unwrap() {
        Invited::Made(_, code) => code,
        Invited::Waits => panic!("it waits"),
    }
}
