//! From the hold to the provider: reserve, advance, give back.

use std::time::Duration;

use crate::domain::{Attempt, AttemptState, Key, KeyId, KeyProblemCode};
use crate::store::{StoreError, Tx};

use crate::moves::key;

/// Holds the estimate on the attempt's key and inserts the attempt. Answers `false`, with nothing
/// changed, when the key may not be lent or can't bear it.
///
/// # Errors
/// [`StoreError::Conflict`] when the service has opened this number of the task before.
pub async fn reserve(tx: &mut Tx, attempt: &Attempt, in_flight_cap: i32) -> Result<bool, StoreError> {
    if !tx.hold(attempt.key, attempt.estimate, in_flight_cap).await? {
        return Ok(false);
    }
    tx.insert_attempt(attempt).await?;
    Ok(true)
}

/// Moves a locked attempt along an arrow that keeps its hold.
///
/// # Errors
/// There is no such arrow, somebody else moved it, or the provider's task id belongs to another
/// attempt of the key.
pub async fn advance(tx: &mut Tx, attempt: &mut Attempt, to: AttemptState) -> Result<(), StoreError> {
    let from = step(attempt, to)?;
    tx.save_attempt(from, attempt).await
}

/// Ends a reserved attempt unused (RELEASED or EXPIRED) and frees its hold.
///
/// # Errors
/// It is not reserved any more, or the database fails.
pub async fn give_back(tx: &mut Tx, attempt: &mut Attempt, to: AttemptState) -> Result<(), StoreError> {
    let from = step(attempt, to)?;
    attempt.ended_at = Some(tx.now());
    tx.save_attempt(from, attempt).await?;
    let (held, id) = (attempt.estimate, attempt.key);
    let key = key::change(tx, id, |key| {
        key.held -= held;
        key.in_flight -= 1;
    })
    .await?;
    key::erase_if_done(tx, &key).await
}

/// Releases every reserved attempt of a key.
///
/// # Errors
/// The database fails.
pub async fn release_reserved(tx: &mut Tx, key: KeyId) -> Result<(), StoreError> {
    let reserved = tx.lock_attempts_of(key, AttemptState::Reserved).await?;
    release(tx, reserved).await
}

/// Releases attempts that are locked and reserved.
///
/// # Errors
/// One is not reserved any more, or the database fails.
pub async fn release(tx: &mut Tx, reserved: Vec<Attempt>) -> Result<(), StoreError> {
    for mut attempt in reserved {
        give_back(tx, &mut attempt, AttemptState::Released).await?;
    }
    Ok(())
}

/// Nobody knows whether the provider took or charged the attempt: it is UNKNOWN, its hold stays,
/// and the key lends nothing until that is known. It is read when the provider's result window ends.
///
/// # Errors
/// There is no such arrow, somebody else moved it, or the database fails.
pub async fn lose(tx: &mut Tx, attempt: &mut Attempt, result_window: Duration) -> Result<Key, StoreError> {
    let from = step(attempt, AttemptState::Unknown)?;
    attempt.returned_at = Some(tx.now());
    attempt.poll_at = None;
    tx.save_attempt(from, attempt).await?;
    let now = tx.now();
    let look_at = attempt.sent_at.map_or(now, |sent| sent.plus(result_window).max(now));
    key::change(tx, attempt.key, |key| {
        key::rest(key, KeyProblemCode::CheckingCharge, now);
        key.evidence = None;
        if key.status.is_read_by_timer() {
            key.next_sync_at = Some(look_at);
        }
    })
    .await
}

/// Sets the new state if there is an arrow to it, and answers the old one.
pub(super) fn step(attempt: &mut Attempt, to: AttemptState) -> Result<AttemptState, StoreError> {
    let from = attempt.state;
    if !from.may_become(to) {
        return Err(StoreError::Stale);
    }
    attempt.state = to;
    Ok(from)
}
