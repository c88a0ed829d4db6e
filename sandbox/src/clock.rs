//! Time for the whole sandbox: milliseconds since the Unix epoch that never run backwards.
//!
//! The wall clock is read once, at the start; after that only the monotonic clock counts, so
//! solve times and result windows survive a change of the system's time.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = u64;

/// A clock that started at a known wall time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Millis,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place where this process reads the wall clock")]
    pub(crate) fn start() -> Self {
        // A wall clock before 1970 counts as 1970: only differences matter to the books.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_at: u64::try_from(since_epoch.as_millis()).unwrap_or(0) }
    }

    pub(crate) fn now(&self) -> Millis {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_at.saturating_add(elapsed)
    }
}
