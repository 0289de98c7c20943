//! The one clock. Everything else is told the time.

pub mod trust;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use self::trust::{Anchor, Doubt, Readings};

/// How far the clocks of two hosts may be apart without anybody being refused.
const APART: Duration = Duration::from_secs(2);

/// Where the program's instants come from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock, and what it is held against.
    System(Arc<Anchor>),
    /// A clock that stands still until it is set, for replays and tests; microseconds since the epoch.
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    /// Returns the system's clock, as it stands now beside the time since the host was started.
    #[must_use]
    pub fn system() -> Self {
        Self::System(Arc::new(Anchor::at(readings())))
    }

    /// Tells whether what no person watches may follow this clock.
    ///
    /// # Errors
    /// [`Doubt`] when the clock was set while the host ran.
    pub fn trusted(&self) -> Result<(), Doubt> {
        match self {
            Self::System(anchor) => anchor.check(readings()),
            Self::Simulated(_) => Ok(()),
        }
    }

    /// Takes up the word of two people, given at an instant, that the clock is right; tells whether it counts.
    #[must_use]
    pub fn accept(&self, confirmed: Timestamp) -> bool {
        match self {
            Self::System(anchor) => anchor.accept(readings(), confirmed),
            Self::Simulated(_) => false,
        }
    }

    /// Returns what the clock is held against; a simulated clock is held against nothing.
    #[must_use]
    pub fn anchor(&self) -> Option<&Anchor> {
        match self {
            Self::System(anchor) => Some(anchor),
            Self::Simulated(_) => None,
        }
    }

    /// Makes a clock that stands at an instant.
    #[must_use]
    pub fn simulated(at: Timestamp) -> Self {
        Self::Simulated(Arc::new(AtomicI64::new(at.as_microsecond())))
    }

    /// Returns the present instant, in whole microseconds as the log keeps it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let microseconds = match self {
            Self::System(_) => system_now().as_microsecond(),
            Self::Simulated(at) => at.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::MIN)
    }

    /// Waits until the clock has reached an instant that another host's clock was at, if it lacks little; a clock that
    /// lacks more is refused by whoever asks it.
    pub async fn reach(&self, mark: Timestamp) {
        let lacking = mark.duration_since(self.now());
        if let (Self::System(_), Ok(lacking)) = (self, Duration::try_from(lacking))
            && lacking <= APART
        {
            tokio::time::sleep(lacking).await;
        }
    }

    /// Sets a simulated clock; the system's clock is not ours to set.
    pub fn set(&self, at: Timestamp) {
        if let Self::Simulated(clock) = self {
            clock.store(at.as_microsecond(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

/// Reads both of the system's clocks.
fn readings() -> Readings {
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let boot = boot.tv_sec.saturating_mul(1_000_000).saturating_add(boot.tv_nsec / 1000);
    Readings { wall: system_now().as_microsecond(), boot }
}

/// Measures how long something takes, which no wall clock may.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
