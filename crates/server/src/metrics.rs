//! What is counted, for whoever watches the server.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// The server's metrics; names carry their unit.
pub struct Metrics {
    registry: Registry,
    /// Copies handed out whole or in part.
    pub fetches: Counter<u64, AtomicU64>,
    /// Requests without a good token.
    pub refused_tokens: Counter<u64, AtomicU64>,
    /// Requests for copies whose signature was not good, or was missing.
    pub refused_signatures: Counter<u64, AtomicU64>,
    /// Tries with what is not good that were told to wait.
    pub limited_tries: Counter<u64, AtomicU64>,
    /// Repeated fetches that were told to wait.
    pub limited_fetches: Counter<u64, AtomicU64>,
    /// Waves released by the timer for the first time.
    pub releases: Counter<u64, AtomicU64>,
    /// Attempts of the timer that failed.
    pub failed_releases: Counter<u64, AtomicU64>,
    /// How late the newest release was.
    pub release_lag_seconds: Gauge<f64, AtomicU64>,
    /// Notices that their receivers took.
    pub notices_sent: Counter<u64, AtomicU64>,
    /// Attempts to send one that failed.
    pub failed_notices: Counter<u64, AtomicU64>,
    /// Notices that wait.
    pub waiting_notices: Gauge<i64, AtomicI64>,
    /// Notices that were given up.
    pub dead_notices: Gauge<i64, AtomicI64>,
    /// How long the oldest waiting notice waits.
    pub outbox_age_seconds: Gauge<f64, AtomicU64>,
    /// Open streams of events.
    pub streams: Gauge<i64, AtomicI64>,
    /// Entries of the log that this process knows.
    pub entries: Gauge<i64, AtomicI64>,
    /// Whether the clock is trusted: 1 or 0.
    pub clock_trusted: Gauge<i64, AtomicI64>,
}

impl Metrics {
    /// Makes metrics that all stand at 0.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("forewarn");
        let metrics = Self {
            fetches: Counter::default(),
            refused_tokens: Counter::default(),
            refused_signatures: Counter::default(),
            limited_tries: Counter::default(),
            limited_fetches: Counter::default(),
            releases: Counter::default(),
            failed_releases: Counter::default(),
            release_lag_seconds: Gauge::default(),
            notices_sent: Counter::default(),
            failed_notices: Counter::default(),
            waiting_notices: Gauge::default(),
            dead_notices: Gauge::default(),
            outbox_age_seconds: Gauge::default(),
            streams: Gauge::default(),
            entries: Gauge::default(),
            clock_trusted: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("fetches", "Copies handed out", metrics.fetches.clone());
        let refused = "Requests without a good token";
        registry.register("refused_tokens", refused, metrics.refused_tokens.clone());
        let refused = "Requests for copies without the signature that they should have";
        registry.register("refused_signatures", refused, metrics.refused_signatures.clone());
        let limited = "Tries with a token, code or sign-in that is not good, told to wait";
        registry.register("limited_tries", limited, metrics.limited_tries.clone());
        let limited = "Repeated fetches told to wait";
        registry.register("limited_fetches", limited, metrics.limited_fetches.clone());
        registry.register("releases", "Waves released at their instant", metrics.releases.clone());
        let failed = "Releases that were tried and failed";
        registry.register("failed_releases", failed, metrics.failed_releases.clone());
        let lag = "How late the newest release was";
        registry.register("release_lag_seconds", lag, metrics.release_lag_seconds.clone());
        registry.register("notices", "Notices that were taken", metrics.notices_sent.clone());
        let failed = "Attempts to send a notice that failed";
        registry.register("failed_notices", failed, metrics.failed_notices.clone());
        registry.register("waiting_notices", "Notices that wait", metrics.waiting_notices.clone());
        registry.register("dead_notices", "Notices that were given up", metrics.dead_notices.clone());
        let age = "How long the oldest waiting notice waits";
        registry.register("outbox_age_seconds", age, metrics.outbox_age_seconds.clone());
        registry.register("event_streams", "Open streams of events", metrics.streams.clone());
        registry.register("log_entries", "Entries of the log", metrics.entries.clone());
        registry.register(
            "clock_trusted",
            "Whether releases follow the clock",
            metrics.clock_trusted.clone(),
        );
        Self { registry, ..metrics }
    }

    /// Writes the metrics as they are scraped.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text fails only when a metric does, and none of ours can.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
