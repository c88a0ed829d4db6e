//! The audit log: who did what, and what asks for a look.

use uuid::Uuid;

use super::clock::Timestamp;
use super::id::AuditId;
use super::provider::coded_enum;

/// Action of the entry that names what an owner no longer had of a credit.
pub const SHORTFALL: &str = "credit.shortfall";

coded_enum! {
    /// What kind of object an entry is about.
    TargetKind {
        /// An account.
        Account = "ACCOUNT",
        /// A recycled key.
        Key = "KEY",
        /// An attempt.
        Attempt = "ATTEMPT",
        /// A transfer.
        Transfer = "TRANSFER",
        /// A service token.
        ServiceToken = "SERVICE_TOKEN",
    }
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// What kind of object.
    pub kind: TargetKind,
    /// Its id.
    pub id: Uuid,
}

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Id of the entry.
    pub id: AuditId,
    /// When it was done or noticed.
    pub occurred_at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What it was, as a dotted name.
    pub action: String,
    /// What it was done to.
    pub target: Option<Target>,
    /// Id of the request that did it.
    pub request_id: Option<String>,
    /// The name by which its actor makes it happen once.
    pub idempotency_key: Option<String>,
    /// Words given with it.
    pub note: Option<String>,
}
