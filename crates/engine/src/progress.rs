//! How far long work has come, told to whoever watches.

/// Watches long work.
pub trait Progress: Sync {
    /// Says what begins, and how many steps it has.
    fn begin(&self, what: &str, steps: u64);
    /// Says that some steps are done.
    fn step(&self, done: u64);
    /// Says that it is over.
    fn end(&self);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &str, _steps: u64) {}
    fn step(&self, _done: u64) {}
    fn end(&self) {}
}
