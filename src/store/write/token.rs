//! Service tokens and the vault's canaries.

use std::collections::BTreeSet;

use entity::{service_token, vault_canary};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect};

use crate::domain::token::TokenHash;
use crate::domain::{Scopes, ServiceTokenId, Timestamp};
use crate::store::{StoreError, Tx};

/// Name of PostgreSQL's advisory lock on the canaries; any fixed number does.
const CANARY_LOCK: i32 = 0x6361;

/// A token to be stored by its hash.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The service it belongs to.
    pub service: String,
    /// The token's hash.
    pub hash: TokenHash,
    /// What it is good for.
    pub scopes: Scopes,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
}

impl Tx {
    /// Stores a token's hash and answers the row's id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_token(&mut self, token: NewToken) -> Result<ServiceTokenId, StoreError> {
        let id = ServiceTokenId::generate(self.clock(), self.entropy());
        let row = service_token::ActiveModel {
            id: Set(id.0),
            service: Set(token.service),
            token_hash: Set(token.hash.as_bytes().to_vec()),
            scopes: Set(token.scopes.to_string()),
            created_at: Set(self.now.micros()),
            expires_at: Set(token.expires_at.map(Timestamp::micros)),
            revoked_at: Set(None),
        };
        service_token::Entity::insert(row).exec_without_returning(&self.inner).await?;
        Ok(id)
    }

    /// Revokes a token. Answers whether there was one to revoke.
    ///
    /// # Errors
    /// The database fails.
    pub async fn revoke_token(&mut self, id: ServiceTokenId) -> Result<bool, StoreError> {
        let outcome = service_token::Entity::update_many()
            .col_expr(service_token::Column::RevokedAt, Expr::value(Some(self.now.micros())))
            .filter(service_token::Column::Id.eq(id.0))
            .filter(service_token::Column::RevokedAt.is_null())
            .exec(&self.inner)
            .await?;
        Ok(outcome.rows_affected == 1)
    }

    /// Stores a ring key's canary.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it has one.
    pub async fn insert_canary(&mut self, ring_key_id: &str, envelope: Vec<u8>) -> Result<(), StoreError> {
        self.lock_canaries("pg_advisory_xact_lock").await?;
        let row = vault_canary::ActiveModel { ring_key_id: Set(ring_key_id.to_owned()), envelope: Set(envelope) };
        vault_canary::Entity::insert(row).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// Whether other ring keys than these have a canary. None gets one before this transaction ends.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_other_canaries(&mut self, followed: &BTreeSet<String>) -> Result<bool, StoreError> {
        self.lock_canaries("pg_advisory_xact_lock_shared").await?;
        let ids = vault_canary::Entity::find().select_only().column(vault_canary::Column::RingKeyId);
        Ok(ids.into_tuple::<String>().all(&self.inner).await?.iter().any(|id| !followed.contains(id)))
    }

    /// SQLite has one writer anyway.
    async fn lock_canaries(&mut self, lock: &str) -> Result<(), StoreError> {
        if self.inner.get_database_backend() == DbBackend::Postgres {
            self.inner.execute_unprepared(&format!("SELECT {lock}({CANARY_LOCK})")).await?;
        }
        Ok(())
    }
}
