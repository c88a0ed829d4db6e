//! A key is handed over: a new row, the owner's own row revived, or a refusal that tells nothing.

use uuid::Uuid;

use crate::domain::{AccountId, AccountRef, Key, KeyId, KeyStatus, ProviderCode, Timestamp};
use crate::store::{StoreError, Tx};

use super::{record, save, tell, turn};

/// A key handed over, sealed.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Id of the row it is sealed for.
    pub id: KeyId,
    /// Who hands it over.
    pub owner: AccountId,
    /// Its provider.
    pub provider: ProviderCode,
    /// The owner's name for it; `None` keeps the one it had.
    pub label: Option<String>,
    /// Its blind index.
    pub fingerprint: String,
    /// Its sealed form.
    pub envelope: Vec<u8>,
    /// Ring key of the sealed form.
    pub ring_key_id: String,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Claim {
    /// It is to be validated, by the reading that is claimed here: were it not, a timer could begin
    /// the same reading first.
    Pending(Key, Uuid),
    /// It waits until then for its turn to be validated.
    Queued(Key, Timestamp),
    /// The owner has it in the pool already; nothing is to be done.
    Kept(Key),
    /// The owner's own row lies under another id: seal it for that one and come again.
    SealFor(KeyId),
    /// It is not taken.
    Refused(ClaimRefusal),
}

/// Why it is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// Another owner's live key, known to be bad, or blocked: one answer for all.
    NotAccepted,
    /// The account has as many keys as it may.
    KeyLimit,
    /// The account is frozen.
    AccountFrozen,
}

/// What bounds the taking over of keys.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most keys that an account may have in the pool's care.
    pub per_account: u64,
    /// How many keys the provider may reject in ten minutes.
    pub rejections: usize,
    /// Until when the claim on the first reading stands.
    pub claimed_until: Timestamp,
}

/// Takes a key over as PENDING, with the claim on its first reading or in line for it.
///
/// # Errors
/// [`StoreError::Conflict`] when the same key was handed over at the same moment; the database
/// fails.
pub async fn claim(tx: &mut Tx, new: NewKey, bounds: Bounds) -> Result<Claim, StoreError> {
    // The line, then the key, then its account, as everywhere: a check by hand and a reading that comes
    // in lock them in this order.
    tx.lock_validations(new.provider).await?;
    let own = tx.lock_own_key(new.owner, new.provider, &new.fingerprint).await?;
    let account = tx.lock_account(AccountRef::Id(new.owner)).await?.ok_or(StoreError::Stale)?;
    if account.frozen_at.is_some() {
        return Ok(Claim::Refused(ClaimRefusal::AccountFrozen));
    }
    if own.is_none() && tx.has_own_key(new.owner, new.provider, &new.fingerprint).await? {
        // The owner's other hand was quicker; the second time the row is there to be locked.
        return Err(StoreError::Conflict);
    }
    let is_blocked = tx.is_key_blocked(new.provider, &new.fingerprint).await?;
    match own {
        Some(key) if !is_blocked && is_in_the_pool(&key) => relabel(tx, key, new.label).await.map(Claim::Kept),
        own => take(tx, own, new, (bounds, is_blocked)).await,
    }
}

/// Whether handing the key over again changes nothing. One whose sealed form is damaged needs it.
fn is_in_the_pool(key: &Key) -> bool {
    key.sealed && key.integrity_failed_at.is_none() && matches!(key.status, KeyStatus::Pending | KeyStatus::Active)
}

