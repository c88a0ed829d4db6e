//! Where the pool learns from: the store at start, this process's commits as they happen, and other
//! processes' commits by a look at what has changed.

use std::sync::PoisonError;
use std::time::Duration;

use super::{Pool, State};
use crate::domain::{Key, KeyStatus, Timestamp};
use crate::store::{Changes, Observer, Store, StoreError};

/// How far each look reaches back behind the one before: a change carries the time of its process's
/// clock and shows when it commits, so both skew and a slow commit must fit in.
const OVERLAP: Duration = Duration::from_secs(3);

/// How often the statistics of other processes are taken over.
const STATISTICS_EVERY: Duration = Duration::from_secs(10);

/// How far such a look reaches back; a bucket of time must be shorter than this.
const STATISTICS_LOOKBACK: Duration = Duration::from_secs(15 * 60);

/// How far other processes' changes were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    keys: Timestamp,
    statistics: Timestamp,
}

impl Cursor {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { keys: now, statistics: now }
    }
}

impl Pool {
    /// Fills the pool from the store. Called once before the first decision, with the pool observing
    /// already: what commits meanwhile is not lost, since the newer version of a key wins.
    ///
    /// # Errors
    /// Fails when the store does.
    pub async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let now = self.clock.now();
        let horizon = self.read().statistics.horizon(now);
        let counts = store.key_counts().await?;
        let keys = store.pool_keys().await?;
        let statistics = store.stats_since(horizon).await?;
        self.change(|state| {
            for key in &keys {
                state.index.apply(key, now);
            }
            let removed = counts.iter().filter(|(_, status, _)| *status == KeyStatus::Removed);
            state.index.loaded(now, removed.map(|(provider, _, count)| (*provider, *count)));
            state.statistics.replace(&statistics, now);
            true
        });
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = Cursor::at(now);
        Ok(())
    }

    /// Takes over what other processes have changed since the last look, and moves the keys whose
    /// moment has come. Meant to run every second.
    ///
    /// # Errors
    /// Fails when the store does; the next look then reaches further back.
    pub async fn follow(&self, store: &Store) -> Result<(), StoreError> {
        let now = self.clock.now();
        let cursor = *self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = store.keys_changed_since(cursor.keys.minus(OVERLAP)).await?;
        let statistics_due = now.since(cursor.statistics) >= STATISTICS_EVERY;
        let statistics = match statistics_due {
            true => store.stats_since(cursor.statistics.minus(STATISTICS_LOOKBACK)).await?,
            false => Vec::new(),
        };
        self.change(|state| {
            let changed = apply_keys(state, &keys, now);
            state.statistics.replace(&statistics, now);
            changed
        });
        self.pass_time(now);
        let statistics = if statistics_due { now } else { cursor.statistics };
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = Cursor { keys: now, statistics };
        Ok(())
    }
}

impl Observer for Pool {
    fn committed(&self, changes: &Changes) {
        let now = self.clock.now();
        self.change(|state| {
            state.statistics.add(&changes.stats, now);
            apply_keys(state, &changes.keys, now)
        });
    }
}

fn apply_keys(state: &mut State, keys: &[Key], now: Timestamp) -> bool {
    let mut changed = false;
    for key in keys {
        changed |= state.index.apply(key, now);
    }
    changed
}
