//! A recycled key: its statuses, their arrows, what can stand in its way, and its figures.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::{AccountId, KeyId};
use super::money::Usd;
use super::provider::{ProviderCode, coded_enum};

/// A reading older than this makes a key unfit to be lent.
pub const READING_AGE_MAX: Duration = Duration::from_secs(60 * 60);

coded_enum! {
    /// Where a key is in its life.
    KeyStatus {
        /// Handed over, the provider's verdict is awaited.
        Pending = "PENDING",
        /// Validated and in the routing pool.
        Active = "ACTIVE",
        /// Balance used up; it returns by itself after a top-up.
        Depleted = "DEPLETED",
        /// Rejected by the provider.
        Invalid = "INVALID",
        /// Removed by its owner.
        Removed = "REMOVED",
    }
}

impl KeyStatus {
    /// Whether timers read the balance of a key in this status.
    #[must_use]
    pub const fn is_read_by_timer(self) -> bool {
        matches!(self, Self::Pending | Self::Active | Self::Depleted)
    }

    /// Whether a key may go from this status to the other. These are all the arrows there are.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use KeyStatus::{Active, Depleted, Invalid, Pending, Removed};
        matches!(
            (self, next),
            (Pending, Active | Depleted | Invalid)
                | (Active, Depleted | Invalid)
                | (Depleted, Active | Invalid)
                | (Invalid | Removed, Pending)
                | (Pending | Active | Depleted | Invalid, Removed)
        )
    }
}

coded_enum! {
    /// What can stand in a key's way.
    KeyProblemCode {
        /// The provider rejects the key; the key is INVALID.
        Rejected = "REJECTED",
        /// The provider rejected the key once; it rests until a second look.
        RejectionUnconfirmed = "REJECTION_UNCONFIRMED",
        /// It waits for its turn to be validated.
        ValidationQueued = "VALIDATION_QUEUED",
        /// The provider does not let our servers use this key.
        AddressNotAllowed = "ADDRESS_NOT_ALLOWED",
        /// The provider blocks the key for a while.
        TemporarilyBlocked = "TEMPORARILY_BLOCKED",
        /// The provider is in trouble or refuses our servers.
        ProviderUnavailable = "PROVIDER_UNAVAILABLE",
        /// The provider's figure could not be read and the last one stands.
        BalanceUnreadable = "BALANCE_UNREADABLE",
        /// The provider counts in tokens and no dollar rate is set.
        RateMissing = "RATE_MISSING",
        /// The key's worth is a package or subscription that earns nothing.
        Prepaid = "PREPAID",
        /// The key rests until it is known whether an attempt was charged.
        CheckingCharge = "CHECKING_CHARGE",
        /// Stopped by an operator or by the key's rightful owner.
        Blocked = "BLOCKED",
        /// Its stored form failed the seal's check.
        IntegrityFailed = "INTEGRITY_FAILED",
    }
}

impl KeyProblemCode {
    /// Whether a key with this problem is kept from new attempts.
    ///
    /// Trouble in reading a balance alone does not: the last figure stands until it is too old.
    #[must_use]
    pub const fn stops_lending(self) -> bool {
        !matches!(self, Self::ProviderUnavailable | Self::BalanceUnreadable)
    }

    /// Whether something else than a reading ends the problem.
    #[must_use]
    pub const fn has_its_own_end(self) -> bool {
        matches!(self, Self::CheckingCharge | Self::Blocked | Self::IntegrityFailed)
    }

    /// One sentence for the owner; never the provider's text.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Rejected => "The provider rejects this key: it is wrong, expired or disabled.",
            Self::RejectionUnconfirmed => "The provider rejected this key once; it rests until a second look.",
            Self::ValidationQueued => "The key waits for its turn to be validated.",
            Self::AddressNotAllowed => {
                "The provider does not let our servers use this key; allow them in the key's settings there."
            }
            Self::TemporarilyBlocked => "The provider blocks this key for a while.",
            Self::ProviderUnavailable => "The provider cannot be asked at the moment; the key is not to blame.",
            Self::BalanceUnreadable => "The provider's figure could not be read; the last one stands.",
            Self::RateMissing => "This provider counts in tokens and no dollar rate is set, so the key is not lent.",
            Self::Prepaid => {
                "The key is worth a package or subscription that tasks would use up without a credit, so it is not lent."
            }
            Self::CheckingCharge => "The key rests until it is known whether a task was charged.",
            Self::Blocked => "The key was stopped by an operator or by its rightful owner.",
            Self::IntegrityFailed => "The stored key failed its seal's check; hand the key over again.",
        }
    }
}

/// What stands in a key's way now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyProblem {
    /// What it is.
    pub code: KeyProblemCode,
    /// The provider's own error code, where the catalogue knows it.
    pub provider_code: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again without being asked.
    pub retry_at: Option<Timestamp>,
}

coded_enum! {
    /// Where a balance figure came from.
    BalanceSource {
        /// The regular read every few minutes.
        Sync = "SYNC",
        /// A check the owner asked for.
        Manual = "MANUAL",
        /// A reading around an attempt, to learn its cost.
        Attempt = "ATTEMPT",
    }
}

/// The last accepted reading of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the provider said.
    pub balance: Usd,
    /// When the call began: charges settled later are not in the figure for sure.
    pub started_at: Timestamp,
    /// When its answer arrived.
    pub read_at: Timestamp,
}

/// What quiet readings say about a key's UNKNOWN attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is missing on the key that no settled attempt explains.
    pub missing: Usd,
    /// When the first reading that missed it began.
    pub first_at: Timestamp,
    /// Whether a second one, long enough after it, missed the same.
    pub confirmed: bool,
}

