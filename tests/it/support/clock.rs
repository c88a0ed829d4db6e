//! The machine's clock, moved ahead by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use key_recycling::domain::{Clock, SystemClock, Timestamp};

/// Runs with the machine's clock, ahead of it by what a test has added.
#[derive(Clone, Default)]
pub(crate) struct MovedClock {
    ahead_micros: Arc<AtomicI64>,
}

impl MovedClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_micros.fetch_add(i64::try_from(by.as_micros()).expect("a short time"), Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().micros() + self.ahead_micros.load(Ordering::SeqCst))
    }
}
