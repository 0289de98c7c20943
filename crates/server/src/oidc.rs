//! Operators sign in at their organisation's identity provider: authorization code with PKCE, answered to the browser
//! that asked, once. Whom the provider vouches for is nobody here until the log says which operator that is.
//!
//! **Source:** OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700, section 2.1.

use std::{fmt, fs, future::Future, io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use engine::session::Ceremony;
use jiff::Timestamp;
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm as Alg, CoreProviderMetadata},
    http,
};
use program::{passkey::User, subject::Subject};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    app::App,
    auth::{refresh, source},
    identity, limits,
    problem::Problem,
};

/// Where browsers come back to; what is registered at the provider.
const CALLBACK: &str = "/sign-in/provider/callback";

/// The cookie that ties an answer to the browser that asked: nobody is signed in by another's answer.
const COOKIE: &str = "__Host-forewarn-provider";

/// Largest answer of a provider, in bytes.
const LARGEST: usize = 1 << 20;

/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a provider may sign with; a shared secret would let whoever has the client's vouch for anybody.
const SIGNED: [Alg; 8] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
    Alg::RsaSsaPssSha512,
];

/// The identity provider of the operators' organisation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its issuer identifier, as in `https://id.example`.
    pub issuer: String,
    /// Under which name it knows this server.
    pub client_id: String,
    /// A file with the secret that goes with the name, if there is one.
    pub client_secret_file: Option<PathBuf>,
}

/// A configuration of a provider that cannot be used.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// No issuer that is safe to ask.
    #[error("`issuer` is `{0}`: write an https address, without `?` and `#`; http only for this host")]
    Issuer(String),
    /// No secret there.
    #[error("`client_secret_file`, `{path}`: {source}", path = path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No client of HTTP can be made.
    #[error("no client of HTTP can be made: {0}")]
    Client(String),
}

/// A provider that operators may sign in at.
pub struct Provider {
    issuer: IssuerUrl,
    client: ClientId,
    secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    http: Asking,
}

/// Asks the provider, without redirects and for so long.
struct Asking(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Asking {
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failed>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(fetch(&self.0, request))
    }
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is kept while somebody is at the provider.
#[derive(Serialize, Deserialize)]
struct Asked {
    nonce: String,
    verifier: String,
}

/// What a browser brings back.
#[derive(Deserialize)]
struct Answered {
    state: String,
    /// Absent where the provider refused.
    code: Option<String>,
}

/// A provider that did not do as it should; whoever signs in is told no more than that.
#[derive(Debug, Error)]
#[error("{0}")]
struct Failed(String);

impl Provider {
    /// Makes it of what was configured; the origin is the one of this server's pages.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub fn new(config: &Config, origin: &str) -> Result<Self, ProviderError> {
        let bad = || ProviderError::Issuer(config.issuer.escape_debug().to_string());
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|_| bad())?;
        let url = issuer.url();
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let secure = url.scheme() == "https" || (url.scheme() == "http" && here);
        if !secure || url.query().is_some() || url.fragment().is_some() {
            return Err(bad());
        }
        let secret = config.client_secret_file.as_ref().map(|path| {
            let text = fs::read_to_string(path);
            let text = text.map_err(|source| ProviderError::Secret { path: path.clone(), source })?;
            Ok(ClientSecret::new(text.trim().to_owned()))
        });
        engine::tls::install();
        let client = |error: &dyn fmt::Display| ProviderError::Client(error.to_string());
        // A redirect would take the code or the client's secret somewhere else.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        Ok(Self {
            issuer,
            client: ClientId::new(config.client_id.clone()),
            secret: secret.transpose()?,
            redirect: RedirectUrl::new(format!("{origin}{CALLBACK}")).map_err(|error| client(&error))?,
            http: Asking(http.build().map_err(|error| client(&error))?),
        })
    }

    /// Asks the provider how it is to be asked, and for its keys as they are now.
    async fn client(&self) -> Result<Client, Failed> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let found = found.map_err(|error| failed("its description", &error))?;
        let client = CoreClient::from_provider_metadata(found, self.client.clone(), self.secret.clone());
        Ok(client.set_redirect_uri(self.redirect.clone()))
    }

    /// Returns the subject that a code stands for.
    async fn subject(&self, code: String, asked: Asked, now: Timestamp) -> Result<Subject, Failed> {
        let client = self.client().await?;
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| failed("its description", &error))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(asked.verifier));
        let response = request.request_async(&self.http).await.map_err(|error| failed("the code", &error))?;
        let token = response.id_token().ok_or_else(|| Failed(String::from("it sent no ID token")))?;
        let now = chrono::DateTime::from_timestamp(now.as_second(), 0).unwrap_or_default();
        let verifier = client.id_token_verifier().set_allowed_algs(SIGNED).set_time_fn(move || now);
        let claims = token.claims(&verifier, &Nonce::new(asked.nonce));
        let claims = claims.map_err(|error| failed("the ID token", &error))?;
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(|error| failed("the ID token", &error))?;
            let alg = token.signing_alg().map_err(|error| failed("the ID token", &error))?;
            let found = AccessTokenHash::from_token(response.access_token(), alg, key);
            if found.map_err(|error| failed("the access token", &error))? != *expected {
                return Err(Failed(String::from("its access token is not the one of its ID token")));
            }
        }
        Ok(Subject { issuer: self.issuer.as_str().to_owned(), subject: claims.subject().as_str().to_owned() })
    }
}

/// Builds the routes by which a browser goes there and comes back.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/sign-in/provider", get(begin)).route(CALLBACK, get(finish))
}

