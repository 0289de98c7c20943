//! What every handler shares.

use std::sync::Arc;

use engine::Engine;
use tokio::sync::{Semaphore, watch};

use crate::{
    config::Config, identity::Identity, limits::Full, metrics::Metrics, notices::Notices,
    one_trace::OneTrace, problem::Problem, sealed::SealedCopies, streams::Streams,
};

/// The running program behind the routes.
pub struct App {
    /// The program.
    pub engine: Arc<Engine>,
    /// Sealed copies that a fetch may be resumed from.
    pub sealed: SealedCopies,
    /// Members that wait to be woken.
    pub(crate) streams: Streams,
    /// Networks that tried too often with what is not good.
    pub full: Full,
    /// What is counted.
    pub metrics: Metrics,
    /// What is known of the sending of notices.
    pub notices: Notices,
    /// How it knows people, where they may sign in.
    pub identity: Option<Identity>,
    /// What it was told at its start.
    pub config: Config,
    /// Where traces are made.
    pub(crate) one_trace: OneTrace,
    /// Who may read the log from its beginning: one at a time, and the others wait.
    pub(crate) replaying: Semaphore,
    stopping: watch::Sender<bool>,
}

impl App {
    /// Makes the shared state of a server.
    #[must_use]
    pub fn new(engine: Arc<Engine>, identity: Option<Identity>, config: Config) -> Arc<Self> {
        let sealed = SealedCopies::new(config.limits.sealed);
        let stopping = watch::Sender::new(false);
        Arc::new(Self {
            engine,
            sealed,
            streams: Streams::default(),
            full: Full::default(),
            metrics: Metrics::new(),
            notices: Notices::default(),
            identity,
            config,
            one_trace: OneTrace::default(),
            replaying: Semaphore::new(1),
            stopping,
        })
    }

    /// Returns how people are known.
    ///
    /// # Errors
    /// [`Problem::no_identity`] where nobody can sign in.
    pub(crate) fn identity(&self) -> Result<&Identity, Problem> {
        self.identity.as_ref().ok_or_else(Problem::no_identity)
    }

    /// Tells everything that would run on to come to its end.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns what becomes true when the server stops.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
