//! The task that sends notices, and what is known of it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engine::{notices::Alarm, timer::overdue};
use jiff::SignedDuration;
use notify::Notifier;
use tokio::time::{sleep, timeout};

use crate::{app::App, timer::LATE};

/// How long the sender sleeps at most.
const LOOK: Duration = Duration::from_millis(500);

/// How long a notice may wait before the server calls itself not ready: one whose receiver fails is tried again for
/// longer than that, and says so by its number of attempts.
const OLD: SignedDuration = SignedDuration::from_mins(5);

/// How long attempts under way may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// What the sender and the timer tell each other, and whoever asks.
#[derive(Debug, Default)]
pub struct Notices {
    /// Whether releases are held because the clock is not trusted.
    pub held: AtomicBool,
    /// Why the sender cannot work, if it cannot.
    failing: Mutex<Option<String>>,
}

/// Sends until the server stops.
pub async fn run(app: Arc<App>, mut notifier: Notifier) {
    let mut stopping = app.stopping();
    let mut growth = app.engine.growth();
    while !*stopping.borrow() {
        growth.mark_unchanged();
        let looked = notifier.step(&alarms(&app).await).await;
        match &looked {
            Ok(step) => {
                app.metrics.notices_sent.inc_by(step.sent as u64);
                app.metrics.failed_notices.inc_by(step.failed as u64);
            }
            Err(error) => tracing::error!(error = %error, "notices cannot be sent"),
        }
        app.notices.set_failing(looked.err().map(|error| error.to_string()));
        tokio::select! {
            () = sleep(LOOK) => {}
            () = notifier.ended() => {}
            _ = growth.changed() => {}
            _ = stopping.changed() => {}
        }
    }
    // What was under way and is not recorded is sent again, under the same key.
    match timeout(GRACE, notifier.finish()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(error = %error, "what came of the last notices is not recorded"),
        Err(_) => tracing::warn!("some notices were under way when the server stopped"),
    }
}

/// Lists what operators must know now.
async fn alarms(app: &App) -> Vec<Alarm> {
    let late = {
        let program = app.engine.program().await;
        !overdue(&program, app.engine.clock().now(), LATE).is_empty()
    };
    let held = app.notices.held.load(Ordering::Relaxed);
    let found = [(held, Alarm::ClockHeld), (late, Alarm::Late)];
    found.into_iter().filter_map(|(is, alarm)| is.then_some(alarm)).collect()
}

impl Notices {
    fn set_failing(&self, why: Option<String>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// Tells whether notices leave.
///
/// # Errors
/// What keeps them, in words.
pub async fn leaving(app: &App) -> Result<(), String> {
    if app.config.notices.is_none() {
        return Ok(());
    }
    if let Some(why) = app.notices.failing.lock().unwrap_or_else(PoisonError::into_inner).clone() {
        return Err(why);
    }
    let waiting = app.engine.waiting_notices().await.map_err(|error| error.to_string())?;
    let now = app.engine.clock().now();
    let untried =
        waiting.iter().filter(|row| row.attempts == 0 && now.duration_since(row.queued) > OLD).count();
    match untried {
        0 => Ok(()),
        some => Err(format!("{some} notices wait for more than {OLD:#} and were never tried")),
    }
}
