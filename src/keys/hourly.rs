//! How often an account may do something in an hour, in this process's memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::{AccountId, Timestamp};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The recent deeds of each account.
pub(super) struct Hourly {
    most: usize,
    moments: Mutex<HashMap<AccountId, Vec<Timestamp>>>,
}

impl Hourly {
    pub(super) fn new(most: usize) -> Self {
        Self { most, moments: Mutex::default() }
    }

    /// Counts one more, in any hour that ends now.
    ///
    /// # Errors
    /// There were as many as may be; then nothing is counted, and the moment of the next one is told.
    pub(super) fn count(&self, account: AccountId, now: Timestamp) -> Result<(), Timestamp> {
        // Every change is whole, also under a holder that panicked.
        let mut all = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, moments| moments.last().is_some_and(|last| now.since(*last) < HOUR));
        let recent = all.entry(account).or_default();
        recent.retain(|moment| now.since(*moment) < HOUR);
        if recent.len() >= self.most {
            return Err(recent[0].plus(HOUR));
        }
        recent.push(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_account_has_so_many_in_any_hour() {
        let hourly = Hourly::new(2);
        let [ada, bo] = [1, 2].map(|number| AccountId(Uuid::from_u128(number)));
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(hourly.count(ada, at(0)), Ok(()));
        assert_eq!(hourly.count(ada, at(60)), Ok(()));
        assert_eq!(hourly.count(ada, at(120)), Err(at(3_600)));
        assert_eq!(hourly.count(bo, at(120)), Ok(()));
        assert_eq!(hourly.count(ada, at(3_599)), Err(at(3_600)));
        assert_eq!(hourly.count(ada, at(3_600)), Ok(()));
        assert_eq!(hourly.count(ada, at(3_600)), Err(at(3_660)));
    }
}
