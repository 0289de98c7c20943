//! The process: its listeners, and how it comes to an end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use engine::Engine;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use notify::Notifier;
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::{
    ahead,
    app::App,
    client_certificate::{self, Acceptor},
    config::Config,
    health,
    identity::{Identity, IdentityError},
    notices, router, streams, timer,
};

/// How long open answers may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// A server that cannot begin.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address cannot be used.
    #[error("cannot listen on `{address}`: {source}; choose another address, or stop what uses it")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("cannot use the certificate or its key: {0}; both are PEM files")]
    Tls(io::Error),
    /// The file that the clock is held against cannot be used.
    #[error("cannot keep how far the clock is trusted: {0}")]
    Clock(io::Error),
    /// Notices cannot be sent as they were configured.
    #[error("`[notices]` of the configuration cannot be used: {0}")]
    Notices(#[from] notify::mail::SetupError),
    /// Nobody could sign in as it was configured.
    #[error("`[identity]` of the configuration cannot be used: {0}")]
    Identity(#[from] IdentityError),
}

/// A server at work.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it tells of its health, if anywhere.
    pub admin: Option<SocketAddr>,
    /// What its handlers share.
    pub app: Arc<App>,
    handle: Handle<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Comes to an end: no new connection, open answers finished within the grace period.
    pub async fn stop(self) {
        // Streams first: they would hold the process open.
        self.app.stop();
        self.handle.graceful_shutdown(Some(GRACE));
        for task in self.tasks {
            // A task that panicked has nothing more to finish.
            let _ = task.await;
        }
    }
}

/// Begins to serve a program; returns once connections are taken.
///
/// # Errors
/// [`ServeError`] when an address, the certificate or the data folder cannot be used.
pub async fn serve(engine: Arc<Engine>, config: Config) -> Result<Serving, ServeError> {
    if let Some(anchor) = engine.clock().anchor() {
        anchor.resume(&engine.folder().clock()).map_err(ServeError::Clock)?;
    }
    // Before anything listens: a server that could not tell anybody does not begin.
    let notifier =
        config.notices.clone().map(|notices| Notifier::new(engine.clone(), notices)).transpose()?;
    let identity = match &config.identity {
        None => None,
        Some(identity) => Some(Identity::new(identity, engine.program().await.name())?),
    };
    let app = App::new(engine, identity, config.clone());
    let handle = Handle::new();
    let (listener, address) = listen(config.listen)?;
    let mut tasks = Vec::new();
    let main = router::routes(app.clone());
    tasks.push(match &config.tls {
        None => spawn(listener, main, &app, handle.clone())?,
        Some(tls) => {
            engine::tls::install();
            let asks = tls.client_certificates;
            let tls = if asks {
                client_certificate::config(tls)
            } else {
                RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await
            };
            let acceptor = Acceptor::new(tls.map_err(ServeError::Tls)?);
            spawn_tls(listener, acceptor, main, &app, handle.clone())?
        }
    });
    let mut admin = None;
    if let Some(wanted) = config.admin {
        let (listener, bound) = listen(wanted)?;
        tasks.push(spawn(listener, health::routes(app.clone()), &app, handle.clone())?);
        admin = Some(bound);
    }
    tasks.push(tokio::spawn(timer::run(app.clone())));
    tasks.push(tokio::spawn(streams::run(app.clone())));
    if config.timer {
        tasks.push(tokio::spawn(ahead::run(app.clone())));
    }
    if let Some(notifier) = notifier {
        tasks.push(tokio::spawn(notices::run(app.clone(), notifier)));
    }
    Ok(Serving { address, admin, app, handle, tasks })
}

fn listen(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), ServeError> {
    let fail = |source| ServeError::Listen { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    Ok((listener, bound))
}

fn spawn(
    listener: std::net::TcpListener,
    routes: Router,
    app: &App,
    handle: Handle<SocketAddr>,
) -> Result<JoinHandle<()>, ServeError> {
    let address = app.config.listen;
    let server = axum_server::from_tcp(listener).map_err(|source| ServeError::Listen { address, source })?;
    // HTTP/1 alone: telling the versions apart would wait for a first byte without a limit of time.
    let mut server = server.handle(handle).http1_only();
    limit(server.http_builder(), app);
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    Ok(tokio::spawn(async move { ended(server.serve(routes).await) }))
}

fn spawn_tls(
    listener: std::net::TcpListener,
    acceptor: Acceptor,
    routes: Router,
    app: &App,
    handle: Handle<SocketAddr>,
) -> Result<JoinHandle<()>, ServeError> {
    let address = app.config.listen;
    let server = axum_server::from_tcp(listener).map_err(|source| ServeError::Listen { address, source })?;
    let server = server.acceptor(acceptor);
    // HTTP/1 alone: telling the versions apart would wait for a first byte without a limit of time.
    let mut server = server.handle(handle).http1_only();
    limit(server.http_builder(), app);
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    Ok(tokio::spawn(async move { ended(server.serve(routes).await) }))
}

/// Whoever is slow to say what they want is not waited for.
fn limit(builder: &mut Builder<TokioExecutor>, app: &App) {
    let patience = Duration::from_secs(app.config.limits.header_seconds);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
}

fn ended(how: io::Result<()>) {
    if let Err(error) = how {
        tracing::error!(error = %error, "a listener stopped");
    }
}
