//! Fingerprints of keys that a provider rejected.

use sea_orm::entity::prelude::*;

/// A row of `known_bad_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_bad_key")]
pub struct Model {
    /// The provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// Blind index of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: String,
    /// Until when it is refused without a call.
    pub until: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
