//! Fingerprints of keys that are taken from nobody.

use sea_orm::entity::prelude::*;

/// A row of `blocked_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocked_key")]
pub struct Model {
    /// The provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// Blind index of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: String,
    /// Since when it is blocked.
    pub blocked_at: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
