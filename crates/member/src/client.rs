//! Asking the program over HTTP.

use std::{
    fs,
    io::{self, Read},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use package::{
    Digest, MemberSigner,
    fetching::{self, FetchFields, FetchStatement},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tlog::Hash;
use ureq::{
    Agent, Body,
    http::{Response, StatusCode, Uri, header},
    tls::{ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem},
};

use crate::{clock, keygen::random, settings::Reached};

/// Largest answer that is held in memory, in bytes.
const LARGEST: u64 = 64 << 20;

/// What the program has on record of the member.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Me {
    pub(crate) member: String,
    pub(crate) name: String,
    pub(crate) standing: String,
    pub(crate) tier: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) signing_key: Option<String>,
    /// Which key signatures of fetches are checked with now; a program that knows of none does not say.
    #[serde(default)]
    pub(crate) fetch_key: Option<String>,
    #[serde(default)]
    pub(crate) signature_required: bool,
    pub(crate) unconfirmed: Vec<String>,
    pub(crate) agreement_until: Option<String>,
}

/// A copy that may be fetched now.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) case: String,
    pub(crate) item: String,
    pub(crate) sha256: String,
    pub(crate) acknowledged_at: Option<String>,
}

#[derive(Deserialize)]
struct Consistency {
    hashes: Vec<Hash>,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// A connection to the program, in the member's name.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    /// Empty before there is one.
    token: String,
}

/// A sealed copy that is coming, whole or from where an earlier fetch stopped.
pub(crate) struct Coming {
    /// Names the sealing; bytes of another one do not fit.
    pub(crate) tag: String,
    /// Whether these bytes go on from those that are there.
    pub(crate) goes_on: bool,
    /// How many bytes are coming, if the server says so.
    pub(crate) size: Option<u64>,
    pub(crate) bytes: Box<dyn Read>,
}

impl Client {
    /// Makes a connection with the member's token.
    pub(crate) fn new(server: &Reached) -> anyhow::Result<Self> {
        let path = &server.token_file;
        let token =
            fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?.trim().to_owned();
        ensure!(
            token.starts_with("forewarn_") && token.chars().all(|c| c.is_ascii_graphic()),
            "`{}` holds no token: it is one line that starts with `forewarn_`",
            path.display()
        );
        let certificate = server.certificate.as_ref().map(|(chain, key)| shown(chain, key)).transpose()?;
        Self::reach(&server.url, (server.ca.as_deref(), certificate), server.plain_http, token)
    }

    /// Makes a connection without a token, for whoever has none yet.
    pub(crate) fn without_token(url: &str, ca: Option<&Path>, plain_http: bool) -> anyhow::Result<Self> {
        Self::reach(url, (ca, None), plain_http, String::new())
    }

