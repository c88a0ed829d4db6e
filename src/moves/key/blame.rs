//! What a provider's error may do to a key. Only a typed rejection ever makes INVALID.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::{AccountId, Blame, BlameScope, Key, KeyId, KeyProblemCode, KeyStatus, Timestamp};
use crate::store::{StoreError, Tx};

use super::reading::{Policy, problem_of, set_problem};
use super::save;

/// Time between the two rejections that make a key once ACTIVE INVALID.
const SECOND_LOOK: Duration = Duration::from_secs(30);

/// So many keys that once worked, of so many owners, rejected alike within this time speak of trouble at the
/// provider and not of bad keys.
const ALARM_KEYS: usize = 3;
const ALARM_OWNERS: usize = 2;
const ALARM_WINDOW: Duration = Duration::from_secs(60);

/// How long a rejected key is refused without a call.
const KNOWN_BAD: Duration = Duration::from_secs(24 * 60 * 60);

/// How often the owner may have an INVALID key looked at again.
const INVALID_COOLDOWN: Duration = Duration::from_secs(60 * 60);

/// How long a key rests whose balance the provider called used up, at most: a quiet reading ends it.
const EMPTY_REST: Duration = Duration::from_secs(10 * 60);

/// First retry of a failed validation, and of a failed regular reading in parts of the interval.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// Longest time between retries.
const RETRY_MAX: Duration = Duration::from_secs(30 * 60);

/// Applies an error that a task's call brought to the key it used.
///
/// # Errors
/// The database fails.
pub async fn blame(tx: &mut Tx, key: KeyId, fault: &Blame, policy: Policy) -> Result<(), StoreError> {
    let Some(before) = tx.lock_key(key).await? else { return Ok(()) };
    if before.status != KeyStatus::Active {
        return Ok(());
    }
    let mut key = before.clone();
    match fault.scope {
        BlameScope::KeyRejected => reject(tx, &mut key, fault, policy).await?,
        BlameScope::KeyEmpty => {
            let until = tx.now().plus(EMPTY_REST);
            key.paused_until = Some(until);
            key.next_sync_at = Some(tx.now());
            let resting = Blame { problem: Some(KeyProblemCode::TemporarilyBlocked), ..fault.clone() };
            show(&mut key, &resting, Some(until), tx.now());
        }
        // An address ban is not the key's fault; a key that its owner closed to us is.
        BlameScope::OurAddress if fault.problem.is_some_and(KeyProblemCode::stops_lending) => {
            let retry_at = Some(tx.now().plus(fault.retry_after.unwrap_or(policy.interval)));
            show(&mut key, fault, retry_at, tx.now());
            key.next_sync_at = retry_at;
        }
        BlameScope::KeyTaskType
        | BlameScope::OurAddress
        | BlameScope::ProviderTrouble
        | BlameScope::TaskAtFault
        | BlameScope::Unknown => return Ok(()),
    }
    save(tx, &before, key).await.map(|_| ())
}

/// Applies an error that a reading brought: a rejection counts, anything else only delays.
pub(super) async fn unreadable(tx: &mut Tx, key: &mut Key, fault: &Blame, policy: Policy) -> Result<(), StoreError> {
    if fault.scope == BlameScope::KeyRejected {
        return reject(tx, key, fault, policy).await;
    }
    let first = if key.status == KeyStatus::Pending { FIRST_RETRY } else { policy.interval };
    let retry_at = tx.now().plus(later(key, first, fault.retry_after.unwrap_or_default(), policy));
    show(key, fault, Some(retry_at), tx.now());
    key.next_sync_at = Some(retry_at);
    Ok(())
}

/// Shows an error as the key's problem, unless that would lend a key that rests for a graver one:
/// an error says nothing about whether that is over.
fn show(key: &mut Key, fault: &Blame, retry_at: Option<Timestamp>, now: Timestamp) {
    let code = problem_of(fault);
    match &mut key.problem {
        Some(graver) if graver.code.has_its_own_end() => {}
        Some(graver) if graver.code.stops_lending() && !code.stops_lending() => graver.retry_at = retry_at,
        _ => set_problem(key, Some((code, fault.code, retry_at)), now),
    }
}

