//! The unit of work: `store.write(name, |tx| …)` and nothing else writes.
//!
//! The work runs in a task of its own, so that a dropped request can't cancel it half way (a
//! cancelled transaction can poison a pooled connection). It commits on `Ok` and rolls back on
//! `Err`. The [`Tx`] notes each key and account it changes; after the commit and before `write`
//! returns, the observers are told.

use std::collections::BTreeMap;
use std::pin::Pin;

use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use tracing::Instrument;

use crate::domain::{AccountId, Clock, Entropy, Key, KeyId, Timestamp, guard};

use super::{StatDelta, Store, StoreError};

/// Work inside a transaction: a boxed future that may borrow the [`Tx`].
pub type Work<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// What a committed transaction changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The changed keys with their new values.
    pub keys: Vec<Key>,
    /// Accounts with new events, and the newest sequence of each.
    pub accounts: Vec<(AccountId, i64)>,
    /// Observations that were added to the statistics.
    pub stats: Vec<StatDelta>,
}

/// Follows commits. Called after each, before the writer gets its answer.
pub trait Observer: Send + Sync {
    /// The changes are committed. Must not block; order between transactions is not guaranteed, so
    /// a key's `version` decides which of two values is the newer.
    fn committed(&self, changes: &Changes);
}

/// An open transaction.
pub struct Tx {
    pub(super) inner: DatabaseTransaction,
    pub(super) now: Timestamp,
    pub(super) store: Store,
    pub(super) touched: BTreeMap<KeyId, ()>,
    pub(super) events: BTreeMap<AccountId, i64>,
    pub(super) stats: Vec<StatDelta>,
}

impl Tx {
    /// The moment at which the transaction began: one time for all its rows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The clock that ids are made by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.store.inner.clock
    }

    /// The randomness that ids are made by.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.store.inner.entropy
    }

    /// Collects what the observers will be told.
    async fn changes(&mut self) -> Result<Changes, StoreError> {
        let ids: Vec<KeyId> = std::mem::take(&mut self.touched).into_keys().collect();
        Ok(Changes {
            keys: if ids.is_empty() { Vec::new() } else { self.keys_by_ids(&ids).await? },
            accounts: std::mem::take(&mut self.events).into_iter().collect(),
            stats: std::mem::take(&mut self.stats),
        })
    }
}

impl Store {
    /// Runs the work in a transaction of its own task: commits on `Ok`, rolls back on `Err`.
    ///
    /// `name` appears in traces. Neither the vault nor the network may be used inside; the
    /// transport refuses to send there.
    ///
    /// # Errors
    /// Whatever the work answers, or the database's failure to begin or commit.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        let span = tracing::debug_span!("store.write", name);
        let task = self.inner.tasks.spawn(guard::transaction(async move { store.run(work).await }).instrument(span));
        match task.await {
            Ok(outcome) => outcome,
            Err(_) => Err(StoreError::Panicked.into()),
        }
    }

    async fn run<T, E, F>(self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E>,
        E: From<StoreError>,
    {
        // An upgrade from reading to writing fails on SQLite without waiting, so write from the start.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let inner = self.inner.writer.begin_with_options(options).await.map_err(StoreError::from)?;
        let mut tx = Tx {
            inner,
            now: self.inner.clock.now(),
            store: self.clone(),
            touched: BTreeMap::new(),
            events: BTreeMap::new(),
            stats: Vec::new(),
        };
        match work(&mut tx).await {
            Ok(value) => {
                let changes = tx.changes().await?;
                tx.inner.commit().await.map_err(StoreError::from)?;
                self.tell(&changes);
                Ok(value)
            }
            Err(error) => {
                tx.inner.rollback().await.map_err(StoreError::from)?;
                Err(error)
            }
        }
    }

    fn tell(&self, changes: &Changes) {
        let observers = self.inner.observers.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        for observer in observers.iter() {
            observer.committed(changes);
        }
    }
}
