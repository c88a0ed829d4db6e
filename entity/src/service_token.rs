//! Service tokens: their hashes.

use sea_orm::entity::prelude::*;

/// A row of `service_token`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "service_token")]
pub struct Model {
    /// Id of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Service it belongs to.
    pub service: String,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// Scope names, separated by spaces.
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// Until when it is good.
    pub expires_at: Option<i64>,
    /// Since when it is not.
    pub revoked_at: Option<i64>,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
