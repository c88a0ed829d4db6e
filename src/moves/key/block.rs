//! A key is stopped by an operator or its rightful owner, and let go again.
//!
//! What is blocked is the key and not a row: whoever hands it over, now or later, is refused. Its rows
//! show BLOCKED, are lent no more and are not read, until it is let go; attempts under way end as they do.

use crate::domain::{AttemptState, Key, KeyProblem, KeyProblemCode, KeyStatus};
use crate::store::{StoreError, Tx};

use super::{rest, save};

/// Stops a locked key. Its reserved attempts are to be released before.
///
/// # Errors
/// The database fails.
pub async fn block(tx: &mut Tx, before: &Key) -> Result<Key, StoreError> {
    let key = Key { blocked_at: Some(tx.now()), ..before.clone() };
    save(tx, before, key).await
}

/// Lets a locked key go: what else stands in its way shows again, and a live one is read at once.
///
/// # Errors
/// The database fails.
pub async fn unblock(tx: &mut Tx, before: &Key) -> Result<Key, StoreError> {
    let now = tx.now();
    let mut key = Key { blocked_at: None, problem: None, ..before.clone() };
    if key.integrity_failed_at.is_some() {
        rest(&mut key, KeyProblemCode::IntegrityFailed, now);
        return save(tx, before, key).await;
    }
    if tx.has_attempt_in(key.id, AttemptState::Unknown).await? {
        rest(&mut key, KeyProblemCode::CheckingCharge, now);
    } else if key.status == KeyStatus::Invalid {
        rest(&mut key, KeyProblemCode::Rejected, now);
    } else if key.is_in_doubt() {
        rest(&mut key, KeyProblemCode::RejectionUnconfirmed, now);
    }
    if key.status.is_read_by_timer() {
        key.next_sync_at = Some(now);
    }
    save(tx, before, key).await
}

/// Whatever else a change made of a blocked key, it shows that and is not read. A removed one shows
/// nothing any more.
pub(super) fn hold_back(key: &mut Key) {
    let Some(since) = key.blocked_at else { return };
    key.next_sync_at = None;
    key.problem = (key.status != KeyStatus::Removed).then_some(KeyProblem {
        code: KeyProblemCode::Blocked,
        provider_code: None,
        since,
        retry_at: None,
    });
}
