//! `forewarn serve`: the program over HTTP, with the timer.

use std::{
    fs,
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use engine::{Clock, Engine, Entropy};
use sd_notify::NotifyState;
use serde::Serialize;
use server::{Config, Serving, config::Tls};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{args::Common, output, session::data};

/// How many open files the server asks for, and below how many it complains.
const FILES: u64 = 65_536;
const FEW_FILES: u64 = 4096;

/// Serve the program: what members fetch, what operators' machines ask and do, the public log; release waves.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn serve --data ./acme --listen 127.0.0.1:8440
  forewarn token new --data ./acme --member veltrune --scope fetch
  forewarn-member fetch --url http://127.0.0.1:8440 --token-file token --identity veltrune.agekey --out ./early

It speaks plain HTTP unless it is given a certificate: put a proxy with TLS in front, or name one. Other verbs work
beside it on the same data folder. What it says of itself goes to standard error, a JSON object a line
(FOREWARN_LOG=debug says more); neither titles nor texts nor keys are in it.")]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "FOREWARN_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where health and metrics are asked for
    #[arg(long, env = "FOREWARN_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    admin_listen: Option<SocketAddr>,
    /// A TOML file with `listen`, `admin`, `timer`, `[tls]`, `[limits]`, `[notices]` and `[identity]`; what is said here goes before it
    #[arg(long, env = "FOREWARN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The certificate chain, PEM
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, requires = "tls_certificate", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Release nothing by itself: another process has the timer
    #[arg(long)]
    no_timer: bool,
}

pub(crate) async fn run(common: &Common, args: ServeArgs) -> anyhow::Result<()> {
    let config = config(args)?;
    let filter = EnvFilter::try_from_env("FOREWARN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber is refused; there is none before this one.
    let _ = log.try_init();
    let engine = Engine::open(data(common)?, Clock::system(), Entropy::System).await?;
    room_for_connections();
    let name = {
        let program = engine.program().await;
        if let Some(why) = program.policies().closed_because() {
            tracing::error!(why, "the policies cannot be asked");
        }
        program.name().to_owned()
    };
    let engine = Arc::new(engine);
    let tls = config.tls.is_some();
    let mut stop = Stop::new().context("cannot listen for signals")?;
    let serving = server::serve(engine.clone(), config).await?;
    ready(common, &name, tls, &serving)?;
    supervisor(&NotifyState::Ready);
    stop.wait().await;
    tracing::info!("stopping");
    supervisor(&NotifyState::Stopping);
    serving.stop().await;
    if let Some(engine) = Arc::into_inner(engine) {
        engine.close().await;
    }
    Ok(())
}

/// Reads a server's configuration.
pub(crate) fn read(path: &Path) -> anyhow::Result<Config> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    Config::parse(&text).with_context(|| format!("`{}` is no configuration", path.display()))
}

/// Tells systemd, where it asked to be told.
fn supervisor(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(error = %error, "systemd cannot be told");
    }
}

/// Every open stream of a member is a file, and so is every fetch.
fn room_for_connections() {
    match rlimit::increase_nofile_limit(FILES) {
        Ok(files) if files < FEW_FILES => {
            tracing::warn!(files, "few connections are allowed: raise the limit on open files (LimitNOFILE)");
        }
        Ok(files) => tracing::debug!(files, "open files allowed"),
        Err(error) => tracing::warn!(error = %error, "the limit on open files cannot be read"),
    }
}

fn config(args: ServeArgs) -> anyhow::Result<Config> {
    let mut config = match &args.config {
        None => Config::default(),
        Some(path) => read(path)?,
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    config.admin = args.admin_listen.or(config.admin);
    if let (Some(certificate), Some(key)) = (args.tls_certificate, args.tls_key) {
        let client_certificates = config.tls.is_some_and(|tls| tls.client_certificates);
        config.tls = Some(Tls { certificate, key, client_certificates });
    }
    config.timer &= !args.no_timer;
    Ok(config)
}

fn ready(common: &Common, name: &str, tls: bool, serving: &Serving) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Ready<'a> {
        program: &'a str,
        url: &'a str,
        admin: Option<String>,
    }
    let url = format!("{}://{}", if tls { "https" } else { "http" }, serving.address);
    let admin = serving.admin.map(|admin| format!("http://{admin}"));
    if common.json {
        // One line, so that whoever waits for it reads one.
        output::say(serde_json::to_string(&Ready { program: name, url: &url, admin })?);
        return Ok(());
    }
    output::say(format_args!("serving `{name}` at {url}"));
    if std::io::stderr().is_terminal() {
        if let Some(admin) = admin {
            output::aside(format_args!("health and metrics at {admin}"));
        }
        output::aside("stop with Ctrl-C");
    }
    Ok(())
}

/// The signals that end a server.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
