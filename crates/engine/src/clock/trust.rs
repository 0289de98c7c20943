//! Whether the wall clock may be followed: it is held against the time since the host was started, which nobody
//! can set.
//!
//! Both run at the same rate, since the kernel disciplines both; their difference changes only when somebody,
//! or a time daemon, sets the wall clock. A clock set back is refused by the log's own high-water mark. A clock
//! set forward would release early, which nobody can take back, so releases are held until two people have
//! looked.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use program::clock::FRESH;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checkpoint::write_durably;

/// How far the clock may be set without anybody looking; ties of what is early and late resolve to late.
pub const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Both clocks at one moment, in microseconds: since the epoch, and since the host was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readings {
    /// The wall clock.
    pub wall: i64,
    /// Time since the host was started, sleep included.
    pub boot: i64,
}

/// Where the wall clock stood beside the time since the host was started, when it was last trusted.
#[derive(Debug)]
pub struct Anchor {
    offset: AtomicI64,
    /// The newest word of two people that was taken up, in microseconds since the epoch; none stands at the least.
    confirmed: AtomicI64,
}

/// Why releases do not follow the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the host's clock was set by {by:#} while the host ran: nothing is released by the timer until the clock is right again, or two people have run `forewarn clock confirm`"
)]
pub struct Doubt {
    /// How far, forward or back.
    pub by: SignedDuration,
}

/// What is kept beside the log, so that a clock set between two runs is noticed too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Names the host's start; the offset means nothing after another one.
    boot: String,
    /// Wall clock less time since the start, in microseconds.
    offset: i64,
    /// The newest word of two people that was taken up; it is taken up once.
    confirmed: i64,
}

impl Readings {
    fn offset(self) -> i64 {
        self.wall.saturating_sub(self.boot)
    }
}

impl Anchor {
    /// Trusts the clock as it stands.
    #[must_use]
    pub fn at(readings: Readings) -> Self {
        Self { offset: AtomicI64::new(readings.offset()), confirmed: AtomicI64::new(i64::MIN) }
    }

    /// Compares the clock with where it was trusted.
    ///
    /// # Errors
    /// [`Doubt`] beyond the [`TOLERANCE`].
    pub fn check(&self, readings: Readings) -> Result<(), Doubt> {
        let by = readings.offset().saturating_sub(self.offset.load(Ordering::SeqCst));
        let by = SignedDuration::from_micros(by);
        if by.abs() < TOLERANCE {
            return Ok(());
        }
        // Whole seconds are what a person compares clocks in.
        Err(Doubt { by: SignedDuration::from_secs(by.as_secs()) })
    }

    /// Takes up the word of two people, given at an instant, that the clock is right as it stands; tells whether
    /// it was fresh, and not taken up before.
    pub fn accept(&self, readings: Readings, confirmed: Timestamp) -> bool {
        let (word, age) =
            (confirmed.as_microsecond(), readings.wall.saturating_sub(confirmed.as_microsecond()));
        let fresh = SignedDuration::from_micros(age).abs() < FRESH;
        if !fresh || self.confirmed.fetch_max(word, Ordering::SeqCst) >= word {
            return false;
        }
        self.offset.store(readings.offset(), Ordering::SeqCst);
        true
    }

    /// Takes up where an earlier process of the same host trusted the clock, if there was one.
    ///
    /// # Errors
    /// What the file system says; a file that does not read counts as none.
    pub fn resume(&self, file: &Path) -> io::Result<()> {
        let Some(boot) = boot_id() else { return Ok(()) };
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.keep(file),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<Kept>(&text) {
            Ok(kept) if kept.boot == boot => {
                self.offset.store(kept.offset, Ordering::SeqCst);
                self.confirmed.store(kept.confirmed, Ordering::SeqCst);
                Ok(())
            }
            _ => self.keep(file),
        }
    }

    /// Keeps where the clock is trusted for processes to come.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep(&self, file: &Path) -> io::Result<()> {
        let Some(boot) = boot_id() else { return Ok(()) };
        let (offset, confirmed) = (&self.offset, &self.confirmed);
        let kept =
            Kept { boot, offset: offset.load(Ordering::SeqCst), confirmed: confirmed.load(Ordering::SeqCst) };
        write_durably(file, &serde_json::to_vec(&kept)?)
    }
}

/// Names the host's start, where the system has a name for it.
///
/// **Source:** Linux, `random(4)`.
fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_clock_that_runs_is_trusted_and_one_that_was_set_is_not() {
        let start = Readings { wall: 1_780_272_000 * SECOND, boot: 500 * SECOND };
        let anchor = Anchor::at(start);
        let later = |wall: i64, boot: i64| Readings {
            wall: start.wall + wall * SECOND,
            boot: start.boot + boot * SECOND,
        };
        assert_eq!(anchor.check(later(86_400, 86_400)), Ok(()));
        assert_eq!(anchor.check(later(86_400 + 119, 86_400)), Ok(()));
        for by in [120, 86_400, -120] {
            let doubt = anchor.check(later(3_600 + by, 3_600)).unwrap_err();
            assert_eq!(doubt.by, SignedDuration::from_secs(by));
        }
        assert!(anchor.check(later(0, 3_600)).is_err(), "a host that slept must have slept on both clocks");
        let set = later(7_200, 3_600);
        let at = |seconds: i64| Timestamp::from_microsecond(set.wall + seconds * SECOND).unwrap();
        assert!(!anchor.accept(set, at(-900)), "a word that is stale");
        assert!(anchor.accept(set, at(-60)));
        assert_eq!(anchor.check(later(7_300, 3_700)), Ok(()));
        assert!(!anchor.accept(later(7_900, 3_700), at(-60)), "one word counts once");
        assert!(anchor.check(later(7_900, 3_700)).is_err());
    }

    #[test]
    fn a_clock_that_was_set_between_two_runs_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock");
        let start = Readings { wall: 1_780_272_000 * SECOND, boot: 500 * SECOND };
        Anchor::at(start).resume(&file).unwrap();
        let set = Readings { wall: start.wall + 86_400 * SECOND, boot: start.boot + 60 * SECOND };
        let second = Anchor::at(set);
        assert_eq!(second.check(set), Ok(()));
        second.resume(&file).unwrap();
        if boot_id().is_some() {
            assert!(second.check(set).is_err());
        }
        fs::write(&file, "not ours").unwrap();
        let third = Anchor::at(set);
        third.resume(&file).unwrap();
        assert_eq!(third.check(set), Ok(()));
    }
}