async fn begin(State(app): State<Arc<App>>, parts: Parts) -> Result<Response, Problem> {
    let provider = app.identity()?.provider().ok_or_else(Problem::not_found)?;
    if let Some(from) = source(&parts, &app) {
        limits::begun(&app, from).await?;
    }
    let client = provider.client().await.map_err(|error| unanswered(&error))?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let nonce = Nonce::new_random();
    let asked = Asked { nonce: nonce.secret().clone(), verifier: verifier.secret().clone() };
    let kept = serde_json::to_string(&asked).map_err(|_| Problem::internal())?;
    let begun = app.engine.begin_ceremony(Ceremony::Provider, "", &kept).await;
    let text = begun.map_err(|error| Problem::of_store(&error))?.ok_or_else(Problem::busy)?;
    let state = CsrfToken::new(text.reveal().to_owned());
    let (url, ..) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
        .set_pkce_challenge(challenge)
        .url();
    let tie = cookie(text.reveal(), 300)?;
    Ok(([(header::SET_COOKIE, tie)], Redirect::to(url.as_str())).into_response())
}

async fn finish(
    State(app): State<Arc<App>>,
    Query(Answered { state, code }): Query<Answered>,
    parts: Parts,
) -> Result<Response, Problem> {
    let provider = app.identity()?.provider().ok_or_else(Problem::not_found)?;
    match operator(&app, provider, &parts.headers, &state, code).await {
        Ok(user) => {
            let session = identity::open_session(&app, &user, None).await?;
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/account")]).into_response();
            for value in [session, cookie("", 0)?] {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
            Ok(response)
        }
        Err(problem) => {
            app.metrics.refused_tokens.inc();
            let from = source(&parts, &app).filter(|_| problem.is_forbidden());
            let limited = match from {
                Some(from) => limits::bad_try(&app, from).await,
                None => None,
            };
            Err(limited.unwrap_or(problem))
        }
    }
}

/// Finds the operator that an answer of the provider stands for; whatever is wrong, the browser is told the same.
async fn operator(
    app: &App,
    provider: &Provider,
    headers: &HeaderMap,
    state: &str,
    code: Option<String>,
) -> Result<User, Problem> {
    // Without the cookie somebody else's answer was put before this browser.
    if read(headers) != Some(state) {
        return Err(Problem::not_signed_in());
    }
    let taken = app.engine.take_ceremony(Ceremony::Provider, state).await;
    let (_, kept) = taken.map_err(|error| Problem::of_store(&error))?.ok_or_else(Problem::not_signed_in)?;
    let asked: Asked = serde_json::from_str(&kept).map_err(|_| Problem::not_signed_in())?;
    let code = code.ok_or_else(Problem::not_signed_in)?;
    let subject = provider.subject(code, asked, app.engine.clock().now()).await.map_err(|error| {
        tracing::warn!(error = %error, "a sign-in at the identity provider came to nothing");
        Problem::not_signed_in()
    })?;
    refresh(app).await?;
    let program = app.engine.program().await;
    let user = program.subjects().operator(&subject).cloned().map(User::Operator);
    user.filter(|user| user.may_act(&program)).ok_or_else(|| {
        tracing::warn!(
            issuer = subject.issuer,
            subject = subject.subject,
            "nobody linked this subject: `forewarn operator link` does"
        );
        Problem::not_signed_in()
    })
}

/// Asks a provider something; redirects are not followed, and of a long answer the beginning alone is no answer.
async fn fetch(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Failed> {
    let request = reqwest::Request::try_from(request).map_err(|error| failed("the request", &error))?;
    let mut response = client.execute(request).await.map_err(|error| failed("an answer", &error))?;
    let mut answer = http::Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.clone_from(response.headers());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed("an answer", &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(Failed(format!("its answer is longer than {LARGEST} bytes")));
        }
    }
    answer.body(body).map_err(|error| failed("an answer", &error))
}

fn failed(what: &str, error: &dyn std::error::Error) -> Failed {
    let mut says = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        says.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    Failed(says)
}

fn unanswered(error: &Failed) -> Problem {
    tracing::error!(error = %error, "the identity provider cannot be asked");
    let detail = "the identity provider did not answer as it should, and that was written down; try again, or \
         sign in with a passkey";
    Problem::new(StatusCode::BAD_GATEWAY, "identity provider", detail)
}

fn cookie(text: &str, seconds: u32) -> Result<HeaderValue, Problem> {
    let line = format!("{COOKIE}={text}; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}");
    let mut value = HeaderValue::try_from(line).map_err(|_| Problem::internal())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads the cookie; of several none.
fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, text)| text);
    let (first, second) = (own.next()?, own.next());
    if second.is_some() { None } else { Some(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_over_tls_or_on_this_host() {
        let of = |issuer: &str, secret: Option<&str>| {
            let client_secret_file = secret.map(PathBuf::from);
            let config =
                Config { issuer: issuer.to_owned(), client_id: String::from("fw"), client_secret_file };
            Provider::new(&config, "https://warn.example").err().map(|error| error.to_string())
        };
        for bad in [
            "id.example",
            "http://id.example",
            "https://id.example/?a",
            "https://id.example/#a",
            "ftp://x",
            "",
        ] {
            assert!(of(bad, None).is_some_and(|says| says.starts_with("`issuer`")), "{bad}");
        }
        assert!(of("https://id.example", Some("/nowhere/secret")).unwrap().contains("client_secret_file"));
        for good in ["https://id.example/realm", "http://127.0.0.1:9000", "http://localhost"] {
            assert_eq!(of(good, None), None, "{good}");
        }
    }
}
