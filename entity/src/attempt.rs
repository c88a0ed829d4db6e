//! Attempts: one try at one task on one key.

use sea_orm::entity::prelude::*;

/// A row of `attempt`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempt")]
pub struct Model {
    /// Id of the attempt.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Service that opened it.
    pub principal: String,
    /// The service's id of the task.
    pub task_id: String,
    /// 1 for the first try.
    pub number: i32,
    /// Account that asked for the task.
    pub requester_id: Option<Uuid>,
    /// What was asked for, as canonical JSON.
    pub request: String,
    /// Key it runs on.
    pub key_id: Uuid,
    /// The key's owner.
    pub owner_id: Uuid,
    /// Provider that solves it.
    pub provider: String,
    /// Kind of task.
    pub task_type: String,
    /// Whether the task brings a proxy.
    pub proxied: bool,
    /// OWN, SHARED or PLATFORM.
    pub key_class: String,
    /// Where it is in its life.
    pub state: String,
    /// What is held for it, in nano-dollars.
    pub estimate_nano: i64,
    /// SHA-256 over what was sent.
    pub body_hash: Option<Vec<u8>>,
    /// JSON or LEGACY.
    pub dialect: Option<String>,
    /// The provider's id of the task.
    pub provider_task_id: Option<String>,
    /// Scrubbed answer for the dispatcher; erased after 15 minutes.
    pub reply: Option<String>,
    /// The provider's error code.
    pub error_code: Option<String>,
    /// What the provider charged, in nano-dollars.
    pub cost_nano: Option<i64>,
    /// The provider's text of the cost.
    pub cost_raw: Option<String>,
    /// How the cost was learnt.
    pub cost_source: Option<String>,
    /// Reading before it, in nano-dollars.
    pub before_nano: Option<i64>,
    /// What the target site said.
    pub verdict: Option<String>,
    /// The decision as it was taken, as JSON.
    pub decision: String,
    /// Ring key of the lease token.
    pub token_ring_key_id: String,
    /// When the lease was opened.
    pub opened_at: i64,
    /// Until when a task may be created.
    pub expires_at: i64,
    /// When it was sent.
    pub sent_at: Option<i64>,
    /// When its result is asked for next.
    pub poll_at: Option<i64>,
    /// How often its result was asked for.
    pub polls: i32,
    /// When it was no longer SENT or SUBMITTED.
    pub returned_at: Option<i64>,
    /// When it reached a last state.
    pub ended_at: Option<i64>,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
