//! Service tokens and the vault's canaries.

use entity::{service_token, vault_canary};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::domain::ServiceTokenId;
use crate::domain::token::ServiceToken;
use crate::store::{Store, StoreError, rows};

impl Store {
    /// The token with this SHA-256.
    ///
    /// # Errors
    /// The database fails.
    pub async fn service_token_by_hash(&self, hash: &[u8]) -> Result<Option<ServiceToken>, StoreError> {
        let query = service_token::Entity::find().filter(service_token::Column::TokenHash.eq(hash.to_vec()));
        Ok(query.one(&self.inner.reader).await?.map(rows::service_token))
    }

    /// A token by its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn service_token(&self, id: ServiceTokenId) -> Result<Option<ServiceToken>, StoreError> {
        Ok(service_token::Entity::find_by_id(id.0).one(&self.inner.reader).await?.map(rows::service_token))
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn service_tokens(&self) -> Result<Vec<ServiceToken>, StoreError> {
        let query = service_token::Entity::find().order_by_asc(service_token::Column::Id);
        Ok(query.all(&self.inner.reader).await?.into_iter().map(rows::service_token).collect())
    }

    /// The canaries: ring key and sealed text of each.
    ///
    /// # Errors
    /// The database fails.
    pub async fn canaries(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let found = vault_canary::Entity::find().all(&self.inner.reader).await?;
        Ok(found.into_iter().map(|row| (row.ring_key_id, row.envelope)).collect())
    }
}