async fn take(
    tx: &mut Tx,
    own: Option<Key>,
    new: NewKey,
    (bounds, is_blocked): (Bounds, bool),
) -> Result<Claim, StoreError> {
    // All is asked whatever the first answer is: how long a refusal takes must not tell its reason.
    let is_sealed = own.as_ref().is_some_and(|key| key.sealed);
    let is_elsewhere = tx.is_key_live(new.provider, &new.fingerprint).await? && !is_sealed;
    let is_known_bad = tx.is_known_bad(new.provider, &new.fingerprint).await?;
    if is_blocked || is_elsewhere || is_known_bad {
        return Ok(Claim::Refused(ClaimRefusal::NotAccepted));
    }
    let counts_already = own.as_ref().is_some_and(|key| key.status != KeyStatus::Removed);
    if !counts_already && tx.count_kept_keys(new.owner).await? >= bounds.per_account {
        return Ok(Claim::Refused(ClaimRefusal::KeyLimit));
    }
    if let Some(key) = own.as_ref().filter(|key| key.id != new.id) {
        return Ok(Claim::SealFor(key.id));
    }
    let mut key = match own.clone() {
        Some(key) => revived(key, &new, tx.now()),
        None => fresh(&new, tx.now()),
    };
    let turn = match key.status {
        KeyStatus::Pending => turn::take(tx, &key, bounds.rejections).await?,
        _ => Ok(()),
    };
    if let Err(until) = turn {
        turn::queue(&mut key, until, tx.now());
    }
    let key = put(tx, own, key, new).await?;
    if let Err(until) = turn {
        return Ok(Claim::Queued(key, until));
    }
    let reading = tx.claim_key(key.id, bounds.claimed_until).await?;
    // Somebody reads the revived key already; the verdict comes by that reading.
    Ok(reading.map_or(Claim::Kept(key.clone()), |reading| Claim::Pending(key, reading)))
}

async fn relabel(tx: &mut Tx, key: Key, label: Option<String>) -> Result<Key, StoreError> {
    if label.is_none() || label == key.label {
        return Ok(key);
    }
    let before = key.clone();
    save(tx, &before, Key { label, ..key }).await
}

/// Stores the key with its sealed form, over the owner's own row where there is one.
async fn put(tx: &mut Tx, before: Option<Key>, key: Key, new: NewKey) -> Result<Key, StoreError> {
    record(tx, &key, "platform_key.added").await?;
    if let Some(before) = before {
        tx.set_envelope(key.id, new.envelope, &new.ring_key_id).await?;
        return save(tx, &before, key).await;
    }
    tx.insert_key(&key, new.envelope).await?;
    tell(tx, &key).await?;
    Ok(key)
}

/// The owner's REMOVED, INVALID or DEPLETED row comes back with its history.
fn revived(mut key: Key, new: &NewKey, now: Timestamp) -> Key {
    key.sealed = true;
    key.ring_key_id = Some(new.ring_key_id.clone());
    key.label = new.label.clone().or(key.label);
    key.integrity_failed_at = None;
    if matches!(key.status, KeyStatus::Removed | KeyStatus::Invalid) {
        key.status = KeyStatus::Pending;
    }
    key.problem = None;
    key.first_rejected_at = None;
    key.invalid_at = None;
    key.removed_at = None;
    key.backoff = 0;
    key.next_sync_at = Some(now);
    key
}

fn fresh(new: &NewKey, now: Timestamp) -> Key {
    Key {
        id: new.id,
        owner: new.owner,
        provider: new.provider,
        label: new.label.clone(),
        fingerprint: new.fingerprint.clone(),
        sealed: true,
        ring_key_id: Some(new.ring_key_id.clone()),
        status: KeyStatus::Pending,
        problem: None,
        blocked_at: None,
        integrity_failed_at: None,
        paused_until: None,
        prepaid: false,
        native_balance: None,
        reading: None,
        quiet_reading: None,
        evidence: None,
        spent_since: crate::domain::Usd::ZERO,
        held: crate::domain::Usd::ZERO,
        in_flight: 0,
        under_review: crate::domain::Usd::ZERO,
        outside_spending: crate::domain::Usd::ZERO,
        vouched: crate::domain::Usd::ZERO,
        credited: crate::domain::Usd::ZERO,
        next_sync_at: Some(now),
        checkable_at: now,
        backoff: 0,
        ever_active: false,
        first_rejected_at: None,
        rejected_at: None,
        invalid_at: None,
        removed_at: None,
        submitted_at: now,
        changed_at: now,
        version: 1,
    }
}
