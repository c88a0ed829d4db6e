//! Service tokens and the vault's canaries.

use entity::{service_token, vault_canary};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::domain::ServiceTokenId;
use crate::domain::token::{ServiceToken, TokenHash};
use crate::store::{Store, StoreError, rows};

impl Store {
    /// The token of this hash.
    ///
    /// # Errors
    /// The database fails.
    pub async fn service_token_by_hash(&self, hash: &TokenHash) -> Result<Option<ServiceToken>, StoreError> {
        let (first, last) = hash.alike().into_inner();
        let query = service_token::Entity::find()
            .filter(service_token::Column::TokenHash.between(first.to_vec(), last.to_vec()));
        let found = query.all(&self.inner.reader).await?;
        let same = |row: &service_token::Model| hash.is(&row.token_hash);
        Ok(found.into_iter().find(same).map(rows::service_token))
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
