//! Evidence about UNKNOWN attempts: what quiet readings miss on their key.
//!
//! Two quiet readings have to miss the same: the first not before the provider's result window has
//! ended, the second at least a minute later. What then follows is decided in `leases`, which knows
//! the prices.

use std::time::Duration;

use crate::domain::audit::{Target, TargetKind};
use crate::domain::key::{Evidence, Reading};
use crate::domain::{Attempt, Key, Timestamp, Usd};
use crate::store::{StoreError, Tx};

/// Least time between the two readings.
const SECOND_LOOK: Duration = Duration::from_secs(60);

/// How long a drop after an attempt was freed is put down to it.
const LATE: Duration = Duration::from_secs(24 * 60 * 60);

/// Takes a quiet reading of a key with UNKNOWN attempts into account.
pub(super) async fn note(
    tx: &mut Tx,
    key: &mut Key,
    reading: Reading,
    unknown: &[Attempt],
    window: Duration,
) -> Result<(), StoreError> {
    let Some(last) = key.quiet_reading else { return Ok(()) };
    if reading.started_at < window_end(unknown, window, reading.started_at) {
        return Ok(());
    }
    let missing = last.balance - tx.charged_since_quiet(key.id, last.started_at).await? - reading.balance;
    key.evidence = Some(match key.evidence {
        Some(first) if first.missing == missing => {
            let late_enough = reading.started_at.since(first.first_at) >= SECOND_LOOK;
            Evidence { confirmed: first.confirmed || late_enough, ..first }
        }
        _ => Evidence { missing, first_at: reading.started_at, confirmed: false },
    });
    Ok(())
}

/// When a key with UNKNOWN attempts is read next: on a timer of its own.
pub(super) fn next_look(key: &Key, unknown: &[Attempt], now: Timestamp, window: Duration) -> Timestamp {
    match key.evidence {
        Some(first) if !first.confirmed => first.first_at.plus(SECOND_LOOK).max(now),
        Some(_) => now.plus(SECOND_LOOK),
        None => window_end(unknown, window, now).max(now.plus(Duration::from_secs(5))),
    }
}

/// When the provider's result window of the last of the attempts ends.
pub(super) fn window_end(unknown: &[Attempt], window: Duration, now: Timestamp) -> Timestamp {
    unknown.iter().filter_map(|attempt| attempt.sent_at).map(|sent| sent.plus(window)).max().unwrap_or(now)
}

/// Notes that money went missing after an attempt was freed: its charge may have come late. It is
/// never credited by itself.
pub(super) async fn suspect_late_charge(tx: &mut Tx, key: &Key, missing: Usd) -> Result<(), StoreError> {
    let Some(freed) = tx.attempt_freed(key.id, tx.now().minus(LATE)).await? else { return Ok(()) };
    let target = Target { kind: TargetKind::Attempt, id: freed.0 };
    let note = format!("{missing} USD went missing on its key after it was freed.");
    tx.append_audit("system", "attempt.late_drift", Some(target), Some(note)).await
}
