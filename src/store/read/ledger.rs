//! What the audit of the ledger recomputes from.

use entity::{account, attempt, provider_key, transfer};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::all;
use crate::domain::{Account, AccountId, Attempt, Key, KeyId, Transfer};
use crate::store::{Store, StoreError, rows};

impl Store {
    /// Accounts after an id, in the order of their ids: a walk over all of them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn accounts_after(&self, id: AccountId, limit: u64) -> Result<Vec<Account>, StoreError> {
        let query =
            account::Entity::find().filter(account::Column::Id.gt(id.0)).order_by_asc(account::Column::Id).limit(limit);
        all(query.all(&self.inner.reader).await?, rows::account)
    }

    /// Keys after an id, in the order of their ids: a walk over all of them.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys_after(&self, id: KeyId, limit: u64) -> Result<Vec<Key>, StoreError> {
        let query = provider_key::Entity::find()
            .filter(provider_key::Column::Id.gt(id.0))
            .order_by_asc(provider_key::Column::Id)
            .limit(limit);
        all(query.all(&self.inner.reader).await?, rows::key)
    }

    /// Every transfer of an account in ledger order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ledger_of(&self, account: AccountId) -> Result<Vec<Transfer>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::AccountId.eq(account.0))
            .order_by_asc(transfer::Column::Seq);
        let found = query.all(&self.inner.reader).await?;
        found.into_iter().map(|row| rows::transfer(row, false)).collect()
    }

    /// Every attempt on a key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempts_on(&self, key: KeyId) -> Result<Vec<Attempt>, StoreError> {
        let query = attempt::Entity::find().filter(attempt::Column::KeyId.eq(key.0)).order_by_asc(attempt::Column::Id);
        all(query.all(&self.inner.reader).await?, rows::attempt)
    }

    /// The credit posted for an attempt, with its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn credits_of_key(&self, key: KeyId) -> Result<Vec<(Option<Uuid>, Transfer)>, StoreError> {
        let query = transfer::Entity::find().filter(transfer::Column::KeyId.eq(key.0));
        let found = query.all(&self.inner.reader).await?;
        found.into_iter().map(|row| Ok((row.attempt_id, rows::transfer(row, false)?))).collect()
    }
}
