//! The routing pool: every key that could be lent, in memory, and the decision which one a task gets.
//!
//! It follows commits and never asks the database while it decides. A change of one key costs
//! O(log n), and nothing is ever built anew. Its answer is a proposal: the guarded hold in the
//! database has the last word, and a lease then falls back on the shortlist. Ranking providers is
//! `routing`'s part.

mod decide;
mod draw;
mod follow;
mod index;
mod overview;
mod statistics;
mod summary;
mod tree;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::watch;

pub use draw::DrawSeed;
pub use overview::ProviderOverview;
pub use summary::summary;

use crate::domain::clock::SharedClock;
use crate::domain::provider::ProviderInfo;
use crate::domain::{Decision, ProviderCode, Timestamp};
use follow::Cursor;
use index::Index;
use statistics::Statistics;

/// Settings of routing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// By how much a requester's own balance can raise a score, in percent.
    pub bias_cap_percent: u32,
    /// After which time an observation counts for half.
    pub half_life: Duration,
}

/// The pool.
pub struct Pool {
    infos: Vec<ProviderInfo>,
    settings: PoolSettings,
    clock: SharedClock,
    state: RwLock<State>,
    cursor: Mutex<Cursor>,
    changes: watch::Sender<u64>,
}

struct State {
    index: Index,
    statistics: Statistics,
    pauses: HashMap<ProviderCode, Timestamp>,
}

impl State {
    /// Until when calls to a provider are paused, `None` when they are not.
    fn paused_until(&self, provider: ProviderCode, now: Timestamp) -> Option<Timestamp> {
        self.pauses.get(&provider).copied().filter(|until| *until > now)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.index.is_due(now) || self.statistics.is_due(now)
    }
}

impl Pool {
    /// An empty pool for these providers, in catalogue order.
    #[must_use]
    pub fn new(infos: Vec<ProviderInfo>, settings: PoolSettings, clock: SharedClock) -> Arc<Self> {
        let state = State {
            index: Index::new(&infos),
            statistics: Statistics::new(settings.half_life),
            pauses: HashMap::new(),
        };
        let cursor = Mutex::new(Cursor::at(clock.now()));
        Arc::new(Self { infos, settings, clock, state: RwLock::new(state), cursor, changes: watch::Sender::new(0) })
    }

    /// A number that grows with every change to what [`Pool::overview`] shows.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Pauses a provider until a moment, or ends its pause.
    pub fn pause(&self, provider: ProviderCode, until: Option<Timestamp>) {
        self.change(|state| {
            let before = match until {
                Some(until) => state.pauses.insert(provider, until),
                None => state.pauses.remove(&provider),
            };
            before != until
        });
    }

    /// The decision in one English sentence, with its main reason.
    #[must_use]
    pub fn summary(&self, decision: &Decision) -> String {
        summary(decision, &self.infos)
    }

    /// Moves the keys and drops the observations whose moment has come.
    fn pass_time(&self, now: Timestamp) {
        if !self.read().is_due(now) {
            return;
        }
        self.change(|state| {
            let moved = state.index.is_due(now);
            state.index.move_due(now);
            state.statistics.drop_old(now);
            moved
        });
    }

    /// Changes the state, and wakes who watches when the closure says that something changed.
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let changed = change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
