//! One request to a receiver nobody vouches for: bounded in time and size, and only to addresses that were checked.
//!
//! The address that was checked is the address that is spoken to: a name is resolved once, and the connection is made
//! here. There is no proxy, no redirect is followed, and nothing is kept of the answer but its status.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Uri, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::address::is_public;

/// How long a request may take, from the name to the end of the answer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How much of an answer is taken in at most; the connection is closed then.
pub const ANSWER: usize = 64 << 10;

/// How long a receiver may take over an answer's body, of which nothing is needed.
const POLITE: Duration = Duration::from_secs(1);

/// Answers with the addresses of a name.
pub type Table = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Where the addresses of a name come from.
#[derive(Clone)]
pub enum Names {
    /// The system's resolver.
    System,
    /// A table, for tests.
    Table(Table),
}

/// Sends requests.
#[derive(Clone)]
pub struct Poster {
    tls: TlsConnector,
    names: Names,
    loopback: bool,
}

/// Why a request came to nothing; none of it quotes what the receiver said.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PostError {
    /// Not a URL that may be asked.
    #[error("its URL cannot be used")]
    Url,
    /// Plain HTTP.
    #[error("it does not speak TLS, and is on another host")]
    Plain,
    /// The name has no address.
    #[error("its name leads nowhere: {0}")]
    Name(String),
    /// The name leads into a network that is nobody's business.
    #[error("its name leads to {0}, which is not a public address")]
    NotPublic(IpAddr),
    /// Nothing listens.
    #[error("it cannot be reached: {0}")]
    Connect(String),
    /// TLS fails.
    #[error("TLS with it fails: {0}")]
    Tls(String),
    /// No answer that is one.
    #[error("it gives no answer of HTTP: {0}")]
    Http(String),
    /// Too slow.
    #[error("it took longer than {} seconds", LIMIT.as_secs())]
    Slow,
}

impl Poster {
    /// Makes a sender that trusts the usual certificate authorities and those that are given.
    ///
    /// # Errors
    /// What is wrong with the authorities.
    pub fn new(
        names: Names,
        loopback: bool,
        own: Vec<CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for authority in own {
            roots.add(authority)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), names, loopback })
    }

    /// Posts a body; returns the status of the answer.
    ///
    /// # Errors
    /// [`PostError`], within [`LIMIT`].
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: String) -> Result<u16, PostError> {
        timeout(LIMIT, self.try_post(url, headers, body)).await.map_err(|_| PostError::Slow)?
    }

    async fn try_post(&self, url: &str, headers: &[(&str, &str)], body: String) -> Result<u16, PostError> {
        let uri: Uri = url.parse().map_err(|_| PostError::Url)?;
        let authority = uri.authority().ok_or(PostError::Url)?;
        if authority.as_str().contains('@') {
            return Err(PostError::Url);
        }
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(PostError::Url),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let addresses = self.resolve(host, port, secure).await?;
        let stream = connect(&addresses).await?;
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let mut request = Request::post(path).header("host", authority.as_str());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| PostError::Url)?;
        if !secure {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| PostError::Url)?;
        let stream =
            self.tls.connect(name, stream).await.map_err(|error| PostError::Tls(error.to_string()))?;
        exchange(stream, request).await
    }

    /// Finds the addresses of a host; one that is not public spoils them all.
    async fn resolve(&self, host: &str, port: u16, secure: bool) -> Result<Vec<SocketAddr>, PostError> {
        let nowhere = |error: io::Error| PostError::Name(error.to_string());
        let found: Vec<SocketAddr> = match (&self.names, host.parse::<IpAddr>()) {
            (_, Ok(address)) => vec![SocketAddr::new(address, port)],
            (Names::System, Err(_)) => {
                tokio::net::lookup_host((host, port)).await.map_err(nowhere)?.collect()
            }
            (Names::Table(table), Err(_)) => {
                table(host).into_iter().map(|address| SocketAddr::new(address, port)).collect()
            }
        };
        for address in &found {
            let own = self.loopback && address.ip().is_loopback();
            if !own && !is_public(address.ip()) {
                return Err(PostError::NotPublic(address.ip()));
            }
            if !own && !secure {
                return Err(PostError::Plain);
            }
        }
        if found.is_empty() {
            return Err(PostError::Name(String::from("no address")));
        }
        Ok(found)
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, PostError> {
    let unreachable = |error: io::Error| PostError::Connect(error.kind().to_string());
    match timeout(CONNECT, TcpStream::connect(addresses)).await {
        Ok(connected) => connected.map_err(unreachable),
        Err(_) => Err(PostError::Connect(String::from("no connection in time"))),
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, PostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| PostError::Http(plainly(&error));
    let mut builder = http1::Builder::new();
    builder.max_buf_size(ANSWER).max_headers(64);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(failed)?;
        let status = answer.status().as_u16();
        // The status is all that counts; a little of the rest is taken in so that the receiver can finish.
        let mut body = answer.into_body();
        let mut taken = 0;
        let drain = async {
            while let Some(Ok(frame)) = body.frame().await {
                taken += frame.data_ref().map_or(0, Bytes::len);
                if taken > ANSWER {
                    break;
                }
            }
        };
        // Whether it finished in time changes nothing.
        let _ = timeout(POLITE, drain).await;
        Ok(status)
    };
    tokio::pin!(connection, answered);
    tokio::select! {
        answer = &mut answered => answer,
        ended = &mut connection => match ended {
            Err(error) => Err(failed(error)),
            // The connection ended in order: the answer is there, or never comes.
            Ok(()) => answered.await,
        },
    }
}

/// Says what went wrong without quoting the receiver.
fn plainly(error: &hyper::Error) -> String {
    let says = match () {
        () if error.is_parse_too_large() => "its headers are too large",
        () if error.is_parse() => "it speaks something else",
        () if error.is_incomplete_message() => "it hangs up",
        () => "the connection breaks off",
    };
    String::from(says)
}
