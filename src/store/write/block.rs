//! Keys that are taken from nobody, whoever holds or held them.

use entity::{blocked_key, provider_key};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult};
use uuid::Uuid;

use crate::domain::{KeyId, ProviderCode};
use crate::store::{StoreError, Tx};

impl Tx {
    /// Whether the key is blocked.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_key_blocked(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<bool, StoreError> {
        let id = (provider.as_str().to_owned(), fingerprint.to_owned());
        Ok(blocked_key::Entity::find_by_id(id).one(&self.inner).await?.is_some())
    }

    /// Blocks the key. Answers whether it was free before.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_blocked(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<bool, StoreError> {
        use blocked_key::Column as C;
        let row = blocked_key::ActiveModel {
            provider: Set(provider.as_str().to_owned()),
            fingerprint: Set(fingerprint.to_owned()),
            blocked_at: Set(self.now.micros()),
        };
        let insert = blocked_key::Entity::insert(row).on_conflict_do_nothing_on([C::Provider, C::Fingerprint]);
        Ok(matches!(insert.exec_without_returning(&self.inner).await?, TryInsertResult::Inserted(1)))
    }

    /// Frees the key. Answers whether it was blocked.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_blocked(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<bool, StoreError> {
        let id = (provider.as_str().to_owned(), fingerprint.to_owned());
        Ok(blocked_key::Entity::delete_by_id(id).exec(&self.inner).await?.rows_affected == 1)
    }

    /// Rows of the key, whoever handed it over and whatever became of it, in the order of their ids.
    ///
    /// # Errors
    /// The database fails.
    pub async fn rows_of_key(&mut self, provider: ProviderCode, fingerprint: &str) -> Result<Vec<KeyId>, StoreError> {
        use provider_key::Column as C;
        let ids: Vec<Uuid> = provider_key::Entity::find()
            .select_only()
            .column(C::Id)
            .filter(C::Provider.eq(provider.as_str()))
            .filter(C::Fingerprint.eq(fingerprint))
            .order_by_asc(C::Id)
            .into_tuple()
            .all(&self.inner)
            .await?;
        Ok(ids.into_iter().map(KeyId).collect())
    }
}
