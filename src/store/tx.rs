//! An open transaction, what it changed, and who is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::DatabaseTransaction;

use super::{StatDelta, StoreError};
use crate::domain::clock::SharedClock;
use crate::domain::entropy::SharedEntropy;
use crate::domain::{AccountId, Clock, Entropy, Key, KeyId, ProviderCode, Timestamp};

/// What a committed transaction changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The changed keys with their new values.
    pub keys: Vec<Key>,
    /// Accounts with new events, and the newest sequence of each.
    pub accounts: Vec<(AccountId, i64)>,
    /// Observations that were added to the statistics.
    pub stats: Vec<StatDelta>,
    /// Providers that seem to reject every key.
    pub alarms: Vec<ProviderCode>,
}

/// Follows commits. Called after each, before the writer gets its answer.
pub trait Observer: Send + Sync {
    /// The changes are committed. Must not block; order between transactions is not guaranteed, so
    /// a key's `version` decides which of two values is the newer.
    fn committed(&self, changes: &Changes);
}

/// What every transaction of a store shares.
pub(super) struct Shared {
    pub(super) clock: SharedClock,
    pub(super) entropy: SharedEntropy,
    pub(super) observers: RwLock<Vec<Arc<dyn Observer>>>,
}

impl Shared {
    pub(super) fn tell(&self, changes: &Changes) {
        for observer in self.observers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            observer.committed(changes);
        }
    }
}

/// An open transaction.
pub struct Tx {
    pub(super) inner: DatabaseTransaction,
    pub(super) now: Timestamp,
    pub(super) touched: BTreeSet<KeyId>,
    pub(super) events: BTreeMap<AccountId, i64>,
    pub(super) stats: Vec<StatDelta>,
    alarms: BTreeSet<ProviderCode>,
    shared: Arc<Shared>,
}

impl Tx {
    pub(super) fn new(inner: DatabaseTransaction, shared: Arc<Shared>) -> Self {
        let now = shared.clock.now();
        Self {
            inner,
            now,
            touched: BTreeSet::new(),
            events: BTreeMap::new(),
            stats: Vec::new(),
            alarms: BTreeSet::new(),
            shared,
        }
    }

    /// The moment at which the transaction began: one time for all its rows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The clock that ids are made by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// The randomness that ids are made by.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.shared.entropy
    }

    /// Has the observers told, after the commit, that a provider seems to reject every key.
    pub fn raise_alarm(&mut self, provider: ProviderCode) {
        self.alarms.insert(provider);
    }

    /// Collects what the observers will be told once it is committed.
    pub(super) async fn changes(&mut self) -> Result<Changes, StoreError> {
        let ids: Vec<KeyId> = std::mem::take(&mut self.touched).into_iter().collect();
        Ok(Changes {
            keys: if ids.is_empty() { Vec::new() } else { self.keys_by_ids(&ids).await? },
            accounts: std::mem::take(&mut self.events).into_iter().collect(),
            stats: std::mem::take(&mut self.stats),
            alarms: std::mem::take(&mut self.alarms).into_iter().collect(),
        })
    }
}
