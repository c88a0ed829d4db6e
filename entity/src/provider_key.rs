//! Recycled keys and the platform's own.

use sea_orm::entity::prelude::*;

/// A row of `provider_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_key")]
pub struct Model {
    /// Id of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Account that handed it over.
    pub owner_id: Uuid,
    /// Provider that issued it.
    pub provider: String,
    /// The owner's name for it.
    pub label: Option<String>,
    /// The sealed key; null once erased.
    pub envelope: Option<Vec<u8>>,
    /// Ring key that seals it.
    pub ring_key_id: Option<String>,
    /// Blind index, 64 hex digits.
    pub fingerprint: String,
    /// PENDING, ACTIVE, DEPLETED, INVALID or REMOVED.
    pub status: String,
    /// What stands in its way.
    pub problem_code: Option<String>,
    /// The provider's code for it.
    pub problem_provider_code: Option<String>,
    /// Since when.
    pub problem_since: Option<i64>,
    /// When it is tried again.
    pub problem_retry_at: Option<i64>,
    /// Since when it is blocked.
    pub blocked_at: Option<i64>,
    /// Since when its envelope is refused.
    pub integrity_failed_at: Option<i64>,
    /// Until when nothing is lent.
    pub paused_until: Option<i64>,
    /// Whether its worth is a package.
    pub prepaid: bool,
    /// Balance in the provider's own unit.
    pub native_balance: Option<String>,
    /// Last accepted reading, in nano-dollars.
    pub balance_nano: Option<i64>,
    /// When that reading began.
    pub read_started_at: Option<i64>,
    /// When its answer arrived.
    pub read_at: Option<i64>,
    /// Last quiet reading, in nano-dollars.
    pub quiet_balance_nano: Option<i64>,
    /// When that reading began.
    pub quiet_started_at: Option<i64>,
    /// When its answer arrived.
    pub quiet_read_at: Option<i64>,
    /// What quiet readings miss while an attempt is UNKNOWN, in nano-dollars.
    pub evidence_nano: Option<i64>,
    /// When the first of them began.
    pub evidence_at: Option<i64>,
    /// Whether a second one missed the same.
    pub evidence_confirmed: bool,
    /// Cost of attempts settled after the last reading began.
    pub spent_since_nano: i64,
    /// Held for attempts under way.
    pub held_nano: i64,
    /// Attempts under way.
    pub in_flight: i32,
    /// Estimates of attempts under review.
    pub under_review_nano: i64,
    /// Balance that left without us.
    pub outside_nano: i64,
    /// Credits earned less reversals.
    pub credited_nano: i64,
    /// Charges that a drop, a figure or an operator vouches for.
    pub vouched_nano: i64,
    /// When it is read next.
    pub next_sync_at: Option<i64>,
    /// From when its owner may have it read again.
    pub checkable_at: i64,
    /// Claim of the reader at work.
    pub claim: Option<Uuid>,
    /// When that claim lapses.
    pub claimed_until: Option<i64>,
    /// Readings in a row that failed or found the key depleted: the next is further off.
    pub backoff: i32,
    /// Whether it was ever ACTIVE.
    pub ever_active: bool,
    /// First of two rejections.
    pub first_rejected_at: Option<i64>,
    /// When it was rejected last.
    pub rejected_at: Option<i64>,
    /// Since when it is INVALID.
    pub invalid_at: Option<i64>,
    /// When its owner removed it.
    pub removed_at: Option<i64>,
    /// When it was first handed over.
    pub submitted_at: i64,
    /// When it changed last.
    pub changed_at: i64,
    /// Grows with every change.
    pub version: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
