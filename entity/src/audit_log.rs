//! Who did what, and what asks for a look; append-only.

use sea_orm::entity::prelude::*;

/// A row of `audit_log`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// Id of the entry.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it was done or noticed.
    pub occurred_at: i64,
    /// Who did it.
    pub actor: String,
    /// What it was.
    pub action: String,
    /// What kind of object it was done to.
    pub target_kind: Option<String>,
    /// Which object.
    pub target_id: Option<Uuid>,
    /// Request that did it.
    pub request_id: Option<String>,
    /// The name by which its actor makes it happen once.
    pub idempotency_key: Option<String>,
    /// Words given with it.
    pub note: Option<String>,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