/// A rejection counts against the key, unless the provider rejects the keys of several owners alike:
/// then it is the provider, or our address, that is in trouble.
async fn reject(tx: &mut Tx, key: &mut Key, fault: &Blame, policy: Policy) -> Result<(), StoreError> {
    let now = tx.now();
    let is_alarm = are_many_alike(tx, key, fault).await?;
    key.rejected_at = Some(now);
    if is_alarm {
        tx.raise_alarm(key.provider);
    }
    if is_alarm || policy.rejects_all {
        freeze(key, fault, policy, now);
        return Ok(());
    }
    let confirmed = match key.first_rejected_at {
        _ if key.status == KeyStatus::Pending || !key.ever_active => true,
        Some(first) if now.since(first) < SECOND_LOOK => false,
        Some(first) => {
            let counts = !was_before_alarm(tx, key, first).await?;
            key.first_rejected_at = key.first_rejected_at.filter(|_| counts);
            counts
        }
        None => false,
    };
    if confirmed {
        key.status = KeyStatus::Invalid;
        key.invalid_at = Some(now);
        key.next_sync_at = None;
        key.checkable_at = now.plus(INVALID_COOLDOWN);
        key.first_rejected_at = None;
        set_problem(key, Some((KeyProblemCode::Rejected, fault.code, None)), now);
        return tx.insert_known_bad(key.provider, &key.fingerprint, now.plus(KNOWN_BAD)).await;
    }
    let first = *key.first_rejected_at.get_or_insert(now);
    let retry_at = first.plus(SECOND_LOOK);
    doubt(key, fault, retry_at, now);
    Ok(())
}

/// Counts the rejection of a new key that moves it no more, since it was removed or blocked while its provider was
/// asked: the provider has counted it, and who hands it over again is not to have it counted twice.
pub(super) async fn count(tx: &mut Tx, before: &Key, fault: &Blame, policy: Policy) -> Result<(), StoreError> {
    if fault.scope != BlameScope::KeyRejected || before.ever_active {
        return Ok(());
    }
    let now = tx.now();
    let is_doubtful = policy.rejects_all || are_many_alike(tx, before, fault).await?;
    save(tx, before, Key { rejected_at: Some(now), ..before.clone() }).await?;
    if is_doubtful {
        return Ok(());
    }
    tx.insert_known_bad(before.provider, &before.fingerprint, now.plus(KNOWN_BAD)).await
}

/// Whether several owners' keys that once worked were rejected by this code within a minute, or since the provider
/// last told a figure for any key: a restart, or retries that lie far apart, must not make bad keys of them.
async fn are_many_alike(tx: &mut Tx, key: &Key, fault: &Blame) -> Result<bool, StoreError> {
    let minute = tx.now().minus(ALARM_WINDOW);
    let since = tx.last_read_at(key.provider).await?.map_or(minute, |read_at| read_at.min(minute));
    let others = tx.owners_rejected_alike(key, fault.code, since).await?;
    Ok(are_many(others, key))
}

/// Whether an alarm began after the first of two rejections: then it is as doubtful as those that the alarm was about.
async fn was_before_alarm(tx: &mut Tx, key: &Key, first: Timestamp) -> Result<bool, StoreError> {
    let others = tx.owners_rejected_since(key, first.minus(ALARM_WINDOW)).await?;
    let is_any_in_vain = others.iter().any(|(_, is_held_against)| !is_held_against);
    Ok(is_any_in_vain && are_many(others.into_iter().map(|(owner, _)| owner).collect(), key))
}

/// Whether the owners of other keys and, if it once worked, of this one are so many that no key is to blame.
fn are_many(mut owners: Vec<AccountId>, key: &Key) -> bool {
    if key.ever_active {
        owners.push(key.owner);
    }
    let keys = owners.len();
    keys >= ALARM_KEYS && owners.into_iter().collect::<BTreeSet<_>>().len() >= ALARM_OWNERS
}

/// Nothing is held against the key. What it was rejected for before is as doubtful, so it takes two anew.
fn freeze(key: &mut Key, fault: &Blame, policy: Policy, now: Timestamp) {
    let delay = later(key, ALARM_WINDOW, fault.retry_after.unwrap_or_default(), policy);
    if key.status == KeyStatus::Pending {
        let trouble = Blame { scope: BlameScope::ProviderTrouble, problem: None, ..fault.clone() };
        show(key, &trouble, Some(now.plus(delay)), now);
        key.next_sync_at = Some(now.plus(delay));
    } else {
        key.first_rejected_at = None;
        doubt(key, fault, now.plus(delay), now);
    }
}

/// Has a key rest until a second look at it.
fn doubt(key: &mut Key, fault: &Blame, retry_at: Timestamp, now: Timestamp) {
    key.next_sync_at = Some(retry_at);
    if !key.problem.as_ref().is_some_and(|problem| problem.code.has_its_own_end()) {
        set_problem(key, Some((KeyProblemCode::RejectionUnconfirmed, fault.code, Some(retry_at))), now);
    }
}

/// A distance that doubles with each trouble in a row, and up to a quarter more, so that keys that
/// failed together do not come back together.
fn later(key: &mut Key, first: Duration, at_least: Duration, policy: Policy) -> Duration {
    key.backoff = key.backoff.saturating_add(1);
    let doublings = u32::try_from(key.backoff.clamp(1, 12)).unwrap_or(1) - 1;
    let delay = first.saturating_mul(1 << doublings).max(at_least).min(RETRY_MAX);
    delay + delay.mul_f64(policy.jitter.clamp(0.0, 1.0) / 4.0)
}