/// A recycled key as stored, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Id of the key.
    pub id: KeyId,
    /// The account that handed it over; the platform's for its own keys.
    pub owner: AccountId,
    /// The provider that issued it.
    pub provider: ProviderCode,
    /// The owner's own name for it.
    pub label: Option<String>,
    /// Blind index of the key: 64 lower hex digits.
    pub fingerprint: String,
    /// Whether the sealed key is still stored.
    pub sealed: bool,
    /// Which ring key seals it.
    pub ring_key_id: Option<String>,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// What stands in its way.
    pub problem: Option<KeyProblem>,
    /// Since when it is blocked by an operator or its rightful owner.
    pub blocked_at: Option<Timestamp>,
    /// Since when its envelope fails the seal's check.
    pub integrity_failed_at: Option<Timestamp>,
    /// Until when nothing is lent.
    pub paused_until: Option<Timestamp>,
    /// Whether its worth is a package or subscription.
    pub prepaid: bool,
    /// Balance in the provider's own unit where that is not dollars.
    pub native_balance: Option<String>,
    /// The last accepted reading.
    pub reading: Option<Reading>,
    /// The last quiet reading: no attempt was under way during it nor 30 s before.
    pub quiet_reading: Option<Reading>,
    /// What quiet readings say about its UNKNOWN attempts, while there are any.
    pub evidence: Option<Evidence>,
    /// Cost of the attempts settled after the last accepted reading began.
    pub spent_since: Usd,
    /// Held for attempts under way.
    pub held: Usd,
    /// Attempts under way.
    pub in_flight: i32,
    /// Estimates of attempts under review.
    pub under_review: Usd,
    /// Balance that left the key without us.
    pub outside_spending: Usd,
    /// Credits the key has earned, less reversals and corrections.
    pub credited: Usd,
    /// Charges that somebody vouches for: the drop between two quiet readings, a figure of the
    /// provider's, an operator. Credits exceed it only by what no quiet reading has seen yet.
    pub vouched: Usd,
    /// When it is read next without being asked.
    pub next_sync_at: Option<Timestamp>,
    /// From when a check by the owner reads the provider again.
    pub checkable_at: Timestamp,
    /// Readings in a row that failed or found the key depleted: the next one is further off.
    pub backoff: i32,
    /// Whether it was ever ACTIVE: only then does INVALID take two rejections.
    pub ever_active: bool,
    /// The first of two rejections, while the second is awaited. None where it did not count.
    pub first_rejected_at: Option<Timestamp>,
    /// When its provider rejected it last, whatever became of it since.
    pub rejected_at: Option<Timestamp>,
    /// Since when it is INVALID.
    pub invalid_at: Option<Timestamp>,
    /// When the owner removed it.
    pub removed_at: Option<Timestamp>,
    /// When it was first handed over.
    pub submitted_at: Timestamp,
    /// When anything about it changed last: when it was written, not when that transaction began, which may have
    /// waited for others.
    pub changed_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

impl Key {
    /// What people see as balance: the last reading less what was spent since.
    #[must_use]
    pub fn balance(&self) -> Option<Usd> {
        self.reading.map(|reading| (reading.balance - self.spent_since).or_zero())
    }

    /// What new attempts may use: the balance less what is held.
    #[must_use]
    pub fn available(&self) -> Option<Usd> {
        self.reading.map(|reading| (reading.balance - self.spent_since - self.held).or_zero())
    }

    /// Whether two regular readings were missed. A depleted key is read less often, so its figure is
    /// old only when readings fail or are overdue.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp, interval: Duration) -> bool {
        let missed = interval * 2;
        let is_old = self.reading.is_some_and(|reading| now.since(reading.read_at) > missed);
        let is_failing = || self.problem.as_ref().is_some_and(|problem| problem.retry_at.is_some());
        let is_overdue = || self.next_sync_at.is_some_and(|due| now > due.plus(missed));
        match self.status {
            KeyStatus::Active => is_old,
            KeyStatus::Depleted => is_old && (is_failing() || is_overdue()),
            KeyStatus::Pending | KeyStatus::Invalid | KeyStatus::Removed => false,
        }
    }

    /// Whether nothing but its figures keeps the key from being lent.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.status == KeyStatus::Active
            && self.sealed
            && self.blocked_at.is_none()
            && self.integrity_failed_at.is_none()
            && !self.prepaid
            && self.paused_until.is_none_or(|until| until <= now)
            && self.problem.as_ref().is_none_or(|problem| !problem.code.stops_lending())
    }

    /// Whether its provider rejected it after it last told a figure: nobody knows yet whether it is good. Nothing but
    /// the next reading is to ask by it, for wrong keys are what providers count.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        let is_unanswered = |at: Timestamp| self.reading.is_none_or(|reading| reading.read_at < at);
        matches!(self.status, KeyStatus::Active | KeyStatus::Depleted) && self.rejected_at.is_some_and(is_unanswered)
    }

    /// Whether the last reading is young enough to lend by.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.reading.is_some_and(|reading| now.since(reading.read_at) <= READING_AGE_MAX)
    }

    /// The mark people recognise the key by: the first ten digits of the blind index.
    #[must_use]
    pub fn mark(&self) -> String {
        Self::mark_of(&self.fingerprint)
    }

    /// The mark of the key with this blind index.
    #[must_use]
    pub fn mark_of(fingerprint: &str) -> String {
        fingerprint.chars().take(10).collect::<String>().to_uppercase()
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use tests::sample;
