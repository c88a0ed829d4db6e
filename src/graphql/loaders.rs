//! Loaders: rows that many items of one answer point at, read in one query each.
//!
//! They batch and do not cache, so they may be shared by all requests. They are not scoped by the
//! caller: whoever sees a row may see the rows it points at.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, Loader};

use super::error::{ApiError, Result};
use crate::domain::{Account, AccountId, Key, KeyId, Transfer, TransferId};
use crate::store::{Store, StoreError};

/// A transfer whose corrections are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CorrectionsOf(TransferId);

struct Rows(Store);

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

impl Loader<AccountId> for Rows {
    type Value = Account;
    type Error = Arc<StoreError>;

    async fn load(&self, ids: &[AccountId]) -> Result<HashMap<AccountId, Account>, Self::Error> {
        Ok(by(self.0.accounts_by_ids(ids).await?, |account| account.id))
    }
}

impl Loader<KeyId> for Rows {
    type Value = Key;
    type Error = Arc<StoreError>;

    async fn load(&self, ids: &[KeyId]) -> Result<HashMap<KeyId, Key>, Self::Error> {
        Ok(by(self.0.keys_by_ids(ids).await?, |key| key.id))
    }
}

impl Loader<TransferId> for Rows {
    type Value = Transfer;
    type Error = Arc<StoreError>;

    async fn load(&self, ids: &[TransferId]) -> Result<HashMap<TransferId, Transfer>, Self::Error> {
        Ok(by(self.0.transfers_by_ids(ids).await?, |transfer| transfer.id))
    }
}

impl Loader<CorrectionsOf> for Rows {
    type Value = Vec<Transfer>;
    type Error = Arc<StoreError>;

    async fn load(&self, of: &[CorrectionsOf]) -> Result<HashMap<CorrectionsOf, Vec<Transfer>>, Self::Error> {
        let ids: Vec<TransferId> = of.iter().map(|of| of.0).collect();
        let mut corrections: HashMap<CorrectionsOf, Vec<Transfer>> = HashMap::new();
        for transfer in self.0.corrections_of(&ids).await? {
            if let Some(corrected) = transfer.corrects {
                corrections.entry(CorrectionsOf(corrected)).or_default().push(transfer);
            }
        }
        Ok(corrections)
    }
}

/// The loaders of the schema.
pub(crate) struct Loaders(DataLoader<Rows>);

impl Loaders {
    pub(crate) fn new(store: Store) -> Self {
        Self(DataLoader::new(Rows(store), tokio::spawn))
    }

    /// An account that a row points at.
    pub(crate) async fn account(&self, id: AccountId) -> Result<Account> {
        self.0.load_one(id).await?.ok_or_else(|| ApiError::broken("a row points at no account"))
    }

    /// A key that a row points at.
    pub(crate) async fn key(&self, id: KeyId) -> Result<Key> {
        self.0.load_one(id).await?.ok_or_else(|| ApiError::broken("a row points at no key"))
    }

    /// A transfer that a row points at.
    pub(crate) async fn transfer(&self, id: TransferId) -> Result<Transfer> {
        self.0.load_one(id).await?.ok_or_else(|| ApiError::broken("a row points at no transfer"))
    }

    /// The transfers that correct this one, oldest first.
    pub(crate) async fn corrections(&self, of: TransferId) -> Result<Vec<Transfer>> {
        Ok(self.0.load_one(CorrectionsOf(of)).await?.unwrap_or_default())
    }
}
