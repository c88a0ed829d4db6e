//! `provider_key`, without its envelope and its claim.

use entity::provider_key::{ActiveModel, Model};
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};

use super::{known, known_or_null, time};
use crate::domain::key::{Evidence, Reading};
use crate::domain::{Key, KeyProblem, KeyProblemCode, KeyStatus, ProviderCode, Timestamp, Usd};
use crate::store::StoreError;

const TABLE: &str = "provider_key";

pub(in crate::store) fn key(row: Model) -> Result<Key, StoreError> {
    let code = known_or_null(row.problem_code.as_deref(), KeyProblemCode::from_code, TABLE, "problem_code")?;
    let problem = code.map(|code| KeyProblem {
        code,
        provider_code: row.problem_provider_code,
        since: Timestamp::from_micros(row.problem_since.unwrap_or(row.changed_at)),
        retry_at: time(row.problem_retry_at),
    });
    Ok(Key {
        id: row.id.into(),
        owner: row.owner_id.into(),
        provider: known(&row.provider, ProviderCode::from_code, TABLE, "provider")?,
        label: row.label,
        fingerprint: row.fingerprint,
        sealed: row.envelope.is_some(),
        ring_key_id: row.ring_key_id,
        status: known(&row.status, KeyStatus::from_code, TABLE, "status")?,
        problem,
        blocked_at: time(row.blocked_at),
        integrity_failed_at: time(row.integrity_failed_at),
        paused_until: time(row.paused_until),
        prepaid: row.prepaid,
        native_balance: row.native_balance,
        reading: reading(row.balance_nano, row.read_started_at, row.read_at),
        quiet_reading: reading(row.quiet_balance_nano, row.quiet_started_at, row.quiet_read_at),
        evidence: row.evidence_nano.zip(row.evidence_at).map(|(missing, first_at)| Evidence {
            missing: Usd::from_nanos(missing),
            first_at: Timestamp::from_micros(first_at),
            confirmed: row.evidence_confirmed,
        }),
        spent_since: Usd::from_nanos(row.spent_since_nano),
        held: Usd::from_nanos(row.held_nano),
        in_flight: row.in_flight,
        under_review: Usd::from_nanos(row.under_review_nano),
        outside_spending: Usd::from_nanos(row.outside_nano),
        credited: Usd::from_nanos(row.credited_nano),
        vouched: Usd::from_nanos(row.vouched_nano),
        next_sync_at: time(row.next_sync_at),
        checkable_at: Timestamp::from_micros(row.checkable_at),
        backoff: row.backoff,
        ever_active: row.ever_active,
        first_rejected_at: time(row.first_rejected_at),
        rejected_at: time(row.rejected_at),
        invalid_at: time(row.invalid_at),
        removed_at: time(row.removed_at),
        submitted_at: Timestamp::from_micros(row.submitted_at),
        changed_at: Timestamp::from_micros(row.changed_at),
        version: row.version,
    })
}

fn reading(balance: Option<i64>, started_at: Option<i64>, read_at: Option<i64>) -> Option<Reading> {
    Some(Reading { balance: Usd::from_nanos(balance?), started_at: time(started_at)?, read_at: time(read_at)? })
}

/// Every column but the envelope, its ring key and the claim, which have statements of their own.
pub(in crate::store) fn key_row(key: &Key) -> ActiveModel {
    let micros = |moment: Option<Timestamp>| Set(moment.map(Timestamp::micros));
    let problem = key.problem.as_ref();
    ActiveModel {
        id: Unchanged(key.id.0),
        owner_id: Set(key.owner.0),
        provider: Set(key.provider.as_str().to_owned()),
        label: Set(key.label.clone()),
        envelope: NotSet,
        ring_key_id: NotSet,
        fingerprint: Set(key.fingerprint.clone()),
        status: Set(key.status.as_str().to_owned()),
        problem_code: Set(problem.map(|problem| problem.code.as_str().to_owned())),
        problem_provider_code: Set(problem.and_then(|problem| problem.provider_code.clone())),
        problem_since: micros(problem.map(|problem| problem.since)),
        problem_retry_at: micros(problem.and_then(|problem| problem.retry_at)),
        blocked_at: micros(key.blocked_at),
        integrity_failed_at: micros(key.integrity_failed_at),
        paused_until: micros(key.paused_until),
        prepaid: Set(key.prepaid),
        native_balance: Set(key.native_balance.clone()),
        balance_nano: Set(key.reading.map(|reading| reading.balance.nanos())),
        read_started_at: micros(key.reading.map(|reading| reading.started_at)),
        read_at: micros(key.reading.map(|reading| reading.read_at)),
        quiet_balance_nano: Set(key.quiet_reading.map(|reading| reading.balance.nanos())),
        quiet_started_at: micros(key.quiet_reading.map(|reading| reading.started_at)),
        quiet_read_at: micros(key.quiet_reading.map(|reading| reading.read_at)),
        evidence_nano: Set(key.evidence.map(|evidence| evidence.missing.nanos())),
        evidence_at: micros(key.evidence.map(|evidence| evidence.first_at)),
        evidence_confirmed: Set(key.evidence.is_some_and(|evidence| evidence.confirmed)),
        spent_since_nano: Set(key.spent_since.nanos()),
        held_nano: Set(key.held.nanos()),
        in_flight: Set(key.in_flight),
        under_review_nano: Set(key.under_review.nanos()),
        outside_nano: Set(key.outside_spending.nanos()),
        credited_nano: Set(key.credited.nanos()),
        vouched_nano: Set(key.vouched.nanos()),
        next_sync_at: micros(key.next_sync_at),
        checkable_at: Set(key.checkable_at.micros()),
        claim: NotSet,
        claimed_until: NotSet,
        backoff: Set(key.backoff),
        ever_active: Set(key.ever_active),
        first_rejected_at: micros(key.first_rejected_at),
        rejected_at: micros(key.rejected_at),
        invalid_at: micros(key.invalid_at),
        removed_at: micros(key.removed_at),
        submitted_at: Set(key.submitted_at.micros()),
        changed_at: Set(key.changed_at.micros()),
        version: Set(key.version),
    }
}
