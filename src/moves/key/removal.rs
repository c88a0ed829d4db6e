//! A key leaves: out of routing at once, its sealed form erased when nothing needs it any more.

use crate::domain::audit::{Target, TargetKind};
use crate::domain::{Key, KeyId, KeyProblemCode, KeyStatus};
use crate::store::{StoreError, Tx};

use super::{change, record, rest, save};

/// Takes a locked key out of the pool's care.
///
/// # Errors
/// The database fails.
pub async fn remove(tx: &mut Tx, before: &Key) -> Result<Key, StoreError> {
    let mut key = before.clone();
    key.status = KeyStatus::Removed;
    key.removed_at = Some(tx.now());
    key.problem = None;
    key.next_sync_at = None;
    record(tx, &key, "platform_key.removed").await?;
    save(tx, before, key).await
}

/// Erases the sealed form of a removed key once no attempt may need it.
///
/// # Errors
/// The database fails.
pub async fn erase_if_done(tx: &mut Tx, key: &Key) -> Result<(), StoreError> {
    if key.status == KeyStatus::Removed && key.sealed {
        tx.erase_envelope(key).await?;
    }
    Ok(())
}

/// Sets a key aside whose sealed form fails its seal's check: it is never sent anywhere, and the
/// audit log names it. Nothing happens when the key was sealed anew since that form was read.
///
/// # Errors
/// The database fails.
pub async fn set_aside(tx: &mut Tx, id: KeyId, envelope: Vec<u8>) -> Result<(), StoreError> {
    tx.lock_key(id).await?;
    if !tx.is_sealed_as(id, envelope).await? {
        return Ok(());
    }
    let now = tx.now();
    change(tx, id, |key| {
        key.integrity_failed_at = Some(now);
        key.next_sync_at = None;
        rest(key, KeyProblemCode::IntegrityFailed, now);
    })
    .await?;
    let target = Target { kind: TargetKind::Key, id: id.0 };
    tx.append_audit("system", "key.integrity_failed", Some(target), None).await
}