    fn reach(
        url: &str,
        (ca, certificate): (Option<&Path>, Option<ClientCert>),
        plain_http: bool,
        token: String,
    ) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        ensure!(
            url.starts_with("https://") || plain_http || is_loopback(&url),
            "`{url}` would carry the token in the clear: use https, or say `--plain-http` where a tunnel protects it"
        );
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the token somewhere else.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)));
        let mut tls = TlsConfig::builder().client_cert(certificate);
        if let Some(ca) = ca {
            tls = tls.root_certs(roots(ca)?);
        }
        config = config.tls_config(tls.build());
        Ok(Self { agent: config.build().into(), url, token })
    }

    pub(crate) fn me(&self) -> anyhow::Result<Me> {
        self.json("/api/v1/me")
    }

    pub(crate) fn copies(&self) -> anyhow::Result<Vec<Line>> {
        self.json("/api/v1/copies")
    }

    pub(crate) fn receipt(&self, case: &str, item: &str) -> anyhow::Result<Vec<u8>> {
        self.bytes(&format!("/api/v1/cases/{case}/items/{item}/receipt"))
    }

    pub(crate) fn checkpoint(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.bytes("/log/checkpoint")?)?)
    }

    pub(crate) fn vkey(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.bytes("/log/vkey")?)?)
    }

    pub(crate) fn consistency(&self, old: u64, new: u64) -> anyhow::Result<Vec<Hash>> {
        self.json::<Consistency>(&format!("/api/v1/log/consistency?old={old}&new={new}")).map(|it| it.hashes)
    }

    /// Sends something in the member's name; returns what is answered.
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Vec<u8>> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let response = request.send_json(body).with_context(|| format!("`{}{path}`", self.url))?;
        let mut body = sound(response, path)?.into_body();
        body.with_config().limit(LARGEST).read_to_vec().with_context(|| format!("`{}{path}`", self.url))
    }

    /// Begins to fetch a sealed copy; with a tag, from a byte on.
    ///
    /// With a key the request is signed, so that it is this member's and goes once.
    pub(crate) fn copy(
        &self,
        case: &str,
        item: &str,
        from: Option<(u64, &str)>,
        signer: Option<&MemberSigner>,
    ) -> anyhow::Result<Coming> {
        let path = fetching::path(case, item);
        let mut request = self.agent.get(format!("{}{path}", self.url));
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if let Some(signer) = signer {
            let FetchFields { input, signature, token } = self.signed(case, item, signer)?;
            request = request.header("signature-input", input).header("signature", signature);
            request = request.header(fetching::TOKEN_FIELD, token);
        }
        if let Some((from, tag)) = from {
            request = request.header(header::RANGE, format!("bytes={from}-")).header(header::IF_RANGE, tag);
        }
        let response = request.call().with_context(|| format!("`{}{path}`", self.url))?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && from.is_some() {
            return self.copy(case, item, None, signer);
        }
        let response = sound(response, &path)?;
        let text =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let tag = text(header::ETAG).unwrap_or_default();
        let size = text(header::CONTENT_LENGTH).and_then(|size| size.parse().ok());
        let goes_on = response.status() == StatusCode::PARTIAL_CONTENT;
        let bytes = Box::new(response.into_body().into_reader());
        Ok(Coming { tag, goes_on, size, bytes })
    }

    fn signed(&self, case: &str, item: &str, signer: &MemberSigner) -> anyhow::Result<FetchFields> {
        let url: Uri = self.url.parse().with_context(|| format!("`{}`", self.url))?;
        let host = url.authority().with_context(|| format!("`{}` names no host", self.url))?;
        let host = host.as_str().rsplit('@').next().unwrap_or_default();
        let statement = FetchStatement {
            authority: fetching::authority(host, url.scheme_str() == Some("https")),
            case: case.to_owned(),
            item: item.to_owned(),
            query: None,
            token: Digest::of(self.token.as_bytes()),
        };
        Ok(statement.sign(signer, clock::now()?, random())?)
    }

    /// Opens the stream of wake-ups.
    pub(crate) fn events(&self) -> anyhow::Result<Box<dyn Read>> {
        let response = self.get("/api/v1/events")?;
        Ok(Box::new(response.into_body().into_reader()))
    }

    fn json<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let bytes = self.bytes(path)?;
        serde_json::from_slice(&bytes).with_context(|| {
            format!("`{path}` answered with something else than this tool reads: update the tool")
        })
    }

    fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let mut body = self.get(path)?.into_body();
        body.with_config().limit(LARGEST).read_to_vec().with_context(|| format!("`{}{path}`", self.url))
    }

    fn get(&self, path: &str) -> anyhow::Result<Response<Body>> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        sound(request.call().with_context(|| format!("`{}{path}`", self.url))?, path)
    }
}

fn sound(response: Response<Body>, path: &str) -> anyhow::Result<Response<Body>> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let mut body = response.into_body();
    let said = body.with_config().limit(1 << 16).read_to_vec().unwrap_or_default();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        let detail = serde_json::from_slice::<Problem>(&said).map(|it| it.detail).unwrap_or_default();
        return Err(Later(format!("`{path}`: {detail} ({status})")).into());
    }
    match serde_json::from_slice::<Problem>(&said) {
        Ok(Problem { detail }) => bail!("`{path}`: {detail} ({status})"),
        Err(_) => {
            bail!("`{path}`: the server answered {status}: check `--url`, and ask the program's operators")
        }
    }
}

/// Reads a client certificate and its key.
fn shown(chain: &Path, key: &Path) -> anyhow::Result<ClientCert> {
    let named = |path: &Path| format!("`{}`", path.display());
    let pem = fs::read(chain).with_context(|| named(chain))?;
    let found = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    let certificates = found.collect::<Result<Vec<_>, _>>().with_context(|| named(chain))?;
    ensure!(!certificates.is_empty(), "`{}` holds no certificate: give a PEM file", chain.display());
    let secret = fs::read(key).with_context(|| named(key))?;
    let secret = PrivateKey::from_pem(&secret);
    let secret =
        secret.with_context(|| format!("`{}` holds no private key: give a PEM file", key.display()))?;
    Ok(ClientCert::new_with_certs(&certificates, secret))
}

fn roots(path: &Path) -> anyhow::Result<RootCerts> {
    let pem = fs::read(path).with_context(|| format!("`{}`", path.display()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item? {
            certificates.push(certificate);
        }
    }
    ensure!(!certificates.is_empty(), "`{}` holds no certificate: give a PEM file", path.display());
    Ok(RootCerts::from(certificates))
}

fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or(rest);
    // Whoever names a user in the address means something else than a host of this machine.
    if authority.contains('@') {
        return false;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    host.is_some_and(|host| {
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The program asks to come again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Later(String);

/// Tells whether asking again later may help.
pub(crate) fn is_passing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<ureq::Error>() || cause.is::<io::Error>() || cause.is::<Later>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_is_this_host() {
        for here in ["http://127.0.0.1:8440", "http://localhost", "http://[::1]:80/x", "http://127.9.9.9"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in [
            "http://127.0.0.1.example",
            "http://localhost.example:80",
            "http://localhost@evil.example",
            "http://127.0.0.1:80@evil.example",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }
}
