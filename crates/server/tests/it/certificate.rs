//! Tokens bound to client certificates, over real TLS.

use std::{fs, io, sync::Arc};

use program::{
    id::UserId,
    token::{Holder, Scope},
};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore, SignatureScheme,
    client::ResolvesClientCert,
    crypto::ring,
    pki_types::{PrivateKeyDer, ServerName},
    sign,
    version::{TLS12, TLS13},
};
use server::{Config, config::Tls};
use testbed::{DAY, World, after, member};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::http::{Answer, Site, answer, config};

type Own = CertifiedKey<KeyPair>;

fn certificate(name: &str) -> Own {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// A server that speaks TLS, and what its clients trust.
struct Desk {
    site: Site,
    trusted: RootCertStore,
    _files: tempfile::TempDir,
}

impl Desk {
    async fn of(world: World, client_certificates: bool) -> Self {
        let (own, files) = (certificate("localhost"), tempfile::tempdir().unwrap());
        let path = |name: &str, pem: String| {
            fs::write(files.path().join(name), pem).unwrap();
            files.path().join(name)
        };
        let tls = Tls {
            certificate: path("certificate", own.cert.pem()),
            key: path("key", own.signing_key.serialize_pem()),
            client_certificates,
        };
        let mut trusted = RootCertStore::empty();
        trusted.add(own.cert.der().clone()).unwrap();
        let site = Site::with(world, Config { tls: Some(tls), ..config() }).await;
        Self { site, trusted, _files: files }
    }

    /// A token of acme's that is good with a certificate alone.
    async fn bound(&self, to: &Own) -> String {
        let pinned = engine::tls::fingerprint(to.cert.pem().as_bytes()).unwrap();
        let until = after(self.site.world.clock.now(), 30 * DAY * 1_000_000);
        let (console, holder) = (UserId::console(), Holder::Member(member("acme")));
        let scopes = [Scope::Fetch].into();
        let engine = &self.site.world.engine;
        let issued = engine.issue_bound_token(&console, holder, scopes, until, (Vec::new(), Some(pinned)));
        issued.await.unwrap().1.reveal().to_owned()
    }

    async fn ask(&self, shown: Option<&Own>, token: &str) -> Answer {
        let client = client(&self.trusted, &[&TLS13]);
        let client = match shown {
            None => client.with_no_client_auth(),
            Some(own) => client.with_client_auth_cert(vec![own.cert.der().clone()], key(own)).unwrap(),
        };
        self.get(client, token).await.unwrap()
    }

    async fn get(&self, client: ClientConfig, token: &str) -> io::Result<Answer> {
        let stream = TcpStream::connect(self.site.serving.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await?;
        let head = format!(
            "GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said).await?;
        Ok(answer(&said))
    }
}

fn client(
    trusted: &RootCertStore,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    builder.with_root_certificates(trusted.clone())
}

fn key(of: &Own) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(of.signing_key.serialize_der()).unwrap()
}

/// Shows a certificate without having its key.
#[derive(Debug)]
struct Impostor(Arc<sign::CertifiedKey>);

impl Impostor {
    fn of(shown: &Own, has: &Own) -> Arc<Self> {
        let key = ring::sign::any_supported_type(&key(has)).unwrap();
        Arc::new(Self(Arc::new(sign::CertifiedKey::new(vec![shown.cert.der().clone()], key))))
    }
}

impl ResolvesClientCert for Impostor {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<sign::CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_bound_token_is_good_over_a_connection_with_its_certificate_alone() {
    let desk = Desk::of(World::peopled(251).await, true).await;
    let (mine, other) = (certificate("acme.example"), certificate("acme.example"));
    let token = desk.bound(&mine).await;
    let unknown = desk.ask(Some(&mine), &token.replace("forewarn_", "forewarn_x")).await;
    assert_eq!(unknown.status, 401);
    assert_eq!(desk.ask(None, &token).await, unknown, "without a certificate: as a token that nobody has");
    assert_eq!(desk.ask(Some(&other), &token).await, unknown, "with another");
    let good = desk.ask(Some(&mine), &token).await;
    assert_eq!((good.status, good.json()["member"].as_str()), (200, Some("acme")));

    // Whoever has the certificate and not its key does not even come as far.
    let impostor = client(&desk.trusted, &[&TLS13]).with_client_cert_resolver(Impostor::of(&mine, &other));
    let refused = desk.get(impostor, &token).await;
    assert!(refused.is_err(), "{refused:?}");
    // A token that is bound to nothing needs none, and minds none.
    let free = desk.site.of_member("acme").await;
    for shown in [None, Some(&mine), Some(&other)] {
        assert_eq!(desk.ask(shown, &free).await.status, 200);
    }
    // One version alone.
    let old = client(&desk.trusted, &[&TLS12]).with_no_client_auth();
    assert!(desk.get(old, &free).await.is_err());
}

#[tokio::test]
async fn where_nobody_asks_for_certificates_bound_tokens_are_good_for_nothing() {
    let desk = Desk::of(World::peopled(252).await, false).await;
    let mine = certificate("acme.example");
    let token = desk.bound(&mine).await;
    for shown in [None, Some(&mine)] {
        assert_eq!(desk.ask(shown, &token).await.status, 401);
    }
    let free = desk.site.of_member("acme").await;
    assert_eq!(desk.ask(None, &free).await.status, 200);
}

#[tokio::test]
async fn a_listener_with_files_that_are_none_does_not_begin() {
    let world = World::founded(253).await;
    let (own, files) = (certificate("localhost"), tempfile::tempdir().unwrap());
    let path = files.path().join("both");
    for text in [String::new(), own.cert.pem(), own.signing_key.serialize_pem()] {
        fs::write(&path, text).unwrap();
        let tls = Tls { certificate: path.clone(), key: path.clone(), client_certificates: true };
        let begun = server::serve(Arc::clone(&world.engine), Config { tls: Some(tls), ..config() }).await;
        assert!(matches!(begun, Err(server::ServeError::Tls(_))));
    }
}
