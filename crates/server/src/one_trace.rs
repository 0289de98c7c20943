//! One trace at a time: each takes all of a core for as long as it takes.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// The one place that a trace is made in.
#[derive(Debug)]
pub(crate) struct OneTrace(Arc<Semaphore>);

impl Default for OneTrace {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl OneTrace {
    /// Takes the place until what is returned is dropped.
    ///
    /// # Errors
    /// [`Problem::tracing`] while it is taken.
    pub(crate) fn begin(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| Problem::tracing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_trace_is_told_to_come_again_and_may_once_the_first_is_over() {
        let place = OneTrace::default();
        let first = place.begin().unwrap();
        assert_eq!(place.begin().unwrap_err(), Problem::tracing());
        drop(first);
        assert!(place.begin().is_ok());
    }
}
