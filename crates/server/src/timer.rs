//! The timer's task: it looks every second at most, and says what it did.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use engine::{
    WriteError,
    timer::{Tick, Timer, overdue},
};
use jiff::SignedDuration;
use tokio::time::sleep;

use crate::app::App;

/// How long the timer sleeps at most: what it sleeps by and what instants are of are two clocks.
const LOOK: Duration = Duration::from_secs(1);

/// How long it sleeps at least, however near the next instant is.
const NAP: Duration = Duration::from_millis(5);

/// How late a release may be before the server calls itself not ready.
pub(crate) const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Runs until the server stops; without the timer it still takes in what other replicas append.
pub async fn run(app: Arc<App>) {
    let mut timer = Timer::default();
    let mut growth = app.engine.growth();
    let mut stirs = app.engine.stirs();
    let mut stopping = app.stopping();
    while !*stopping.borrow() {
        let looked = look(&app, &mut timer).await;
        match looked {
            Ok(tick) => tell(&app, &tick),
            Err(error) => tracing::error!(error = %error, "the log cannot be read"),
        }
        if app.config.timer
            && let Some(cadence) = app.config.cadence()
            && let Err(error) = app.engine.heartbeat(cadence).await
        {
            tracing::error!(error = %error, "no heartbeat could be logged");
        }
        growth.mark_unchanged();
        tokio::select! {
            () = sleep(nap(&app, &timer)) => {}
            _ = growth.changed() => {}
            _ = stirs.changed() => {}
            _ = stopping.changed() => {}
        }
    }
}

/// Returns how long it is to the next instant, within bounds; the look after it reads the clock again.
fn nap(app: &App, timer: &Timer) -> Duration {
    let left = timer.next().map(|next| next.duration_since(app.engine.clock().now()));
    left.map_or(LOOK, |left| Duration::try_from(left).unwrap_or(NAP).clamp(NAP, LOOK))
}

async fn look(app: &App, timer: &mut Timer) -> Result<Tick, WriteError> {
    app.engine.still_here().await?;
    if app.config.timer {
        return timer.tick(&app.engine).await;
    }
    app.engine.refresh().await.map(|_| Tick::default())
}

fn tell(app: &App, tick: &Tick) {
    for done in &tick.released {
        if done.released.first {
            app.metrics.releases.inc();
            app.metrics.release_lag_seconds.set(done.lag.as_secs_f64());
        }
        tracing::info!(
            case = %done.case,
            wave = %done.wave,
            granted = done.released.granted,
            withheld = done.released.withheld,
            first = done.released.first,
            lag_seconds = done.lag.as_secs_f64(),
            "released"
        );
    }
    for (case, wave, error) in &tick.failed {
        app.metrics.failed_releases.inc();
        tracing::error!(case = %case, wave = %wave, error = %error, "a due wave could not be released");
    }
    app.notices.held.store(tick.held.is_some(), Ordering::Relaxed);
    if let Some(doubt) = &tick.held {
        tracing::error!(doubt = %doubt, "releases are held");
    }
}

/// Tells whether every due wave was released in time.
///
/// # Errors
/// Which ones were not, in words.
pub async fn on_time(app: &App) -> Result<(), String> {
    let late = overdue(&*app.engine.program().await, app.engine.clock().now(), LATE);
    match late.first() {
        None => Ok(()),
        Some((_, _, by)) => {
            Err(format!("{} waves are due and not released, the first for {by:#}", late.len()))
        }
    }
}
